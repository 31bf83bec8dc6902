/* jose.h: what is signed verifies, and nothing else does (security: 40 header forgeries, each place of
 * a token changed, lenient base64). All forged tokens carry a true signature where one is possible, so
 * that only the check under test can refuse them. */
#include "forge.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "keys/jose.h"
#include "keys/secret.h"

static const char claims_text[] = "{\"iss\":\"https://id.example\",\"sub\":\"acc_1\",\"exp\":1900000000}";
static const char *const all_algs[] = { "ES256", "ES384", "RS256", "RS384", "RS512",
					"PS256", "PS384", "PS512", NULL };

struct fixture {
	struct arena *arena;
	EVP_PKEY *ec, *p384, *rsa;
	struct jose_keys *keys; /* the three, kid "ec" "p384" "rsa", without alg */
};

static int set_up_once(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->arena = arena_new();
	f->ec = ec_key("P-256");
	f->p384 = ec_key("P-384");
	f->rsa = rsa_key(2048);
	char *set = arena_print(f->arena, "{\"keys\":[%s,%s,%s]}",
				ec_jwk(f->arena, f->ec, "P-256", 32, "\"kid\":\"ec\",", false),
				ec_jwk(f->arena, f->p384, "P-384", 48, "\"kid\":\"p384\",", false),
				rsa_jwk(f->arena, f->rsa, "\"kid\":\"rsa\",", false));

	f->keys = jose_keys_read(set, strlen(set));
	*state = f;
	return f->keys ? 0 : -1;
}

static int tear_down_once(void **state)
{
	struct fixture *f = *state;

	jose_keys_free(f->keys);
	EVP_PKEY_free(f->ec);
	EVP_PKEY_free(f->p384);
	EVP_PKEY_free(f->rsa);
	arena_done(&f->arena);
	free(f);
	return 0;
}

/* Against every algorithm there is: the widest door must be shut as well. */
static enum err verify(struct fixture *f, const char *token)
{
	struct jose_header header = { 0 };
	json_t *claims = NULL;
	enum err err = jose_verify(f->keys, f->arena, token, all_algs, &header, &claims);

	assert_true((err == OK) == (claims != NULL)); /* claims are set only when the signature holds */
	return err;
}

static void refuse(struct fixture *f, const char *token, enum err expected, const char *what)
{
	enum err err = verify(f, token);

	if (err != expected)
		fail_msg("%s: %s, expected %s", what, err == OK ? "accepted" : error_row(err)->word,
			 error_row(expected)->word);
}

static void a_true_token_of_each_algorithm_is_accepted(void **state)
{
	struct fixture *f = *state;
	struct jose_header header;
	json_t *claims;

	assert_int_equal(verify(f, es256_token(f->arena, f->ec, "{\"alg\":\"ES256\"}", claims_text)), OK);
	assert_int_equal(verify(f, rsa_token(f->arena, f->rsa, EVP_sha256(), false, "{\"alg\":\"RS256\"}",
					     claims_text)),
			 OK);
	assert_int_equal(verify(f, rsa_token(f->arena, f->rsa, EVP_sha384(), false, "{\"alg\":\"RS384\"}",
					     claims_text)),
			 OK);
	assert_int_equal(verify(f, rsa_token(f->arena, f->rsa, EVP_sha512(), false, "{\"alg\":\"RS512\"}",
					     claims_text)),
			 OK);
	assert_int_equal(verify(f, rsa_token(f->arena, f->rsa, EVP_sha256(), true, "{\"alg\":\"PS256\"}",
					     claims_text)),
			 OK);
	assert_int_equal(verify(f, rsa_token(f->arena, f->rsa, EVP_sha512(), true, "{\"alg\":\"PS512\"}",
					     claims_text)),
			 OK);
	char *token = es256_token(f->arena, f->ec,
				  "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"ec\",\"x5t\":\"abc\"}",
				  claims_text);

	assert_int_equal(jose_verify(f->keys, f->arena, token, all_algs, &header, &claims), OK);
	assert_string_equal(header.alg, "ES256");
	assert_string_equal(header.typ, "JWT");
	assert_string_equal(header.kid, "ec");
	assert_string_equal(json_get_text(claims, "sub"), "acc_1");
}

static void no_forged_header_is_accepted(void **state)
{
	static const struct {
		const char *what, *header;
		enum err err;
	} rows[] = {
		{ "alg none", "{\"alg\":\"none\"}", ERR_TOKEN_ALGORITHM },
		{ "alg None", "{\"alg\":\"None\"}", ERR_TOKEN_ALGORITHM },
		{ "alg nOnE", "{\"alg\":\"nOnE\"}", ERR_TOKEN_ALGORITHM },
		{ "alg in small letters", "{\"alg\":\"es256\"}", ERR_TOKEN_ALGORITHM },
		{ "alg with a space", "{\"alg\":\"ES256 \"}", ERR_TOKEN_MALFORMED },
		{ "alg with a NUL", "{\"alg\":\"ES256\\u0000\"}", ERR_TOKEN_MALFORMED },
		{ "alg empty", "{\"alg\":\"\"}", ERR_TOKEN_MALFORMED },
		{ "alg missing", "{\"typ\":\"JWT\"}", ERR_TOKEN_MALFORMED },
		{ "alg null", "{\"alg\":null}", ERR_TOKEN_MALFORMED },
		{ "alg a number", "{\"alg\":256}", ERR_TOKEN_MALFORMED },
		{ "alg an array", "{\"alg\":[\"ES256\"]}", ERR_TOKEN_MALFORMED },
		{ "alg an object", "{\"alg\":{\"ES256\":1}}", ERR_TOKEN_MALFORMED },
		{ "Alg in another case", "{\"Alg\":\"ES256\"}", ERR_TOKEN_MALFORMED },
		{ "HS256", "{\"alg\":\"HS256\"}", ERR_TOKEN_ALGORITHM },
		{ "HS512", "{\"alg\":\"HS512\"}", ERR_TOKEN_ALGORITHM },
		{ "EdDSA", "{\"alg\":\"EdDSA\"}", ERR_TOKEN_ALGORITHM },
		{ "ES256K", "{\"alg\":\"ES256K\"}", ERR_TOKEN_ALGORITHM },
		{ "ES384 over a P-256 signature", "{\"alg\":\"ES384\"}", ERR_TOKEN_SIGNATURE },
		{ "RS256 over an EC signature", "{\"alg\":\"RS256\"}", ERR_TOKEN_SIGNATURE },
		{ "PBES2", "{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483647,\"p2s\":\"x\"}",
		  ERR_TOKEN_MALFORMED },
		{ "RSA1_5", "{\"alg\":\"RSA1_5\"}", ERR_TOKEN_ALGORITHM },
		{ "dir", "{\"alg\":\"dir\"}", ERR_TOKEN_ALGORITHM },
		{ "enc", "{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}", ERR_TOKEN_MALFORMED },
		{ "crit empty", "{\"alg\":\"ES256\",\"crit\":[]}", ERR_TOKEN_MALFORMED },
		{ "crit exp", "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", ERR_TOKEN_MALFORMED },
		{ "crit b64", "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", ERR_TOKEN_MALFORMED },
		{ "crit a string", "{\"alg\":\"ES256\",\"crit\":\"b64\"}", ERR_TOKEN_MALFORMED },
		{ "b64 false", "{\"alg\":\"ES256\",\"b64\":false}", ERR_TOKEN_MALFORMED },
		{ "b64 true", "{\"alg\":\"ES256\",\"b64\":true}", ERR_TOKEN_MALFORMED },
		{ "jku", "{\"alg\":\"ES256\",\"jku\":\"https://evil.example/jwks\"}", ERR_TOKEN_MALFORMED },
		{ "x5u", "{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/x\"}", ERR_TOKEN_MALFORMED },
		{ "x5c", "{\"alg\":\"ES256\",\"x5c\":[\"MIIB\"]}", ERR_TOKEN_MALFORMED },
		{ "jwk", "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", ERR_TOKEN_MALFORMED },
		{ "kid that climbs", "{\"alg\":\"ES256\",\"kid\":\"../../../dev/null\"}",
		  ERR_TOKEN_ALGORITHM },
		{ "kid of another key", "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", ERR_TOKEN_ALGORITHM },
		{ "kid in another case", "{\"alg\":\"ES256\",\"kid\":\"EC\"}", ERR_TOKEN_ALGORITHM },
		{ "kid as SQL", "{\"alg\":\"ES256\",\"kid\":\"x' OR '1'='1\"}", ERR_TOKEN_MALFORMED },
		{ "kid with a line end", "{\"alg\":\"ES256\",\"kid\":\"ec\\n\"}", ERR_TOKEN_MALFORMED },
		{ "kid not ASCII", "{\"alg\":\"ES256\",\"kid\":\"\xc3\xa9\x63\"}", ERR_TOKEN_MALFORMED },
		{ "kid empty", "{\"alg\":\"ES256\",\"kid\":\"\"}", ERR_TOKEN_MALFORMED },
		{ "kid an array", "{\"alg\":\"ES256\",\"kid\":[\"ec\"]}", ERR_TOKEN_MALFORMED },
		{ "kid a number", "{\"alg\":\"ES256\",\"kid\":1}", ERR_TOKEN_MALFORMED },
		{ "zip", "{\"alg\":\"ES256\",\"zip\":\"DEF\"}", ERR_TOKEN_MALFORMED },
		{ "cty", "{\"alg\":\"ES256\",\"cty\":\"JWT\"}", ERR_TOKEN_MALFORMED },
		{ "two alg, last good", "{\"alg\":\"none\",\"alg\":\"ES256\"}", ERR_TOKEN_MALFORMED },
		{ "two alg, first good", "{\"alg\":\"ES256\",\"alg\":\"none\"}", ERR_TOKEN_MALFORMED },
		{ "two kid", "{\"alg\":\"ES256\",\"kid\":\"ec\",\"kid\":\"rsa\"}", ERR_TOKEN_MALFORMED },
		{ "two alg, one escaped", "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", ERR_TOKEN_MALFORMED },
		{ "unknown member", "{\"alg\":\"ES256\",\"extension\":\"x\"}", ERR_TOKEN_MALFORMED },
		{ "empty member", "{\"alg\":\"ES256\",\"\":\"x\"}", ERR_TOKEN_MALFORMED },
		{ "typ an object", "{\"alg\":\"ES256\",\"typ\":{}}", ERR_TOKEN_MALFORMED },
		{ "typ empty", "{\"alg\":\"ES256\",\"typ\":\"\"}", ERR_TOKEN_MALFORMED },
		{ "nested", "{\"alg\":\"ES256\",\"typ\":[[[[[[[[[[1]]]]]]]]]]}", ERR_TOKEN_MALFORMED },
		{ "number too large", "{\"alg\":\"ES256\",\"typ\":99999999999999999999}",
		  ERR_TOKEN_MALFORMED },
		{ "an array", "[\"alg\",\"ES256\"]", ERR_TOKEN_MALFORMED },
		{ "a string", "\"ES256\"", ERR_TOKEN_MALFORMED },
		{ "bytes behind", "{\"alg\":\"ES256\"}{}", ERR_TOKEN_MALFORMED },
		{ "a byte order mark", "\xef\xbb\xbf{\"alg\":\"ES256\"}", ERR_TOKEN_MALFORMED },
		{ "not UTF-8", "{\"alg\":\"ES256\",\"typ\":\"\xff\"}", ERR_TOKEN_MALFORMED },
		{ "a comment", "{\"alg\":\"ES256\"/**/}", ERR_TOKEN_MALFORMED },
		{ "not JSON", "alg=ES256", ERR_TOKEN_MALFORMED },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		refuse(f, es256_token(f->arena, f->ec, rows[i].header, claims_text), rows[i].err,
		       rows[i].what);
	char kid[130] = { 0 };

	memset(kid, 'k', 129);
	refuse(f,
	       es256_token(f->arena, f->ec, arena_print(f->arena, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid),
			   claims_text),
	       ERR_TOKEN_MALFORMED, "kid of 129 characters");
	static const char with_nul[] = "{\"alg\":\"ES256\"}\0";

	refuse(f,
	       es256_token_of(f->arena, f->ec, (struct bytes){ (const uint8_t *)with_nul, sizeof with_nul },
			      BYTES_OF("{}")),
	       ERR_TOKEN_MALFORMED, "a NUL behind");
}

static void a_public_key_is_no_hmac_secret(void **state)
{
	struct fixture *f = *state;
	char *jwk = rsa_jwk(f->arena, f->rsa, "", false);
	uint8_t *der = NULL;
	int size = i2d_PUBKEY(f->rsa, &der);
	const struct bytes secrets[] = { BYTES_OF(jwk),
					 { der, (size_t)size },
					 BYTES_OF(""),
					 BYTES_OF("k"),
					 { (const uint8_t *)"\0", 1 } };

	for (size_t i = 0; i < COUNT(secrets); i++) {
		refuse(f, hs256_token(f->arena, secrets[i], "{\"alg\":\"HS256\"}", claims_text),
		       ERR_TOKEN_ALGORITHM, "HS256");
		refuse(f,
		       hs256_token(f->arena, secrets[i], "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", claims_text),
		       ERR_TOKEN_ALGORITHM, "HS256 with kid");
		refuse(f, hs256_token(f->arena, secrets[i], "{\"alg\":\"RS256\"}", claims_text),
		       ERR_TOKEN_SIGNATURE, "an HMAC called RS256");
	}
	OPENSSL_free(der);
}

static void a_key_is_used_with_its_own_algorithm_alone(void **state)
{
	static const struct {
		const char *key_alg, *header;
		bool pss, good;
	} rows[] = {
		{ "RS256", "{\"alg\":\"RS256\"}", false, true },
		{ "PS256", "{\"alg\":\"PS256\"}", true, true },
		{ "RS256", "{\"alg\":\"PS256\"}", true, false },
		{ "PS256", "{\"alg\":\"RS256\"}", false, false },
		{ "RS512", "{\"alg\":\"RS256\"}", false, false },
		{ "RS256", "{\"alg\":\"PS256\"}", false, false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *jwk = rsa_jwk(f->arena, f->rsa,
				    arena_print(f->arena, "\"alg\":\"%s\",", rows[i].key_alg), false);
		struct jose_key *key = jose_key_read(jwk, strlen(jwk));
		const char *token =
			rsa_token(f->arena, f->rsa, EVP_sha256(), rows[i].pss, rows[i].header, claims_text);
		struct jose_header header;
		json_t *claims;

		assert_non_null(key);
		for (const char *const *alg = all_algs; *alg; alg++) {
			enum err err = jose_verify_key(key, f->arena, token, *alg, &header, &claims);

			if (err == OK && !(rows[i].good && text_equal(*alg, rows[i].key_alg)))
				fail_msg("row %zu accepted as %s", i, *alg);
			if (err != OK && rows[i].good && text_equal(*alg, rows[i].key_alg))
				fail_msg("row %zu refused", i);
		}
		jose_key_free(key);
	}
}

static void the_caller_says_which_algorithms_count(void **state)
{
	static const char *const only_es256[] = { "ES256", NULL }, *const none[] = { NULL };
	struct fixture *f = *state;
	struct jose_header header;
	json_t *claims;
	const char *rs256 =
		rsa_token(f->arena, f->rsa, EVP_sha256(), false, "{\"alg\":\"RS256\"}", claims_text);
	const char *es256 = es256_token(f->arena, f->ec, "{\"alg\":\"ES256\"}", claims_text);

	assert_int_equal(jose_verify(f->keys, f->arena, rs256, only_es256, &header, &claims),
			 ERR_TOKEN_ALGORITHM);
	assert_int_equal(jose_verify(f->keys, f->arena, es256, only_es256, &header, &claims), OK);
	assert_int_equal(jose_verify(f->keys, f->arena, es256, none, &header, &claims), ERR_TOKEN_ALGORITHM);
	assert_int_equal(jose_verify(f->keys, f->arena, es256, NULL, &header, &claims), ERR_TOKEN_ALGORITHM);
}

static void no_forged_claims_are_accepted(void **state)
{
	static const struct {
		const char *what, *payload;
	} rows[] = {
		{ "an array", "[1]" },
		{ "a string", "\"sub\"" },
		{ "not JSON", "sub=1" },
		{ "two sub", "{\"sub\":\"a\",\"sub\":\"b\"}" },
		{ "two sub below", "{\"act\":{\"sub\":\"a\",\"sub\":\"b\"}}" },
		{ "bytes behind", "{\"sub\":\"a\"}x" },
		{ "a NUL", "{\"sub\":\"a\\u0000\"}" },
		{ "not UTF-8", "{\"sub\":\"\xff\"}" },
		{ "an integer too large", "{\"exp\":99999999999999999999}" },
		{ "a real too large", "{\"exp\":1e999}" },
		{ "17 levels", "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}" },
		{ "a lone surrogate", "{\"sub\":\"\\ud800\"}" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		refuse(f, es256_token(f->arena, f->ec, "{\"alg\":\"ES256\"}", rows[i].payload),
		       ERR_TOKEN_MALFORMED, rows[i].what);
	assert_int_equal(verify(f, es256_token(f->arena, f->ec, "{\"alg\":\"ES256\"}",
					       "{\"a\":[[[[[[[[[[[[[[[\"]]]]\\\"{{{{\"]]]]]]]]]]]]]]]}")),
			 OK);
	char *deep = arena_alloc(f->arena, 12001);

	memset(deep, '[', 12000);
	refuse(f, es256_token(f->arena, f->ec, "{\"alg\":\"ES256\"}", deep), ERR_TOKEN_MALFORMED,
	       "12,000 levels");
}

static void the_form_of_a_token_has_no_variants(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->arena;
	const char *token = es256_token(a, f->ec, "{\"alg\":\"ES256\"}", claims_text);
	const char *dot = strchr(token, '.'), *last = strrchr(token, '.');
	int one = (int)(dot - token), two = (int)(last - token);
	char *big = arena_alloc(a, 20001);
	const struct {
		const char *what, *token;
	} rows[] = {
		{ "nothing", "" },
		{ "no token", NULL },
		{ "one part", "abc" },
		{ "two parts", arena_print(a, "%.*s", two, token) },
		{ "an empty signature", arena_print(a, "%.*s.", two, token) },
		{ "four parts", arena_print(a, "%s.AAAA", token) },
		{ "five parts", arena_print(a, "%s.AAAA.AAAA", token) },
		{ "a dot behind", arena_print(a, "%s.", token) },
		{ "a dot before", arena_print(a, ".%s", token) },
		{ "an empty header", arena_print(a, "%s", dot) },
		{ "an empty payload", arena_print(a, "%.*s.%s", one, token, last) },
		{ "dots alone", ".." },
		{ "padding", arena_print(a, "%s=", token) },
		{ "double padding", arena_print(a, "%s==", token) },
		{ "padding of the header", arena_print(a, "%.*s=%s", one, token, dot) },
		{ "a line end", arena_print(a, "%s\n", token) },
		{ "a space before", arena_print(a, " %s", token) },
		{ "a space within", arena_print(a, "%.*s %s", two, token, last) },
		{ "a tab behind", arena_print(a, "%s\t", token) },
		{ "Bearer", arena_print(a, "Bearer %s", token) },
		{ "percent coding", arena_print(a, "%s%%3D", token) },
		{ "JSON form", "{\"payload\":\"e30\",\"signatures\":[]}" },
		{ "20 KB", big },
	};

	memset(big, 'A', 20000);
	memcpy(big, token, (size_t)two + 1);
	for (size_t i = 0; i < COUNT(rows); i++)
		refuse(f, rows[i].token, ERR_TOKEN_MALFORMED, rows[i].what);
	assert_int_equal(verify(f, token), OK);
}

/* Each part's last character in all its spellings that decode to the same bytes elsewhere. */
static void base64url_that_is_not_canonical_is_refused(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct fixture *f = *state;
	/* sizes 1 mod 3 and 2 mod 3: parts with spare bits at their ends */
	const char *token = es256_token(f->arena, f->ec, "{\"alg\":\"ES256\" }", "{\"sub\":\"ab\"} ");
	size_t ends[] = { (size_t)(strchr(token, '.') - token) - 1, (size_t)(strrchr(token, '.') - token) - 1,
			  strlen(token) - 1 };
	size_t tried = 0;

	assert_int_equal(verify(f, token), OK);
	for (size_t part = 0; part < COUNT(ends); part++)
		for (const char *c = letters; *c; c++) {
			char *copy = arena_text(f->arena, token);

			if (copy[ends[part]] == *c)
				continue;
			copy[ends[part]] = *c;
			if (verify(f, copy) == OK)
				fail_msg("part %zu with %c", part, *c);
			tried++;
		}
	assert_int_equal(tried, 3 * 63);
}

static void every_place_cut_lengthened_or_changed_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *tokens[] = {
		es256_token(f->arena, f->ec, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", claims_text),
		rsa_token(f->arena, f->rsa, EVP_sha256(), false, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
			  claims_text),
	};
	static const char put[] = "A-z_9.=+ ";

	for (size_t t = 0; t < COUNT(tokens); t++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		struct fixture with = *f;
		size_t size = strlen(tokens[t]);

		with.arena = arena;
		assert_int_equal(verify(&with, tokens[t]), OK);
		for (size_t at = 0; at < size; at++) {
			assert_int_not_equal(verify(&with, arena_textn(arena, tokens[t], at)), OK);
			assert_int_not_equal(verify(&with, tokens[t] + at + 1), OK);
			for (const char *c = put; *c; c++) {
				char *copy = arena_text(arena, tokens[t]);

				assert_int_not_equal(
					verify(&with, arena_print(arena, "%.*s%c%s", (int)at, tokens[t], *c,
								  tokens[t] + at)),
					OK);
				if (copy[at] == *c)
					continue;
				copy[at] = *c;
				assert_int_not_equal(verify(&with, copy), OK);
			}
		}
	}
}

static void an_ec_signature_has_one_size_and_true_numbers(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->arena;
	char *input = arena_print(a, "%s.%s", b64_text(a, "{\"alg\":\"ES256\"}"), b64_text(a, claims_text));
	struct bytes der = sign_der(a, f->ec, EVP_sha256(), false, input), raw = raw_of_der(a, der, 32);
	static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
					   0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
	uint8_t wide[160] = { 0 }, twice[64], zero[64] = { 0 }, ones[64];

	assert_int_equal(verify(f, joined(a, input, raw)), OK);
	memcpy(wide, raw.at, 64); /* zeros behind */
	memcpy(twice, order, 32);
	memcpy(twice + 32, order, 32);
	memset(ones, 0xff, sizeof ones);
	refuse(f, joined(a, input, der), ERR_TOKEN_SIGNATURE, "DER");
	refuse(f, joined(a, input, (struct bytes){ raw.at, 63 }), ERR_TOKEN_SIGNATURE, "63 bytes");
	refuse(f, joined(a, input, (struct bytes){ raw.at, 32 }), ERR_TOKEN_SIGNATURE, "r alone");
	refuse(f, joined(a, input, (struct bytes){ wide, 65 }), ERR_TOKEN_SIGNATURE, "65 bytes");
	refuse(f, joined(a, input, (struct bytes){ wide, 66 }), ERR_TOKEN_SIGNATURE, "66 bytes");
	refuse(f, joined(a, input, (struct bytes){ wide, 160 }), ERR_TOKEN_SIGNATURE, "160 bytes");
	refuse(f, joined(a, input, (struct bytes){ zero, 64 }), ERR_TOKEN_SIGNATURE, "r = s = 0");
	refuse(f, joined(a, input, (struct bytes){ twice, 64 }), ERR_TOKEN_SIGNATURE, "r = s = n");
	refuse(f, joined(a, input, (struct bytes){ ones, 64 }), ERR_TOKEN_SIGNATURE, "all ones");
	/* r and s each widened by a zero byte: the same numbers, another spelling */
	memset(wide, 0, sizeof wide);
	memcpy(wide + 1, raw.at, 32);
	memcpy(wide + 34, raw.at + 32, 32);
	refuse(f, joined(a, input, (struct bytes){ wide, 66 }), ERR_TOKEN_SIGNATURE, "widened numbers");
}

static void an_rsa_signature_has_the_size_of_its_key(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->arena;
	char *input = arena_print(a, "%s.%s", b64_text(a, "{\"alg\":\"RS256\"}"), b64_text(a, claims_text));
	struct bytes good = sign_der(a, f->rsa, EVP_sha256(), false, input);
	uint8_t wide[257] = { 0 }, ones[256];

	assert_int_equal(good.size, 256);
	assert_int_equal(verify(f, joined(a, input, good)), OK);
	memcpy(wide + 1, good.at, 256);
	memset(ones, 0xff, sizeof ones);
	refuse(f, joined(a, input, (struct bytes){ wide, 257 }), ERR_TOKEN_SIGNATURE, "a zero before");
	refuse(f, joined(a, input, (struct bytes){ good.at, 255 }), ERR_TOKEN_SIGNATURE, "one byte less");
	refuse(f, joined(a, input, (struct bytes){ ones, 256 }), ERR_TOKEN_SIGNATURE, "greater than n");
	refuse(f, joined(a, input, (struct bytes){ wide, 256 }), ERR_TOKEN_SIGNATURE, "shifted");
	refuse(f, joined(a, input, (struct bytes){ (const uint8_t[256]){ 0 }, 256 }), ERR_TOKEN_SIGNATURE,
	       "zero");
	refuse(f, joined(a, input, (struct bytes){ (const uint8_t[256]){ [255] = 1 }, 256 }),
	       ERR_TOKEN_SIGNATURE, "one");
}

static void another_key_of_the_same_kind_does_not_verify(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *other = ec_key("P-256");

	refuse(f, es256_token(f->arena, other, "{\"alg\":\"ES256\"}", claims_text), ERR_TOKEN_SIGNATURE,
	       "another key");
	refuse(f, es256_token(f->arena, other, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", claims_text),
	       ERR_TOKEN_SIGNATURE, "another key by our name");
	EVP_PKEY_free(other);
}

static void a_key_without_kid_is_tried_for_any_kid(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *other = ec_key("P-256");
	char *set =
		arena_print(f->arena, "{\"keys\":[%s,%s]}", ec_jwk(f->arena, other, "P-256", 32, "", false),
			    ec_jwk(f->arena, f->ec, "P-256", 32, "", false));
	struct jose_keys *keys = jose_keys_read(set, strlen(set));
	struct jose_header header;
	json_t *claims;
	const char *token =
		es256_token(f->arena, f->ec, "{\"alg\":\"ES256\",\"kid\":\"whatever\"}", claims_text);

	assert_int_equal(jose_verify(keys, f->arena, token, all_algs, &header, &claims), OK);
	jose_keys_free(keys);
	EVP_PKEY_free(other);
}

static void peek_believes_nothing_but_reads_the_sound(void **state)
{
	struct fixture *f = *state;
	struct jose_header header;
	json_t *claims = NULL;
	EVP_PKEY *other = ec_key("P-256");

	assert_int_equal(jose_peek(f->arena, es256_token(f->arena, other, "{\"alg\":\"ES256\"}", claims_text),
				   &header, &claims),
			 OK);
	assert_string_equal(json_get_text(claims, "iss"), "https://id.example");
	assert_null(header.kid);
	claims = NULL;
	assert_int_equal(jose_peek(f->arena, "e30.e30.AAAA", &header, &claims), ERR_TOKEN_MALFORMED);
	assert_null(claims);
	EVP_PKEY_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_true_token_of_each_algorithm_is_accepted),
		cmocka_unit_test(no_forged_header_is_accepted),
		cmocka_unit_test(a_public_key_is_no_hmac_secret),
		cmocka_unit_test(a_key_is_used_with_its_own_algorithm_alone),
		cmocka_unit_test(the_caller_says_which_algorithms_count),
		cmocka_unit_test(no_forged_claims_are_accepted),
		cmocka_unit_test(the_form_of_a_token_has_no_variants),
		cmocka_unit_test(base64url_that_is_not_canonical_is_refused),
		cmocka_unit_test(every_place_cut_lengthened_or_changed_is_refused),
		cmocka_unit_test(an_ec_signature_has_one_size_and_true_numbers),
		cmocka_unit_test(an_rsa_signature_has_the_size_of_its_key),
		cmocka_unit_test(another_key_of_the_same_kind_does_not_verify),
		cmocka_unit_test(a_key_without_kid_is_tried_for_any_kid),
		cmocka_unit_test(peek_believes_nothing_but_reads_the_sound),
	};

	return cmocka_run_group_tests(tests, set_up_once, tear_down_once);
}
