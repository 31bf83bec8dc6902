/* owner.h: a practice that has an active owner keeps one. For this room; see account_guard_last_owner. */
#ifndef PEOPLE_OWNER_H
#define PEOPLE_OWNER_H

#include "base/base.h"

struct work;

/* Before each change that may take an owner away, inside its transaction: holds the practice's row, so that
 * two such changes happen one after the other, and notes whether there is an owner to lose. */
enum err owner_before(struct work *work) MUST_USE;

#endif
