/* test_standing.c: who holds what where, when, and what that allows. */
#include "clinic.h"

#include "people/practice.h"

enum { NOW = 1800000000 };

static void roles_stand_at_places(UNUSED void **state)
{
	const struct {
		const char *says;
		struct assignment list[3];
		const char *places, *everywhere;
	} cases[] = {
		{ "nothing held", { { .role_id = NULL } }, "", "" },
		{ "manager at one, provider at another: nowhere both",
		  { { .role_id = "manager", .locations = LIST("west") },
		    { .role_id = "provider", .locations = LIST("main") } },
		  "main: provider; west: manager",
		  "" },
		{ "a region covers what lies below",
		  { { .role_id = "manager", .locations = LIST("north") } },
		  "north: manager; main: manager; west: manager",
		  "manager" },
		{ "a child covers no parent",
		  { { .role_id = "manager", .locations = LIST("main") } },
		  "main: manager",
		  "manager" },
		{ "all locations, also later ones",
		  { { .role_id = "owner" } },
		  "north: owner; main: owner; west: owner; south: owner",
		  "owner" },
		{ "an archived location is left out",
		  { { .role_id = "provider", .locations = LIST("old") } },
		  "",
		  "" },
		{ "an archived location beside others",
		  { { .role_id = "provider", .locations = LIST("old", "south") } },
		  "south: provider",
		  "provider" },
		{ "roles in the template's order, each once",
		  { { .role_id = "billing", .locations = LIST("main") },
		    { .role_id = "owner", .locations = LIST("main") },
		    { .role_id = "billing", .locations = LIST("north") } },
		  "north: billing; main: owner billing; west: billing",
		  "billing" },
		{ "an unknown role is nothing",
		  { { .role_id = "emperor", .locations = LIST("main") } },
		  "",
		  "" },
		{ "an unknown location is nothing",
		  { { .role_id = "owner", .locations = LIST("moon") } },
		  "",
		  "" },
		{ "a deleted role is nothing", { { .role_id = "gone" } }, "", "" },
		{ "an additive role beside another",
		  { { .role_id = "assigned-biller", .locations = LIST("main") },
		    { .role_id = "provider", .locations = LIST("main") } },
		  "main: provider assigned-biller",
		  "provider assigned-biller" },
		{ "a custom role after the built-in ones",
		  { { .role_id = "lead", .locations = LIST("main") },
		    { .role_id = "billing", .locations = LIST("main") } },
		  "main: billing lead",
		  "billing lead" },
		{ "from is the first second in",
		  { { .role_id = "owner", .locations = LIST("main"), .valid_from = NOW } },
		  "main: owner",
		  "owner" },
		{ "a second before from", { { .role_id = "owner", .valid_from = NOW + 1 } }, "", "" },
		{ "until is the first second out", { { .role_id = "owner", .valid_until = NOW } }, "", "" },
		{ "a second before until",
		  { { .role_id = "owner", .locations = LIST("main"), .valid_until = NOW + 1 } },
		  "main: owner",
		  "owner" },
	};
	const struct custom_role custom[] = {
		{ .id = "lead", .permissions = "{}" },
		{ .id = "gone", .permissions = "{}", .deleted = true },
		{ .id = NULL },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *practice = clinic_make(arena, "medium", custom);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct standing standing;
		size_t count = 0;

		while (count < COUNT(cases[i].list) && cases[i].list[count].role_id)
			count++;
		standing_of(arena, practice, cases[i].list, count, NOW, &standing);
		if (!text_equal(places_text(arena, &standing), cases[i].places) ||
		    !text_equal(joined(arena, standing.everywhere), cases[i].everywhere))
			fail_msg("%s: %s | %s", cases[i].says, places_text(arena, &standing),
				 joined(arena, standing.everywhere));
	}
}

static void the_next_change_is_the_earliest_time_ahead(UNUSED void **state)
{
	const struct assignment list[] = {
		{ .role_id = "owner", .valid_until = NOW + 500 },
		{ .role_id = "manager", .valid_from = NOW + 100 },
		{ .role_id = "billing", .valid_from = NOW - 100, .valid_until = NOW - 1 },
		{ .role_id = "provider", .valid_until = NOW },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *practice = clinic_make(arena, "medium", NULL);
	struct standing standing;

	standing_of(arena, practice, list, COUNT(list), NOW, &standing);
	assert_int_equal(standing.next_change, NOW + 100);
	standing_of(arena, practice, list, 1, NOW, &standing);
	assert_int_equal(standing.next_change, NOW + 500);
	standing_of(arena, practice, list + 2, 2, NOW, &standing);
	assert_int_equal(standing.next_change, 0);
}

static void a_practice_without_places_still_has_an_owner(UNUSED void **state)
{
	const struct assignment list[] = { { .role_id = "owner" },
					   { .role_id = "billing", .locations = LIST("main") } };
	AUTO(arena_done) struct arena *arena = arena_new();
	struct practice *practice = clinic_make(arena, "medium", NULL);
	struct standing standing;

	practice->location_count = 0;
	standing_of(arena, practice, list, COUNT(list), NOW, &standing);
	assert_int_equal(standing.place_count, 0);
	assert_string_equal(joined(arena, standing.everywhere), "owner");
	assert_true(standing_has_role(&standing, LIST("owner")));
	assert_false(standing_has_role(&standing, LIST("billing")));
}

static void a_new_location_below_a_region_is_covered_without_touching_people(UNUSED void **state)
{
	const struct assignment list[] = { { .role_id = "manager", .locations = LIST("north") } };
	AUTO(arena_done) struct arena *arena = arena_new();
	struct practice *practice = clinic_make(arena, "medium", NULL);
	struct location *more = arena_array(arena, struct location, COUNT(clinic_locations) + 1);
	struct standing standing;

	memcpy(more, clinic_locations, sizeof(clinic_locations));
	more[COUNT(clinic_locations)] =
		(struct location){ .id = "annex", .parent_id = "west", .name = "Annex" };
	practice->locations = more;
	practice->location_count++;
	standing_of(arena, practice, list, 1, NOW, &standing);
	assert_non_null(standing_at(&standing, "annex"));
	assert_null(standing_at(&standing, "south"));
	assert_null(standing_at(&standing, NULL));
}

static void a_circle_of_locations_covers_only_itself(UNUSED void **state)
{
	const struct location circle[] = { { .id = "a", .parent_id = "b" },
					   { .id = "b", .parent_id = "a" },
					   { .id = "c" } };
	const struct practice practice = { .locations = circle, .location_count = COUNT(circle) };

	assert_true(location_covers(&practice, "a", "b"));
	assert_false(location_covers(&practice, "c", "a"));
	assert_false(location_covers(&practice, NULL, "a"));
	assert_false(location_covers(&practice, "a", NULL));
	assert_false(location_covers(&practice, "x", "x"));
}

static void a_decision_names_role_place_and_reason(UNUSED void **state)
{
	const struct assignment list[] = {
		{ .role_id = "manager", .locations = LIST("west") },
		{ .role_id = "provider", .locations = LIST("main") },
		{ .role_id = "no-export", .locations = LIST("west") },
	};
	const struct custom_role custom[] = {
		{ .id = "no-export", .permissions = "{\"patients\":[{\"export\":\"none\"}]}" },
		{ .id = NULL },
	};
	const struct {
		const char *location, *feature;
		enum action action;
		enum reach reach;
		const char *role, *reason;
	} cases[] = {
		{ "west", "payments", ACTION_EDIT, REACH_ALL, "manager", "granted" },
		{ "main", "payments", ACTION_EDIT, REACH_NONE, NULL, "not_granted" },
		{ "main", "notes", ACTION_EDIT, REACH_OWN, "provider", "granted" },
		{ "main", "patients", ACTION_READ, REACH_ASSIGNED, "provider", "granted" },
		{ "west", "notes", ACTION_READ, REACH_NONE, NULL, "not_granted" },
		{ "west", "patients", ACTION_EXPORT, REACH_NONE, "no-export", "denied" },
		{ "west", "patients", ACTION_READ, REACH_ALL, "manager", "granted" },
		{ "south", "patients", ACTION_READ, REACH_NONE, NULL, "no_role_at_location" },
		{ NULL, "patients", ACTION_READ, REACH_NONE, NULL, "no_role_everywhere" },
		{ "west", "rockets", ACTION_READ, REACH_NONE, NULL, "unknown_feature" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *practice = clinic_make(arena, "medium", custom);
	struct standing standing;

	standing_of(arena, practice, list, COUNT(list), NOW, &standing);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct decision decision;

		assert_int_equal(standing_decide(arena, practice, &standing, cases[i].location,
						 cases[i].feature, cases[i].action, &decision),
				 OK);
		if (decision.reach != cases[i].reach || !text_equal(decision.role_id, cases[i].role) ||
		    !text_equal(decision.reason, cases[i].reason))
			fail_msg("case %zu: %s %s %s", i, reach_word(decision.reach), decision.role_id,
				 decision.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_stand_at_places),
		cmocka_unit_test(the_next_change_is_the_earliest_time_ahead),
		cmocka_unit_test(a_practice_without_places_still_has_an_owner),
		cmocka_unit_test(a_new_location_below_a_region_is_covered_without_touching_people),
		cmocka_unit_test(a_circle_of_locations_covers_only_itself),
		cmocka_unit_test(a_decision_names_role_place_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
