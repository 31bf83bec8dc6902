/* sessions.c: signed-in sessions, and which apps took part in them. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/columns.h"
#include "store/db.h"
#include "store/connections.h"
#include "store/sessions.h"

#define PERSON ", a.email, a.given_name, a.family_name"
#define LIVE   " FROM " LIVE_SESSION " WHERE" IS_LIVE
#define ENDED                                                                                                \
	" RETURNING hash, sid, account_id, acr, amr, location_id, address, user_agent, started_at, seen_at," \
	" idle_seconds, ends_at, auth_time, account_epoch, practice_epoch,"                                  \
	" connection_id, continuity"

void session_row_read(const struct rows *rows, size_t row, size_t first, struct session_row *out)
{
	*out = (struct session_row){
		.hash = rows_text(rows, row, first),
		.sid = rows_text(rows, row, first + 1),
		.account_id = rows_text(rows, row, first + 2),
		.acr = rows_text(rows, row, first + 3),
		.amr = rows_text(rows, row, first + 4),
		.location_id = rows_text(rows, row, first + 5),
		.address = rows_text(rows, row, first + 6),
		.user_agent = rows_text(rows, row, first + 7),
		.started_at = rows_int(rows, row, first + 8),
		.seen_at = rows_int(rows, row, first + 9),
		.idle_seconds = rows_int(rows, row, first + 10),
		.ends_at = rows_int(rows, row, first + 11),
		.auth_time = rows_int(rows, row, first + 12),
		.account_epoch = rows_int(rows, row, first + 13),
		.practice_epoch = rows_int(rows, row, first + 14),
		.connection_id = rows_text(rows, row, first + 15),
		.continuity = rows_bool(rows, row, first + 16),
	};
}

/* SESSION_COLUMNS alone or with PERSON. */
static void read_row(const struct rows *rows, size_t at, struct session_row *out)
{
	session_row_read(rows, at, 0, out);
	if (rows->columns <= SESSION_WIDTH)
		return;
	out->email = rows_text(rows, at, SESSION_WIDTH);
	out->given_name = rows_text(rows, at, SESSION_WIDTH + 1);
	out->family_name = rows_text(rows, at, SESSION_WIDTH + 2);
}

static enum err read_one(const struct rows *rows, struct session_row *out)
{
	if (rows->count == 0)
		return ERR_NOT_FOUND;
	read_row(rows, 0, out);
	return OK;
}

static void read_all(struct work *work, const struct rows *rows, struct session_row **out, size_t *count)
{
	struct session_row *list = arena_array(work->arena, struct session_row, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++)
		read_row(rows, i, &list[i]);
	*out = list;
	*count = rows->count;
}

static const char insert_session[] =
	"INSERT INTO session (practice_id, hash, sid, account_id, started_at, seen_at, idle_seconds, "
	"ends_at, auth_time,"
	" acr, amr, location_id, account_epoch, practice_epoch, address, user_agent, connection_id, "
	"continuity,"
	" ended_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, NULL)";

enum err sessions_insert(struct work *work, const struct session_row *row)
{
	return db_run(work, NULL, insert_session, V_TEXT(work->practice), V_TEXT(row->hash), V_TEXT(row->sid),
		      V_TEXT(row->account_id), V_INT(row->started_at), V_INT(row->seen_at),
		      V_INT(row->idle_seconds), V_INT(row->ends_at), V_INT(row->auth_time), V_TEXT(row->acr),
		      V_TEXT(row->amr), V_TEXT(row->location_id), V_INT(row->account_epoch),
		      V_INT(row->practice_epoch), V_TEXT(row->address), V_TEXT(row->user_agent),
		      V_TEXT(row->connection_id), V_BOOL(row->continuity));
}

static const char live_by_hash[] = "SELECT " SESSION_COLUMNS PERSON LIVE " AND s.hash = $4";

enum err sessions_by_hash(struct work *work, const char *hash, int64_t practice_epoch,
			  struct session_row *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, live_by_hash, V_TEXT(work->practice), V_INT(work->now), V_INT(practice_epoch),
		   V_TEXT(hash)));
	return read_one(&rows, out);
}

static const char live_by_sid[] = "SELECT " SESSION_COLUMNS PERSON LIVE " AND s.sid = $4";

enum err sessions_by_sid(struct work *work, const char *sid, int64_t practice_epoch, struct session_row *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, live_by_sid, V_TEXT(work->practice), V_INT(work->now), V_INT(practice_epoch),
		   V_TEXT(sid)));
	return read_one(&rows, out);
}

static const char live_of_practice[] =
	"SELECT " SESSION_COLUMNS PERSON LIVE " ORDER BY s.started_at DESC, s.sid";
static const char live_of_account[] =
	"SELECT " SESSION_COLUMNS PERSON LIVE " AND s.account_id = $4 ORDER BY s.started_at DESC, s.sid";

enum err sessions_live(struct work *work, const char *account_id, int64_t practice_epoch,
		       struct session_row **out, size_t *count)
{
	struct rows rows;

	if (account_id)
		TRY(db_run(work, &rows, live_of_account, V_TEXT(work->practice), V_INT(work->now),
			   V_INT(practice_epoch), V_TEXT(account_id)));
	else
		TRY(db_run(work, &rows, live_of_practice, V_TEXT(work->practice), V_INT(work->now),
			   V_INT(practice_epoch)));
	read_all(work, &rows, out, count);
	return OK;
}

/* Time only moves forward, whichever node is last. */
static const char touch_session[] = "UPDATE session SET seen_at = $3 WHERE practice_id = $1 AND sid = $2 AND "
				    "seen_at < $3 AND ended_at IS NULL";

enum err sessions_touch(struct work *work, const char *sid)
{
	const struct value values[] = { V_TEXT(work->practice), V_TEXT(sid), V_INT(work->now) };
	struct tx *tx = tx_of(work);

	return tx ? tx_also_values(tx, touch_session, values, COUNT(values))
		  : db_run_values(work, NULL, touch_session, values, COUNT(values));
}

/* A write that changes nothing takes the row's lock on PostgreSQL; SQLite has one writer. */
static const char hold_session[] =
	"UPDATE session SET seen_at = seen_at WHERE practice_id = $1 AND sid = $4 AND ended_at IS NULL"
	" AND ends_at > $2 AND seen_at + idle_seconds > $2 AND practice_epoch >= $3"
	" AND EXISTS (SELECT 1 FROM account a WHERE a.practice_id = session.practice_id"
	" AND a.id = session.account_id AND a.disabled = FALSE AND a.epoch = session.account_epoch)"
	" RETURNING sid";

enum err sessions_hold(struct work *work, const char *sid, int64_t practice_epoch)
{
	struct rows rows;

	assert(tx_is_open(work));
	TRY(db_run(work, &rows, hold_session, V_TEXT(work->practice), V_INT(work->now), V_INT(practice_epoch),
		   V_TEXT(sid)));
	return rows.count ? OK : ERR_NOT_FOUND;
}

static const char move_session[] = "UPDATE session SET location_id = $3 WHERE practice_id = $1 AND hash = $2 "
				   "AND ended_at IS NULL RETURNING sid";

enum err sessions_set_location(struct work *work, const char *hash, const char *location_id)
{
	struct rows rows;

	TRY(db_run(work, &rows, move_session, V_TEXT(work->practice), V_TEXT(hash), V_TEXT(location_id)));
	return rows.count ? OK : ERR_NOT_FOUND;
}

static const char renew_session[] =
	"UPDATE session SET hash = $3, seen_at = $4, idle_seconds = $5, ends_at = $6, auth_time = $7, acr = "
	"$8, amr = $9,"
	" location_id = $10, account_epoch = $11, practice_epoch = $12, address = $13, user_agent = $14,"
	" connection_id = $15, continuity = $16"
	" WHERE practice_id = $1 AND hash = $2 AND ended_at IS NULL RETURNING sid";

enum err sessions_renew(struct work *work, const char *old_hash, const struct session_row *row)
{
	struct rows rows;

	TRY(db_run(work, &rows, renew_session, V_TEXT(work->practice), V_TEXT(old_hash), V_TEXT(row->hash),
		   V_INT(row->seen_at), V_INT(row->idle_seconds), V_INT(row->ends_at), V_INT(row->auth_time),
		   V_TEXT(row->acr), V_TEXT(row->amr), V_TEXT(row->location_id), V_INT(row->account_epoch),
		   V_INT(row->practice_epoch), V_TEXT(row->address), V_TEXT(row->user_agent),
		   V_TEXT(row->connection_id), V_BOOL(row->continuity)));
	return rows.count ? OK : ERR_NOT_FOUND;
}

static const char close_session[] =
	"UPDATE session SET ended_at = $3 WHERE practice_id = $1 AND sid = $2 AND ended_at IS NULL" ENDED;
static const char close_families[] = "UPDATE family SET revoked_at = $3 WHERE practice_id = $1 AND sid = $2 "
				     "AND offline = FALSE AND revoked_at IS NULL";

enum err sessions_close(struct work *work, const char *sid, struct session_row *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, close_session, V_TEXT(work->practice), V_TEXT(sid), V_INT(work->now)));
	TRY(read_one(&rows, out));
	if (out->connection_id)
		TRY(upstream_sessions_forget(work, sid));
	return db_run(work, NULL, close_families, V_TEXT(work->practice), V_TEXT(sid), V_INT(work->now));
}

static const char close_of_practice[] =
	"UPDATE session SET ended_at = $2 WHERE practice_id = $1 AND ended_at IS NULL AND ends_at > $2"
	" AND seen_at + idle_seconds > $2" ENDED;
static const char close_of_account[] = "UPDATE session SET ended_at = $2 WHERE practice_id = $1 AND "
				       "account_id = $3 AND ended_at IS NULL AND ends_at > $2"
				       " AND seen_at + idle_seconds > $2" ENDED;
static const char next_epoch[] = "UPDATE account SET epoch = epoch + 1 WHERE practice_id = $1 AND id = $2";

/* Nobody is asked about them any more. */
static enum err forget_all(struct work *work, const struct session_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].connection_id)
			TRY(upstream_sessions_forget(work, rows[i].sid));
	return OK;
}

enum err sessions_close_all(struct work *work, const char *account_id, struct session_row **out,
			    size_t *count)
{
	struct rows rows;

	if (!account_id) {
		TRY(db_run(work, &rows, close_of_practice, V_TEXT(work->practice), V_INT(work->now)));
	} else {
		TRY(db_run(work, &rows, close_of_account, V_TEXT(work->practice), V_INT(work->now),
			   V_TEXT(account_id)));
		TRY(db_run(work, NULL, next_epoch, V_TEXT(work->practice), V_TEXT(account_id)));
	}
	read_all(work, &rows, out, count);
	return forget_all(work, *out, *count);
}

static const char add_app[] =
	"INSERT INTO session_app (practice_id, sid, client_id, first_at) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (practice_id, sid, client_id) DO NOTHING";

enum err sessions_add_app(struct work *work, const char *sid, const char *client_id)
{
	return db_run(work, NULL, add_app, V_TEXT(work->practice), V_TEXT(sid), V_TEXT(client_id),
		      V_INT(work->now));
}

static const char apps_of_session[] =
	"SELECT client_id FROM session_app WHERE practice_id = $1 AND sid = $2 ORDER BY first_at, client_id";

enum err sessions_apps(struct work *work, const char *sid, const char *const **out)
{
	struct rows rows;

	TRY(db_run(work, &rows, apps_of_session, V_TEXT(work->practice), V_TEXT(sid)));

	const char **list = arena_array(work->arena, const char *, rows.count + 1);

	for (size_t i = 0; i < rows.count; i++)
		list[i] = rows_text(&rows, i, 0);
	*out = list;
	return OK;
}
