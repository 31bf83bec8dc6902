/* saml.c: the tables saml_session and saml_artifact. */
#include "base/app.h"
#include "base/arena.h"
#include "base/base.h"

#include "store/db.h"
#include "store/saml.h"

#define SESSION_COLUMNS                                                                                      \
	"session_index, sid, client_id, account_id, name_id, name_id_format, sp_name_qualifier, ends_at, "   \
	"request_id"

static struct saml_session session_of(const struct rows *rows, size_t i)
{
	return (struct saml_session){
		.session_index = rows_text(rows, i, 0),
		.sid = rows_text(rows, i, 1),
		.client_id = rows_text(rows, i, 2),
		.account_id = rows_text(rows, i, 3),
		.name_id = rows_text(rows, i, 4),
		.name_id_format = rows_text(rows, i, 5),
		.sp_name_qualifier = rows_text(rows, i, 6),
		.ends_at = rows_int(rows, i, 7),
		.request_id = rows_text(rows, i, 8),
	};
}

static void read_one(const struct rows *rows, struct saml_session *out, bool *found)
{
	*found = rows->count == 1;
	if (*found)
		*out = session_of(rows, 0);
}

static void read_all(struct work *w, const struct rows *rows, struct saml_session **out, size_t *count)
{
	struct saml_session *list = arena_array(w->arena, struct saml_session, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++)
		list[i] = session_of(rows, i);
	*out = list;
	*count = rows->count;
}

/* A sign-on again takes a logout request back: the answer to it would end what has just begun. */
static const char join_session[] = "INSERT INTO saml_session (practice_id, " SESSION_COLUMNS ")"
				   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)"
				   " ON CONFLICT (sid, client_id, name_id_format, practice_id)"
				   " DO UPDATE SET request_id = NULL, ends_at = excluded.ends_at"
				   " RETURNING " SESSION_COLUMNS;

enum err saml_sessions_join(struct work *w, const struct saml_session *row, struct saml_session *out)
{
	struct rows rows;
	bool found = false;

	assert(w->practice && tx_is_open(w));
	TRY(db_run(w, &rows, join_session, V_TEXT(w->practice), V_TEXT(row->session_index), V_TEXT(row->sid),
		   V_TEXT(row->client_id), V_TEXT(row->account_id), V_TEXT(row->name_id),
		   V_TEXT(row->name_id_format), V_TEXT(row->sp_name_qualifier), V_INT(row->ends_at)));
	read_one(&rows, out, &found);
	return found ? OK : fault(w, ERR_INTERNAL, "a joined session gave %zu rows", rows.count);
}

static const char find_session[] = "SELECT " SESSION_COLUMNS " FROM saml_session"
				   " WHERE practice_id = $1 AND session_index = $2 AND client_id = $3";

enum err saml_sessions_find(struct work *w, const char *session_index, const char *client_id,
			    struct saml_session *out, bool *found)
{
	struct rows rows;

	TRY(db_run(w, &rows, find_session, V_TEXT(w->practice), V_TEXT(session_index), V_TEXT(client_id)));
	read_one(&rows, out, found);
	return OK;
}

static const char named_sessions[] = "SELECT " SESSION_COLUMNS " FROM saml_session"
				     " WHERE practice_id = $1 AND client_id = $2 AND name_id = $3"
				     " ORDER BY ends_at DESC, session_index LIMIT 64";

enum err saml_sessions_named(struct work *w, const char *client_id, const char *name_id,
			     struct saml_session **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(w, &rows, named_sessions, V_TEXT(w->practice), V_TEXT(client_id), V_TEXT(name_id)));
	read_all(w, &rows, out, count);
	return OK;
}

static const char session_of_app[] = "SELECT " SESSION_COLUMNS " FROM saml_session"
				     " WHERE practice_id = $1 AND sid = $2 AND client_id = $3";

enum err saml_sessions_of(struct work *w, const char *sid, const char *client_id, struct saml_session **out,
			  size_t *count)
{
	struct rows rows;

	TRY(db_run(w, &rows, session_of_app, V_TEXT(w->practice), V_TEXT(sid), V_TEXT(client_id)));
	read_all(w, &rows, out, count);
	return OK;
}

static const char open_sessions[] = "SELECT " SESSION_COLUMNS " FROM saml_session"
				    " WHERE practice_id = $1 AND sid = $2 ORDER BY client_id";

enum err saml_sessions_open(struct work *w, const char *sid, struct saml_session **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(w, &rows, open_sessions, V_TEXT(w->practice), V_TEXT(sid)));
	read_all(w, &rows, out, count);
	return OK;
}

static const char ask_session[] =
	"UPDATE saml_session SET request_id = $3 WHERE practice_id = $1 AND session_index = $2";

enum err saml_sessions_asked(struct work *w, const char *session_index, const char *request_id)
{
	return db_run(w, NULL, ask_session, V_TEXT(w->practice), V_TEXT(session_index), V_TEXT(request_id));
}

static const char close_session[] =
	"DELETE FROM saml_session WHERE practice_id = $1 AND session_index = $2 RETURNING 1";

enum err saml_sessions_close(struct work *w, const char *session_index, bool *won)
{
	struct rows rows;

	TRY(db_run(w, &rows, close_session, V_TEXT(w->practice), V_TEXT(session_index)));
	*won = rows.count == 1;
	return OK;
}

static const char confirm_session[] =
	"DELETE FROM saml_session WHERE practice_id = $1 AND request_id = $2 AND client_id = $3 RETURNING 1";

enum err saml_sessions_confirm(struct work *w, const char *request_id, const char *client_id, bool *won)
{
	struct rows rows;

	TRY(db_run(w, &rows, confirm_session, V_TEXT(w->practice), V_TEXT(request_id), V_TEXT(client_id)));
	*won = rows.count == 1;
	return OK;
}

/* --- answers that wait ---------------------------------------------------------------------------------- */

static const char insert_artifact[] =
	"INSERT INTO saml_artifact (hash, client_id, message, expires_at) VALUES ($1, $2, $3, $4)";

enum err artifacts_insert(struct work *w, const char *hash, const char *client_id, struct bytes message,
			  int64_t expires_at)
{
	return db_run(w, NULL, insert_artifact, V_TEXT(hash), V_TEXT(client_id), V_BYTES(message),
		      V_INT(expires_at));
}

static const char take_artifact[] = "DELETE FROM saml_artifact WHERE hash = $1 AND client_id = $2 AND "
				    "expires_at > $3 RETURNING message";

enum err artifacts_take(struct work *w, const char *hash, const char *client_id, struct bytes *message)
{
	struct rows rows;

	TRY(db_run(w, &rows, take_artifact, V_TEXT(hash), V_TEXT(client_id), V_INT(w->now)));
	*message = rows.count == 1 ? rows_bytes(&rows, 0, 0) : (struct bytes){ 0 };
	return OK;
}
