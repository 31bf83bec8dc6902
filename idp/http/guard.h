/* guard.h: the checks in front of routing. libmicrohttpd 0.9.75 parses too kindly; whatever two
 * readers could understand differently is refused here, and the connection closed.
 *
 * Pure: pointers in, a fault out; fuzzed without a socket. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include "base/base.h"

struct config;
struct arena;

#define GUARD_HEADERS   100
#define GUARD_ARGUMENTS 100
#define GUARD_BYTES     (16 * KB)

/* Fields this room reads. A second one of any but the lists is refused. */
/* clang-format off */
enum field {
	FIELD_HOST, FIELD_LENGTH, FIELD_ENCODING, FIELD_TYPE, FIELD_AUTHORIZATION, FIELD_COOKIE, FIELD_ORIGIN, FIELD_AGENT,
	FIELD_ACCEPT, FIELD_LANGUAGE, FIELD_NONE_MATCH, FIELD_TRACE, FIELD_PROTO, FIELD_FOR, FIELD_COUNT
};
/* clang-format on */
struct header {
	const char *name, *value;
	size_t name_size, value_size;
};
/* A request's head as it stands in the library's buffer. */
struct head {
	const char *method, *version, *target;
	size_t target_size;
	size_t bytes; /* of request line and headers together */
	size_t count; /* more than GUARD_HEADERS: not all are in headers */
	struct header headers[GUARD_HEADERS];
	const char *known[FIELD_COUNT]; /* set by guard_head: values, the first of lists; NULL */
	int64_t length;                 /* set by guard_head: Content-Length, 0 when absent */
};

/* The raw target (RFC 9112 3.2.1, origin form): canonical path, sound escapes, few arguments. */
enum err guard_target(const char *target, size_t size) MUST_USE;
/* Fields: names are tokens, values have no control bytes, framing is plain. */
enum err guard_head(struct head *head) MUST_USE;
/* The pieces must stand in the buffer side by side as a clean request puts them: this shows what the
 * parser hid (folded lines, bare LF, NUL, several spaces). 0.9.75 alone: later ones refuse these. */
enum err guard_layout(const struct head *head) MUST_USE;
/* Is this Host ours? port: the one the connection came in by. */
enum err guard_host(const struct config *config, const char *host, uint16_t port) MUST_USE;

#endif
