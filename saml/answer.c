/* answer.c: what goes back to an app: an assertion or a status, by the binding it asked for (SAML
 * Bindings 3.5, 3.6, Profiles 4.1.4.2), and what is on record of it. */
#include "saml/answer.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/flow.h"
#include "login/session.h"
#include "pages.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/claims.h"
#include "saml/artifact.h"
#include "saml/attributes.h"
#include "saml/context.h"
#include "saml/session_index.h"
#include "saml/sign_on.h"
#include "store/db.h"
#include "store/replay.h"
#include "store/saml.h"
#include "store/snapshot.h"

#define EVERYTHING "openid profile email phone address clinic roles groups"
#define PAGE_MAX   (512 * KB)

/* ---- leaving ---- */

enum err answer_by_form(struct request *rq, const char *address, const char *field, const char *value,
			const char *relay_state)
{
	struct page_form_post_fields fields[2] = { { .name = field, .value = value },
						   { .name = "RelayState", .value = relay_state } };
	AUTO_BUF body = BUF(PAGE_MAX);

	page_form_post(&body, &(struct page_form_post){ .frame = page_frame(rq),
							.action = address,
							.fields = fields,
							.fields_count = relay_state ? 2 : 1 });
	if (body.full)
		return fault(&rq->w, ERR_TOO_LARGE, "answer to %s", address);
	return respond_page(rq, 200, &body, url_origin(rq->w.arena, address), NULL);
}

enum err answer_soap(struct request *rq, const char *envelope)
{
	return respond_body(rq, 200, "text/xml; charset=utf-8", BYTES_OF(envelope));
}

enum err answer_outgoing(struct request *rq, const struct outgoing *message, const char *relay_state)
{
	if (message->soap)
		return answer_soap(rq, message->soap);
	if (message->field)
		return answer_by_form(rq, message->url, message->field, message->value, relay_state);
	return respond_redirect(rq, message->url);
}

/* SAML Bindings 3.6: the browser carries a reference, the app fetches the answer from us. */
static enum err answer_by_artifact(struct request *rq, const struct sign_on *on, const char *artifact)
{
	AUTO_BUF location = BUF(16 * KB);

	buf_text(&location, on->acs_url);
	buf_text(&location, strchr(on->acs_url, '?') ? "&SAMLart=" : "?SAMLart=");
	percent_encode(&location, artifact);
	if (on->relay_state) {
		buf_text(&location, "&RelayState=");
		percent_encode(&location, on->relay_state);
	}
	if (location.full)
		return fault(&rq->w, ERR_TOO_LARGE, "answer to %s", on->entity_id);
	return respond_redirect(rq, buf_str(&location));
}

static enum err send_response(struct request *rq, const struct sign_on *on, const char *xml,
			      const char *artifact)
{
	const char *soap;

	if (on->acs_binding == BINDING_ARTIFACT)
		return answer_by_artifact(rq, on, artifact);
	if (on->acs_binding == BINDING_PAOS) {
		TRY(desk_ecp_response(&rq->w, on->acs_url, xml, &soap));
		return respond_body(rq, 200, "application/vnd.paos+xml", BYTES_OF(soap));
	}
	return answer_by_form(rq, on->acs_url, "SAMLResponse", base64_encode(rq->w.arena, BYTES_OF(xml)),
			      on->relay_state);
}

/* ---- yes ---- */

/* The same person is another one at each app, and the same one for good (Core 8.3.7). */
static const char *name_of(struct work *w, const struct sign_on *on, const struct account *account)
{
	switch (on->format) {
	case NAME_ID_PERSISTENT:
		return vault_mac_text(w->app->vault, w->arena, "pairwise", w->practice, on->entity_id,
				      account->id, NULL);
	case NAME_ID_TRANSIENT:
		return id_random(w->arena, "once");
	case NAME_ID_EMAIL:
		return account->email;
	case NAME_ID_UNSPECIFIED:
		return account->id;
	}
	return account->id;
}

/* What the app knows this session as, from an earlier sign-on or from now on. */
static enum err known_as(struct work *w, const struct sign_on *on, const struct session *session,
			 const struct account *account, struct saml_session *out)
{
	struct saml_session *rows;
	size_t count = 0;

	TRY(saml_sessions_of(w, session->sid, on->entity_id, &rows, &count));
	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].name_id_format, name_id_uri(on->format))) {
			*out = rows[i];
			return OK;
		}
	*out = (struct saml_session){
		.session_index = session_index_new(w->arena, session->practice->number),
		.sid = session->sid,
		.client_id = on->entity_id,
		.account_id = account->id,
		.name_id = name_of(w, on, account),
		.name_id_format = name_id_uri(on->format),
		.sp_name_qualifier = on->format == NAME_ID_PERSISTENT ? on->entity_id : NULL,
		.ends_at = session->ends_at,
	};
	return OK;
}

static enum err gather(struct work *w, const struct sign_on *on, const struct session *session,
		       const struct permission *permission, struct statement *out)
{
	AUTO(json_done) json_t *claims = NULL;
	const struct claims_ask ask = { .client = on->client,
					.scope = EVERYTHING,
					.location_id = permission->location_id,
					.sid = session->sid,
					.acr = session->acr,
					.amr = session->amr,
					.auth_time = session->auth_time,
					.session_expiry = session->ends_at };

	TRY(claims_build(w, permission->subject, &ask, CLAIMS_USERINFO, &claims));
	attributes_build(w, on->client, claims, &out->attributes, &out->attribute_count);
	return OK;
}

/* An app that says it encrypts gets nothing in the clear. */
static enum err choose_protection(struct work *w, const struct sign_on *on, struct statement *out)
{
	const struct saml_app *app = &on->client->saml;

	out->sign_response = !text_equal(app->sign, "assertion");
	out->sign_assertion = !text_equal(app->sign, "response") || on->service->wants_assertions_signed;
	if (!text_equal(app->encrypt, "never"))
		out->encrypt_to = service_encryption(on->service, w->now);
	if (text_equal(app->encrypt, "always") && !out->encrypt_to)
		return fault(w, ERR_SAML_METADATA, "%s has no key to encrypt to", on->entity_id);
	return OK;
}

static enum err state(struct work *w, const struct sign_on *on, const struct session *session,
		      const struct saml_session *known, struct statement *out)
{
	out->service = on->service;
	out->in_response_to = on->request_id;
	out->acs_url = on->acs_url;
	out->name_id = (struct saml_name_id){ .format = on->format,
					      .value = known->name_id,
					      .sp_name_qualifier = known->sp_name_qualifier };
	out->session_index = known->session_index;
	out->context_class = context_class(&on->context, session->acr);
	out->auth_time = session->auth_time;
	out->session_ends_at = session->ends_at;
	out->lifetime = on->client->saml.assertion_lifetime;
	return choose_protection(w, on, out);
}

/* A request is answered once (Profiles 4.1.4.5): whoever shows it again has copied it. */
static enum err spend(struct work *w, const struct sign_on *on)
{
	bool fresh = true;

	if (!on->request_id)
		return OK;
	TRY(replay_once(w, "saml_request", arena_print(w->arena, "%s %s", on->entity_id, on->request_id),
			on->issued + SAML_REQUEST_LIFETIME + 2 * SAML_SKEW + 600, &fresh));
	return fresh ? OK : fault(w, ERR_SAML_REPLAYED, "request %s of %s", on->request_id, on->entity_id);
}

/* What was made for an app, to be recorded before it leaves. */
struct made {
	const char *xml, *assertion_id, *artifact; /* artifact NULL: it leaves as it is */
};

/* An assertion is good for hours and cannot be called back as a code can: the session is looked at again
 * here, and whoever ends it from now on tells this app too. */
static enum err record(struct request *rq, const struct sign_on *on, const struct session *session,
		       const struct saml_session *known, const struct made *made)
{
	struct work *w = &rq->w;
	struct saml_session stands; /* what the app knows the session as, if another answer was faster */

	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(session_hold(w, session)); /* before the flow's row, as a sign-in takes them */
	if (rq->flow)
		TRY(flow_finish(rq));
	TRY(spend(w, on));
	TRY(saml_sessions_join(w, known, &stands));
	TRY(session_joined(w, known->sid, on->entity_id));
	if (made->artifact)
		TRY(artifact_keep(w, on->entity_id, made->artifact, made->xml, session->sid));
	TRY(audit(w, &(struct audit_note){ .event = EVENT_ASSERTION_ISSUED,
					   .target_kind = "client",
					   .target_id = on->entity_id,
					   .session_sid = known->sid,
					   .jti = made->assertion_id }));
	if (!text_equal(stands.session_index, known->session_index))
		return fault(w, ERR_CONFLICT, "the session joined %s elsewhere meanwhile", on->entity_id);
	return tx_commit(&tx);
}

static enum err answer_as(struct request *rq, const struct sign_on *on, const struct session *session,
			  const struct saml_session *known, struct statement *statement)
{
	struct work *w = &rq->w;
	struct made made = { 0 };

	TRY(state(w, on, session, known, statement));
	TRY(desk_response(w, statement, &made.xml, &made.assertion_id));
	if (on->acs_binding == BINDING_ARTIFACT)
		TRY(desk_artifact_new(w, &made.artifact));
	TRY(record(rq, on, session, known, &made));
	return send_response(rq, on, made.xml, made.artifact);
}

/* Signing comes before the transaction, which holds the store's one writer; what it makes leaves only after
 * the commit. Two answers at once to the same session and app agree on one name for it: the second looks
 * again. */
enum err sign_on_answer(struct request *rq, const struct sign_on *on, const struct session *session,
			const struct permission *permission)
{
	struct work *w = &rq->w;
	struct saml_session known;
	struct statement statement = { 0 };

	TRY(gather(w, on, session, permission, &statement));
	for (int tries = 0;; tries++) {
		TRY(known_as(w, on, session, &permission->subject->account, &known));
		if (on->subject && !text_equal(on->subject, known.name_id))
			return sign_on_refuse(
				rq, on,
				fault(w, ERR_OTHER_PERSON, "%s asked for another person", on->entity_id));
		enum err err = answer_as(rq, on, session, &known, &statement);

		if (err == ERR_SAML_REPLAYED)
			return saml_refused(rq, on->entity_id, NULL, err);
		if (err != ERR_CONFLICT || tries == 1)
			return err;
	}
}

/* ---- no ---- */

/* What an app is told, and whether the person reads it here instead: an app's own page for a status helps
 * nobody. */
static const struct said {
	enum err code;
	const char *status, *sub_status;
	bool to_person;
} sayings[] = {
	{ ERR_LOGIN_REQUIRED, "Responder", "NoPassive", false },
	{ ERR_INTERACTION_REQUIRED, "Responder", "NoPassive", false },
	{ ERR_UNMET_ACR, "Responder", "NoAuthnContext", false },
	{ ERR_SAML_UNSUPPORTED, "Requester", "InvalidNameIDPolicy", false },
	{ ERR_OTHER_PERSON, "Responder", "UnknownPrincipal", true },
	{ ERR_NO_ACCESS, "Responder", "RequestDenied", true },
	{ ERR_ACCOUNT_DISABLED, "Responder", "RequestDenied", true },
};

static const struct said *said_of(enum err code)
{
	for (size_t i = 0; i < COUNT(sayings); i++)
		if (sayings[i].code == code)
			return &sayings[i];
	return NULL;
}

/* A sign-in that is done is over, and somebody's refused access is on record. What an app may not have
 * without a page anybody can ask, as often as they like: that leaves a line in the log, as with prompt=none.
 */
static enum err record_refusal(struct request *rq, const struct sign_on *on, enum err code, bool denied)
{
	struct work *w = &rq->w;
	bool finish = rq->flow && rq->flow->ready;

	if (!finish && !denied)
		return OK;
	if (!w->practice && on->practice)
		w->practice = on->practice->id;
	AUTO(tx_end) struct tx tx = tx_begin(w);
	if (finish)
		TRY(flow_finish(rq));
	if (denied)
		TRY(audit(w, &(struct audit_note){ .event = EVENT_ACCESS_DENIED,
						   .outcome = OUTCOME_DENY,
						   .reason = error_row(code)->word,
						   .target_kind = "client",
						   .target_id = on->entity_id }));
	return tx_commit(&tx);
}

enum err sign_on_refuse(struct request *rq, const struct sign_on *on, enum err code)
{
	struct work *w = &rq->w;
	const struct said *said = said_of(code);
	const char *reason = w->reason, *xml = NULL, *artifact = NULL;

	if (!on->answerable || !said)
		return code;
	log_event(LOG_INFO, "saml.answered_no", "code", error_row(code)->word, "reason", reason, "client",
		  on->entity_id, "practice", w->practice, "reference", w->request_id, "address",
		  w->actor.address, NULL);
	TRY(record_refusal(rq, on, code, said->to_person));
	if (said->to_person && on->acs_binding != BINDING_PAOS)
		return fault(w, code, "%s", reason ? reason : on->entity_id);
	TRY(desk_refusal(w,
			 &(struct saml_refusal){ .service = on->service,
						 .in_response_to = on->request_id,
						 .acs_url = on->acs_url,
						 .status = said->status,
						 .sub_status = said->sub_status,
						 .message = error_row(code)->text },
			 &xml));
	if (on->acs_binding == BINDING_ARTIFACT) {
		TRY(desk_artifact_new(w, &artifact));
		TRY(artifact_keep(w, on->entity_id, artifact, xml, NULL));
	}
	return send_response(rq, on, xml, artifact);
}
