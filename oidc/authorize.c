/* authorize.c: GET /oauth2/authorize and the way back from the sign-in (RFC 6749 4.1, OpenID Connect Core
 * 3.1.2, RFC 9126 4). */
#include "oidc/authorize.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "login/flow.h"
#include "login/session.h"
#include "oidc/ask.h"
#include "oidc/par.h"
#include "oidc/provider.h"
#include "oidc/respond.h"
#include "store/grants.h"
#include "store/snapshot.h"

#define PUSHED_FIELDS_MAX 64
#define URL_MAX           (12 * KB)

/* What was pushed replaces the whole request: parameters beside request_uri do not count (RFC 9126 4). It is
 * taken away as it is read, so it begins one sign-in. */
static enum err take_pushed(struct work *w, struct ask *ask)
{
	const char *handle = par_handle(ask->request_uri);
	const char *client_id = ask->client_id, *parameters = NULL;
	struct form form = { 0 };

	if (!handle || !client_id)
		return OK;
	TRY(pushed_take(w, secret_hash(w->arena, "par", handle), client_id, &parameters));
	if (!parameters)
		return fault(w, ERR_REQUEST_URI_INVALID, "client %s showed a request_uri that is not there",
			     client_id);
	TRY(form_parse(w->arena, parameters, strlen(parameters), PUSHED_FIELDS_MAX, &form));
	TRY(ask_read(w, &form, ask));
	if (!text_equal(ask->client_id, client_id))
		return fault(w, ERR_CLIENT_UNKNOWN, "request pushed by %s, shown by %s", ask->client_id,
			     client_id);
	ask->pushed = true;
	return OK;
}

static enum err begin_flow(struct request *rq, const struct ask *ask)
{
	const struct session *s = rq->session;
	/* Another provider may have asked longer ago than this app allows. */
	bool too_old = ask->max_age_seconds >= 0 && (!s || rq->w.now - s->auth_time > ask->max_age_seconds);
	AUTO(json_done) json_t *carried = ask_to_json(ask);

	return flow_begin(
		rq, &(struct flow_start){
			    .kind = "oidc",
			    .return_to = PATH_CONTINUE,
			    .ask = carried,
			    .client = ask->client,
			    .practice_id = ask->practice ? ask->practice->id : NULL,
			    .login_hint = ask->login_hint,
			    .domain_hint = ask->domain_hint,
			    .ui_locales = ask->ui_locales,
			    .location_id = ask->location,
			    .form_target = respond_form_target(rq->w.arena, ask->return_uri),
			    .fresh = ask->prompts & PROMPT_LOGIN || ask->max_age_seconds == 0 || too_old,
			    .select_account = ask->prompts & PROMPT_SELECT,
			    .need_location = ask->location || ask->client->require_location,
			    .need_acr = ask->need_acr,
			    .expected_sub = ask->expected_sub,
		    });
}

/* The same answer for "nobody is signed in" and "a page was asked for": a page would have to be shown. */
static enum err decide(struct request *rq, const struct ask *ask, struct permit *permit)
{
	if (ask->prompts & PROMPT_LOGIN || ask->max_age_seconds == 0)
		return fault(&rq->w, ERR_LOGIN_REQUIRED, "a fresh sign-in was asked for");
	enum err found = session_find(rq);

	if (found == ERR_SESSION_ENDED)
		return fault(&rq->w, ERR_LOGIN_REQUIRED, "nobody is signed in");
	TRY(found);
	if (ask->prompts & PROMPT_SELECT)
		return fault(&rq->w, ERR_INTERACTION_REQUIRED, "an account has to be chosen");
	return permit_check(rq, ask, rq->session, 0, permit);
}

enum err oidc_authorize(struct request *rq)
{
	struct ask ask;
	struct permit permit = { 0 };

	TRY(ask_read(&rq->w, &rq->query, &ask));
	TRY(take_pushed(&rq->w, &ask));
	enum err verdict = ask_check(&rq->w, &ask, ASK_AUTHORIZE);

	if (verdict != OK)
		return respond_refusal(rq, &ask, verdict);
	rq->client = ask.client;
	verdict = decide(rq, &ask, &permit);
	if (verdict == OK)
		return respond_code(rq, &(struct code_start){ .ask = &ask,
							      .session = rq->session,
							      .location_id = permit.location_id });
	/* with prompt=none no page may help (OpenID Connect Core 3.1.2.1); nor when the store is away */
	if (ask.prompts & PROMPT_NONE || error_row(verdict)->http >= 500)
		return respond_refusal(rq, &ask, verdict);
	return begin_flow(rq, &ask);
}

enum err oidc_authorize_post(struct request *rq)
{
	struct ask ask;

	TRY(ask_read(&rq->w, &rq->form, &ask));
	const char *query = form_write(rq->w.arena, &rq->form);

	if (strlen(query) > URL_MAX)
		return fault(&rq->w, ERR_TOO_LARGE, "%zu bytes of parameters", strlen(query));
	return respond_redirect(rq, arena_print(rq->w.arena, PATH_AUTHORIZE "?%s", query));
}

enum err oidc_authorize_continue(struct request *rq)
{
	struct ask ask;
	struct permit permit = { 0 };
	enum err verdict = permit_resume(rq, &ask, &permit);

	if (verdict == ERR_SESSION_ENDED)
		return flow_next(rq);
	if (verdict == ERR_CONSENT_REQUIRED)
		return respond_redirect(rq, arena_print(rq->w.arena, PATH_CONSENT "?flow=%s", rq->flow->id));
	if (verdict != OK)
		return respond_refusal(rq, &ask, verdict);
	return respond_code(rq, &(struct code_start){ .ask = &ask,
						      .session = rq->session,
						      .location_id = permit.location_id });
}
