/* pg_append.c: rows that only append share one commit.
 *
 * Callers queue; the first leads: it sends all that wait as one pipeline, which is one transaction,
 * on its own connection, and wakes the others, the next of whom leads. When the server refuses the
 * batch, each row is tried alone, so that a bad row fails its own caller only. When the server does
 * not answer, nothing is tried again: all fail. */
#include "base/base.h"
#include "base/app.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/pg_store.h"

struct append {
	struct append *next;
	struct pg_db *db;
	const char *practice;
	const struct call *call;
	bool taken; /* a leader has it */
	bool leads; /* its turn to be the leader */
	bool sent;  /* is in the exchange being built */
	bool done;
	enum err err;
	char why[160];
};

static void push(struct pg_store *store, struct append *mine)
{
	struct append **last = &store->appends;

	while (*last)
		last = &(*last)->next;
	*last = mine;
}

static void unlist(struct pg_store *store, const struct append *mine)
{
	struct append **at = &store->appends;

	while (*at && *at != mine)
		at = &(*at)->next;
	if (*at)
		*at = mine->next;
}

/* Up to one exchange full, from the head of the queue; ends with NULL. */
static struct append *take_batch(struct pg_store *store)
{
	struct append *batch = store->appends, *last = batch;

	for (size_t n = 1; last; last = last->next, n++) {
		last->taken = true;
		if (n == EXCHANGE_CALLS || !last->next)
			break;
	}
	if (last) {
		store->appends = last->next;
		last->next = NULL;
	}
	return batch;
}

/* One practice after the other, so that the wall moves as seldom as possible. */
static void send_by_practice(struct exchange *x, struct append *batch)
{
	for (struct append *first = batch; first; first = first->next) {
		for (struct append *a = first->sent ? NULL : first; a; a = a->next) {
			if (a->sent || !text_equal(a->practice, first->practice))
				continue;
			exchange_call(x, a->practice, a->call, NULL);
			a->sent = true;
		}
	}
}

static void note(struct append *a, enum err err, const struct work *work)
{
	a->err = err;
	if (err != OK)
		snprintf(a->why, sizeof a->why, "%s", work->reason);
}

static enum err send_alone(struct append *a, struct pg_db *db, struct work *work)
{
	int64_t until = clock_monotonic_us() + STORE_DEADLINE_US;
	struct exchange x;

	TRY(pg_ready(db, work, until));
	exchange_begin(&x, &db->wire, work, until);
	exchange_call(&x, a->practice, a->call, NULL);
	return exchange_end(&x);
}

static enum err send_together(struct append *batch, struct pg_db *db, struct work *work)
{
	int64_t until = clock_monotonic_us() + STORE_DEADLINE_US;
	struct exchange x;

	TRY(pg_ready(db, work, until));
	exchange_begin(&x, &db->wire, work, until);
	send_by_practice(&x, batch);
	return exchange_end(&x);
}

static void send_batch(struct append *batch, struct pg_db *db, struct work *work)
{
	const char *reason = work->reason;
	enum err before = work->err;
	enum err err = send_together(batch, db, work);
	/* Refused means rolled back. A store that did not answer may have kept all of it. */
	bool each = err != OK && err != ERR_STORE && batch->next;

	for (struct append *a = batch; a; a = a->next) {
		if (each) {
			err = send_alone(a, db, work);
			each = err != ERR_STORE;
		}
		note(a, err, work);
	}
	work->err = before; /* these were other people's faults */
	work->reason = reason;
}

static void lead(struct pg_store *store, struct pg_db *db, struct work *work)
{
	struct append *batch = take_batch(store), *next;

	pthread_mutex_unlock(&store->append_lock);
	send_batch(batch, db, work);
	pthread_mutex_lock(&store->append_lock);
	for (struct append *a = batch; a; a = next) {
		next = a->next;
		a->done = true;
		pthread_cond_signal(&a->db->append_wake);
	}
	store->append_led = store->appends != NULL;
	if (store->appends) {
		store->appends->leads = true;
		pthread_cond_signal(&store->appends->db->append_wake);
	}
}

/* Until someone has done it, it is our turn to lead, or nobody took it in time. */
static void wait_turn(struct pg_store *store, struct append *mine)
{
	int64_t end = clock_monotonic_us() + STORE_DEADLINE_US;
	const struct timespec until = { .tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000 };

	while (!mine->done && !mine->leads) {
		int rc = pthread_cond_timedwait(&mine->db->append_wake, &store->append_lock, &until);

		if (rc == ETIMEDOUT && !mine->taken && !mine->leads) {
			unlist(store, mine);
			snprintf(mine->why, sizeof mine->why, "postgresql: no turn in time");
			mine->err = ERR_STORE;
			return;
		}
		if (rc == ETIMEDOUT && mine->taken && !mine->done)
			/* A leader reads our values: it ends by its own deadline. */
			pthread_cond_wait(&mine->db->append_wake, &store->append_lock);
	}
}

enum err pg_append(struct db *base, struct work *work, const struct call *call)
{
	struct pg_db *db = (struct pg_db *)base;
	struct pg_store *store = (struct pg_store *)base->store;
	struct append mine = { .db = db, .practice = work->practice, .call = call };

	pthread_mutex_lock(&store->append_lock);
	push(store, &mine);
	if (store->append_led)
		wait_turn(store, &mine);
	else
		store->append_led = mine.leads = true;
	if (mine.leads)
		lead(store, db, work);
	pthread_mutex_unlock(&store->append_lock);
	return mine.err == OK ? OK : fault(work, mine.err, "%s", mine.why);
}
