/* outbox.h: messages waiting to be sent. They are added in the transaction of the change they tell
 * about, so neither is there without the other, and sent by a job.
 *
 * Taking leases a row to one node; what is neither done nor put off when the lease ends is taken
 * again, so a message is delivered at least once and by one sender at a time. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "base/base.h"

struct work;

struct outbox_row {
	const char *id; /* made by the caller */
	const char *practice_id;
	const char *kind;   /* "backchannel_logout" */
	const char *target; /* where to */
	const char *body;   /* what; no secret in it */
	int64_t tries;      /* with the one under way */
	int64_t next_at;    /* of a taken row: the end of the lease */
	int64_t created_at;
};

struct outbox_list {
	const struct outbox_row *rows;
	size_t count;
};

/* Inside a transaction; goes with the next statement or the commit. Due at once. */
enum err outbox_add(struct work *work, const struct outbox_row *row) MUST_USE;
/* Up to limit due rows, leased for lease_seconds; each goes to one caller over all nodes. */
enum err outbox_take(struct work *work, int64_t lease_seconds, int64_t limit,
		     struct outbox_list *out) MUST_USE;
/* Sent, or given up: gone. */
enum err outbox_done(struct work *work, const char *id) MUST_USE;
/* Not now: again after 5 s, then twice that and so on, at most an hour. */
enum err outbox_later(struct work *work, const struct outbox_row *row) MUST_USE;
/* What waits in a practice, oldest first. */
enum err outbox_waiting(struct work *work, const char *practice_id, int64_t limit,
			struct outbox_list *out) MUST_USE;

#endif
