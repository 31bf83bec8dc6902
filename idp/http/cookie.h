/* cookie.h: our cookies: __Host- prefix, Secure, HttpOnly, SameSite=Lax; under an http loopback issuer
 * alone without prefix and Secure. Values are opaque handles. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/base.h"

struct request;

#define COOKIE_SESSION  "lanyard-session"
#define COOKIE_FLOW     "lanyard-flow"
#define COOKIE_LANGUAGE "lanyard-language"

/* By plain name (COOKIE_SESSION); the prefix is added here. NULL when absent. */
const char *cookie_get(const struct request *rq, const char *name);
/* Session cookie of the browser (max_age 0), or kept max_age seconds. */
void cookie_set(struct request *rq, const char *name, const char *value, int64_t max_age);
void cookie_clear(struct request *rq, const char *name);
/* Cookie header to pairs; standalone and fuzzed. */
struct cookie;
struct arena;
size_t cookies_parse(struct arena *arena, const char *header, const struct cookie **out);

#endif
