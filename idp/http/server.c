/* server.c: the libmicrohttpd daemons: start, stop, numbers.
 *
 * poll and not epoll: in 0.9.75 an epoll thread with exactly 128 ready sockets sleeps before it
 * looks at them. */
#include "base/base.h"

#include <microhttpd.h>
#include <unistd.h>

#include "base/app.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/workers.h"
#include "http/deadlines.h"
#include "http/exchange.h"
#include "http/listen.h"
#include "http/tls.h"

#define DRAIN_US      INT64_C(10000000)
#define POOL_BYTES    (32 * KB) /* of a connection: headers of GUARD_BYTES and the library's lists of them */
#define THREADS_LEAST 4
/* The library's own timeout is only a second wall: it starts again with each byte. */
#define INACTIVE_SECONDS 120u

static void note(void *cls, const char *format, va_list args)
{
	char text[256];

	(void)cls;
	if (!log_wants(LOG_DEBUG))
		return;
	(void)vsnprintf(text, sizeof text, format, args); /* cut when long */
	log_event(LOG_DEBUG, "http.library", "text", text, NULL);
}

static unsigned polling_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = cores > 0 ? 2 * (unsigned)cores : THREADS_LEAST;

	return wanted > THREADS_LEAST ? wanted : THREADS_LEAST;
}

/* ---- one listener ---- */

static struct MHD_Daemon *daemon_start(struct listener *listener, const struct tls *tls)
{
	unsigned threads = listener->is_admin ? 0 : polling_threads();
	int64_t connections = listener->server->plan.app->config->limits.connections;
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)exchange_connection, listener },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)exchange_target, listener },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_done, listener },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)exchange_unescape, NULL },
		{ MHD_OPTION_LISTEN_SOCKET, listener->socket, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, connections > threads ? connections : threads, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, INACTIVE_SECONDS, NULL },
		{ threads > 0 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL },
		{ tls->key ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, tls->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			 (tls->key ? MHD_USE_TLS : 0);

	listener->is_tls = tls->key != NULL;
	return MHD_start_daemon(flags, 0, exchange_accept, listener, exchange_visit, listener,
				MHD_OPTION_EXTERNAL_LOGGER, note, NULL, MHD_OPTION_ARRAY, options,
				MHD_OPTION_END);
}

static enum err listener_start(struct server *server, const char *address, bool is_admin,
			       const struct tls *tls, char *message, size_t size)
{
	struct listener *listener = &server->listeners[server->count];

	*listener = (struct listener){ .server = server, .is_admin = is_admin };
	listener->router = is_admin ? server->plan.admin_router : server->plan.router;
	listener->socket = listen_open(address, &listener->port, message, size);
	if (listener->socket < 0)
		return ERR_CONFIG;
	listener->daemon = daemon_start(listener, tls);
	if (!listener->daemon) {
		close(listener->socket);
		(void)snprintf(message, size, "listen %s: the HTTP library could not start",
			       address); /* cut when long */
		return ERR_CONFIG;
	}
	server->count++;
	return OK;
}

static enum err start_public(struct server *server, char *message, size_t size)
{
	struct tls tls;

	TRY(tls_read(server->plan.app->config, &tls, message, size));
	enum err err = OK;
	for (const char *const *at = server->plan.app->config->listen; err == OK && *at; at++)
		err = listener_start(server, *at, false, &tls, message, size);
	tls_done(&tls); /* GnuTLS has its own copies */
	return err;
}

static enum err start_all(struct server *server, char *message, size_t size)
{
	const struct tls plain = { NULL, NULL };
	const char *admin = server->plan.app->config->admin_listen;

	TRY(start_public(server, message, size));
	if (admin && *admin && server->plan.admin_router)
		TRY(listener_start(server, admin, true, &plain, message, size));
	return OK;
}

static size_t count_addresses(const struct config *config)
{
	size_t count = 1; /* the admin listener */

	for (const char *const *at = config->listen; *at; at++)
		count++;
	return count;
}

enum err server_start(const struct server_plan *plan, struct server **out, char *message, size_t message_size)
{
	struct server *server = calloc(1, sizeof *server);

	assert(server && plan->app && plan->router && plan->hooks.handle);
	server->plan = *plan;
	server->listeners = calloc(count_addresses(plan->app->config), sizeof *server->listeners);
	assert(server->listeners);
	server->registry = registry_new(plan->app->config);
	assert(server->registry);
	enum err err = start_all(server, message, message_size);
	if (err != OK) {
		server_stop(server);
		return err;
	}
	*out = server;
	return OK;
}

/* ---- stopping ---- */

static void nap(void)
{
	struct timespec moment = { .tv_nsec = 10000000 };

	(void)nanosleep(&moment, NULL); /* woken early: the caller looks again */
}

/* Waits for what runs; idle connections are told to go, and at the end all. */
static void drain(struct server *server)
{
	int64_t until = clock_monotonic_us() + DRAIN_US;

	registry_shut(server->registry, false);
	while (registry_count(server->registry) > 0 && clock_monotonic_us() < until) {
		registry_shut(server->registry, false);
		nap();
	}
	registry_shut(server->registry, true);
	/* A suspended connection cannot be stopped: its worker must come back first. It does: handlers
	 * are bounded by the store's and fetch's own deadlines. */
	while (atomic_load(&server->on_lanes) > 0)
		nap();
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	atomic_store(&server->draining, true);
	for (size_t i = 0; i < server->count; i++)
		(void)MHD_quiesce_daemon(server->listeners[i].daemon); /* our socket: closed below */
	drain(server);
	for (size_t i = 0; i < server->count; i++) {
		MHD_stop_daemon(server->listeners[i].daemon);
		close(server->listeners[i].socket);
	}
	registry_free(server->registry);
	free(server->listeners);
	free(server);
}

uint16_t server_port(const struct server *server, size_t at)
{
	assert(at < server->count);
	return server->listeners[at].port;
}

static void print_gauge(struct buf *out, const char *name, const char *labels, const char *help,
			int64_t value)
{
	if (help)
		buf_print(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
	buf_print(out, "%s%s %" PRId64 "\n", name, labels, value);
}

void server_metrics(struct server *server, struct buf *out)
{
	const struct app *app = server->plan.app;

	buf_print(out,
		  "# HELP lanyard_http_requests_total Requests begun\n# TYPE lanyard_http_requests_total "
		  "counter\n"
		  "lanyard_http_requests_total %" PRId64 "\n",
		  (int64_t)atomic_load(&server->requests));
	print_gauge(out, "lanyard_http_connections", "", "Open connections",
		    (int64_t)registry_count(server->registry));
	print_gauge(out, "lanyard_http_suspended", "", "Requests on a lane",
		    (int64_t)atomic_load(&server->on_lanes));
	print_gauge(out, "lanyard_lane_waiting", "{lane=\"quick\"}", "Requests waiting for a worker",
		    app->quick ? lane_waiting(app->quick) : 0);
	print_gauge(out, "lanyard_lane_waiting", "{lane=\"slow\"}", NULL,
		    app->slow ? lane_waiting(app->slow) : 0);
	print_gauge(out, "lanyard_lane_waiting", "{lane=\"remote\"}", NULL,
		    app->remote ? lane_waiting(app->remote) : 0);
}
