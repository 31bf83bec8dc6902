/* service.h: which address of a service is meant. */
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
		TEST(names_and_uris_go_together),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
