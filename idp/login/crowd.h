/* crowd.h: how many sign-ins one address may begin.
 *
 * Anybody can begin one, and each leaves a row for two hours; so an address has a budget:
 * limits.sign_ins_per_address at once, coming back evenly over ten minutes. A clinic behind one address
 * starts its day well within it. Kept by this process in a table of fixed size (IPv6 by /64, as one household
 * or host has it). */
#ifndef LOGIN_CROWD_H
#define LOGIN_CROWD_H

#include "base/base.h"

struct crowd;
struct request;

struct crowd *crowd_new(int64_t at_once);
void crowd_free(struct crowd *crowd);
/* Takes one from the budget of the request's address. ERR_TOO_MANY. */
enum err crowd_may(struct request *rq) MUST_USE;

#endif
