/* refusals.c: who failed too often and is not looked at for a while: a table of fixed size. */
#include "oidc/refusals.h"

#include <pthread.h>

#define SLOTS   1024
#define KEY_MAX 320

/* A newer refusal takes the place of an older one in its slot; the durable counter still counts both. */
struct refusals {
	pthread_mutex_t lock;
	struct {
		char key[KEY_MAX];
		int64_t until_us;
	} slots[SLOTS];
};

struct refusals *refusals_new(void)
{
	struct refusals *refusals = calloc(1, sizeof *refusals);

	assert(refusals);
	(void)pthread_mutex_init(&refusals->lock, NULL);
	return refusals;
}

void refusals_free(struct refusals *refusals)
{
	if (!refusals)
		return;
	(void)pthread_mutex_destroy(&refusals->lock);
	free(refusals);
}

/* FNV-1a */
static size_t slot_of(const char *key)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return (size_t)(hash % SLOTS);
}

void refusals_add(struct refusals *refusals, const char *key, int64_t until_us)
{
	size_t at = slot_of(key);

	if (strlen(key) >= KEY_MAX)
		return;
	(void)pthread_mutex_lock(&refusals->lock);
	memcpy(refusals->slots[at].key, key, strlen(key) + 1);
	refusals->slots[at].until_us = until_us;
	(void)pthread_mutex_unlock(&refusals->lock);
}

bool refusals_have(struct refusals *refusals, const char *key, int64_t now_us)
{
	size_t at = slot_of(key);

	(void)pthread_mutex_lock(&refusals->lock);
	bool refused = refusals->slots[at].until_us > now_us && strcmp(refusals->slots[at].key, key) == 0;
	(void)pthread_mutex_unlock(&refusals->lock);
	return refused;
}
