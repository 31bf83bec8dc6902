/* metrics.c: the counters and their names in Prometheus text (exposition format 0.0.4). */
#include "base/base.h"

#include <stdatomic.h>

#include "base/buf.h"
#include "http/metrics.h"

/* Rows of one name stand together: its HELP and TYPE are printed once. */
/* clang-format off */
static const struct {
	const char *name, *labels, *help;
} rows[] = {
	[METRIC_SIGN_IN_OK] = { "lanyard_sign_ins_total", "{result=\"ok\"}", "Sign-ins that ended" },
	[METRIC_SIGN_IN_FAILED] = { "lanyard_sign_ins_total", "{result=\"failed\"}", "Sign-ins that ended" },
	[METRIC_TOKENS] = { "lanyard_token_answers_total", "{result=\"ok\"}", "Answers of the token endpoint" },
	[METRIC_TOKEN_ERRORS] = { "lanyard_token_answers_total", "{result=\"error\"}", "Answers of the token endpoint" },
	[METRIC_SESSIONS_ENDED] = { "lanyard_sessions_ended_total", "", "Sessions that were ended" },
	[METRIC_LOGOUT_SENT] = { "lanyard_logout_messages_total", "{result=\"ok\"}", "Logout messages to apps" },
	[METRIC_LOGOUT_FAILED] = { "lanyard_logout_messages_total", "{result=\"failed\"}", "Logout messages to apps" },
	[METRIC_SHED] = { "lanyard_http_shed_total", "", "Requests answered 503 because a lane was full" },
	[METRIC_REFUSED_MALFORMED] = { "lanyard_http_refused_total", "", "Requests refused before routing" },
};
/* clang-format on */
static_assert(COUNT(rows) == METRIC_COUNT, "a row for each metric");

/* The one mutable table of the room: counters of the process. */
static atomic_int_least64_t counters[METRIC_COUNT];

void metric_add(enum metric metric, int64_t n)
{
	assert(metric < METRIC_COUNT);
	atomic_fetch_add_explicit(&counters[metric], n, memory_order_relaxed);
}

void metrics_print(struct buf *out)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
			buf_print(out, "# HELP %s %s\n# TYPE %s counter\n", rows[i].name, rows[i].help,
				  rows[i].name);
		buf_print(out, "%s%s %" PRId64 "\n", rows[i].name, rows[i].labels,
			  (int64_t)atomic_load_explicit(&counters[i], memory_order_relaxed));
	}
}
