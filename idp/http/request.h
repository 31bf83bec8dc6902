/* request.h: one request, read once. Everything in it lives in its work's arena. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/app.h"
#include "base/base.h"
#include "base/cidr.h"
#include "http/form.h"
#include "http/router.h"

struct response;
struct session;
struct client;
struct flow;
struct catalog;

struct cookie {
	const char *name, *value;
};

struct request {
	struct work w; /* first: a handler passes &rq->w down */
	enum method method;
	const char *path;          /* raw and canonical: the guard refused anything else */
	const char *raw_query;     /* as sent, without '?'; NULL when absent (SAML signs it) */
	struct form query;         /* parsed; repeated names are refused unless the route allows them */
	struct form form;          /* of an application/x-www-form-urlencoded body; else empty */
	struct bytes body;         /* raw */
	const char *content_type;  /* media type alone, lower case; NULL */
	const char *authorization; /* the header's value; NULL */
	const char *origin, *user_agent, *accept, *accept_language, *if_none_match, *traceparent;
	const struct cookie *cookies;
	size_t cookie_count;
	struct address peer;            /* of the client, after trusted proxies */
	bool secure;                    /* over TLS, here or at a trusted proxy */
	const struct route *route;      /* NULL: not found */
	const char *parameter[4];       /* {name} parts of the route's path, in order, decoded slugs */
	const struct catalog *messages; /* the language of this request */
	struct response *response;
	int64_t started_us; /* monotonic */

	/* What guards and protocols found on the way; NULL until then. */
	struct session *session;
	struct flow *flow;
	const struct client *client;
};

/* A parameter wherever this method carries it: the form of a POST, the query of a GET (RFC 6749 3.1:
 * both for the authorization endpoint); NULL when absent or empty. */
const char *request_parameter(const struct request *rq, const char *name);
/* Reads query and body into forms and chooses the language; the server does this before the handler. */
enum err request_read(struct request *rq) MUST_USE;
/* The cookie's value; NULL when absent or sent twice with different values. */
const char *request_cookie(const struct request *rq, const char *name);

#endif
