/* test_mint.c: what stands in the tokens, and what does not. */
#include "world.h"

#include "oidc/mint.h"
#include "oidc/refresh_token.h"

static json_t *claims_of(struct arena *arena, const char *token, const char *typ)
{
	json_t *claims = NULL;
	enum err err = keyring_verify(world.app.keyring, arena, token, typ, &claims);

	if (err != OK)
		fail_msg("%s is not a %s: %s", token, typ, error_row(err)->word);
	return claims;
}

static void assert_members(const json_t *claims, const char *const *names)
{
	const char *name;
	json_t *value;

	for (const char *const *at = names; *at; at++)
		if (!json_object_get(claims, *at))
			fail_msg("%s is missing", *at);
	json_object_foreach ((json_t *)(uintptr_t)claims, name, value)
		if (!text_list_has(names, name))
			fail_msg("%s was not asked for", name);
}

static void an_id_token_has_what_was_asked_and_nothing_else(UNUSED void **state)
{
	static const char *const bare[] = { "iss",       "sub", "aud", "exp", "iat",     "nonce",
					    "auth_time", "acr", "amr", "sid", "at_hash", NULL };
	AUTO(arena_done) struct arena *arena = arena_new();
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(&browser, &app, ASK("web", "openid%20email%20profile", "&tenant=north&nonce=n-1"));
	const json_t *claims = claims_of(arena, member(&app, "id_token"), "JWT");

	assert_members(claims, bare);
	assert_string_equal(json_get_text(claims, "iss"), "http://localhost:8080");
	assert_string_equal(json_get_text(claims, "aud"), "web");
	assert_string_equal(json_get_text(claims, "sub"), world.ada);
	assert_string_equal(json_get_text(claims, "nonce"), "n-1");
	assert_string_equal(json_get_text(claims, "acr"), "urn:lanyard:acr:1fa");
	assert_int_equal(json_get_int(claims, "auth_time", 0), day_us / 1000000);
	assert_int_equal(json_get_int(claims, "exp", 0), day_us / 1000000 + 300);
}

static void the_claims_parameter_brings_claims_into_the_id_token(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(&browser, &app,
		      ASK("web", "openid%20email%20clinic",
			  "&tenant=north&claims=%7B%22id_token%22%3A%7B%22email%22%3Anull%7D%7D"));
	const json_t *claims = claims_of(arena, member(&app, "id_token"), "JWT");

	assert_string_equal(json_get_text(claims, "email"), "ada@clinic.example");
	assert_string_equal(json_get_text(claims, "tenant"), "north");
	assert_int_equal(json_array_size(json_object_get(json_object_get(claims, "clinic"), "locations")), 2);
	/* provider at one place and manager at the other: nowhere both (guide 002) */
	assert_int_equal(json_array_size(json_object_get(claims, "roles")), 0);
}

static void at_hash_is_of_the_access_token(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(&browser, &app, ASK("web", "openid", "&tenant=north"));
	struct bytes digest = sha256(arena, BYTES_OF(member(&app, "access_token")));
	const json_t *claims = claims_of(arena, member(&app, "id_token"), "JWT");

	assert_string_equal(json_get_text(claims, "at_hash"),
			    base64url_encode(arena, (struct bytes){ digest.at, 16 }));
}

static void an_access_token_is_what_rfc_9068_says(UNUSED void **state)
{
	static const char *const names[] = {
		"iss", "sub", "aud", "exp",    "iat",   "jti",    "client_id",      "scope", "auth_time",
		"acr", "amr", "sid", "tenant", "roles", "clinic", "session_expiry", NULL
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(
		&browser, &app,
		ASK("web", "openid%20email%20clinic", "&tenant=north&resource=https%3A%2F%2Fapi.example%2F"));
	const json_t *claims = claims_of(arena, member(&app, "access_token"), "at+jwt");
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)claims, name, value)
		if (!text_list_has(names, name))
			fail_msg("%s was not asked for", name);
	assert_string_equal(json_get_text(claims, "aud"), "https://api.example/");
	assert_string_equal(json_get_text(claims, "client_id"), "web");
	assert_string_equal(json_get_text(claims, "scope"), "openid email clinic");
	assert_string_equal(json_get_text(claims, "tenant"), "north");
	assert_int_equal(json_get_int(claims, "exp", 0), day_us / 1000000 + 300);
	assert_non_null(strchr(json_get_text(claims, "jti"), '.'));
	assert_null(json_object_get(claims, "email"));
}

static void a_token_for_another_server_is_none_for_userinfo(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096], form[4096];

	obtain_tokens(&browser, &app,
		      ASK("web", "openid", "&tenant=north&resource=https%3A%2F%2Fapi.example%2F"));
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(form, sizeof form,
		 "client_id=other&client_secret=another-secret-of-the-other-app-1&token=%s",
		 member(&app, "access_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	/* the server that it is for may ask about it */
	app.authorization = NULL;
	assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
	assert_non_null(strstr(app.body, "\"active\":true"));
}

static void who_has_nothing_to_do_with_a_token_learns_nothing(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char form[8192];

	obtain_tokens(&browser, &app, ASK("web", "openid%20offline_access", "&tenant=north"));
	static const char *const kinds[] = { "access_token", "refresh_token", "id_token" };
	char tokens[3][2048];

	for (size_t i = 0; i < 3; i++)
		snprintf(tokens[i], sizeof tokens[i], "%s", member(&app, kinds[i]));
	for (size_t i = 0; i < 3; i++) {
		app.authorization = basic("third", SECRET);
		snprintf(form, sizeof form, "token=%s", tokens[i]);
		assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
		assert_string_equal(app.body, "{\"active\":false}");
		app.authorization = basic("web", SECRET);
		assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
		assert_true(strstr(app.body, i < 2 ? "\"active\":true" : "\"active\":false") != NULL);
	}
}

static void tokens_live_no_longer_than_what_they_say(UNUSED void **state)
{
	const struct client client = { .access_token_lifetime = 300 };

	assert_int_equal(access_token_expiry(&client, 0, 0, 1000), 1300);
	assert_int_equal(access_token_expiry(&client, 1100, 0, 1000), 1100);
	assert_int_equal(access_token_expiry(&client, 0, 1010, 1000), 1010);
	assert_int_equal(access_token_expiry(&client, 1100, 1010, 1000), 1010);
	assert_int_equal(access_token_expiry(&client, 5000, 6000, 1000), 1300);
}

static void an_access_token_dies_with_its_minutes(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096];

	obtain_tokens(&browser, &app, ASK("web", "openid", "&tenant=north"));
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	bearer.authorization = header;
	seconds_pass(299);
	assert_int_equal(get(&bearer, PATH_USERINFO), 200);
	seconds_pass(1);
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	assert_non_null(strstr(bearer.challenge, "invalid_token"));
}

static void userinfo_takes_the_token_in_one_place_alone(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096], form[4096], target[4096];

	obtain_tokens(&browser, &app, ASK("web", "openid", "&tenant=north"));
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(form, sizeof form, "access_token=%s", member(&app, "access_token"));
	snprintf(target, sizeof target, PATH_USERINFO "?access_token=%s", member(&app, "access_token"));
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	assert_int_equal(request_of(&bearer, PATH_USERINFO, form), 200);
	assert_int_equal(get(&bearer, target), 400);
	bearer.authorization = header;
	assert_int_equal(request_of(&bearer, PATH_USERINFO, form), 400);
	assert_int_equal(get(&bearer, target), 400);
	bearer.authorization = basic("web", SECRET);
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	snprintf(header, sizeof header, "Bearer %s", member(&app, "id_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
}

static void userinfo_needs_the_scope_openid(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096];

	obtain_tokens(&browser, &app, ASK("web", "email", "&tenant=north"));
	assert_string_equal(member(&app, "id_token"), "");
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 403);
	assert_non_null(strstr(bearer.challenge, "insufficient_scope"));
}

static void a_refresh_token_has_one_spelling(UNUSED void **state)
{
	AUTO_HAND hand;
	struct refresh_token read;
	size_t accepted = 0;

	hand_open(&hand, "north");
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "north");
	const char *good = refresh_token_make(&hand.w, practice, "grant_0123456789abcdef", 7);
	size_t size = strlen(good);

	assert_true(refresh_token_read(&hand.w, good, &read));
	assert_ptr_equal(read.practice, practice);
	assert_string_equal(read.family_id, "grant_0123456789abcdef");
	assert_int_equal(read.generation, 7);
	for (size_t at = 0; at <= size; at++) {
		char *cut = arena_textn(hand.arena, good, at);
		char *longer = arena_print(hand.arena, "%.*sA%s", (int)at, good, good + at);
		char *flipped = arena_text(hand.arena, good);

		if (at < size) {
			flipped[at] = flipped[at] == 'A' ? 'B' : 'A';
			accepted += refresh_token_read(&hand.w, cut, &read) +
				    refresh_token_read(&hand.w, flipped, &read);
		}
		accepted += refresh_token_read(&hand.w, longer, &read);
	}
	static const char *const odd[] = { "",      "r",       "r1",
					   "r1...", "r1.a.0.", "r01.grant_0123456789abcdef.7.x",
					   "x" };

	for (size_t i = 0; i < COUNT(odd); i++)
		accepted += refresh_token_read(&hand.w, odd[i], &read);
	accepted += refresh_token_read(&hand.w, NULL, &read);
	accepted += refresh_token_read(&hand.w, arena_print(hand.arena, "%s.", good), &read);
	accepted += refresh_token_read(&hand.w, arena_print(hand.arena, ".%s", good), &read);
	assert_int_equal(accepted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(an_id_token_has_what_was_asked_and_nothing_else),
		DAY(the_claims_parameter_brings_claims_into_the_id_token),
		DAY(at_hash_is_of_the_access_token),
		DAY(an_access_token_is_what_rfc_9068_says),
		DAY(a_token_for_another_server_is_none_for_userinfo),
		DAY(who_has_nothing_to_do_with_a_token_learns_nothing),
		DAY(tokens_live_no_longer_than_what_they_say),
		DAY(an_access_token_dies_with_its_minutes),
		DAY(userinfo_takes_the_token_in_one_place_alone),
		DAY(userinfo_needs_the_scope_openid),
		DAY(a_refresh_token_has_one_spelling),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
