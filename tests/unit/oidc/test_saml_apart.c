/* test_saml_apart.c: a SAML service provider is nobody at the doors of OpenID Connect, even with a row that
 * has everything an OIDC client has: a secret, redirect addresses, grant types. */
#include "world.h"

#define SP "urn:sp:one"

static void the_service_provider_is_registered(UNUSED void **state)
{
	static const char put[] =
		"INSERT INTO app (client_id, type, name, metadata, secret_hash, disabled, created_at) VALUES "
		"($1, 'saml', 'One', $2, $3, FALSE, 0)";
	static const char serve[] = "INSERT INTO app_practice (client_id, practice_id) VALUES ($1, 'north')";
	static const char document[] =
		"{\"type\":\"saml\",\"client_id\":\"" SP "\",\"redirect_uris\":[\"" CALLBACK
		"\"],\"grant_types\":[\"authorization_code\",\"client_credentials\"],\"scopes\":[\"openid\"],"
		"\"post_logout_redirect_uris\":[\"https://app.example/bye\"],\"metadata\":\"<x/>\"}";
	struct hand hand;

	hand_open(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, put, V_TEXT(SP), V_TEXT(document),
				V_TEXT(secret_hash(hand.arena, "client", SECRET))));
	assert_ok(&hand, db_run(&hand.w, NULL, serve, V_TEXT(SP)));
	assert_ok(&hand, snapshots_refresh(&hand.w, true));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_non_null(snapshot_saml(hand.w.snapshot, SP));
	assert_non_null(snapshot_app(hand.w.snapshot, SP));
	assert_null(snapshot_client(hand.w.snapshot, SP));
	assert_null(snapshot_saml(hand.w.snapshot, "web"));
	assert_non_null(snapshot_client(hand.w.snapshot, "web"));
	hand_end(&hand);
}

static void no_sign_in_begins_for_it(UNUSED void **state)
{
	struct peer browser = { 0 };

	get(&browser, ASK(SP, "openid", "&tenant=north"));
	assert_int_equal(browser.status, 400);
	assert_string_equal(browser.location, "");
}

static void no_token_is_issued_to_it(UNUSED void **state)
{
	static const char *const grants[] = {
		"grant_type=client_credentials&tenant=north",
		"grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fapp.example%2Fcb",
		"grant_type=refresh_token&refresh_token=x",
	};
	struct peer app = { .authorization = basic(SP, SECRET) };

	for (size_t i = 0; i < COUNT(grants); i++) {
		assert_int_equal(request_of(&app, PATH_TOKEN, grants[i]), 401);
		assert_string_equal(member(&app, "error"), "invalid_client");
	}
}

static void nothing_is_told_to_it_or_taken_from_it(UNUSED void **state)
{
	static const char *const doors[] = { PATH_INTROSPECT, PATH_REVOKE, PATH_PAR };
	struct peer app = { .authorization = basic(SP, SECRET) };

	for (size_t i = 0; i < COUNT(doors); i++) {
		assert_int_equal(request_of(&app, doors[i], "token=x"), 401);
		assert_string_equal(member(&app, "error"), "invalid_client");
	}
}

static void no_logout_returns_to_it(UNUSED void **state)
{
	struct peer browser = { 0 };

	get(&browser,
	    PATH_LOGOUT "?client_id=" SP "&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye");
	assert_int_equal(browser.status, 400);
	assert_string_equal(browser.location, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		cmocka_unit_test(the_service_provider_is_registered),
		DAY(no_sign_in_begins_for_it),
		DAY(no_token_is_issued_to_it),
		DAY(nothing_is_told_to_it_or_taken_from_it),
		DAY(no_logout_returns_to_it),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
