/* test_flow.c: the way from an app to a session, step by step, and that no step can be skipped. */
#include "world.h"

static const char *const steps[] = { "/login/password", "/login/practice", "/login/change",
				     "/login/location" };

/* ---- straight ways ---- */

static void one_practice_and_one_password_lead_back_to_the_app(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.form_target = "https://app.example";
	arrive(&b);
	assert_at(&b, "/login/password");
	assert_int_equal(b.status, 200);
	assert_true(body_has(&b, "form id=\"login-form\""));
	assert_true(body_has(&b, "Scheduler &amp; Co"));
	assert_non_null(strstr(b.policy, "form-action 'self' https://app.example"));
	type_password(&b, "solo@clinic.example", PASSWORD);
	assert_int_equal(b.status, 303);
	assert_at(&b, "/login");
	follow(&b);
	go_to_app(&b);
	assert_int_equal(b.status, 200);
	assert_true(body_has(&b, world.solo));
	assert_true(body_has(&b, "urn:lanyard:acr:1fa"));
}

static void a_session_leads_on_without_a_page(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	get(&b, "/test/begin");
	follow(&b);
	go_to_app(&b);
	assert_int_equal(b.status, 200);
}

static void an_address_at_two_practices_is_asked_which(UNUSED void **state)
{
	struct browser b = { 0 };

	arrive(&b);
	type_password(&b, "ada@clinic.example", PASSWORD);
	follow(&b);
	assert_at(&b, "/login/practice");
	assert_true(body_has(&b, "<option value=\"north\">Northside Clinic"));
	assert_true(body_has(&b, "<option value=\"south\">Southside Clinic"));
	assert_string_equal(b.session, "");
	post(&b, "/login/practice", "practice=south");
	follow(&b);
	go_to_app(&b);
	assert_true(body_has(&b, world.ada_south));
}

static void an_app_of_one_practice_asks_nothing(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask_client = "northern";
	arrive(&b);
	type_password(&b, "ada@clinic.example", PASSWORD);
	follow(&b);
	go_to_app(&b);
	assert_true(body_has(&b, world.ada));
}

static void the_practice_that_was_asked_for_is_the_one(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.practice_id = "south";
	arrive(&b);
	assert_true(body_has(&b, "Southside Clinic"));
	type_password(&b, "solo@clinic.example", PASSWORD); /* of north alone */
	assert_string_equal(b.word, "sign_in_failed");
	type_password(&b, "ada@clinic.example", PASSWORD);
	follow(&b);
	go_to_app(&b);
	assert_true(body_has(&b, world.ada_south));
}

static void a_session_of_another_practice_signs_in_again(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.practice_id = "south";
	sign_in(&b, "ada@clinic.example");
	world.ask.practice_id = "north";
	arrive(&b);
	assert_at(&b, "/login/password");
	assert_true(body_has(&b, "Northside Clinic"));
}

static void a_single_location_is_not_asked_for(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.need_location = true;
	sign_in(&b, "solo@clinic.example");
	go_to_app(&b);
	assert_true(body_has(&b, "\"location\":\"west\""));
}

static void several_locations_are_asked_for_once(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.need_location = true;
	world.ask.practice_id = "north";
	sign_in(&b, "ada@clinic.example");
	assert_at(&b, "/login/location");
	assert_true(body_has(&b, "<select id=\"location\""));
	assert_true(body_has(&b, "Main Street (Provider)"));
	post(&b, "/login/location", "location=west");
	follow(&b);
	go_to_app(&b);
	assert_true(body_has(&b, "\"location\":\"west\""));
	arrive(&b);
	go_to_app(&b);
	assert_true(body_has(&b, "\"location\":\"west\""));
}

static void a_password_of_somebody_else_is_changed_first(UNUSED void **state)
{
	static const struct {
		const char *fields, *says;
	} refused[] = {
		{ "", "too short" },
		{ "new_password=" NEW_PASSWORD, "differ" },
		{ "new_password=" NEW_PASSWORD "&new_password_again=" OTHER_PASSWORD, "differ" },
		{ "new_password=" PASSWORD "&new_password_again=" PASSWORD, "signed in with just now" },
		{ "new_password=short&new_password_again=short", "too short" },
		{ "new_password=passwordpassword1&new_password_again=passwordpassword1", "easy to guess" },
	};
	struct browser b = { 0 };

	set_temporary();
	sign_in(&b, "temp@clinic.example");
	assert_at(&b, "/login/change");
	assert_true(body_has(&b, "autocomplete=\"new-password\""));
	assert_true(body_has(&b, "At least 15 characters"));
	for (size_t i = 0; i < COUNT(refused); i++) {
		post(&b, "/login/change", refused[i].fields);
		assert_int_equal(b.status, 400);
		assert_string_equal(b.word, "password_weak");
		if (!body_has(&b, refused[i].says))
			fail_msg("%s: %s", refused[i].fields, b.body);
		assert_false(is_signed_in(&b));
	}
	post(&b, "/login/change", "new_password=" NEW_PASSWORD "&new_password_again=" NEW_PASSWORD);
	follow(&b);
	go_to_app(&b);
	assert_int_equal(b.status, 200);

	struct browser again = { 0 };

	arrive(&again);
	type_password(&again, "temp@clinic.example", PASSWORD);
	assert_string_equal(again.word, "sign_in_failed");
	type_password(&again, "temp@clinic.example", NEW_PASSWORD);
	follow(&again);
	assert_at(&again, "/test/continue");
}

static void home_is_a_sign_in_of_its_own(UNUSED void **state)
{
	struct browser b = { 0 };

	get(&b, "/");
	assert_true(body_has(&b, "id=\"sign-in\""));
	get(&b, "/login");
	follow(&b);
	assert_at(&b, "/login/password");
	type_password(&b, "solo@clinic.example", PASSWORD);
	follow(&b);
	assert_string_equal(b.at, "/");
	assert_true(body_has(&b, "solo@clinic.example at Northside Clinic"));
	get(&b, "/login");
	follow(&b);
	assert_string_equal(b.at, "/");
}

/* ---- what is asked is kept ---- */

static void fresh_asks_for_the_password_again(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	world.ask.fresh = true;
	for (int i = 0; i < 2;
	     i++) { /* in the same second as the session and in the same second as the other flow */
		arrive(&b);
		assert_at(&b, "/login/password");
		assert_true(body_has(&b, "value=\"solo@clinic.example\""));
		char skip[200];
		snprintf(skip, sizeof skip, "/test/continue?flow=%s", b.flow_id);
		get(&b, skip);
		assert_int_equal(b.status, 303);
		snprintf(skip, sizeof skip, "/test/finish?flow=%s", b.flow_id);
		get(&b, skip);
		assert_string_equal(b.word, "session_ended");
		type_password(&b, "solo@clinic.example", PASSWORD);
		follow(&b);
		go_to_app(&b);
		assert_int_equal(b.status, 200);
	}
}

static void another_person_than_expected_is_refused(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.expected_sub = world.solo;
	world.ask.practice_id = "north";
	arrive(&b);
	type_password(&b, "ada@clinic.example", PASSWORD);
	assert_string_equal(b.word, "other_person");
	assert_false(is_signed_in(&b));
	type_password(&b, "solo@clinic.example", PASSWORD);
	follow(&b);
	assert_at(&b, "/test/continue");
	world.ask.expected_sub = world.ada;
	arrive(&b);
	assert_at(&b, "/login/password");
}

static void a_strength_that_was_not_shown_is_not_claimed(UNUSED void **state)
{
	static const char *const never[] = { "urn:lanyard:acr:mfa", "urn:lanyard:acr:epcs", "phr", "" };
	struct browser b = { 0 };

	for (size_t i = 0; i < COUNT(never); i++) {
		world.ask.need_acr = never[i];
		arrive(&b);
		assert_at(&b, "/login/password");
		type_password(&b, "solo@clinic.example", PASSWORD);
		follow(&b);
		go_to_app(&b); /* which is told, and may ask for less */
		assert_string_equal(b.word, "unmet_acr");
		assert_false(is_signed_in(&b));
	}
	world.ask.need_acr = "urn:lanyard:acr:1fa";
	sign_in(&b, "solo@clinic.example");
	assert_at(&b, "/test/continue");
}

static void an_app_that_the_person_may_not_use_says_so(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask_client = "billing";
	arrive(&b);
	type_password(&b, "solo@clinic.example", PASSWORD);
	assert_string_equal(b.word, "no_access");
	struct hand desk;
	hand_open(&desk, "north");
	assert_int_equal(
		count_of(&desk,
			 "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = $2 AND at_us >= $3",
			 V_TEXT("north"), V_TEXT("authz.deny"), V_INT(day_us)),
		1);
	hand_end(&desk);
	type_password(&b, "solo@clinic.example", "wrong-password-entirely");
	assert_string_equal(b.word, "sign_in_failed");
	world.ask_client = "scheduler";
	sign_in(&b, "solo@clinic.example");
	world.ask_client = "billing";
	arrive(&b);
	assert_at(&b, "/login/password");
	assert_true(body_has(&b, "who cannot use this app"));
}

static void choosing_an_account_shows_the_page(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	world.ask.select_account = true;
	world.ask.login_hint = "ada@clinic.example";
	arrive(&b);
	assert_at(&b, "/login/password");
	assert_true(body_has(&b, "value=\"ada@clinic.example\""));
}

static enum err would_ask(struct request *rq)
{
	bool asks;

	TRY(flow_would_ask(rq, &world.ask, &asks));
	return respond_empty(rq, asks ? 202 : 204);
}

static void a_protocol_can_know_before_whether_a_page_would_show(UNUSED void **state)
{
	static const struct {
		struct flow_start ask;
		bool asks;
	} cases[] = {
		{ { .kind = "x", .return_to = "/" }, false },
		{ { .kind = "x", .return_to = "/", .fresh = true }, true },
		{ { .kind = "x", .return_to = "/", .select_account = true }, true },
		{ { .kind = "x", .return_to = "/", .practice_id = "north" }, false },
		{ { .kind = "x", .return_to = "/", .practice_id = "south" }, true },
		{ { .kind = "x", .return_to = "/", .need_acr = "urn:lanyard:acr:mfa" }, true },
		{ { .kind = "x", .return_to = "/", .expected_sub = "acct_other" }, true },
		{ { .kind = "x", .return_to = "/", .need_location = true }, false },
	};
	struct browser b = { 0 };
	static const struct route row = { "GET", "/x", would_ask, LANE_QUICK, SPEAKS_HTML, MAY_SESSION, 0 };

	sign_in(&b, "solo@clinic.example");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hand hand = { .arena = arena_new(), .db = db_open(kit_store) };
		struct request rq = { .method = METHOD_GET, .path = "/x", .route = &row };

		world.ask = cases[i].ask;
		work_begin(&rq.w, &world.app, hand.db, hand.arena);
		add_cookies(&rq, &b);
		serve(&rq);
		assert_int_equal(rq.response->status, cases[i].asks ? 202 : 204);
		work_end(&rq.w);
		db_close(hand.db);
		arena_done(&hand.arena);
	}
}

/* ---- what comes back at people ---- */

static void a_wrong_password_keeps_what_was_typed(UNUSED void **state)
{
	struct browser b = { 0 };

	arrive(&b);
	type_password(&b, "solo@clinic.example", "wrong");
	assert_int_equal(b.status, 403);
	assert_true(body_has(&b, "value=\"solo@clinic.example\""));
	assert_false(body_has(&b, "value=\"wrong\""));
	assert_true(body_has(&b, "role=\"alert\""));
	assert_true(body_has(&b, "id=\"error-message\""));
	type_password(&b, "%22%3E%3Cscript%3E", "x");
	assert_false(body_has(&b, "<script>"));
	assert_true(body_has(&b, "&lt;script&gt;"));
}

static void mask(char *text, const char *what)
{
	for (char *at; what[0] && (at = strstr(text, what)) != NULL;)
		memmove(at, at + strlen(what), strlen(at + strlen(what)) + 1);
}

/* The reference differs in each answer. */
static void mask_reference(char *text)
{
	char *at = strstr(text, "Reference: ");

	assert_non_null(at);
	memset(at, '-', strlen("Reference: XXXX-XXXX-XXXX"));
}

static void unknown_disabled_and_wrong_look_the_same(UNUSED void **state)
{
	static const struct {
		const char *email, *password;
	} cases[] = {
		{ "solo@clinic.example", "wrong" },  { "nobody@clinic.example", PASSWORD },
		{ "temp@clinic.example", PASSWORD }, { "solo@clinic.example", "" },
		{ "nobody@clinic.example", "" },
	};
	static char first[64 * 1024];

	meanwhile("north", account_set_disabled(&hand.w, world.temp, true));
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct browser b;

		b = (struct browser){ 0 };
		arrive(&b);
		type_password(&b, cases[i].email, cases[i].password);
		assert_int_equal(b.status, 403);
		mask(b.body, cases[i].email);
		mask(b.body, b.flow_id);
		mask(b.body, b.csrf);
		mask_reference(b.body);
		if (i == 0)
			snprintf(first, sizeof first, "%s", b.body);
		assert_string_equal(b.body, first);
	}
	meanwhile("north", account_set_disabled(&hand.w, world.temp, false));
}

/* Locked tells how long, and the right password does not help before. */
static void too_many_tries_lock_for_a_while(UNUSED void **state)
{
	struct browser b = { 0 };
	int64_t wait;

	world.config.limits.sign_in_tries = 3;
	arrive(&b);
	for (int i = 0; i < 4; i++)
		type_password(&b, "nobody-here@clinic.example", PASSWORD);
	assert_string_equal(b.word, "locked");
	assert_int_equal(b.status, 429);
	assert_true(text_to_int(b.retry, 1, 3600, &wait));
	for (int i = 0; i < 4; i++)
		type_password(&b, "solo@clinic.example", "wrong");
	type_password(&b, "solo@clinic.example", PASSWORD);
	assert_string_equal(b.word, "locked");
	seconds_pass(300);
	sign_in(&b, "solo@clinic.example");
	assert_true(is_signed_in(&b));
	world.config.limits.sign_in_tries = 1000;
}

static void a_form_left_open_is_renewed_for_the_same_app(UNUSED void **state)
{
	struct browser b = { 0 };
	char old[100];

	arrive(&b);
	snprintf(old, sizeof old, "%s", b.flow_id);
	seconds_pass(599);
	type_password(&b, "solo@clinic.example", "wrong");
	assert_string_equal(b.word, "sign_in_failed");
	seconds_pass(1);
	type_password(&b, "solo@clinic.example", PASSWORD);
	assert_int_equal(b.status, 303);
	assert_string_not_equal(b.flow_id, old);
	follow(&b);
	assert_at(&b, "/login/password");
	assert_true(body_has(&b, "value=\"solo@clinic.example\""));
	assert_true(body_has(&b, "started anew"));
	assert_false(is_signed_in(&b));
	type_password(&b, "solo@clinic.example", PASSWORD);
	follow(&b);
	go_to_app(&b);
	assert_int_equal(b.status, 200);
}

static void a_proof_does_not_outlive_its_flow(UNUSED void **state)
{
	struct browser b = { 0 };

	arrive(&b);
	type_password(&b, "ada@clinic.example", PASSWORD);
	seconds_pass(600);
	follow(&b);
	assert_at(&b, "/login/password");
	assert_false(is_signed_in(&b));
}

static void a_flow_that_is_gone_starts_anew(UNUSED void **state)
{
	struct browser b = { 0 };
	char finished[100];

	for (size_t i = 0; i < COUNT(steps); i++) {
		char target[200];

		snprintf(target, sizeof target, "%s?flow=flow_gone", steps[i]);
		get(&b, target);
		assert_int_equal(b.status, 303);
		follow(&b);
		assert_at(&b, "/login/password");
	}
	sign_in(&b, "solo@clinic.example");
	snprintf(finished, sizeof finished, "%s", b.flow_id);
	go_to_app(&b);
	snprintf(b.flow_id, sizeof b.flow_id, "%s", finished);
	type_password(&b, "solo@clinic.example", PASSWORD); /* the back button */
	follow(&b);
	assert_string_equal(b.at, "/");
	assert_true(body_has(&b, "id=\"sign-out\""));
}

static void a_browser_without_cookies_is_told_so(UNUSED void **state)
{
	struct browser b = { .no_cookies = true };

	arrive(&b);
	assert_string_equal(b.word, "flow_other_browser");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(one_practice_and_one_password_lead_back_to_the_app),
		DAY(a_session_leads_on_without_a_page),
		DAY(an_address_at_two_practices_is_asked_which),
		DAY(an_app_of_one_practice_asks_nothing),
		DAY(the_practice_that_was_asked_for_is_the_one),
		DAY(a_session_of_another_practice_signs_in_again),
		DAY(a_single_location_is_not_asked_for),
		DAY(several_locations_are_asked_for_once),
		DAY(a_password_of_somebody_else_is_changed_first),
		DAY(home_is_a_sign_in_of_its_own),
		DAY(fresh_asks_for_the_password_again),
		DAY(another_person_than_expected_is_refused),
		DAY(a_strength_that_was_not_shown_is_not_claimed),
		DAY(an_app_that_the_person_may_not_use_says_so),
		DAY(choosing_an_account_shows_the_page),
		DAY(a_protocol_can_know_before_whether_a_page_would_show),
		DAY(a_wrong_password_keeps_what_was_typed),
		DAY(unknown_disabled_and_wrong_look_the_same),
		DAY(too_many_tries_lock_for_a_while),
		DAY(a_form_left_open_is_renewed_for_the_same_app),
		DAY(a_proof_does_not_outlive_its_flow),
		DAY(a_flow_that_is_gone_starts_anew),
		DAY(a_browser_without_cookies_is_told_so),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
