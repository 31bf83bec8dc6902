/* mapping.h: rules from what an upstream says of a person to class, roles and locations.
 *
 *	{ when: { claim: groups, contains: Doctors }, grant: { role: provider, locations: [main] } }
 *
 * A claim's value is a list (a text, number or flag is a list of one; numbers and flags compare as JSON
 *writes them). `equals`: the one value is this; `contains`: one of the values is this; `prefix`: one begins
 *so. Bytes are compared, nothing is folded and nothing is searched inside of a value: "Doctors" is not in "No
 *Doctors". `any:` and `all:` of conditions nest, 8 deep; at most 200 rules. `grant` has class, role and
 *locations (a list of ids, or all: must be written out with a role). Every rule that applies grants; of
 *classes the first one counts. */
#ifndef PEOPLE_MAPPING_H
#define PEOPLE_MAPPING_H

#include <jansson.h>

#include "base/base.h"
#include "people/role.h"

struct arena;
struct work;
struct practice;

/* *message names what is wrong ("mapping[2].when: ..."). practice NULL: roles and locations are not looked
 * up. ERR_DOCUMENT. */
enum err mapping_check(struct arena *arena, const struct practice *practice, const json_t *mapping,
		       const char **message) MUST_USE;
/* One grant, as default_grant is declared. */
enum err grant_check(struct arena *arena, const struct practice *practice, const json_t *grant,
		     const char **message) MUST_USE;

struct mapped {
	const char *class_; /* NULL: no rule names one */
	struct assignment *assignments;
	size_t assignment_count; /* merged: one for each role */
	const json_t *applied;   /* the rules' numbers, from 0: a new array in the arena */
};
/* claims: an object; what stands there may be anything. Roles and locations that went meanwhile are left out.
 */
void mapping_apply(struct work *work, const struct practice *practice, const json_t *mapping,
		   const json_t *claims, struct mapped *out);
void grant_apply(struct work *work, const struct practice *practice, const json_t *grant,
		 struct mapped *out); /* adds to what is there */

#endif
