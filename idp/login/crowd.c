/* crowd.c: a budget for each address (GCRA: one time a slot). */
#include "login/crowd.h"

#include <pthread.h>

#include "base/app.h"
#include "base/cidr.h"
#include "base/clock.h"
#include "http/request.h"

#define SLOTS     4096
#define WINDOW_US INT64_C(600000000) /* the whole budget comes back in ten minutes */

/* full_us: when the budget is whole again. Whoever comes to a slot of another address takes it over: at worst
 * an address has its budget anew, which costs an attacker as many addresses as there are slots. */
struct slot {
	struct address prefix;
	int64_t full_us;
};

struct crowd {
	pthread_mutex_t lock;
	int64_t cost_us;
	struct slot slots[SLOTS];
};

struct crowd *crowd_new(int64_t at_once)
{
	struct crowd *crowd = calloc(1, sizeof *crowd);

	assert(crowd && at_once > 0);
	(void)pthread_mutex_init(&crowd->lock, NULL);
	crowd->cost_us = WINDOW_US / at_once;
	return crowd;
}

void crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return;
	(void)pthread_mutex_destroy(&crowd->lock);
	free(crowd);
}

/* IPv4 whole; of IPv6 the half that a network is given. */
static struct address prefix_of(const struct address *address)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct address prefix = *address;

	if (memcmp(address->at, mapped, sizeof mapped) != 0)
		memset(prefix.at + 8, 0, 8);
	return prefix;
}

/* FNV-1a */
static struct slot *slot_of(struct crowd *crowd, const struct address *prefix)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof prefix->at; i++)
		hash = (hash ^ prefix->at[i]) * UINT64_C(1099511628211);
	return &crowd->slots[hash % SLOTS];
}

static bool take(struct crowd *crowd, const struct address *prefix, int64_t now_us)
{
	struct slot *slot = slot_of(crowd, prefix);

	if (memcmp(&slot->prefix, prefix, sizeof *prefix) != 0 || slot->full_us < now_us)
		*slot = (struct slot){ .prefix = *prefix, .full_us = now_us };
	if (slot->full_us + crowd->cost_us > now_us + WINDOW_US)
		return false;
	slot->full_us += crowd->cost_us;
	return true;
}

enum err crowd_may(struct request *rq)
{
	struct crowd *crowd = rq->w.app->crowd;
	const struct address prefix = prefix_of(&rq->peer);

	if (!crowd)
		return OK;
	pthread_mutex_lock(&crowd->lock);
	bool may = take(crowd, &prefix, clock_monotonic_us());
	pthread_mutex_unlock(&crowd->lock);
	return may ? OK : fault(&rq->w, ERR_TOO_MANY, "this address begins too many sign-ins");
}
