/* jwks_cache.h: public keys of others: of apps (declared inline, or fetched from their jwks_uri) and of
 * providers (by address). How long a fetched set is kept, and how often it is asked for: fetched.h.
 *
 * A signature that no kept key made asks for the set again, at most once a minute and address. Keys are
 * looked for under one address alone: there is no pool that one issuer's keys could serve another's tokens
 * from (security.md B11). */
#ifndef OIDC_JWKS_CACHE_H
#define OIDC_JWKS_CACHE_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct client;
struct jwks_cache;

struct jwks_cache *jwks_cache_new(void);
void jwks_cache_free(struct jwks_cache *cache);
/* As jose_verify, with the app's keys. ERR_TOKEN_*; ERR_FETCH when there are no keys to try now. */
enum err jwks_cache_verify(struct work *work, struct jwks_cache *cache, const struct client *client,
			   const char *token, const char *const *algs, json_t **claims) MUST_USE;
/* With the keys at an address; waits for a fetch that is under way (REMOTE lane). */
enum err jwks_cache_verify_at(struct work *work, struct jwks_cache *cache, const char *uri, const char *token,
			      const char *const *algs, json_t **claims) MUST_USE;

#endif
