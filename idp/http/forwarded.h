/* forwarded.h: who the client is behind proxies. A header counts only when the peer on the socket is
 * a configured proxy; then the client is the right-most hop that is not one (what stands further
 * left was written by the client itself). */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "base/base.h"
#include "base/cidr.h"

struct config;

/* for_header: X-Forwarded-For, all its lines joined by commas; NULL when absent. A hop that cannot be
 * read ends the walk: the last one understood is the client. */
struct address forwarded_client(const struct config *config, const struct address *socket_peer,
				const char *for_header);
/* X-Forwarded-Proto says https and the peer may say so. */
bool forwarded_secure(const struct config *config, const struct address *socket_peer,
		      const char *proto_header);
bool is_trusted_proxy(const struct config *config, const struct address *peer);

#endif
