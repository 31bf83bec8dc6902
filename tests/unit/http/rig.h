/* rig.h: a real server on a free port of loopback, with a lane and handlers that count, and a raw
 * socket to it. The store is not needed: work_begin and work_end are the rig's own. */
#ifndef TESTS_HTTP_RIG_H
#define TESTS_HTTP_RIG_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/workers.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "http/routes.h"
#include "http/server.h"
#include "http/trouble.h"

struct rig {
	struct app app;
	struct config config;
	struct router *router;
	struct server *server;
	uint16_t port;
};
static const char *const rig_listen[] = { "127.0.0.1:0", NULL };
static _Atomic int hits, smuggled;
/* What the last counted request said. */
struct last {
	char path[512], query[512], peer[64];
	size_t body;
};
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
static struct last last_seen;

static inline struct last rig_last(void)
{
	pthread_mutex_lock(&last_lock);
	struct last copy = last_seen;
	pthread_mutex_unlock(&last_lock);
	return copy;
}

void work_begin(struct work *work, struct app *app, struct db *db, struct arena *arena)
{
	*work = (struct work){ .app = app, .db = db, .arena = arena, .now = 1, .now_us = 1 };
	memcpy(work->request_id, "TEST-TEST-TEST", 15);
}

void work_end(struct work *work)
{
	work->snapshot = NULL;
}

/* ---- handlers ---- */

static enum err count_hit(struct request *rq)
{
	hits++;
	pthread_mutex_lock(&last_lock);
	snprintf(last_seen.path, sizeof last_seen.path, "%s", rq->path);
	snprintf(last_seen.query, sizeof last_seen.query, "%s", rq->raw_query ? rq->raw_query : "");
	snprintf(last_seen.peer, sizeof last_seen.peer, "%s", rq->w.actor.address);
	last_seen.body = rq->body.size;
	pthread_mutex_unlock(&last_lock);
	return respond_body(rq, 200, "text/plain", BYTES_OF("hello"));
}

static enum err count_smuggled(struct request *rq)
{
	smuggled++;
	return respond_body(rq, 200, "text/plain", BYTES_OF("smuggled"));
}

static enum err wait_long(struct request *rq)
{
	struct timespec moment = { .tv_nsec = 300000000 };

	nanosleep(&moment, NULL);
	return count_hit(rq);
}

static enum err make_no_answer(struct request *rq)
{
	(void)rq;
	return OK;
}

static const struct route rig_routes[] = {
	{ "GET", "/hello", count_hit, LANE_INLINE, SPEAKS_JSON, ANY_ORIGIN, 0 },
	{ "GET", "/quick", count_hit, LANE_QUICK, SPEAKS_JSON, 0, 0 },
	{ "GET", "/slow", wait_long, LANE_SLOW, SPEAKS_JSON, 0, 0 },
	{ "GET", "/silent", make_no_answer, LANE_QUICK, SPEAKS_JSON, 0, 0 },
	{ "GET", "/page", count_hit, LANE_INLINE, SPEAKS_HTML, 0, 0 },
	{ "POST", "/form", count_hit, LANE_QUICK, SPEAKS_HTML, 0, 4 * KB },
	{ "POST", "/token", count_hit, LANE_QUICK, SPEAKS_OAUTH, ANY_ORIGIN, 4 * KB },
	{ "POST", "/repeat", count_hit, LANE_QUICK, SPEAKS_OAUTH, MAY_REPEAT, 4 * KB },
	{ "GET", "/connections/{id}", count_hit, LANE_INLINE, SPEAKS_JSON, 0, 0 },
	{ "GET", "/smuggled", count_smuggled, LANE_INLINE, SPEAKS_JSON, 0, 0 },
	{ .method = NULL },
};
static const struct route *const rig_tables[] = { rig_routes, http_routes, NULL };

static void rig_handle(struct request *rq)
{
	enum err err = rq->route->handler(rq);

	if (err != OK)
		answer_fault(rq, err);
}

static void rig_refuse(struct request *rq, enum err err)
{
	answer_fault(rq, err);
}

/* Set before rig_start: what the store would do with rows that a handler noted. */
static bool (*rig_settle)(struct work *work, void (*then)(void *thing, enum err err, const char *why),
			  void *thing);

static void *rig_tools(void *context, unsigned thread)
{
	static struct worker_tools tools;

	(void)context;
	(void)thread;
	return &tools;
}

static struct config rig_config(void)
{
	struct config config = { .issuer = "http://localhost:8080",
				 .issuer_host = "localhost:8080",
				 .issuer_origin = "http://localhost:8080",
				 .listen = rig_listen,
				 .admin_listen = "",
				 .development = true };

	config.limits.connections = 500;
	config.limits.connections_per_address = 400;
	config.limits.header_seconds = 1;
	config.limits.body_seconds = 1;
	config.limits.total_seconds = 3;
	config.limits.body_bytes = 1 * MB;
	return config;
}

static void rig_start(struct rig *rig, struct config config, unsigned slow_queue)
{
	char message[256] = "";

	*rig = (struct rig){ .config = config };
	rig->app.config = &rig->config;
	rig->app.quick = lane_start(
		&(struct lane_plan){ .name = "quick", .threads = 2, .queue = 64, .open = rig_tools });
	rig->app.slow = lane_start(
		&(struct lane_plan){ .name = "slow", .threads = 1, .queue = slow_queue, .open = rig_tools });
	rig->router = router_new(rig_tables);
	struct server_plan plan = {
		.app = &rig->app,
		.router = rig->router,
		.hooks = { .handle = rig_handle, .settle = rig_settle, .refuse = rig_refuse }
	};
	if (server_start(&plan, &rig->server, message, sizeof message) != OK)
		fail_msg("%s", message);
	rig->port = server_port(rig->server, 0);
	hits = smuggled = 0;
}

static void rig_stop(struct rig *rig)
{
	server_stop(rig->server);
	lane_stop(rig->app.quick);
	lane_stop(rig->app.slow);
	router_free(rig->router);
}

/* ---- a raw socket ---- */

struct talk {
	char text[65536];
	size_t size;
	int status;  /* of the first answer; 0: none came */
	int answers; /* of ours: the library's own refusals have no such header */
	bool closed; /* by the server */
	double took; /* seconds until it closed or we gave up */
};

/* Connects to our own listener on loopback. */
static int rig_connect(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void rig_send(int fd, const void *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = send(fd, (const char *)bytes + at, size - at, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the server closed already: what it said is read next */
		at += (size_t)n;
	}
}

/* Reads until the server closes or nothing more comes for patience_ms. */
static void rig_read(int fd, struct talk *talk, int patience_ms)
{
	int64_t begun = clock_monotonic_us();

	talk->size = 0;
	talk->closed = false;
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };

		if (poll(&ready, 1, patience_ms) <= 0 || talk->size >= sizeof talk->text - 1)
			break;
		ssize_t n = recv(fd, talk->text + talk->size, sizeof talk->text - 1 - talk->size, 0);
		if (n <= 0) {
			talk->closed = true;
			break;
		}
		talk->size += (size_t)n;
	}
	talk->text[talk->size] = '\0';
	talk->took = (double)(clock_monotonic_us() - begun) / 1e6;
	talk->answers = 0;
	talk->status = talk->size > 12 && !strncmp(talk->text, "HTTP/1.", 7)
			       ? (int)strtol(talk->text + 9, NULL, 10)
			       : 0;
	for (const char *p = talk->text; (p = strstr(p, "X-Content-Type-Options")); p++)
		talk->answers++;
}

static inline void rig_talk(uint16_t port, const void *bytes, size_t size, struct talk *talk, int patience_ms)
{
	int fd = rig_connect(port);

	rig_send(fd, bytes, size);
	rig_read(fd, talk, patience_ms);
	close(fd);
}

#endif
