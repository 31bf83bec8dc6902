/* db.c: statements, rows and transactions for both engines; which engine it is, the address says. */
#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/driver.h"

static const struct value *cell(const struct rows *rows, size_t row, size_t column)
{
	assert(row < rows->count && column < rows->columns);
	return &rows->cells[row * rows->columns + column];
}

bool rows_null(const struct rows *rows, size_t row, size_t column)
{
	return cell(rows, row, column)->kind == VALUE_NULL;
}

const char *rows_text(const struct rows *rows, size_t row, size_t column)
{
	const struct value *value = cell(rows, row, column);

	assert(value->kind == VALUE_TEXT || value->kind == VALUE_NULL);
	return value->at;
}

int64_t rows_int(const struct rows *rows, size_t row, size_t column)
{
	const struct value *value = cell(rows, row, column);

	assert(value->kind == VALUE_INT || value->kind == VALUE_BOOL || value->kind == VALUE_NULL);
	return value->number;
}

bool rows_bool(const struct rows *rows, size_t row, size_t column)
{
	return rows_int(rows, row, column) != 0;
}

struct bytes rows_bytes(const struct rows *rows, size_t row, size_t column)
{
	const struct value *value = cell(rows, row, column);

	assert(value->kind == VALUE_BYTES || value->kind == VALUE_NULL);
	return (struct bytes){ .at = value->at, .size = value->size };
}

#ifdef LANYARD_FAULTS
static _Atomic int64_t fault_in;

void store_fault_after(int64_t n)
{
	fault_in = n;
}

static enum err fault_point(struct work *work)
{
	return fault_in > 0 && --fault_in == 0 ? fault(work, ERR_STORE, "a fault was asked for") : OK;
}
#else
static enum err fault_point(UNUSED struct work *work)
{
	return OK;
}
#endif

void store_note(struct store *store, enum err err)
{
	if (err == ERR_STORE)
		store->failed_at_us = clock_monotonic_us();
	else if (store->failed_at_us && store->driver->clock)
		store->failed_at_us = 0;
}

/* Remembers for readiness whether statements go through, and that a transaction is broken. */
static enum err noted(struct db *db, enum err err)
{
	store_note(db->store, err);
	if (err != OK && db->tx.open && db->tx.broken == OK)
		db->tx.broken = err;
	return err;
}

/* What stands in the way of one more statement. */
static enum err may_run(struct work *work)
{
	if (!work->db)
		return fault(work, ERR_STORE, "no connection to the store here");
	if (work->db->tx.broken != OK)
		return work->db->tx.broken;
	return noted(work->db, fault_point(work));
}

enum err db_run_values(struct work *work, struct rows *rows, const char *sql, const struct value *values,
		       size_t count)
{
	struct rows found = { 0 };
	const struct call call = {
		.sql = sql, .values = values, .count = count, .rows = rows ? &found : NULL
	};

	TRY(db_run_calls(work, &call, 1));
	if (rows)
		*rows = found;
	return OK;
}

enum err db_run_calls(struct work *work, const struct call *calls, size_t count)
{
	assert(count <= CALLS_MAX);
	TRY(may_run(work));
	return noted(work->db, work->db->store->driver->run(work->db, work, calls, count));
}

struct call db_call_values(struct work *work, struct rows *rows, const char *sql, const struct value *values,
			   size_t count)
{
	struct value *copies = arena_array(work->arena, struct value, count);

	for (size_t i = 0; i < count; i++) {
		copies[i] = values[i];
		if (values[i].kind == VALUE_TEXT || values[i].kind == VALUE_BYTES)
			copies[i].at = arena_textn(work->arena, values[i].at, values[i].size);
	}
	return (struct call){ .sql = sql, .values = copies, .count = count, .rows = rows };
}

enum err db_append_values(struct work *work, const char *sql, const struct value *values, size_t count)
{
	const struct call call = { .sql = sql, .values = values, .count = count };

	assert(!tx_is_open(work));
	TRY(may_run(work));
	if (!work->collects || (work->noted && work->noted->count == APPEND_ROWS))
		return append_wait(work->db->store, work, &call);
	append_note(work, &call);
	return OK;
}

void db_collect(struct work *work)
{
	work->collects = work->db != NULL;
}

bool db_settle(struct work *work, void (*then)(void *thing, enum err err, const char *why), void *thing)
{
	struct append *append = work->noted;

	if (!append)
		return false;
	struct store *store = work->db->store;

	work->noted = NULL;
	work->db = NULL;
	append->then = then;
	append->thing = thing;
	append_submit(store, append);
	return true;
}

struct tx tx_begin(struct work *work)
{
	struct tx tx = { .work = work, .open = true };

	assert(!tx_is_open(work));
	if (work->db)
		work->db->tx = tx;
	return tx;
}

enum err tx_also_values(struct tx *tx, const char *sql, const struct value *values, size_t count)
{
	struct work *work = tx->work;
	const struct call call = { .sql = sql, .values = values, .count = count };

	assert(tx->open);
	TRY(may_run(work));
	return noted(work->db, work->db->store->driver->also(work->db, work, &call));
}

static void closed(struct tx *tx)
{
	struct work *work = tx->work;

	if (work->db)
		work->db->tx = (struct tx){ 0 };
	*tx = (struct tx){ .work = work };
}

enum err tx_commit(struct tx *tx)
{
	struct work *work = tx->work;

	assert(tx->open);
	enum err err = may_run(work);
	if (err == OK)
		err = noted(work->db, work->db->store->driver->commit(work->db, work));
	else if (work->db)
		work->db->store->driver->rollback(work->db, work);
	closed(tx);
	return err;
}

void tx_end(struct tx *tx)
{
	if (!tx->open)
		return;
	if (tx->work->db)
		tx->work->db->store->driver->rollback(tx->work->db, tx->work);
	closed(tx);
}

bool tx_is_open(const struct work *work)
{
	return work->db && work->db->tx.open;
}

struct tx *tx_of(const struct work *work)
{
	return tx_is_open(work) ? &work->db->tx : NULL;
}

void store_init(struct store *store, const struct driver *driver)
{
	store->driver = driver;
	pthread_mutex_init(&store->clock_lock, NULL);
	appender_init(&store->appender);
}

enum err store_open(const char *address, const char *ca_file, struct store **out, char *message,
		    size_t message_size)
{
	if (text_starts(address, "sqlite:") && address[7])
		return sqlite_open(address + 7, out, message, message_size);
	if (text_starts(address, "postgresql://") || text_starts(address, "postgres://"))
		return pg_open(address, ca_file, out, message, message_size);
	snprintf(message, message_size, "the store's address must be sqlite:PATH or postgresql://...");
	return ERR_CONFIG;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	appender_done(&store->appender);
	pthread_mutex_destroy(&store->clock_lock);
	store->driver->close(store);
}

bool store_is_sqlite(const struct store *store)
{
	return !store->driver->clock;
}

/* PostgreSQL is asked for its clock every few seconds, so a success follows soon. SQLite is not: a
 * full disk counts until a commit succeeds, or for ten seconds, then it is given another try. */
bool store_is_up(struct store *store)
{
	int64_t failed_at = store->failed_at_us;

	return failed_at == 0 || (store_is_sqlite(store) && clock_monotonic_us() - failed_at > 10 * 1000000);
}

/* The store's clock as seen at the middle of the round trip; a slow one says nothing. */
static enum err measure(struct work *work, struct store *store)
{
	int64_t theirs, started = clock_monotonic_us(), ours = clock_now_us();

	TRY(store->driver->clock(work, &theirs));

	int64_t took = clock_monotonic_us() - started;
	if (took < 1000000) {
		store->clock_offset_us += theirs - (ours + took / 2);
		clock_set_offset_us(store->clock_offset_us);
	}
	return OK;
}

enum err store_measure_clock(struct work *work, int64_t *offset_us)
{
	struct store *store = work->db ? work->db->store : NULL;
	enum err err = OK;

	if (!store)
		return fault(work, ERR_STORE, "no connection to the store here");
	pthread_mutex_lock(&store->clock_lock);
	if (store->driver->clock)
		err = measure(work, store);
	if (err == OK)
		*offset_us = store->clock_offset_us;
	pthread_mutex_unlock(&store->clock_lock);
	return err;
}

struct db *db_open(struct store *store)
{
	return store->driver->connect(store);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	assert(!db->tx.open);
	db->store->driver->disconnect(db);
}
