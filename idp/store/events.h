/* events.h: rows of event: written once, never changed (the driver holds that). */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "base/base.h"

struct work;

struct event_row {
	const char *id, *type, *outcome, *actor, *target, *body;
	int64_t at_us;
};
/* Of work->practice, "" when there is none. Rides in the open transaction; alone it is on disk when it
 * returns. */
enum err events_add(struct work *work, const struct event_row *row) MUST_USE;
/* Newest first, older than before_us (0: from now) and at most max; type_prefix NULL: all. */
enum err events_list(struct work *work, const char *type_prefix, int64_t before_us, int64_t max,
		     struct event_row **out, size_t *count) MUST_USE;

#endif
