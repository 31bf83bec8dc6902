/* permission.h: the table's words for this room; what others need is in role.h. */
#ifndef PEOPLE_PERMISSION_H
#define PEOPLE_PERMISSION_H

#include "base/base.h"
#include "base/text.h"
#include "people/role.h"

#define EVERY_FEATURE "*" /* as a feature in permissions: each one there is, also later ones */

size_t feature_count(void);
size_t feature_index(const struct feature *feature);
bool action_find(const char *word, enum action *out) MUST_USE;
bool reach_find(const char *word, enum reach *out) MUST_USE;

#endif
