/* test_discovery.c: what the provider says about itself is what it does. */
#include "world.h"

#include "oidc/discovery.h"

static void metadata_names_exactly_what_works(UNUSED void **state)
{
	static const char *const names[] = {
		"issuer",
		"authorization_endpoint",
		"token_endpoint",
		"userinfo_endpoint",
		"jwks_uri",
		"introspection_endpoint",
		"revocation_endpoint",
		"end_session_endpoint",
		"pushed_authorization_request_endpoint",
		"scopes_supported",
		"claims_supported",
		"response_types_supported",
		"response_modes_supported",
		"grant_types_supported",
		"subject_types_supported",
		"claim_types_supported",
		"id_token_signing_alg_values_supported",
		"code_challenge_methods_supported",
		"prompt_values_supported",
		"acr_values_supported",
		"ui_locales_supported",
		"token_endpoint_auth_methods_supported",
		"token_endpoint_auth_signing_alg_values_supported",
		"introspection_endpoint_auth_methods_supported",
		"introspection_endpoint_auth_signing_alg_values_supported",
		"revocation_endpoint_auth_methods_supported",
		"revocation_endpoint_auth_signing_alg_values_supported",
		"authorization_response_iss_parameter_supported",
		"backchannel_logout_supported",
		"backchannel_logout_session_supported",
		"frontchannel_logout_supported",
		"frontchannel_logout_session_supported",
		"claims_parameter_supported",
		"request_parameter_supported",
		"request_uri_parameter_supported",
		"require_pushed_authorization_requests",
	};
	const struct config config = { .issuer = "https://id.example" };
	AUTO(json_done) json_t *document = discovery_document(&config);

	for (size_t i = 0; i < COUNT(names); i++)
		if (!json_object_get(document, names[i]))
			fail_msg("%s is missing", names[i]);
	assert_int_equal(json_object_size(document), COUNT(names));
	assert_string_equal(json_get_text(document, "issuer"), "https://id.example");
	assert_string_equal(json_get_text(document, "token_endpoint"), "https://id.example/oauth2/token");
	assert_false(json_get_bool(document, "request_parameter_supported", true));
	assert_false(json_get_bool(document, "request_uri_parameter_supported", true));
	assert_int_equal(json_array_size(json_object_get(document, "response_types_supported")), 1);
	assert_int_equal(json_array_size(json_object_get(document, "code_challenge_methods_supported")), 1);
}

static void every_endpoint_that_is_named_has_a_route(UNUSED void **state)
{
	const struct config config = { .issuer = "" };
	AUTO(json_done) json_t *document = discovery_document(&config);
	const char *name;
	json_t *value;
	size_t endpoints = 0;

	json_object_foreach (document, name, value) {
		if (!text_ends(name, "_endpoint") && !text_equal(name, "jwks_uri"))
			continue;
		const char *path = json_string_value(value);

		if (!route_in(oidc_routes, "GET", path) && !route_in(oidc_routes, "POST", path))
			fail_msg("%s leads to %s", name, path);
		endpoints++;
	}
	assert_int_equal(endpoints, 8);
}

static void both_well_known_addresses_tell_the_same(UNUSED void **state)
{
	struct peer one = { 0 }, two = { 0 };

	assert_int_equal(get(&one, "/.well-known/openid-configuration"), 200);
	assert_int_equal(get(&two, "/.well-known/oauth-authorization-server"), 200);
	assert_string_equal(one.body, two.body);
	assert_string_equal(member(&one, "issuer"), world.config.issuer);
}

static void keys_are_published_without_secrets(UNUSED void **state)
{
	struct peer anybody = { 0 };
	size_t at;
	json_t *key;

	assert_int_equal(get(&anybody, PATH_JWKS), 200);
	AUTO(json_done) json_t *keys = body_json(&anybody);
	assert_true(json_array_size(json_object_get(keys, "keys")) >= 2);
	json_array_foreach (json_object_get(keys, "keys"), at, key) {
		static const char *const secret[] = { "d", "p", "q", "dp", "dq", "qi", "k" };

		for (size_t i = 0; i < COUNT(secret); i++)
			assert_null(json_object_get(key, secret[i]));
	}
}

static void metadata_and_keys_need_no_store(UNUSED void **state)
{
	static const char *const paths[] = { "/.well-known/openid-configuration", PATH_JWKS };

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct hand hand = { .arena = arena_new() };
		struct peer anybody = { 0 };

		assert_int_equal(route_of("GET", paths[i])->lane, LANE_INLINE);
		assert_int_equal(request_as(&anybody, &hand, paths[i], NULL), 200);
		arena_done(&hand.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		cmocka_unit_test(metadata_names_exactly_what_works),
		cmocka_unit_test(every_endpoint_that_is_named_has_a_route),
		cmocka_unit_test(both_well_known_addresses_tell_the_same),
		cmocka_unit_test(keys_are_published_without_secrets),
		cmocka_unit_test(metadata_and_keys_need_no_store),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
