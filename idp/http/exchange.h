/* exchange.h: inside this room: the life of one request in libmicrohttpd's callbacks. server.c makes
 * the daemons with these; cls is a struct listener. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "base/base.h"
#include "http/server.h"

struct registry;

/* One listen address and its daemon. */
struct listener {
	struct server *server;
	struct MHD_Daemon *daemon;
	const struct router *router;
	int socket;
	uint16_t port;
	bool is_admin; /* any Host: reached by address, from inside */
	bool is_tls;
};
struct server {
	struct server_plan plan;
	struct registry *registry;
	struct listener *listeners;
	size_t count;
	_Atomic int64_t on_lanes; /* suspended, with a worker or waiting for one */
	_Atomic int64_t requests;
	_Atomic bool draining; /* every answer closes its connection */
};

enum MHD_Result exchange_accept(void *cls, const struct sockaddr *peer, socklen_t size);
void exchange_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			 enum MHD_ConnectionNotificationCode code);
void *exchange_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result exchange_visit(void *cls, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_size, void **context);
void exchange_done(void *cls, struct MHD_Connection *connection, void **context,
		   enum MHD_RequestTerminationCode code);
/* Escapes stay: paths are compared raw. */
size_t exchange_unescape(void *cls, struct MHD_Connection *connection, char *text);

#endif
