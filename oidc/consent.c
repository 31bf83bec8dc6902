/* consent.c: the page that asks a person whether an app of others may have what it asks for, and the
 * answer (RFC 6749 10.12: the form carries its own token; guard.h checks it). */
#include "oidc/authorize.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/form.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response.h"
#include "login/flow.h"
#include "login/session.h"
#include "oidc/ask.h"
#include "oidc/provider.h"
#include "oidc/respond.h"
#include "oidc/scope.h"
#include "pages.h"
#include "store/snapshot.h"

#define SCOPES_MAX 32

/* A scope in words; one that an app brought itself is shown as it is. */
static const char *in_words(const struct request *rq, const char *scope)
{
	const char *text = catalog_text(rq->messages, arena_print(rq->w.arena, "consent.scope.%s", scope));

	return text ? text : scope;
}

static size_t list_scopes(const struct request *rq, const char *granted,
			  struct page_consent_scopes out[SCOPES_MAX])
{
	size_t count = 0;

	for (const char *const *word = scope_words(rq->w.arena, granted); *word && count < SCOPES_MAX; word++)
		out[count++] = (struct page_consent_scopes){ .text = in_words(rq, *word) };
	return count;
}

static enum err show(struct request *rq, const struct ask *ask, const struct permit *permit)
{
	struct page_consent_scopes scopes[SCOPES_MAX];
	AUTO_BUF body = BUF(64 * KB);

	rq->messages = catalog_choose(ask->ui_locales, cookie_get(rq, COOKIE_LANGUAGE), rq->accept_language);
	struct page_consent page = {
		.frame = page_frame(rq),
		.csrf = flow_csrf(rq),
		.flow = rq->flow->id,
		.app = ask->client->name,
		.practice = permit->subject.practice->name,
		.email = permit->subject.account.email,
		.scopes = scopes,
		.scopes_count = list_scopes(rq, ask->released, scopes),
	};

	page_consent(&body, &page);
	if (body.full)
		return fault(&rq->w, ERR_TOO_LARGE, "consent page for %s", ask->client_id);
	return respond_page(rq, 200, &body, respond_form_target(rq->w.arena, ask->return_uri), NULL);
}

enum err oidc_consent_page(struct request *rq)
{
	struct ask ask;
	struct permit permit = { 0 };
	enum err verdict = permit_resume(rq, &ask, &permit);

	if (verdict == ERR_SESSION_ENDED)
		return flow_next(rq);
	if (verdict == ERR_CONSENT_REQUIRED)
		return show(rq, &ask, &permit);
	if (verdict != OK)
		return respond_refusal(rq, &ask, verdict);
	return respond_redirect(rq, arena_print(rq->w.arena, PATH_CONTINUE "?flow=%s", rq->flow->id));
}

enum err oidc_consent_submit(struct request *rq)
{
	struct ask ask;
	struct permit permit = { 0 };
	const char *decision = request_parameter(rq, "decision");
	enum err verdict = permit_resume(rq, &ask, &permit);

	if (verdict == ERR_SESSION_ENDED)
		return flow_next(rq);
	if (verdict != OK && verdict != ERR_CONSENT_REQUIRED)
		return respond_refusal(rq, &ask, verdict);
	if (text_equal(decision, "deny"))
		return respond_refusal(
			rq, &ask, fault(&rq->w, ERR_DENIED, "account %s declined", rq->session->account_id));
	if (!text_equal(decision, "allow"))
		return fault(&rq->w, ERR_REQUEST_INVALID, "neither allowed nor declined");
	return respond_code(rq, &(struct code_start){
					.ask = &ask,
					.session = rq->session,
					.location_id = permit.location_id,
					.remember = scope_join(rq->w.arena, permit.remembered, ask.released),
				});
}
