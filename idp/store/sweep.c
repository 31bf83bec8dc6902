/* sweep.c: which rows go, and when. */
#include "base/base.h"
#include "base/app.h"

#include "store/db.h"
#include "store/sweep.h"

/* A hundred thousand rows of each table in a round: strangers can begin sign-ins faster than anybody finishes
 * them, and what is removed has to keep pace. */
enum { BATCH = 500, ROUNDS = 200, DAY = 24 * 3600 };

static const char practices[] = "SELECT id FROM practice ORDER BY number";

static const char flows[] =
	"DELETE FROM flow WHERE id IN (SELECT id FROM flow WHERE expires_at < $1 LIMIT $2) RETURNING 1";
static const char pushed[] = "DELETE FROM pushed_request WHERE hash IN"
			     " (SELECT hash FROM pushed_request WHERE expires_at < $1 LIMIT $2) RETURNING 1";
static const char replays[] = "DELETE FROM replay WHERE expires_at < $1 AND id IN"
			      " (SELECT id FROM replay WHERE expires_at < $1 LIMIT $2) RETURNING 1";
/* A counter whose time has passed says the same as none. */
static const char counters[] = "DELETE FROM counter WHERE tat_us < $1 AND key IN"
			       " (SELECT key FROM counter WHERE tat_us < $1 LIMIT $2) RETURNING 1";

static const char codes[] =
	"DELETE FROM code WHERE practice_id = $3 AND hash IN"
	" (SELECT hash FROM code WHERE practice_id = $3 AND expires_at < $1 LIMIT $2) RETURNING 1";
static const char families[] = "DELETE FROM family WHERE practice_id = $3 AND id IN"
			       " (SELECT id FROM family WHERE practice_id = $3 AND (expires_at < $1 OR "
			       "revoked_at < $1) LIMIT $2) RETURNING 1";
static const char sessions[] =
	"DELETE FROM session WHERE practice_id = $3 AND sid IN"
	" (SELECT sid FROM session WHERE practice_id = $3 AND ends_at < $1 LIMIT $2) RETURNING 1";
/* After its session: who must be told at logout is asked no more. */
static const char session_apps[] =
	"DELETE FROM session_app WHERE practice_id = $3 AND sid IN"
	" (SELECT a.sid FROM session_app a WHERE a.practice_id = $3 AND a.first_at < $1"
	"   AND NOT EXISTS (SELECT 1 FROM session s WHERE s.practice_id = $3 AND s.sid = a.sid) LIMIT $2) "
	"RETURNING 1";

static const char saml_sessions[] = "DELETE FROM saml_session WHERE practice_id = $3 AND session_index IN"
				    " (SELECT session_index FROM saml_session WHERE practice_id = $3 AND "
				    "ends_at < $1 LIMIT $2) RETURNING 1";
static const char artifacts[] =
	"DELETE FROM saml_artifact WHERE hash IN"
	" (SELECT hash FROM saml_artifact WHERE expires_at < $1 LIMIT $2) RETURNING 1";
static const char upstream_sessions[] =
	"DELETE FROM upstream_session WHERE practice_id = $3 AND sid IN"
	" (SELECT sid FROM upstream_session WHERE practice_id = $3 AND ends_at < $1 LIMIT $2) RETURNING 1";

struct sweeping {
	const char *sql;
	int64_t grace; /* seconds after the end */
	int64_t unit;  /* of its time, in a second */
	bool walled;
};

/* A code stays a day longer than it lives: shown again, it still finds the family it began (RFC 6749
 * 4.1.2). Sessions and families stay for the account page and support. What an app knew a session as stays a
 * day, for an app that confirms a logout late. */
static const struct sweeping rows_of[] = {
	{ flows, 0, 1, false },
	{ pushed, 0, 1, false },
	{ replays, 0, 1, false },
	{ counters, 0, 1000000, false },
	{ codes, DAY, 1, true },
	{ families, 30 * DAY, 1, true },
	{ sessions, 30 * DAY, 1, true },
	{ session_apps, 30 * DAY, 1, true },
	{ saml_sessions, DAY, 1, true },
	{ artifacts, 0, 1, false },
	{ upstream_sessions, DAY, 1, true },
};

static enum err sweep_rows(struct work *work, const struct sweeping *of, size_t *removed)
{
	struct rows rows = { .count = BATCH };

	for (unsigned i = 0; i < ROUNDS && rows.count >= BATCH; i++) {
		TRY(db_run(work, &rows, of->sql, V_INT((work->now - of->grace) * of->unit), V_INT(BATCH),
			   V_TEXT(work->practice)));
		*removed += rows.count;
	}
	return OK;
}

static enum err sweep_where(struct work *work, bool walled, size_t *removed)
{
	for (size_t i = 0; i < COUNT(rows_of); i++) {
		if (rows_of[i].walled == walled)
			TRY(sweep_rows(work, &rows_of[i], removed));
	}
	return OK;
}

static enum err sweep_practices(struct work *work, const struct rows *list, size_t *removed)
{
	for (size_t i = 0; i < list->count; i++) {
		work->practice = rows_text(list, i, 0);
		TRY(sweep_where(work, true, removed));
	}
	return OK;
}

enum err sweep(struct work *work, size_t *removed)
{
	const char *practice = work->practice;
	struct rows list;

	*removed = 0;
	TRY(db_run(work, &list, practices, V_NULL()));
	TRY(sweep_where(work, false, removed));
	enum err err = sweep_practices(work, &list, removed);
	work->practice = practice;
	return err;
}
