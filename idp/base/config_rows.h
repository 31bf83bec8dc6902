/* config_rows.h: the settings as rows; config.c reads by them, config_print.c writes by them.
 *
 * A row's text form is the same everywhere: in the environment, as default, in the reference. */
#ifndef BASE_CONFIG_ROWS_H
#define BASE_CONFIG_ROWS_H

#include "base/base.h"

struct arena;
struct config;

enum setting_kind { SETTING_TEXT, SETTING_LIST, SETTING_NUMBER, SETTING_SECONDS, SETTING_SWITCH };

struct setting {
	const char *name; /* "limits.queue": in the file a key of the section "limits" */
	enum setting_kind kind;
	size_t at;            /* of the value in struct config */
	const char *fallback; /* lists comma-separated; NULL: none, or derived from other settings */
	int64_t min, max;     /* of a number or duration */
	bool (*sound)(const char *text); /* of a text or each one of a list; NULL: anything */
	const char *wants;               /* "an address and a port such as 127.0.0.1:8080" */
	const char *example;             /* for the template when there is no default */
	const char *help;
	bool secret; /* never shown; the environment may name a file instead: ..._FILE */
};

extern const struct setting settings[];
extern const size_t setting_count;

/* NULL when there is none of that name. */
const struct setting *setting_find(const char *name);
/* "LANYARD_LIMITS_QUEUE" */
char *setting_variable(struct arena *arena, const struct setting *setting);
/* The value in this configuration. */
void *setting_value(const struct setting *setting, const struct config *config);

#endif
