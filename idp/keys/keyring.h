/* keyring.h: our signing keys in their states (next, active, retired), for signing, for verifying
 * our own tokens, and the published JWKS.
 *
 * A door: bytes in, bytes out; private keys stay behind it. One immutable ring behind an atomically
 * swapped, counted pointer; readers never wait for a change. Private keys are sealed in the store. ES256 and
 * RS256 always exist. States: next (published, 24 h before use) -> active -> retired (published until what it
 * signed has expired: 24 h) -> gone; or compromised (neither published nor believed) -> gone. */
#ifndef KEYS_KEYRING_H
#define KEYS_KEYRING_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct keyring;

/* Makes missing keys (safe on several nodes at once), loads the ring. */
enum err keyring_open(struct work *work, struct keyring **out) MUST_USE;
void keyring_close(struct keyring *keyring);
/* Loads again when the store's set changed (cheap check otherwise). Called by jobs every second. */
enum err keyring_refresh(struct work *work) MUST_USE;

/* Signs with the active key of alg ("ES256" | "RS256"); typ "JWT", "at+jwt", "logout+jwt". Asserts a known
 * alg. */
char *keyring_sign(struct keyring *keyring, struct arena *arena, const char *alg, const char *typ,
		   struct bytes payload);
/* A token of ours: any published key, alg as that key's own, typ as demanded. Times are not checked here.
 * ERR_TOKEN_MALFORMED, ERR_TOKEN_ALGORITHM (also: typ differs), ERR_TOKEN_SIGNATURE. */
enum err keyring_verify(struct keyring *keyring, struct arena *arena, const char *token, const char *typ,
			json_t **claims) MUST_USE;
/* The body of /oauth2/jwks and its entity tag (without quotes), prebuilt; copied into the arena. */
void keyring_jwks(struct keyring *keyring, struct arena *arena, const char **body, const char **etag);

/* next becomes active, active becomes retired, a new next is made. compromised: the old active key is
 * gone from the JWKS at once and its tokens are refused. alg NULL: all, and "SAML" (xml_key.h) when there is
 * one. Audited by the caller. Inside the caller's transaction it only writes (and makes keys meanwhile, some
 * 0.1 s): the caller commits, then calls keyring_refresh. Several nodes at once rotate once: the key this
 * node knows as active is what goes. */
enum err keyring_rotate(struct work *work, const char *alg, bool compromised) MUST_USE;
/* An algorithm whose active key has signed for 90 days and whose next key caches know by now, or NULL:
 * jobs call keyring_rotate(work, alg, false) for it. */
const char *keyring_due(struct keyring *keyring, int64_t now);
struct key_facts {
	const char *kid, *alg, *state;
	int64_t created_at, activated_at, retired_at;
};
enum err keyring_list(struct work *work, struct key_facts **out, size_t *count) MUST_USE;

#endif
