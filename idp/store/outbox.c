/* outbox.c: the table outbox. */
#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"

#include "store/db.h"
#include "store/outbox.h"

enum { FIRST_WAIT = 5, LONGEST_WAIT = 3600 };

static const char add[] =
	"INSERT INTO outbox (id, practice_id, kind, target, body, tries, next_at, created_at)"
	" VALUES ($1, $2, $3, $4, $5, 0, $6, $6)";
/* The outer next_at is read again under the row's lock: of two nodes that saw the row due, the
 * second finds it leased. */
static const char take[] = "UPDATE outbox SET next_at = $2, tries = tries + 1"
			   " WHERE id IN (SELECT id FROM outbox WHERE next_at <= $1 ORDER BY next_at, id "
			   "LIMIT $3) AND next_at <= $1"
			   " RETURNING id, practice_id, kind, target, body, tries, next_at, created_at";
static const char done[] = "DELETE FROM outbox WHERE id = $1";
static const char later[] = "UPDATE outbox SET next_at = $2 WHERE id = $1";
static const char waiting[] = "SELECT id, practice_id, kind, target, body, tries, next_at, created_at"
			      " FROM outbox WHERE practice_id = $1 ORDER BY created_at, id LIMIT $2";

static void read_list(struct work *work, const struct rows *rows, struct outbox_list *out)
{
	struct outbox_row *list = arena_array(work->arena, struct outbox_row, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++) {
		list[i] = (struct outbox_row){
			.id = rows_text(rows, i, 0),
			.practice_id = rows_text(rows, i, 1),
			.kind = rows_text(rows, i, 2),
			.target = rows_text(rows, i, 3),
			.body = rows_text(rows, i, 4),
			.tries = rows_int(rows, i, 5),
			.next_at = rows_int(rows, i, 6),
			.created_at = rows_int(rows, i, 7),
		};
	}
	*out = (struct outbox_list){ .rows = list, .count = rows->count };
}

enum err outbox_add(struct work *work, const struct outbox_row *row)
{
	assert(tx_is_open(work));
	return tx_also(tx_of(work), add, V_TEXT(row->id), V_TEXT(row->practice_id), V_TEXT(row->kind),
		       V_TEXT(row->target), V_TEXT(row->body), V_INT(work->now));
}

enum err outbox_take(struct work *work, int64_t lease_seconds, int64_t limit, struct outbox_list *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, take, V_INT(work->now), V_INT(work->now + lease_seconds), V_INT(limit)));
	read_list(work, &rows, out);
	return OK;
}

enum err outbox_done(struct work *work, const char *id)
{
	return db_run(work, NULL, done, V_TEXT(id));
}

enum err outbox_later(struct work *work, const struct outbox_row *row)
{
	int64_t wait = FIRST_WAIT;

	for (int64_t i = 1; i < row->tries && wait < LONGEST_WAIT; i++)
		wait *= 2;
	return db_run(work, NULL, later, V_TEXT(row->id),
		      V_INT(work->now + (wait < LONGEST_WAIT ? wait : LONGEST_WAIT)));
}

enum err outbox_waiting(struct work *work, const char *practice_id, int64_t limit, struct outbox_list *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, waiting, V_TEXT(practice_id), V_INT(limit)));
	read_list(work, &rows, out);
	return OK;
}
