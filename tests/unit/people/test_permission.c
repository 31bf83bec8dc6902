/* test_permission.c: the table of features and actions, declared permissions, built-in roles against the
 * guide. */
#include "clinic.h"

static void each_feature_is_found_by_its_id_and_stands_once(UNUSED void **state)
{
	size_t count = 0;

	for (const struct feature *feature; (feature = feature_at(count)); count++) {
		assert_ptr_equal(feature_find(feature->id), feature);
		assert_true(feature->group[0] && feature->about[0]);
	}
	assert_in_range(count, 20, 60);
	assert_null(feature_find("rockets"));
	assert_null(feature_find("*"));
	assert_string_equal(action_word(ACTION_EXPORT), "export");
	assert_string_equal(reach_word(REACH_ASSIGNED), "assigned");
}

static void declared_permissions_are_checked_word_by_word(UNUSED void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "{}", NULL },
		{ "{\"billing\":[\"read\"],\"notes\":[\"create\",{\"edit\":\"own\"}]}", NULL },
		{ "{\"*\":[\"read\"]}", NULL },
		{ "{\"patients\":[{\"delete\":\"none\"}]}", NULL },
		{ "{\"patients\":[]}", NULL },
		{ "[]", "permissions: an object of features is expected" },
		{ "{\"biling\":[\"read\"]}",
		  "permissions: unknown feature \"biling\", did you mean \"billing\"?" },
		{ "{\"zzzzzzzzzzzz\":[\"read\"]}", "permissions: unknown feature \"zzzzzzzzzzzz\"" },
		{ "{\"billing\":[\"red\"]}", "permissions: unknown action \"red\", did you mean \"read\"?" },
		{ "{\"billing\":[{\"edit\":\"owm\"}]}",
		  "permissions: unknown reach \"owm\", did you mean \"own\"?" },
		{ "{\"billing\":\"read\"}", "permissions.billing: a list of actions is expected" },
		{ "{\"billing\":[1]}", "permissions.billing: each entry is an action or { action: reach }" },
		{ "{\"billing\":[{}]}", "permissions.billing: each entry is an action or { action: reach }" },
		{ "{\"billing\":[{\"read\":1}]}",
		  "permissions.billing: each entry is an action or { action: reach }" },
		{ "{\"billing\":[{\"read\":\"own\",\"edit\":\"own\"}]}",
		  "permissions.billing: each entry is an action or { action: reach }" },
		{ "{\"billing\":[\"read\",\"read\",\"read\",\"read\",\"read\",\"read\",\"read\",\"read\","
		  "\"read\",\"read\",\"read\"]}",
		  "permissions.billing: a list of actions is expected" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(json_done) json_t *permissions = json_read(cases[i].json, strlen(cases[i].json));
		const char *message = "unset";
		enum err err = permissions_check(arena, permissions, &message);

		if (!text_equal(message, cases[i].message) || (err == OK) != !cases[i].message)
			fail_msg("%s: %s", cases[i].json, message ? message : "(none)");
	}
}

static enum reach reach_of(struct arena *arena, const struct practice *practice, const char *role,
			   const char *feature, enum action action)
{
	struct permission_table table;

	for (size_t f = 0; feature_at(f); f++)
		if (text_equal(feature_at(f)->id, feature)) {
			assert_int_equal(role_effective(arena, practice, LIST(role), &table), OK);
			return table.cells[f][action];
		}
	fail_msg("no feature %s", feature);
	return REACH_NONE;
}

static void built_in_roles_allow_what_the_guide_says(UNUSED void **state)
{
	static const struct {
		const char *role, *feature;
		enum action action;
		enum reach reach;
	} cases[] = {
		{ "manager", "patients", ACTION_DELETE, REACH_ALL },
		{ "manager", "appointments", ACTION_CREATE, REACH_ALL },
		{ "manager", "scheduling", ACTION_EDIT, REACH_ALL },
		{ "manager", "payments", ACTION_READ, REACH_ALL },
		{ "manager", "time_tracking", ACTION_EXPORT, REACH_ALL },
		{ "manager", "staff", ACTION_DELETE, REACH_NONE },
		{ "manager", "roles", ACTION_EDIT, REACH_NONE },
		{ "provider", "patients", ACTION_READ, REACH_ASSIGNED },
		{ "provider", "notes", ACTION_CREATE, REACH_ASSIGNED },
		{ "provider", "notes", ACTION_EDIT, REACH_OWN },
		{ "provider", "billing", ACTION_READ, REACH_NONE },
		{ "provider", "staff", ACTION_READ, REACH_NONE },
		{ "front-desk", "check_in", ACTION_CREATE, REACH_ALL },
		{ "front-desk", "scheduling", ACTION_EDIT, REACH_ALL },
		{ "front-desk", "contact_info", ACTION_EDIT, REACH_ALL },
		{ "front-desk", "records", ACTION_READ, REACH_NONE },
		{ "front-desk", "billing", ACTION_READ, REACH_NONE },
		{ "front-desk", "patients", ACTION_EDIT, REACH_NONE },
		{ "front-desk", "patients", ACTION_DELETE, REACH_NONE },
		{ "billing", "patients", ACTION_READ, REACH_ALL },
		{ "billing", "charges", ACTION_CREATE, REACH_ALL },
		{ "billing", "billing_reports", ACTION_EXPORT, REACH_ALL },
		{ "billing", "records", ACTION_READ, REACH_NONE },
		{ "billing", "notes", ACTION_READ, REACH_NONE },
		{ "billing", "scheduling", ACTION_READ, REACH_NONE },
		{ "inventory", "orders", ACTION_CREATE, REACH_ALL },
		{ "inventory", "stock", ACTION_EDIT, REACH_ALL },
		{ "inventory", "patients", ACTION_READ, REACH_NONE },
		{ "inventory", "billing", ACTION_READ, REACH_NONE },
		{ "call-operator", "transcriptions", ACTION_READ, REACH_ALL },
		{ "call-operator", "tasks", ACTION_READ, REACH_ASSIGNED },
		{ "call-operator", "patients", ACTION_READ, REACH_NONE },
		{ "practice-administrator", "security_activity", ACTION_READ, REACH_ALL },
		{ "practice-administrator", "security_activity", ACTION_EDIT, REACH_ALL },
		{ "manager", "security_activity", ACTION_READ, REACH_NONE },
		{ "assigned-biller", "billing", ACTION_EDIT, REACH_ASSIGNED },
		{ "assigned-biller", "patients", ACTION_READ, REACH_NONE },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *practice = clinic_make(arena, "medium", NULL);

	for (size_t i = 0; i < COUNT(cases); i++)
		if (reach_of(arena, practice, cases[i].role, cases[i].feature, cases[i].action) !=
		    cases[i].reach)
			fail_msg("%s %s %s", cases[i].role, cases[i].feature, action_word(cases[i].action));
}

static void an_owner_may_do_everything_and_an_employee_little(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *medium = clinic_make(arena, "medium", NULL),
			      *three = clinic_make(arena, "three-role", NULL);

	for (size_t f = 0; feature_at(f); f++)
		for (enum action a = ACTION_READ; a < ACTION_COUNT; a++) {
			assert_int_equal(reach_of(arena, medium, "owner", feature_at(f)->id, a), REACH_ALL);
			assert_int_equal(reach_of(arena, three, "admin", feature_at(f)->id, a), REACH_ALL);
		}
	assert_int_equal(reach_of(arena, three, "employee", "staff", ACTION_READ), REACH_NONE);
	assert_int_equal(reach_of(arena, three, "employee", "patients", ACTION_DELETE), REACH_NONE);
}

static void templates_have_the_roles_that_their_size_needs(UNUSED void **state)
{
	static const struct {
		const char *template, *roles;
	} cases[] = {
		{ "small", "owner practice-administrator provider front-desk billing assigned-biller" },
		{ "medium", "owner practice-administrator manager provider front-desk billing inventory "
			    "call-operator assigned-biller" },
		{ "multi-location", "owner practice-administrator manager provider front-desk billing "
				    "inventory call-operator assigned-biller" },
		{ "three-role", "admin manager employee" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = "";

		for (const struct role_template *const *at = role_templates(cases[i].template); *at; at++) {
			AUTO(json_done)
			json_t *permissions = json_read((*at)->permissions, strlen((*at)->permissions));
			const char *message = NULL;

			assert_int_equal(permissions_check(arena, permissions, &message), OK);
			assert_int_equal((*at)->additive, text_equal((*at)->id, "assigned-biller"));
			text = arena_print(arena, "%s%s%s", text, *text ? " " : "", (*at)->id);
		}
		assert_string_equal(text, cases[i].roles);
	}
	assert_null(role_templates("enormous"));
	assert_null(role_templates(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_feature_is_found_by_its_id_and_stands_once),
		cmocka_unit_test(declared_permissions_are_checked_word_by_word),
		cmocka_unit_test(built_in_roles_allow_what_the_guide_says),
		cmocka_unit_test(an_owner_may_do_everything_and_an_employee_little),
		cmocka_unit_test(templates_have_the_roles_that_their_size_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
