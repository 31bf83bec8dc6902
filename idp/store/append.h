/* append.h: rows that only append share one commit, whoever they come from. For this room alone.
 *
 * They wait in a queue; one thread writes all that wait, and when they are on disk tells whom they belong to.
 * It has a connection of its own and starts with the first row. */
#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include <pthread.h>

#include "base/base.h"

#include "store/db.h"

enum { APPEND_ROWS = 64 }; /* of a batch; more than one work may note */

struct append_row {
	struct append_row *next;
	struct call call;
	const char *practice;
	bool sent; /* the driver's mark */
};

/* The rows of one work. */
struct append {
	struct append *next;
	struct append_row *rows;
	size_t count;
	int64_t since_us;
	void (*then)(void *thing, enum err err, const char *why);
	void *thing;
	enum err err; /* by the driver: how it ended */
	char why[160];
};

struct appender {
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t filled;
	struct append *first, **end;
	bool started, stopping;
	pthread_t thread;
};

void appender_init(struct appender *appender);
/* Writes what still waits, and ends the thread. */
void appender_done(struct appender *appender);

/* Notes a row in the work's own list; values are copied into its arena. */
void append_note(struct work *work, const struct call *call);
/* Hands the list over; then() is called in any case. */
void append_submit(struct store *store, struct append *append);
/* The same and waits. */
enum err append_wait(struct store *store, struct work *work, const struct call *call) MUST_USE;

/* For drivers: how this one ended; the first failure stays. */
void append_failed(struct append *append, enum err err, const char *why);

#endif
