/* db_sqlite.c: the SQLite driver: a reader for each thread, one writer for all (sqlite_writer.h).
 *
 * WAL with synchronous=FULL: a commit is on disk before it is answered. A transaction is a
 * savepoint in the writer's shared one; a single writing statement needs none, since SQLite undoes
 * a statement that fails by itself. */
#include <sqlite3.h>

#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"

#include "store/driver.h"
#include "store/sqlite_file.h"
#include "store/sqlite_writer.h"

struct sqlite_store {
	struct store base;
	char *path;
	struct writer writer;
};

struct sqlite_db {
	struct db base;
	sqlite3 *reader;
	struct statements kept; /* of the reader */
	struct seat seat;
	bool entered; /* the open transaction has the writer */
};

/* One connection with its statements: the reader or the writer. */
struct side {
	sqlite3 *handle;
	struct statements *kept;
};

static const char savepoint[] = "SAVEPOINT work";
static const char release[] = "RELEASE work";
static const char undo[] = "ROLLBACK TO work";

static struct sqlite_store *store_of(const struct db *db)
{
	return (struct sqlite_store *)db->store;
}

static struct side writer_of(const struct db *db)
{
	struct writer *writer = &store_of(db)->writer;

	return (struct side){ .handle = writer->handle, .kept = &writer->kept };
}

static enum err meaning_of(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ERR_CONFLICT;
	default:
		break;
	}
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_NOMEM:
	case SQLITE_PROTOCOL:
	case SQLITE_INTERRUPT:
		return ERR_STORE;
	default:
		return ERR_INTERNAL;
	}
}

static enum err refused(const struct side *side, struct work *work)
{
	return fault(work, meaning_of(sqlite3_extended_errcode(side->handle)), "sqlite: %s",
		     sqlite3_errmsg(side->handle));
}

static enum err prepare(const struct side *side, struct work *work, const char *sql, struct statement **out)
{
	struct statement *statement = statements_get(side->kept, sql);
	sqlite3_stmt *made = NULL;

	*out = statement;
	if (statement->ready)
		return OK;
	if (sqlite3_prepare_v3(side->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL) != SQLITE_OK)
		return refused(side, work);

	int params = sqlite3_bind_parameter_count(made);
	assert(made && params <= STATEMENT_VALUES);
	/* SQLite numbers $2 before $1 when it comes first; the name says which value is meant. */
	for (int i = 1; i <= params; i++)
		statement->order[i - 1] =
			(uint8_t)(strtol(sqlite3_bind_parameter_name(made, i) + 1, NULL, 10) - 1);
	statement->handle = made;
	statement->writes = !sqlite3_stmt_readonly(made);
	statement->ready = true;
	return OK;
}

static int bind(sqlite3_stmt *stmt, int at, const struct value *value)
{
	switch (value->kind) {
	case VALUE_INT:
	case VALUE_BOOL:
		return sqlite3_bind_int64(stmt, at, value->number);
	case VALUE_TEXT:
		return sqlite3_bind_text64(stmt, at, value->at, value->size, SQLITE_STATIC, SQLITE_UTF8);
	case VALUE_BYTES:
		return sqlite3_bind_blob64(stmt, at, value->at, value->size, SQLITE_STATIC);
	case VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}

static enum err bind_all(const struct side *side, struct work *work, struct statement *statement,
			 const struct call *call)
{
	int params = sqlite3_bind_parameter_count(statement->handle);

	assert(statement->params <= call->count && (params == 0 || call->values));
	for (int i = 1; i <= params; i++) {
		if (bind(statement->handle, i, &call->values[statement->order[i - 1]]) != SQLITE_OK)
			return refused(side, work);
	}
	return OK;
}

static struct value read_cell(struct arena *arena, sqlite3_stmt *stmt, int column)
{
	struct value value = { .kind = VALUE_NULL };
	const void *at;

	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_NULL:
		return value;
	case SQLITE_INTEGER:
		return V_INT(sqlite3_column_int64(stmt, column));
	case SQLITE_BLOB:
		at = sqlite3_column_blob(stmt, column);
		value.kind = VALUE_BYTES;
		break;
	default:
		at = sqlite3_column_text(stmt, column);
		value.kind = VALUE_TEXT;
		break;
	}
	value.size = (size_t)sqlite3_column_bytes(stmt, column);
	value.at = arena_textn(arena, at ? at : "", value.size);
	return value;
}

struct gathering {
	struct rows rows;
	struct value *cells;
	size_t room; /* rows */
};

static void gather(struct arena *arena, struct gathering *to, sqlite3_stmt *stmt)
{
	size_t columns = to->rows.columns = (size_t)sqlite3_column_count(stmt);

	if (to->rows.count == to->room) {
		size_t room = to->room ? to->room * 4 : 1;
		struct value *wider = arena_array(arena, struct value, room * columns);

		if (to->cells)
			memcpy(wider, to->cells, to->room * columns * sizeof *wider);
		to->cells = wider;
		to->room = room;
	}
	for (size_t i = 0; i < columns; i++)
		to->cells[to->rows.count * columns + i] = read_cell(arena, stmt, (int)i);
	to->rows.cells = to->cells;
	to->rows.count++;
}

static enum err step_all(const struct side *side, struct work *work, sqlite3_stmt *stmt, struct rows *rows)
{
	struct gathering found = { 0 };
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (rows)
			gather(work->arena, &found, stmt);
	}
	if (rc != SQLITE_DONE)
		return refused(side, work);
	if (rows)
		*rows = found.rows;
	return OK;
}

static enum err run_on(const struct side *side, struct work *work, const struct call *call)
{
	struct statement *statement;

	TRY(prepare(side, work, call->sql, &statement));
	enum err err = bind_all(side, work, statement, call);
	if (err == OK)
		err = step_all(side, work, statement->handle, call->rows);
	sqlite3_reset(statement->handle);
	sqlite3_clear_bindings(statement->handle); /* they point into the caller's memory */
	return err;
}

static enum err plain(const struct side *side, struct work *work, const char *sql)
{
	return run_on(side, work, &(struct call){ .sql = sql });
}

static enum err enter(struct sqlite_db *db, struct work *work)
{
	const char *why;

	if (writer_enter(&store_of(&db->base)->writer, &db->seat, &why))
		return OK;
	return fault(work, ERR_STORE, "sqlite: %s", why);
}

/* Leaves the writer; what went well is on disk when this answers OK. */
static enum err leave(struct sqlite_db *db, struct work *work, enum err err)
{
	struct sqlite_store *store = store_of(&db->base);

	if (err != OK) {
		writer_quit(&store->writer, &db->seat);
		return err;
	}
	if (!writer_leave(&store->writer, &db->seat))
		return fault(work, ERR_STORE, "sqlite: the commit did not reach the disk in time");
	store->base.failed_at_us = 0;
	return OK;
}

/* A write outside a transaction: one of its own. */
static enum err run_alone(struct sqlite_db *db, struct work *work, const struct call *call)
{
	struct side writer = writer_of(&db->base);

	TRY(enter(db, work));
	return leave(db, work, run_on(&writer, work, call));
}

static enum err run_inside(struct sqlite_db *db, struct work *work, const struct call *call)
{
	struct side writer = writer_of(&db->base);

	if (!db->entered) {
		TRY(enter(db, work));
		enum err err = plain(&writer, work, savepoint);
		if (err != OK)
			return leave(db, work, err);
		db->entered = true;
	}
	return run_on(&writer, work, call);
}

static enum err run_one(struct sqlite_db *db, struct work *work, const struct call *call)
{
	struct side reader = { .handle = db->reader, .kept = &db->kept };
	struct statement *statement;

	if (db->base.tx.open)
		return run_inside(db, work, call);
	TRY(prepare(&reader, work, call->sql, &statement));
	if (statement->writes)
		return run_alone(db, work, call);
	return run_on(&reader, work, call);
}

static enum err sqlite_run(struct db *base, struct work *work, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		TRY(run_one((struct sqlite_db *)base, work, &calls[i]));
	return OK;
}

static enum err sqlite_also(struct db *base, struct work *work, const struct call *call)
{
	return run_inside((struct sqlite_db *)base, work, call);
}

/* Undoes the savepoint; whatever SQLite rolled back by itself already has none any more. */
static void undo_work(struct sqlite_db *db, struct work *work)
{
	struct side writer = writer_of(&db->base);

	if (sqlite3_get_autocommit(writer.handle))
		return;
	/* That cannot fail while the savepoint is there; if it did, nothing may be committed. */
	if (plain(&writer, work, undo) != OK || plain(&writer, work, release) != OK)
		sqlite3_exec(writer.handle, "ROLLBACK", NULL, NULL, NULL);
}

static void sqlite_rollback(struct db *base, struct work *work)
{
	struct sqlite_db *db = (struct sqlite_db *)base;
	enum err first = work->err;
	const char *reason = work->reason;

	if (!db->entered)
		return;
	undo_work(db, work);
	db->entered = false;
	writer_quit(&store_of(base)->writer, &db->seat);
	work->err = first;
	work->reason = reason;
}

static enum err sqlite_commit(struct db *base, struct work *work)
{
	struct sqlite_db *db = (struct sqlite_db *)base;
	struct side writer = writer_of(base);

	if (!db->entered)
		return OK;
	enum err err = plain(&writer, work, release);
	if (err != OK) {
		sqlite_rollback(base, work);
		return err;
	}
	db->entered = false;
	return leave(db, work, OK);
}

/* Each row stands for itself: SQLite undoes a statement that fails. */
static void append_rows(const struct side *writer, struct work *work, struct append *append)
{
	for (const struct append_row *row = append->rows; row; row = row->next) {
		enum err err = run_on(writer, work, &row->call);

		if (err != OK)
			append_failed(append, err, work->reason);
	}
}

static void sqlite_append(struct db *base, struct work *work, struct append *batch)
{
	struct sqlite_db *db = (struct sqlite_db *)base;
	struct side writer = writer_of(base);
	enum err err = enter(db, work);

	if (err == OK) {
		for (struct append *a = batch; a; a = a->next)
			append_rows(&writer, work, a);
		err = leave(db, work, OK);
	}
	for (struct append *a = err == OK ? NULL : batch; a; a = a->next)
		append_failed(a, err, work->reason);
}

static struct db *sqlite_connect(struct store *base)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct sqlite_db *db;
	char why[256];
	sqlite3 *reader = sqlite_file_open(store->path, FILE_READER, why, sizeof why);

	if (!reader)
		return NULL;
	db = calloc(1, sizeof *db);
	assert(db);
	db->base.store = base;
	db->reader = reader;
	seat_init(&db->seat);
	return &db->base;
}

static void finalize(void *handle)
{
	sqlite3_finalize(handle);
}

static void sqlite_disconnect(struct db *base)
{
	struct sqlite_db *db = (struct sqlite_db *)base;

	statements_forget(&db->kept, finalize);
	sqlite3_close(db->reader);
	seat_done(&db->seat);
	free(db);
}

static void sqlite_close(struct store *base)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	writer_done(&store->writer);
	free(store->path);
	free(store);
}

static const struct driver sqlite_driver = {
	.connect = sqlite_connect,
	.disconnect = sqlite_disconnect,
	.run = sqlite_run,
	.also = sqlite_also,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.append = sqlite_append,
	.close = sqlite_close,
};

/* Before SQLite's first use: nobody asks it for numbers of its memory, and counting them would take one lock
 * for all threads at every allocation. Each connection is used by one thread at a time. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
}

enum err sqlite_open(const char *path, struct store **out, char *message, size_t size)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	sqlite3 *handle = NULL;

	pthread_once(&configured, configure);
	TRY(sqlite_file_ready(path, &handle, message, size));

	struct sqlite_store *store = calloc(1, sizeof *store);
	assert(store);
	store_init(&store->base, &sqlite_driver);
	store->path = strdup(path);
	assert(store->path);
	writer_init(&store->writer, handle);
	*out = &store->base;
	return OK;
}
