/* standing.c: what somebody holds where, now, and what that allows. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "people/permission.h"
#include "people/practice.h"
#include "people/role.h"
#include "people/role_templates.h"
#include "store/snapshot.h"

/* from is the first second in, until the first second out. */
static bool holds_now(const struct assignment *assignment, int64_t now)
{
	return assignment->valid_from <= now && (!assignment->valid_until || now < assignment->valid_until);
}

bool assignment_covers(const struct practice *practice, const struct assignment *assignment,
		       const char *location_id)
{
	if (!assignment->locations)
		return true;
	for (const char *const *at = assignment->locations; *at; at++)
		if (location_covers(practice, *at, location_id))
			return true;
	return false;
}

/* Roles in the order of the template, then custom ones as the practice lists them. */
static size_t order_of(const struct practice *practice, const char *role_id)
{
	size_t at = 0;

	while (at < practice->role_count && !text_equal(practice->roles[at].id, role_id))
		at++;
	return role_rank(role_id) * (practice->role_count + 1) + at;
}

static size_t list_size(const char *const *list)
{
	size_t size = 0;

	while (list[size])
		size++;
	return size;
}

/* Inserts in order, once; list has room. */
static void roles_add(const struct practice *practice, const char **list, const char *role_id)
{
	size_t at = 0, size = list_size(list);

	if (text_list_has((const char *const *)list, role_id))
		return;
	while (at < size && order_of(practice, list[at]) <= order_of(practice, role_id))
		at++;
	memmove(&list[at + 1], &list[at], (size - at + 1) * sizeof(*list));
	list[at] = role_id;
}

/* location_id NULL: what is held everywhere by its own words. */
static const char *const *roles_at(struct arena *arena, const struct practice *practice,
				   const struct assignment *list, size_t count, int64_t now,
				   const char *location_id)
{
	const char **roles = arena_array(arena, const char *, count + 2);

	for (size_t i = 0; i < count; i++) {
		const struct role *role = practice_role(practice, list[i].role_id);
		bool here =
			location_id ? assignment_covers(practice, &list[i], location_id) : !list[i].locations;

		if (role && !role->deleted && here && holds_now(&list[i], now))
			roles_add(practice, roles, role->id);
	}
	return (const char *const *)roles;
}

static bool held_at_all(const struct place *places, size_t count, const char *role_id)
{
	for (size_t i = 0; i < count; i++)
		if (!text_list_has(places[i].roles, role_id))
			return false;
	return true;
}

static const char *const *held_everywhere(struct arena *arena, const struct place *places, size_t count)
{
	const char **roles = arena_array(arena, const char *, list_size(places[0].roles) + 1);
	size_t found = 0;

	for (const char *const *role = places[0].roles; *role; role++)
		if (held_at_all(places, count, *role))
			roles[found++] = *role;
	return (const char *const *)roles;
}

static int64_t sooner(int64_t best, int64_t candidate, int64_t now)
{
	return candidate > now && (!best || candidate < best) ? candidate : best;
}

static int64_t next_change(const struct assignment *list, size_t count, int64_t now)
{
	int64_t next = 0;

	for (size_t i = 0; i < count; i++) {
		next = sooner(next, list[i].valid_from, now);
		next = sooner(next, list[i].valid_until, now);
	}
	return next;
}

void standing_of(struct arena *arena, const struct practice *practice, const struct assignment *list,
		 size_t count, int64_t now, struct standing *out)
{
	struct place *places = arena_array(arena, struct place, practice->location_count + 1);
	size_t found = 0;

	for (size_t i = 0; i < practice->location_count; i++) {
		const struct location *location = &practice->locations[i];
		const char *const *roles = roles_at(arena, practice, list, count, now, location->id);

		if (!location->archived && roles[0])
			places[found++] = (struct place){ .location = location, .roles = roles };
	}
	*out = (struct standing){
		.places = places,
		.place_count = found,
		.next_change = next_change(list, count, now),
		.everywhere = found ? held_everywhere(arena, places, found)
				    : roles_at(arena, practice, list, count, now, NULL),
	};
}

const struct place *standing_at(const struct standing *standing, const char *location_id)
{
	for (size_t i = 0; location_id && i < standing->place_count; i++)
		if (text_equal(standing->places[i].location->id, location_id))
			return &standing->places[i];
	return NULL;
}

bool standing_has_role(const struct standing *standing, const char *const *wanted)
{
	for (const char *const *role = standing->everywhere; *role; role++)
		if (text_list_has(wanted, *role))
			return true;
	for (size_t i = 0; i < standing->place_count; i++)
		for (const char *const *role = standing->places[i].roles; *role; role++)
			if (text_list_has(wanted, *role))
				return true;
	return false;
}

/* Which single role explains the reach: the first that gives as much alone, or, for a refusal, the one that
 * denies. */
static enum err explain(struct arena *arena, const struct practice *practice, const char *const *roles,
			size_t feature, enum action action, struct decision *out)
{
	for (const char *const *role = roles; *role; role++) {
		struct permission_table alone;

		TRY(role_effective(arena, practice, (const char *const[]){ *role, NULL }, &alone));
		if (out->reach != REACH_NONE && alone.cells[feature][action] >= out->reach) {
			*out = (struct decision){ .reach = out->reach,
						  .role_id = *role,
						  .location_id = out->location_id,
						  .reason = "granted" };
			return OK;
		}
		if (out->reach == REACH_NONE && role_denies(practice, *role, feature, action)) {
			*out = (struct decision){ .role_id = *role,
						  .location_id = out->location_id,
						  .reason = "denied" };
			return OK;
		}
	}
	out->reason = "not_granted";
	return OK;
}

enum err standing_decide(struct arena *arena, const struct practice *practice,
			 const struct standing *standing, const char *location_id, const char *feature,
			 enum action action, struct decision *out)
{
	const struct feature *known = feature_find(feature);
	const struct place *place = standing_at(standing, location_id);
	const char *const *roles = location_id ? (place ? place->roles : NULL) : standing->everywhere;
	struct permission_table table;

	*out = (struct decision){ .reach = REACH_NONE, .location_id = location_id };
	if (!known)
		out->reason = "unknown_feature";
	else if (!roles || !roles[0])
		out->reason = location_id ? "no_role_at_location" : "no_role_everywhere";
	if (out->reason)
		return OK;
	TRY(role_effective(arena, practice, roles, &table));
	out->reach = table.cells[feature_index(known)][action];
	return explain(arena, practice, roles, feature_index(known), action, out);
}
