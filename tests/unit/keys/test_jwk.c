/* jose.h: which keys are read, and that what we make and sign is what OpenSSL understands. */
#include "forge.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "keys/jose.h"

static const char claims_text[] = "{\"iss\":\"https://id.example\",\"sub\":\"acc_1\",\"exp\":1900000000}";
static const char *const all_algs[] = { "ES256", "ES384", "RS256", "PS256", NULL };

struct fixture {
	struct arena *arena;
	EVP_PKEY *ec, *p384, *rsa;
};

static int set_up_once(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->arena = arena_new();
	f->ec = ec_key("P-256");
	f->p384 = ec_key("P-384");
	f->rsa = rsa_key(2048);
	*state = f;
	return 0;
}

static int tear_down_once(void **state)
{
	struct fixture *f = *state;

	EVP_PKEY_free(f->ec);
	EVP_PKEY_free(f->p384);
	EVP_PKEY_free(f->rsa);
	arena_done(&f->arena);
	free(f);
	return 0;
}

static bool reads(const char *jwk)
{
	struct jose_key *key = jose_key_read(jwk, strlen(jwk));
	bool read = key != NULL;

	jose_key_free(key);
	return read;
}

static void weak_and_strange_keys_are_refused(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->arena;
	EVP_PKEY *small = rsa_key(1024), *odd = rsa_key(2040), *k1 = ec_key("secp256k1"),
		 *p521 = ec_key("P-521");
	const char *n = number(a, f->rsa, OSSL_PKEY_PARAM_RSA_N, 0),
		   *n257 = number(a, f->rsa, OSSL_PKEY_PARAM_RSA_N, 257);
	const char *x = number(a, f->ec, OSSL_PKEY_PARAM_EC_PUB_X, 32),
		   *y = number(a, f->ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	const char *zero = b64(a, (const uint8_t[32]){ 0 }, 32);
	char *even = arena_text(a, n);

	even[strlen(even) - 1] = 'A';
	even[strlen(even) - 2] = (char)(even[strlen(even) - 2] == 'B' ? 'C' : 'B');
	const struct {
		const char *what, *jwk;
	} rows[] = {
		{ "RSA with 1024 bits", rsa_jwk(a, small, "", false) },
		{ "RSA with 2040 bits", rsa_jwk(a, odd, "", false) },
		{ "e = 1", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQ\"}", n) },
		{ "e = 3", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"Aw\"}", n) },
		{ "e even", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAC\"}", n) },
		{ "e with a zero before",
		  arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AAEAAQ\"}", n) },
		{ "e empty", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"\"}", n) },
		{ "e of nine bytes",
		  arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAAAAAAAAAB\"}", n) },
		{ "e missing", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\"}", n) },
		{ "n = 1", "{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}" },
		{ "n with a zero before",
		  arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n257) },
		{ "n padded", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s==\",\"e\":\"AQAB\"}", n) },
		{ "n even", arena_print(a, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", even) },
		{ "off the curve",
		  arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", x, x) },
		{ "the point zero",
		  arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", zero,
			      zero) },
		{ "x short",
		  arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"%s\"}", y) },
		{ "y missing", arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\"}", x) },
		{ "crv of another curve",
		  arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%s\",\"y\":\"%s\"}", x, y) },
		{ "crv missing", arena_print(a, "{\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y) },
		{ "secp256k1", ec_jwk(a, k1, "secp256k1", 32, "", false) },
		{ "secp256k1 called P-256", ec_jwk(a, k1, "P-256", 32, "", false) },
		{ "P-521", ec_jwk(a, p521, "P-521", 66, "", false) },
		{ "oct", "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}" },
		{ "Ed25519", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
			     "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}" },
		{ "kty in small letters",
		  arena_print(a, "{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", x, y) },
		{ "two x",
		  arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",
			      x, x, y) },
		{ "use enc", ec_jwk(a, f->ec, "P-256", 32, "\"use\":\"enc\",", false) },
		{ "use null", ec_jwk(a, f->ec, "P-256", 32, "\"use\":null,", false) },
		{ "key_ops encrypt", ec_jwk(a, f->ec, "P-256", 32, "\"key_ops\":[\"encrypt\"],", false) },
		{ "key_ops with deriveKey",
		  ec_jwk(a, f->ec, "P-256", 32, "\"key_ops\":[\"verify\",\"deriveKey\"],", false) },
		{ "key_ops empty", ec_jwk(a, f->ec, "P-256", 32, "\"key_ops\":[],", false) },
		{ "key_ops a string", ec_jwk(a, f->ec, "P-256", 32, "\"key_ops\":\"verify\",", false) },
		{ "key_ops sign for a public key",
		  ec_jwk(a, f->ec, "P-256", 32, "\"key_ops\":[\"sign\"],", false) },
		{ "alg of another kind", ec_jwk(a, f->ec, "P-256", 32, "\"alg\":\"RS256\",", false) },
		{ "alg of another curve", ec_jwk(a, f->ec, "P-256", 32, "\"alg\":\"ES384\",", false) },
		{ "alg HS256", rsa_jwk(a, f->rsa, "\"alg\":\"HS256\",", false) },
		{ "alg RSA-OAEP", rsa_jwk(a, f->rsa, "\"alg\":\"RSA-OAEP\",", false) },
		{ "alg a number", rsa_jwk(a, f->rsa, "\"alg\":1,", false) },
		{ "kid an array", ec_jwk(a, f->ec, "P-256", 32, "\"kid\":[],", false) },
		{ "kid with a space", ec_jwk(a, f->ec, "P-256", 32, "\"kid\":\"a b\",", false) },
		{ "an array", "[]" },
		{ "not JSON", "kty=EC" },
		{ "nothing", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (reads(rows[i].jwk))
			fail_msg("read: %s", rows[i].what);
	assert_true(reads(ec_jwk(a, f->ec, "P-256", 32,
				 "\"use\":\"sig\",\"key_ops\":[\"verify\"],\"alg\":\"ES256\",\"x5t\":\"q\",",
				 false)));
	assert_true(reads(rsa_jwk(a, f->rsa, "\"use\":\"sig\",\"x5c\":[\"MII\"],", false)));
	assert_true(reads(ec_jwk(a, f->p384, "P-384", 48, "", true)));
	assert_true(reads(rsa_jwk(a, f->rsa, "\"key_ops\":[\"sign\"],", true)));
	EVP_PKEY_free(small);
	EVP_PKEY_free(odd);
	EVP_PKEY_free(k1);
	EVP_PKEY_free(p521);
}

static void a_private_key_whose_halves_differ_is_refused(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->arena;
	EVP_PKEY *other = ec_key("P-256");
	char *x = number(a, f->ec, OSSL_PKEY_PARAM_EC_PUB_X, 32),
	     *y = number(a, f->ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	char *mixed =
		arena_print(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"d\":\"%s\"}", x,
			    y, number(a, other, OSSL_PKEY_PARAM_PRIV_KEY, 32));
	EVP_PKEY *second = rsa_key(2048);
	char *rsa = rsa_jwk(a, f->rsa, "", true), *secrets = strstr(rsa_jwk(a, second, "", true), ",\"d\"");
	char *crossed = arena_print(a, "%.*s%s", (int)(strstr(rsa, ",\"d\"") - rsa), rsa, secrets);

	assert_false(reads(mixed));
	assert_true(reads(rsa));
	assert_false(reads(crossed));
	EVP_PKEY_free(other);
	EVP_PKEY_free(second);
}

static void a_set_leaves_refused_and_private_keys_out_and_has_twenty_at_most(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->arena;
	struct jose_header header;
	json_t *claims;
	const char *token = es256_token(a, f->ec, "{\"alg\":\"ES256\"}", claims_text);
	const char *good = ec_jwk(a, f->ec, "P-256", 32, "", false);
	char *set = arena_print(a, "{\"keys\":[1,{},{\"kty\":\"oct\",\"k\":\"AA\"},%s]}", good);
	struct jose_keys *keys = jose_keys_read(set, strlen(set));

	assert_int_equal(jose_verify(keys, a, token, all_algs, &header, &claims), OK);
	jose_keys_free(keys);
	set = arena_print(a, "{\"keys\":[%s]}", ec_jwk(a, f->ec, "P-256", 32, "", true));
	keys = jose_keys_read(set, strlen(set));
	assert_int_equal(jose_verify(keys, a, token, all_algs, &header, &claims), ERR_TOKEN_ALGORITHM);
	jose_keys_free(keys);
	char *many = arena_text(a, "{}");

	for (int i = 0; i < 19; i++)
		many = arena_print(a, "%s,{}", many);
	set = arena_print(a, "{\"keys\":[%s,%s]}", many, good);
	keys = jose_keys_read(set, strlen(set));
	assert_int_equal(jose_verify(keys, a, token, all_algs, &header, &claims), ERR_TOKEN_ALGORITHM);
	jose_keys_free(keys);
	assert_null(jose_keys_read("[]", 2));
	assert_null(jose_keys_read("{\"keys\":{}}", 11));
	assert_null(jose_keys_read("{", 1));
}

static void made_keys_sign_what_openssl_verifies(void **state)
{
	static const char *const algs[] = { "ES256", "RS256" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(algs); i++) {
		char *private_jwk, *public_jwk, *kid;
		struct jose_header header;
		json_t *claims;

		assert_int_equal(jose_generate(algs[i], f->arena, &private_jwk, &public_jwk, &kid), OK);
		struct jose_key *key = jose_key_read(private_jwk, strlen(private_jwk));
		struct jose_key *public = jose_key_read(public_jwk, strlen(public_jwk));

		assert_non_null(key);
		assert_non_null(public);
		assert_string_equal(jose_key_kid(public), kid);
		assert_string_equal(jose_thumbprint(f->arena, public_jwk), kid);
		assert_string_equal(jose_public_of(f->arena, private_jwk), public_jwk);
		assert_null(strstr(public_jwk, "\"d\""));
		char *token = jose_sign(key, f->arena, algs[i], "JWT", kid, BYTES_OF(claims_text));

		assert_int_equal(jose_verify_key(public, f->arena, token, algs[i], &header, &claims), OK);
		assert_string_equal(header.kid, kid);
		assert_string_equal(header.typ, "JWT");
		assert_null(jose_sign(public, f->arena, algs[i], "JWT", kid, BYTES_OF(claims_text)));
		assert_null(jose_sign(key, f->arena, algs[1 - i], "JWT", kid, BYTES_OF(claims_text)));
		assert_null(jose_sign(key, f->arena, "HS256", "JWT", kid, BYTES_OF(claims_text)));
		jose_key_free(key);
		jose_key_free(public);
	}
}

/* The other direction: OpenSSL verifies what we signed, over the bytes we sent. */
static void openssl_verifies_what_we_sign(void **state)
{
	struct fixture *f = *state;
	char *jwk = rsa_jwk(f->arena, f->rsa, "", true);
	struct jose_key *key = jose_key_read(jwk, strlen(jwk));
	char *token = jose_sign(key, f->arena, "RS256", "at+jwt", "k", BYTES_OF(claims_text)),
	     *last = strrchr(token, '.');
	struct bytes signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	assert_true(base64url_decode(f->arena, last + 1, strlen(last + 1), &signature));
	assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, f->rsa), 1);
	assert_int_equal(EVP_DigestVerify(context, signature.at, signature.size, (const uint8_t *)token,
					  (size_t)(last - token)),
			 1);
	EVP_MD_CTX_free(context);
	jose_key_free(key);
}

static void a_thumbprint_is_that_of_rfc_7638(void **state)
{
	struct fixture *f = *state;

	/* RFC 7638 3.1 */
	assert_string_equal(
		jose_thumbprint(f->arena,
				"{\"kty\":\"RSA\",\"n\":"
				"\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aP"
				"FFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-"
				"5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65"
				"YGjQR0_"
				"FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLy"
				"rdkt-bFTWhAI4"
				"vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
				"kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\","
				"\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"),
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	assert_null(jose_thumbprint(f->arena, "{\"kty\":\"oct\",\"k\":\"AA\"}"));
	assert_null(jose_thumbprint(f->arena, "{\"kty\":\"EC\"}"));
	assert_null(jose_thumbprint(f->arena, "nonsense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weak_and_strange_keys_are_refused),
		cmocka_unit_test(a_private_key_whose_halves_differ_is_refused),
		cmocka_unit_test(a_set_leaves_refused_and_private_keys_out_and_has_twenty_at_most),
		cmocka_unit_test(made_keys_sign_what_openssl_verifies),
		cmocka_unit_test(openssl_verifies_what_we_sign),
		cmocka_unit_test(a_thumbprint_is_that_of_rfc_7638),
	};

	return cmocka_run_group_tests(tests, set_up_once, tear_down_once);
}
