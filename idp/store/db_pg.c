/* db_pg.c: the PostgreSQL driver: each thread has a connection that runs as lanyard_app.
 *
 * Round trips: one for a statement outside a transaction; inside, BEGIN goes with the first
 * statement and what tx_also left goes with the next one or with COMMIT. */
#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"

#include "store/pg_store.h"

static const char begin_tx[] = "BEGIN", commit_tx[] = "COMMIT", roll_back[] = "ROLLBACK";

enum { CONNECT_US = 1500000, BACKOFF_FIRST_US = 100000, BACKOFF_LAST_US = 2000000 };

static struct pg_store *store_of(const struct pg_db *db)
{
	return (struct pg_store *)db->base.store;
}

static int64_t deadline(void)
{
	return clock_monotonic_us() + STORE_DEADLINE_US;
}

/* One thread at a time tries a store that was down, so that a dead one costs nobody else a wait. */
static bool may_connect(struct pg_store *store)
{
	int64_t until = store->down_until_us, now = clock_monotonic_us();

	if (until == 0)
		return true;
	return now >= until &&
	       atomic_compare_exchange_strong(&store->down_until_us, &until, now + CONNECT_US);
}

static void note_connect(struct pg_store *store, bool up)
{
	int64_t wait = store->backoff_us;

	if (up) {
		store->backoff_us = 0;
		store->down_until_us = 0;
		return;
	}
	wait = wait == 0 ? BACKOFF_FIRST_US : wait * 2 > BACKOFF_LAST_US ? BACKOFF_LAST_US : wait * 2;
	store->backoff_us = wait;
	store->down_until_us = clock_monotonic_us() + wait;
}

enum err pg_ready(struct pg_db *db, struct work *work, int64_t deadline_us)
{
	struct pg_store *store = store_of(db);
	int64_t until = clock_monotonic_us() + CONNECT_US;
	char why[256];

	if (db->wire.in_tx)
		return OK;
	/* Found dead before anything was sent: nothing is in doubt, a new one may serve. */
	if (db->wire.conn && !wire_is_alive(&db->wire))
		wire_drop(&db->wire);
	if (db->wire.conn)
		return OK;
	if (!may_connect(store))
		return fault(work, ERR_STORE, "postgresql: could not connect a moment ago");

	bool up = wire_connect(&db->wire, &store->address, true, until < deadline_us ? until : deadline_us,
			       why, sizeof why);
	note_connect(store, up);
	return up ? OK : fault(work, ERR_STORE, "postgresql: %s", why);
}

static void begin(struct exchange *x, struct pg_db *db)
{
	if (db->base.tx.open && !db->wire.in_tx) {
		exchange_plain(x, STEP_PLAIN, begin_tx);
		db->wire.in_tx = true;
	}
}

static void send_pending(struct exchange *x, struct pg_db *db)
{
	for (size_t i = 0; i < db->pending_count; i++)
		exchange_call(x, db->pending[i].practice, &db->pending[i].call);
	db->pending_count = 0;
}

static enum err pg_run(struct db *base, struct work *work, const struct call *calls, size_t count)
{
	struct pg_db *db = (struct pg_db *)base;
	int64_t until = deadline();
	struct exchange x;

	TRY(pg_ready(db, work, until));
	exchange_begin(&x, &db->wire, work, until);
	begin(&x, db);
	send_pending(&x, db);
	for (size_t i = 0; i < count; i++)
		exchange_call(&x, work->practice, &calls[i]);
	return exchange_end(&x);
}

static enum err flush_pending(struct pg_db *db, struct work *work)
{
	int64_t until = deadline();
	struct exchange x;

	TRY(pg_ready(db, work, until));
	exchange_begin(&x, &db->wire, work, until);
	begin(&x, db);
	send_pending(&x, db);
	return exchange_end(&x);
}

static enum err pg_also(struct db *base, struct work *work, const struct call *call)
{
	struct pg_db *db = (struct pg_db *)base;

	if (db->pending_count == PENDING_MAX)
		TRY(flush_pending(db, work));
	db->pending[db->pending_count++] = (struct pending){
		.call = db_call_values(work, NULL, call->sql, call->values, call->count),
		.practice = arena_text(work->arena, work->practice),
	};
	return OK;
}

static void pg_rollback(struct db *base, struct work *work)
{
	struct pg_db *db = (struct pg_db *)base;
	enum err first = work->err;
	const char *reason = work->reason;
	struct exchange x;

	db->pending_count = 0;
	if (!db->wire.in_tx)
		return;
	exchange_begin(&x, &db->wire, work, deadline());
	exchange_plain(&x, STEP_PLAIN, roll_back);
	if (exchange_end(&x) != OK && db->wire.conn)
		wire_drop(&db->wire); /* the server rolls back what it loses sight of */
	db->wire.in_tx = false;
	db->wire.practice_known = false;
	work->err = first;
	work->reason = reason;
}

/* With nothing sent yet the pipeline up to its sync is a transaction by itself. */
static enum err pg_commit(struct db *base, struct work *work)
{
	struct pg_db *db = (struct pg_db *)base;
	bool begun = db->wire.in_tx;
	int64_t until = deadline();
	struct exchange x;

	if (!begun && db->pending_count == 0)
		return OK;
	enum err err = pg_ready(db, work, until);
	if (err == OK) {
		exchange_begin(&x, &db->wire, work, until);
		send_pending(&x, db);
		if (begun)
			exchange_plain(&x, STEP_COMMIT, commit_tx);
		err = exchange_end(&x);
	}
	if (err != OK)
		pg_rollback(base, work);
	db->wire.in_tx = false;
	return err;
}

static enum err pg_clock(struct work *work, int64_t *store_us)
{
	static const char ask[] = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
	struct rows rows;

	TRY(db_run(work, &rows, ask, V_NULL()));
	*store_us = rows_int(&rows, 0, 0);
	return OK;
}

/* Connecting waits for the first statement: a store that is down now may be up then. */
static struct db *pg_connect(struct store *store)
{
	struct pg_db *db = calloc(1, sizeof *db);

	assert(db);
	db->base.store = store;
	return &db->base;
}

static void pg_disconnect(struct db *base)
{
	struct pg_db *db = (struct pg_db *)base;

	wire_drop(&db->wire);
	free(db);
}

static void pg_close(struct store *base)
{
	struct pg_store *store = (struct pg_store *)base;

	free(store->address.url);
	free(store->address.ca_file);
	free(store);
}

static const struct driver pg_driver = {
	.connect = pg_connect,
	.disconnect = pg_disconnect,
	.run = pg_run,
	.also = pg_also,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.append = pg_append,
	.clock = pg_clock,
	.close = pg_close,
};

enum err pg_open(const char *address, const char *ca_file, struct store **out, char *message, size_t size)
{
	struct pg_store *store = calloc(1, sizeof *store);

	assert(store);
	store_init(&store->base, &pg_driver);
	store->address.url = strdup(address);
	store->address.ca_file = ca_file ? strdup(ca_file) : NULL;
	assert(store->address.url);

	enum err err = pg_schema_ready(&store->address, message, size);
	if (err != OK) {
		store_close(&store->base);
		return err;
	}
	*out = &store->base;
	return OK;
}
