/* events.c: the audit's rows. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/db.h"
#include "store/events.h"

static const char add_event[] = "INSERT INTO event (practice_id, id, at_us, type, outcome, actor, target, "
				"body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

enum err events_add(struct work *work, const struct event_row *row)
{
	const struct value values[] = {
		V_TEXT(work->practice ? work->practice : ""),
		V_TEXT(row->id),
		V_INT(row->at_us),
		V_TEXT(row->type),
		V_TEXT(row->outcome),
		V_TEXT(row->actor),
		V_TEXT(row->target),
		V_TEXT(row->body),
	};
	struct tx *tx = tx_of(work);

	return tx ? tx_also_values(tx, add_event, values, COUNT(values))
		  : db_append_values(work, add_event, values, COUNT(values));
}

static const char list_events[] = "SELECT id, at_us, type, outcome, actor, target, body FROM event WHERE "
				  "practice_id = $1 AND at_us < $2"
				  " AND (CAST($3 AS TEXT) IS NULL OR substr(type, 1, length($3)) = $3) ORDER "
				  "BY at_us DESC, id DESC LIMIT $4";

enum err events_list(struct work *work, const char *type_prefix, int64_t before_us, int64_t max,
		     struct event_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, list_events, V_TEXT(work->practice ? work->practice : ""),
		   V_INT(before_us ? before_us : INT64_MAX), V_TEXT(type_prefix), V_INT(max)));
	*out = arena_array(work->arena, struct event_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = (struct event_row){
			.id = rows_text(&rows, i, 0),
			.at_us = rows_int(&rows, i, 1),
			.type = rows_text(&rows, i, 2),
			.outcome = rows_text(&rows, i, 3),
			.actor = rows_text(&rows, i, 4),
			.target = rows_text(&rows, i, 5),
			.body = rows_text(&rows, i, 6),
		};
	return OK;
}
