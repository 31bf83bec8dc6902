/* profile.h: the sealed part of an account: which members there are and what each may hold. */
#ifndef PEOPLE_PROFILE_H
#define PEOPLE_PROFILE_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;

/* old with the members of change set, null ones removed; a new phone number is not verified. *message names
 * what is wrong. The result is the caller's. ERR_DOCUMENT. */
enum err profile_merge(struct arena *arena, const json_t *old, const json_t *change, json_t **out,
		       const char **message) MUST_USE;

/* Under the vault, bound to the account's row. An empty profile is sealed as nothing. */
struct bytes profile_seal(struct work *work, const char *account_id, const json_t *profile);
/* In the work's arena; NULL for nothing. */
enum err profile_open(struct work *work, const char *account_id, struct bytes sealed, json_t **out) MUST_USE;

#endif
