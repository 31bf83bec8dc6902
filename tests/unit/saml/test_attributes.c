/* attributes.h: claims under the names that an app wants, and nothing that XML cannot carry. */
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
#include "saml/attribute_rows.h"
#include "saml/attributes.h"
#include "store/snapshot.h"

#define URI   "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
#define BASIC "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

static const char everything[] =
	"{\"sub\":\"acc_1\",\"tenant\":\"north\",\"roles\":[\"provider\",\"manager\"],"
	"\"groups\":[\"main:provider\",\"main:manager\",\"west:manager\"],"
	"\"clinic\":{\"v\":1,\"practice\":{\"id\":\"north\",\"name\":\"Northside & Sons\"},"
	"\"location\":{\"id\":\"main\",\"name\":\"Main Street\",\"tz\":\"America/Chicago\"},"
	"\"locations\":[{\"id\":\"main\",\"name\":\"Main Street\",\"roles\":[\"provider\",\"manager\"]},"
	"{\"id\":\"west\",\"name\":\"West Side\",\"roles\":[\"manager\"]}],"
	"\"assignment\":{\"id\":\"asg_1\",\"src\":\"base\",\"exp\":1795280600},"
	"\"person\":{\"npi\":\"1234567893\",\"taxonomy\":[\"207Q00000X\"],\"external\":true}},"
	"\"name\":\"Ada Okafor\",\"given_name\":\"Ada\",\"family_name\":\"Okafor\","
	"\"email\":\"ada@north.example\",\"email_verified\":false,\"address\":{\"formatted\":\"Main "
	"St\\n1\"},"
	"\"updated_at\":0}";

/* One work without a store. */
struct desk {
	struct arena *arena;
	struct work w;
	json_t *claims;
	struct client client;
	const struct saml_attribute *said;
	size_t count;
};

static const struct role roles[] = {
	{ .id = "provider", .name = "Provider", .built_in = true },
	{ .id = "manager", .name = "Manager", .built_in = true },
	{ .id = "locum", .name = "Locum \"Doctor\"", .inherits = (const char *const[]){ "provider", NULL } },
	{ .id = "porter", .name = "Porter" },
	{ .id = "circle", .name = "Circle", .inherits = (const char *const[]){ "circle", NULL } },
};
static const struct practice practices[] = {
	{ .id = "north", .name = "Northside & Sons", .roles = roles, .role_count = COUNT(roles) },
};
static const struct snapshot picture = { .practices = practices, .practice_count = 1 };

static void desk_done(struct desk *desk)
{
	json_decref(desk->claims);
	json_decref(desk->client.saml.attributes);
	arena_done(&desk->arena);
}

/* declared NULL: the app says nothing. */
static void desk_begin(struct desk *desk, const char *claims, const char *declared)
{
	*desk = (struct desk){ .arena = arena_new() };
	desk->w = (struct work){ .arena = desk->arena, .snapshot = &picture, .practice = "north" };
	desk->claims = json_read(claims, strlen(claims));
	assert_non_null(desk->claims);
	if (declared) {
		desk->client.saml.attributes = json_read(declared, strlen(declared));
		assert_non_null(desk->client.saml.attributes);
	}
	attributes_build(&desk->w, &desk->client, desk->claims, &desk->said, &desk->count);
}

#define AUTO_DESK AUTO(desk_done) struct desk

static const struct saml_attribute *said(const struct desk *desk, const char *name)
{
	const struct saml_attribute *found = NULL;

	for (size_t i = 0; i < desk->count; i++)
		if (text_equal(desk->said[i].name, name)) {
			assert_null(found); /* once */
			found = &desk->said[i];
		}
	return found;
}

/* Its values with commas between; NULL: not said. */
static const char *joined(const struct desk *desk, const char *name)
{
	const struct saml_attribute *attribute = said(desk, name);
	char *text = NULL;

	for (size_t i = 0; attribute && i < attribute->value_count; i++)
		text = text ? arena_print(desk->arena, "%s,%s", text, attribute->values[i].text)
			    : arena_text(desk->arena, attribute->values[i].text);
	return text;
}

struct expected {
	const char *name, *values;
};

static void check_all(const struct desk *desk, const struct expected *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!said(desk, rows[i].name))
			fail_msg("%s is not said", rows[i].name);
		assert_string_equal(joined(desk, rows[i].name), rows[i].values);
	}
	assert_int_equal(desk->count, count);
}

static void an_app_that_declares_nothing_gets_preset_clinic(UNUSED void **state)
{
	static const struct expected rows[] = {
		{ "urn:lanyard:attr:practice_id", "north" },
		{ "urn:lanyard:attr:practice_name", "Northside & Sons" },
		{ "urn:lanyard:attr:location_id", "main" },
		{ "urn:lanyard:attr:location_ids", "main,west" },
		{ "urn:lanyard:attr:location_names", "Main Street,West Side" },
		{ "urn:lanyard:attr:roles", "provider,manager" },
		{ "urn:lanyard:attr:roles_at", "main:provider,main:manager,west:manager" },
		{ "urn:lanyard:attr:tenant", "north" },
		{ "urn:lanyard:attr:assignment_exp", "2026-11-21T17:03:20Z" },
		{ "urn:lanyard:attr:npi", "1234567893" },
		{ "urn:oid:0.9.2342.19200300.100.1.3", "ada@north.example" },
		{ "urn:oid:2.5.4.42", "Ada" },
		{ "urn:oid:2.5.4.4", "Okafor" },
		{ "urn:oid:2.16.840.1.113730.3.1.241", "Ada Okafor" },
	};
	AUTO_DESK desk, same;

	desk_begin(&desk, everything, NULL);
	check_all(&desk, rows, COUNT(rows));
	assert_string_equal(said(&desk, "urn:oid:2.5.4.4")->friendly_name, "sn");
	assert_string_equal(said(&desk, "urn:oid:2.5.4.4")->format, URI);
	desk_begin(&same, everything, "[{\"preset\":\"clinic\"}]");
	check_all(&same, rows, COUNT(rows));
}

static void each_preset_has_its_names(UNUSED void **state)
{
	static const struct expected flat[] = {
		{ "practice_id", "north" },
		{ "practice_name", "Northside & Sons" },
		{ "location_id", "main" },
		{ "location_ids", "main,west" },
		{ "location_names", "Main Street,West Side" },
		{ "role", "provider" },
		{ "roles", "provider,manager" },
		{ "roles_by_location", "main:provider,main:manager,west:manager" },
		{ "email", "ada@north.example" },
		{ "given_name", "Ada" },
		{ "family_name", "Okafor" },
		{ "name", "Ada Okafor" },
		{ "npi", "1234567893" },
	};
	static const struct expected microsoft[] = {
		{ "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "ada@north.example" },
		{ "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "Ada" },
		{ "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "Okafor" },
		{ "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "ada@north.example" },
		{ "http://schemas.microsoft.com/identity/claims/displayname", "Ada Okafor" },
		{ "http://schemas.microsoft.com/identity/claims/objectidentifier", "acc_1" },
		{ "http://schemas.microsoft.com/identity/claims/tenantid", "north" },
		{ "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "provider,manager" },
		{ "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
		  "main:provider,main:manager,west:manager" },
	};
	static const struct expected okta[] = {
		{ "firstName", "Ada" },           { "lastName", "Okafor" },
		{ "email", "ada@north.example" }, { "login", "ada@north.example" },
		{ "displayName", "Ada Okafor" },  { "groups", "main:provider,main:manager,west:manager" },
	};
	static const struct {
		const char *declared;
		const struct expected *rows;
		size_t count;
	} presets[] = {
		{ "[{\"preset\":\"flat\"}]", flat, COUNT(flat) },
		{ "[{\"preset\":\"microsoft\"}]", microsoft, COUNT(microsoft) },
		{ "[{\"preset\":\"okta\"}]", okta, COUNT(okta) },
	};

	for (size_t i = 0; i < COUNT(presets); i++) {
		AUTO_DESK desk;

		desk_begin(&desk, everything, presets[i].declared);
		check_all(&desk, presets[i].rows, presets[i].count);
	}
}

static void assert_code(const struct saml_value *value, const char *element, const char *code,
			const char *code_system, const char *display_name)
{
	assert_null(value->text);
	assert_string_equal(value->element, element);
	assert_string_equal(value->code, code);
	assert_true(text_equal(value->code_system, code_system));
	assert_true(text_equal(value->display_name, display_name));
	assert_non_null(value->code_system_name);
}

/* ITI TF-2 3.40.4.1.2. */
static void preset_xua_writes_roles_and_purpose_as_coded_elements(UNUSED void **state)
{
	AUTO_DESK desk;

	desk_begin(&desk, everything, "[{\"preset\":\"xua\"}]");
	assert_int_equal(desk.count, 6);
	assert_string_equal(joined(&desk, "urn:oasis:names:tc:xspa:1.0:subject:subject-id"), "Ada Okafor");
	assert_string_equal(joined(&desk, "urn:oasis:names:tc:xspa:1.0:subject:organization"),
			    "Northside & Sons");
	assert_string_equal(joined(&desk, "urn:oasis:names:tc:xspa:1.0:subject:organization-id"),
			    "urn:lanyard:practice:north");
	assert_string_equal(joined(&desk, "urn:oasis:names:tc:xspa:1.0:subject:npi"), "1234567893");
	const struct saml_attribute *role = said(&desk, "urn:oasis:names:tc:xacml:2.0:subject:role"),
				    *purpose =
					    said(&desk, "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse");

	assert_non_null(role);
	assert_int_equal(role->value_count, 3);
	assert_code(&role->values[0], "Role", "provider", NULL, "Provider");
	assert_code(&role->values[1], "Role", "manager", NULL, "Manager");
	assert_code(&role->values[2], "Role", "207Q00000X", "2.16.840.1.113883.6.101", NULL);
	assert_non_null(purpose);
	assert_int_equal(purpose->value_count, 1);
	assert_code(&purpose->values[0], "PurposeOfUse", "TREAT", "2.16.840.1.113883.5.8", "treatment");
}

static void a_practice_with_a_uri_of_its_own_is_said_by_it(UNUSED void **state)
{
	AUTO_DESK desk;

	desk_begin(&desk, "{\"clinic\":{\"practice\":{\"id\":\"north\",\"org_uri\":\"urn:oid:1.2.3\"}}}",
		   "[{\"preset\":\"xua\"}]");
	assert_string_equal(joined(&desk, "urn:oasis:names:tc:xspa:1.0:subject:organization-id"),
			    "urn:oid:1.2.3");
}

static void the_purpose_follows_from_the_roles_unless_the_app_says_one(UNUSED void **state)
{
	static const struct {
		const char *roles, *more, *code;
	} rows[] = {
		{ "\"provider\"", "", "TREAT" },
		{ "\"owner\"", "", "HSYSADMIN" },
		{ "\"owner\",\"provider\"", "", "TREAT" },
		{ "\"billing\"", "", "HPAYMT" },
		{ "\"manager\",\"billing\"", "", "HPAYMT" },
		{ "\"front-desk\"", "", "HOPERAT" },
		{ "\"locum\"", "", "TREAT" }, /* inherits */
		{ "\"porter\"", "", "HOPERAT" },
		{ "\"circle\"", "", "HOPERAT" },
		{ "", "", "HOPERAT" },
		{ "\"billing\"", ",\"purpose_of_use\":\"TREATMENT\"", "TREATMENT" },
		{ "\"billing\"", ",\"purpose_of_use\":\"ETREAT\"", "ETREAT" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO_DESK desk;

		desk_begin(&desk, arena_print(arena, "{\"roles\":[%s]}", rows[i].roles),
			   arena_print(arena, "[{\"preset\":\"xua\"%s}]", rows[i].more));
		const struct saml_attribute *purpose =
			said(&desk, "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse");

		assert_non_null(purpose);
		assert_string_equal(purpose->values[0].code, rows[i].code);
	}
}

static void single_lines_stand_beside_presets_and_the_first_of_a_name_counts(UNUSED void **state)
{
	static const struct expected rows[] = {
		{ "email", "acc_1" },
		{ "firstName", "Ada" },
		{ "lastName", "Okafor" },
		{ "login", "ada@north.example" },
		{ "displayName", "Ada Okafor" },
		{ "groups", "main:provider,main:manager,west:manager" },
		{ "urn:x", "1234567893" },
		{ "code", "207Q00000X" },
		{ "guest", "true" },
		{ "ok", "false" },
		{ "letter", "Main St\n1" },
		{ "changed", "1970-01-01T00:00:00Z" },
	};
	AUTO_DESK desk;

	desk_begin(
		&desk, everything,
		"[{\"claim\":\"sub\",\"name\":\"email\"},{\"preset\":\"okta\"},"
		"{\"claim\":\"npi\",\"name\":\"urn:x\",\"friendly_name\":\"npi\"},"
		"{\"claim\":\"name\",\"name\":\"urn:x\"},"
		"{\"claim\":\"taxonomy\",\"name\":\"code\",\"format\":\"unspecified\"},"
		"{\"claim\":\"external\",\"name\":\"guest\"},{\"claim\":\"email_verified\",\"name\":\"ok\"},"
		"{\"claim\":\"address\",\"name\":\"letter\"},{\"claim\":\"updated_at\",\"name\":\"changed\"},"
		"{\"claim\":\"nickname\",\"name\":\"nobody\"}]");
	check_all(&desk, rows, COUNT(rows));
	assert_string_equal(desk.said[0].name, "email"); /* the order of the list */
	assert_string_equal(said(&desk, "urn:x")->format, URI);
	assert_string_equal(said(&desk, "urn:x")->friendly_name, "npi");
	assert_string_equal(said(&desk, "email")->format, BASIC);
	assert_string_equal(said(&desk, "code")->format,
			    "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified");
}

static void what_has_no_value_is_not_said(UNUSED void **state)
{
	static const struct {
		const char *claims, *declared;
	} rows[] = {
		{ "{}", NULL },
		{ "{}", "[{\"preset\":\"flat\"}]" },
		{ "{}", "[{\"preset\":\"microsoft\"}]" },
		{ "{}", "[{\"preset\":\"okta\"}]" },
		{ "{\"name\":\"\",\"email\":null,\"roles\":[],\"clinic\":{\"locations\":[]}}", NULL },
		{ "{\"name\":{},\"email\":[[]],\"roles\":[{}],\"clinic\":7}", NULL },
		{ "{\"clinic\":{\"locations\":[{\"roles\":[\"x\"]},{\"id\":{},\"roles\":[\"x\"]}]}}",
		  "[{\"preset\":\"flat\"}]" },
		{ "{\"name\":\"Ada\"}", "[]" },
		{ "{\"name\":\"Ada\"}",
		  "[{\"claim\":\"nothing\",\"name\":\"x\"},{\"claim\":\"name\"},7,{}]" },
		{ "{\"name\":\"Ada\"}", "[{\"preset\":\"none\"}]" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_DESK desk;

		desk_begin(&desk, rows[i].claims, rows[i].declared);
		if (desk.count != 0)
			fail_msg("row %zu: %s", i, desk.said[0].name);
	}
}

/* security.md H13: what XML cannot carry never reaches it; the rest is text and stays what it was. */
static void what_xml_cannot_carry_becomes_a_replacement_character(UNUSED void **state)
{
#define R "\xef\xbf\xbd"
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "a\\u0001b", "a" R "b" },
		{ "\\u001f", R },
		{ "\\u0008\\u000b\\u000c", R R R },
		{ "a\\tb\\nc\\rd", "a\tb\nc\rd" },
		{ "a\\u007fb\\u0085c", "a" R "b" R "c" },
		{ "\\ufffe\\uffff", R R },
		{ "\\ufffd", R },
		{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "</saml:AttributeValue><x a='1'>&amp;]]>", "</saml:AttributeValue><x a='1'>&amp;]]>" },
		{ "Zo\\u00eb <!-- -->", "Zo\xc3\xab <!-- -->" },
	};
#undef R

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO_DESK desk;

		desk_begin(&desk,
			   arena_print(arena, "{\"name\":\"%s\",\"roles\":[\"%s\"]}", rows[i].json,
				       rows[i].json),
			   "[{\"claim\":\"name\",\"name\":\"n\"},{\"claim\":\"role_code\",\"name\":\"r\"}]");
		assert_string_equal(joined(&desk, "n"), rows[i].text);
		assert_string_equal(said(&desk, "r")->values[0].code, rows[i].text);
	}
}

static void the_texts_outlive_the_claims(UNUSED void **state)
{
	AUTO_DESK desk;

	desk_begin(&desk, everything, "[{\"claim\":\"name\",\"name\":\"who\"},{\"preset\":\"xua\"}]");
	json_decref(TAKE(desk.claims));
	assert_string_equal(joined(&desk, "who"), "Ada Okafor");
	assert_string_equal(said(&desk, "urn:oasis:names:tc:xacml:2.0:subject:role")->values[0].code,
			    "provider");
}

static void hundreds_of_locations_are_all_said(UNUSED void **state)
{
	AUTO(json_done) json_t *locations = json_array();
	AUTO(arena_done) struct arena *arena = arena_new();

	for (int i = 0; i < 300; i++)
		json_array_append_new(locations, json_pack("{s:s, s:[s]}", "id", arena_print(arena, "l%d", i),
							   "roles", "provider"));
	AUTO(json_done) json_t *claims = json_pack("{s:{s:O}}", "clinic", "locations", locations);
	AUTO_DESK desk;

	desk_begin(&desk, json_text(arena, claims), "[{\"preset\":\"flat\"}]");
	assert_int_equal(said(&desk, "location_ids")->value_count, 300);
	assert_string_equal(said(&desk, "roles_by_location")->values[299].text, "l299:provider");
}

static void a_declared_list_is_checked(UNUSED void **state)
{
	static const struct {
		const char *declared, *trouble; /* NULL: sound */
	} rows[] = {
		{ "[]", NULL },
		{ "[{\"preset\":\"clinic\"},{\"preset\":\"xua\",\"purpose_of_use\":\"TREATMENT\"}]", NULL },
		{ "[{\"claim\":\"npi\",\"name\":\"urn:x\",\"format\":\"uri\",\"friendly_name\":\"npi\"}]",
		  NULL },
		{ "[{\"claim\":\"npi\",\"name\":\"https://x.example/a\",\"format\":\"uri\"}]", NULL },
		{ "{}", "attributes must be a list" },
		{ "[7]", "attributes[0]: must be an object" },
		{ "[{}]", "attributes[0]: say a preset, or a claim and the name that it goes by" },
		{ "[{\"preset\":\"clinic\"},{\"preset\":\"okt\"}]",
		  "attributes[1]: there is no preset \"okt\"; did you mean \"okta\"?" },
		{ "[{\"preset\":\"something else\"}]",
		  "attributes[0]: there is no preset \"something else\"" },
		{ "[{\"preset\":\"\"}]", "attributes[0]: there is no preset" },
		{ "[{\"preset\":7}]", "attributes[0]: there is no member \"preset\"" },
		{ "[{\"preset\":\"flat\",\"name\":\"x\"}]", "attributes[0]: there is no member \"name\"" },
		{ "[{\"preset\":\"flat\",\"purpose_of_use\":\"TREAT\"}]",
		  "attributes[0]: purpose_of_use goes with preset xua alone" },
		{ "[{\"preset\":\"xua\",\"purpose_of_use\":\"TREATMEN\"}]",
		  "attributes[0]: there is no purpose of use \"TREATMEN\"; did you mean \"TREATMENT\"?" },
		{ "[{\"claim\":\"npj\",\"name\":\"x\"}]",
		  "attributes[0]: there is no claim \"npj\"; did you mean \"npi\"?" },
		{ "[{\"claim\":\"npi\"}]", "attributes[0]: say a preset" },
		{ "[{\"claim\":\"npi\",\"name\":7}]", "attributes[0]: name must be a text" },
		{ "[{\"claim\":\"npi\",\"name\":\"\"}]", "attributes[0]: a name is 1 to 256 bytes" },
		{ "[{\"claim\":\"npi\",\"name\":\"a b\"}]", "attributes[0]: a name is 1 to 256 bytes" },
		{ "[{\"claim\":\"npi\",\"name\":\"a\\u0007\"}]", "attributes[0]: a name is 1 to 256 bytes" },
		{ "[{\"claim\":\"npi\",\"name\":\"a\",\"friendly_name\":\"\"}]",
		  "attributes[0]: a name is 1 to 256 bytes" },
		{ "[{\"claim\":\"npi\",\"name\":\"a\",\"format\":\"url\"}]",
		  "attributes[0]: there is no format \"url\"; did you mean \"uri\"?" },
		{ "[{\"claim\":\"npi\",\"name\":\"a\",\"format\":\"uri\"}]",
		  "attributes[0]: a name of format uri is an absolute URI" },
		{ "[{\"claim\":\"npi\",\"name\":\"1:a\",\"format\":\"uri\"}]",
		  "attributes[0]: a name of format uri is an absolute URI" },
		{ "[{\"claim\":\"npi\",\"name\":\"a\",\"nam\":\"b\"}]",
		  "attributes[0]: there is no member \"nam\"; did you mean \"name\"?" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(json_done) json_t *declared = json_read(rows[i].declared, strlen(rows[i].declared));
		const char *trouble = attributes_trouble(arena, declared);

		if (!rows[i].trouble && trouble)
			fail_msg("%s: %s", rows[i].declared, trouble);
		if (rows[i].trouble && (!trouble || !text_starts(trouble, rows[i].trouble)))
			fail_msg("%s: %s", rows[i].declared, trouble ? trouble : "sound");
	}
}

static void a_declared_list_has_at_most_60_lines(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *list = json_array();

	for (int i = 0; i < 60; i++)
		json_array_append_new(list, json_pack("{s:s}", "preset", "flat"));
	assert_null(attributes_trouble(arena, list));
	json_array_append_new(list, json_pack("{s:s}", "preset", "flat"));
	assert_non_null(attributes_trouble(arena, list));
}

static void every_row_names_a_claim_and_a_preset_that_there_are(UNUSED void **state)
{
	for (const struct attribute_row *row = attribute_rows; row->preset; row++) {
		assert_true(text_list_has(attribute_presets, row->preset));
		assert_non_null(attribute_claim_find(row->claim));
		assert_non_null(attribute_format(row->format + strlen(FORMAT_PREFIX)));
		for (const struct attribute_row *other = attribute_rows; other != row; other++)
			assert_false(text_equal(other->preset, row->preset) &&
				     text_equal(other->name, row->name));
	}
	for (const struct role_purpose *row = role_purposes; row->role; row++)
		assert_non_null(purpose_find(row->code));
	assert_non_null(purpose_find(PURPOSE_OF_OTHERS));
}

static void the_reference_names_every_row(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *page = attributes_reference(arena);

	for (const struct attribute_row *row = attribute_rows; row->preset; row++)
		assert_non_null(strstr(page, arena_print(arena, "| `%s` | %s |", row->name,
							 row->friendly_name ? row->friendly_name : "")));
	for (const struct attribute_claim *claim = attribute_claims; claim->name; claim++)
		assert_non_null(strstr(page, arena_print(arena, "\n| `%s` | ", claim->name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_app_that_declares_nothing_gets_preset_clinic),
		cmocka_unit_test(each_preset_has_its_names),
		cmocka_unit_test(preset_xua_writes_roles_and_purpose_as_coded_elements),
		cmocka_unit_test(a_practice_with_a_uri_of_its_own_is_said_by_it),
		cmocka_unit_test(the_purpose_follows_from_the_roles_unless_the_app_says_one),
		cmocka_unit_test(single_lines_stand_beside_presets_and_the_first_of_a_name_counts),
		cmocka_unit_test(what_has_no_value_is_not_said),
		cmocka_unit_test(what_xml_cannot_carry_becomes_a_replacement_character),
		cmocka_unit_test(the_texts_outlive_the_claims),
		cmocka_unit_test(hundreds_of_locations_are_all_said),
		cmocka_unit_test(a_declared_list_is_checked),
		cmocka_unit_test(a_declared_list_has_at_most_60_lines),
		cmocka_unit_test(every_row_names_a_claim_and_a_preset_that_there_are),
		cmocka_unit_test(the_reference_names_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
