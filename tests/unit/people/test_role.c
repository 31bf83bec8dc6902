/* test_role.c: inheritance, denials, custom roles, assignments and the owner who stays. */
#include "world.h"
#include "clinic.h"

static const char *cell(struct arena *arena, const struct practice *practice, const char *const *roles,
			const char *feature)
{
	struct permission_table table;
	const char *text = "";
	size_t at = 0;

	while (!text_equal(feature_at(at)->id, feature))
		at++;
	assert_int_equal(role_effective(arena, practice, roles, &table), OK);
	for (enum action a = ACTION_READ; a < ACTION_COUNT; a++)
		if (table.cells[at][a] != REACH_NONE)
			text = arena_print(arena, "%s%s%s:%s", text, *text ? " " : "", action_word(a),
					   reach_word(table.cells[at][a]));
	return text;
}

static void what_is_inherited_adds_up_and_a_denial_wins(UNUSED void **state)
{
	const struct custom_role custom[] = {
		{ .id = "lead",
		  .permissions = "{\"billing\":[\"read\"],\"notes\":[\"create\",{\"edit\":\"own\"}]}",
		  .inherits = LIST("provider") },
		{ .id = "narrow",
		  .permissions = "{\"notes\":[{\"edit\":\"none\"},{\"create\":\"none\"}]}",
		  .inherits = LIST("lead") },
		{ .id = "circle-a", .permissions = "{\"stock\":[\"read\"]}", .inherits = LIST("circle-b") },
		{ .id = "circle-b", .permissions = "{\"orders\":[\"read\"]}", .inherits = LIST("circle-a") },
		{ .id = "no-delete", .permissions = "{\"*\":[{\"delete\":\"none\"}]}" },
		{ .id = "gone", .permissions = "{\"audit\":[\"read\"]}", .deleted = true },
		{ .id = "heir", .permissions = "{}", .inherits = LIST("gone", "nobody") },
		{ .id = "odd",
		  .permissions = "{\"rockets\":[\"read\"],\"stock\":[\"fly\",7,{\"read\":\"far\"}],\"tasks\":"
				 "\"read\"}" },
		{ .id = NULL },
	};
	const struct {
		const char *const *roles;
		const char *feature, *cells;
	} cases[] = {
		{ LIST("lead"), "billing", "read:all" },
		{ LIST("lead"), "notes", "read:assigned create:all edit:own" },
		{ LIST("lead"), "patients", "read:assigned edit:assigned" },
		{ LIST("narrow"), "notes", "read:assigned" },
		{ LIST("narrow"), "billing", "read:all" },
		{ LIST("narrow", "provider"), "notes", "read:assigned" },
		{ LIST("circle-a"), "orders", "read:all" },
		{ LIST("circle-b"), "stock", "read:all" },
		{ LIST("owner"), "staff", "read:all create:all edit:all delete:all export:all" },
		{ LIST("owner", "no-delete"), "staff", "read:all create:all edit:all export:all" },
		{ LIST("provider", "billing"), "patients", "read:all edit:assigned" },
		{ LIST("provider", "assigned-biller"), "billing",
		  "read:assigned create:assigned edit:assigned" },
		{ LIST("gone"), "audit", "" },
		{ LIST("heir"), "audit", "" },
		{ LIST("odd"), "stock", "" },
		{ LIST("odd"), "tasks", "" },
		{ LIST("nobody"), "patients", "" },
		{ NULL, "patients", "" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *practice = clinic_make(arena, "medium", custom);

	for (size_t i = 0; i < COUNT(cases); i++)
		if (!text_equal(cell(arena, practice, cases[i].roles, cases[i].feature), cases[i].cells))
			fail_msg("case %zu: %s", i, cell(arena, practice, cases[i].roles, cases[i].feature));
}

static enum err apply(struct hand *hand, const char *id, const char *const *inherits, const char *permissions,
		      bool *changed)
{
	AUTO(json_done) json_t *read = json_read(permissions, strlen(permissions));
	const struct role_change change = {
		.id = id, .name = "A Role", .inherits = inherits, .permissions = read
	};

	return in_tx(hand, role_apply(&hand->w, &change, changed));
}

static void a_custom_role_is_declared_changed_and_deleted(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "role-custom");
	assert_ok(&hand, apply(&hand, "lead", LIST("provider"), "{\"billing\":[\"read\"]}", &changed));
	assert_true(changed);
	assert_ok(&hand, apply(&hand, "lead", LIST("provider"), "{\"billing\": [\"read\"]}", &changed));
	assert_false(changed);
	assert_ok(&hand,
		  apply(&hand, "lead", LIST("provider"), "{\"billing\":[\"read\",\"export\"]}", &changed));
	assert_true(changed);
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "role-custom");

	assert_string_equal(cell(hand.arena, practice, LIST("lead"), "billing"), "read:all export:all");
	assert_ok(&hand, in_tx(&hand, role_delete(&hand.w, "lead")));
	assert_int_equal(apply(&hand, "lead", NULL, "{}", &changed),
			 ERR_CONFLICT); /* ids are not given again */
	assert_int_equal(in_tx(&hand, role_delete(&hand.w, "lead")), ERR_NOT_FOUND);
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type LIKE 'role.%'",
				  V_TEXT("role-custom")),
			 3);
}

static void built_in_roles_circles_and_strangers_are_refused(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "role-refused");
	assert_int_equal(apply(&hand, "owner", NULL, "{}", &changed), ERR_REFUSED);
	assert_int_equal(apply(&hand, "employee", NULL, "{}", &changed),
			 ERR_REFUSED); /* built in, of another template */
	assert_int_equal(in_tx(&hand, role_delete(&hand.w, "owner")), ERR_REFUSED);
	assert_int_equal(apply(&hand, "Lead", NULL, "{}", &changed), ERR_DOCUMENT);
	assert_int_equal(apply(&hand, "a", LIST("nobody"), "{}", &changed), ERR_DOCUMENT);
	assert_int_equal(apply(&hand, "a", LIST("a"), "{}", &changed), ERR_DOCUMENT);
	assert_int_equal(apply(&hand, "a", NULL, "{\"rockets\":[\"read\"]}", &changed), ERR_DOCUMENT);
	assert_ok(&hand, apply(&hand, "a", LIST("provider"), "{}", &changed));
	assert_ok(&hand, apply(&hand, "b", LIST("a"), "{}", &changed));
	assert_ok(&hand, apply(&hand, "c", LIST("b"), "{}", &changed));
	assert_int_equal(apply(&hand, "a", LIST("c"), "{}", &changed), ERR_DOCUMENT);
	assert_int_equal(in_tx(&hand, role_delete(&hand.w, "a")), ERR_CONFLICT); /* inherited */
	const char *ada = world_person(&hand, "ada@north.example", NULL, "c");

	assert_non_null(ada);
	assert_int_equal(in_tx(&hand, role_delete(&hand.w, "c")), ERR_CONFLICT); /* assigned */
}

static void many_ways_to_inherit_are_looked_through_in_no_time(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "role-diamonds");
	assert_ok(&hand, apply(&hand, "l0", NULL, "{}", &changed));
	assert_ok(&hand, apply(&hand, "r0", NULL, "{}", &changed));
	/* Each pair inherits both of the pair before: 2^40 ways lead down from the last. */
	for (int layer = 1; layer <= 40; layer++) {
		const char *left = arena_print(hand.arena, "l%d", layer - 1);
		const char *right = arena_print(hand.arena, "r%d", layer - 1);

		assert_ok(&hand, apply(&hand, arena_print(hand.arena, "l%d", layer), LIST(left, right), "{}",
				       &changed));
		assert_ok(&hand, apply(&hand, arena_print(hand.arena, "r%d", layer), LIST(left, right), "{}",
				       &changed));
	}
	assert_int_equal(apply(&hand, "l0", LIST("r40"), "{}", &changed), ERR_DOCUMENT); /* a circle */
	assert_int_equal(apply(&hand, "r40", LIST("l40", "r39"), "{}", &changed), OK);
}

static void the_same_assignments_stay_with_their_ids(UNUSED void **state)
{
	const struct assignment first[] = {
		{ .role_id = "provider", .locations = LIST("west", "main", "west") },
		{ .role_id = "billing", .locations = LIST("main"), .valid_until = 2000000000 },
	};
	const struct assignment second[] = {
		{ .role_id = "billing", .locations = LIST("west") },
		{ .role_id = "provider", .locations = LIST("main", "west") },
	};
	struct subject before, after;
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "role-same");
	const char *ada = world_person(&hand, "ada@north.example", NULL, NULL);

	assert_ok(&hand, in_tx(&hand, assignments_replace(&hand.w, ada, "base", first, 2, &changed)));
	assert_true(changed);
	assert_ok(&hand, subject_load(&hand.w, ada, &before));
	assert_ok(&hand, in_tx(&hand, assignments_replace(&hand.w, ada, "base", first, 2, &changed)));
	assert_false(changed);
	assert_ok(&hand, in_tx(&hand, assignments_replace(&hand.w, ada, "mapping", NULL, 0, &changed)));
	assert_false(changed); /* of another source */
	assert_ok(&hand, in_tx(&hand, assignments_replace(&hand.w, ada, "base", second, 2, &changed)));
	assert_true(changed);
	assert_ok(&hand, subject_load(&hand.w, ada, &after));
	assert_string_equal(places_text(hand.arena, &after.standing),
			    "main: provider; west: provider billing");
	assert_int_equal(after.assignment_count, 2);
	size_t kept = 0;

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			kept += text_equal(before.assignments[i].id, after.assignments[k].id);
	assert_int_equal(kept, 1);
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = 'role.grant'",
				  V_TEXT("role-same")),
			 3);
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = 'role.revoke'",
			 V_TEXT("role-same")),
		1);
}

static void assignments_that_make_no_sense_are_refused(UNUSED void **state)
{
	const struct assignment cases[] = {
		{ .role_id = "emperor" },
		{ .role_id = NULL },
		{ .role_id = "owner", .locations = LIST("moon") },
		{ .role_id = "owner", .locations = (const char *const[]){ NULL } },
		{ .role_id = "owner", .valid_from = 100, .valid_until = 100 },
		{ .role_id = "owner", .valid_until = -1 },
	};
	bool changed = false;
	const char *id = NULL;
	AUTO_HAND hand;

	world_practice(&hand, "role-nonsense");
	const char *ada = world_person(&hand, "ada@north.example", NULL, NULL);

	for (size_t i = 0; i < COUNT(cases); i++)
		if (in_tx(&hand, assignments_replace(&hand.w, ada, "base", &cases[i], 1, &changed)) !=
		    ERR_DOCUMENT)
			fail_msg("case %zu", i);
	const struct assignment good = { .role_id = "owner", .source = "base" },
				strange = { .role_id = "owner", .source = "whim" };

	assert_int_equal(in_tx(&hand, assignment_add(&hand.w, ada, &strange, &id)), ERR_DOCUMENT);
	assert_int_equal(in_tx(&hand, assignment_add(&hand.w, "u_nobody", &good, &id)), ERR_NOT_FOUND);
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM assignment WHERE practice_id = $1",
				  V_TEXT("role-nonsense")),
			 0);
}

static void the_last_owner_cannot_be_switched_off_deleted_or_unassigned(UNUSED void **state)
{
	struct subject owner;
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "role-owner");
	const char *ada = world_person(&hand, "ada@north.example", NULL, "owner");
	const char *bob = world_person(&hand, "bob@north.example", NULL, "billing");

	assert_ok(&hand, subject_load(&hand.w, ada, &owner));
	assert_int_equal(in_tx(&hand, account_set_disabled(&hand.w, ada, true)), ERR_LAST_OWNER);
	assert_int_equal(in_tx(&hand, account_delete(&hand.w, ada)), ERR_LAST_OWNER);
	assert_int_equal(in_tx(&hand, assignment_remove(&hand.w, owner.assignments[0].id)), ERR_LAST_OWNER);
	assert_int_equal(in_tx(&hand, ({
				 enum err step = assignments_replace(&hand.w, ada, "base", NULL, 0, &changed);
				 step == OK ? account_guard_last_owner(&hand.w) : step;
			 })),
			 ERR_LAST_OWNER);
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, bob, true)));
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, bob, false)));
	/* Ownership moves in one transaction, whichever way round. */
	const struct assignment all = { .role_id = "owner" };

	assert_ok(&hand, in_tx(&hand, ({
		enum err step = assignments_replace(&hand.w, ada, "base", NULL, 0, &changed);
		step = step == OK ? assignments_replace(&hand.w, bob, "base", &all, 1, &changed) : step;
		step == OK ? account_guard_last_owner(&hand.w) : step;
	})));
	assert_ok(&hand, in_tx(&hand, account_delete(&hand.w, ada)));
	assert_int_equal(in_tx(&hand, account_delete(&hand.w, bob)), ERR_LAST_OWNER);
}

static void an_owner_of_one_location_or_of_the_past_is_no_owner(UNUSED void **state)
{
	const struct assignment here = { .role_id = "owner", .locations = LIST("main") };
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "role-half-owner");
	const char *ada = world_person(&hand, "ada@north.example", NULL, "owner");
	const char *bob = world_person(&hand, "bob@north.example", NULL, NULL);
	const struct assignment past = { .role_id = "owner", .valid_until = hand.w.now };

	assert_ok(&hand, in_tx(&hand, assignments_replace(&hand.w, bob, "base", &here, 1, &changed)));
	assert_int_equal(in_tx(&hand, account_delete(&hand.w, ada)), ERR_LAST_OWNER);
	assert_ok(&hand, in_tx(&hand, assignments_replace(&hand.w, bob, "base", &past, 1, &changed)));
	assert_int_equal(in_tx(&hand, account_delete(&hand.w, ada)), ERR_LAST_OWNER);
}

static void a_practice_that_never_had_an_owner_may_change(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "role-no-owner");
	const char *ada = world_person(&hand, "ada@north.example", NULL, "billing");

	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, ada, true)));
	assert_ok(&hand, in_tx(&hand, account_guard_last_owner(&hand.w)));
	assert_ok(&hand, in_tx(&hand, account_delete(&hand.w, ada)));
}

/* Two owners, each switched off at the same moment: one of them stays. */
struct duel {
	const char *id[2];
	_Atomic int done, refused;
};

static void switch_one_off(struct hand *hand, int number, void *context)
{
	struct duel *duel = context;

	hand->w.app = &world.app;
	enum err err = in_tx(hand, account_set_disabled(&hand->w, duel->id[number], true));

	duel->done += err == OK;
	duel->refused += err == ERR_LAST_OWNER;
}

static void of_two_owners_switched_off_at_once_one_stays(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "role-duel");
	for (int round = 0; round < 10; round++) {
		struct duel duel = { .id = { world_person(&hand, "ada@north.example", NULL, "owner"),
					     world_person(&hand, "bob@north.example", NULL, "owner") } };

		for (int i = 0; i < 2; i++)
			assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, duel.id[i], false)));
		crew_run(2, "role-duel", switch_one_off, &duel);
		assert_int_equal(duel.done, 1);
		assert_int_equal(duel.refused, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_inherited_adds_up_and_a_denial_wins),
		cmocka_unit_test(a_custom_role_is_declared_changed_and_deleted),
		cmocka_unit_test(built_in_roles_circles_and_strangers_are_refused),
		cmocka_unit_test(many_ways_to_inherit_are_looked_through_in_no_time),
		cmocka_unit_test(the_same_assignments_stay_with_their_ids),
		cmocka_unit_test(assignments_that_make_no_sense_are_refused),
		cmocka_unit_test(the_last_owner_cannot_be_switched_off_deleted_or_unassigned),
		cmocka_unit_test(an_owner_of_one_location_or_of_the_past_is_no_owner),
		cmocka_unit_test(a_practice_that_never_had_an_owner_may_change),
		cmocka_unit_test(of_two_owners_switched_off_at_once_one_stays),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
