/* respond.c: the answer to an authorization request: code or error, by redirect or by a form. */
#include "oidc/respond.h"

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
#include "keys/secret.h"
#include "login/flow.h"
#include "login/session.h"
#include "oidc/ask.h"
#include "oidc/provider.h"
#include "pages.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/snapshot.h"

#define LOCATION_MAX (16 * KB)
#define FIELDS_MAX   6

/* Names and values of one answer, in order. */
struct answer {
	struct form_field fields[FIELDS_MAX];
	size_t count;
};

static void add(struct answer *answer, const char *name, const char *value)
{
	if (!value)
		return;
	assert(answer->count < FIELDS_MAX);
	answer->fields[answer->count++] = (struct form_field){ name, value };
}

char *respond_form_target(struct arena *arena, const char *uri)
{
	char *origin = url_origin(arena, uri);

	return origin ? origin : arena_textn(arena, uri, strcspn(uri, ":") + 1);
}

static enum err answer_by_redirect(struct request *rq, const struct ask *ask, const struct answer *answer)
{
	AUTO_BUF location = BUF(LOCATION_MAX);
	char separator = strchr(ask->return_uri, '?') ? '&' : '?';

	buf_text(&location, ask->return_uri);
	for (size_t at = 0; at < answer->count; at++) {
		buf_char(&location, at ? '&' : separator);
		buf_text(&location, answer->fields[at].name);
		buf_char(&location, '=');
		percent_encode(&location, answer->fields[at].value);
	}
	if (location.full)
		return fault(&rq->w, ERR_TOO_LARGE, "answer to %s", ask->client_id);
	return respond_redirect(rq, buf_str(&location));
}

/* A page with one form; a script of ours presses the button, without script a person does. */
static enum err answer_by_form(struct request *rq, const struct ask *ask, const struct answer *answer)
{
	struct page_form_post_fields fields[FIELDS_MAX];
	AUTO_BUF body = BUF(64 * KB);

	for (size_t at = 0; at < answer->count; at++)
		fields[at] = (struct page_form_post_fields){ .name = answer->fields[at].name,
							     .value = answer->fields[at].value };
	page_form_post(&body, &(struct page_form_post){ .frame = page_frame(rq),
							.action = ask->return_uri,
							.fields = fields,
							.fields_count = answer->count });
	if (body.full)
		return fault(&rq->w, ERR_TOO_LARGE, "answer to %s", ask->client_id);
	return respond_page(rq, 200, &body, respond_form_target(rq->w.arena, ask->return_uri), NULL);
}

/* state comes back as it was sent; iss tells the app who answers (RFC 9207 2). */
static enum err send_answer(struct request *rq, const struct ask *ask, struct answer *answer)
{
	add(answer, "state", ask->state);
	add(answer, "iss", rq->w.app->config->issuer);
	return ask->form_post ? answer_by_form(rq, ask, answer) : answer_by_redirect(rq, ask, answer);
}

static void become(struct work *w, const struct session *session, const char *client_id)
{
	w->practice = session->practice->id;
	w->actor.kind = ACTOR_ACCOUNT;
	w->actor.id = session->account_id;
	w->actor.sid = session->sid;
	w->actor.client_id = client_id;
}

static enum err remember(struct work *w, const struct code_start *start)
{
	if (!start->remember)
		return OK;
	TRY(consents_put(w, start->session->account_id, start->ask->client_id, start->remember));
	return audit(w, &(struct audit_note){ .event = EVENT_CONSENT_GIVEN,
					      .target_kind = "client",
					      .target_id = start->ask->client_id,
					      .session_sid = start->session->sid });
}

static enum err insert_code(struct work *w, const struct code_start *start, const char *hash)
{
	const struct ask *ask = start->ask;

	return codes_insert(w, &(struct code_row){
				       .hash = hash,
				       .client_id = ask->client_id,
				       .account_id = start->session->account_id,
				       .sid = start->session->sid,
				       .redirect_uri = ask->return_uri,
				       .redirect_given = ask->redirect_uri != NULL,
				       .challenge = ask->code_challenge,
				       .scope = ask->granted,
				       .nonce = ask->nonce,
				       .claims = ask->claims,
				       .resource = ask->resource,
				       .location_id = start->location_id,
				       .family_id = id_new(w->arena, "grant"),
				       .auth_time = start->session->auth_time,
				       .expires_at = w->now + CODE_LIFETIME,
			       });
}

static enum err record_code(struct request *rq, const struct code_start *start, const char *hash)
{
	struct work *w = &rq->w;

	AUTO(tx_end) struct tx tx = tx_begin(w);
	if (rq->flow)
		TRY(flow_finish(rq));
	TRY(insert_code(w, start, hash));
	TRY(session_joined(w, start->session->sid, start->ask->client_id));
	TRY(remember(w, start));
	TRY(audit(w, &(struct audit_note){ .event = EVENT_CODE_ISSUED,
					   .target_kind = "client",
					   .target_id = start->ask->client_id,
					   .session_sid = start->session->sid }));
	return tx_commit(&tx);
}

enum err respond_code(struct request *rq, const struct code_start *start)
{
	struct work *w = &rq->w;
	AUTO(secret_wipe) struct secret code = secret_new_in(start->session->practice->number);
	struct answer answer = { 0 };

	become(w, start->session, start->ask->client_id);
	TRY(record_code(rq, start, secret_hash(w->arena, "code", code.text)));
	add(&answer, "code", code.text);
	return send_answer(rq, start->ask, &answer);
}

/* The browser leaves with the answer: a sign-in that is done is over (one that is not expires by itself), and
 * a refusal of access is on record. */
static enum err record_refusal(struct request *rq, const struct ask *ask, enum err code)
{
	struct work *w = &rq->w;
	bool denied = text_equal(error_row(code)->oauth, "access_denied");
	struct audit_note note = { .event = code == ERR_DENIED ? EVENT_CONSENT_DENIED : EVENT_ACCESS_DENIED,
				   .outcome = OUTCOME_DENY,
				   .reason = error_row(code)->word,
				   .target_kind = "client",
				   .target_id = ask->client_id };

	bool finish = rq->flow && rq->flow->ready;

	if (!finish && !denied)
		return OK;
	if (!w->practice && ask->practice)
		w->practice = ask->practice->id;
	AUTO(tx_end) struct tx tx = tx_begin(w);
	if (finish)
		TRY(flow_finish(rq));
	if (denied && w->practice)
		TRY(audit(w, &note));
	return tx_commit(&tx);
}

/* The log line that front.c would have written for a page; here the app gets the fault. */
static void log_refusal(const struct request *rq, const struct ask *ask, enum err code)
{
	log_event(LOG_INFO, "authorize.refused", "code", error_row(code)->word, "reason", rq->w.reason,
		  "client", ask->client_id, "practice", rq->w.practice, "reference", rq->w.request_id,
		  "address", rq->w.actor.address, NULL);
}

enum err respond_refusal(struct request *rq, const struct ask *ask, enum err code)
{
	const struct error_row *row = error_row(code);
	struct answer answer = { 0 };

	if (!ask->answerable)
		return code;
	log_refusal(rq, ask, code);
	/* when the store is away nothing can be recorded; the app is told all the same (RFC 6749 4.1.2.1) */
	if (row->http < 500)
		TRY(record_refusal(rq, ask, code));
	add(&answer, "error", row->oauth ? row->oauth : "invalid_request");
	add(&answer, "error_description", row->text);
	return send_answer(rq, ask, &answer);
}
