/* jose_key.c: JSON Web Keys (RFC 7517, RFC 7518 6): made, read strictly, named by their thumbprint
 * (RFC 7638). cjose never sees the JSON: it gets the numbers that were checked here. */
/* OpenSSL and cjose first: their headers use names that base.h poisons. */
#include <openssl/err.h>
#include <cjose/cjose.h>

#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose_inner.h"
#include "keys/secret.h"

enum { JWK_MAX = 16384, JWKS_MAX = 262144, RSA_MIN_BITS = 2048, RSA_MAX_BITS = 8192, RSA_MADE_BITS = 2048 };
enum { KEYS_MAX = 20 };

static const struct jose_alg algs[] = {
	{ "ES256", KIND_P256 }, { "ES384", KIND_P384 }, { "RS256", KIND_RSA }, { "RS384", KIND_RSA },
	{ "RS512", KIND_RSA },  { "PS256", KIND_RSA },  { "PS384", KIND_RSA }, { "PS512", KIND_RSA },
};

const struct jose_alg *jose_alg_find(const char *name)
{
	for (size_t i = 0; i < COUNT(algs); i++)
		if (text_equal(algs[i].name, name))
			return &algs[i];
	return NULL;
}

static const struct curve {
	const char *name;
	enum jose_kind kind;
	cjose_jwk_ec_curve id;
	size_t size; /* of a coordinate (RFC 7518 6.2.1.2) */
} curves[] = {
	{ "P-256", KIND_P256, CJOSE_JWK_EC_P_256, 32 },
	{ "P-384", KIND_P384, CJOSE_JWK_EC_P_384, 48 },
};

/* --- the numbers ------------------------------------------------------------------------------ */

/* A number of a key: cjose wants pointers to non-const. */
struct number {
	uint8_t *at;
	size_t size;
};

static void number_wipe(void *number)
{
	struct number *n = number;

	wipe(n->at, n->size);
}

/* The member as a number, wiped with the arena; false when it is not canonical base64url. */
static bool read_number(struct arena *arena, const json_t *jwk, const char *name, struct number *out)
{
	const char *text = json_get_text(jwk, name);
	struct bytes bytes;

	if (!text || !base64url_decode(arena, text, strlen(text), &bytes) || bytes.size == 0)
		return false;
	struct number *number = arena_new_of(arena, struct number);

	*number = (struct number){ (uint8_t *)(uintptr_t)bytes.at, bytes.size };
	arena_defer(arena, number_wipe, number);
	*out = *number;
	return true;
}

static size_t bits_of(struct number n)
{
	return n.at[0] == 0 ? 0 : n.size * 8 - (size_t)(__builtin_clz(n.at[0]) - 24);
}

static bool is_odd(struct number n)
{
	return n.at[n.size - 1] & 1;
}

/* RFC 7518 6.3.1: no leading zero bytes. An exponent of 1 signs nothing, 3 has a history. */
static bool rsa_public_is_sound(struct number n, struct number e)
{
	size_t n_bits = bits_of(n), e_bits = bits_of(e);

	return n_bits >= RSA_MIN_BITS && n_bits <= RSA_MAX_BITS && is_odd(n) && e_bits >= 17 &&
	       e_bits <= 64 && is_odd(e);
}

static cjose_jwk_t *rsa_from(struct arena *arena, const json_t *jwk, bool private_part)
{
	struct number n, e, d, p, q, dp, dq, qi;
	cjose_err error;

	if (!read_number(arena, jwk, "n", &n) || !read_number(arena, jwk, "e", &e) ||
	    !rsa_public_is_sound(n, e))
		return NULL;
	cjose_jwk_rsa_keyspec spec = { .n = n.at, .nlen = n.size, .e = e.at, .elen = e.size };

	if (private_part) {
		if (!read_number(arena, jwk, "d", &d) || !read_number(arena, jwk, "p", &p) ||
		    !read_number(arena, jwk, "q", &q) || !read_number(arena, jwk, "dp", &dp) ||
		    !read_number(arena, jwk, "dq", &dq) || !read_number(arena, jwk, "qi", &qi))
			return NULL;
		spec.d = d.at, spec.dlen = d.size, spec.p = p.at, spec.plen = p.size;
		spec.q = q.at, spec.qlen = q.size, spec.dp = dp.at, spec.dplen = dp.size;
		spec.dq = dq.at, spec.dqlen = dq.size, spec.qi = qi.at, spec.qilen = qi.size;
	}
	return cjose_jwk_create_RSA_spec(&spec, &error);
}

static const struct curve *curve_of(const json_t *jwk)
{
	for (size_t i = 0; i < COUNT(curves); i++)
		if (text_equal(json_get_text(jwk, "crv"), curves[i].name))
			return &curves[i];
	return NULL;
}

/* A point off the curve is refused by OpenSSL, which sets it. */
static cjose_jwk_t *ec_from(struct arena *arena, const json_t *jwk, const struct curve *curve,
			    bool private_part)
{
	struct number x, y, d = { NULL, 0 };
	cjose_err error;

	if (!read_number(arena, jwk, "x", &x) || !read_number(arena, jwk, "y", &y))
		return NULL;
	if (private_part && !read_number(arena, jwk, "d", &d))
		return NULL;
	if (x.size != curve->size || y.size != curve->size || (private_part && d.size != curve->size))
		return NULL;
	cjose_jwk_ec_keyspec spec = {
		.crv = curve->id, .x = x.at, .xlen = x.size, .y = y.at, .ylen = y.size
	};

	spec.d = d.at, spec.dlen = d.size;
	return cjose_jwk_create_EC_spec(&spec, &error);
}

/* --- what a key says about itself --------------------------------------------------------------- */

/* use: absent or "sig"; key_ops: absent or a list of "sign" and "verify" that allows what we want. */
static bool purpose_fits(const json_t *jwk, bool is_private)
{
	const json_t *use = json_object_get(jwk, "use"), *ops = json_object_get(jwk, "key_ops");
	bool verify = false, sign = false;
	size_t i;
	const json_t *op;

	if (use && !text_equal(json_string_value(use), "sig"))
		return false;
	if (!ops)
		return true;
	json_array_foreach (ops, i, op) {
		if (text_equal(json_string_value(op), "verify"))
			verify = true;
		else if (text_equal(json_string_value(op), "sign"))
			sign = true;
		else
			return false;
	}
	return verify || (sign && is_private);
}

static bool name_key(struct jose_key *key, const json_t *jwk)
{
	const json_t *kid = json_object_get(jwk, "kid"), *alg = json_object_get(jwk, "alg");

	if (kid && (!json_is_string(kid) || !jose_kid_is_sound(json_string_value(kid))))
		return false;
	if (kid)
		memcpy(key->kid, json_string_value(kid),
		       json_string_length(kid)); /* 128 at most, as checked */
	if (alg && !(key->only = jose_alg_find(json_string_value(alg))))
		return false;
	return !key->only || key->only->kind == key->kind;
}

static bool make(struct arena *arena, const json_t *jwk, struct jose_key *key)
{
	const struct curve *curve = curve_of(jwk);

	if (text_equal(json_get_text(jwk, "kty"), "RSA")) {
		key->kind = KIND_RSA;
		key->jwk = rsa_from(arena, jwk, key->is_private);
		key->signature_size = key->jwk ? cjose_jwk_get_keysize(key->jwk, NULL) / 8 : 0;
	} else if (text_equal(json_get_text(jwk, "kty"), "EC") && curve) {
		key->kind = curve->kind;
		key->jwk = ec_from(arena, jwk, curve, key->is_private);
		key->signature_size = 2 * curve->size;
	}
	ERR_clear_error();
	return key->jwk != NULL;
}

/* The private half must belong to the public one: cjose ignores the public point of a private EC
 * key, and takes any numbers for an RSA key. */
static bool halves_fit(struct arena *arena, const struct jose_key *key, const json_t *jwk)
{
	struct jose_key public = { .kind = key->kind };
	const char *alg = key->kind == KIND_RSA ? "RS256" : key->kind == KIND_P256 ? "ES256" : "ES384";
	struct jose_header header;
	json_t *claims;

	if (!make(arena, jwk, &public))
		return false;
	char *token = jose_sign(key, arena, key->only ? key->only->name : alg, "JWT", NULL, BYTES_OF("{}"));
	bool fits = token && jose_verify_key(&public, arena, token, key->only ? key->only->name : alg,
					     &header, &claims) == OK;

	(void)cjose_jwk_release(public.jwk); /* false means: it is gone, as it should be */
	return fits;
}

void jose_key_free(struct jose_key *key)
{
	if (!key)
		return;
	if (key->jwk)
		(void)cjose_jwk_release(key->jwk);
	wipe(key, sizeof *key);
	free(key);
}

/* False leaves the key half made: to be freed. */
static bool read_key(const json_t *jwk, bool may_be_private, struct jose_key *key)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	key->is_private = json_object_get(jwk, "d") != NULL;
	if (!json_is_object(jwk) || (key->is_private && !may_be_private) || !make(arena, jwk, key))
		return false;
	if (!purpose_fits(jwk, key->is_private) || !name_key(key, jwk))
		return false;
	return !key->is_private || halves_fit(arena, key, jwk);
}

struct jose_key *jose_key_from(const json_t *jwk, bool may_be_private)
{
	struct jose_key *key = calloc(1, sizeof *key);

	assert(key);
	if (read_key(jwk, may_be_private, key))
		return key;
	jose_key_free(key);
	return NULL;
}

/* jansson frees without wiping: the texts of a private key are wiped while they are still ours. */
static void json_wipe(json_t **jwk)
{
	for (void *at = json_object_iter(*jwk); at; at = json_object_iter_next(*jwk, at)) {
		const json_t *value = json_object_iter_value(at);

		if (json_is_string(value))
			bytes_wipe((struct bytes){ (const uint8_t *)json_string_value(value),
						   json_string_length(value) });
	}
	json_done(jwk);
}

struct jose_key *jose_key_read(const char *jwk_text, size_t size)
{
	if (!jwk_text || size > JWK_MAX)
		return NULL;
	AUTO(json_wipe) json_t *jwk = json_read(jwk_text, size);

	return jose_key_from(jwk, true);
}

const char *jose_key_kid(const struct jose_key *key)
{
	return key->kid[0] ? key->kid : NULL;
}

bool jose_key_is_for(const struct jose_key *key, const char *alg)
{
	return key->only && text_equal(key->only->name, alg);
}

/* --- sets --------------------------------------------------------------------------------------- */

struct jose_keys *jose_keys_read(const char *jwks_text, size_t size)
{
	if (!jwks_text || size > JWKS_MAX)
		return NULL;
	AUTO(json_done) json_t *set = json_read(jwks_text, size);
	const json_t *list = json_object_get(set, "keys"), *jwk;
	size_t i;

	if (!json_is_array(list))
		return NULL;
	struct jose_keys *keys = calloc(1, sizeof *keys + KEYS_MAX * sizeof keys->key[0]);

	assert(keys);
	json_array_foreach (list, i, jwk) {
		if (i >= KEYS_MAX)
			break;
		if ((keys->key[keys->count] = jose_key_from(jwk, false)))
			keys->count++;
	}
	return keys;
}

void jose_keys_free(struct jose_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++)
		jose_key_free(keys->key[i]);
	free(keys);
}

static bool key_serves(const struct jose_key *key, const char *const *names)
{
	for (; *names; names++) {
		const struct jose_alg *alg = jose_alg_find(*names);

		if (alg && alg->kind == key->kind && (!key->only || key->only == alg))
			return true;
	}
	return false;
}

size_t jose_keys_count(const struct jose_keys *keys, const char *const *algs_wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++)
		count += key_serves(keys->key[i], algs_wanted);
	return count;
}

/* --- made --------------------------------------------------------------------------------------- */

/* The members of a public key by kind: those of the thumbprint, in the order of their names (RFC 7638
 * 3.2). */
static const char *const *members_of(const json_t *jwk)
{
	static const char *const ec[] = { "crv", "kty", "x", "y", NULL };
	static const char *const rsa[] = { "e", "kty", "n", NULL };
	const char *kty = json_get_text(jwk, "kty");

	return text_equal(kty, "EC") ? ec : text_equal(kty, "RSA") ? rsa : NULL;
}

/* An object of those members alone, after the ones given first; NULL when one is missing. */
static char *pick(struct arena *arena, const json_t *jwk, const char *const *first)
{
	const char *const *lists[] = { first, members_of(jwk) };
	AUTO(json_done) json_t *picked = json_object();

	if (!lists[1])
		return NULL;
	for (size_t i = 0; i < COUNT(lists); i++)
		for (const char *const *name = lists[i]; *name; name++) {
			if (!json_get_text(jwk, *name))
				return NULL;
			json_set_text(picked, *name, json_get_text(jwk, *name));
		}
	return json_text(arena, picked); /* keeps the order of setting */
}

char *jose_thumbprint(struct arena *arena, const char *jwk_text)
{
	static const char *const none[] = { NULL };
	AUTO(json_wipe) json_t *jwk = json_read(jwk_text, strlen(jwk_text));
	const char *required = pick(arena, jwk, none);

	return required ? base64url_encode(arena, sha256(arena, BYTES_OF(required))) : NULL;
}

char *jose_public_of(struct arena *arena, const char *private_jwk)
{
	static const char *const names[] = { "kid", "use", "alg", NULL };
	AUTO(json_wipe) json_t *jwk = json_read(private_jwk, strlen(private_jwk));

	return pick(arena, jwk, names);
}

/* {"kty":...} becomes {"kid":...,"use":"sig","alg":...,"kty":...}. */
static char *with_name(struct arena *arena, const char *jwk, const char *alg, const char *kid)
{
	assert(jwk[0] == '{' && kid);
	return arena_print(arena, "{\"kid\":\"%s\",\"use\":\"sig\",\"alg\":\"%s\",%s", kid, alg, jwk + 1);
}

enum err jose_generate(const char *alg, struct arena *arena, char **private_jwk, char **public_jwk,
		       char **kid)
{
	cjose_err error;

	assert(text_equal(alg, "ES256") || text_equal(alg, "RS256"));
	cjose_jwk_t *jwk = text_equal(alg, "RS256")
				   ? cjose_jwk_create_RSA_random(RSA_MADE_BITS, NULL, 0, &error)
				   : cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
	char *text = jwk ? cjose_jwk_to_json(jwk, true, &error) : NULL;

	(void)cjose_jwk_release(jwk); /* false means: it is gone, or there was none */
	if (!text)
		return ERR_INTERNAL;
	*kid = jose_thumbprint(arena, text);
	*private_jwk = with_name(arena, text, alg, *kid);
	*public_jwk = jose_public_of(arena, *private_jwk);
	wipe(text, strlen(text));
	free(text);
	return OK;
}
