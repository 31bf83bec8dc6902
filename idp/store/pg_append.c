/* pg_append.c: a batch of appended rows as one pipeline, which is one transaction.
 *
 * When the server refuses the batch, each row is tried alone, so that a bad row fails its own caller only.
 * When the server does not answer, nothing is tried again: all fail. */
#include "base/base.h"
#include "base/app.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/pg_store.h"

static void send_of_practice(struct exchange *x, const struct append *from, const char *practice)
{
	for (const struct append *a = from; a; a = a->next) {
		for (struct append_row *row = a->rows; row; row = row->next) {
			if (row->sent || !text_equal(row->practice, practice))
				continue;
			exchange_call(x, row->practice, &row->call);
			row->sent = true;
		}
	}
}

/* One practice after the other, so that the wall moves as seldom as possible. */
static void send_all(struct exchange *x, const struct append *batch)
{
	for (const struct append *a = batch; a; a = a->next) {
		for (const struct append_row *row = a->rows; row; row = row->next) {
			if (!row->sent)
				send_of_practice(x, a, row->practice);
		}
	}
}

static enum err send_together(struct pg_db *db, struct work *work, const struct append *batch)
{
	int64_t until = clock_monotonic_us() + STORE_DEADLINE_US;
	struct exchange x;

	TRY(pg_ready(db, work, until));
	exchange_begin(&x, &db->wire, work, until);
	send_all(&x, batch);
	return exchange_end(&x);
}

static enum err send_alone(struct pg_db *db, struct work *work, const struct append_row *row)
{
	int64_t until = clock_monotonic_us() + STORE_DEADLINE_US;
	struct exchange x;

	TRY(pg_ready(db, work, until));
	exchange_begin(&x, &db->wire, work, until);
	exchange_call(&x, row->practice, &row->call);
	return exchange_end(&x);
}

static void fail_all(struct append *from, enum err err, const char *why)
{
	for (struct append *a = from; a; a = a->next)
		append_failed(a, err, why);
}

static void send_each(struct pg_db *db, struct work *work, struct append *batch)
{
	for (struct append *a = batch; a; a = a->next) {
		for (const struct append_row *row = a->rows; row; row = row->next) {
			enum err err = send_alone(db, work, row);

			if (err != OK)
				append_failed(a, err, work->reason);
			if (err == ERR_STORE)
				return fail_all(a->next, err, work->reason);
		}
	}
}

void pg_append(struct db *base, struct work *work, struct append *batch)
{
	struct pg_db *db = (struct pg_db *)base;
	enum err err = send_together(db, work, batch);

	/* Refused means rolled back. A store that did not answer may have kept all of it. */
	if (err == ERR_STORE)
		fail_all(batch, err, work->reason);
	else if (err != OK)
		send_each(db, work, batch);
}
