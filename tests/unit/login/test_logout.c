/* test_logout.c: signing out ends the session once, and tells each app once. */
#include "world.h"

static void sign_in_at_app(struct browser *b)
{
	sign_in(b, "solo@clinic.example");
	go_to_app(b);
	assert_int_equal(b->status, 200);
}

static const char *sid_in(const struct browser *b)
{
	static char sid[100];

	find_between(b->body, "\"sid\":\"", '"', sid, sizeof sid);
	return sid;
}

static void signing_out_at_home_ends_the_session_and_tells_each_app_once(UNUSED void **state)
{
	struct browser b = { 0 }, before;

	sign_in_at_app(&b);
	before = b;
	get(&b, "/");
	post(&b, "/logout", "");
	assert_string_equal(b.session, "");
	follow(&b);
	assert_at(&b, "/logged-out");
	assert_true(body_has(&b, "<h1 id=\"logged-out\">"));
	assert_false(is_signed_in(&before));
	assert_int_equal(world.told, 1);
	before.csrf[0] = '\0';
	get(&before, "/logout");
	assert_int_equal(world.told, 1);
}

static void signing_out_without_a_token_is_refused(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in_at_app(&b);
	b.csrf[0] = '\0';
	post(&b, "/logout", "");
	assert_string_equal(b.word, "form_token");
	assert_true(is_signed_in(&b));
}

static void an_app_that_asks_makes_us_ask_the_person(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in_at_app(&b);
	world.logout.post_logout_redirect_uri = "https://app.example/bye?state=x";
	world.logout.client_name = "Scheduler & Co";
	world.logout.hinted_sid = "sid_other";
	get(&b, "/test/logout");
	follow(&b);
	assert_at(&b, "/logout");
	assert_true(body_has(&b, "id=\"logout-confirm\""));
	assert_true(body_has(&b, "Scheduler &amp; Co asks"));
	assert_non_null(strstr(b.policy, "form-action 'self' https://app.example"));
	assert_true(is_signed_in(&b));
	post(&b, "/logout", "");
	assert_string_equal(b.at, "https://app.example/bye?state=x");
	assert_int_equal(b.status, 303);
	assert_false(is_signed_in(&b));
	assert_int_equal(world.told, 1);
}

static void a_hint_of_this_session_asks_nothing(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in_at_app(&b);
	world.logout.hinted_sid = sid_in(&b);
	world.logout.post_logout_redirect_uri = "https://app.example/bye";
	get(&b, "/test/logout");
	assert_string_equal(b.at, "https://app.example/bye");
	assert_false(is_signed_in(&b));
}

static void without_a_session_it_goes_on_at_once(UNUSED void **state)
{
	struct browser b = { 0 };

	world.logout.post_logout_redirect_uri = "https://app.example/bye";
	get(&b, "/test/logout");
	assert_string_equal(b.at, "https://app.example/bye");
	world.logout.post_logout_redirect_uri = NULL;
	get(&b, "/test/logout");
	assert_string_equal(b.at, "/logged-out");
	assert_int_equal(world.told, 0);
}

/* SameSite=Lax: the post itself comes without cookies. */
static void a_logout_posted_by_an_app_finds_the_session_in_a_get_of_ours(UNUSED void **state)
{
	struct browser b = { 0 }, cross;
	char session[100];

	sign_in_at_app(&b);
	snprintf(session, sizeof session, "%s", b.session);
	world.logout.hinted_sid = sid_in(&b);
	world.logout.post_logout_redirect_uri = "https://app.example/bye";
	cross = (struct browser){ .origin = "https://app.example" };
	request_of(&cross, "/test/logout", "a=b");
	assert_at(&cross, "/logout");
	snprintf(cross.session, sizeof cross.session, "%s", session);
	follow(&cross);
	assert_string_equal(cross.at, "https://app.example/bye");
	assert_false(is_signed_in(&b));
	assert_int_equal(world.told, 1);
}

static void frames_are_loaded_before_the_browser_goes_on(UNUSED void **state)
{
	struct browser b = { 0 };

	world.with_frames = true;
	sign_in_at_app(&b);
	world.logout.hinted_sid = sid_in(&b);
	world.logout.post_logout_redirect_uri = "https://app.example/bye";
	get(&b, "/test/logout");
	assert_int_equal(b.status, 200);
	assert_true(body_has(&b, "src=\"https://scheduler.example/out?sid=sid_"));
	assert_true(body_has(&b, "href=\"https://app.example/bye\""));
	assert_non_null(strstr(b.policy, "frame-src http://localhost:8080 https://scheduler.example"));
	assert_string_equal(b.refresh, "3;url=https://app.example/bye");
	assert_false(is_signed_in(&b));
}

/* A form for the app, on a page of ours: the policy names the app, for that is where the frame goes on to. */
static void a_frame_of_ours_may_go_on_to_the_app(UNUSED void **state)
{
	struct browser b = { 0 };

	world.with_frames = world.frames_of_ours = true;
	sign_in_at_app(&b);
	get(&b, "/");
	post(&b, "/logout", "");
	assert_int_equal(b.status, 200);
	assert_true(body_has(&b, "src=\"/form?app=1\""));
	assert_false(body_has(&b, "scheduler.example/out"));
	assert_non_null(strstr(b.policy, "frame-src http://localhost:8080 https://scheduler.example"));
}

/* A logout row of another browser neither ends a session nor sends anybody anywhere. */
static void a_logout_of_another_browser_is_not_followed(UNUSED void **state)
{
	struct browser b = { 0 }, attacker = { 0 };
	char target[200];

	sign_in_at_app(&b);
	world.logout.hinted_sid = sid_in(&b);
	world.logout.post_logout_redirect_uri = "https://evil.example/";
	request_of(&attacker, "/test/logout", "a=b");
	snprintf(target, sizeof target, "%s", attacker.at);
	get(&b, target);
	assert_true(is_signed_in(&b));
	assert_true(body_has(&b, "id=\"logout-confirm\""));
	assert_null(strstr(b.policy, "evil"));
}

static void sign_out_one(struct hand *hand, UNUSED int number, void *context)
{
	struct browser b = *(struct browser *)context;

	request_as(&b, hand, "/test/logout", NULL);
}

static void many_sign_outs_at_once_tell_each_app_once(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in_at_app(&b);
	world.logout.hinted_sid = sid_in(&b);
	crew_run(32, NULL, sign_out_one, &b);
	assert_false(is_signed_in(&b));
	assert_int_equal(world.told, 1);
}

static void a_next_person_at_the_same_browser_gets_nothing_of_the_last(UNUSED void **state)
{
	struct browser b = { 0 };

	for (int i = 0; i < 6; i++) {
		world.ask.practice_id = i % 2 ? "south" : "north";
		sign_in(&b, i % 2 ? "ada@clinic.example" : "solo@clinic.example");
		go_to_app(&b);
		assert_true(body_has(&b, i % 2 ? world.ada_south : world.solo));
		get(&b, "/");
		post(&b, "/logout", "");
		assert_false(is_signed_in(&b));
		if (i % 3 == 0)
			b = (struct browser){ 0 };
	}
	assert_int_equal(world.told, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(signing_out_at_home_ends_the_session_and_tells_each_app_once),
		DAY(signing_out_without_a_token_is_refused),
		DAY(an_app_that_asks_makes_us_ask_the_person),
		DAY(a_hint_of_this_session_asks_nothing),
		DAY(without_a_session_it_goes_on_at_once),
		DAY(a_logout_posted_by_an_app_finds_the_session_in_a_get_of_ours),
		DAY(frames_are_loaded_before_the_browser_goes_on),
		DAY(a_frame_of_ours_may_go_on_to_the_app),
		DAY(a_logout_of_another_browser_is_not_followed),
		DAY(many_sign_outs_at_once_tell_each_app_once),
		DAY(a_next_person_at_the_same_browser_gets_nothing_of_the_last),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
