/* role_templates.h: built-in roles for this room; the templates themselves are in role.h. */
#ifndef PEOPLE_ROLE_TEMPLATES_H
#define PEOPLE_ROLE_TEMPLATES_H

#include "base/base.h"

/* Who holds one of these everywhere is an owner. */
#define ROLE_OWNER "owner"
#define ROLE_ADMIN "admin"

size_t role_rank(const char *id); /* its place among built-in roles; behind all of them for a custom one */
bool role_is_built_in(const char *id);

#endif
