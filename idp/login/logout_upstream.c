/* logout_upstream.c: signing out here signs out at the provider, too, where its connection says so.
 *
 * Our own session has ended before, whatever the provider does. The browser goes there from a GET of ours on
 * the lane that may wait, and comes back to /logged-out, which is registered there and so cannot say where
 * the app wants it: a cookie names the row that knows. */
#include "base/base.h"

#include <jansson.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/seal.h"
#include "login/logout.h"
#include "login/logout_upstream.h"
#include "login/reach.h"
#include "login/session.h"
#include "login/steps.h"
#include "people/connector.h"
#include "store/connections.h"
#include "store/flows.h"
#include "store/snapshot.h"

#define COOKIE_ONWARD  "lanyard-onward"
#define ONWARD_SECONDS 600

static const struct connection *connection_to_leave(const struct request *rq, const struct session *session)
{
	const struct connection *connection = snapshot_connection(rq->w.snapshot, session->connection_id);

	if (!connection || connection->deleted || connection->disabled || !connection->upstream_logout)
		return NULL;
	return connector_of(&rq->w, connection->protocol)->leave ? connection : NULL;
}

enum err logout_upstream_plan(struct request *rq, const struct session *session,
			      const struct logout_start *start, const char **onward)
{
	const struct connection *connection = connection_to_leave(rq, session);
	AUTO(json_done) json_t *wanted = json_object();
	struct flow flow = { .kind = "logout_upstream", .return_to = "/logged-out", .ask = wanted };

	*onward = NULL;
	if (!connection)
		return OK;
	json_set_text(wanted, "connection", connection->id);
	json_set_text(wanted, "sid", session->sid);
	json_set_text(wanted, "uri", start->post_logout_redirect_uri);
	TRY(flow_insert(rq, &flow));
	*onward = arena_print(rq->w.arena, "/logout/upstream?flow=%s", flow.id);
	return OK;
}

/* ---- going there ---- */

static enum err hint_of(struct work *w, const char *sid, struct bytes *out)
{
	struct upstream_session row;
	bool found;

	*out = (struct bytes){ 0 };
	TRY(upstream_sessions_find(w, sid, &row, &found));
	if (!found || !row.hint.at)
		return OK;
	if (unseal(w->app->vault, w->arena, "upstream_hint",
		   arena_print(w->arena, "upstream_session/%s", sid), row.hint, out) != OK)
		*out = (struct bytes){ 0 }; /* the provider asks the person then */
	return OK;
}

/* NULL: there is no way there, now or at all; the person is signed out here all the same. */
static const char *way_out(struct request *rq, const json_t *wanted)
{
	struct work *w = &rq->w;
	const struct connection *connection =
		snapshot_connection(w->snapshot, json_get_text(wanted, "connection"));
	const char *sid = json_get_text(wanted, "sid"), *url = NULL;
	AUTO(reach_leave) struct reach_visit inside = { 0 };
	struct bytes hint;

	if (!connection || connection->deleted || connection->disabled || !sid)
		return NULL;
	w->practice = connection->practice_id;

	enum err err = reach_enter(w, connection->id, &inside);

	if (err == OK)
		err = hint_of(w, sid, &hint);
	if (err == OK)
		err = connector_of(w, connection->protocol)
			      ->leave(w, connection, hint,
				      arena_print(w->arena, "%s/logged-out", w->app->config->issuer), &url);
	if (err != OK)
		log_event(LOG_WARN, "upstream.logout", "connection", connection->id, "code",
			  error_row(err)->word, "reason", w->reason, NULL);
	return err == OK ? url : NULL;
}

/* The row, when it is this browser's and still going on. */
static enum err recall(struct request *rq, struct flow **out)
{
	enum flow_standing standing;
	struct flow *flow = NULL;

	*out = NULL;
	TRY(flow_look(rq, &flow, &standing));
	if (standing == FLOW_LIVE && text_equal(flow->kind, "logout_upstream"))
		*out = flow;
	return OK;
}

enum err logout_upstream_show(struct request *rq)
{
	struct flow *flow;
	const char *url, *uri;

	TRY(recall(rq, &flow));
	if (!flow)
		return respond_redirect(rq, "/logged-out");
	uri = json_get_text(flow->ask, "uri");
	url = way_out(rq, flow->ask);
	if (!url)
		return respond_redirect(rq, uri ? uri : "/logged-out");
	if (uri)
		cookie_set(rq, COOKIE_ONWARD, flow->id, ONWARD_SECONDS);
	return respond_redirect(rq, url);
}

/* ---- and back ---- */

enum err logout_upstream_back(struct request *rq, const char **uri)
{
	const char *id = cookie_get(rq, COOKIE_ONWARD);
	bool won = false;

	*uri = NULL;
	if (!id)
		return OK;
	cookie_clear(rq, COOKIE_ONWARD);

	enum err err = flow_load_of(rq, id);

	if (err == ERR_FLOW_GONE || err == ERR_FLOW_OTHER_BROWSER)
		return OK;
	TRY(err);
	struct flow *flow = TAKE(rq->flow);

	if (!text_equal(flow->kind, "logout_upstream"))
		return OK;
	TRY(flows_finish(&rq->w, flow->id, flow->version, &won));
	if (won)
		*uri = json_get_text(flow->ask, "uri");
	return OK;
}
