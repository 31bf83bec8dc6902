/* logout_upstream.h: inside the room: signing out at the provider that a session came from. */
#ifndef LOGIN_LOGOUT_UPSTREAM_H
#define LOGIN_LOGOUT_UPSTREAM_H

#include "base/base.h"

struct request;
struct session;
struct logout_start;

/* Before the session ends: an address of ours that goes on to its provider and then where the app wants;
 * NULL: it came by no connection that signs out too. */
enum err logout_upstream_plan(struct request *rq, const struct session *session,
			      const struct logout_start *start, const char **onward) MUST_USE;
/* At /logged-out: where the app wanted the browser after the provider, once; NULL. */
enum err logout_upstream_back(struct request *rq, const char **uri) MUST_USE;

#endif
