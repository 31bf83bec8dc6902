/* apply_compare.h: between apply_plan.c and apply_compare.c alone: is what is declared what is there? */
#ifndef ADMIN_APPLY_COMPARE_H
#define ADMIN_APPLY_COMPARE_H

#include <jansson.h>

#include "base/base.h"

struct work;

/* The members of one declared entry that would change: {"name": [old, new]}, secrets masked. now: the entry
 * as it is there, NULL when it is new. path: where entries of the kind stand ("practices.staff"). In the
 * arena. */
json_t *apply_difference(struct work *work, const char *path, json_t *now, json_t *declared);

#endif
