/* client_auth.h: which app is this, and can it prove it (RFC 6749 2.3, OpenID Connect Core 9, RFC 7523)? */
#ifndef OIDC_CLIENT_AUTH_H
#define OIDC_CLIENT_AUTH_H

#include "base/base.h"

struct request;
struct work;
struct client;

/* Sets rq->client and the actor. Exactly the registered method; two at once are refused. A public app is only
 * identified. ERR_CLIENT_AUTH (audited and counted per app and address), ERR_TOO_MANY, ERR_REQUEST_INVALID.
 * The way of success asks the store nothing but the replay mark of an assertion. */
enum err client_authenticate(struct request *rq) MUST_USE;
/* The same, for endpoints where being identified is not enough: ERR_CLIENT_MAY_NOT for a public app. */
enum err client_authenticate_confidential(struct request *rq) MUST_USE;

/* client_assertion.c: private_key_jwt. Who it says it is, before anything is believed; NULL: not a token. */
const char *client_assertion_subject(struct work *work, const char *assertion);
/* Signature, issuer, subject, audience, times, then the jti once (security.md D9). ERR_CLIENT_AUTH. */
enum err client_assertion_check(struct work *work, const struct client *client,
				const char *assertion) MUST_USE;

#endif
