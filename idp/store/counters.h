/* counters.h: attempts and rates, exact over all nodes (GCRA, one row and one statement).
 *
 * A key may spend up to burst at once; each try costs, and cost comes back as time passes. "Five
 * tries, one back every three minutes" is cost 180 s, burst 900 s. Time is the work's now_us, the
 * store's clock; of tries in the same moment the last that fits may be refused when its now is a
 * little behind the others': half a cost more burst makes it exact, and never one more.
 *
 * Keys are bounded and hold no secret; kinds are words ("sign_in.account"). A try is not given back
 * by a rollback: call these outside of transactions (asserted). */
#ifndef STORE_COUNTERS_H
#define STORE_COUNTERS_H

#include "base/base.h"

struct work;

/* allowed false: nothing was taken; *retry_after_us is when the same try would fit (>= 1). */
enum err counters_take(struct work *work, const char *kind, const char *key, int64_t cost_us,
		       int64_t burst_us, bool *allowed, int64_t *retry_after_us) MUST_USE;
/* Gives the cost back (a sign-in that succeeded). */
enum err counters_refund(struct work *work, const char *kind, const char *key, int64_t cost_us) MUST_USE;

#endif
