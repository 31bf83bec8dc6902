/* session.h: a browser's signed-in session: start, find, touch, end.
 *
 * The cookie is an opaque handle; its hash is the row. A session is live when the row is not ended, idle and
 * absolute limits hold by the store's clock, the account is on and of the same epoch, the practice on and of
 * the same epoch: one statement answers that. The handle changes at every sign-in and step-up. */
#ifndef LOGIN_SESSION_H
#define LOGIN_SESSION_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct request;
struct practice;
struct secret;

struct session {
	const struct practice *practice;
	const char *hash, *sid, *account_id, *email, *given_name, *family_name;
	const char *acr;
	const char *const *amr;
	const char *location_id; /* active location, or NULL */
	int64_t started_at, seen_at, idle_seconds, ends_at, auth_time;
	int64_t account_epoch, practice_epoch;
	const char *connection_id; /* it came by this connection; NULL: by the local way */
	bool continuity;           /* by the local way, while the person's connection was down */
};

/* By the request's cookie; sets rq->session and work->practice. ERR_SESSION_ENDED when there is no live one
 * (a cookie that leads nowhere is cleared). seen_at moves at most once a minute. */
enum err session_find(struct request *rq) MUST_USE;
/* By public id, in work->practice (for introspection, refresh, logout): live or ERR_SESSION_ENDED. */
enum err session_by_sid(struct work *work, const char *sid, struct session *out) MUST_USE;
/* Out of a row that was read as live together with other things, in work->practice. ERR_SESSION_ENDED. */
struct session_row;
enum err session_read(struct work *work, const struct session_row *row, struct session *out) MUST_USE;

struct session_start {
	const struct practice *practice;
	const char *account_id;
	const char *acr;
	const char *const *amr;
	const char *location_id;
	int64_t account_epoch; /* of the proof: another one now means that it is void; 0: not compared */
	const json_t *via; /* as in struct flow: checks that the connection is on, records upstream_session,
			      bounds the end; NULL: the local way */
	bool continuity;
	int64_t auth_time; /* by a trusted provider; 0: now */
};
/* Inside a transaction: checks subject_may (for rq->client, too, when there is one), ends the browser's
 * earlier session (new row, new handle, new sid unless the same person steps up: then the sid stays). The
 * caller gives the handle to the browser with session_hand_over after the commit, never before. */
enum err session_start(struct request *rq, const struct session_start *start, struct session *out,
		       struct secret *handle) MUST_USE;
void session_hand_over(struct request *rq, struct session *session, const struct secret *handle);
enum err session_set_location(struct request *rq, const char *location_id) MUST_USE;
/* Inside a transaction: ends one session and its online families (those without offline_access), tells
 * participants (login/logout.h), audits. */
enum err session_end(struct work *work, const char *sid) MUST_USE;
/* The same; *now false: it had ended before. */
enum err session_end_once(struct work *work, const char *sid, bool *now) MUST_USE;
/* Counts as activity, as a request with the cookie does (a refresh): at most one write a minute. */
enum err session_touch(struct work *work, const struct session *session) MUST_USE;
bool session_touch_is_due(const struct work *work, int64_t seen_at, int64_t idle_seconds);
/* Every live session of an account, of the practice; tells participants and says how many. The account's
 * epoch moves, so its refresh families are dead too; for the practice the caller calls
 * practice_log_out_everyone. */
enum err sessions_end_account(struct work *work, const char *account_id, size_t *count) MUST_USE;
enum err sessions_end_practice(struct work *work, size_t *count) MUST_USE;
/* What came by a connection of the practice, which is off now. */
enum err sessions_end_connection(struct work *work, const char *connection_id, size_t *count) MUST_USE;
enum err sessions_list(struct work *work, const char *account_id, struct session **out,
		       size_t *count) MUST_USE; /* NULL: all of the practice */
/* Inside a transaction, before something is given that outlives a look at the session: ERR_SESSION_ENDED when
 * it ended meanwhile; else nobody ends it before the commit, and whoever does then sees what was recorded. */
enum err session_hold(struct work *work, const struct session *session) MUST_USE;
/* An app took part (who must be told at logout). */
enum err session_joined(struct work *work, const char *sid, const char *client_id) MUST_USE;

#endif
