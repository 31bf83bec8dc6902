/* role.h: roles, the feature x action table, assignments, and what somebody holds where.
 *
 * A role is a named set of permissions, flat per feature; it inherits from others; deny overrides. An
 * assignment is account + role + (all or some locations) + from/until + source. An assignment at a
 * location covers the locations below it. A person who manages one location and provides at another is
 * nowhere both. */
#ifndef PEOPLE_ROLE_H
#define PEOPLE_ROLE_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct practice;
struct location;

/* permission.c: the constant table. Features such as patients, appointments, scheduling, notes, records,
 * contact_info, check_in, billing, charges, payments, billing_reports, staff, roles, settings, products,
 * orders, stock, calls, transcriptions, tasks, time_tracking, reports, audit, apps, connections ... */
enum action { ACTION_READ, ACTION_CREATE, ACTION_EDIT, ACTION_DELETE, ACTION_EXPORT, ACTION_COUNT };
enum reach { REACH_NONE, REACH_OWN, REACH_ASSIGNED, REACH_LOCATION, REACH_ALL };
struct feature {
	const char *id, *group, *about;
};
const struct feature *feature_at(size_t at); /* NULL past the end */
const struct feature *feature_find(const char *id);
const char *action_word(enum action action);
const char *reach_word(enum reach reach);

/* Checks declared permissions; *message names what is unknown, with the nearest known word. */
enum err permissions_check(struct arena *arena, const json_t *permissions, const char **message) MUST_USE;

/* Built-in roles by template: id, name, permissions (guide 002: owner manager provider front-desk billing
 * inventory call-operator; practice-administrator; assigned-biller (additive); three-role: admin manager
 * employee). */
struct role_template {
	const char *id, *name;
	bool additive;
	const char *permissions; /* JSON */
};
/* The rows a template declares; NULL for an unknown template. */
const struct role_template *const *role_templates(const char *template_name);

struct role_change {
	const char *id, *name;
	const char *const *inherits; /* role ids that exist */
	const json_t *permissions;
};
/* A custom role of work->practice; refuses built-in ids and circles. */
enum err role_apply(struct work *work, const struct role_change *change, bool *changed) MUST_USE;
enum err role_delete(struct work *work, const char *id) MUST_USE; /* ERR_CONFLICT while assigned */

/* What a role allows after inheritance; cells[feature index][action]. */
struct permission_table {
	enum reach (*cells)[ACTION_COUNT];
	size_t features;
};
enum err role_effective(struct arena *arena, const struct practice *practice, const char *const *role_ids,
			struct permission_table *out) MUST_USE;

/* Does the role itself or one that it inherits say { action: none }? */
bool role_denies(const struct practice *practice, const char *role_id, size_t feature, enum action action);

struct assignment {
	const char *id, *role_id, *source, *reason;
	const char *const *locations;    /* NULL: all */
	int64_t valid_from, valid_until; /* 0: open */
};
/* Replaces the account's assignments of one source by the list (same ones stay, with their ids). The caller
 * asks account_guard_last_owner when the transaction has all it wants. */
enum err assignments_replace(struct work *work, const char *account_id, const char *source,
			     const struct assignment *list, size_t count, bool *changed) MUST_USE;
/* The same for what one connection's mapping gives (source "mapping", reason: the connection's id), and only
 * that. Takes nothing away that would leave the practice without an active owner: *kept_owner. Writes nothing
 * when nothing changes. */
enum err assignments_map(struct work *work, const char *account_id, const char *connection_id,
			 const struct assignment *list, size_t count, bool *changed,
			 bool *kept_owner) MUST_USE;
enum err assignment_add(struct work *work, const char *account_id, const struct assignment *assignment,
			const char **id) MUST_USE;
enum err assignment_remove(struct work *work, const char *assignment_id) MUST_USE;

/* Is the location one of the assignment's, or below one? */
bool assignment_covers(const struct practice *practice, const struct assignment *assignment,
		       const char *location_id);

/* What somebody holds now. places: locations in declared order, archived ones left out. */
struct place {
	const struct location *location;
	const char *const *roles; /* ids, in the template's order, unique */
};
struct standing {
	const struct place *places;
	size_t place_count;
	const char *const *everywhere; /* roles held at every listed place; in a practice without places, for
					  all of them */
	int64_t next_change; /* the earliest until (or from) ahead, 0: none: tokens do not outlive it */
};
void standing_of(struct arena *arena, const struct practice *practice, const struct assignment *list,
		 size_t count, int64_t now, struct standing *out);
const struct place *standing_at(const struct standing *standing, const char *location_id);
/* Is one of these roles (ends with NULL) held anywhere? */
bool standing_has_role(const struct standing *standing, const char *const *wanted);
/* The decision, with the role, location and rule that made it ("explain"). */
struct decision {
	enum reach reach;
	const char *role_id, *location_id, *reason;
};
enum err standing_decide(struct arena *arena, const struct practice *practice,
			 const struct standing *standing, const char *location_id, const char *feature,
			 enum action action, struct decision *out) MUST_USE;

#endif
