/* deadlines.h: every open connection, whose it is and until when it may take its time.
 *
 * libmicrohttpd's own timeout starts again with each byte, so a client that sends one now and then
 * keeps its place for ever. Here a connection has one deadline at a time (for its headers, its body,
 * its whole exchange, or its idle time) and a reaper thread shuts the socket of whoever is late.
 * The same registry counts connections by address. */
#ifndef HTTP_DEADLINES_H
#define HTTP_DEADLINES_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/cidr.h"

struct config;
struct registry;
struct exchange;

struct link {
	struct link *next, **at; /* in the registry's list; under its lock */
	int socket;
	struct address peer;  /* on the socket */
	struct address group; /* what is counted: IPv4 whole, IPv6 by /64 */
	bool proxy;           /* a trusted proxy: not counted */
	_Atomic int64_t deadline_us;
	_Atomic bool idle;         /* between two requests */
	uint64_t idle_bytes;       /* the reaper's: received when it first saw the connection idle */
	struct exchange *exchange; /* kept from request to request; freed by the one who made it */
};

/* NULL when the thread cannot be made. */
struct registry *registry_new(const struct config *config);
void registry_free(struct registry *registry); /* after the daemons are stopped */

/* Would one more of this address be too many? For the accept policy. */
bool registry_is_full_for(struct registry *registry, const struct address *peer);
/* A connection begins: its headers are due. Shuts it when its address has too many. */
void registry_add(struct registry *registry, struct link *link);
void registry_remove(struct registry *registry, struct link *link);

void link_awaits_headers(struct registry *registry, struct link *link);
/* since_us: when the exchange began: its body and its end are due from then. */
void link_awaits_body(struct registry *registry, struct link *link, int64_t since_us);
int64_t link_awaits_end(struct registry *registry, struct link *link, int64_t since_us);
void link_is_idle(struct registry *registry, struct link *link);

size_t registry_count(struct registry *registry);
/* Shuts the idle ones (all: every one). */
void registry_shut(struct registry *registry, bool all);

#endif
