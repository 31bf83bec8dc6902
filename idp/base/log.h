/* log.h: one JSON line per event on stderr. Secrets never reach it: callers pass facts. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_ERROR_, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_open(enum log_level level, bool text_for_people); /* people: short lines on a terminal */
bool log_wants(enum log_level level);
/* Pairs of name, text; ends with NULL: log_event(LOG_INFO, "http", "path", path, "status", "200", NULL).
 * Values are bounded at 2 KiB and escaped; a NULL value leaves its pair out. Thread safe. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
void log_print(enum log_level level, const char *event, const char *format, ...) PRINTF(3, 4);

#endif
