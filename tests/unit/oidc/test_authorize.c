/* test_authorize.c: from the app's redirect to tokens and back out: the whole way of one person. */
#include "world.h"

static const char web_all[] =
	ASK("web", "openid%20email%20clinic%20offline_access", "&tenant=north&nonce=n-1");

static void the_code_comes_back_with_state_and_issuer(UNUSED void **state)
{
	struct peer browser = { 0 };

	sign_in(&browser, web_all);
	assert_int_equal(browser.status, 303);
	assert_memory_equal(browser.location, CALLBACK "?", strlen(CALLBACK) + 1);
	assert_string_equal(answered(&browser, "state"), "xyz");
	assert_string_equal(answered(&browser, "iss"), "http://localhost:8080");
	assert_true(answered(&browser, "code")[0]);
}

static void a_code_becomes_tokens_that_userinfo_and_introspection_know(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096], form[4096];

	obtain_tokens(&browser, &app, web_all);
	assert_string_equal(member(&app, "token_type"), "Bearer");
	assert_string_equal(member(&app, "scope"), "openid email clinic offline_access");
	assert_true(member(&app, "id_token")[0] && member(&app, "refresh_token")[0]);
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(form, sizeof form, "token=%s", member(&app, "access_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 200);
	assert_string_equal(member(&bearer, "sub"), world.ada);
	assert_string_equal(member(&bearer, "email"), "ada@clinic.example");
	assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
	AUTO(json_done) json_t *facts = body_json(&app);
	assert_true(json_get_bool(facts, "active", false));
	assert_string_equal(json_get_text(facts, "sub"), world.ada);
	assert_string_equal(json_get_text(facts, "tenant"), "north");
	assert_string_equal(json_get_text(facts, "client_id"), "web");
}

static void a_second_visit_needs_no_page(UNUSED void **state)
{
	struct peer browser = { 0 };

	sign_in(&browser, web_all);
	get(&browser, ASK("web", "openid", ""));
	assert_true(answered(&browser, "code")[0]);
	get(&browser, ASK("web", "openid", "&prompt=none"));
	assert_true(answered(&browser, "code")[0]);
}

struct silent {
	const char *target, *error;
	int64_t later;
};

static void prompt_none_never_shows_a_page(UNUSED void **state)
{
	static const struct silent cases[] = {
		{ ASK("web", "openid", "&prompt=none&tenant=south"), "login_required", 0 },
		{ ASK("web", "openid", "&prompt=none&max_age=30"), "login_required", 60 },
		{ ASK("web", "openid", "&prompt=none&max_age=0"), "login_required", 0 },
		{ ASK("third", "openid", "&prompt=none"), "consent_required", 0 },
		{ ASK("placed", "openid", "&prompt=none"), "interaction_required", 0 },
		{ ASK("web", "openid",
		      "&prompt=none&claims=%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22u_else%22%"
		      "7D%7D%7D"),
		  "login_required", 0 },
		{ ASK("web", "openid", "&prompt=none&tenant=north&location=nowhere"), "access_denied", 0 },
	};
	struct peer browser = { 0 }, stranger = { 0 };

	get(&stranger, ASK("web", "openid", "&prompt=none"));
	assert_string_equal(answered(&stranger, "error"), "login_required");
	sign_in(&browser, web_all);
	for (size_t i = 0; i < COUNT(cases); i++) {
		seconds_pass(cases[i].later);
		get(&browser, cases[i].target);
		if (strcmp(answered(&browser, "error"), cases[i].error) != 0)
			fail_msg("case %zu: %d %s", i, browser.status, browser.location);
		assert_string_equal(answered(&browser, "state"), "xyz");
		assert_string_equal(answered(&browser, "iss"), "http://localhost:8080");
	}
}

static void prompt_login_asks_again_and_says_when(UNUSED void **state)
{
	struct peer browser = { 0 };

	sign_in(&browser, web_all);
	seconds_pass(100);
	get(&browser, ASK("web", "openid", "&prompt=login"));
	assert_memory_equal(browser.location, "/login", 6);
	sign_in(&browser, ASK("web", "openid", "&prompt=login"));
	assert_true(answered(&browser, "code")[0]);
}

static void the_way_back_is_closed_before_the_sign_in_is_done(UNUSED void **state)
{
	struct peer browser = { 0 };
	char id[100], back[200];

	get(&browser, web_all);
	snprintf(id, sizeof id, "%s", strstr(browser.location, "flow=") + 5);
	snprintf(back, sizeof back, PATH_CONTINUE "?flow=%s", id);
	get(&browser, back);
	assert_int_equal(browser.status, 303);
	assert_memory_equal(browser.location, "/login?", 7);
	snprintf(back, sizeof back, PATH_CONSENT "?flow=%s", id);
	get(&browser, back);
	assert_memory_equal(browser.location, "/login?", 7);
}

static void a_flow_in_another_browser_is_refused(UNUSED void **state)
{
	struct peer browser = { 0 }, other = { 0 };
	char back[200], word[64];

	get(&other, web_all);
	get(&browser, web_all);
	snprintf(back, sizeof back, PATH_CONTINUE "?flow=%s", strstr(browser.location, "flow=") + 5);
	get(&other, back);
	error_word(&other, word);
	assert_int_equal(other.status, 400);
	assert_string_equal(word, "flow_other_browser");
}

static void a_flow_gives_one_code(UNUSED void **state)
{
	struct peer browser = { 0 };
	char back[200];

	get(&browser, web_all);
	snprintf(back, sizeof back, PATH_CONTINUE "?flow=%s", strstr(browser.location, "flow=") + 5);
	sign_in(&browser, web_all); /* another flow of this browser signs in */
	get(&browser, back);
	assert_true(answered(&browser, "code")[0]);
	get(&browser, back);
	assert_int_equal(browser.status, 400);
}

static void consent_is_asked_once_and_its_answer_counts(UNUSED void **state)
{
	static const char asks[] = ASK("third", "openid%20email", "");
	struct peer browser = { 0 };

	sign_in(&browser, asks);
	assert_non_null(strstr(browser.body, "id=\"consent-allow\""));
	assert_non_null(strstr(browser.body, "id=\"consent-deny\""));
	assert_non_null(strstr(browser.policy, "https://app.example"));
	assert_int_equal(submit(&browser, PATH_CONSENT, "decision=deny"), 303);
	assert_string_equal(answered(&browser, "error"), "access_denied");
	get(&browser, asks);
	follow(&browser);
	assert_int_equal(submit(&browser, PATH_CONSENT, "decision=perhaps"), 400);
	get(&browser, asks);
	follow(&browser);
	assert_int_equal(submit(&browser, PATH_CONSENT, "decision=allow"), 303);
	assert_true(answered(&browser, "code")[0]);
	get(&browser, ASK("third", "openid", "&prompt=none"));
	assert_true(answered(&browser, "code")[0]);
	get(&browser, ASK("third", "openid%20email%20offline_access", "&prompt=none"));
	assert_string_equal(answered(&browser, "error"), "consent_required");
	get(&browser, ASK("third", "openid", "&prompt=consent"));
	follow(&browser);
	assert_non_null(strstr(browser.body, "id=\"consent-allow\""));
}

static void consent_without_the_form_token_is_refused(UNUSED void **state)
{
	struct peer browser = { 0 };
	char form[300], flow[100];

	sign_in(&browser, ASK("third", "openid%20clinic", ""));
	find_between(browser.body, "name=\"flow\" value=\"", flow, sizeof flow);
	snprintf(form, sizeof form, "flow=%s&decision=allow", flow);
	assert_int_equal(request_of(&browser, PATH_CONSENT, form), 403);
}

static void a_form_post_carries_the_same_answer(UNUSED void **state)
{
	struct peer browser = { 0 };

	sign_in(&browser, ASK("web", "openid", "&tenant=north&response_mode=form_post"));
	assert_int_equal(browser.status, 200);
	assert_non_null(strstr(browser.body, "action=\"" CALLBACK "\""));
	assert_non_null(strstr(browser.body, "name=\"code\""));
	assert_non_null(strstr(browser.body, "name=\"state\" value=\"xyz\""));
	assert_non_null(strstr(browser.body, "name=\"iss\""));
	assert_non_null(strstr(browser.body, "/assets/post.js"));
	assert_non_null(strstr(browser.policy, "https://app.example"));
}

static void a_posted_request_is_taken_along(UNUSED void **state)
{
	struct peer browser = { 0 };

	assert_int_equal(request_of(&browser, PATH_AUTHORIZE, strchr(ASK("web", "openid", ""), '?') + 1),
			 303);
	assert_memory_equal(browser.location, PATH_AUTHORIZE "?", strlen(PATH_AUTHORIZE) + 1);
	follow(&browser);
	assert_non_null(strstr(browser.body, "id=\"login-form\""));
}

static void a_pushed_request_begins_one_sign_in(UNUSED void **state)
{
	struct peer app = { .authorization = basic("pusher", SECRET) }, browser = { 0 };
	char target[400], word[64];

	get(&browser, ASK("pusher", "openid", ""));
	assert_string_equal(answered(&browser, "error"), "invalid_request");
	assert_int_equal(request_of(&app, PATH_PAR, strstr(ASK("pusher", "openid", ""), "scope")), 201);
	AUTO(json_done) json_t *pushed = body_json(&app);
	assert_int_equal(json_get_int(pushed, "expires_in", 0), 90);
	snprintf(target, sizeof target, PATH_AUTHORIZE "?client_id=web&request_uri=%s",
		 json_get_text(pushed, "request_uri"));
	assert_int_equal(get(&browser, target), 400); /* another app's */
	snprintf(target, sizeof target, PATH_AUTHORIZE "?client_id=pusher&request_uri=%s",
		 json_get_text(pushed, "request_uri"));
	sign_in(&browser, target);
	assert_true(answered(&browser, "code")[0]);
	assert_int_equal(get(&browser, target), 400);
	error_word(&browser, word);
	assert_string_equal(word, "request_uri_invalid");
}

static void a_pushed_request_dies_after_90_seconds(UNUSED void **state)
{
	struct peer app = { .authorization = basic("pusher", SECRET) }, browser = { 0 };
	char target[400];

	assert_int_equal(request_of(&app, PATH_PAR, strstr(ASK("pusher", "openid", ""), "scope")), 201);
	snprintf(target, sizeof target, PATH_AUTHORIZE "?client_id=pusher&request_uri=%s",
		 member(&app, "request_uri"));
	seconds_pass(90);
	assert_int_equal(get(&browser, target), 400);
}

static void a_location_is_carried_where_the_person_stands(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };

	obtain_tokens(&browser, &app, ASK("web", "openid%20clinic", "&tenant=north&location=west"));
	AUTO(arena_done) struct arena *arena = arena_new();
	struct jose_header header;
	json_t *claims = NULL;
	assert_int_equal(jose_peek(arena, member(&app, "access_token"), &header, &claims), OK);
	assert_string_equal(
		json_get_text(json_object_get(json_object_get(claims, "clinic"), "location"), "id"), "west");
	assert_string_equal(json_string_value(json_array_get(json_object_get(claims, "roles"), 0)),
			    "manager");
}

static void the_request_of_one_practice_is_not_finished_in_another(UNUSED void **state)
{
	struct peer browser = { 0 };

	sign_in_as(&browser, ASK("web", "openid", "&tenant=south"), "ada@clinic.example");
	assert_false(answered(&browser, "code")[0]);
	assert_non_null(strstr(browser.body, "id=\"login-form\""));
}

static void a_practice_switched_off_on_the_way_gives_no_code(UNUSED void **state)
{
	struct peer browser = { 0 };
	char back[200];
	struct practice_change change = {
		.id = "north", .name = "Northside Clinic", .timezone = "UTC", .disabled = true
	};
	bool changed;

	get(&browser, web_all);
	snprintf(back, sizeof back, PATH_CONTINUE "?flow=%s", strstr(browser.location, "flow=") + 5);
	sign_in(&browser, web_all);
	meanwhile("north", practice_apply(&hand.w, &change, &changed));
	get(&browser, back);
	assert_false(answered(&browser, "code")[0]);
	change.disabled = false;
	meanwhile("north", practice_apply(&hand.w, &change, &changed));
}

static void signing_out_ends_what_the_session_gave(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 }, bearer = { 0 };
	char header[4096], target[4096], form[4096], token[500];

	obtain_tokens(&browser, &app, ASK("web", "openid", "&tenant=north"));
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	snprintf(form, sizeof form, "token=%s", member(&app, "access_token"));
	snprintf(token, sizeof token, "%s", member(&app, "refresh_token"));
	snprintf(
		target, sizeof target,
		PATH_LOGOUT
		"?id_token_hint=%s&post_logout_redirect_uri=https%%3A%%2F%%2Fapp.example%%2Fbye&state=s%%261",
		member(&app, "id_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 200);
	get(&browser, target);
	follow(&browser);
	/* frames of the app are shown first, or the browser is sent on at once */
	if (browser.status == 303) {
		assert_memory_equal(browser.location, "https://app.example/bye?state=s%261", 35);
	} else {
		assert_non_null(strstr(browser.body, "https://app.example/bye?state=s%261"));
	}
	assert_int_equal(get(&bearer, PATH_USERINFO), 401);
	assert_int_equal(request_of(&app, PATH_INTROSPECT, form), 200);
	assert_string_equal(app.body, "{\"active\":false}");
	assert_int_equal(refresh(&app, token), 400);
	assert_string_equal(member(&app, "error"), "invalid_grant");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(the_code_comes_back_with_state_and_issuer),
		DAY(a_code_becomes_tokens_that_userinfo_and_introspection_know),
		DAY(a_second_visit_needs_no_page),
		DAY(prompt_none_never_shows_a_page),
		DAY(prompt_login_asks_again_and_says_when),
		DAY(the_way_back_is_closed_before_the_sign_in_is_done),
		DAY(a_flow_in_another_browser_is_refused),
		DAY(a_flow_gives_one_code),
		DAY(consent_is_asked_once_and_its_answer_counts),
		DAY(consent_without_the_form_token_is_refused),
		DAY(a_form_post_carries_the_same_answer),
		DAY(a_posted_request_is_taken_along),
		DAY(a_pushed_request_begins_one_sign_in),
		DAY(a_pushed_request_dies_after_90_seconds),
		DAY(a_location_is_carried_where_the_person_stands),
		DAY(the_request_of_one_practice_is_not_finished_in_another),
		DAY(a_practice_switched_off_on_the_way_gives_no_code),
		DAY(signing_out_ends_what_the_session_gave),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
