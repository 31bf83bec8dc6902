/* cidr.h: address sets: clinic networks, trusted proxies, private ranges. Understands 1.2.3.4,
 * 1.2.3.0/24, 103.171.247.* (wildcards in trailing octets only), IPv6 with /n, and treats
 * IPv4-mapped IPv6 as IPv4. */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include <sys/socket.h>

#include "base/base.h"

struct arena;

struct address {
	uint8_t at[16]; /* IPv4 as ::ffff:a.b.c.d */
};
struct network {
	struct address base;
	uint8_t bits; /* of 128 */
};

bool address_parse(const char *text, struct address *out) MUST_USE;
bool address_from_sockaddr(const struct sockaddr *sa, struct address *out) MUST_USE;
char *address_text(struct arena *arena, const struct address *address);
bool network_parse(const char *text, struct network *out) MUST_USE;
bool network_has(const struct network *network, const struct address *address);
bool address_is_loopback(const struct address *address);
/* Not to be reached from a server-side fetch: loopback, private, link-local, shared (100.64/10),
 * unspecified, multicast, documentation, benchmarking, unique-local, NAT64 and 6to4 of such. */
bool address_is_private(const struct address *address);

#endif
