/* health.c: is the process alive, may it be given work, what has it done. */
#include "health.h"

#include <stdatomic.h>

#include "base/app.h"
#include "base/buf.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"
#include "store/db.h"

/* More than a second between the store's clock and ours is a broken machine: corrected, but not trusted. */
#define DRIFT_LIMIT_US 1000000

static _Atomic int64_t drift_us;
static atomic_bool stopping;

void health_clock_drift(int64_t microseconds)
{
	atomic_store(&drift_us, microseconds);
}

void health_stopping(void)
{
	atomic_store(&stopping, true);
}

static enum err say(struct request *rq, int status, const char *word)
{
	return respond_body(rq, status, "text/plain; charset=utf-8", BYTES_OF(word));
}

static enum err alive(struct request *rq)
{
	return say(rq, 200, "ok\n");
}

static enum err ready(struct request *rq)
{
	int64_t drift = atomic_load(&drift_us);

	if (atomic_load(&stopping))
		return say(rq, 503, "stopping\n");
	if (!store_is_up(rq->w.app->store))
		return say(rq, 503, "the store cannot be reached\n");
	if (!rq->w.snapshot)
		return say(rq, 503, "nothing is loaded yet\n");
	if (drift > DRIFT_LIMIT_US || drift < -DRIFT_LIMIT_US)
		return say(rq, 503, "the clock differs from the store's by more than a second\n");
	return say(rq, 200, "ready\n");
}

static enum err metrics(struct request *rq)
{
	AUTO_BUF out = BUF(256 * KB);

	metrics_print(&out);
	server_metrics(rq->w.app->server, &out);
	return respond_body(rq, 200, "text/plain; version=0.0.4; charset=utf-8", BYTES_OF(buf_str(&out)));
}

const struct route health_routes[] = {
	{ "GET", "/healthz", alive, LANE_INLINE, SPEAKS_TEXT, NO_HOST_CHECK, 0 },
	{ "GET", "/readyz", ready, LANE_INLINE, SPEAKS_TEXT, NO_HOST_CHECK, 0 },
	{ "GET", "/metrics", metrics, LANE_INLINE, SPEAKS_TEXT, NO_HOST_CHECK, 0 },
	{ 0 },
};
