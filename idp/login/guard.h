/* guard.h: what a route row demands (router.h NEEDS_*), checked in one place before the handler. */
#ifndef LOGIN_GUARD_H
#define LOGIN_GUARD_H

#include "base/base.h"

struct request;

/* Repeated parameters, session, flow, foreign Origin, the form's token, in this order. May answer itself
 * (a page that needs a session redirects): then *answered. */
enum err guard_check(struct request *rq, bool *answered) MUST_USE;

#endif
