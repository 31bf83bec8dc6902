/* dispatch.c: GET /login decides the next page of a sign-in by looking at the flow and the session. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "login/acr.h"
#include "login/session.h"
#include "login/steps.h"
#include "people/account.h"
#include "store/db.h"
#include "store/flows.h"
#include "store/snapshot.h"

/* ---- looking ---- */

static bool session_is_asked_for(const struct request *rq)
{
	const struct flow *flow = rq->flow;
	const struct session *session = rq->session;

	if (!session)
		return false;
	/* Only what this flow itself began is fresh enough (OpenID Connect Core 3.1.2.1, prompt=login). A
	 * proof that has not become a session yet says who is here now, whoever was before. */
	if ((flow->fresh || flow->select_account || flow->account_id || flow->matches) &&
	    !text_equal(flow->sid, session->sid))
		return false;
	if (flow->practice_id && !text_equal(flow->practice_id, session->practice->id))
		return false;
	if (flow->expected_sub && !text_equal(flow->expected_sub, session->account_id))
		return false;
	if (rq->client && !client_serves(rq->client, session->practice->id))
		return false;
	return acr_reaches(session->acr, flow->need_acr);
}

static enum err look_at_session(struct request *rq, struct visit *visit)
{
	rq->w.practice = rq->session->practice->id;

	enum err err = subject_load(&rq->w, rq->session->account_id, &visit->subject);

	if (err == OK)
		err = subject_may(&rq->w, &visit->subject, rq->client);
	visit->refused = err == ERR_NOT_FOUND || err == ERR_NO_ACCESS || err == ERR_ACCOUNT_DISABLED;
	if (err == OK)
		visit->session = rq->session;
	return visit->refused ? OK : err;
}

/* A password, a status or a class that changed since then voids what was shown. */
static enum err look_at_proof(struct request *rq, struct visit *visit)
{
	struct flow *flow = rq->flow;

	rq->w.practice = flow->practice_id;

	enum err err = subject_load(&rq->w, flow->account_id, &visit->subject);

	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	visit->proved = err == OK && visit->subject.account.epoch == flow->epoch;
	if (!visit->proved)
		flow_forget_proof(flow);
	return OK;
}

static void look_for_place(const struct request *rq, struct visit *visit)
{
	const struct standing *standing = &visit->subject.standing;

	if (standing_at(standing, rq->session->location_id))
		visit->place = rq->session->location_id;
	else if (standing->place_count == 1)
		visit->place = standing->places[0].location->id;
}

enum err visit_look(struct request *rq, struct visit *out)
{
	*out = (struct visit){ 0 };
	if (session_is_asked_for(rq))
		TRY(look_at_session(rq, out));
	if (!out->session && rq->flow->account_id)
		TRY(look_at_proof(rq, out));
	if (out->session || out->proved)
		out->practice = out->subject.practice;
	if (out->session)
		look_for_place(rq, out);
	return OK;
}

/* ---- the needs ---- */

/* Nothing but the way to the provider and back. */
static bool needs_test(const struct flow *flow, UNUSED const struct visit *visit)
{
	return flow_is_test(flow);
}

static bool needs_link(const struct flow *flow, const struct visit *visit)
{
	return !visit->session && !visit->proved && flow->link;
}

static bool needs_person(const struct flow *flow, const struct visit *visit)
{
	return !visit->session && !visit->proved && !flow->matches && !flow->link;
}

static bool needs_practice(const struct flow *flow, const struct visit *visit)
{
	return !visit->session && !visit->proved && flow->matches;
}

static bool needs_change(const struct flow *flow, const struct visit *visit)
{
	return !visit->session && visit->proved && flow->must_change;
}

static bool needs_session(const struct flow *flow, const struct visit *visit)
{
	return !visit->session && visit->proved && !flow->must_change;
}

static bool place_is_open(const struct flow *flow, const struct visit *visit)
{
	return visit->session && flow->need_location && !flow->location_id;
}

static bool needs_settling(const struct flow *flow, const struct visit *visit)
{
	return place_is_open(flow, visit) && (visit->place || visit->subject.standing.place_count == 0);
}

static bool needs_place(const struct flow *flow, const struct visit *visit)
{
	return place_is_open(flow, visit) && !needs_settling(flow, visit);
}

/* How strong what was proven is. ERR_UNMET_ACR: less than was asked for, and nobody here can add to it. */
static enum err weigh_proof(struct request *rq, const char *const **amr, const char **acr)
{
	const struct flow *flow = rq->flow;
	AUTO(json_done) json_t *shown = json_pack("{s:O?}", "amr", flow->amr);

	*amr = json_get_list(rq->w.arena, shown, "amr");
	*acr = flow->via ? acr_upstream(json_get_bool(flow->via, "mfa", false)) : acr_of(*amr);
	if (*acr && acr_reaches(*acr, flow->need_acr))
		return OK;
	return fault(&rq->w, ERR_UNMET_ACR, "asked for %s", flow->need_acr ? flow->need_acr : "a method");
}

/* What was proven becomes a session, once: the proof leaves the row in the same transaction. */
static enum err begin_session(struct request *rq, struct visit *visit)
{
	struct flow *flow = rq->flow;
	struct session *session = arena_new_of(rq->w.arena, struct session);
	AUTO(secret_wipe) struct secret handle = { 0 };
	const char *const *amr;
	const char *acr;

	TRY(weigh_proof(rq, &amr, &acr));

	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);
	const struct session_start start = {
		.practice = visit->practice,
		.account_id = flow->account_id,
		.acr = acr,
		.amr = amr,
		.account_epoch = flow->epoch,
		.via = flow->via,
		.continuity = flow->continuity,
		.auth_time = json_get_int(flow->via, "auth_time", 0),
	};

	TRY(session_start(rq, &start, session, &handle));
	flow->sid = session->sid;
	flow_forget_proof(flow);
	TRY(flow_save(rq));
	TRY(tx_commit(&tx));
	session_hand_over(rq, session, &handle);
	cookie_clear(rq, COOKIE_PROOF);
	visit->session = session;
	visit->proved = false;
	look_for_place(rq, visit);
	return OK;
}

/* One place, or the one chosen before, needs no page. */
static enum err settle_place(struct request *rq, struct visit *visit)
{
	if (!visit->place)
		return fault(&rq->w, ERR_NO_ACCESS, "the app needs a location, the account has none");

	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	rq->flow->location_id = visit->place;
	rq->flow->location_chosen = true;
	if (!text_equal(rq->session->location_id, visit->place))
		TRY(session_set_location(rq, visit->place));
	TRY(flow_save(rq));
	return tx_commit(&tx);
}

/* clang-format off */
/* The first row that is needed comes next; without a path the dispatcher does it itself. */
static const struct need {
	const char *name;
	bool (*needed)(const struct flow *flow, const struct visit *visit);
	const char *path; /* of a person: or where person_path says */
	enum err (*act)(struct request *rq, struct visit *visit);
} needs[] = {
	{ "test",     needs_test,     "/login/upstream", NULL          },
	{ "link",     needs_link,     "/login/link",     NULL          },
	{ "person",   needs_person,   "/login/password", NULL          },
	{ "practice", needs_practice, "/login/practice", NULL          },
	{ "change",   needs_change,   "/login/change",   NULL          },
	{ "session",  needs_session,  NULL,              begin_session },
	{ "place",    needs_settling, NULL,              settle_place  },
	{ "location", needs_place,    "/login/location", NULL          },
};
/* clang-format on */

static const struct need *first_need(const struct request *rq, const struct visit *visit)
{
	for (size_t i = 0; i < COUNT(needs); i++)
		if (needs[i].needed(rq->flow, visit))
			return &needs[i];
	return NULL;
}

const char *visit_needs(const struct request *rq, const struct visit *visit)
{
	const struct need *need = first_need(rq, visit);

	return need ? need->name : NULL;
}

/* ---- going on ---- */

/* The app begins its own sign-in when it is told who answers (OpenID Connect Core 4). */
static const char *app_begins(struct request *rq)
{
	AUTO_BUF url = BUF(4 * KB);

	buf_text(&url, rq->client->initiate_login_uri);
	buf_text(&url, strchr(rq->client->initiate_login_uri, '?') ? "&iss=" : "?iss=");
	percent_encode(&url, rq->w.app->config->issuer);
	return arena_text(rq->w.arena, buf_str(&url));
}

static enum err leave(struct request *rq)
{
	const struct flow *flow = rq->flow;
	bool of_app = text_equal(flow->kind, "app") && rq->client && rq->client->initiate_login_uri;
	bool won;

	if (!of_app && !text_equal(flow->kind, "home"))
		return respond_redirect(rq,
					arena_print(rq->w.arena, "%s?flow=%s", flow->return_to, flow->id));
	/* Nobody waits for it: whoever finishes it, the person is signed in and goes home. */
	TRY(flows_finish(&rq->w, flow->id, flow->version, &won));
	return respond_redirect(rq, of_app ? app_begins(rq) : flow->return_to);
}

static const char *path_of(const struct request *rq, const struct need *need, const struct visit *visit)
{
	return need->needed == needs_person ? person_path(rq, visit) : need->path;
}

static enum err go_on(struct request *rq)
{
	struct visit visit;
	const struct need *need;

	TRY(visit_look(rq, &visit));
	while ((need = first_need(rq, &visit)) != NULL) {
		if (need->path)
			return respond_redirect(rq, arena_print(rq->w.arena, "%s?flow=%s",
								path_of(rq, need, &visit), rq->flow->id));
		enum err err = need->act(rq, &visit);

		if (err == ERR_CONFLICT)
			return flow_next(rq);
		if (err == ERR_UNMET_ACR)
			return leave(rq); /* flow_is_ready says so there, and the app is told */
		TRY(err);
	}
	return leave(rq);
}

/* A browser that keeps no cookies would be sent round in a circle. */
static bool goes_in_circles(struct request *rq)
{
	return !flow_browser(rq) && form_get(&rq->query, "renewed");
}

enum err dispatch_show(struct request *rq)
{
	if (!request_parameter(rq, "flow"))
		return flow_begin(rq, &(struct flow_start){ .kind = "home", .return_to = "/" });

	enum err err = flow_load(rq);

	if (err == ERR_FLOW_GONE || (err == ERR_FLOW_OTHER_BROWSER && !goes_in_circles(rq)))
		return flow_renew(rq);
	TRY(err);
	return go_on(rq);
}

enum err step_enter(struct request *rq, const char *step, struct visit *visit, bool *elsewhere)
{
	TRY(visit_look(rq, visit));
	*elsewhere = !text_equal(visit_needs(rq, visit), step);
	return *elsewhere ? flow_next(rq) : OK;
}

enum err step_done(struct request *rq)
{
	enum err err = flow_save(rq);

	return err == OK || err == ERR_CONFLICT ? flow_next(rq) : err;
}

/* ---- what protocols ask ---- */

enum err flow_is_ready(struct request *rq, bool *ready)
{
	const struct need *need;
	const char *const *amr;
	const char *acr;
	struct visit visit;

	if (!rq->flow->ready) {
		TRY(visit_look(rq, &visit));
		need = first_need(rq, &visit);
		if (need && need->act == begin_session)
			TRY(weigh_proof(rq, &amr, &acr));
		rq->flow->ready = need == NULL;
	}
	*ready = rq->flow->ready;
	return OK;
}

enum err flow_would_ask(struct request *rq, const struct flow_start *start, bool *asks)
{
	struct flow flow = flow_of_start(rq, start);
	struct flow *flow_before = TAKE(rq->flow);
	const struct client *client_before = TAKE(rq->client);
	struct visit visit;

	rq->flow = &flow;
	rq->client = start->client;

	enum err err = visit_look(rq, &visit);

	if (err == OK)
		*asks = !visit.session || needs_place(&flow, &visit);
	rq->flow = flow_before;
	rq->client = client_before;
	return err;
}
