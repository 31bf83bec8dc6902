/* workers.h: threads with lanes and bounded queues. No knowledge of HTTP.
 *
 * A lane is a bulkhead: its own threads, its own queue. Each thread opens its tools once
 * (open), hands them to every item, closes them at the end. */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include "base/base.h"

struct lane;

struct lane_plan {
	const char *name;
	unsigned threads;
	unsigned queue;                                /* waiting items at most */
	void *(*open)(void *context, unsigned thread); /* tools of one thread; may be NULL */
	void (*close)(void *tools);
	void *context;
};

/* NULL when threads could not be made. */
struct lane *lane_start(const struct lane_plan *plan);
/* False: the queue is full or the lane is stopping; run is not called. deadline_us (monotonic, 0:
 * none): an item older than that when its turn comes is run with late = true. */
bool lane_add(struct lane *lane, void (*run)(void *tools, void *item, bool late), void *item,
	      int64_t deadline_us) MUST_USE;
unsigned lane_waiting(struct lane *lane);
/* Finishes what waits, joins the threads. NULL is fine. */
void lane_stop(struct lane *lane);

#endif
