/* url.h: the little this room must know of addresses: scheme, host, port, origin. Strict: what is
 * not plainly of the form scheme://host[:port][/...] is not an address here. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/base.h"

struct arena;

struct url {
	const char *scheme; /* "https" or "http" */
	const char *host;   /* lower case; an IPv6 literal without its brackets */
	bool is_literal6;
	uint16_t port;    /* the scheme's own when none was written */
	const char *rest; /* path, query and fragment as written; "" when none */
};
/* False: another scheme, user information, spaces, control characters, backslash, no host. */
bool url_read(struct arena *arena, const char *text, struct url *out) MUST_USE;
/* "localhost", a *.localhost name, or a loopback address literal. */
bool url_host_is_loopback(const char *host);
/* scheme://host[:port] of an http(s) address, for form-action and frame-src. NULL when it is none. */
char *url_origin(struct arena *arena, const char *text);
/* For the log: what follows ? or # may be somebody's secret. */
char *url_for_log(struct arena *arena, const char *text);
/* May stand in a link of our pages: https, http to loopback, or a path of this site. */
bool url_is_safe_link(const char *text);

#endif
