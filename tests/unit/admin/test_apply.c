/* test_apply.c: documents are checked strictly, applied as a whole, and change nothing the second time. */
#include "tests/unit/admin/clinic.h"

#include "admin/apply.h"
#include "people/account.h"
#include "people/credential.h"

#define P "practices: [ { id: north, name: North, timezone: America/Chicago"
#define L P ", locations: [ { id: main, name: Main } ]"
#define S L ", staff: [ { email: a@north.example"
#define A                                                                                                    \
	"apps: [ { client_id: web, name: Web, type: oidc, practices: [northside], redirect_uris: "           \
	"[\"https://web.example/cb\"]"

/* clang-format off */
static const struct {
	const char *text, *message;
} broken[] = {
	{ "", "line 1, column 1: the document is empty" },
	{ "- practices", "line 1, column 1: a document starts with practices: or apps:" },
	{ "practices: &x []", "line 1, column 12: anchors are not accepted" },
	{ "practices: []\npractices: []", "line 2, column 1: this key was given before" },
	{ "practises: []", "line 1, column 1: unknown field practises (did you mean practices?)" },
	{ "practices: north", "line 1, column 12: practices must be a list" },
	{ "practices: [ north ]", "line 1, column 14: an entry of practices must have fields of its own" },
	{ "practices:\n  - name: North", "line 2, column 5: practices.id is missing" },
	{ "practices: [ { id: North } ]",
	  "line 1, column 20: practices.id must be an id: small letters, digits and '-', at most 63" },
	{ "practices: [ { id: 7 } ]", "line 1, column 20: practices.id must be text: put it in quotes" },
	{ "practices: [ { id: north } ]", "line 1, column 14: practices.name is missing: it is needed to create this" },
	{ "practices: [ { id: north, name: North } ]",
	  "line 1, column 14: practices.timezone is missing: it is needed to create this" },
	{ "practices: [ { id: north, name: North, timezone: Chicago } ]",
	  "line 1, column 50: practices.timezone must be a time zone such as America/Chicago" },
	{ P ", nme: X } ]", "line 1, column 67: unknown field practices.nme (did you mean name?)" },
	{ P ", disabled: yes } ]", "line 1, column 77: practices.disabled must be true or false" },
	{ P ", template: large } ]",
	  "line 1, column 77: practices.template must be one of: small medium multi-location three-role" },
	{ P ", connections: okta } ]", "line 1, column 80: practices.connections must be a list" },
	{ P ", connections: [ { name: Okta } ] } ]", "line 1, column 82: practices.connections.id is missing" },
	{ P ", policy: { mfa: {} } } ]", "line 1, column 75: practices.policy: unknown field mfa" },
	{ P ", policy: 7 } ]", "line 1, column 75: practices.policy must have fields of its own" },
	{ P ", policy: { session: { idle: 1s } } } ]",
	  "line 1, column 75: practices.policy.session.idle: 1m to 24h is expected" },
	{ P ", domains: [ true ] } ]", "line 1, column 76: practices.domains must be text: put it in quotes" },
	{ P " }, { id: north } ]", "line 1, column 75: the practice north is declared twice" },
	{ P ", locations: [ { id: main, name: Main }, { id: main, name: Main } ] } ]",
	  "line 1, column 112: the location main is declared twice" },
	{ P ", locations: [ { id: main } ] } ]",
	  "line 1, column 80: practices.locations.name is missing: it is needed to create this" },
	{ P ", locations: [ { id: main, name: Main, parent: mian } ] } ]",
	  "line 1, column 112: there is no location mian in this practice (did you mean main?)" },
	{ P ", locations: [ { id: a, name: A, parent: b }, { id: b, name: B, parent: a } ] } ]",
	  "line 1, column 78: locations go in a circle" },
	{ P ", locations: [ { id: main, name: Main, networks: [\"1.*.3.4\"] } ] } ]",
	  "line 1, column 115: practices.locations.networks must be a network such as 10.1.2.0/24 or 103.171.247.*" },
	{ P ", roles: [ { id: owner, name: Boss } ] } ]", "line 1, column 82: owner is a built-in role: choose another id" },
	{ P ", roles: [ { id: boss, name: Boss, inherits: [ownr] } ] } ]",
	  "line 1, column 111: there is no role ownr in this practice (did you mean owner?)" },
	{ P ", roles: [ { id: boss, name: Boss, permissions: { biling: [read] } } ] } ]",
	  "line 1, column 113: practices.roles.permissions: unknown feature \"biling\", did you mean \"billing\"?" },
	{ P ", roles: [ { id: x, name: X, inherits: [y] }, { id: y, name: Y, inherits: [x] } ] } ]",
	  "line 1, column 74: roles go in a circle" },
	{ S " } ] } ]", "line 1, column 117: practices.staff.assignments is missing: it is needed to create this" },
	{ S ", assignments: [ { role: owner } ] } ] } ]",
	  "line 1, column 158: practices.staff.assignments.locations is missing" },
	{ S ", assignments: [ { role: owner, locations: [] } ] } ] } ]",
	  "line 1, column 184: practices.staff.assignments.locations must be all, or a list of locations" },
	{ S ", assignments: [ { role: owner, locations: every } ] } ] } ]",
	  "line 1, column 184: practices.staff.assignments.locations must be all, or a list of locations" },
	{ S ", assignments: [ { role: ownre, locations: all } ] } ] } ]",
	  "line 1, column 166: there is no role ownre in this practice (did you mean owner?)" },
	{ S ", assignments: [ { role: owner, locations: [mein] } ] } ] } ]",
	  "line 1, column 185: there is no location mein in this practice (did you mean main?)" },
	{ S ", assignments: [ { role: owner, locations: all, until: tomorrow } ] } ] } ]",
	  "line 1, column 196: practices.staff.assignments.until must be a date such as 2027-01-31, or a time with zone" },
	{ S ", class: boss, assignments: [] } ] } ]",
	  "line 1, column 150: practices.staff.class must be one of: administrator staff external" },
	{ S ", npi: 1234567893, assignments: [] } ] } ]",
	  "line 1, column 148: practices.staff.npi must be text: put it in quotes" },
	{ S ", phone_number: 555-0142, assignments: [] } ] } ]",
	  "line 1, column 157: practices.staff.phone_number must be a number with country code, such as +13125550142" },
	{ S ", password: \"\", assignments: [] } ] } ]", "line 1, column 153: practices.staff.password must not be empty" },
	{ S ", password: x, password_hash: y, assignments: [] } ] } ]",
	  "line 1, column 171: give password or password_hash, not both" },
	{ S ", password_hash: y, assignments: [] } ] } ]",
	  "line 1, column 158: practices.staff.password_hash is of no known kind" },
	{ S ", address: { postal_code: 60601 }, assignments: [] } ] } ]",
	  "line 1, column 167: practices.staff.address.postal_code must be text: put it in quotes" },
	{ S ", address: { locality: \"a\\nb\" }, assignments: [] } ] } ]",
	  "line 1, column 164: practices.staff.address.locality must not have control characters" },
	{ S ", address: { formatted: \"a\\nb\\e\" }, assignments: [] } ] } ]",
	  "line 1, column 165: practices.staff.address.formatted must not have control characters" },
	{ L ", staff: [ { email: nobody, assignments: [] } ] } ]",
	  "line 1, column 126: practices.staff.email must be an e-mail address" },
	{ S ", assignments: [] }, { email: A@North.example, assignments: [] } ] } ]",
	  "line 1, column 171: the person A@North.example is declared twice" },
	{ "apps: [ { name: Web } ]", "line 1, column 9: apps.client_id is missing" },
	{ "apps: [ { client_id: web, type: saml } ]", "line 1, column 22: apps.client_id: only for type oidc" },
	{ "apps: [ { client_id: web, entity_id: \"urn:x:y\" } ]", "line 1, column 38: apps.entity_id: only for type saml" },
	{ "apps: [ { entity_id: sp } ]", "line 1, column 22: apps.entity_id: expected: an absolute URI in visible ASCII" },
	{ "apps: [ { entity_id: \"urn:x:y\", type: saml, redirect_uris: [\"https://web.example/cb\"] } ]",
	  "line 1, column 60: apps.redirect_uris: only for type oidc" },
	{ "apps: [ { entity_id: \"urn:x:y\", type: saml, client_secret: long-enough } ]",
	  "line 1, column 60: apps.client_secret: only for type oidc" },
	{ "apps: [ { entity_id: \"urn:x:y\", type: saml, name: Web, practices: [northside] } ]",
	  "line 1, column 9: apps.metadata: it is missing; give metadata, metadata_file or metadata_url" },
	{ "apps: [ { entity_id: \"urn:x:y\", type: saml, metadata_file: sp.xml } ]",
	  "line 1, column 60: apps.metadata_file: files are read by the command lanyard apply on this machine alone; "
	  "write the text as metadata: instead" },
	{ "apps: [ { entity_id: \"urn:x:y\", type: saml, metadata_file: sp.xml, metadata_url: \"https://sp.example/\" } ]",
	  "line 1, column 82: apps.metadata_url: only one of metadata_file and metadata_url can be given" },
	{ "apps: [ { type: saml, name: Web } ]", "line 1, column 9: apps.entity_id is missing" },
	{ A ", redirect_uri: x } ]", "line 1, column 117: unknown field apps.redirect_uri (did you mean redirect_uris?)" },
	{ A ", first_party: sure } ]", "line 1, column 130: apps.first_party: expected: true or false" },
	{ "apps: [ { client_id: web, name: Web, type: oidc, practices: [nord], redirect_uris: [\"https://web.example/cb\"] } ]",
	  "line 1, column 62: there is no practice nord" },
	{ "apps: [ { client_id: web, name: Web, type: oidc, practices: [northside], redirect_uris: [\"http://web.example/cb\"] } ]",
	  "line 1, column 89: apps.redirect_uris: expected: https addresses in lower-case host names, without user, wildcard, fragment or dot segments (http for loopback alone)" },
	{ A " }, { client_id: web } ]", "line 1, column 132: the app web is declared twice" },
};
/* clang-format on */

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

/* How many changes this document would make, pruning or not. */
static size_t difference(const char *text, bool prune)
{
	AUTO(json_done) json_t *result = NULL;
	const char *message = NULL;
	int code = clinic_run(&clinic, "diff", NULL, json_pack("{s:s, s:b}", "text", text, "prune", prune),
			      &result, &message);

	if (code != EXIT_OK && code != EXIT_DIFFERENT)
		fail_msg("%s", message);
	assert_int_equal(code == EXIT_DIFFERENT, json_array_size(result) > 0);
	return json_array_size(result);
}

static void a_broken_document_is_refused_with_line_and_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		const char *message = "";
		assert_int_equal(clinic_apply(&clinic, broken[i].text, &message), EXIT_FAILED);
		assert_string_equal(message, broken[i].message);
	}
	assert_int_equal(difference(file_of(clinic.arena, DEMO), true), 0);
}

static void the_second_time_there_is_nothing_to_change(void **state)
{
	AUTO(json_done) json_t *result = NULL;
	const char *message = NULL;

	(void)state;
	assert_int_equal(difference(file_of(clinic.arena, DEMO), true), 0);
	assert_int_equal(clinic_run(&clinic, "apply", NULL,
				    json_pack("{s:s}", "text", file_of(clinic.arena, DEMO)), &result,
				    &message),
			 EXIT_OK);
	assert_int_equal(json_array_size(result), 0);
	assert_string_equal(message, "Nothing to change.");
}

static void a_dry_run_says_what_would_change_and_changes_nothing(void **state)
{
	static const char text[] = "practices: [ { id: northside, name: New Name, staff: [ { email: "
				   "ada@northside.example, family_name: Obi } ] } ]";
	AUTO(json_done) json_t *result = NULL;
	const char *message = NULL;

	(void)state;
	for (int times = 0; times < 2; times++) {
		json_done(&result);
		assert_int_equal(clinic_run(&clinic, "apply", NULL,
					    json_pack("{s:s, s:b}", "text", text, "dry-run", true), &result,
					    &message),
				 EXIT_DIFFERENT);
		assert_int_equal(json_array_size(result), 2);
		const json_t *name =
			json_object_get(json_object_get(json_array_get(result, 0), "fields"), "name");
		assert_string_equal(json_string_value(json_array_get(name, 0)), "Northside Family Clinic");
		assert_string_equal(json_string_value(json_array_get(name, 1)), "New Name");
	}
}

static void what_a_document_does_not_name_stays(void **state)
{
	(void)state;
	assert_int_equal(clinic_apply(&clinic,
				      "practices: [ { id: northside, staff: [ { email: "
				      "ada@northside.example, npi: \"1245319599\" } ] } ]",
				      NULL),
			 EXIT_OK);
	assert_int_equal(clinic_apply(&clinic, "apps: [ { client_id: demo, require_location: true } ]", NULL),
			 EXIT_OK);
	/* Only what was named has moved: the NPI, and the one field of the app. */
	assert_int_equal(difference(file_of(clinic.arena, DEMO), true), 1);
	assert_int_equal(clinic_apply(&clinic, file_of(clinic.arena, DEMO), NULL), EXIT_OK);
	assert_int_equal(
		clinic_apply(&clinic, "apps: [ { client_id: demo, require_location: false } ]", NULL),
		EXIT_OK);
	assert_int_equal(difference(file_of(clinic.arena, DEMO), true), 0);
}

static const char owners[] =
	"practices: [ { id: solo, name: Solo, timezone: UTC, template: small, locations: [ { id: a, name: A "
	"}, { id: b, name: B } ],"
	" roles: [ { id: helper, name: Helper } ],"
	" staff: [ { email: one@solo.example, password: lantern-harbor-violet-58, assignments: [ { role: "
	"owner, locations: all } ] },"
	" { email: two@solo.example, assignments: [ { role: provider, locations: [a] } ] } ] } ]";

static void pruning_removes_what_a_written_list_leaves_out(void **state)
{
	static const char less[] = "practices: [ { id: solo, locations: [ { id: a } ], roles: [], staff: [ { "
				   "email: one@solo.example } ] } ]";
	static const char silent[] = "practices: [ { id: solo } ]";

	(void)state;
	assert_int_equal(clinic_apply(&clinic, owners, NULL), EXIT_OK);
	assert_int_equal(difference(less, false), 0);
	assert_int_equal(difference(silent, true), 0);
	assert_int_equal(difference(less, true), 3);
	assert_int_equal(
		clinic_do(&clinic, "apply", NULL, json_pack("{s:s, s:b}", "text", less, "prune", true), NULL),
		EXIT_OK);
	assert_int_equal(difference(less, true), 0);
	assert_int_equal(clinic_do(&clinic, "user", "show",
				   json_pack("{s:s, s:s}", "user", "two@solo.example", "practice", "solo"),
				   NULL),
			 EXIT_NOT_FOUND);
	assert_true(practice_location(snapshot_practice(clinic.work.snapshot, "solo"), "b")->archived);
}

static void the_last_owner_is_never_pruned(void **state)
{
	(void)state;
	assert_int_equal(
		clinic_do(&clinic, "apply", NULL,
			  json_pack("{s:s, s:b, s:b}", "text", "practices: [ { id: solo, staff: [] } ]",
				    "prune", true, "yes", true),
			  NULL),
		EXIT_NOT_ALLOWED);
	assert_int_equal(
		clinic_do(&clinic, "user", "show", json_pack("{s:s}", "user", "one@solo.example"), NULL),
		EXIT_OK);
}

static void a_practice_hands_over_its_last_owner_in_one_document(void **state)
{
	static const char text[] =
		"practices: [ { id: solo, staff: [ { email: one@solo.example, assignments: [ { role: "
		"provider, locations: [a] } ] },"
		" { email: next@solo.example, assignments: [ { role: owner, locations: all } ] } ] } ]";
	static const char back[] =
		"practices: [ { id: solo, staff: [ { email: next@solo.example, assignments: [] },"
		" { email: one@solo.example, assignments: [ { role: owner, locations: all } ] } ] } ]";

	(void)state;
	assert_int_equal(clinic_apply(&clinic, text, NULL), EXIT_OK);
	assert_int_equal(clinic_apply(&clinic, back, NULL), EXIT_OK);
	assert_int_equal(
		clinic_apply(
			&clinic,
			"practices: [ { id: solo, staff: [ { email: one@solo.example, disabled: true } ] } ]",
			NULL),
		EXIT_NOT_ALLOWED);
}

static void practices_are_pruned_only_when_the_operator_says_yes(void **state)
{
	const char *text = file_of(clinic.arena, DEMO);

	(void)state;
	assert_int_equal(difference(text, true), 0);
	assert_int_equal(clinic_do(&clinic, "apply", NULL,
				   json_pack("{s:s, s:b, s:b}", "text", text, "prune", true, "yes", true),
				   NULL),
			 EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "practice", "show", json_pack("{s:s}", "id", "solo"), NULL),
			 EXIT_NOT_FOUND);
	assert_int_equal(clinic_apply(&clinic, owners, NULL), EXIT_CONFLICT); /* ids are never given again */
}

/* That a password is weak is known before the transaction; that the last owner goes, in the middle of it. */
static void a_practice_is_changed_as_a_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *staff;
		int code;
	} rows[] = {
		{ "{ email: x@northside.example, password: short, assignments: [] }", EXIT_FAILED },
		{ "{ email: olivia@northside.example, disabled: true }", EXIT_NOT_ALLOWED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = arena_print(
			clinic.arena,
			"practices: [ { id: northside, name: Half, locations: [ { id: half, name: Half } ],"
			" staff: [ { email: nina@northside.example, assignments: [] }, %s ] } ]",
			rows[i].staff);
		assert_int_equal(clinic_apply(&clinic, text, NULL), rows[i].code);
		assert_int_equal(difference(file_of(clinic.arena, DEMO), true), 0);
	}
}

static void one_practice_stays_applied_when_the_next_one_fails(void **state)
{
	static const char text[] = "practices: [ { id: first, name: First, timezone: UTC } ]\n---\n"
				   "practices: [ { id: second, name: Second, timezone: UTC, staff: [ { "
				   "email: x@s.example, password: short, assignments: [] } ] } ]";
	const char *message = NULL;

	(void)state;
	assert_int_equal(clinic_apply(&clinic, text, &message), EXIT_FAILED);
	assert_non_null(strstr(message, "practice second"));
	assert_non_null(strstr(message, "1 of 3 changes were made"));
	assert_int_equal(clinic_do(&clinic, "practice", "show", json_pack("{s:s}", "id", "first"), NULL),
			 EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "practice", "show", json_pack("{s:s}", "id", "second"), NULL),
			 EXIT_NOT_FOUND);
}

static enum err sign_in(const char *email, const char *password)
{
	struct account_match match;
	size_t count = 0;
	int64_t retry_after = 0;

	return credential_password(clinic_work(&clinic), "northside", email, password, &match, 1, &count,
				   &retry_after);
}

static void a_password_in_a_document_never_resets_one(void **state)
{
	static const char text[] = "practices: [ { id: northside, staff: [ { email: ada@northside.example, "
				   "password: another-harbor-lantern-77 } ] } ]";

	(void)state;
	assert_int_equal(sign_in("ada@northside.example", "lantern-harbor-violet-58"), OK);
	assert_int_equal(difference(text, false), 0);
	assert_int_equal(clinic_apply(&clinic, text, NULL), EXIT_OK);
	assert_int_equal(sign_in("ada@northside.example", "another-harbor-lantern-77"), ERR_SIGN_IN_FAILED);
	assert_int_equal(sign_in("ada@northside.example", "lantern-harbor-violet-58"), OK);
}

static void a_client_secret_changes_when_it_is_another_one(void **state)
{
	(void)state;
	assert_int_equal(difference("apps: [ { client_id: demo, client_secret: "
				    "demo-secret-made-for-this-machine-alone-0058 } ]",
				    false),
			 0);
	assert_int_equal(difference("apps: [ { client_id: demo, client_secret: "
				    "demo-secret-made-for-this-machine-alone-0059 } ]",
				    false),
			 1);
}

static void secrets_are_not_shown_in_a_difference(void **state)
{
	static const char text[] = "practices: [ { id: northside, staff: [ { email: new@northside.example, "
				   "password: violet-lantern-harbor-91, assignments: [] } ] } ]\n"
				   "apps: [ { client_id: demo, client_secret: violet-lantern-harbor-92 } ]";
	AUTO(json_done) json_t *result = NULL;
	const char *message = NULL;

	(void)state;
	assert_int_equal(
		clinic_run(&clinic, "diff", NULL, json_pack("{s:s}", "text", text), &result, &message),
		EXIT_DIFFERENT);
	assert_null(strstr(json_text(clinic.arena, result), "violet-lantern"));
	assert_non_null(strstr(json_text(clinic.arena, result), "(secret)"));
}

static void a_date_and_the_time_it_stands_for_are_the_same(void **state)
{
	static const char day[] = "practices: [ { id: northside, staff: [ { email: ines@northside.example, "
				  "assignments: [ { role: inventory,"
				  " locations: [main], until: 2097-01-31 } ] } ] } ]";
	static const char instant[] = "practices: [ { id: northside, staff: [ { email: "
				      "ines@northside.example, assignments: [ { role: inventory,"
				      " locations: [main], until: \"2097-02-01T00:00:00Z\" } ] } ] } ]";

	(void)state;
	assert_int_equal(clinic_apply(&clinic, day, NULL), EXIT_OK);
	assert_int_equal(difference(day, false), 0);
	assert_int_equal(difference(instant, false), 0);
}

static void the_reference_pages_are_those_of_the_program(void **state)
{
	(void)state;
	assert_string_equal(apply_reference(clinic.arena), file_of(clinic.arena, "docs/reference/apply.md"));
	assert_string_equal(apply_schema(clinic.arena),
			    file_of(clinic.arena, "docs/reference/apply.schema.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_document_is_refused_with_line_and_column),
		cmocka_unit_test(the_second_time_there_is_nothing_to_change),
		cmocka_unit_test(a_dry_run_says_what_would_change_and_changes_nothing),
		cmocka_unit_test(what_a_document_does_not_name_stays),
		cmocka_unit_test(pruning_removes_what_a_written_list_leaves_out),
		cmocka_unit_test(the_last_owner_is_never_pruned),
		cmocka_unit_test(a_practice_hands_over_its_last_owner_in_one_document),
		cmocka_unit_test(practices_are_pruned_only_when_the_operator_says_yes),
		cmocka_unit_test(a_practice_is_changed_as_a_whole_or_not_at_all),
		cmocka_unit_test(one_practice_stays_applied_when_the_next_one_fails),
		cmocka_unit_test(a_password_in_a_document_never_resets_one),
		cmocka_unit_test(a_client_secret_changes_when_it_is_another_one),
		cmocka_unit_test(secrets_are_not_shown_in_a_difference),
		cmocka_unit_test(a_date_and_the_time_it_stands_for_are_the_same),
		cmocka_unit_test(the_reference_pages_are_those_of_the_program),
	};

	return cmocka_run_group_tests(tests, fresh, gone);
}
