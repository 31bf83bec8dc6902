/* respond.h: the answer to an authorization request: a code, or why not, to the one validated address
 * (RFC 6749 4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode; security.md A4). */
#ifndef OIDC_RESPOND_H
#define OIDC_RESPOND_H

#include "base/base.h"

struct request;
struct ask;
struct session;
struct arena;

struct code_start {
	const struct ask *ask;
	const struct session *session;
	const char *location_id; /* active location, or NULL */
	const char *remember;    /* scopes somebody allowed just now, for the consent table; NULL: none */
};
/* One transaction: the flow (if there is one) is finished, the code is made, the app joins the session,
 * audit. Then the redirect or form. */
enum err respond_code(struct request *rq, const struct code_start *start) MUST_USE;
/* ask is answerable: the fault goes to the app. Otherwise it is returned, for a page. Finishes the flow. */
enum err respond_refusal(struct request *rq, const struct ask *ask, enum err code) MUST_USE;

/* What form-action must list for a form whose answer ends at this address: its origin, or the scheme of a
 * private-use one. */
char *respond_form_target(struct arena *arena, const char *uri);

#endif
