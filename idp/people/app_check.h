/* app_check.h: the checks of one declared app, for app_registry.c. */
#ifndef PEOPLE_APP_CHECK_H
#define PEOPLE_APP_CHECK_H

#include <jansson.h>

#include "base/base.h"

struct arena;

/* Each returns what is wrong, or NULL. Members one by one; null stands for "as by default". */
const char *app_fields_trouble(struct arena *arena, const json_t *declared, bool development);
/* Members that apps of its type do not have. */
const char *app_type_trouble(struct arena *arena, const json_t *whole);
/* What has to hold between the members of a whole app. */
const char *app_sense_trouble(struct arena *arena, const json_t *whole);

#endif
