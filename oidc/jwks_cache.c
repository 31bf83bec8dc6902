/* jwks_cache.c: the public keys of apps and providers, inline or by address. */
#include "oidc/jwks_cache.h"

#include "base/app.h"
#include "base/json.h"
#include "keys/jose.h"
#include "oidc/fetched.h"
#include "store/snapshot.h"

/* --- what is kept of an address ------------------------------------------------------------------------- */

static void *read_keys(const char *text, size_t size)
{
	return jose_keys_read(text, size);
}

static void forget_keys(void *keys)
{
	jose_keys_free(keys);
}

static const struct fetched_kind key_sets = {
	.accept = "application/jwk-set+json, application/json",
	.size_max = 256 * KB,
	.read = read_keys,
	.forget = forget_keys,
};

struct jwks_cache {
	struct fetched *sets;
};

struct jwks_cache *jwks_cache_new(void)
{
	struct jwks_cache *cache = calloc(1, sizeof *cache);

	assert(cache);
	cache->sets = fetched_new(&key_sets);
	return cache;
}

void jwks_cache_free(struct jwks_cache *cache)
{
	if (!cache)
		return;
	fetched_free(cache->sets);
	free(cache);
}

/* --- verifying ------------------------------------------------------------------------------------------ */

/* A token to be verified with what stands at an address. */
struct shown {
	const char *token;
	const char *const *algs;
	json_t **claims;
};

static enum err try_set(struct work *w, const struct fetched_item *set, const struct shown *shown)
{
	struct jose_header header;

	return jose_verify(set->thing, w->arena, shown->token, shown->algs, &header, shown->claims);
}

static enum err verify_fetched(struct work *w, struct jwks_cache *cache, const struct fetched_ask *ask,
			       const struct shown *shown)
{
	struct fetched_item *set = fetched_hold(w, cache->sets, ask);

	if (!set)
		return fault(w, ERR_FETCH, "no keys from %s%s%s", ask->address, w->reason ? ": " : "",
			     w->reason ? w->reason : "");
	enum err verdict = try_set(w, set, shown);

	/* they may have turned their keys over since */
	if (verdict == ERR_TOKEN_SIGNATURE || verdict == ERR_TOKEN_ALGORITHM) {
		struct fetched_ask again = *ask;

		again.unless = set;
		struct fetched_item *newer = fetched_hold(w, cache->sets, &again);

		if (newer) {
			verdict = try_set(w, newer, shown);
			fetched_let_go(cache->sets, newer);
		}
	}
	fetched_let_go(cache->sets, set);
	return verdict;
}

enum err jwks_cache_verify_at(struct work *w, struct jwks_cache *cache, const char *uri, const char *token,
			      const char *const *algs, json_t **claims)
{
	return verify_fetched(w, cache, &(struct fetched_ask){ .address = uri, .patient = true },
			      &(struct shown){ token, algs, claims });
}

enum err jwks_cache_verify(struct work *w, struct jwks_cache *cache, const struct client *client,
			   const char *token, const char *const *algs, json_t **claims)
{
	struct jose_header header;

	if (!client->jwks)
		return client->jwks_uri
			       ? verify_fetched(w, cache,
						&(struct fetched_ask){ .address = client->jwks_uri },
						&(struct shown){ token, algs, claims })
			       : fault(w, ERR_TOKEN_ALGORITHM, "client %s has no keys", client->client_id);
	const char *text = json_text(w->arena, client->jwks);
	struct jose_keys *keys = jose_keys_read(text, strlen(text));

	if (!keys)
		return fault(w, ERR_TOKEN_ALGORITHM, "keys of client %s are not usable", client->client_id);
	enum err verdict = jose_verify(keys, w->arena, token, algs, &header, claims);

	jose_keys_free(keys);
	return verdict;
}
