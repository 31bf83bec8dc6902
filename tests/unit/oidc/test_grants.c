/* test_grants.c: what may happen once happens once: codes, refresh families, under races, and in the wrong
 * hands (security.md A5, A6, D4, D5, P-9, S-3 to S-6). */
#include "world.h"

#include <stdatomic.h>

#include "login/session.h"
#include "store/grants.h"

#define WEB_ALL    ASK("web", "openid%20email%20clinic%20offline_access", "&tenant=north")
#define WEB_ONLINE ASK("web", "openid%20clinic", "&tenant=north")

/* ---- P-9: one guess ---- */

struct wrong {
	const char *verifier, *redirect; /* NULL: not sent */
	const char *id, *secret;
	const char *error;
};

#define RIGHT_REDIRECT "https://app.example/cb" /* form-decoded all the same */

static const struct wrong swaps[] = {
	/* the verifier (6) */
	{ NULL, RIGHT_REDIRECT, "web", SECRET, "invalid_grant" },
	{ "", RIGHT_REDIRECT, "web", SECRET, "invalid_grant" },
	{ CHALLENGE, RIGHT_REDIRECT, "web", SECRET, "invalid_grant" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", RIGHT_REDIRECT, "web", SECRET, "invalid_grant" },
	{ VERIFIER "a", RIGHT_REDIRECT, "web", SECRET, "invalid_grant" },
	{ "short", RIGHT_REDIRECT, "web", SECRET, "invalid_grant" },
	/* client and redirect address (8) */
	{ VERIFIER, NULL, "web", SECRET, "invalid_grant" },
	{ VERIFIER, "", "web", SECRET, "invalid_grant" },
	{ VERIFIER, "https%3A%2F%2Fapp.example%2Fcb%2F", "web", SECRET, "invalid_grant" },
	{ VERIFIER, "https%3A%2F%2Fapp.example%2Fbye", "web", SECRET, "invalid_grant" },
	{ VERIFIER, "https%3A%2F%2Fevil.example%2Fcb", "web", SECRET, "invalid_grant" },
	{ VERIFIER, RIGHT_REDIRECT, "third", SECRET, "invalid_grant" },
	{ VERIFIER, RIGHT_REDIRECT, "loose", SECRET, "invalid_grant" },
	{ VERIFIER, RIGHT_REDIRECT, "placed", SECRET, "invalid_grant" },
};
static_assert(COUNT(swaps) == 14, "P-9 names 6 and 8");

static void a_code_shown_wrongly_is_refused_and_burnt(UNUSED void **state)
{
	struct peer browser = { 0 };

	for (size_t i = 0; i < COUNT(swaps); i++) {
		struct peer app = { .authorization = basic(swaps[i].id, swaps[i].secret) };
		char code[128], form[1000];

		obtain_code(&browser, WEB_ALL, code);
		snprintf(form, sizeof form, "grant_type=authorization_code&code=%s%s%s%s%s", code,
			 swaps[i].verifier ? "&code_verifier=" : "",
			 swaps[i].verifier ? swaps[i].verifier : "",
			 swaps[i].redirect ? "&redirect_uri=" : "",
			 swaps[i].redirect ? swaps[i].redirect : "");
		if (exchange(&app, form) != 400 || strcmp(member(&app, "error"), swaps[i].error) != 0)
			fail_msg("case %zu: %d %s", i, app.status, app.body);
		if (redeem(&app, code) != 400)
			fail_msg("case %zu: the code was not burnt", i);
	}
}

static void a_verifier_for_a_code_without_challenge_is_refused(UNUSED void **state)
{
	static const char plain[] =
		"/oauth2/"
		"authorize?client_id=loose&scope=openid&response_type=code&redirect_uri=" RIGHT_REDIRECT;
	struct peer browser = { 0 }, app = { .authorization = basic("loose", SECRET) };
	char code[128], form[600];

	obtain_code(&browser, plain, code);
	snprintf(form, sizeof form, CODE_FORM("%s"), code);
	assert_int_equal(exchange(&app, form), 400);
	obtain_code(&browser, plain, code);
	snprintf(form, sizeof form, "grant_type=authorization_code&code=%s&redirect_uri=" RIGHT_REDIRECT,
		 code);
	assert_int_equal(exchange(&app, form), 200);
}

static void a_code_lives_60_seconds(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char code[128];

	obtain_code(&browser, WEB_ALL, code);
	seconds_pass(59);
	assert_int_equal(redeem(&app, code), 200);
	obtain_code(&browser, WEB_ALL, code);
	seconds_pass(60);
	assert_int_equal(redeem(&app, code), 400);
}

static void each_position_of_a_code_counts(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char code[128], bent[130];

	obtain_code(&browser, WEB_ALL, code);
	for (size_t at = 0; at < strlen(code); at++) {
		snprintf(bent, sizeof bent, "%s", code);
		bent[at] = bent[at] == 'A' ? 'B' : 'A';
		assert_int_equal(redeem(&app, bent), 400);
		snprintf(bent, sizeof bent, "%.*s", (int)at, code);
		assert_int_equal(redeem(&app, bent), 400);
	}
	snprintf(bent, sizeof bent, "%sA", code);
	assert_int_equal(redeem(&app, bent), 400);
	assert_int_equal(redeem(&app, code), 200);
}

static void a_code_that_comes_back_revokes_its_family(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char code[128], header[4096], token[500];

	obtain_code(&browser, WEB_ALL, code);
	assert_int_equal(redeem(&app, code), 200);
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(token, sizeof token, "%s", member(&app, "refresh_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 200);
	assert_int_equal(redeem(&app, code), 400);
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	assert_int_equal(refresh(&app, token), 400);
}

/* ---- races ---- */

struct race {
	const char *form; /* of the token endpoint */
	_Atomic int winners, others, revoked;
	_Atomic int other;     /* the last status that was not 200 */
	char answers[64][512]; /* refresh tokens handed out */
	const char *revoke;    /* form of the revocation endpoint, for every second hand */
};

static void call_at_once(struct hand *hand, int number, void *context)
{
	struct race *race = context;
	struct peer *app = calloc(1, sizeof *app);

	assert(app);
	app->authorization = basic("web", SECRET);
	bool revokes = race->revoke && number % 2;
	int status = request_as(app, hand, revokes ? PATH_REVOKE : PATH_TOKEN,
				revokes ? race->revoke : race->form);

	if (revokes) {
		race->revoked += status == 200;
	} else if (status == 200) {
		race->winners++;
		snprintf(race->answers[number], sizeof race->answers[number], "%s",
			 member(app, "refresh_token"));
	} else {
		race->others++;
		race->other = status;
	}
	free(app);
}

static struct race run_race(const char *form, const char *revoke)
{
	struct race race = { .form = form, .revoke = revoke };

	crew_run(64, NULL, call_at_once, &race);
	return race;
}

static void of_64_who_redeem_one_code_one_gets_tokens(UNUSED void **state)
{
	struct peer browser = { 0 };

	for (int round = 0; round < 3; round++) {
		char code[128], form[600];

		obtain_code(&browser, WEB_ALL, code);
		snprintf(form, sizeof form, CODE_FORM("%s"), code);
		struct race race = run_race(form, NULL);

		assert_int_equal(race.winners, 1);
		assert_int_equal(race.others, 63);
	}
}

static void of_64_who_refresh_all_get_the_one_successor(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char form[600], successor[512] = "";

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s",
		 member(&app, "refresh_token"));
	struct race race = run_race(form, NULL);

	if (race.winners != 64)
		fail_msg("%d were refused, one with %d", race.others, race.other);
	for (int i = 0; i < 64; i++) {
		if (!successor[0])
			snprintf(successor, sizeof successor, "%s", race.answers[i]);
		assert_string_equal(race.answers[i], successor);
	}
	assert_int_equal(refresh(&app, successor), 200);
}

static void revocation_beats_refresh(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char form[600], revoke[600], header[4096];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s",
		 member(&app, "refresh_token"));
	snprintf(revoke, sizeof revoke, "token=%s", member(&app, "refresh_token"));
	struct race race = run_race(form, revoke);

	assert_int_equal(race.revoked, 32);
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	for (int i = 0; i < 64; i++)
		if (race.answers[i][0])
			assert_int_equal(refresh(&app, race.answers[i]), 400);
	app.authorization = basic("web", SECRET);
	assert_int_equal(exchange(&app, form), 400);
}

/* ---- refresh families ---- */

static void a_lost_answer_may_be_asked_for_again_for_10_seconds(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char first[500], second[500];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(first, sizeof first, "%s", member(&app, "refresh_token"));
	assert_int_equal(refresh(&app, first), 200);
	snprintf(second, sizeof second, "%s", member(&app, "refresh_token"));
	assert_string_not_equal(first, second);
	seconds_pass(10);
	assert_int_equal(refresh(&app, first), 200);
	assert_string_equal(member(&app, "refresh_token"), second);
	assert_int_equal(refresh(&app, second), 200);
}

static void a_replay_after_10_seconds_kills_the_family(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char first[500], second[500], header[4096];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(first, sizeof first, "%s", member(&app, "refresh_token"));
	assert_int_equal(refresh(&app, first), 200);
	snprintf(second, sizeof second, "%s", member(&app, "refresh_token"));
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	bearer.authorization = header;
	seconds_pass(11);
	assert_int_equal(get(&bearer, PATH_USERINFO), 200);
	assert_int_equal(refresh(&app, first), 400);
	assert_string_equal(member(&app, "error"), "invalid_grant");
	assert_int_equal(refresh(&app, second), 400);
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
}

static void a_replay_of_a_used_token_kills_the_family_at_once(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char first[500], third[500];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(first, sizeof first, "%s", member(&app, "refresh_token"));
	assert_int_equal(refresh(&app, first), 200);
	assert_int_equal(refresh(&app, member(&app, "refresh_token")), 200);
	snprintf(third, sizeof third, "%s", member(&app, "refresh_token"));
	assert_int_equal(refresh(&app, first), 400);
	assert_int_equal(refresh(&app, third), 400);
}

static void in_the_hands_of_another_app_a_token_is_dead(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, thief = { .authorization = basic("third", SECRET) };
	char form[600], token[500];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(token, sizeof token, "%s", member(&app, "refresh_token"));
	snprintf(form, sizeof form, "token=%s", token);
	assert_int_equal(request_of(&thief, PATH_REVOKE, form), 400);
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s", token);
	assert_int_equal(exchange(&thief, form), 400);
	assert_int_equal(refresh(&app, token), 400);
}

static void scope_may_shrink_and_never_grow(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char form[700], token[500];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(token, sizeof token, "%s", member(&app, "refresh_token"));
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s&scope=openid%%20profile",
		 token);
	assert_int_equal(exchange(&app, form), 400);
	assert_string_equal(member(&app, "error"), "invalid_scope");
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s&scope=openid", token);
	assert_int_equal(exchange(&app, form), 200);
	assert_string_equal(member(&app, "scope"), "openid");
	assert_int_equal(refresh(&app, member(&app, "refresh_token")), 200);
	assert_string_equal(member(&app, "scope"), "openid email clinic offline_access");
}

static void an_offline_family_outlives_its_session_and_ends_at_its_time(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(&browser, &app, WEB_ALL);
	for (int hour = 0; hour < 11; hour++) {
		seconds_pass(3600);
		if (refresh(&app, member(&app, "refresh_token")) != 200)
			fail_msg("hour %d: %s", hour, app.body);
	}
	seconds_pass(3600);
	assert_int_equal(refresh(&app, member(&app, "refresh_token")), 400);
}

static void an_online_family_dies_with_its_session(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(&browser, &app, WEB_ONLINE);
	/* a refresh is activity: idle time starts anew (30 min), */
	for (int i = 0; i < 4; i++) {
		seconds_pass(1500);
		if (refresh(&app, member(&app, "refresh_token")) != 200)
			fail_msg("refresh %d: %s", i, app.body);
	}
	/* and without any the session ends */
	seconds_pass(1801);
	assert_int_equal(refresh(&app, member(&app, "refresh_token")), 400);
}

static void a_role_taken_away_is_gone_at_the_next_refresh(UNUSED void **state)
{
	static const char *const main_only[] = { "main", NULL }, *const west_only[] = { "west", NULL };
	const struct assignment both[] = {
		{ .role_id = "provider", .source = "base", .locations = main_only },
		{ .role_id = "manager", .source = "base", .locations = west_only }
	};
	struct peer browser = { 0 }, app = { 0 };
	AUTO(arena_done) struct arena *arena = arena_new();
	json_t *claims = NULL;
	bool changed;

	obtain_tokens(&browser, &app,
		      ASK("web", "openid%20clinic%20offline_access", "&tenant=north&location=west"));
	meanwhile("north", assignments_replace(&hand.w, world.ada, "base", both, 1, &changed));
	assert_int_equal(refresh(&app, member(&app, "refresh_token")), 200);
	assert_int_equal(
		keyring_verify(world.app.keyring, arena, member(&app, "access_token"), "at+jwt", &claims),
		OK);
	const json_t *clinic = json_object_get(claims, "clinic");
	assert_null(json_object_get(clinic, "location"));
	assert_int_equal(json_array_size(json_object_get(clinic, "locations")), 1);
	assert_null(strstr(json_text(arena, claims), "manager"));
	meanwhile("north", assignments_replace(&hand.w, world.ada, "base", both, 2, &changed));
}

static void a_disabled_account_gets_nothing_more(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096], token[500], code[128];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(token, sizeof token, "%s", member(&app, "refresh_token"));
	obtain_code(&browser, WEB_ALL, code);
	bearer.authorization = header;
	meanwhile("north", account_set_disabled(&hand.w, world.ada, true));
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	assert_int_equal(refresh(&app, token), 400);
	assert_int_equal(redeem(&app, code), 400);
	meanwhile("north", account_set_disabled(&hand.w, world.ada, false));
	assert_int_equal(refresh(&app, token), 400); /* another epoch: it stays dead */
}

static void logging_everyone_out_ends_every_family_of_the_practice(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096], form[4096];

	obtain_tokens(&browser, &app, WEB_ALL);
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(form, sizeof form, "token=%s", member(&app, "access_token"));
	bearer.authorization = header;
	meanwhile("north", practice_log_out_everyone(&hand.w, "north"));
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	assert_int_equal(refresh(&app, member(&app, "refresh_token")), 400);
	assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
	assert_string_equal(app.body, "{\"active\":false}");
}

static void a_client_token_given_back_is_dead(UNUSED void **state)
{
	struct peer app = { .authorization = basic("web", SECRET) };
	char form[4096];

	assert_int_equal(exchange(&app, "grant_type=client_credentials&tenant=north"), 200);
	snprintf(form, sizeof form, "token=%s", member(&app, "access_token"));
	assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
	assert_non_null(strstr(app.body, "\"active\":true"));
	assert_int_equal(request_of(&app, PATH_REVOKE, form), 200);
	assert_int_equal(request_of(&app, PATH_REVOKE, form), 200);
	assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
	assert_string_equal(app.body, "{\"active\":false}");
}

/* Every handle at every other place (C6, T-8). */
static void no_handle_is_good_for_another_purpose(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char code[128], form[4096];
	const char *handles[5];

	obtain_tokens(&browser, &app, WEB_ALL);
	AUTO(arena_done) struct arena *arena = arena_new();
	handles[0] = arena_text(arena, member(&app, "access_token"));
	handles[1] = arena_text(arena, member(&app, "refresh_token"));
	handles[2] = arena_text(arena, browser.session);
	handles[3] = arena_text(arena, browser.flow);
	obtain_code(&browser, WEB_ALL, code);
	handles[4] = code;
	for (size_t i = 0; i < COUNT(handles); i++) {
		if (i != 4)
			assert_int_equal(redeem(&app, handles[i]), 400);
		if (i != 1)
			assert_int_equal(refresh(&app, handles[i]), 400);
		if (i > 1) {
			snprintf(form, sizeof form, "token=%s", handles[i]);
			assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
			assert_string_equal(app.body, "{\"active\":false}");
		}
		if (i != 2) {
			struct peer stranger = { 0 };

			snprintf(stranger.session, sizeof stranger.session, "%.99s", handles[i]);
			get(&stranger, ASK("web", "openid", "&prompt=none"));
			assert_string_equal(answered(&stranger, "error"), "login_required");
		}
	}
}

/* The wall: a code's practice stands in the open in it; another number finds nothing. */
static void a_code_of_one_practice_is_not_there_in_another(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char code[128], moved[140];

	obtain_code(&browser, WEB_ALL, code);
	AUTO_HAND hand;
	hand_open(&hand, NULL);
	snprintf(moved, sizeof moved, "%" PRId64 "%s", snapshot_practice(hand.w.snapshot, "south")->number,
		 strchr(code, '.'));
	assert_int_equal(redeem(&app, moved), 400);
	assert_int_equal(redeem(&app, code), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(a_code_shown_wrongly_is_refused_and_burnt),
		DAY(a_verifier_for_a_code_without_challenge_is_refused),
		DAY(a_code_lives_60_seconds),
		DAY(each_position_of_a_code_counts),
		DAY(a_code_that_comes_back_revokes_its_family),
		DAY(of_64_who_redeem_one_code_one_gets_tokens),
		DAY(of_64_who_refresh_all_get_the_one_successor),
		DAY(revocation_beats_refresh),
		DAY(a_lost_answer_may_be_asked_for_again_for_10_seconds),
		DAY(a_replay_after_10_seconds_kills_the_family),
		DAY(a_replay_of_a_used_token_kills_the_family_at_once),
		DAY(in_the_hands_of_another_app_a_token_is_dead),
		DAY(scope_may_shrink_and_never_grow),
		DAY(an_offline_family_outlives_its_session_and_ends_at_its_time),
		DAY(an_online_family_dies_with_its_session),
		DAY(a_role_taken_away_is_gone_at_the_next_refresh),
		DAY(a_disabled_account_gets_nothing_more),
		DAY(logging_everyone_out_ends_every_family_of_the_practice),
		DAY(a_client_token_given_back_is_dead),
		DAY(no_handle_is_good_for_another_purpose),
		DAY(a_code_of_one_practice_is_not_there_in_another),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
