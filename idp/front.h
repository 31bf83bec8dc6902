/* front.h: the desk that sends each visitor to a room: joined route tables, guards, handler, faults. */
#ifndef IDP_FRONT_H
#define IDP_FRONT_H

#include "base/base.h"

struct request;
struct router;

struct router *front_router(void);       /* public addresses */
struct router *front_admin_router(void); /* health, readiness, metrics */
void front_handle(struct request *rq);
/* Logs the fault and makes it the answer. */
void front_refuse(struct request *rq, enum err err);
/* The address map, one line a row, for `lanyard routes`. */
void front_print_routes(FILE *out);

#endif
