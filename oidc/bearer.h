/* bearer.h: an access token of ours, shown to us: by the bearer (RFC 6750) or by an app that asks about it.
 * The one place that believes access tokens (security.md D5, D7): signature, typ, iss, exp, tenant, then the
 * row behind it. */
#ifndef OIDC_BEARER_H
#define OIDC_BEARER_H

#include <jansson.h>

#include "base/base.h"
#include "store/grants.h"

struct request;
struct work;
struct client;
struct practice;

struct access_token {
	const json_t *claims;
	const struct practice *practice;
	const struct client *client; /* it was issued to */
	const char *jti, *aud, *scope;
	const char *family_id; /* NULL: the app acts for itself (client_credentials) */
	int64_t expires_at;
	struct family_state family; /* after access_token_alive */
};

/* What the request bears, in the header or in the form, never both, never in the address (RFC 6750 2).
 * ERR_BEARER_MISSING, ERR_REQUEST_INVALID. */
enum err bearer_token(struct request *rq, const char **token) MUST_USE;
/* From memory alone: ours, in time, of a practice and an app that are on. ERR_BEARER_INVALID. */
enum err access_token_read(struct work *work, const char *text, struct access_token *out) MUST_USE;
/* By one statement: not revoked, nobody signed out. Sets work->practice. ERR_BEARER_INVALID. */
enum err access_token_alive(struct work *work, struct access_token *token) MUST_USE;

enum err oidc_userinfo(struct request *rq);   /* OpenID Connect Core 5.3 */
enum err oidc_introspect(struct request *rq); /* RFC 7662 */
enum err oidc_revoke(struct request *rq);     /* RFC 7009 */

#endif
