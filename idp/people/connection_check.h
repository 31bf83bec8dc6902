/* connection_check.h: the checks of one declared connection, for connection.c. */
#ifndef PEOPLE_CONNECTION_CHECK_H
#define PEOPLE_CONNECTION_CHECK_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct practice;

/* Each returns what is wrong, beginning with the field's name, or NULL. Members one by one; null stands for
 * "as by default". practice NULL: roles and locations are not looked up. */
const char *connection_fields_trouble(struct arena *arena, const struct practice *practice,
				      const json_t *declared, bool development);
/* What has to hold between the members of a whole connection. */
const char *connection_sense_trouble(struct arena *arena, const json_t *whole);

#endif
