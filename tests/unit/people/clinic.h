/* clinic.h: a practice made by hand, for what needs no store. */
#ifndef PEOPLE_CLINIC_H
#define PEOPLE_CLINIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/role.h"
#include "store/snapshot.h"

/* north is a region with main and west below it; south stands alone; old is archived. */
static const struct location clinic_locations[] = {
	{ .id = "north", .name = "North Region", .timezone = "America/Chicago" },
	{ .id = "main", .parent_id = "north", .name = "Main Street", .timezone = "America/Chicago" },
	{ .id = "west", .parent_id = "north", .name = "West Side", .timezone = "America/Denver" },
	{ .id = "south", .name = "South End", .timezone = "America/Chicago" },
	{ .id = "old",
	  .parent_id = "north",
	  .name = "Old House",
	  .timezone = "America/Chicago",
	  .archived = true },
};

struct custom_role {
	const char *id, *permissions;
	const char *const *inherits;
	bool deleted;
};

static void release_json(void *thing)
{
	json_decref(thing);
}

UNUSED static struct role role_made(struct arena *arena, const char *id, const char *name,
				    const char *permissions)
{
	json_t *read = json_read(permissions, strlen(permissions));

	assert_non_null(read);
	arena_defer(arena, release_json, read);
	return (struct role){ .id = id, .name = name, .permissions = read };
}

/* The template's roles and the custom ones (the last has id NULL). */
UNUSED static struct practice *clinic_make(struct arena *arena, const char *template,
					   const struct custom_role *custom)
{
	struct practice *practice = arena_new_of(arena, struct practice);
	struct role *roles = arena_array(arena, struct role, 32);
	size_t count = 0;

	for (; custom && custom->id; custom++) {
		roles[count] = role_made(arena, custom->id, custom->id, custom->permissions);
		roles[count].inherits = custom->inherits;
		roles[count++].deleted = custom->deleted;
	}
	for (const struct role_template *const *at = role_templates(template); *at; at++) {
		roles[count] = role_made(arena, (*at)->id, (*at)->name, (*at)->permissions);
		roles[count].built_in = true;
		roles[count++].additive = (*at)->additive;
	}
	*practice = (struct practice){
		.id = "northside",
		.name = "Northside Family Clinic",
		.timezone = "America/Chicago",
		.template = template,
		.number = 1,
		.epoch = 1,
		.locations = clinic_locations,
		.location_count = COUNT(clinic_locations),
		.roles = roles,
		.role_count = count,
	};
	return practice;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* "a b c" for a list. */
UNUSED static const char *joined(struct arena *arena, const char *const *list)
{
	const char *text = "";

	for (; list && *list; list++)
		text = arena_print(arena, "%s%s%s", text, *text ? " " : "", *list);
	return text;
}

/* "main: provider; west: manager" */
UNUSED static const char *places_text(struct arena *arena, const struct standing *standing)
{
	const char *text = "";

	for (size_t i = 0; i < standing->place_count; i++)
		text = arena_print(arena, "%s%s%s: %s", text, *text ? "; " : "",
				   standing->places[i].location->id,
				   joined(arena, standing->places[i].roles));
	return text;
}

#endif
