/* upstream_recheck.h: is who signed in still let in over there? For providers that tell of no sign-out: the
 * refresh token of the sign-in is shown again, as often as the connection's `recheck` says (RFC 6749 6,
 *OpenID Connect Core 1.0 12).
 *
 *	refused (400 invalid_grant)     the session ends
 *	an ID token that holds          the person goes through people/provision.h, as at a sign-in
 *	anything else                   nothing: an outage over there signs nobody out here
 *
 * What the provider gave is kept sealed with the session there (store/connections.h) and goes when that ends.
 */
#ifndef OIDC_UPSTREAM_RECHECK_H
#define OIDC_UPSTREAM_RECHECK_H

#include "base/base.h"

struct arena;
struct work;

/* What upstream_person.refresh is. nonce: of the sign-in, to compare with (Core 12.2). */
struct bytes upstream_refresh_pack(struct arena *arena, const char *refresh_token, const char *nonce);

/* A job: those that are due, of all connections, a few of each at a time. Of several nodes one asks. */
enum err upstream_recheck_due(struct work *work) MUST_USE;

#endif
