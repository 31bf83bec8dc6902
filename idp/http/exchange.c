/* exchange.c: one request from its first line to its answer.
 *
 * target (request line) -> visit: headers, guard, route -> visits: body -> last visit: INLINE runs here,
 * others are suspended and given to a lane; the worker makes the answer and resumes. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/text.h"
#include "base/workers.h"
#include "http/deadlines.h"
#include "http/exchange.h"
#include "http/forwarded.h"
#include "http/guard.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/request_head.h"
#include "http/response_make.h"
#include "http/trouble.h"

enum stage { STAGE_NEW, STAGE_BODY, STAGE_GIVEN };

struct exchange {
	struct request rq;
	struct arena *arena; /* of the connection: reset for each request */
	struct listener *listener;
	struct link *link;
	struct MHD_Connection *connection;
	const char *raw_target; /* in the library's buffer, for guard_layout */
	size_t target_size;
	const char *target; /* our copy */
	enum stage stage;
	int64_t body_size; /* announced */
	struct buf body;
	int64_t deadline_us;
	struct MHD_Response *made; /* the answer, while it waits for the store */
};

static struct app *app_of(const struct exchange *x)
{
	return x->listener->server->plan.app;
}

/* ---- connections ---- */

enum MHD_Result exchange_accept(void *cls, const struct sockaddr *peer, socklen_t size)
{
	struct listener *listener = cls;
	struct address address;

	(void)size; /* the family says it */
	if (!address_from_sockaddr(peer, &address))
		return MHD_YES; /* a unix socket: counted as loopback when it begins */
	return registry_is_full_for(listener->server->registry, &address) ? MHD_NO : MHD_YES;
}

/* A peer without an address is a proxy on this machine. */
static struct address peer_of(struct MHD_Connection *connection)
{
	struct address peer = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 } };
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (info && info->client_addr && !address_from_sockaddr(info->client_addr, &peer))
		assert(info->client_addr->sa_family == AF_UNIX);
	return peer;
}

static struct link *connection_begin(struct listener *listener, struct MHD_Connection *connection)
{
	struct link *link = calloc(1, sizeof *link);
	struct exchange *exchange = calloc(1, sizeof *exchange);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	assert(link && exchange && info);
	link->socket = info->connect_fd;
	link->peer = peer_of(connection);
	link->exchange = exchange;
	*exchange = (struct exchange){
		.arena = arena_new(), .listener = listener, .link = link, .connection = connection
	};
	registry_add(listener->server->registry, link);
	return link;
}

static void connection_end(struct listener *listener, struct link *link)
{
	registry_remove(listener->server->registry, link);
	arena_done(&link->exchange->arena);
	free(link->exchange);
	free(link);
}

void exchange_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			 enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*socket_context = connection_begin(cls, connection);
	else if (*socket_context)
		connection_end(cls, TAKE(*socket_context));
}

/* ---- the head ---- */

size_t exchange_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

/* The library would now split the query into a list in its small pool, and with some hundred arguments
 * never answer. The query is ours, so it is emptied in the library's own writable buffer. */
static void hide_query(const char *target)
{
	char *question = strchr((char *)(uintptr_t)target, '?');

	if (question)
		question[1] = '\0'; /* at worst the NUL behind the target once more */
}

void *exchange_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct listener *listener = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct link *link = info ? info->socket_context : NULL;

	assert(link);
	struct exchange *x = link->exchange;
	arena_reset(x->arena);
	memset(&x->rq, 0, sizeof x->rq);
	x->rq.started_us = clock_monotonic_us();
	x->stage = STAGE_NEW;
	x->raw_target = target;
	x->target_size = strlen(target);
	x->target = arena_textn(x->arena, target, x->target_size);
	link_awaits_headers(listener->server->registry, link);
	atomic_fetch_add_explicit(&listener->server->requests, 1, memory_order_relaxed);
	hide_query(target);
	return x;
}

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
			       const char *value, size_t value_size)
{
	struct head *head = cls;

	(void)kind;
	if (head->count < GUARD_HEADERS)
		head->headers[head->count] =
			(struct header){ name, value ? value : "", name_size, value_size };
	head->count++;
	return head->count > GUARD_HEADERS ? MHD_NO : MHD_YES;
}

static void read_head(struct exchange *x, const char *method, const char *version, struct head *head)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	/* The array itself is only written as far as there are headers. */
	head->method = method;
	head->version = version;
	head->target = x->raw_target;
	head->target_size = x->target_size;
	head->bytes = info ? info->header_size : 0;
	head->count = 0;
	head->length = 0;
	memset(head->known, 0, sizeof head->known);
	(void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, collect,
					  head); /* the count is in head */
}

/* Fields before the target: a person whose address is damaged is then answered with a page. */
static enum err guard(const struct exchange *x, struct head *head)
{
#if MHD_VERSION < 0x01000000
	if (head->count <= GUARD_HEADERS)
		TRY(guard_layout(head));
#endif
	TRY(guard_head(head));
	return guard_target(x->target, x->target_size);
}

/* The admin listener is reached by address, from inside. */
static enum err guard_name(const struct exchange *x, const struct head *head)
{
	bool any = x->listener->is_admin || (x->rq.route && (x->rq.route->needs & NO_HOST_CHECK));

	return any ? OK : guard_host(app_of(x)->config, head->known[FIELD_HOST], x->listener->port);
}

/* ---- answering ---- */

static void begin_work(struct exchange *x, struct db *db)
{
	work_begin(&x->rq.w, app_of(x), db, x->arena);
	x->rq.w.actor.address = address_text(x->arena, &x->rq.peer);
	x->rq.w.actor.user_agent = x->rq.user_agent;
}

/* On the polling thread, or on a worker while the connection is suspended. */
static void make_answer(struct exchange *x, bool close)
{
	struct request *rq = &x->rq;

	if (!rq->response)
		answer_fault(rq, fault(&rq->w, ERR_INTERNAL, "the handler of %s made no answer", rq->path));
	x->made = response_make(rq, close || atomic_load(&x->listener->server->draining));
}

static void send_made(struct exchange *x)
{
	struct MHD_Response *made = TAKE(x->made);

	/* MHD_NO: the client left meanwhile; the library cleans up. */
	(void)MHD_queue_response(x->connection, (unsigned)x->rq.response->status, made);
	MHD_destroy_response(made);
}

static void send_answer(struct exchange *x, bool close)
{
	make_answer(x, close);
	send_made(x);
}

/* What this room refuses itself is at most a line for debugging: strangers write it as often as they like. */
static void log_refusal(const struct request *rq, enum err code)
{
	if (log_wants(LOG_DEBUG))
		log_event(LOG_DEBUG, "http.refused", "id", rq->w.request_id, "code", error_row(code)->word,
			  "path", rq->path, "reason", rq->w.reason, NULL);
}

/* A refusal in front of the handler: answered at once, and the connection closed, so that nothing
 * that was sent behind it is ever read as a request. */
static enum MHD_Result refuse(struct exchange *x, enum err code)
{
	begin_work(x, NULL);
	log_refusal(&x->rq, code);
	answer_fault(&x->rq, code);
	send_answer(x, true);
	work_end(&x->rq.w);
	x->stage = STAGE_GIVEN;
	return MHD_YES;
}

static enum MHD_Result refuse_malformed(struct exchange *x, enum err code)
{
	metric_add(METRIC_REFUSED_MALFORMED, 1);
	return refuse(x, code);
}

/* ---- running ---- */

/* Makes the answer. */
static void handle(struct exchange *x, struct db *db)
{
	struct request *rq = &x->rq;

	begin_work(x, db);
	enum err err = request_read(rq);

	if (err == OK) {
		x->listener->server->plan.hooks.handle(rq);
	} else {
		log_refusal(rq, err);
		answer_fault(rq, err);
	}
	make_answer(x, false);
}

static void finish(struct exchange *x)
{
	send_made(x);
	work_end(&x->rq.w);
}

static void run_inline(struct exchange *x)
{
	handle(x, NULL);
	finish(x);
}

static void run_late(struct exchange *x)
{
	metric_add(METRIC_SHED, 1);
	(void)refuse(x, ERR_UNAVAILABLE); /* always MHD_YES */
}

/* Resuming is the last touch: the polling thread may free the exchange before it returns. */
static void resume(struct exchange *x)
{
	struct server *server = x->listener->server;
	struct MHD_Connection *connection = x->connection;

	MHD_resume_connection(connection);
	atomic_fetch_sub(&server->on_lanes, 1);
}

/* What the handler left to be written is on disk, or never will be. */
static void settled(void *thing, enum err err, const char *why)
{
	struct exchange *x = thing;

	if (err != OK) {
		MHD_destroy_response(TAKE(x->made));
		x->listener->server->plan.hooks.refuse(&x->rq, fault(&x->rq.w, err, "%s", why));
		make_answer(x, false);
	}
	finish(x);
	resume(x);
}

static void run_on_lane(void *tools, void *item, bool late)
{
	struct exchange *x = item;
	const struct worker_tools *mine = tools;
	const struct server_hooks *hooks = &x->listener->server->plan.hooks;

	if (late) {
		run_late(x);
	} else {
		handle(x, mine ? mine->db : NULL);
		if (hooks->settle && hooks->settle(&x->rq.w, settled, x))
			return;
		finish(x);
	}
	resume(x);
}

static enum MHD_Result give_to_lane(struct exchange *x, struct lane *lane)
{
	atomic_fetch_add(&x->listener->server->on_lanes, 1);
	/* Suspended before it is given: the worker may resume before lane_add returns. */
	MHD_suspend_connection(x->connection);
	if (!lane || !lane_add(lane, run_on_lane, x, x->deadline_us)) {
		run_late(x);
		resume(x);
	}
	return MHD_YES;
}

static enum MHD_Result start(struct exchange *x)
{
	x->stage = STAGE_GIVEN;
	x->deadline_us = link_awaits_end(x->listener->server->registry, x->link, x->rq.started_us);
	x->rq.body = (struct bytes){ (const uint8_t *)buf_str(&x->body), x->body.size };
	switch (x->rq.route->lane) {
	case LANE_QUICK:
		return give_to_lane(x, app_of(x)->quick);
	case LANE_SLOW:
		return give_to_lane(x, app_of(x)->slow);
	case LANE_REMOTE:
		return give_to_lane(x, app_of(x)->remote);
	case LANE_INLINE:
		break;
	}
	run_inline(x);
	return MHD_YES;
}

/* ---- routing ---- */

/* A page of another origin asks before it sends (Fetch 3.2.2); only what is open to all says yes. */
static enum MHD_Result answer_preflight(struct exchange *x, const char *allow)
{
	struct request *rq = &x->rq;

	begin_work(x, NULL);
	(void)respond_empty(rq, 204); /* makes an answer in any case */
	response_header(rq, "Access-Control-Allow-Origin", "*");
	response_header(rq, "Access-Control-Allow-Methods", allow);
	response_header(rq, "Access-Control-Allow-Headers", "Authorization, Content-Type");
	response_header(rq, "Access-Control-Max-Age", "600");
	send_answer(x, false);
	work_end(&rq->w);
	x->stage = STAGE_GIVEN;
	return MHD_YES;
}

static enum MHD_Result answer_unrouted(struct exchange *x)
{
	unsigned needs;
	const char *allow = router_allow(x->listener->router, x->arena, x->rq.path, &needs);

	if (!allow)
		return refuse(x, ERR_NOT_FOUND);
	if (x->rq.method == METHOD_OPTIONS && (needs & ANY_ORIGIN) && x->body_size == 0)
		return answer_preflight(x, allow);
	x->rq.w.arena = x->arena; /* the field is set before the work begins */
	response_header(&x->rq, "Allow", allow);
	return refuse(x, ERR_METHOD);
}

/* Route, host and body size: what the handler may take for granted. */
static enum MHD_Result route(struct exchange *x, const struct head *head)
{
	struct request *rq = &x->rq;
	bool known_path;

	rq->route =
		router_match(x->listener->router, x->arena, rq->method, rq->path, rq->parameter, &known_path);
	enum err err = guard_name(x, head);
	if (err != OK)
		return refuse_malformed(x, err);
	if (!rq->route)
		return answer_unrouted(x);
	if ((uint64_t)x->body_size > rq->route->body_limit ||
	    x->body_size > app_of(x)->config->limits.body_bytes)
		return refuse(x, ERR_TOO_LARGE);
	x->stage = STAGE_BODY;
	x->body = BUF((size_t)x->body_size);
	if (x->body_size > 0)
		link_awaits_body(x->listener->server->registry, x->link, rq->started_us);
	return MHD_YES;
}

static enum MHD_Result first_visit(struct exchange *x, const char *method, const char *version)
{
	struct head head;

	read_head(x, method, version, &head);
	enum err err = guard(x, &head);
	request_take_head(&x->rq, x->arena, app_of(x)->config, &x->link->peer, &head,
			  err == OK ? x->target : NULL);
	x->rq.secure = x->rq.secure || x->listener->is_tls;
	if (err != OK)
		return refuse_malformed(x, err);
	x->body_size = head.length;
	return route(x, &head);
}

enum MHD_Result exchange_visit(void *cls, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_size, void **context)
{
	struct exchange *x = *context;

	(void)cls;
	(void)connection;
	(void)url; /* ours is x->target: raw, with its query */
	switch (x->stage) {
	case STAGE_NEW:
		return first_visit(x, method, version);
	case STAGE_BODY:
		break;
	case STAGE_GIVEN:
		return MHD_NO; /* no visit is due any more */
	}
	if (*upload_size == 0)
		return start(x);
	buf_add(&x->body, upload, *upload_size);
	*upload_size = 0;
	return x->body.full ? MHD_NO : MHD_YES;
}

/* ---- the end ---- */

static void log_access(const struct exchange *x)
{
	char status[8], took[24];

	if (!log_wants(LOG_DEBUG) || !x->rq.response)
		return;
	(void)snprintf(status, sizeof status, "%d", x->rq.response->status); /* three digits */
	(void)snprintf(took, sizeof took, "%" PRId64, clock_monotonic_us() - x->rq.started_us); /* fits */
	log_event(LOG_DEBUG, "http.request", "id", x->rq.w.request_id, "path", x->rq.path, "status", status,
		  "us", took, NULL);
}

void exchange_done(void *cls, struct MHD_Connection *connection, void **context,
		   enum MHD_RequestTerminationCode code)
{
	struct listener *listener = cls;
	struct exchange *x = *context;

	(void)connection;
	(void)code; /* answered or left: the same is to be done */
	if (!x)
		return;
	log_access(x);
	buf_wipe(&x->body); /* passwords came in it */
	link_is_idle(listener->server->registry, x->link);
	*context = NULL;
}
