/* metrics.h: counters of the process, lock-free, printed as Prometheus text. A name is declared once
 * in metrics.c's table; labels are fixed words, never data from outside. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "base/base.h"

struct buf;

enum metric {
	METRIC_SIGN_IN_OK,
	METRIC_SIGN_IN_FAILED,
	METRIC_TOKENS,
	METRIC_TOKEN_ERRORS,
	METRIC_SESSIONS_ENDED,
	METRIC_LOGOUT_SENT,
	METRIC_LOGOUT_FAILED,
	METRIC_SHED,
	METRIC_REFUSED_MALFORMED,
	METRIC_COUNT
};
void metric_add(enum metric metric, int64_t n);
void metrics_print(struct buf *out);

#endif
