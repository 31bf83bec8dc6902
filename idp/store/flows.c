/* flows.c: the table flow. */
#include "base/base.h"
#include "base/app.h"

#include "store/db.h"
#include "store/flows.h"

static const char insert[] =
	"INSERT INTO flow (id, browser_hash, kind, ask, state, version, created_at, expires_at, finished_at)"
	" VALUES ($1, $2, $3, $4, $5, 1, $6, $7, NULL)";
static const char find[] =
	"SELECT id, browser_hash, kind, ask, state, version, created_at, expires_at, finished_at"
	" FROM flow WHERE id = $1 AND expires_at > $2";
static const char update[] =
	"UPDATE flow SET state = $3, version = version + 1"
	" WHERE id = $1 AND version = $2 AND finished_at IS NULL AND expires_at > $4 RETURNING version";
static const char finish[] =
	"UPDATE flow SET finished_at = $3, version = version + 1"
	" WHERE id = $1 AND version = $2 AND finished_at IS NULL AND expires_at > $3 RETURNING version";

enum err flows_insert(struct work *work, const struct flow_row *flow)
{
	return db_run(work, NULL, insert, V_TEXT(flow->id), V_TEXT(flow->browser_hash), V_TEXT(flow->kind),
		      V_TEXT(flow->ask), V_TEXT(flow->state), V_INT(work->now), V_INT(flow->expires_at));
}

enum err flows_find(struct work *work, const char *id, struct flow_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find, V_TEXT(id), V_INT(work->now)));
	*found = rows.count == 1;
	if (!*found)
		return OK;
	*out = (struct flow_row){
		.id = rows_text(&rows, 0, 0),
		.browser_hash = rows_text(&rows, 0, 1),
		.kind = rows_text(&rows, 0, 2),
		.ask = rows_text(&rows, 0, 3),
		.state = rows_text(&rows, 0, 4),
		.version = rows_int(&rows, 0, 5),
		.created_at = rows_int(&rows, 0, 6),
		.expires_at = rows_int(&rows, 0, 7),
		.finished_at = rows_int(&rows, 0, 8),
	};
	return OK;
}

enum err flows_update(struct work *work, const char *id, int64_t version, const char *state, bool *won)
{
	struct rows rows;

	TRY(db_run(work, &rows, update, V_TEXT(id), V_INT(version), V_TEXT(state), V_INT(work->now)));
	*won = rows.count == 1;
	return OK;
}

enum err flows_finish(struct work *work, const char *id, int64_t version, bool *won)
{
	struct rows rows;

	TRY(db_run(work, &rows, finish, V_TEXT(id), V_INT(version), V_INT(work->now)));
	*won = rows.count == 1;
	return OK;
}
