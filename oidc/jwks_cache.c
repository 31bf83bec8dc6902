/* jwks_cache.c: the public keys of apps, inline or from their jwks_uri (security.md F: bounded, and a
 * stranger with a made-up kid must not be able to make us fetch). */
#include "oidc/jwks_cache.h"

#include <pthread.h>

#include "base/app.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "keys/jose.h"
#include "store/snapshot.h"

#define ENTRIES     256
#define AGE_MIN     300
#define AGE_MAX     86400
#define AGE_DEFAULT 3600
#define AGAIN_AFTER 60 /* seconds between two fetches of one address, whatever asks for it */

/* Shared by the entry and whoever verifies with it right now. */
struct key_set {
	struct jose_keys *keys;
	unsigned holders;
};

struct entry {
	char *uri;
	struct key_set *set; /* NULL: never got one */
	int64_t tried_at, good_until;
	bool fetching;
};

struct jwks_cache {
	pthread_mutex_t lock;
	struct entry entries[ENTRIES];
};

struct jwks_cache *jwks_cache_new(void)
{
	struct jwks_cache *cache = calloc(1, sizeof *cache);

	assert(cache);
	(void)pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

/* Under the lock. */
static void drop(struct key_set *set)
{
	if (!set || --set->holders)
		return;
	jose_keys_free(set->keys);
	free(set);
}

void jwks_cache_free(struct jwks_cache *cache)
{
	if (!cache)
		return;
	for (size_t at = 0; at < ENTRIES; at++) {
		drop(cache->entries[at].set);
		free(cache->entries[at].uri);
	}
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* Under the lock: the address's entry, else a new one in the place of the one tried longest ago. NULL when
 * all are being fetched. */
static struct entry *entry_for(struct jwks_cache *cache, const char *uri)
{
	struct entry *oldest = NULL;

	for (size_t at = 0; at < ENTRIES; at++) {
		struct entry *entry = &cache->entries[at];

		if (text_equal(entry->uri, uri))
			return entry;
		if (!entry->fetching && (!oldest || entry->tried_at < oldest->tried_at))
			oldest = entry;
	}
	if (!oldest)
		return NULL;
	drop(oldest->set);
	free(oldest->uri);
	*oldest = (struct entry){ .uri = strdup(uri) };
	assert(oldest->uri);
	return oldest;
}

/* Anything but a set is as no answer. */
static struct jose_keys *fetch_keys(struct work *w, const char *uri, int64_t *age)
{
	struct fetch_answer answer = { 0 };

	if (fetch(w,
		  &(struct fetch_ask){ .url = uri, .accept = "application/jwk-set+json, application/json" },
		  &answer) != OK ||
	    answer.status != 200)
		return NULL;
	*age = answer.max_age < 0 ? AGE_DEFAULT : answer.max_age;
	*age = *age < AGE_MIN ? AGE_MIN : *age > AGE_MAX ? AGE_MAX : *age;
	return jose_keys_read((const char *)answer.body.at, answer.body.size);
}

static struct key_set *set_of(struct jose_keys *keys)
{
	struct key_set *set = calloc(1, sizeof *set);

	assert(set);
	*set = (struct key_set){ .keys = keys, .holders = 1 };
	return set;
}

/* A set that could not be fetched again stays in use for a while: the app's server being away for a minute
 * must not lock the app out. */
static void keep(struct jwks_cache *cache, struct entry *entry, struct jose_keys *keys, int64_t good_until)
{
	(void)pthread_mutex_lock(&cache->lock);
	entry->fetching = false;
	if (keys) {
		drop(entry->set);
		entry->set = set_of(keys);
		entry->good_until = good_until;
	}
	(void)pthread_mutex_unlock(&cache->lock);
}

/* The address's keys, held; NULL when there are none to be had now. unless: a set that failed already, so
 * that the same is not tried twice. */
static struct key_set *hold(struct work *w, struct jwks_cache *cache, const char *uri,
			    const struct key_set *unless)
{
	int64_t age = 0;

	(void)pthread_mutex_lock(&cache->lock);
	struct entry *entry = entry_for(cache, uri);
	bool wanted = entry && (!entry->set || entry->good_until <= w->now || entry->set == unless);
	bool may = wanted && !entry->fetching && w->now - entry->tried_at >= AGAIN_AFTER;

	if (may) {
		entry->fetching = true;
		entry->tried_at = w->now;
	}
	(void)pthread_mutex_unlock(&cache->lock);
	if (may) {
		struct jose_keys *keys = fetch_keys(w, uri, &age);

		keep(cache, entry, keys, w->now + age);
	}
	(void)pthread_mutex_lock(&cache->lock);
	struct key_set *set =
		entry && text_equal(entry->uri, uri) && entry->set != unless ? entry->set : NULL;

	if (set && w->now - entry->good_until > AGE_MAX)
		set = NULL;
	if (set)
		set->holders++;
	(void)pthread_mutex_unlock(&cache->lock);
	return set;
}

static void let_go(struct jwks_cache *cache, struct key_set *set)
{
	(void)pthread_mutex_lock(&cache->lock);
	drop(set);
	(void)pthread_mutex_unlock(&cache->lock);
}

static enum err verify_fetched(struct work *w, struct jwks_cache *cache, const char *uri, const char *token,
			       const char *const *algs, json_t **claims)
{
	struct jose_header header;
	struct key_set *set = hold(w, cache, uri, NULL);

	if (!set)
		return fault(w, ERR_FETCH, "no keys from %s", uri);
	enum err verdict = jose_verify(set->keys, w->arena, token, algs, &header, claims);

	/* the app may have turned its keys over since */
	if (verdict == ERR_TOKEN_SIGNATURE || verdict == ERR_TOKEN_ALGORITHM) {
		struct key_set *newer = hold(w, cache, uri, set);

		if (newer) {
			verdict = jose_verify(newer->keys, w->arena, token, algs, &header, claims);
			let_go(cache, newer);
		}
	}
	let_go(cache, set);
	return verdict;
}

enum err jwks_cache_verify(struct work *w, struct jwks_cache *cache, const struct client *client,
			   const char *token, const char *const *algs, json_t **claims)
{
	struct jose_header header;

	if (!client->jwks)
		return client->jwks_uri
			       ? verify_fetched(w, cache, client->jwks_uri, token, algs, claims)
			       : fault(w, ERR_TOKEN_ALGORITHM, "client %s has no keys", client->client_id);
	const char *text = json_text(w->arena, client->jwks);
	struct jose_keys *keys = jose_keys_read(text, strlen(text));

	if (!keys)
		return fault(w, ERR_TOKEN_ALGORITHM, "keys of client %s are not usable", client->client_id);
	enum err verdict = jose_verify(keys, w->arena, token, algs, &header, claims);

	jose_keys_free(keys);
	return verdict;
}
