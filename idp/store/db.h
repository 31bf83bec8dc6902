/* db.h: run a statement, read rows, hold a transaction: one SQL text on SQLite and PostgreSQL.
 *
 * The common dialect: TEXT, BIGINT (unix seconds), BOOLEAN with TRUE/FALSE, BYTEA; $n parameters;
 * INSERT ... ON CONFLICT DO UPDATE/NOTHING ... RETURNING; UPDATE/DELETE ... RETURNING; no now(), no
 * FOR UPDATE, no = ANY, no writing WITH. What may happen once is one statement, and zero rows is the
 * answer "already". Never read "rows changed": use RETURNING and count.
 *
 * A statement is a `static const char name[]`: its address names the prepared statement that each
 * connection keeps, so never build one at run time.
 *
 * The wall. Before each statement the driver sees to it that the connection stands in
 * work->practice (PostgreSQL: connections run as lanyard_app and the setting lanyard.practice is
 * what row-level security compares; SQLite: nothing). Every statement on a tenant table names
 * practice_id itself too: that is the first lock. Without a practice a walled table (001-spine.sql,
 * "-- wall:") shows nothing. The walls are forced: no connection sees two practices at once, the
 * owner's neither. Work for all practices goes from one to the next (store/sweep.c).
 *
 * What has failed inside a transaction has broken it on both engines: further statements and the
 * commit answer the first failure.
 *
 * Durability. What db_run (outside a transaction) or tx_commit answered with OK is on disk
 * (SQLite: WAL with synchronous=FULL, concurrent writers share one commit; PostgreSQL:
 * synchronous_commit=on). A transaction holds SQLite's one writer: between tx_begin and tx_commit
 * there is SQL and nothing slow, no hashing, no signing, no network.
 *
 * Errors: ERR_STORE (cannot be reached, disk full, deadline of 3 s; the outcome of a commit is then
 * unknown: hand out nothing), ERR_CONFLICT (a unique or foreign key said no), ERR_INTERNAL (our
 * SQL is wrong; asserted in tests). A statement is never sent twice.
 *
 * PostgreSQL infers the types of parameters: where nothing around one tells its type, write
 * CAST($1 AS BIGINT). A pooler between must keep sessions (prepared statements, SET ROLE). */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/base.h"

struct work;
struct arena;
struct store; /* one per process: address, writer, clock offset */
struct db;    /* one thread's connection(s), prepared statements kept */

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_BOOL, VALUE_TEXT, VALUE_BYTES };
struct value {
	enum value_kind kind;
	int64_t number; /* INT, BOOL */
	const void *at; /* TEXT (NUL-terminated too), BYTES */
	size_t size;
};
/* It takes these functions for struct definitions. */
/* clang-format off */
static inline struct value V_NULL(void)
{
	return (struct value){ .kind = VALUE_NULL };
}
static inline struct value V_INT(int64_t n)
{
	return (struct value){ .kind = VALUE_INT, .number = n };
}
static inline struct value V_BOOL(bool b)
{
	return (struct value){ .kind = VALUE_BOOL, .number = b };
}
/* NULL text is SQL NULL. */
static inline struct value V_TEXT(const char *t)
{
	return t ? (struct value){ .kind = VALUE_TEXT, .at = t, .size = strlen(t) } : V_NULL();
}
static inline struct value V_BYTES(struct bytes b)
{
	return b.at ? (struct value){ .kind = VALUE_BYTES, .at = b.at, .size = b.size } : V_NULL();
}
/* 0 is SQL NULL: for times that may be unset. */
static inline struct value V_TIME(int64_t t)
{
	return t ? V_INT(t) : V_NULL();
}
/* clang-format on */

/* All rows of an answer, copied into the work's arena. */
struct rows {
	size_t count;
	size_t columns;
	const struct value *cells; /* row by row */
};
const char *rows_text(const struct rows *rows, size_t row, size_t column); /* NULL for SQL NULL */
int64_t rows_int(const struct rows *rows, size_t row, size_t column);      /* 0 for SQL NULL */
bool rows_bool(const struct rows *rows, size_t row, size_t column);        /* false for SQL NULL */
bool rows_null(const struct rows *rows, size_t row, size_t column);
struct bytes rows_bytes(const struct rows *rows, size_t row, size_t column); /* at NULL for SQL NULL */

/* Runs one statement; rows may be NULL when the answer has none. Inside an open transaction of
 * this work it is part of it, outside it commits by itself:
 *	TRY(db_run(w, &rows, spend_code, V_TEXT(hash), V_INT(w->now)));
 * At least one parameter; statements without any pass V_NULL() and do not name it. */
#define db_run(work, rows, sql, ...)                                                                         \
	db_run_values((work), (rows), (sql), (const struct value[]){ __VA_ARGS__ },                          \
		      COUNT(((const struct value[]){ __VA_ARGS__ })))
enum err db_run_values(struct work *work, struct rows *rows, const char *sql, const struct value *values,
		       size_t count) MUST_USE;

/* Several statements in one go (PostgreSQL: one round trip), in their order; each sees what those before it
 * did. Outside a transaction they only read. rows may be NULL; values live until it returns. */
struct call {
	const char *sql;
	const struct value *values;
	size_t count;
	struct rows *rows;
};
enum { CALLS_MAX = 16 };
enum err db_run_calls(struct work *work, const struct call *calls, size_t count) MUST_USE;
/* Makes one; values are copied into the work's arena. */
#define db_call(work, rows, sql, ...)                                                                        \
	db_call_values((work), (rows), (sql), (const struct value[]){ __VA_ARGS__ },                         \
		       COUNT(((const struct value[]){ __VA_ARGS__ })))
struct call db_call_values(struct work *work, struct rows *rows, const char *sql, const struct value *values,
			   size_t count);

/* A statement whose answer nobody reads, to be sent together with the next statement or the commit
 * (PostgreSQL: one round trip; SQLite: at once). Only inside a transaction. Its failure is the
 * commit's failure. Values are copied. */
#define tx_also(tx, sql, ...)                                                                                \
	tx_also_values((tx), (sql), (const struct value[]){ __VA_ARGS__ },                                   \
		       COUNT(((const struct value[]){ __VA_ARGS__ })))
struct tx {
	struct work *work;
	bool open;
	enum err broken; /* the first failure inside: commit answers it */
};
/* A transaction is a scope: leaving without commit rolls back. Not nested: a store function that
 * writes takes part in its caller's transaction, if one is open, by calling db_run.
 *	AUTO(tx_end) struct tx tx = tx_begin(w);
 *	TRY(accounts_insert(w, &account));
 *	TRY(audit(w, &event));
 *	return tx_commit(&tx);            */
struct tx tx_begin(struct work *work);
enum err tx_also_values(struct tx *tx, const char *sql, const struct value *values, size_t count) MUST_USE;
enum err tx_commit(struct tx *tx) MUST_USE;
void tx_end(struct tx *tx);
bool tx_is_open(const struct work *work);
/* The open transaction of this work, or NULL. */
struct tx *tx_of(const struct work *work);

/* One append-only row with nothing to decide (an audit event of a read-only grant): concurrent
 * callers, on either store, share one commit and each returns when it is on disk. Not inside a
 * transaction. The row's practice is work->practice. */
#define db_append(work, sql, ...)                                                                            \
	db_append_values((work), (sql), (const struct value[]){ __VA_ARGS__ },                               \
			 COUNT(((const struct value[]){ __VA_ARGS__ })))
enum err db_append_values(struct work *work, const char *sql, const struct value *values,
			  size_t count) MUST_USE;

/* An answer can wait for its rows without a thread that waits. After db_collect, db_append only notes the
 * row; db_settle has what was noted written in such a shared commit and takes the connection from the work.
 * then(thing, err, why) is called once, by any thread, maybe before db_settle returns: OK means on disk.
 * Until then the work and its arena stay as they are. False: nothing was noted, then is not called. */
void db_collect(struct work *work);
bool db_settle(struct work *work, void (*then)(void *thing, enum err err, const char *why),
	       void *thing) MUST_USE;

/* Opens by address: "sqlite:PATH" or "postgresql://...". Migrates an empty or older store under a
 * lock, refuses a newer one. On failure *message says why and what to do. ca_file: for libpq TLS. */
enum err store_open(const char *address, const char *ca_file, struct store **out, char *message,
		    size_t message_size) MUST_USE;
void store_close(struct store *store); /* after every db_close */
bool store_is_sqlite(const struct store *store);
/* True while statements go through (for readiness). */
bool store_is_up(struct store *store);
/* Measures the store's clock against ours (PostgreSQL; 0 for SQLite) and keeps it for work_begin. */
enum err store_measure_clock(struct work *work, int64_t *offset_us) MUST_USE;
/* The number of the newest migration here, and in the store. */
int64_t schema_newest(void);
enum err schema_present(struct work *work, int64_t *out) MUST_USE;

/* A connection for one thread. On PostgreSQL it connects with its first statement, and again after a
 * loss: the statement that noticed answers ERR_STORE, unless nothing was sent yet. NULL: SQLite's file
 * cannot be opened now. */
struct db *db_open(struct store *store);
void db_close(struct db *db);

#ifdef LANYARD_FAULTS
/* Tests: the n-th statement or commit from now answers ERR_STORE and does not happen. 0: none. */
void store_fault_after(int64_t n);
#endif

#endif
