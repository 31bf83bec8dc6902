/* authorize.h: an authorization request decided: at once when the browser's session answers it, else by a
 * sign-in flow that comes back here; consent.c is the one step of our own in between. */
#ifndef OIDC_AUTHORIZE_H
#define OIDC_AUTHORIZE_H

#include "base/base.h"
#include "people/account.h"

struct request;
struct ask;
struct session;

enum err oidc_authorize(struct request *rq);      /* GET /oauth2/authorize */
enum err oidc_authorize_post(struct request *rq); /* POST: the same by 303, so that Lax cookies come along */
enum err oidc_authorize_continue(struct request *rq); /* GET, back from the sign-in */
enum err oidc_consent_page(struct request *rq);       /* GET /consent */
enum err oidc_consent_submit(struct request *rq);     /* POST /consent */

/* What a session's person may have of an ask. */
struct permit {
	struct subject subject;
	const char *location_id; /* the active location that a token will carry, or NULL */
	const char *remembered;  /* scopes allowed before, or NULL */
};
/* May this session have what is asked, without a page? OK; ERR_LOGIN_REQUIRED, ERR_INTERACTION_REQUIRED and
 * ERR_CONSENT_REQUIRED name the page that would help; ERR_NO_ACCESS, ERR_ACCOUNT_DISABLED. since:
 * authenticated at or after this satisfies max_age (the beginning of the flow; 0: none). */
enum err permit_check(struct request *rq, const struct ask *ask, const struct session *session, int64_t since,
		      struct permit *permit) MUST_USE;
/* A flow that came back: is the sign-in done, and do its ask and the session still fit (rows marked
 * ASK_CONTINUE)? ERR_SESSION_ENDED: not done; flow_next knows what is missing. Else as permit_check. */
enum err permit_resume(struct request *rq, struct ask *ask, struct permit *permit) MUST_USE;

#endif
