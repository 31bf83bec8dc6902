/* sweep.h: deletes what has expired. Never needed for correctness: every statement that trusts a
 * row looks at its time itself.
 *
 * Small batches, each its own commit, so that a sweep never holds the writer or a lock for long.
 * Walled tables are swept practice by practice, inside each wall: no connection may pass it. */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include "base/base.h"

struct work;

/* One round over all tables; *removed counts rows. Sets work->practice meanwhile. Any node may
 * run it at any time. */
enum err sweep(struct work *work, size_t *removed) MUST_USE;

#endif
