/* links.c: the tables upstream_link and upstream_session (store/connections.h): who somebody of another
 * identity provider is here, and which session over there a session of ours came from. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/connections.h"
#include "store/db.h"

#define LINK_COLUMNS "subject_key, connection_id, issuer, subject, account_id, held, created_at, seen_at"

static struct upstream_link link_from(const struct rows *rows, size_t i)
{
	return (struct upstream_link){
		.subject_key = rows_text(rows, i, 0),
		.connection_id = rows_text(rows, i, 1),
		.issuer = rows_text(rows, i, 2),
		.subject = rows_text(rows, i, 3),
		.account_id = rows_text(rows, i, 4),
		.held = rows_bool(rows, i, 5),
		.created_at = rows_int(rows, i, 6),
		.seen_at = rows_int(rows, i, 7),
	};
}

static const char find_link[] =
	"SELECT " LINK_COLUMNS " FROM upstream_link WHERE practice_id = $1 AND subject_key = $2";

enum err links_find(struct work *work, const char *subject_key, struct upstream_link *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_link, V_TEXT(work->practice), V_TEXT(subject_key)));
	*found = rows.count == 1;
	if (*found)
		*out = link_from(&rows, 0);
	return OK;
}

static const char insert_link[] = "INSERT INTO upstream_link (practice_id, " LINK_COLUMNS ")"
				  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"
				  " ON CONFLICT (subject_key, practice_id) DO NOTHING RETURNING 1";

enum err links_insert(struct work *work, const struct upstream_link *row, bool *won)
{
	struct rows rows;

	TRY(db_run(work, &rows, insert_link, V_TEXT(work->practice), V_TEXT(row->subject_key),
		   V_TEXT(row->connection_id), V_TEXT(row->issuer), V_TEXT(row->subject),
		   V_TEXT(row->account_id), V_BOOL(row->held), V_INT(work->now)));
	*won = rows.count == 1;
	return OK;
}

/* Time only moves forward, whichever node is last. */
static const char see_link[] =
	"UPDATE upstream_link SET seen_at = $3 WHERE practice_id = $1 AND subject_key = $2 AND seen_at < $3";

enum err links_seen(struct work *work, const char *subject_key)
{
	return db_run(work, NULL, see_link, V_TEXT(work->practice), V_TEXT(subject_key), V_INT(work->now));
}

static const char hold_link[] =
	"UPDATE upstream_link SET held = TRUE WHERE practice_id = $1 AND subject_key = $2";

enum err links_hold(struct work *work, const char *subject_key)
{
	return db_run(work, NULL, hold_link, V_TEXT(work->practice), V_TEXT(subject_key));
}

static const char release_links[] =
	"UPDATE upstream_link SET held = FALSE WHERE practice_id = $1 AND account_id = $2 AND held = TRUE";

enum err links_release(struct work *work, const char *account_id)
{
	return db_run(work, NULL, release_links, V_TEXT(work->practice), V_TEXT(account_id));
}

static const char delete_all[] =
	"DELETE FROM upstream_link WHERE practice_id = $1 AND account_id = $2 RETURNING 1";
static const char delete_some[] = "DELETE FROM upstream_link WHERE practice_id = $1 AND account_id = $2"
				  " AND connection_id = $3 RETURNING 1";

enum err links_delete(struct work *work, const char *account_id, const char *connection_id, size_t *count)
{
	struct rows rows;

	if (connection_id)
		TRY(db_run(work, &rows, delete_some, V_TEXT(work->practice), V_TEXT(account_id),
			   V_TEXT(connection_id)));
	else
		TRY(db_run(work, &rows, delete_all, V_TEXT(work->practice), V_TEXT(account_id)));
	*count = rows.count;
	return OK;
}

static const char links_of_account[] = "SELECT " LINK_COLUMNS " FROM upstream_link"
				       " WHERE practice_id = $1 AND account_id = $2"
				       " ORDER BY connection_id, created_at, subject_key";
static const char links_of_practice[] = "SELECT " LINK_COLUMNS " FROM upstream_link WHERE practice_id = $1"
					" ORDER BY account_id, connection_id, created_at, subject_key";

enum err links_of(struct work *work, const char *account_id, struct upstream_link **out, size_t *count)
{
	struct rows rows;

	if (account_id)
		TRY(db_run(work, &rows, links_of_account, V_TEXT(work->practice), V_TEXT(account_id)));
	else
		TRY(db_run(work, &rows, links_of_practice, V_TEXT(work->practice)));
	*out = arena_array(work->arena, struct upstream_link, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = link_from(&rows, i);
	return OK;
}

/* --- sessions over there -------------------------------------------------------------------------------- */

#define THERE_COLUMNS "sid, connection_id, subject_key, upstream_sid, hint, ends_at, refresh, check_at"
#define THERE_FIELDS                                                                                         \
	"u.sid, u.connection_id, u.subject_key, u.upstream_sid, u.hint, u.ends_at, u.refresh, u.check_at"

static struct upstream_session session_from(const struct rows *rows, size_t i)
{
	return (struct upstream_session){
		.sid = rows_text(rows, i, 0),
		.connection_id = rows_text(rows, i, 1),
		.subject_key = rows_text(rows, i, 2),
		.upstream_sid = rows_text(rows, i, 3),
		.hint = rows_bytes(rows, i, 4),
		.ends_at = rows_int(rows, i, 5),
		.refresh = rows_bytes(rows, i, 6),
		.check_at = rows_int(rows, i, 7),
	};
}

/* A step-up keeps the session's sid: what came last is what there is. Some give a refresh token with the
 * first sign-in alone: of the same person over there it stays good. */
static const char put_session[] =
	"INSERT INTO upstream_session (practice_id, " THERE_COLUMNS ")"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (sid, practice_id) DO UPDATE SET"
	" refresh = CASE WHEN excluded.refresh IS NULL"
	" AND upstream_session.subject_key = excluded.subject_key"
	" THEN upstream_session.refresh ELSE excluded.refresh END,"
	" check_at = CASE WHEN excluded.refresh IS NULL"
	" AND upstream_session.subject_key = excluded.subject_key"
	" THEN upstream_session.check_at ELSE excluded.check_at END,"
	" connection_id = excluded.connection_id, subject_key = excluded.subject_key,"
	" upstream_sid = excluded.upstream_sid, hint = excluded.hint, ends_at = excluded.ends_at";

enum err upstream_sessions_put(struct work *work, const struct upstream_session *row)
{
	assert(tx_is_open(work));
	return db_run(work, NULL, put_session, V_TEXT(work->practice), V_TEXT(row->sid),
		      V_TEXT(row->connection_id), V_TEXT(row->subject_key), V_TEXT(row->upstream_sid),
		      V_BYTES(row->hint), V_INT(row->ends_at), V_BYTES(row->refresh), V_TIME(row->check_at));
}

static const char find_session[] =
	"SELECT " THERE_FIELDS " FROM upstream_session u WHERE u.practice_id = $1 AND u.sid = $2";

enum err upstream_sessions_find(struct work *work, const char *sid, struct upstream_session *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_session, V_TEXT(work->practice), V_TEXT(sid)));
	*found = rows.count == 1;
	if (*found)
		*out = session_from(&rows, 0);
	return OK;
}

/* Only those that have not ended: an end is told once. */
#define GOES_ON                                                                                              \
	" FROM upstream_session u JOIN session s ON s.practice_id = u.practice_id AND s.sid = u.sid"         \
	" WHERE u.practice_id = $1 AND u.connection_id = $2 AND s.ended_at IS NULL AND u.ends_at > $3"       \
	" AND (CAST($4 AS TEXT) IS NULL OR u.upstream_sid = $4)"
static const char sessions_of_subject[] =
	"SELECT " THERE_FIELDS GOES_ON " AND u.subject_key = $5 ORDER BY u.sid";
static const char sessions_of_connection[] = "SELECT " THERE_FIELDS GOES_ON " ORDER BY u.sid";

enum err upstream_sessions_named(struct work *work, const char *connection_id, const char *subject_key,
				 const char *upstream_sid, struct upstream_session **out, size_t *count)
{
	struct rows rows;

	if (subject_key)
		TRY(db_run(work, &rows, sessions_of_subject, V_TEXT(work->practice), V_TEXT(connection_id),
			   V_INT(work->now), V_TEXT(upstream_sid), V_TEXT(subject_key)));
	else
		TRY(db_run(work, &rows, sessions_of_connection, V_TEXT(work->practice), V_TEXT(connection_id),
			   V_INT(work->now), V_TEXT(upstream_sid)));
	*out = arena_array(work->arena, struct upstream_session, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = session_from(&rows, i);
	return OK;
}

/* --- asked about again ---------------------------------------------------------------------------------- */

/* Read first: hardly ever is one due, and a question that writes would hold SQLite's one writer. */
static const char due_session[] =
	"SELECT sid FROM upstream_session WHERE practice_id = $1 AND connection_id = $2 AND check_at <= $3"
	" ORDER BY check_at, sid LIMIT 1";
/* Of two nodes that saw the row due, the second finds it leased. */
static const char lease_session[] =
	"UPDATE upstream_session SET check_at = $4 WHERE practice_id = $1 AND sid = $2 AND check_at <= $3"
	" RETURNING " THERE_COLUMNS;

enum err upstream_sessions_take(struct work *work, const char *connection_id, int64_t lease,
				struct upstream_session *out, bool *found)
{
	struct rows due, rows;

	assert(lease > work->now);
	*found = false;
	TRY(db_run(work, &due, due_session, V_TEXT(work->practice), V_TEXT(connection_id), V_INT(work->now)));
	if (due.count == 0)
		return OK;
	TRY(db_run(work, &rows, lease_session, V_TEXT(work->practice), V_TEXT(rows_text(&due, 0, 0)),
		   V_INT(work->now), V_INT(lease)));
	*found = rows.count == 1;
	if (*found)
		*out = session_from(&rows, 0);
	return OK;
}

static const char keep_session[] =
	"UPDATE upstream_session SET check_at = $4, refresh = COALESCE($5, refresh)"
	" WHERE practice_id = $1 AND sid = $2 AND check_at = $3 RETURNING 1";

enum err upstream_sessions_keep(struct work *work, const char *sid, int64_t lease, int64_t check_at,
				struct bytes refresh, bool *won)
{
	struct rows rows;

	TRY(db_run(work, &rows, keep_session, V_TEXT(work->practice), V_TEXT(sid), V_INT(lease),
		   V_INT(check_at), V_BYTES(refresh)));
	*won = rows.count == 1;
	return OK;
}

static const char forget_session[] = "UPDATE upstream_session SET refresh = NULL, check_at = NULL"
				     " WHERE practice_id = $1 AND sid = $2 AND check_at IS NOT NULL";

enum err upstream_sessions_forget(struct work *work, const char *sid)
{
	return db_run(work, NULL, forget_session, V_TEXT(work->practice), V_TEXT(sid));
}

static const char forget_connection[] =
	"UPDATE upstream_session SET refresh = NULL, check_at = NULL"
	" WHERE practice_id = $1 AND connection_id = $2 AND check_at IS NOT NULL";

enum err upstream_sessions_forget_all(struct work *work, const char *connection_id)
{
	return db_run(work, NULL, forget_connection, V_TEXT(work->practice), V_TEXT(connection_id));
}

static const char hasten_connection[] = "UPDATE upstream_session SET check_at = $3 WHERE practice_id = $1"
					" AND connection_id = $2 AND check_at > $3";

enum err upstream_sessions_hasten(struct work *work, const char *connection_id, int64_t check_at)
{
	return db_run(work, NULL, hasten_connection, V_TEXT(work->practice), V_TEXT(connection_id),
		      V_INT(check_at));
}
