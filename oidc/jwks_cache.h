/* jwks_cache.h: the public keys of apps: declared inline, or fetched from their jwks_uri.
 *
 * A fetched set is kept as long as its Cache-Control says (5 minutes to a day). A signature that no kept key
 * made asks for the set again, at most once a minute and app; a failed fetch is remembered as long. One fetch
 * per address at a time: who comes meanwhile uses what is there. At most 256 addresses. */
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

#endif
