/* clock.h: now, and the texts of time. Nothing else in the tree asks the machine for the time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

struct arena;

int64_t clock_now_us(void);               /* unix microseconds; CLOCK_REALTIME plus the offset below */
int64_t clock_monotonic_us(void);         /* for durations and deadlines */
void clock_set_offset_us(int64_t offset); /* to the store's clock; atomic */
void clock_freeze_us(int64_t now);        /* tests: 0 thaws */
char *clock_rfc3339(struct arena *arena, int64_t seconds); /* 2026-11-21T20:05:00Z */
char *clock_rfc3339_us(struct arena *arena, int64_t microseconds);
char *clock_http_date(struct arena *arena, int64_t seconds); /* RFC 9110 5.6.7 */
/* A date "2027-01-31" (end false: its first second, true: the first second of the next day, in
 * UTC) or RFC 3339 time; false when it is neither. */
bool clock_parse(const char *text, bool end_of_day, int64_t *seconds) MUST_USE;

#endif
