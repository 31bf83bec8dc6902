/* connect.c: what comes back from another identity provider: whose it is, once, and what is refused. */
#include "login/connect.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/url.h"
#include "keys/secret.h"
#include "login/session.h"
#include "login/steps.h"
#include "people/audit.h"
#include "people/provision.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/snapshot.h"

#define DETAIL_MAX 300
#define TAKE_TRIES 3 /* another tab of the browser may have moved the row in between */

/* ---- audit ---- */

/* Whose browser this is says nothing about who comes back. */
static void act_as_nobody(struct work *w)
{
	w->actor.kind = ACTOR_NOBODY;
	w->actor.id = w->actor.sid = NULL;
}

static enum err audit_refused(struct request *rq, const struct connection *connection, const char *word,
			      const char *detail)
{
	struct work *w = &rq->w;
	AUTO(json_done) json_t *extra = json_object();

	if (detail)
		json_set_text(extra, "detail", text_bounded(w->arena, detail, strlen(detail), DETAIL_MAX));
	w->practice = connection->practice_id;
	w->actor.client_id = rq->flow ? rq->flow->client_id : NULL;
	return audit(w, &(struct audit_note){ .event = EVENT_UPSTREAM_REFUSED,
					      .outcome = OUTCOME_DENY,
					      .reason = word,
					      .target_kind = "connection",
					      .target_id = connection->id,
					      .extra = extra });
}

/* ---- the state ---- */

/* "FLOWID.SECRET"; NULL when it is not of that form. */
static const char *split_state(struct arena *arena, const char *state, const char **flow_id)
{
	const char *dot = state ? strchr(state, '.') : NULL;
	int64_t number;

	if (!dot || strlen(state) > 128 || !secret_parse(dot + 1, &number) || number != 0)
		return NULL;
	*flow_id = arena_textn(arena, state, (size_t)(dot - state));
	return dot + 1;
}

static bool is_under_way(const struct flow *flow, const char *connection_id, const char *hash)
{
	const char *meant = flow_is_test(flow) ? json_get_text(flow->ask, "connection") : flow->connection_id;

	return text_equal(meant, connection_id) && secret_equal(flow->state_hash, hash);
}

/* Out of the row before anything else is done with what came: of many that show it, one goes on. */
static enum err take_state(struct request *rq, const char *flow_id, const char *connection_id,
			   const char *hash, bool *won)
{
	*won = false;
	for (int i = 0; i < TAKE_TRIES; i++) {
		TRY(flow_load_of(rq, flow_id));
		if (!is_under_way(rq->flow, connection_id, hash))
			return OK;
		rq->flow->state_hash = NULL;

		enum err err = flow_save(rq);

		*won = err == OK;
		if (err != ERR_CONFLICT)
			return err;
	}
	return OK;
}

enum err connect_return(struct request *rq, const char *connection_id, const char *state,
			const struct connection **connection)
{
	const struct connection *here = snapshot_connection(rq->w.snapshot, connection_id);
	const char *flow_id = NULL, *secret = split_state(rq->w.arena, state, &flow_id);
	bool won;

	act_as_nobody(&rq->w);
	if (!here || here->deleted || !secret)
		return fault(&rq->w, ERR_UPSTREAM_STATE, "an answer without a state of ours");
	TRY(take_state(rq, flow_id, connection_id, secret_hash(rq->w.arena, "state", secret), &won));
	if (!won) {
		TRY(audit_refused(rq, here, "state", "used already, or of another sign-in"));
		return fault(&rq->w, ERR_UPSTREAM_STATE, "connection %s", connection_id);
	}
	rq->w.practice = here->practice_id;
	if (!connection_is_open(rq, here)) {
		TRY(audit_refused(rq, here, "connection_disabled", NULL));
		return fault(&rq->w, ERR_CONNECTION_OFF, "connection %s", connection_id);
	}
	*connection = here;
	return OK;
}

/* ---- nobody asked ---- */

static const struct client *app_named(const struct request *rq, const struct connection *connection,
				      const char *relay_state)
{
	const struct client *client = snapshot_client(rq->w.snapshot, relay_state);

	if (!client || client->disabled || !client->initiate_login_uri ||
	    !client_serves(client, connection->practice_id))
		return NULL;
	return client;
}

enum err connect_unsolicited(struct request *rq, const char *connection_id, const char *relay_state,
			     const struct connection **connection)
{
	const struct connection *here = snapshot_connection(rq->w.snapshot, connection_id);
	struct flow *flow = arena_new_of(rq->w.arena, struct flow);

	act_as_nobody(&rq->w);
	if (!here || here->deleted)
		return fault(&rq->w, ERR_CONNECTION_OFF, "no connection %s", connection_id);
	rq->client = app_named(rq, here, relay_state);
	*flow = flow_of_start(rq, &(struct flow_start){ .kind = rq->client ? "app" : "home",
							.return_to = "/",
							.client = rq->client,
							.practice_id = here->practice_id });
	flow->connection_id = here->id;
	rq->flow = flow;
	if (!here->allow_idp_initiated || !connection_is_open(rq, here)) {
		rq->flow = NULL;
		TRY(audit_refused(rq, here, "unsolicited", NULL));
		return fault(&rq->w, ERR_CONNECTION_OFF, "connection %s answers what was not asked",
			     connection_id);
	}
	TRY(flow_insert(rq, flow));
	rq->w.practice = here->practice_id;
	*connection = here;
	return OK;
}

/* ---- refusing ---- */

enum err connect_refused(struct request *rq, const struct connection *connection, enum err err,
			 const char *word, const char *detail)
{
	TRY(audit_refused(rq, connection, word, detail));
	metric_add(METRIC_SIGN_IN_FAILED, 1);
	log_event(LOG_INFO, "upstream.refused", "code", error_row(err)->word, "word", word, "connection",
		  connection->id, "practice", connection->practice_id, "reference", rq->w.request_id, NULL);
	if (rq->flow && flow_is_test(rq->flow))
		return finish_test_refused(rq, connection, err, word, detail);
	if (err == ERR_UPSTREAM_DOWN || err == ERR_FETCH)
		return upstream_down_page(rq, connection, ERR_UPSTREAM_DOWN);
	return refused_page(rq, connection, err, NULL, NULL);
}

enum err connect_busy(struct request *rq, const char *connection_id)
{
	const struct connection *connection = snapshot_connection(rq->w.snapshot, connection_id);

	if (!connection || connection->deleted)
		return fault(&rq->w, ERR_UPSTREAM_STATE, "no connection %s", connection_id);
	return upstream_down_page(rq, connection, ERR_UNAVAILABLE);
}

/* ---- the provider ended a session ---- */

static enum err end_each(struct work *w, const struct upstream_session *list, size_t size, size_t *count)
{
	for (size_t i = 0; i < size; i++) {
		bool ended = false;

		TRY(session_end_once(w, list[i].sid, &ended));
		*count += ended;
	}
	return OK;
}

/* sid: of the one session that is meant; NULL. */
static enum err audit_logged_out(struct work *w, const struct connection *connection, size_t count,
				 const char *sid, const char *reason)
{
	AUTO(json_done)
	json_t *extra = json_pack("{s:I, s:s*}", "sessions", (json_int_t)count, "reason", reason);

	assert(extra);
	return audit(w, &(struct audit_note){ .event = EVENT_UPSTREAM_LOGOUT,
					      .session_sid = sid,
					      .target_kind = "connection",
					      .target_id = connection->id,
					      .extra = extra });
}

enum err connect_logged_out(struct work *work, const struct connection *connection, const char *issuer,
			    const char *subject, const char *upstream_sid, size_t *count)
{
	struct upstream_session *list;
	size_t size;

	assert(tx_is_open(work) && text_equal(work->practice, connection->practice_id));
	if (!subject && !upstream_sid)
		return fault(work, ERR_UPSTREAM_ANSWER, "a logout of nobody");
	const char *key = subject ? subject_key(work, connection->id, issuer, subject) : NULL;

	TRY(upstream_sessions_named(work, connection->id, key, upstream_sid, &list, &size));
	TRY(end_each(work, list, size, count));
	return audit_logged_out(work, connection, *count, NULL, NULL);
}

enum err connect_let_in_no_more(struct work *work, const struct connection *connection, const char *sid,
				const char *reason, bool *ended)
{
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(session_end_once(work, sid, ended));
	if (!*ended)
		return OK;
	TRY(families_revoke_session(work, sid));
	TRY(audit_logged_out(work, connection, 1, sid, reason));
	return tx_commit(&tx);
}
