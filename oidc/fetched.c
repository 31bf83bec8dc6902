/* fetched.c: documents of other servers, kept by address (security.md F: bounded, and a stranger with a
 * made-up kid must not be able to make us fetch). */
#include "oidc/fetched.h"

#include <pthread.h>

#include "base/app.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/url.h"

#define ENTRIES     256
#define AGE_MIN     300
#define AGE_MAX     86400
#define AGE_DEFAULT 3600
#define AGAIN_AFTER 60               /* seconds between two fetches of one address, whatever asks for it */
#define WAIT_US     INT64_C(6000000) /* a fetch takes 5 s at most */

struct entry {
	char *address;
	struct fetched_item *item; /* NULL: never got one */
	int64_t tried_at, good_until;
	int64_t doubted_at;    /* a newer one was fetched because what was there did not serve */
	bool fetching, failed; /* failed: the last try */
};

struct fetched {
	const struct fetched_kind *kind;
	pthread_mutex_t lock;
	pthread_cond_t done; /* a fetch ended */
	struct entry entries[ENTRIES];
};

struct fetched *fetched_new(const struct fetched_kind *kind)
{
	struct fetched *fetched = calloc(1, sizeof *fetched);
	pthread_condattr_t how;

	assert(fetched);
	fetched->kind = kind;
	(void)pthread_mutex_init(&fetched->lock, NULL);
	(void)pthread_condattr_init(&how);
	(void)pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&fetched->done, &how);
	(void)pthread_condattr_destroy(&how);
	return fetched;
}

/* Under the lock. */
static void drop(struct fetched *fetched, struct fetched_item *item)
{
	if (!item || --item->holders)
		return;
	fetched->kind->forget(item->thing);
	free(item);
}

void fetched_free(struct fetched *fetched)
{
	if (!fetched)
		return;
	for (size_t at = 0; at < ENTRIES; at++) {
		drop(fetched, fetched->entries[at].item);
		free(fetched->entries[at].address);
	}
	(void)pthread_cond_destroy(&fetched->done);
	(void)pthread_mutex_destroy(&fetched->lock);
	free(fetched);
}

/* Under the lock: the address's entry, else a new one in the place of the one tried longest ago. NULL when
 * all are being fetched. */
static struct entry *entry_for(struct fetched *fetched, const char *address)
{
	struct entry *oldest = NULL;

	for (size_t at = 0; at < ENTRIES; at++) {
		struct entry *entry = &fetched->entries[at];

		if (text_equal(entry->address, address))
			return entry;
		if (!entry->fetching && (!oldest || entry->tried_at < oldest->tried_at))
			oldest = entry;
	}
	if (!oldest)
		return NULL;
	drop(fetched, oldest->item);
	free(oldest->address);
	*oldest = (struct entry){ .address = strdup(address) };
	assert(oldest->address);
	return oldest;
}

/* Anything but a document of this kind is as no answer. */
static void *ask_server(struct work *w, const struct fetched_kind *kind, const char *address, int64_t *age)
{
	struct fetch_answer answer = { 0 };

	if (fetch(w, &(struct fetch_ask){ .url = address, .accept = kind->accept }, &answer) != OK)
		return NULL;
	*age = answer.max_age < 0 ? AGE_DEFAULT : answer.max_age;
	*age = *age < AGE_MIN ? AGE_MIN : *age > AGE_MAX ? AGE_MAX : *age;
	void *thing = answer.status == 200 && answer.body.size <= kind->size_max
			      ? kind->read((const char *)answer.body.at, answer.body.size)
			      : NULL;

	if (!thing)
		(void)fault(w, ERR_FETCH, "%s answered %ld with %zu bytes that are not what was asked for",
			    url_for_log(w->arena, address), answer.status, answer.body.size);
	return thing;
}

static struct fetched_item *item_of(void *thing)
{
	struct fetched_item *item = calloc(1, sizeof *item);

	assert(item);
	*item = (struct fetched_item){ .thing = thing, .holders = 1 };
	return item;
}

/* What could not be fetched again stays. */
static void keep(struct fetched *fetched, struct entry *entry, void *thing, int64_t good_until)
{
	(void)pthread_mutex_lock(&fetched->lock);
	entry->fetching = false;
	entry->failed = !thing;
	if (thing) {
		drop(fetched, entry->item);
		entry->item = item_of(thing);
		entry->good_until = good_until;
	}
	(void)pthread_cond_broadcast(&fetched->done);
	(void)pthread_mutex_unlock(&fetched->lock);
}

/* Under the lock: what is there does not serve, and somebody else is getting what might. True: it waited. */
static bool wait_for(struct fetched *fetched, const struct entry *entry, const struct fetched_ask *ask)
{
	int64_t deadline = clock_monotonic_us() + WAIT_US;
	const struct timespec until = { .tv_sec = (time_t)(deadline / 1000000),
					.tv_nsec = (long)(deadline % 1000000) * 1000 };

	if (!ask->patient || !entry->fetching || (entry->item && entry->item != ask->unless && !ask->fresh))
		return false;
	while (entry->fetching && text_equal(entry->address, ask->address))
		if (pthread_cond_timedwait(&fetched->done, &fetched->lock, &until) != 0)
			break;
	return true;
}

/* Under the lock. Doubts are counted by themselves: a key that is new right after a fetch is found, and any
 * number of made-up ones costs one fetch a minute. */
static bool is_due(const struct work *w, const struct entry *entry, const struct fetched_ask *ask)
{
	bool doubted = entry->item && entry->item == ask->unless;

	if (entry->fetching)
		return false;
	if (ask->fresh)
		return true;
	if (entry->item && !doubted && entry->good_until > w->now)
		return false;
	return w->now - (doubted ? entry->doubted_at : entry->tried_at) >= AGAIN_AFTER;
}

/* Under the lock. */
static void begin_fetch(const struct work *w, struct entry *entry, const struct fetched_ask *ask)
{
	entry->fetching = true;
	entry->tried_at = w->now;
	if (ask->unless)
		entry->doubted_at = w->now;
}

/* Under the lock: what is there now, held. */
static struct fetched_item *pick(const struct work *w, const struct entry *entry,
				 const struct fetched_ask *ask)
{
	if (!entry || !text_equal(entry->address, ask->address) || !entry->item ||
	    entry->item == ask->unless || (ask->fresh && entry->failed))
		return NULL;
	if (w->now - entry->good_until > AGE_MAX)
		return NULL;
	entry->item->holders++;
	return entry->item;
}

struct fetched_item *fetched_hold(struct work *w, struct fetched *fetched, const struct fetched_ask *ask)
{
	int64_t age = 0;

	(void)pthread_mutex_lock(&fetched->lock);
	struct entry *entry = entry_for(fetched, ask->address);
	bool may = entry && !wait_for(fetched, entry, ask) && is_due(w, entry, ask);

	if (may) {
		begin_fetch(w, entry, ask);
		(void)pthread_mutex_unlock(&fetched->lock);
		void *thing = ask_server(w, fetched->kind, ask->address, &age);

		keep(fetched, entry, thing, w->now + age);
		(void)pthread_mutex_lock(&fetched->lock);
	}
	struct fetched_item *item = pick(w, entry, ask);

	(void)pthread_mutex_unlock(&fetched->lock);
	return item;
}

void fetched_let_go(struct fetched *fetched, struct fetched_item *item)
{
	(void)pthread_mutex_lock(&fetched->lock);
	drop(fetched, item);
	(void)pthread_mutex_unlock(&fetched->lock);
}
