/* workers.c: a lane is a ring of waiting items, a lock and its threads. */
#include "base/base.h"

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/workers.h"

struct item {
	void (*run)(void *tools, void *item, bool late);
	void *thing;
	int64_t deadline_us;
};

struct worker {
	struct lane *lane;
	pthread_t thread;
	unsigned number;
};

struct lane {
	struct lane_plan plan;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct item *ring; /* plan.queue long */
	unsigned head, waiting;
	bool stopping;
	struct worker *workers;
	unsigned started;
};

/* Waits for the next item; false when the lane stops and nothing waits any more. */
static bool next_item(struct lane *lane, struct item *out)
{
	pthread_mutex_lock(&lane->lock);
	while (lane->waiting == 0 && !lane->stopping)
		pthread_cond_wait(&lane->filled, &lane->lock);
	bool found = lane->waiting > 0;

	if (found) {
		*out = lane->ring[lane->head];
		lane->head = (lane->head + 1) % lane->plan.queue;
		lane->waiting--;
	}
	pthread_mutex_unlock(&lane->lock);
	return found;
}

static void *work_on(void *argument)
{
	struct worker *worker = argument;
	struct lane *lane = worker->lane;
	const struct lane_plan *plan = &lane->plan;
	char name[16]; /* what the kernel shows */
	struct item item;

	(void)snprintf(name, sizeof(name), "%.9s-%u", plan->name, worker->number); /* a cut name is fine */
	(void)pthread_setname_np(pthread_self(), name);
	void *tools = plan->open != NULL ? plan->open(plan->context, worker->number) : NULL;

	while (next_item(lane, &item))
		item.run(tools, item.thing, item.deadline_us != 0 && clock_monotonic_us() > item.deadline_us);
	if (plan->close != NULL)
		plan->close(tools);
	return NULL;
}

/* Signals belong to the main thread: workers are born with all of them blocked. */
static bool start_threads(struct lane *lane)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (lane->started < lane->plan.threads) {
		struct worker *worker = &lane->workers[lane->started];

		*worker = (struct worker){ .lane = lane, .number = lane->started };
		if (pthread_create(&worker->thread, NULL, work_on, worker) != 0)
			break;
		lane->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return lane->started == lane->plan.threads;
}

struct lane *lane_start(const struct lane_plan *plan)
{
	assert(plan->threads > 0 && plan->queue > 0);
	struct lane *lane = calloc(1, sizeof(*lane));

	assert(lane != NULL && "out of memory");
	lane->plan = *plan;
	lane->ring = calloc(plan->queue, sizeof(*lane->ring));
	lane->workers = calloc(plan->threads, sizeof(*lane->workers));
	assert(lane->ring != NULL && lane->workers != NULL && "out of memory");
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->filled, NULL);
	if (start_threads(lane))
		return lane;
	lane_stop(lane);
	return NULL;
}

bool lane_add(struct lane *lane, void (*run)(void *tools, void *item, bool late), void *item,
	      int64_t deadline_us)
{
	pthread_mutex_lock(&lane->lock);
	bool taken = !lane->stopping && lane->waiting < lane->plan.queue;

	if (taken) {
		unsigned tail = (unsigned)(((uint64_t)lane->head + lane->waiting) % lane->plan.queue);

		lane->ring[tail] = (struct item){ run, item, deadline_us };
		lane->waiting++;
	}
	pthread_mutex_unlock(&lane->lock);
	/* Afterwards: who wakes wants the lock at once. */
	if (taken)
		pthread_cond_signal(&lane->filled);
	return taken;
}

unsigned lane_waiting(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	unsigned waiting = lane->waiting;

	pthread_mutex_unlock(&lane->lock);
	return waiting;
}

void lane_stop(struct lane *lane)
{
	if (lane == NULL)
		return;
	pthread_mutex_lock(&lane->lock);
	lane->stopping = true;
	pthread_cond_broadcast(&lane->filled);
	pthread_mutex_unlock(&lane->lock);
	for (unsigned i = 0; i < lane->started; i++)
		pthread_join(lane->workers[i].thread, NULL);
	pthread_cond_destroy(&lane->filled);
	pthread_mutex_destroy(&lane->lock);
	free(lane->workers);
	free(lane->ring);
	free(lane);
}
