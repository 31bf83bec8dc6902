/* test_client_auth.c: which app is this, and can it prove it. */
#include "world.h"

#include <stdatomic.h>

/* Asks for a token of its own; status. */
static int ask_token(struct peer *app, const char *authorization, const char *more)
{
	char form[4096];

	app->authorization = authorization;
	snprintf(form, sizeof form, "grant_type=client_credentials%s", more);
	return exchange(app, form);
}

static void each_app_authenticates_as_it_is_registered(UNUSED void **state)
{
	struct peer app = { 0 };

	assert_int_equal(ask_token(&app, basic("web", SECRET), "&tenant=north"), 200);
	assert_int_equal(ask_token(&app, basic("web", SECRET), "&tenant=north&client_id=web"), 200);
	assert_int_equal(
		ask_token(&app, NULL, "&client_id=other&client_secret=another-secret-of-the-other-app-1"),
		200);
}

static void anything_else_is_refused(UNUSED void **state)
{
	static const struct {
		const char *id, *secret; /* Basic; NULL: none */
		const char *more;
		int status;
	} cases[] = {
		/* twelve empty-ish forms (D11) */
		{ "web", "", "", 401 },
		{ "", "", "", 401 },
		{ "", SECRET, "", 401 },
		{ "web", " ", "", 401 },
		{ "web", "%20", "", 401 },
		{ "web", "%00", "", 401 },
		{ "web", "null", "", 401 },
		{ NULL, NULL, "&client_id=other&client_secret=", 401 },
		{ NULL, NULL, "&client_id=other", 401 },
		{ NULL, NULL, "&client_id=&client_secret=", 401 },
		{ NULL, NULL, "", 401 },
		{ NULL, NULL, "&client_secret=another-secret-of-the-other-app-1", 401 },
		/* wrong */
		{ "web", SECRET "x", "", 401 },
		{ "web", "demo-secret-of-the-app-873", "", 401 },
		{ "nobody", SECRET, "", 401 },
		{ "off", SECRET, "", 401 },
		/* right secret, wrong method */
		{ NULL, NULL, "&client_id=web&client_secret=" SECRET, 401 },
		{ "other", "another-secret-of-the-other-app-1", "", 401 },
		{ "signer", SECRET, "", 401 },
		{ "spa", SECRET, "", 401 },
		/* two at once, two names */
		{ "web", SECRET, "&client_secret=" SECRET, 400 },
		{ "web", SECRET, "&client_assertion=a.b.c", 400 },
		{ "web", SECRET, "&client_id=other", 401 },
		{ NULL, NULL, "&client_id=signer&client_secret=x&client_assertion_type=y", 400 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct peer app = { 0 };
		int status = ask_token(&app, cases[i].id ? basic(cases[i].id, cases[i].secret) : NULL,
				       cases[i].more);

		if (status != cases[i].status)
			fail_msg("case %zu: %d %s", i, status, app.body);
		assert_string_equal(member(&app, "error"),
				    status == 401 ? "invalid_client" : "invalid_request");
		assert_string_equal(app.challenge,
				    status == 401 && cases[i].id ? "Basic realm=\"lanyard\"" : "");
	}
}

static void a_header_that_is_not_basic_is_refused(UNUSED void **state)
{
	static const char *const headers[] = { "Bearer abc", "Basic",      "Basic ",
					       "Basic !!!!", "Basic d2Vi", "Basic OndlYg==",
					       "basic",      "",           "Basic d2ViOmRlbW8=\t" };

	for (size_t i = 0; i < COUNT(headers); i++) {
		struct peer app = { 0 };

		assert_int_equal(ask_token(&app, headers[i], "&tenant=north"), 401);
	}
}

static void a_public_app_is_only_identified(UNUSED void **state)
{
	struct peer app = { 0 };

	assert_int_equal(exchange(&app, "client_id=spa&grant_type=client_credentials"), 400);
	assert_string_equal(member(&app, "error"), "unauthorized_client");
	assert_int_equal(request_of(&app, PATH_INTROSPECT, "client_id=spa&token=x"), 400);
	assert_int_equal(request_of(&app, PATH_REVOKE, "client_id=spa&token=x"), 200);
}

static void parameters_in_the_address_are_refused(UNUSED void **state)
{
	struct peer app = { .authorization = basic("web", SECRET) };

	assert_int_equal(
		request_of(&app, PATH_TOKEN "?client_secret=x", "grant_type=client_credentials&tenant=north"),
		400);
}

static void too_many_failures_close_the_door_for_a_while(UNUSED void **state)
{
	struct peer app = { 0 };
	int status = 401;

	for (int i = 0; i < 25 && status == 401; i++)
		status = ask_token(&app, basic("loose", "wrong"), "");
	assert_int_equal(status, 429);
	assert_int_equal(ask_token(&app, basic("loose", SECRET), ""), 429);
	assert_int_equal(ask_token(&app, basic("web", SECRET), "&tenant=north"), 200);
	seconds_pass(601);
	assert_int_equal(ask_token(&app, basic("loose", SECRET), ""), 200);
}

/* ---- private_key_jwt ---- */

#define AUDIENCE "http://localhost:8080"

static char *assertion(struct arena *arena, json_t *claims, const char *key_text, const char *alg)
{
	struct jose_key *key = jose_key_read(key_text, strlen(key_text));

	assert_non_null(key);
	const char *payload = json_text(arena, claims);
	char *token = jose_sign(key, arena, alg, "JWT", NULL, BYTES_OF(payload));

	jose_key_free(key);
	assert_non_null(token);
	return token;
}

static json_t *good_claims(const char *jti)
{
	json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", "signer", "sub", "signer", "aud",
				   AUDIENCE, "jti", jti, "exp", (json_int_t)(day_us / 1000000 + 60), "iat",
				   (json_int_t)(day_us / 1000000));

	assert_non_null(claims);
	return claims;
}

static int show(struct peer *app, const char *token)
{
	char more[4000];

	snprintf(more, sizeof more,
		 "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-"
		 "bearer&client_assertion=%s",
		 token);
	return ask_token(app, NULL, more);
}

static void an_assertion_is_good_once(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = good_claims("once");
	const char *token = assertion(arena, claims, world.signer_key, "ES256");
	struct peer app = { 0 };

	assert_int_equal(show(&app, token), 200);
	assert_int_equal(show(&app, token), 401);
}

/* NULL value: the member is taken away. */
static void each_claim_of_an_assertion_counts(UNUSED void **state)
{
	static const struct {
		const char *member, *value; /* JSON; "+n": seconds from now */
		int status;
	} cases[] = {
		{ "jti", "\"c1\"", 200 },
		{ "aud", "[\"" AUDIENCE "\"]", 200 },
		{ "aud", "\"" AUDIENCE "/oauth2/token\"", 200 },
		{ "iat", NULL, 200 },
		{ "exp", "+299", 200 },
		{ "aud", "[\"" AUDIENCE "\", \"https://other.example\"]", 401 },
		{ "aud", "[]", 401 },
		{ "aud", NULL, 401 },
		{ "aud", "\"" AUDIENCE "/\"", 401 },
		{ "aud", "\"https://other.example\"", 401 },
		{ "aud", "{}", 401 },
		{ "iss", NULL, 401 },
		{ "iss", "\"web\"", 401 },
		{ "iss", "[\"signer\"]", 401 },
		{ "sub", "\"web\"", 401 },
		{ "sub", NULL, 401 },
		{ "exp", NULL, 401 },
		{ "exp", "+0", 401 },
		{ "exp", "+-60", 401 },
		{ "exp", "+400", 401 },
		{ "exp", "\"1\"", 401 },
		{ "exp", "null", 401 },
		{ "exp", "[1]", 401 },
		{ "exp", "1.5e9", 401 },
		{ "exp", "9223372036854775807", 401 },
		{ "iat", "+60", 401 },
		{ "nbf", "+60", 401 },
		{ "nbf", "\"x\"", 401 },
		{ "jti", NULL, 401 },
		{ "jti", "\"\"", 401 },
		{ "jti", "1", 401 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		seconds_pass(3600); /* failures are counted */
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *claims = good_claims(arena_print(arena, "case-%zu", i));
		struct peer app = { 0 };

		json_object_del(claims, cases[i].member);
		if (cases[i].value && cases[i].value[0] == '+')
			json_set(claims, cases[i].member,
				 json_integer(day_us / 1000000 + strtoll(cases[i].value + 1, NULL, 10)));
		else if (cases[i].value)
			json_set(claims, cases[i].member, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		if (show(&app, assertion(arena, claims, world.signer_key, "ES256")) != cases[i].status)
			fail_msg("case %zu, %s = %s: %d %s", i, cases[i].member,
				 cases[i].value ? cases[i].value : "-", app.status, app.body);
	}
}

static void a_stranger_cannot_sign_nor_burn_an_id(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = good_claims("mine");
	char *private_jwk, *public_jwk, *kid;
	struct peer app = { 0 };

	assert_int_equal(jose_generate("ES256", arena, &private_jwk, &public_jwk, &kid), OK);
	assert_int_equal(show(&app, assertion(arena, claims, private_jwk, "ES256")), 401);
	assert_int_equal(show(&app, "a.b.c"), 401);
	assert_int_equal(show(&app, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzaWduZXIifQ."), 401);
	assert_int_equal(show(&app, assertion(arena, claims, world.signer_key, "ES256")), 200);
}

struct race {
	const char *token;
	_Atomic int winners, others;
};

static void show_at_once(struct hand *hand, UNUSED int number, void *context)
{
	struct race *race = context;
	struct peer *app = calloc(1, sizeof *app);
	char form[4000];

	assert(app);
	snprintf(form, sizeof form,
		 "grant_type=client_credentials"
		 "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-"
		 "bearer&client_assertion=%s",
		 race->token);
	int status = request_as(app, hand, PATH_TOKEN, form);

	if (status == 200)
		race->winners++;
	else
		race->others++;
	free(app);
}

static void of_64_who_show_one_assertion_one_is_believed(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = good_claims("race");
	struct race race = { .token = assertion(arena, claims, world.signer_key, "ES256") };

	crew_run(64, NULL, show_at_once, &race);
	assert_int_equal(race.winners, 1);
	assert_int_equal(race.others, 63);
}

static void a_client_token_speaks_for_one_practice(UNUSED void **state)
{
	struct peer app = { 0 };

	assert_int_equal(ask_token(&app, basic("web", SECRET), ""), 400);
	assert_string_equal(member(&app, "code"), "tenant_missing");
	assert_int_equal(ask_token(&app, basic("web", SECRET), "&tenant=nowhere"), 400);
	assert_int_equal(ask_token(&app, basic("third", SECRET), "&tenant=south"), 400);
	assert_int_equal(ask_token(&app, basic("third", SECRET), "&scope=openid"), 400);
	assert_string_equal(member(&app, "error"), "invalid_scope");
	assert_int_equal(ask_token(&app, basic("third", SECRET), "&resource=https%3A%2F%2Fapi.example%2F"),
			 400);
	assert_string_equal(member(&app, "error"), "invalid_target");
	assert_int_equal(
		ask_token(&app, basic("web", SECRET),
			  "&tenant=south&scope=clinic%20openid&resource=https%3A%2F%2Fapi.example%2F"),
		200);
	assert_string_equal(member(&app, "scope"), "clinic");
	assert_string_equal(member(&app, "refresh_token"), "");
	assert_string_equal(member(&app, "id_token"), "");
	AUTO(arena_done) struct arena *arena = arena_new();
	struct jose_header header;
	json_t *claims = NULL;
	assert_int_equal(jose_peek(arena, member(&app, "access_token"), &header, &claims), OK);
	assert_string_equal(header.typ, "at+jwt");
	assert_string_equal(json_get_text(claims, "tenant"), "south");
	assert_string_equal(json_get_text(claims, "sub"), "web");
	assert_string_equal(json_get_text(claims, "client_id"), "web");
	assert_string_equal(json_get_text(claims, "aud"), "https://api.example/");
	assert_string_equal(json_get_text(claims, "scope"), "clinic");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(each_app_authenticates_as_it_is_registered),
		DAY(anything_else_is_refused),
		DAY(a_header_that_is_not_basic_is_refused),
		DAY(a_public_app_is_only_identified),
		DAY(parameters_in_the_address_are_refused),
		DAY(too_many_failures_close_the_door_for_a_while),
		DAY(an_assertion_is_good_once),
		DAY(each_claim_of_an_assertion_counts),
		DAY(a_stranger_cannot_sign_nor_burn_an_id),
		DAY(of_64_who_show_one_assertion_one_is_believed),
		DAY(a_client_token_speaks_for_one_practice),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
