/* pg_wait.c: libpq without blocking: flush, poll, consume. */
#include <poll.h>

#include "base/base.h"
#include "base/clock.h"

#include "store/pg_wait.h"

bool pg_wait_socket(int socket, short events, int64_t deadline_us)
{
	struct pollfd fd = { .fd = socket, .events = events };

	for (;;) {
		int64_t left_us = deadline_us - clock_monotonic_us();

		if (socket < 0 || left_us <= 0)
			return false;
		int ready = poll(&fd, 1, (int)((left_us + 999) / 1000));
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

bool pg_wait_result(PGconn *conn, int64_t deadline_us, PGresult **out)
{
	for (;;) {
		int unsent = PQflush(conn);

		if (unsent < 0 && PQstatus(conn) != CONNECTION_OK)
			return false;
		if (!PQisBusy(conn))
			break;
		if (!pg_wait_socket(PQsocket(conn), unsent > 0 ? POLLIN | POLLOUT : POLLIN, deadline_us))
			return false;
		/* A lost connection comes out as a result that says why, if the server said so. */
		if (!PQconsumeInput(conn) && !PQisBusy(conn))
			break;
		if (PQstatus(conn) != CONNECTION_OK)
			break;
	}
	*out = PQgetResult(conn);
	return true;
}
