/* listen.h: the sockets we are reached by: "127.0.0.1:8080", "[::1]:8080", "[::]:443" (both families),
 * port 0 for any, "unix:/path" for a proxy on the same machine. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/base.h"

/* A listening socket, or -1 with a message. *port: what it got; 0 for a unix socket. */
int listen_open(const char *address, uint16_t *port, char *message, size_t message_size) MUST_USE;

#endif
