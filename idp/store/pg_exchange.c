/* pg_exchange.c: one round trip to PostgreSQL: a pipeline of statements and one sync. */
#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/pg_wait.h"
#include "store/pg_wire.h"

/* For the session, not the transaction: it is sent again only when the practice changes. */
static const char stand_in[] = "SELECT set_config('lanyard.practice', $1, false)";

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23 };

enum err pg_meaning(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum err err;
	} meanings[] = {
		{ "23505", ERR_CONFLICT }, /* unique */
		{ "23503", ERR_CONFLICT }, /* foreign key */
		{ "08", ERR_STORE },       /* connection */
		{ "25006", ERR_STORE },    /* a standby, or switched to read only */
		{ "26000", ERR_STORE },    /* a pooler changed the connection under us */
		{ "40", ERR_STORE },       /* deadlock; rolled back */
		{ "53", ERR_STORE },       /* disk full, too many connections */
		{ "55P03", ERR_STORE },    /* lock_timeout */
		{ "57", ERR_STORE },       /* statement_timeout, shutdown */
		{ "58", ERR_STORE },       /* I/O */
		{ "XX", ERR_STORE },
	};

	for (size_t i = 0; i < COUNT(meanings); i++) {
		if (text_starts(sqlstate, meanings[i].prefix))
			return meanings[i].err;
	}
	return ERR_INTERNAL;
}

static void add_step(struct exchange *x, int sent, struct step step)
{
	assert(x->count < EXCHANGE_STEPS);
	if (!sent)
		x->sent = false;
	else
		x->steps[x->count++] = step;
}

void exchange_begin(struct exchange *x, struct wire *wire, struct work *work, int64_t deadline_us)
{
	x->wire = wire;
	x->work = work;
	x->deadline_us = deadline_us;
	x->count = 0;
	x->sent = true;
	x->commits = !wire->in_tx;
	x->standing = wire->practice_known ? wire->practice : NULL;
	wire->warned = false;
}

static void name_of(const struct statement *statement, char *out, size_t size)
{
	snprintf(out, size, "s%u", statement->number);
}

/* Values as libpq takes them: text, but bytes as they are. */
struct packed {
	const char *at[STATEMENT_VALUES];
	int lengths[STATEMENT_VALUES];
	int formats[STATEMENT_VALUES];
	char numbers[STATEMENT_VALUES][24];
};

static void pack(struct packed *packed, size_t i, const struct value *value)
{
	packed->at[i] = value->at;
	packed->formats[i] = 0;
	packed->lengths[i] = 0;
	switch (value->kind) {
	case VALUE_NULL:
		packed->at[i] = NULL;
		break;
	case VALUE_BOOL:
		packed->at[i] = value->number ? "t" : "f";
		break;
	case VALUE_INT:
		snprintf(packed->numbers[i], sizeof packed->numbers[i], "%" PRId64, value->number);
		packed->at[i] = packed->numbers[i];
		break;
	case VALUE_BYTES:
		assert(value->size <= INT32_MAX);
		packed->formats[i] = 1;
		packed->lengths[i] = (int)value->size;
		break;
	case VALUE_TEXT:
		break;
	}
}

static void send_call(struct exchange *x, const struct call *call, struct step step)
{
	struct statement *statement = statements_get(&x->wire->kept, call->sql);
	struct packed packed;
	char name[16];

	name_of(statement, name, sizeof name);
	if (!statement->ready && !statement->asked) {
		/* Types are the server's to infer, so that a statement means the same whatever comes first.
		 */
		statement->asked = true;
		add_step(x, PQsendPrepare(x->wire->conn, name, call->sql, 0, NULL),
			 (struct step){ .kind = STEP_PREPARE, .statement = statement });
	}
	assert(statement->params <= call->count);
	for (size_t i = 0; i < statement->params; i++)
		pack(&packed, i, &call->values[i]);
	add_step(x,
		 PQsendQueryPrepared(x->wire->conn, name, (int)statement->params, packed.at, packed.lengths,
				     packed.formats, 0),
		 step);
}

void exchange_plain(struct exchange *x, enum step_kind kind, const char *word)
{
	x->commits = kind == STEP_COMMIT;
	send_call(x, &(struct call){ .sql = word }, (struct step){ .kind = kind });
}

static void stand(struct exchange *x, const char *practice)
{
	const struct value value = V_TEXT(practice);

	if (x->standing && text_equal(x->standing, practice))
		return;
	send_call(x, &(struct call){ .sql = stand_in, .values = &value, .count = 1 },
		  (struct step){ .kind = STEP_WALL });
	x->standing = practice;
}

void exchange_call(struct exchange *x, const char *practice, const struct call *call)
{
	stand(x, practice ? practice : "");
	send_call(x, call, (struct step){ .kind = STEP_CALL, .rows = call->rows });
}

static struct value read_hex(struct arena *arena, const char *text, size_t size)
{
	/* "\x" and two digits a byte (bytea_output = hex). */
	size_t count = size >= 2 ? size / 2 - 1 : 0;
	uint8_t *bytes = arena_alloc(arena, count + 1);

	for (size_t i = 0; i < count; i++) {
		const char pair[3] = { text[2 + 2 * i], text[3 + 2 * i], '\0' };

		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (struct value){ .kind = VALUE_BYTES, .at = bytes, .size = count };
}

static bool read_cell(struct arena *arena, const PGresult *result, int row, int column, struct value *out)
{
	const char *text = PQgetvalue(result, row, column);
	size_t size = (size_t)PQgetlength(result, row, column);
	int64_t number;

	if (PQgetisnull(result, row, column)) {
		*out = V_NULL();
		return true;
	}
	switch (PQftype(result, column)) {
	case OID_BOOL:
		*out = V_BOOL(text[0] == 't');
		return true;
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
		if (!text_to_int(text, INT64_MIN, INT64_MAX, &number))
			return false;
		*out = V_INT(number);
		return true;
	case OID_BYTEA:
		*out = read_hex(arena, text, size);
		return true;
	default:
		*out = (struct value){ .kind = VALUE_TEXT,
				       .at = arena_textn(arena, text, size),
				       .size = size };
		return true;
	}
}

bool pg_read_rows(struct arena *arena, const PGresult *result, struct rows *out)
{
	size_t rows = (size_t)PQntuples(result), columns = (size_t)PQnfields(result);
	struct value *cells = arena_array(arena, struct value, rows * columns + 1);

	for (size_t i = 0; i < rows * columns; i++) {
		if (!read_cell(arena, result, (int)(i / columns), (int)(i % columns), &cells[i]))
			return false;
	}
	*out = (struct rows){ .count = rows, .columns = columns, .cells = cells };
	return true;
}

/* Class 22 messages quote the value that was wrong: its kind must do. */
static enum err refused(struct exchange *x, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *told = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!state)
		return fault(x->work, ERR_STORE, "postgresql: %s", "the connection was lost");
	return fault(x->work, pg_meaning(state), "postgresql: %s %s", state,
		     told && !text_starts(state, "22") ? told : "");
}

static enum err take_result(struct exchange *x, struct step *step, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_PIPELINE_ABORTED)
		return OK; /* for a failure before it, which is already told */
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return refused(x, result);
	if (step->kind == STEP_PREPARE)
		step->statement->ready = true;
	/* COMMIT of a transaction that failed answers ROLLBACK, without an error. */
	if (step->kind == STEP_COMMIT && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return fault(x->work, ERR_STORE, "postgresql: the transaction was rolled back");
	if (step->kind == STEP_CALL && step->rows && !pg_read_rows(x->work->arena, result, step->rows))
		return fault(x->work, ERR_INTERNAL, "postgresql: a number that is none");
	return OK;
}

static enum err lost(struct exchange *x)
{
	bool late = PQstatus(x->wire->conn) == CONNECTION_OK;

	wire_drop(x->wire);
	return fault(x->work, ERR_STORE, "postgresql: %s",
		     late ? "no answer in time" : "the connection was lost");
}

/* Reads up to the sync. What comes after the last step is the commit's own failure. */
static enum err read_all(struct exchange *x)
{
	enum err first = OK;
	PGresult *result;

	for (size_t at = 0;;) {
		if (!pg_wait_result(x->wire->conn, x->deadline_us, &result))
			return lost(x);
		if (result && PQresultStatus(result) == PGRES_PIPELINE_SYNC)
			break;
		if (result && first == OK)
			first = at < x->count ? take_result(x, &x->steps[at], result) : refused(x, result);
		at += result != NULL;
		PQclear(result);
		if (PQstatus(x->wire->conn) != CONNECTION_OK)
			return lost(x);
	}
	PQclear(result);
	return first;
}

static void remember_practice(struct wire *wire, const char *standing)
{
	wire->practice_known = standing && strlen(standing) < sizeof wire->practice;
	if (wire->practice_known && standing != wire->practice)
		snprintf(wire->practice, sizeof wire->practice, "%s", standing);
}

enum err exchange_end(struct exchange *x)
{
	struct wire *wire = x->wire;

	if (!x->sent || !PQpipelineSync(wire->conn))
		return lost(x);

	enum err err = read_all(x);
	if (!wire->conn)
		return err;
	for (size_t i = 0; i < x->count; i++) {
		if (x->steps[i].kind == STEP_PREPARE)
			x->steps[i].statement->asked = false;
	}
	/* A rollback takes the setting back with it. */
	remember_practice(wire, err == OK ? x->standing : NULL);
	if (err == OK && x->commits && wire->warned) {
		wire_drop(wire);
		return fault(x->work, ERR_STORE,
			     "postgresql: a warning came with the commit; its safety is unknown");
	}
	return err;
}
