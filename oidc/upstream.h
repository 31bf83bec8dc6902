/* upstream.h: other OpenID providers that people of a practice sign in with: Okta, Entra ID, Google
 * Workspace, Keycloak, any other (OpenID Connect Core 1.0, Discovery 1.0). We are the client here.
 *
 *	upstream_start.c       the browser goes: code, PKCE, nonce, state
 *	upstream_callback.c    it comes back
 *	upstream_token.c       the code becomes tokens, server to server
 *	upstream_checks.c      the table of what must hold of an ID token
 *	upstream_person.c      what it says becomes a struct upstream_person
 *	upstream_logout.c      the end, from there or from here
 *	upstream_recheck.c     is who signed in still let in over there?
 *	upstream_read.c, upstream_examine.c     for administrators
 *
 * Issuer, endpoints, keys, audience and client secret of a sign-in all come from the one connection that its
 * flow names (security.md B11). */
#ifndef OIDC_UPSTREAM_H
#define OIDC_UPSTREAM_H

#include "base/base.h"

struct connector;

extern const struct connector oidc_connector;

/* What providers publish, by address: kept for the whole process, of fixed size. Where app->upstreams is NULL
 * (a command without server) nothing is kept. */
struct upstreams;
struct upstreams *upstreams_new(void);
void upstreams_free(struct upstreams *upstreams); /* NULL is fine */

#endif
