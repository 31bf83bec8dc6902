/* permit.c: may this browser's session have what an app asks for? Asked where something is issued, by both
 * doors: at once, and after a sign-in (security.md C2, D10; OpenID Connect Core 3.1.2.3). */
#include "oidc/authorize.h"

#include "base/text.h"
#include "http/request.h"
#include "login/acr.h"
#include "login/flow.h"
#include "login/session.h"
#include "oidc/ask.h"
#include "oidc/scope.h"
#include "store/grants.h"
#include "store/snapshot.h"

/* The right practice, the right person, strongly and recently enough. */
static enum err check_session(struct work *w, const struct ask *ask, const struct session *s, int64_t since)
{
	if (ask->practice ? !text_equal(ask->practice->id, s->practice->id)
			  : !client_serves(ask->client, s->practice->id))
		return fault(w, ERR_LOGIN_REQUIRED, "the session is of practice %s", s->practice->id);
	if (ask->expected_sub && !text_equal(ask->expected_sub, s->account_id))
		return fault(w, ERR_LOGIN_REQUIRED, "another person is signed in");
	if (!acr_reaches(s->acr, ask->need_acr))
		return fault(w, ERR_LOGIN_REQUIRED, "signed in with %s", s->acr);
	if (since && s->auth_time >= since)
		return OK;
	if (ask->max_age_seconds >= 0 && w->now - s->auth_time > ask->max_age_seconds)
		return fault(w, ERR_LOGIN_REQUIRED, "signed in %" PRId64 " s ago", w->now - s->auth_time);
	return OK;
}

/* A location asked for must be one where the person stands; one remembered by the session is used while
 * it is; an app that needs one gets none without a page. */
static enum err choose_location(struct work *w, const struct ask *ask, const struct session *s,
				struct permit *permit)
{
	const char *id = ask->location ? ask->location : s->location_id;
	bool stands = id && standing_at(&permit->subject.standing, id);

	if (ask->location && !stands)
		return fault(w, ERR_NO_ACCESS, "account %s does not stand at %s", s->account_id,
			     ask->location);
	if (!stands && ask->client->require_location)
		return fault(w, ERR_INTERACTION_REQUIRED, "a location has to be chosen");
	permit->location_id = stands ? id : NULL;
	return OK;
}

/* First-party apps are the practice's own: nobody is asked, unless the app itself wants it asked. */
static enum err check_consent(struct work *w, const struct ask *ask, const struct session *s,
			      struct permit *permit)
{
	bool ask_again = ask->prompts & PROMPT_CONSENT;

	permit->remembered = NULL;
	if (ask->client->first_party && !ask_again)
		return OK;
	TRY(consents_find(w, s->account_id, ask->client_id, &permit->remembered));
	if (ask_again || !permit->remembered || !scope_within(ask->released, permit->remembered))
		return fault(w, ERR_CONSENT_REQUIRED, "account %s has not allowed %s", s->account_id,
			     ask->released);
	return OK;
}

enum err permit_check(struct request *rq, const struct ask *ask, const struct session *s, int64_t since,
		      struct permit *permit)
{
	struct work *w = &rq->w;

	TRY(check_session(w, ask, s, since));
	w->practice = s->practice->id;
	w->actor.kind = ACTOR_ACCOUNT;
	w->actor.id = s->account_id;
	w->actor.sid = s->sid;
	w->actor.client_id = ask->client_id;
	TRY(subject_load(w, s->account_id, &permit->subject));
	TRY(subject_may(w, &permit->subject, ask->client));
	TRY(choose_location(w, ask, s, permit));
	return check_consent(w, ask, s, permit);
}

enum err permit_resume(struct request *rq, struct ask *ask, struct permit *permit)
{
	bool ready = false;

	ask_from_json(&rq->w, rq->flow->ask, ask);
	if (!text_equal(rq->flow->kind, "oidc"))
		return fault(&rq->w, ERR_FLOW_GONE, "flow %s is not of an OpenID Connect app", rq->flow->id);
	TRY(ask_check(&rq->w, ask, ASK_CONTINUE));
	rq->client = ask->client;
	/* this address can be called before the steps are done, and by a session that came from elsewhere
	 * (A8) */
	TRY(flow_is_ready(rq, &ready));
	if (!ready)
		return fault(&rq->w, ERR_SESSION_ENDED, "the sign-in is not done");
	return permit_check(rq, ask, rq->session, rq->flow->created_at, permit);
}
