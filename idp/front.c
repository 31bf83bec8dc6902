/* front.c: the desk: join the rooms' route tables, run guards and handler, turn a fault into the caller's
 * language, and write the one log line a request gets. */
#include "front.h"

#include "base/clock.h"
#include "base/log.h"
#include "health.h"
#include "http/request.h"
#include "http/router.h"
#include "http/routes.h"
#include "http/trouble.h"
#include "login/guard.h"
#include "login/routes.h"
#include "oidc/routes.h"
#include "saml/routes.h"
#include "store/db.h"

struct router *front_router(void)
{
	static const struct route *const tables[] = { http_routes, login_routes, oidc_routes, saml_routes,
						      NULL };

	return router_new(tables);
}

struct router *front_admin_router(void)
{
	static const struct route *const tables[] = { health_routes, NULL };

	return router_new(tables);
}

/* Faults of ours are errors, the store's are warnings, the caller's are information. */
static void log_fault(const struct request *rq, enum err err)
{
	const struct error_row *row = error_row(err);
	enum log_level level = row->http >= 500 && row->http != 503 ? LOG_ERROR_
			       : row->http == 503                   ? LOG_WARN
								    : LOG_INFO;
	char micros[24];

	if (!log_wants(level))
		return;
	(void)snprintf(micros, sizeof micros, "%" PRId64, clock_monotonic_us() - rq->started_us);
	log_event(level, "request.refused", "code", row->word, "reason", rq->w.reason, "path",
		  rq->route->path, "reference", rq->w.request_id, "practice", rq->w.practice, "address",
		  rq->w.actor.address, "microseconds", micros, "traceparent", rq->traceparent, NULL);
}

void front_refuse(struct request *rq, enum err err)
{
	log_fault(rq, err);
	answer_fault(rq, err);
}

/* What is only appended (an audit row beside an answer that changes nothing) is written while this worker
 * already serves the next request; the answer waits for it (serve.c: settle). */
void front_handle(struct request *rq)
{
	bool answered = false;

	db_collect(&rq->w);
	enum err err = guard_check(rq, &answered);

	if (err == OK && !answered)
		err = rq->route->handler(rq);
	if (err != OK)
		front_refuse(rq, err);
}

static const char *lane_word(enum route_lane lane)
{
	static const char *const words[] = { [LANE_INLINE] = "inline",
					     [LANE_QUICK] = "quick",
					     [LANE_SLOW] = "slow",
					     [LANE_REMOTE] = "remote" };

	return words[lane];
}

void front_print_routes(FILE *out)
{
	struct router *router = front_router();
	const struct route *row;

	for (size_t at = 0; (row = router_row(router, at)); at++)
		fprintf(out, "%-6s %-42s %-6s body %zu%s%s%s\n", row->method, row->path, lane_word(row->lane),
			row->body_limit, row->needs & NEEDS_CSRF ? " form-token" : "",
			row->needs & NEEDS_FLOW ? " flow" : "", row->needs & NEEDS_SESSION ? " session" : "");
	router_free(router);
}
