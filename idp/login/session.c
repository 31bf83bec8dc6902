/* session.c: a browser's session: start, find, end. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/metrics.h"
#include "http/request.h"
#include "keys/secret.h"
#include "login/acr.h"
#include "login/logout.h"
#include "login/session.h"
#include "login/session_way.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/practice.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/sessions.h"
#include "store/snapshot.h"

#define ADDRESS_MAX    64
#define USER_AGENT_MAX 300

static void read_session(struct work *work, const struct practice *practice, const struct session_row *row,
			 struct session *out)
{
	*out = (struct session){
		.practice = practice,
		.hash = row->hash,
		.sid = row->sid,
		.account_id = row->account_id,
		.email = row->email,
		.given_name = row->given_name,
		.family_name = row->family_name,
		.acr = row->acr,
		.amr = amr_read(work->arena, row->amr),
		.location_id = row->location_id,
		.started_at = row->started_at,
		.seen_at = row->seen_at,
		.idle_seconds = row->idle_seconds,
		.ends_at = row->ends_at,
		.auth_time = row->auth_time,
		.account_epoch = row->account_epoch,
		.practice_epoch = row->practice_epoch,
		.connection_id = row->connection_id,
		.continuity = row->continuity,
	};
}

/* At most once a minute, yet often enough that a short idle limit is not missed by someone who works. */
bool session_touch_is_due(const struct work *work, int64_t seen_at, int64_t idle_seconds)
{
	int64_t every = idle_seconds / 12;

	every = every > 60 ? 60 : every < 1 ? 1 : every;
	return work->now - seen_at >= every;
}

enum err session_touch(struct work *work, const struct session *session)
{
	if (!session_touch_is_due(work, session->seen_at, session->idle_seconds))
		return OK;
	return sessions_touch(work, session->sid);
}

static void act_as(struct work *work, const struct session *session)
{
	work->actor.kind = ACTOR_ACCOUNT;
	work->actor.id = session->account_id;
	work->actor.sid = session->sid;
}

/* The practice stands in the handle; the wall has to be named before the first statement. */
static enum err find_by_handle(struct request *rq, const char *handle, struct session *out)
{
	struct work *work = &rq->w;
	struct session_row row;
	int64_t number;

	if (!secret_parse(handle, &number) || number == 0)
		return ERR_NOT_FOUND;

	const struct practice *practice = snapshot_practice_number(work->snapshot, number);

	if (!practice || practice->disabled)
		return ERR_NOT_FOUND;
	work->practice = practice->id;

	enum err err =
		sessions_by_hash(work, secret_hash(work->arena, "session", handle), practice->epoch, &row);

	if (err == OK && !way_is_on(work, row.connection_id))
		err = ERR_NOT_FOUND;
	if (err == OK)
		read_session(work, practice, &row, out);
	else
		work->practice = NULL;
	return err;
}

enum err session_find(struct request *rq)
{
	const char *handle = cookie_get(rq, COOKIE_SESSION);

	if (!handle)
		return ERR_SESSION_ENDED;

	struct session *session = arena_new_of(rq->w.arena, struct session);
	enum err err = find_by_handle(rq, handle, session);

	if (err == ERR_NOT_FOUND) {
		cookie_clear(rq, COOKIE_SESSION);
		return ERR_SESSION_ENDED;
	}
	TRY(err);
	TRY(session_touch(&rq->w, session));
	act_as(&rq->w, session);
	rq->session = session;
	return OK;
}

enum err session_read(struct work *work, const struct session_row *row, struct session *out)
{
	const struct practice *practice = snapshot_practice(work->snapshot, work->practice);

	if (!practice || practice->disabled || !way_is_on(work, row->connection_id))
		return ERR_SESSION_ENDED;
	read_session(work, practice, row, out);
	return OK;
}

enum err session_by_sid(struct work *work, const char *sid, struct session *out)
{
	const struct practice *practice = snapshot_practice(work->snapshot, work->practice);
	struct session_row row;

	if (!practice)
		return ERR_SESSION_ENDED;

	enum err err = sessions_by_sid(work, sid, practice->epoch, &row);

	if (err == ERR_NOT_FOUND)
		return ERR_SESSION_ENDED;
	TRY(err);
	return session_read(work, &row, out);
}

/* Status is asked where the session is made, whatever was asked at the door (security.md B8, B9). */
static enum err check_subject(struct request *rq, const struct session_start *start, struct subject *out)
{
	TRY(subject_load(&rq->w, start->account_id, out));
	TRY(subject_may(&rq->w, out, rq->client));
	if (start->account_epoch && start->account_epoch != out->account.epoch)
		return fault(&rq->w, ERR_SIGN_IN_FAILED, "account %s changed after its password was shown",
			     start->account_id);
	return OK;
}

static void new_row(struct request *rq, const struct session_start *start, const struct subject *subject,
		    const struct secret *handle, struct session_row *row)
{
	struct work *work = &rq->w;
	const struct policy *policy = &start->practice->policy;
	const char *address =
		work->actor.address ? work->actor.address : address_text(work->arena, &rq->peer);
	const char *agent = rq->user_agent ? rq->user_agent : "";

	*row = (struct session_row){
		.hash = secret_hash(work->arena, "session", handle->text),
		.sid = id_random(work->arena, "sid"),
		.account_id = start->account_id,
		.acr = start->acr,
		.amr = amr_write(work->arena, start->amr),
		.location_id = start->location_id,
		.address = text_bounded(work->arena, address, strlen(address), ADDRESS_MAX),
		.user_agent = text_bounded(work->arena, agent, strlen(agent), USER_AGENT_MAX),
		.started_at = work->now,
		.seen_at = work->now,
		.idle_seconds = policy_session_idle(policy),
		.ends_at = work->now + policy_session_absolute(policy),
		.auth_time = start->auth_time ? start->auth_time : work->now,
		.connection_id = json_get_text(start->via, "connection"),
		.continuity = start->continuity,
		.account_epoch = subject->account.epoch,
		.practice_epoch = start->practice->epoch,
		.email = subject->account.email,
		.given_name = subject->account.given_name,
		.family_name = subject->account.family_name,
	};
}

static bool is_same_person(const struct session *before, const struct session_start *start)
{
	return before && before->practice == start->practice &&
	       text_equal(before->account_id, start->account_id);
}

/* The same person again: the session goes on under a new handle, the old one is dead (security.md D1). False
 * when it ended meanwhile. */
static enum err step_up(struct work *work, const struct session *before, struct session_row *row, bool *done)
{
	row->sid = before->sid;
	row->started_at = before->started_at;
	if (!row->location_id)
		row->location_id = before->location_id;

	enum err err = sessions_renew(work, before->hash, row);

	*done = err == OK;
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Another person at this browser: what the one before left open is ended, and told to the apps. */
static enum err end_before(struct work *work, const struct session *before, const struct session_start *start)
{
	if (!before)
		return OK;
	work->practice = before->practice->id;
	TRY(session_end(work, before->sid));
	work->practice = start->practice->id;
	return OK;
}

/* Under the handle of the row: the session goes on, or a new one begins. */
static enum err go_on_or_begin(struct request *rq, const struct session_start *start, struct session_row *row)
{
	struct work *work = &rq->w;
	bool renewed = false;

	if (is_same_person(rq->session, start))
		TRY(step_up(work, rq->session, row, &renewed));
	else
		TRY(end_before(work, rq->session, start));
	if (renewed)
		return OK;
	row->sid = id_random(work->arena, "sid");
	row->started_at = work->now;
	return sessions_insert(work, row);
}

static enum err audit_start(struct work *work, const struct session *session)
{
	act_as(work, session);
	if (session->continuity)
		TRY(audit(work, &(struct audit_note){
					.event = EVENT_CONTINUITY,
					.target_kind = "account",
					.target_id = session->account_id,
					.session_sid = session->sid,
				}));
	return audit(work, &(struct audit_note){
				   .event = EVENT_SESSION_STARTED,
				   .target_kind = "account",
				   .target_id = session->account_id,
				   .session_sid = session->sid,
			   });
}

enum err session_start(struct request *rq, const struct session_start *start, struct session *out,
		       struct secret *handle)
{
	struct work *work = &rq->w;
	struct subject subject;
	struct session_row row;

	assert(tx_is_open(work) && start->practice && start->acr);
	work->practice = start->practice->id;
	TRY(check_subject(rq, start, &subject));
	TRY(way_check(work, start));

	AUTO(secret_wipe) struct secret fresh = secret_new_in(start->practice->number);

	new_row(rq, start, &subject, &fresh, &row);
	TRY(way_bound(work, start, &row));
	TRY(go_on_or_begin(rq, start, &row));
	TRY(way_record(rq, start, &row));
	read_session(work, start->practice, &row, out);
	TRY(audit_start(work, out));
	*handle = fresh;
	return OK;
}

void session_hand_over(struct request *rq, struct session *session, const struct secret *handle)
{
	cookie_set(rq, COOKIE_SESSION, handle->text, 0);
	rq->session = session;
}

enum err session_set_location(struct request *rq, const char *location_id)
{
	enum err err = sessions_set_location(&rq->w, rq->session->hash, location_id);

	if (err == OK)
		rq->session->location_id = location_id;
	return err == ERR_NOT_FOUND ? ERR_SESSION_ENDED : err;
}

static enum err tell_participants(struct work *work, const struct session *session)
{
	const struct participant *const *list = work->app->participants;
	const char *const *apps;

	TRY(sessions_apps(work, session->sid, &apps));
	for (; list && *list; list++)
		for (size_t i = 0; (*list)->tell && apps[i]; i++)
			TRY((*list)->tell(work, session, apps[i]));
	return OK;
}

static enum err ended(struct work *work, const struct session_row *row)
{
	struct session session;

	read_session(work, snapshot_practice(work->snapshot, work->practice), row, &session);
	TRY(tell_participants(work, &session));
	metric_add(METRIC_SESSIONS_ENDED, 1);
	return audit(work, &(struct audit_note){
				   .event = EVENT_SESSION_ENDED,
				   .target_kind = "account",
				   .target_id = session.account_id,
				   .session_sid = session.sid,
			   });
}

enum err session_end_once(struct work *work, const char *sid, bool *now)
{
	struct session_row row;

	assert(tx_is_open(work));
	enum err err = sessions_close(work, sid, &row);

	*now = err == OK;
	/* Ended by somebody else a moment ago: who did it told the apps. */
	if (err == ERR_NOT_FOUND)
		return OK;
	TRY(err);
	return ended(work, &row);
}

enum err session_end(struct work *work, const char *sid)
{
	bool now;

	return session_end_once(work, sid, &now);
}

static enum err end_all(struct work *work, const char *account_id, size_t *count)
{
	struct session_row *rows;

	assert(tx_is_open(work));
	TRY(sessions_close_all(work, account_id, &rows, count));
	for (size_t i = 0; i < *count; i++)
		TRY(ended(work, &rows[i]));
	return OK;
}

enum err sessions_end_account(struct work *work, const char *account_id, size_t *count)
{
	assert(account_id);
	return end_all(work, account_id, count);
}

enum err sessions_end_practice(struct work *work, size_t *count)
{
	return end_all(work, NULL, count);
}

enum err sessions_end_connection(struct work *work, const char *connection_id, size_t *count)
{
	struct upstream_session *list;
	size_t size;

	assert(tx_is_open(work));
	*count = 0;
	TRY(upstream_sessions_named(work, connection_id, NULL, NULL, &list, &size));
	for (size_t i = 0; i < size; i++) {
		bool now;

		TRY(session_end_once(work, list[i].sid, &now));
		*count += now;
	}
	return families_revoke_connection(work, connection_id);
}

enum err sessions_list(struct work *work, const char *account_id, struct session **out, size_t *count)
{
	const struct practice *practice = snapshot_practice(work->snapshot, work->practice);
	struct session_row *rows;

	if (!practice)
		return fault(work, ERR_NO_PRACTICE, "sessions of %s",
			     work->practice ? work->practice : "no practice");
	TRY(sessions_live(work, account_id, practice->epoch, &rows, count));

	struct session *list = arena_array(work->arena, struct session, *count + 1);

	for (size_t i = 0; i < *count; i++)
		read_session(work, practice, &rows[i], &list[i]);
	*out = list;
	return OK;
}

enum err session_hold(struct work *work, const struct session *session)
{
	enum err err = sessions_hold(work, session->sid, session->practice->epoch);

	return err == ERR_NOT_FOUND
		       ? fault(work, ERR_SESSION_ENDED, "session %s ended meanwhile", session->sid)
		       : err;
}

enum err session_joined(struct work *work, const char *sid, const char *client_id)
{
	return sessions_add_app(work, sid, client_id);
}
