/* token.c: is this token real, for us, fresh, and what does it say?
 * (OpenID Connect Core 3.1.3.7, RFC 9068 4, OpenID Connect Back-Channel Logout 1.0 2.6) */
#include <cjose/cjose.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "relying.h"

const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static void base64url(const uint8_t *bytes, size_t size, char out[HANDLE])
{
	cjose_err err;
	char *text = NULL;
	size_t length = 0;

	out[0] = '\0';
	if (cjose_base64url_encode(bytes, size, &text, &length, &err) && length < HANDLE)
		snprintf(out, HANDLE, "%.*s", (int)length, text);
	free(text);
}

void challenge_of(const char *verifier, char out[HANDLE])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)verifier, strlen(verifier), digest);
	base64url(digest, sizeof digest, out);
}

bool token_fits(const char *access_token, const char *at_hash)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char expected[HANDLE];

	/* Both algorithms that we accept end in 256, so the hash is SHA-256. */
	SHA256((const uint8_t *)access_token, strlen(access_token), digest);
	base64url(digest, sizeof digest / 2, expected);
	return strlen(at_hash) == strlen(expected) && CRYPTO_memcmp(at_hash, expected, strlen(expected)) == 0;
}

/* The key must be made for this algorithm: a token never chooses what its key means (RFC 8725 3.1). */
static bool key_fits(const json_t *key, const char *alg, const char *kid)
{
	bool elliptic = !strcmp(alg, "ES256");

	if (strcmp(text_of(key, "kid"), kid) || strcmp(text_of(key, "kty"), elliptic ? "EC" : "RSA"))
		return false;
	if (elliptic && strcmp(text_of(key, "crv"), "P-256"))
		return false;
	if (json_object_get(key, "alg") && strcmp(text_of(key, "alg"), alg))
		return false;
	return !json_object_get(key, "use") || !strcmp(text_of(key, "use"), "sig");
}

static json_t *key_in(const json_t *set, const char *alg, const char *kid)
{
	size_t at;
	json_t *key;

	json_array_foreach (json_object_get(set, "keys"), at, key) {
		if (key_fits(key, alg, kid))
			return key;
	}
	return NULL;
}

/* An unknown key id may be a new key: the set is read again, but not more than every ten seconds. */
static cjose_jwk_t *key_find(struct demo *demo, const char *alg, const char *kid)
{
	cjose_err err;
	json_t *key = key_in(demo->keys, alg, kid);

	if (!key && time(NULL) - demo->keys_at >= 10 && keys_reload(demo))
		key = key_in(demo->keys, alg, kid);
	char *text = key ? json_dumps(key, JSON_COMPACT) : NULL;
	cjose_jwk_t *found = text ? cjose_jwk_import(text, strlen(text), &err) : NULL;
	free(text);
	return found;
}

static bool header_fits(cjose_header_t *header, enum token_kind kind, const char **alg, const char **kid)
{
	static const char *const types[] = {
		[ID_TOKEN] = "JWT", [ACCESS_TOKEN] = "at+jwt", [LOGOUT_TOKEN] = "logout+jwt"
	};
	cjose_err err;
	const char *typ = cjose_header_get(header, "typ", &err);

	*alg = cjose_header_get(header, "alg", &err);
	*kid = cjose_header_get(header, "kid", &err);
	if (!*alg || !*kid || (strcmp(*alg, "ES256") && strcmp(*alg, "RS256")))
		return false;
	char *critical = cjose_header_get_raw(header, "crit", &err);
	free(critical);
	if (critical) /* we know no extension, so we refuse every one (RFC 7515 4.1.11) */
		return false;
	/* One kind of token is never taken for another (RFC 8725 3.11); an ID token may leave typ out. */
	return typ ? !strcmp(typ, types[kind]) : kind == ID_TOKEN;
}

static json_t *signed_claims(struct demo *demo, const char *token, enum token_kind kind)
{
	cjose_err err;
	const char *alg, *kid;
	uint8_t *body = NULL;
	size_t size = 0;
	json_t *claims = NULL;
	cjose_jwk_t *key = NULL;
	cjose_jws_t *jws = strlen(token) <= 16384 ? cjose_jws_import(token, strlen(token), &err) : NULL;

	if (jws && header_fits(cjose_jws_get_protected(jws), kind, &alg, &kid))
		key = key_find(demo, alg, kid);
	if (key && cjose_jws_verify(jws, key, &err) && cjose_jws_get_plaintext(jws, &body, &size, &err))
		claims = json_loadb((const char *)body, size, JSON_REJECT_DUPLICATES, NULL);
	cjose_jwk_release(key);
	cjose_jws_release(jws);
	return claims;
}

static bool times_hold(const json_t *claims)
{
	json_int_t now = (json_int_t)time(NULL);
	const json_t *exp = json_object_get(claims, "exp"), *iat = json_object_get(claims, "iat");

	return json_is_integer(exp) && json_integer_value(exp) > now - CLOCK_SKEW && json_is_integer(iat) &&
	       json_integer_value(iat) < now + CLOCK_SKEW;
}

static const char *fault_of(const struct demo *demo, const json_t *claims, enum token_kind kind)
{
	const char *me = demo->settings.client_id;

	if (strcmp(text_of(claims, "iss"), demo->settings.issuer))
		return "it comes from another issuer";
	if (strcmp(text_of(claims, "aud"), me)) /* one audience as one string: ours */
		return "it is meant for another app";
	if (!times_hold(claims))
		return "it has expired, or is from the future";
	if (kind == LOGOUT_TOKEN) {
		json_t *events = json_object_get(claims, "events");
		if (!json_is_object(
			    json_object_get(events, "http://schemas.openid.net/event/backchannel-logout")))
			return "it is not about a logout";
		if (json_object_get(claims, "nonce")) /* so that an ID token can never be one */
			return "a logout token has no nonce";
		return *text_of(claims, "sid") || *text_of(claims, "sub") ? NULL
									  : "it names no session and nobody";
	}
	if (!*text_of(claims, "sub") || !*text_of(claims, "tenant"))
		return "it does not say who, or of which practice";
	if (kind == ACCESS_TOKEN && !*text_of(claims, "client_id"))
		return "it does not say for which app it was issued";
	if (json_object_get(claims, "azp") && strcmp(text_of(claims, "azp"), me))
		return "it was issued to another app";
	return NULL;
}

json_t *token_verify(struct demo *demo, const char *token, enum token_kind kind, const char **why)
{
	json_t *claims = signed_claims(demo, token, kind);

	*why = json_is_object(claims) ? fault_of(demo, claims, kind)
				      : "its signature or its kind is not one we accept";
	if (*why) {
		json_decref(claims);
		return NULL;
	}
	return claims;
}

bool logout_token_is_new(struct demo *demo, const json_t *claims)
{
	const char *jti = text_of(claims, "jti");

	if (!*jti || strlen(jti) >= sizeof demo->seen_jti[0])
		return false;
	for (size_t i = 0; i < SEEN_TOKENS; i++) {
		if (!strcmp(demo->seen_jti[i], jti))
			return false;
	}
	snprintf(demo->seen_jti[demo->seen_next++ % SEEN_TOKENS], sizeof demo->seen_jti[0], "%s", jti);
	return true;
}

const json_t *roles_at(const json_t *claims, const char *location)
{
	size_t at;
	json_t *place;

	json_array_foreach (json_object_get(json_object_get(claims, "clinic"), "locations"), at, place) {
		if (!strcmp(text_of(place, "id"), location))
			return json_object_get(place, "roles");
	}
	return NULL;
}
