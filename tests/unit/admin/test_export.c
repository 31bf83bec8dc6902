/* test_export.c: what is exported and applied to an empty store makes the same store. */
#include "tests/unit/admin/clinic.h"

#include "base/yaml.h"
#include "people/account.h"
#include "people/credential.h"

static struct clinic source;

static const char more[] = "practices:\n"
			   "  - id: northside\n"
			   "    locations:\n"
			   "      - { id: annex, name: \"Annex: \\\"B\\\" #2\", parent: west, timezone: "
			   "America/Denver, networks: [10.7.0.0/16, \"2001:db8::/32\"] }\n"
			   "      - { id: closed, name: No, archived: true }\n"
			   "    staff:\n"
			   "      - { email: zoe@northside.example, given_name: \"Zo\\u00EB\", family_name: "
			   "\"O'Hara\", class: external, must_change: true,\n"
			   "          password: violet-harbor-lantern-85, address: { street_address: \"1 "
			   "Main St\", postal_code: \"01234\" },\n"
			   "          license: [ { type: RN, number: \"0077\", jurisdiction: IL } ], "
			   "taxonomy: [207Q00000X], locale: en-US,\n"
			   "          assignments: [ { role: provider, locations: [annex, main], from: "
			   "2026-01-01, until: 2097-06-30, reason: \"cover: summer\" } ] }\n"
			   "apps:\n"
			   "  - { client_id: tablet, name: Tablet, type: oidc, practices: [northside], "
			   "application_type: native, token_endpoint_auth_method: none,\n"
			   "      redirect_uris: [\"http://127.0.0.1/cb\"], access_token_lifetime: 10m, "
			   "disabled: true, roles: [provider] }\n";

static int fresh(void **state)
{
	const char *message = NULL;

	(void)state;
	clinic_demo(&source);
	if (clinic_apply(&source, more, &message) != EXIT_OK)
		fail_msg("%s", message);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	clinic_close(&source);
	return 0;
}

static json_t *exported(struct clinic *c, bool with_hashes)
{
	json_t *result = NULL;
	const char *message = NULL;

	assert_int_equal(clinic_run(c, "export", NULL, json_pack("{s:b}", "with-hashes", with_hashes),
				    &result, &message),
			 EXIT_OK);
	return result;
}

static void export_applied_to_an_empty_store_leaves_no_difference(void **state)
{
	struct clinic copy;
	AUTO(json_done) json_t *first = exported(&source, true);
	const char *text = yaml_write(source.arena, first), *message = NULL;

	(void)state;
	clinic_open(&copy);
	if (clinic_apply(&copy, text, &message) != EXIT_OK)
		fail_msg("%s", message);
	assert_int_equal(
		clinic_do(&copy, "diff", NULL, json_pack("{s:s, s:b}", "text", text, "prune", true), NULL),
		EXIT_OK);
	AUTO(json_done) json_t *second = exported(&copy, true);

	assert_string_equal(json_canonical(copy.arena, second), json_canonical(copy.arena, first));
	clinic_close(&copy);
}

static void hashes_taken_along_open_with_the_same_password(void **state)
{
	struct clinic copy;
	AUTO(json_done) json_t *whole = exported(&source, true);
	struct account_match match;
	size_t count = 0;
	int64_t retry_after = 0;

	(void)state;
	clinic_open(&copy);
	assert_int_equal(clinic_apply(&copy, json_text(copy.arena, whole), NULL), EXIT_OK); /* JSON is YAML */
	assert_int_equal(credential_password(clinic_work(&copy), NULL, "ada@northside.example",
					     "lantern-harbor-violet-58", &match, 1, &count, &retry_after),
			 OK);
	const struct client *demo = snapshot_client(copy.work.snapshot, "demo");

	assert_string_equal(demo->secret_hash, snapshot_client(source.work.snapshot, "demo")->secret_hash);
	clinic_close(&copy);
}

static void without_hashes_there_is_nothing_secret_in_it(void **state)
{
	AUTO(json_done) json_t *plain = exported(&source, false);
	const char *text = json_text(source.arena, plain);

	(void)state;
	assert_null(strstr(text, "argon2"));
	assert_null(strstr(text, "\"password"));
	assert_null(strstr(text, "client_secret\""));
	assert_null(strstr(text, "client_secret_hash"));
	assert_non_null(strstr(text, "ada@northside.example"));
	assert_int_equal(clinic_do(&source, "diff", NULL, json_pack("{s:s}", "text", text), NULL), EXIT_OK);
}

static void a_practice_that_was_deleted_is_not_exported(void **state)
{
	(void)state;
	assert_int_equal(
		clinic_apply(&source, "practices: [ { id: brief, name: Brief, timezone: UTC } ]", NULL),
		EXIT_OK);
	assert_int_equal(clinic_do(&source, "practice", "delete",
				   json_pack("{s:s, s:b}", "id", "brief", "yes", true), NULL),
			 EXIT_OK);
	AUTO(json_done) json_t *plain = exported(&source, false);

	assert_null(strstr(json_text(source.arena, plain), "brief"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(export_applied_to_an_empty_store_leaves_no_difference),
		cmocka_unit_test(hashes_taken_along_open_with_the_same_password),
		cmocka_unit_test(without_hashes_there_is_nothing_secret_in_it),
		cmocka_unit_test(a_practice_that_was_deleted_is_not_exported),
	};

	return cmocka_run_group_tests(tests, fresh, gone);
}
