/* server.h: the libmicrohttpd daemons: sockets, the guard in front of routing, bodies, deadlines,
 * lanes, answers. front.c gives it what to call.
 *
 * A request: URI log callback (raw target) -> guard (headers) -> body -> route -> INLINE at once, or
 * suspended to a lane -> hooks->handle on the worker -> answer queued -> resumed. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/base.h"

struct app;
struct work;
struct request;
struct router;
struct server;
struct buf;

/* What a lane's open() makes for each of its threads: lane_plan.open returns one of these. */
struct db;
struct worker_tools {
	struct db *db; /* NULL when the store could not be opened: each request then tells so */
};

struct server_hooks {
	/* Runs the route's guards and handler and makes an answer in any case (a fault becomes the
	 * caller's language). Never fails. */
	void (*handle)(struct request *rq);
	/* Has what the handler left to be written written (store/db.h: db_settle). True: the answer waits for
	 * it, and then() is called once, on any thread. NULL: there is never anything. */
	bool (*settle)(struct work *work, void (*then)(void *thing, enum err err, const char *why),
		       void *thing);
	/* It could not be written: tells so instead of what the handler answered. */
	void (*refuse)(struct request *rq, enum err err);
};

struct server_plan {
	struct app *app;
	const struct router *router;       /* public addresses */
	const struct router *admin_router; /* health, readiness, metrics; on admin_listen */
	struct server_hooks hooks;
};
/* Binds, starts polling threads. Lanes (app->quick, app->slow) run already. On failure *message. */
enum err server_start(const struct server_plan *plan, struct server **out, char *message,
		      size_t message_size) MUST_USE;
/* Quiesce, let what runs finish (10 s at most), stop. */
void server_stop(struct server *server);
/* The port that a listen address with port 0 got, for tests; at: index in config->listen. */
uint16_t server_port(const struct server *server, size_t at);

/* Numbers for /metrics, in Prometheus text. */
void server_metrics(struct server *server, struct buf *out);

#endif
