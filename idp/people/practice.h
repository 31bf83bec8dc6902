/* practice.h: the tenant: its policy with defaults, its locations, how they are declared and changed.
 * Changes are made inside the caller's transaction (tx_begin), audited there, and call snapshot_touch. */
#ifndef PEOPLE_PRACTICE_H
#define PEOPLE_PRACTICE_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct practice;
struct policy;
struct location;

/* Defaults: idle 30 min, absolute 12 h, nist-2025 with 15 characters (8 in "classic"). */
int64_t policy_session_idle(const struct policy *policy);
int64_t policy_session_absolute(const struct policy *policy);
int64_t policy_password_min(const struct policy *policy);

/* Checks a declared policy ({"session": {"idle": "30m", "absolute": "12h"}, "password": {"preset": ...,
 * "min_length": ...}}); *message names the field that is wrong or unknown. */
enum err policy_check(struct arena *arena, const json_t *policy, const char **message) MUST_USE;

struct practice_change {
	const char *id, *name,
		*timezone;    /* timezone: an IANA name that this machine knows; NULL: as it is / id, UTC */
	const char *template; /* small | medium | multi-location | three-role; NULL: as it is / small */
	const json_t *policy; /* NULL: as it is / {} */
	const char *const *domains; /* NULL: as they are */
	bool disabled;
};
/* Creates or changes. A new practice gets the next number, its template's built-in roles (role.h). A
 * slug that was deleted once is never given again (ERR_CONFLICT). *changed says whether anything moved. */
enum err practice_apply(struct work *work, const struct practice_change *change, bool *changed) MUST_USE;
/* Disables for good: tombstone, sessions and families end (epoch). */
enum err practice_delete(struct work *work, const char *id) MUST_USE;
/* One row, atomic: epoch + 1: every session and refresh token of the practice is dead (security.md 3.5). */
enum err practice_log_out_everyone(struct work *work, const char *id) MUST_USE;

struct location_change {
	const char *id;
	const char *name;                 /* NULL: as it is */
	const char *parent_id, *timezone; /* NULL: as it is; "": none, the practice's */
	const char *const *networks;      /* as typed; checked by network_parse; NULL: as they are */
	bool archived;
	int64_t position;
};
/* In work->practice. Refuses a parent that is missing or below itself. */
enum err location_apply(struct work *work, const struct location_change *change, bool *changed) MUST_USE;

/* Is the first location the second, or above it in the tree? */
bool location_covers(const struct practice *practice, const char *above, const char *below);

#endif
