/* upstream_logout.h: signing out here signs out there (OpenID Connect RP-Initiated Logout 1.0 2). */
#ifndef OIDC_UPSTREAM_LOGOUT_H
#define OIDC_UPSTREAM_LOGOUT_H

#include "base/base.h"

struct connection;
struct work;

/* As struct connector's leave. */
enum err upstream_leave(struct work *work, const struct connection *connection, struct bytes hint,
			const char *return_to, const char **url) MUST_USE;

#endif
