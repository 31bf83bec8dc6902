/* health.h: liveness, readiness and metrics, on the admin listener alone. */
#ifndef IDP_HEALTH_H
#define IDP_HEALTH_H

#include "http/router.h"

extern const struct route health_routes[];

/* Told by the jobs: the store's clock and ours differ by this much (microseconds). */
void health_clock_drift(int64_t microseconds);
/* A stopping server is not ready: load balancers turn away first. */
void health_stopping(void);

#endif
