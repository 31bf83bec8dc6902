/* router.h: the address table. Rows live in the rooms that own them; front.c joins them. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/base.h"

struct request;
struct arena;

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER
};

/* INLINE: never waits, no store, answered on the polling thread. QUICK: store. SLOW: argon2. REMOTE: waits
 * for somebody else's server, so that a provider that is down holds up nobody's password. */
enum route_lane { LANE_INLINE, LANE_QUICK, LANE_SLOW, LANE_REMOTE };

/* How a fault is told: a page for people, RFC 6749 5.2 JSON, RFC 6750 with WWW-Authenticate, plain JSON. */
enum route_speaks { SPEAKS_HTML, SPEAKS_OAUTH, SPEAKS_BEARER, SPEAKS_JSON, SPEAKS_TEXT };

enum route_needs {
	NEEDS_FLOW = 1 << 0,    /* ?flow= and the browser's cookie match: rq->flow */
	NEEDS_CSRF = 1 << 1,    /* the form's own token, and no foreign Origin */
	NEEDS_SESSION = 1 << 2, /* a live session: rq->session; a page redirects to /login */
	MAY_SESSION = 1 << 3,   /* rq->session when there is a live one */
	MAY_REPEAT = 1 << 4,    /* repeated parameters are the handler's business (RFC 8707 resource) */
	ANY_ORIGIN = 1 << 5,    /* CORS: answers carry Access-Control-Allow-Origin: * (metadata, JWKS, token,
				   userinfo) */
	NO_HOST_CHECK = 1 << 6,
};

struct route {
	const char *method; /* "GET" (HEAD follows), "POST" */
	const char *path;   /* "/oauth2/token", "/federation/{connection}/callback" */
	enum err (*handler)(struct request *rq);
	enum route_lane lane;
	enum route_speaks speaks;
	unsigned needs;
	size_t body_limit; /* bytes; 0: a body is refused */
};

struct router;
/* tables ends with NULL; each table ends with a row without method. Asserts on doubles. */
struct router *router_new(const struct route *const *tables);
void router_free(struct router *router);
/* NULL and *known_path tells 405 from 404. Parameters are copied into the arena. */
const struct route *router_match(const struct router *router, struct arena *arena, enum method method,
				 const char *path, const char *parameter[4], bool *known_path);
/* The Allow value for a path ("GET, HEAD, OPTIONS"), NULL when no row has it; needs: of all its rows
 * together. */
const char *router_allow(const struct router *router, struct arena *arena, const char *path, unsigned *needs);
enum method method_read(const char *word);
/* Every row, for `make routes` and the tests that walk the table. */
const struct route *router_row(const struct router *router, size_t at); /* NULL past the end */

#endif
