/* test_people.c: what the commands do to people: passwords, roles, sessions, records. */
#include "tests/unit/admin/clinic.h"

#include "people/account.h"
#include "people/credential.h"
#include "store/events.h"
#include "store/sessions.h"

static struct clinic clinic;

static int fresh(void **state)
{
	(void)state;
	clinic_demo(&clinic);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	clinic_close(&clinic);
	return 0;
}

static json_t *result_of(const char *noun, const char *verb, json_t *arguments)
{
	json_t *result = NULL;
	const char *message = NULL;
	int code = clinic_run(&clinic, noun, verb, arguments, &result, &message);

	if (code != EXIT_OK)
		fail_msg("%s %s: %d %s", noun, verb, code, message);
	return result;
}

static enum err sign_in(const char *email, const char *password)
{
	struct account_match match;
	size_t count = 0;
	int64_t retry_after = 0;

	return credential_password(clinic_work(&clinic), "northside", email, password, &match, 1, &count,
				   &retry_after);
}

static void a_new_password_is_shown_once_works_and_must_be_changed(void **state)
{
	AUTO(json_done)
	json_t *made = result_of("user", "add",
				 json_pack("{s:s, s:s, s:[s], s:[s]}", "user", "kim@northside.example",
					   "practice", "northside", "role", "provider", "location", "main"));
	AUTO(json_done)
	json_t *shown = result_of("user", "show", json_pack("{s:s}", "user", "kim@northside.example"));

	(void)state;
	assert_non_null(json_get_text(made, "password"));
	assert_int_equal(sign_in("kim@northside.example", json_get_text(made, "password")), OK);
	assert_true(json_get_bool(shown, "must_change_password", false));
	assert_null(strstr(json_text(clinic.arena, shown), json_get_text(made, "password")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(shown, "roles"), 0)),
			    "provider@main");
}

static const struct {
	const char *roles, *locations;
	int code;
} incomplete[] = {
	{ NULL, "main", EXIT_USAGE },
	{ "provider", NULL, EXIT_USAGE },
	{ "providr", "main", EXIT_NOT_FOUND },
	{ "provider", "mian", EXIT_NOT_FOUND },
};

static void role_and_location_are_mandatory_and_have_to_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(incomplete); i++) {
		json_t *arguments =
			json_pack("{s:s, s:s}", "user", "new@northside.example", "practice", "northside");
		if (incomplete[i].roles)
			json_set(arguments, "role", json_pack("[s]", incomplete[i].roles));
		if (incomplete[i].locations)
			json_set(arguments, "location", json_pack("[s]", incomplete[i].locations));
		assert_int_equal(clinic_do(&clinic, "user", "add", arguments, NULL), incomplete[i].code);
		assert_int_equal(clinic_do(&clinic, "user", "show",
					   json_pack("{s:s}", "user", "new@northside.example"), NULL),
				 EXIT_NOT_FOUND);
	}
}

static const char *account_id(const char *email)
{
	struct account_match match = { NULL, NULL };
	size_t count = 0;

	assert_int_equal(accounts_find(clinic_work(&clinic), email, "northside", &match, 1, &count), OK);
	assert_int_equal(count, 1);
	clinic.work.practice = "northside";
	return match.account_id;
}

static size_t live_sessions(const char *account)
{
	struct session_row *rows = NULL;
	size_t count = 0;

	struct work *work = clinic_work(&clinic);

	work->practice = "northside";
	assert_int_equal(sessions_live(work, account, 0, &rows, &count), OK);
	return count;
}

static void open_session(const char *account, const char *sid)
{
	struct subject subject;
	struct work *work = clinic_work(&clinic);

	work->practice = "northside";
	assert_int_equal(subject_load(work, account, &subject), OK);
	const struct session_row row = { .hash = sid,
					 .sid = sid,
					 .account_id = account,
					 .acr = "urn:lanyard:acr:1fa",
					 .amr = "pwd",
					 .started_at = work->now,
					 .seen_at = work->now,
					 .idle_seconds = 1800,
					 .ends_at = work->now + 3600,
					 .auth_time = work->now,
					 .account_epoch = subject.account.epoch,
					 .practice_epoch = subject.practice->epoch };

	assert_int_equal(sessions_insert(work, &row), OK);
}

static const struct {
	const char *verb;
	bool confirmed;
} enders[] = { { "logout", false }, { "reset-password", false }, { "disable", false }, { "delete", true } };

static void what_takes_access_away_ends_the_sessions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(enders); i++) {
		const char *email = arena_print(clinic.arena, "lee%zu@northside.example", i),
			   *sid = arena_print(clinic.arena, "sid_%zu", i);
		assert_int_equal(clinic_do(&clinic, "user", "add",
					   json_pack("{s:s, s:s, s:[s], s:[s]}", "user", email, "practice",
						     "northside", "role", "provider", "location", "main"),
					   NULL),
				 EXIT_OK);
		const char *account = account_id(email);
		open_session(account, sid);
		assert_int_equal(live_sessions(account), 1);
		assert_int_equal(clinic_do(&clinic, "user", enders[i].verb,
					   json_pack("{s:s, s:b}", "user", email, "yes", enders[i].confirmed),
					   NULL),
				 EXIT_OK);
		assert_int_equal(live_sessions(account), 0);
	}
}

static void logout_all_ends_every_session_of_the_practice(void **state)
{
	const char *ada = account_id("ada@northside.example");

	(void)state;
	open_session(ada, "sid_all");
	assert_int_equal(
		clinic_do(&clinic, "logout-all", NULL, json_pack("{s:s}", "practice", "northside"), NULL),
		EXIT_USAGE);
	assert_int_equal(live_sessions(ada), 1);
	assert_int_equal(clinic_do(&clinic, "logout-all", NULL,
				   json_pack("{s:s, s:s}", "practice", "northside", "confirm", "northside"),
				   NULL),
			 EXIT_OK);
	assert_int_equal(live_sessions(ada), 0);
}

static void a_disabled_account_signs_in_again_when_enabled(void **state)
{
	(void)state;
	assert_int_equal(sign_in("carl@northside.example", "lantern-harbor-violet-58"), OK);
	assert_int_equal(clinic_do(&clinic, "user", "disable",
				   json_pack("{s:s}", "user", "carl@northside.example"), NULL),
			 EXIT_OK);
	assert_int_equal(sign_in("carl@northside.example", "lantern-harbor-violet-58"), ERR_SIGN_IN_FAILED);
	assert_int_equal(clinic_do(&clinic, "user", "enable",
				   json_pack("{s:s}", "user", "carl@northside.example"), NULL),
			 EXIT_OK);
	assert_int_equal(sign_in("carl@northside.example", "lantern-harbor-violet-58"), OK);
}

static void a_deletion_needs_yes_or_the_typed_address(void **state)
{
	json_t *person = json_pack("{s:s, s:s, s:[s], s:[s]}", "user", "del@northside.example", "practice",
				   "northside", "role", "provider", "location", "main");

	(void)state;
	assert_int_equal(clinic_do(&clinic, "user", "add", person, NULL), EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "user", "delete",
				   json_pack("{s:s}", "user", "del@northside.example"), NULL),
			 EXIT_USAGE);
	assert_int_equal(clinic_do(&clinic, "user", "delete",
				   json_pack("{s:s, s:s}", "user", "del@northside.example", "confirm", "no"),
				   NULL),
			 EXIT_USAGE);
	assert_int_equal(
		clinic_do(&clinic, "user", "show", json_pack("{s:s}", "user", "del@northside.example"), NULL),
		EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "user", "delete",
				   json_pack("{s:s, s:s}", "user", "del@northside.example", "confirm",
					     "Del@northside.example"),
				   NULL),
			 EXIT_OK);
	assert_int_equal(
		clinic_do(&clinic, "user", "show", json_pack("{s:s}", "user", "del@northside.example"), NULL),
		EXIT_NOT_FOUND);
}

static const char *newest_event(const char *type)
{
	struct event_row *rows = NULL;
	size_t count = 0;
	struct work *work = clinic_work(&clinic);

	work->practice = "northside";
	assert_int_equal(events_list(work, type, 0, 1, &rows, &count), OK);
	assert_int_equal(count, 1);
	return rows[0].body;
}

static void a_change_is_recorded_with_who_and_old_and_new_value(void **state)
{
	const char *body;

	(void)state;
	assert_int_equal(
		clinic_do(&clinic, "user", "set",
			  json_pack("{s:s, s:s}", "user", "fiona@northside.example", "family-name", "Vale"),
			  NULL),
		EXIT_OK);
	body = newest_event("account.change");
	assert_non_null(strstr(body, "\"Dale\""));
	assert_non_null(strstr(body, "\"Vale\""));
	assert_non_null(strstr(body, "\"operator\""));
	assert_non_null(strstr(body, "\"tester\""));
}

static void an_address_in_two_practices_needs_the_practice(void **state)
{
	const char *message = NULL;

	(void)state;
	assert_int_equal(
		clinic_do(&clinic, "user", "show", json_pack("{s:s}", "user", "sam@locum.example"), &message),
		EXIT_USAGE);
	assert_non_null(strstr(message, "--practice"));
	AUTO(json_done)
	json_t *one =
		result_of("user", "show",
			  json_pack("{s:s, s:s}", "user", "sam@locum.example", "practice", "riverside"));

	assert_string_equal(json_get_text(one, "practice"), "riverside");
}

static void a_custom_role_allows_exactly_what_it_says(void **state)
{
	AUTO(json_done)
	json_t *shown = result_of("role", "show",
				  json_pack("{s:s, s:s}", "role", "lead-therapist", "practice", "northside"));
	size_t at, found = 0;
	json_t *row;

	(void)state;
	json_array_foreach (json_object_get(shown, "allows"), at, row) {
		if (text_equal(json_get_text(row, "feature"), "billing")) {
			found++;
			assert_string_equal(json_get_text(row, "read"), "all");
			assert_string_equal(json_get_text(row, "create"), "-");
		}
		if (text_equal(json_get_text(row, "feature"), "notes")) {
			found++;
			assert_string_equal(json_get_text(row, "edit"), "own");
		}
	}
	assert_int_equal(found, 2);
}

static void ungranting_one_location_leaves_the_others(void **state)
{
	(void)state;
	AUTO(json_done)
	json_t *before = result_of("grant", NULL,
				   json_pack("{s:s, s:s, s:[s, s]}", "user", "tomas@northside.example",
					     "role", "front-desk", "location", "main", "west"));
	AUTO(json_done)
	json_t *after = result_of("ungrant", NULL,
				  json_pack("{s:s, s:s, s:[s]}", "user", "tomas@northside.example", "role",
					    "front-desk", "location", "west"));

	assert_non_null(strstr(json_text(clinic.arena, before), "front-desk@main,west"));
	assert_non_null(strstr(json_text(clinic.arena, after), "\"front-desk@main\""));
	assert_non_null(strstr(json_text(clinic.arena, after), "lead-therapist@west"));
}

static void the_explained_token_is_the_one_that_would_be_issued(void **state)
{
	AUTO(json_done)
	json_t *claims = result_of("explain", "token",
				   json_pack("{s:s, s:s, s:b}", "user", "ada@northside.example", "client_id",
					     "demo", "access", true));

	(void)state;
	assert_string_equal(json_get_text(claims, "tenant"), "northside");
	assert_string_equal(json_get_text(claims, "sub"), account_id("ada@northside.example"));
	assert_int_equal(json_array_size(json_object_get(claims, "roles")), 0);
	assert_int_equal(json_array_size(json_object_get(json_object_get(claims, "clinic"), "locations")), 2);
}

static void a_rotated_secret_is_another_one(void **state)
{
	const char *before = arena_text(clinic.arena,
					snapshot_client(clinic_work(&clinic)->snapshot, "demo")->secret_hash);
	AUTO(json_done)
	json_t *made = result_of("app", "rotate-secret", json_pack("{s:s}", "client_id", "demo"));

	(void)state;
	assert_non_null(json_get_text(made, "client_secret"));
	assert_string_not_equal(snapshot_client(clinic_work(&clinic)->snapshot, "demo")->secret_hash, before);
}

static void the_doctor_finds_a_practice_without_owner(void **state)
{
	(void)state;
	assert_int_equal(clinic_do(&clinic, "doctor", NULL, json_object(), NULL), EXIT_OK);
	assert_int_equal(
		clinic_do(&clinic, "practice", "add",
			  json_pack("{s:s, s:s, s:s}", "id", "empty", "name", "Empty", "timezone", "UTC"),
			  NULL),
		EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "doctor", NULL, json_object(), NULL), EXIT_UNHEALTHY);
	assert_int_equal(clinic_do(&clinic, "practice", "delete",
				   json_pack("{s:s, s:b}", "id", "empty", "yes", true), NULL),
			 EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "doctor", NULL, json_object(), NULL), EXIT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_password_is_shown_once_works_and_must_be_changed),
		cmocka_unit_test(role_and_location_are_mandatory_and_have_to_exist),
		cmocka_unit_test(what_takes_access_away_ends_the_sessions),
		cmocka_unit_test(logout_all_ends_every_session_of_the_practice),
		cmocka_unit_test(a_disabled_account_signs_in_again_when_enabled),
		cmocka_unit_test(a_deletion_needs_yes_or_the_typed_address),
		cmocka_unit_test(a_change_is_recorded_with_who_and_old_and_new_value),
		cmocka_unit_test(an_address_in_two_practices_needs_the_practice),
		cmocka_unit_test(a_custom_role_allows_exactly_what_it_says),
		cmocka_unit_test(ungranting_one_location_leaves_the_others),
		cmocka_unit_test(the_explained_token_is_the_one_that_would_be_issued),
		cmocka_unit_test(a_rotated_secret_is_another_one),
		cmocka_unit_test(the_doctor_finds_a_practice_without_owner),
	};

	return cmocka_run_group_tests(tests, fresh, gone);
}
