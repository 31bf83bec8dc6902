/* owner.h: a practice that has an active owner keeps one. For this room; see account_guard_last_owner. */
#ifndef PEOPLE_OWNER_H
#define PEOPLE_OWNER_H

#include "base/base.h"

struct work;
struct assignment_row;

/* Before each change that may take an owner away, inside its transaction: holds the practice's row, so that
 * two such changes happen one after the other, and notes whether there is an owner to lose. */
enum err owner_before(struct work *work) MUST_USE;
/* Would the practice lose its last active owner with this assignment? To act on it, hold the practice's row.
 */
enum err owner_is_last(struct work *work, const struct assignment_row *row, bool *last) MUST_USE;

#endif
