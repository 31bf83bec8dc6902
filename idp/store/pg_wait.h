/* pg_wait.h: waiting for a PostgreSQL socket, never longer than the deadline. For this room alone. */
#ifndef STORE_PG_WAIT_H
#define STORE_PG_WAIT_H

#include <libpq-fe.h>

#include "base/base.h"

/* events as poll(2); false: deadline (monotonic) or error. */
bool pg_wait_socket(int socket, short events, int64_t deadline_us) MUST_USE;
/* The next result (NULL: the end of one statement's results); false: deadline or lost. */
bool pg_wait_result(PGconn *conn, int64_t deadline_us, PGresult **out) MUST_USE;

#endif
