/* session_way.h: inside the room: what a session owes to the connection that it came by. */
#ifndef LOGIN_SESSION_WAY_H
#define LOGIN_SESSION_WAY_H

#include "base/base.h"

struct work;
struct request;
struct session_start;
struct session_row;

/* What came by a connection lives while that is on, on every node and before anybody has ended the rows. */
bool way_is_on(const struct work *work, const char *connection_id);
/* All in the transaction that starts the session. ERR_CONNECTION_OFF. */
enum err way_check(struct work *work, const struct session_start *start) MUST_USE;
/* row->ends_at is brought forward. ERR_UPSTREAM_ANSWER: it has ended there already. */
enum err way_bound(struct work *work, const struct session_start *start, struct session_row *row) MUST_USE;
enum err way_record(struct request *rq, const struct session_start *start,
		    const struct session_row *row) MUST_USE;

#endif
