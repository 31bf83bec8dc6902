/* sso.c: sign-on of SAML apps: what they ask by redirect or by form, and what begins here (SAML
 * Profiles 4.1). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"
#include "keys/secret.h"
#include "login/crowd.h"
#include "login/flow.h"
#include "login/session.h"
#include "saml/sign_on.h"
#include "store/grants.h"
#include "store/snapshot.h"

#define ASKED_LIFETIME 90 /* seconds from a form to the GET that follows it */

/* Nobody is signed in, and a page would be asked for, look the same to an app that wants no page. */
static enum err decide(struct request *rq, const struct sign_on *on, struct permission *permission)
{
	enum err found = on->force_authn ? ERR_SESSION_ENDED : session_find(rq);

	if (found == ERR_SESSION_ENDED)
		return fault(&rq->w, ERR_LOGIN_REQUIRED,
			     "nobody is signed in, or a fresh sign-in was asked for");
	TRY(found);
	return sign_on_permit(rq, on, rq->session, 0, permission);
}

static enum err begin_flow(struct request *rq, const struct sign_on *on)
{
	AUTO(json_done) json_t *carried = sign_on_to_json(on);

	return flow_begin(rq, &(struct flow_start){
				      .kind = "saml",
				      .return_to = PATH_SAML_CONTINUE,
				      .ask = carried,
				      .client = on->client,
				      .practice_id = on->practice ? on->practice->id : NULL,
				      .form_target = url_origin(rq->w.arena, on->acs_url),
				      .fresh = on->force_authn,
				      .need_location = on->client->require_location,
				      .need_acr = on->need_acr,
			      });
}

/* At once where the session does, else through the pages of the sign-in. */
static enum err proceed(struct request *rq, const struct sign_on *on, enum err verdict)
{
	struct permission permission = { 0 };

	if (verdict != OK)
		return sign_on_refuse(rq, on, verdict);
	verdict = decide(rq, on, &permission);
	if (verdict == OK) {
		verdict = sign_on_answer(rq, on, rq->session, &permission);
		if (verdict != ERR_SESSION_ENDED)
			return verdict;
		verdict = ERR_LOGIN_REQUIRED; /* it ended while the answer was made */
	}
	if (on->is_passive || error_row(verdict)->http >= 500)
		return sign_on_refuse(rq, on, verdict);
	return begin_flow(rq, on);
}

static const char *address_of(struct request *rq, const char *path)
{
	return arena_print(rq->w.arena, "%s%s", rq->w.app->config->issuer, path);
}

enum err saml_sso(struct request *rq)
{
	struct sign_on on = { 0 };
	const struct arrival arrival = { .binding = BINDING_REDIRECT,
					 .fields = &rq->query,
					 .raw_query = rq->raw_query,
					 .address = address_of(rq, PATH_SAML_SSO) };

	return proceed(rq, &on, sign_on_read(rq, &arrival, &on));
}

/* ---- a form of another site comes without our cookies (SameSite=Lax): go on in a GET of our own ---- */

static enum err keep_asked(struct request *rq, const struct sign_on *on)
{
	struct work *w = &rq->w;
	AUTO(secret_wipe) struct secret handle = secret_new();
	AUTO(json_done) json_t *carried = sign_on_to_json(on);
	AUTO_BUF location = BUF(8 * KB);

	TRY(crowd_may(rq));
	TRY(pushed_insert(w, secret_hash(w->arena, "saml", handle.text), on->entity_id,
			  json_text(w->arena, carried), w->now + ASKED_LIFETIME));
	buf_print(&location, PATH_SAML_ASKED "?ask=%s&sp=", handle.text);
	percent_encode(&location, on->entity_id);
	return respond_redirect(rq, buf_str(&location));
}

enum err saml_sso_post(struct request *rq)
{
	struct sign_on on = { 0 };
	const struct arrival arrival = { .binding = BINDING_POST,
					 .fields = &rq->form,
					 .address = address_of(rq, PATH_SAML_SSO) };
	enum err verdict = sign_on_read(rq, &arrival, &on);

	return verdict == OK ? keep_asked(rq, &on) : sign_on_refuse(rq, &on, verdict);
}

static void release_json(void *thing)
{
	json_decref(thing);
}

enum err saml_sso_asked(struct request *rq)
{
	struct work *w = &rq->w;
	const char *handle = request_parameter(rq, "ask"), *entity_id = request_parameter(rq, "sp");
	const char *text = NULL;
	struct sign_on on = { 0 };
	int64_t number;

	if (handle && entity_id && secret_parse(handle, &number))
		TRY(pushed_take(w, secret_hash(w->arena, "saml", handle), entity_id, &text));
	if (!text)
		return fault(w, ERR_FLOW_GONE, "what an app posted is gone");
	json_t *carried = json_read(text, strlen(text));

	if (!carried)
		return fault(w, ERR_INTERNAL, "what an app posted is not readable");
	arena_defer(w->arena, release_json, carried);
	enum err verdict = sign_on_from_json(w, carried, &on);

	rq->client = on.client;
	return proceed(rq, &on, verdict);
}

/* ---- after the sign-in ---- */

static enum err resume(struct request *rq, struct sign_on *on, struct permission *permission)
{
	bool ready = false;

	TRY(sign_on_from_json(&rq->w, rq->flow->ask, on));
	rq->client = on->client;
	/* this address can be called before the steps are done, and by a session that came from elsewhere
	 * (A8) */
	TRY(flow_is_ready(rq, &ready));
	if (!ready)
		return fault(&rq->w, ERR_SESSION_ENDED, "the sign-in is not done");
	return sign_on_permit(rq, on, rq->session, rq->flow->created_at, permission);
}

enum err saml_sso_continue(struct request *rq)
{
	struct sign_on on = { 0 };
	struct permission permission = { 0 };

	if (!text_equal(rq->flow->kind, "saml"))
		return fault(&rq->w, ERR_FLOW_GONE, "flow %s is not of a SAML app", rq->flow->id);
	enum err verdict = resume(rq, &on, &permission);

	if (verdict != OK && verdict != ERR_SESSION_ENDED)
		return sign_on_refuse(rq, &on, verdict);
	if (verdict == OK)
		verdict = sign_on_answer(rq, &on, rq->session, &permission);
	return verdict == ERR_SESSION_ENDED ? flow_next(rq) : verdict;
}

/* ---- nobody asked ---- */

enum err saml_sso_start(struct request *rq)
{
	struct sign_on on = { 0 };
	const char *entity_id = request_parameter(rq, "sp");

	if (!entity_id)
		return fault(&rq->w, ERR_PARAMETER_MALFORMED, "sp is missing");
	TRY(sign_on_unasked(rq, entity_id, request_parameter(rq, "RelayState"), &on));
	return proceed(rq, &on, OK);
}
