/* jobs.h: periodic work beside the requests, in threads of their own: following the store (snapshot, keys,
 * clock), sending the outbox, sweeping what has expired. */
#ifndef IDP_JOBS_H
#define IDP_JOBS_H

#include "base/base.h"

struct app;
struct jobs;

struct jobs *jobs_start(struct app *app);
void jobs_stop(struct jobs *jobs); /* waits for what runs; NULL is fine */

#endif
