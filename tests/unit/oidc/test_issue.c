/* test_issue.c: what was true at the door is asked again where something is issued, and consent is about what
 * is released, however it was asked for (security.md B8, D10). */
#include "world.h"

#define CLAIMS(json_escaped) "&claims=" json_escaped
/* {"userinfo":{"email":null}} and {"id_token":{"email":{"essential":true}}} */
#define EMAIL_BY_NAME  CLAIMS("%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D")
#define EMAIL_IN_TOKEN CLAIMS("%7B%22id_token%22%3A%7B%22email%22%3A%7B%22essential%22%3Atrue%7D%7D%7D")
/* {"userinfo":{"phone_number":null}}: phone is no scope of the app */
#define PHONE_BY_NAME  CLAIMS("%7B%22userinfo%22%3A%7B%22phone_number%22%3Anull%7D%7D")
#define EMAIL_IN_WORDS "Your e-mail address"

/* An administrator declares some members of the app anew. */
static void change_app(const char *client_id, const char *members)
{
	json_t *declared = json_loads(members, 0, NULL);
	bool created, changed;

	assert_non_null(declared);
	assert_int_equal(json_object_set_new(declared, "client_id", json_string(client_id)), 0);
	meanwhile(NULL, app_apply(&hand.w, declared, NULL, &created, &changed));
	json_decref(declared);
}

static void allow(struct peer *browser, const char *target)
{
	if (browser->session[0]) {
		get(browser, target);
		follow(browser);
	} else {
		sign_in(browser, target);
	}
	assert_int_equal(submit(browser, PATH_CONSENT, "decision=allow"), 303);
	assert_true(answered(browser, "code")[0]);
}

static void consent_to_scopes_is_none_to_claims_asked_by_name(UNUSED void **state)
{
	static const char *const asks[] = {
		ASK("third", "openid", "&prompt=none" EMAIL_BY_NAME),
		ASK("third", "openid", "&prompt=none" EMAIL_IN_TOKEN),
	};
	struct peer browser = { 0 };

	allow(&browser, ASK("third", "openid", ""));
	get(&browser, ASK("third", "openid", "&prompt=none"));
	assert_true(answered(&browser, "code")[0]);
	for (size_t i = 0; i < COUNT(asks); i++) {
		get(&browser, asks[i]);
		if (strcmp(answered(&browser, "error"), "consent_required") != 0)
			fail_msg("case %zu: %s", i, browser.location);
	}
	/* what is never given needs no consent */
	get(&browser, ASK("third", "openid", "&prompt=none" PHONE_BY_NAME));
	assert_true(answered(&browser, "code")[0]);
}

static void the_consent_page_names_what_claims_ask_for_and_remembers_it(UNUSED void **state)
{
	static const char asks[] = ASK("third", "openid", "&prompt=consent" EMAIL_BY_NAME);
	struct peer browser = { 0 }, app = { .authorization = basic("third", SECRET) }, bearer = { 0 };
	char form[1000], header[4096];

	sign_in(&browser, asks);
	assert_non_null(strstr(browser.body, EMAIL_IN_WORDS));
	assert_int_equal(submit(&browser, PATH_CONSENT, "decision=allow"), 303);
	snprintf(form, sizeof form, CODE_FORM("%s"), answered(&browser, "code"));
	assert_int_equal(exchange(&app, form), 200);
	assert_string_equal(member(&app, "scope"), "openid");
	snprintf(header, sizeof header, "Bearer %s", member(&app, "access_token"));
	bearer.authorization = header;
	assert_int_equal(get(&bearer, PATH_USERINFO), 200);
	assert_string_equal(member(&bearer, "email"), "ada@clinic.example");
	get(&browser, ASK("third", "openid", "&prompt=none" EMAIL_BY_NAME));
	assert_true(answered(&browser, "code")[0]);
}

static void claims_that_an_app_always_gets_stand_on_the_consent_page(UNUSED void **state)
{
	struct peer browser = { 0 };

	change_app("third", "{\"id_token_claims\": [\"email\"]}");
	sign_in(&browser, ASK("third", "openid", "&prompt=consent"));
	assert_non_null(strstr(browser.body, EMAIL_IN_WORDS));
	change_app("third", "{\"id_token_claims\": null}");
}

static void a_resource_taken_away_gets_no_more_tokens(UNUSED void **state)
{
	static const char asks[] =
		ASK("web", "openid%20offline_access", "&tenant=north&resource=https%3A%2F%2Fapi.example%2F");
	struct peer browser = { 0 }, app = { 0 };
	char code[128], token[500];

	obtain_tokens(&browser, &app, asks);
	snprintf(token, sizeof token, "%s", member(&app, "refresh_token"));
	obtain_code(&browser, asks, code);
	change_app("web", "{\"resources\": []}");
	assert_int_equal(redeem(&app, code), 400);
	assert_string_equal(member(&app, "error"), "invalid_target");
	assert_int_equal(refresh(&app, token), 400);
	assert_string_equal(member(&app, "error"), "invalid_target");
	change_app("web", "{\"resources\": [\"https://api.example/\"]}");
	assert_int_equal(refresh(&app, token), 200);
}

static void a_scope_taken_away_is_not_given_for_a_code(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char code[128];

	obtain_code(&browser, ASK("web", "openid%20email%20clinic", "&tenant=north"), code);
	change_app("web", "{\"scopes\": [\"openid\", \"clinic\"]}");
	assert_int_equal(redeem(&app, code), 200);
	assert_string_equal(member(&app, "scope"), "openid clinic");
	change_app("web", "{\"scopes\": [\"openid\", \"profile\", \"email\", \"clinic\", \"roles\", "
			  "\"groups\", \"offline_access\"]}");
}

static int pushes_on_record(void)
{
	struct hand hand;

	hand_open(&hand, "");
	int count =
		count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = 'request.push'",
			 V_TEXT(""));
	hand.w.practice = "north";
	count +=
		count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = 'request.push'",
			 V_TEXT("north"));
	hand_end(&hand);
	return count;
}

/* Rows of the audit are kept for good: who proves nothing cannot fill them. */
static void a_push_is_on_record_when_somebody_answers_for_it(UNUSED void **state)
{
	struct peer app = { .authorization = basic("pusher", SECRET) }, stranger = { 0 };
	int before = pushes_on_record();

	assert_int_equal(request_of(&app, PATH_PAR, strstr(ASK("pusher", "openid", ""), "scope")), 201);
	assert_int_equal(pushes_on_record(), before + 1);
	assert_int_equal(request_of(&stranger, PATH_PAR, strchr(ASK("spa", "openid", ""), '?') + 1), 201);
	assert_int_equal(pushes_on_record(), before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(consent_to_scopes_is_none_to_claims_asked_by_name),
		DAY(the_consent_page_names_what_claims_ask_for_and_remembers_it),
		DAY(claims_that_an_app_always_gets_stand_on_the_consent_page),
		DAY(a_resource_taken_away_gets_no_more_tokens),
		DAY(a_scope_taken_away_is_not_given_for_a_code),
		DAY(a_push_is_on_record_when_somebody_answers_for_it),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
