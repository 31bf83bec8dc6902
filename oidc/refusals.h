/* refusals.h: who failed to authenticate too often and is not looked at for a while. A bounded memory of this
 * process beside the durable counters, so that the way of success needs no statement. */
#ifndef OIDC_REFUSALS_H
#define OIDC_REFUSALS_H

#include "base/base.h"

struct refusals;

struct refusals *refusals_new(void);
void refusals_free(struct refusals *refusals);
void refusals_add(struct refusals *refusals, const char *key, int64_t until_us);
bool refusals_have(struct refusals *refusals, const char *key, int64_t now_us);

#endif
