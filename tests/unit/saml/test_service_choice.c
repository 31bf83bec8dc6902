/* service.h: which address of a service is meant, and its metadata written anew. */
#include "service_kit.h"

static void an_address_for_answers_is_one_of_the_metadata(void **state)
{
	struct service s = read_fine(*state, rich(*state));
	const struct {
		const char *url;
		int64_t index;
		enum saml_binding binding;
		const char *location; /* NULL: none */
		enum saml_binding chosen;
	} rows[] = {
		{ NULL, -1, BINDING_NONE, "https://sp.example/acs", BINDING_POST },
		{ NULL, -1, BINDING_ARTIFACT, "https://sp.example/acs", BINDING_ARTIFACT },
		{ NULL, -1, BINDING_PAOS, "https://sp.example/ecp", BINDING_PAOS },
		{ "https://sp.example/acs", -1, BINDING_NONE, "https://sp.example/acs", BINDING_POST },
		{ "https://sp.example/acs", -1, BINDING_ARTIFACT, "https://sp.example/acs",
		  BINDING_ARTIFACT },
		{ NULL, 3, BINDING_NONE, "https://sp.example/acs", BINDING_ARTIFACT },
		{ NULL, 3, BINDING_POST, NULL, BINDING_NONE },
		{ NULL, 4, BINDING_NONE, NULL, BINDING_NONE },
		{ "https://sp.example/ecp", -1, BINDING_NONE, NULL, BINDING_NONE },
		{ "https://sp.example/acs/", -1, BINDING_NONE, NULL, BINDING_NONE },
		{ "https://sp.example/simple", -1, BINDING_NONE, NULL, BINDING_NONE },
		{ "https://attacker.example/acs", -1, BINDING_POST, NULL, BINDING_NONE },
		{ NULL, 9, BINDING_NONE, NULL, BINDING_NONE },
		{ NULL, -1, BINDING_REDIRECT, NULL, BINDING_NONE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct endpoint *acs = service_acs(&s, rows[i].url, rows[i].index, rows[i].binding);

		if ((acs == NULL) != (rows[i].location == NULL))
			fail_msg("row %zu: %s", i, acs ? acs->location : "none");
		if (acs) {
			assert_string_equal(acs->location, rows[i].location);
			assert_int_equal(acs->binding, rows[i].chosen);
		}
	}
}

/* --- metadata written anew --- */

static void written_metadata_says_the_same_and_no_more(void **state)
{
	struct service s = read_fine(*state, rich(*state));
	char *xml = service_metadata(*state, &s);
	struct service again = read_fine(*state, xml);

	assert_null(xml_scan(BYTES_OF(xml), &xml_of_metadata));
	assert_int_equal(again.acs_count, s.acs_count);
	assert_int_equal(again.slo_count, s.slo_count);
	assert_true(again.requests_signed && again.wants_assertions_signed);
	for (size_t i = 0; i < s.acs_count; i++) {
		assert_string_equal(again.acs[i].location, s.acs[i].location);
		assert_int_equal(again.acs[i].binding, s.acs[i].binding);
		assert_int_equal(again.acs[i].index, s.acs[i].index);
		assert_int_equal(again.acs[i].is_default, s.acs[i].is_default);
	}
	assert_int_equal(again.certificate_count, 2);
	assert_string_equal(again.certificates[0].base64, rsa);
	assert_false(again.certificates[0].encryption);
	assert_null(strstr(xml, "Signature>"));
	assert_null(strstr(xml, "Billing"));
}

static void an_entity_id_with_markup_stays_a_value(void **state)
{
	static const struct endpoint acs = { BINDING_POST, "https://sp.example/?a=1&b='2'", NULL, -1, false };
	const struct service s = { .entity_id = "urn:\"/><x/y='&amp;<", .acs = &acs, .acs_count = 1 };
	struct service again;
	const char *trouble = NULL, *xml = service_metadata(*state, &s);

	assert_int_equal(service_read(*state, xml, strlen(xml), s.entity_id, NOW, false, &again, &trouble),
			 OK);
	assert_string_equal(again.entity_id, s.entity_id);
	assert_string_equal(again.acs[0].location, acs.location);
}

static void names_and_uris_go_together(void **state)
{
	enum name_id_format format;

	(void)state;
	for (enum name_id_format i = NAME_ID_UNSPECIFIED; i <= NAME_ID_EMAIL; i++) {
		assert_true(name_id_of(name_id_uri(i), &format) && format == i);
		assert_true(*name_id_word(i) != '\0');
	}
	assert_false(name_id_of("urn:x", &format));
	assert_false(name_id_of(NULL, &format));
	for (enum saml_binding i = BINDING_REDIRECT; i <= BINDING_PAOS; i++)
		assert_int_equal(saml_binding_of(saml_binding_uri(i)), i);
	assert_int_equal(saml_binding_of(NULL), BINDING_NONE);
	assert_int_equal(saml_binding_of("HTTP-POST"), BINDING_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
	const struct CMUnitTest tests[] = {
		TEST(an_address_for_answers_is_one_of_the_metadata),
		TEST(written_metadata_says_the_same_and_no_more),
		TEST(an_entity_id_with_markup_stays_a_value),
		TEST(names_and_uris_go_together),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
