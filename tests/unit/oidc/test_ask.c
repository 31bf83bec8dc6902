/* test_ask.c: authorization requests: read once, checked in an order that is meaning. */
#include "world.h"

/* 25 protocol parameters (security.md P-5): none may come twice, anywhere. */
static const char *const parameters[] = {
	"client_id",     "redirect_uri", "response_type",  "scope",
	"state",         "nonce",        "code_challenge", "code_challenge_method",
	"response_mode", "prompt",       "max_age",        "login_hint",
	"id_token_hint", "acr_values",   "claims",         "ui_locales",
	"tenant",        "location",     "resource",       "request",
	"request_uri",   "display",      "code",           "grant_type",
	"client_secret",
};
static_assert(COUNT(parameters) == 25, "P-5 names 25");

static void a_parameter_that_comes_twice_is_refused_everywhere(UNUSED void **state)
{
	static const struct {
		const char *path;
		bool post;
	} doors[] = {
		{ PATH_AUTHORIZE, false }, { PATH_AUTHORIZE, true },  { PATH_TOKEN, true },
		{ PATH_PAR, true },        { PATH_INTROSPECT, true }, { PATH_REVOKE, true },
		{ PATH_LOGOUT, false },    { PATH_LOGOUT, true },
	};

	for (size_t door = 0; door < COUNT(doors); door++)
		for (size_t i = 0; i < COUNT(parameters); i++) {
			struct peer peer = { 0 };
			char twice[200], target[300];

			snprintf(twice, sizeof twice, "%s=a&x=1&%s=b", parameters[i], parameters[i]);
			snprintf(target, sizeof target, "%s?%s", doors[door].path, twice);
			int status = doors[door].post ? request_of(&peer, doors[door].path, twice)
						      : get(&peer, target);

			if (status != 400 || !strstr(peer.body, "parameter_repeated"))
				fail_msg("%s twice at %s: %d %s", parameters[i], doors[door].path, status,
					 peer.body);
		}
}

static void the_reader_refuses_repetition_and_excess_by_itself(UNUSED void **state)
{
	AUTO_HAND hand;
	struct ask ask;
	struct form form;
	char twice[200], state_text[4200];

	hand_open(&hand, NULL);
	for (size_t i = 0; i < COUNT(parameters); i++) {
		snprintf(twice, sizeof twice, "%s=a&%s=a", parameters[i], parameters[i]);
		assert_int_equal(form_parse(hand.arena, twice, strlen(twice), 10, &form), OK);
		assert_int_equal(ask_read(&hand.w, &form, &ask), ERR_PARAMETER_REPEATED);
	}
	memset(state_text, 'a', sizeof state_text - 1);
	memcpy(state_text, "state=", 6);
	state_text[sizeof state_text - 1] = '\0';
	assert_int_equal(form_parse(hand.arena, state_text, strlen(state_text), 10, &form), OK);
	assert_int_equal(ask_read(&hand.w, &form, &ask), ERR_PARAMETER_MALFORMED);
}

#define BASE "redirect_uri=https://app.example/cb&response_type=code&state=s"
#define PKCE "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define WEB  "client_id=web&" BASE PKCE "&scope=openid"

static const struct check {
	const char *query;
	enum err verdict;
	bool answerable; /* sent to the app; else shown to the person */
} cases[] = {
	{ WEB, OK, true },
	{ "", ERR_CLIENT_UNKNOWN, false },
	{ "client_id=nobody&" BASE PKCE, ERR_CLIENT_UNKNOWN, false },
	{ "client_id=off&" BASE PKCE, ERR_CLIENT_UNKNOWN, false },
	{ "client_id=WEB&" BASE PKCE, ERR_CLIENT_UNKNOWN, false },
	{ "client_id=web&redirect_uri=https://evil.example/cb&response_type=code", ERR_REDIRECT_URI, false },
	{ "client_id=web&scope=openid&response_type=code" PKCE, ERR_REDIRECT_URI, false },
	{ "client_id=web&scope=email&response_type=code" PKCE, OK, true }, /* one is registered */
	{ "client_id=web&" BASE PKCE, OK, true },
	{ WEB "&response_mode=form_post", OK, true },
	{ WEB "&response_mode=query", OK, true },
	{ WEB "&response_mode=fragment", ERR_REQUEST_INVALID, true },
	{ WEB "&response_mode=form_post.jwt", ERR_REQUEST_INVALID, true },
	{ "client_id=queryonly&" BASE PKCE "&response_mode=form_post", ERR_REQUEST_INVALID, true },
	{ "client_id=queryonly&" BASE PKCE, ERR_CLIENT_MAY_NOT, true },
	{ "client_id=pusher&" BASE PKCE "&scope=openid", ERR_REQUEST_INVALID, true },
	{ WEB "&request=eyJ", ERR_REQUEST_UNSUPPORTED, true },
	{ WEB "&request_uri=https://app.example/r", ERR_REQUEST_URI_UNSUPPORTED, true },
	{ "client_id=web&redirect_uri=https://app.example/cb&scope=openid" PKCE, ERR_REQUEST_INVALID, true },
	{ "client_id=web&redirect_uri=https://app.example/cb&response_type=token" PKCE, ERR_RESPONSE_TYPE,
	  true },
	{ "client_id=web&redirect_uri=https://app.example/cb&response_type=code%20id_token" PKCE,
	  ERR_RESPONSE_TYPE, true },
	{ "client_id=web&" BASE PKCE "&scope=phone", ERR_SCOPE, true },
	{ "client_id=web&" BASE PKCE "&scope=open%22id", ERR_SCOPE, true },
	{ "client_id=web&" BASE PKCE "&scope=openid%20admin", OK, true },
	{ "client_id=web&" BASE "&scope=openid", ERR_REQUEST_INVALID, true },
	{ "client_id=spa&" BASE "&scope=openid", ERR_REQUEST_INVALID, true },
	{ "client_id=loose&" BASE "&scope=openid", OK, true },
	{ "client_id=loose&" BASE "&scope=openid&code_challenge_method=S256", ERR_REQUEST_INVALID, true },
	{ "client_id=loose&" BASE PKCE, OK, true },
	{ "client_id=web&" BASE "&code_challenge=" CHALLENGE, ERR_REQUEST_INVALID, true },
	{ "client_id=web&" BASE "&code_challenge=" CHALLENGE "&code_challenge_method=plain",
	  ERR_REQUEST_INVALID, true },
	{ "client_id=web&" BASE "&code_challenge=" CHALLENGE "&code_challenge_method=s256",
	  ERR_REQUEST_INVALID, true },
	{ "client_id=web&" BASE "&code_challenge=short&code_challenge_method=S256", ERR_REQUEST_INVALID,
	  true },
	{ WEB "&prompt=login%20consent", OK, true },
	{ WEB "&prompt=none%20login", ERR_REQUEST_INVALID, true },
	{ WEB "&prompt=maybe", ERR_REQUEST_INVALID, true },
	{ WEB "&max_age=0", OK, true },
	{ WEB "&max_age=-1", ERR_REQUEST_INVALID, true },
	{ WEB "&max_age=1.5", ERR_REQUEST_INVALID, true },
	{ WEB "&max_age=99999999999", ERR_REQUEST_INVALID, true },
	{ WEB "&id_token_hint=a.b.c", ERR_REQUEST_INVALID, true },
	{ WEB "&claims={\"userinfo\":{\"email\":null}}", OK, true },
	{ WEB "&claims=[]", ERR_REQUEST_INVALID, true },
	{ WEB "&claims={\"id_token\":1}", ERR_REQUEST_INVALID, true },
	{ WEB "&claims={\"id_token\":{},\"id_token\":{}}", ERR_REQUEST_INVALID, true },
	{ WEB "&claims={", ERR_REQUEST_INVALID, true },
	{ WEB "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"urn:lanyard:acr:mfa\"}}}",
	  ERR_UNMET_ACR, true },
	{ WEB "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"x\",\"y\"]}}}", ERR_UNMET_ACR,
	  true },
	{ WEB
	  "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"x\",\"urn:lanyard:acr:1fa\"]}}}",
	  OK, true },
	{ WEB "&claims={\"id_token\":{\"acr\":{\"value\":\"urn:lanyard:acr:mfa\"}}}", OK, true },
	{ WEB "&acr_values=urn:lanyard:acr:epcs", OK, true },
	{ WEB "&tenant=north", OK, true },
	{ WEB "&tenant=nowhere", ERR_NO_ACCESS, true },
	{ "client_id=other&" BASE PKCE "&tenant=south", ERR_NO_ACCESS, true },
	{ WEB "&tenant=north&location=main", OK, true },
	{ WEB "&tenant=north&location=nowhere", ERR_NO_ACCESS, true },
	{ WEB "&location=%2e%2e", ERR_NO_ACCESS, true },
	{ WEB "&resource=https://api.example/", OK, true },
	{ WEB "&resource=https://api.example/x", ERR_TARGET, true },
	{ "client_id=spa&" BASE PKCE "&resource=https://api.example/", ERR_TARGET, true },
	{ WEB "&dpop_jkt=abc&unknown=1&display=popup", OK, true },
	{ WEB "&nonce=&state2=&prompt=", OK, true },
};

/* Values in the table are written as people read them. */
static void read_ask(struct hand *hand, const char *query, struct ask *ask)
{
	AUTO_BUF encoded = BUF(8 * KB);
	struct form form;

	for (; *query; query++) {
		if (strchr("{}[]\":/ ,", *query))
			buf_print(&encoded, "%%%02X", (unsigned char)*query);
		else
			buf_char(&encoded, *query);
	}
	const char *text = arena_text(hand->arena, buf_str(&encoded));

	assert_int_equal(form_parse(hand->arena, text, strlen(text), 50, &form), OK);
	assert_ok(hand, ask_read(&hand->w, &form, ask));
}

static void each_check_says_what_is_wrong_and_to_whom(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_HAND hand;
		struct ask ask;

		hand_open(&hand, NULL);
		read_ask(&hand, cases[i].query, &ask);
		enum err verdict = ask_check(&hand.w, &ask, ASK_AUTHORIZE);

		if (verdict != cases[i].verdict || ask.answerable != cases[i].answerable)
			fail_msg("%s: %s (%s), %s", cases[i].query, verdict ? error_row(verdict)->word : "ok",
				 hand.w.reason ? hand.w.reason : "",
				 ask.answerable ? "answerable" : "a page");
	}
}

static void the_scope_granted_is_asked_and_registered(UNUSED void **state)
{
	static const struct {
		const char *query, *granted;
	} scopes[] = {
		{ "client_id=web&" BASE PKCE "&scope=email%20admin%20openid", "email openid" },
		{ "client_id=web&" BASE PKCE "&scope=openid%20offline_access", "openid offline_access" },
		{ "client_id=web&" BASE PKCE, "" },
	};

	for (size_t i = 0; i < COUNT(scopes); i++) {
		AUTO_HAND hand;
		struct ask ask;

		hand_open(&hand, NULL);
		read_ask(&hand, scopes[i].query, &ask);
		assert_ok(&hand, ask_check(&hand.w, &ask, ASK_AUTHORIZE));
		assert_string_equal(ask.granted, scopes[i].granted);
	}
}

static void an_ask_survives_its_way_through_the_flow(UNUSED void **state)
{
	AUTO_HAND hand;
	struct ask ask, back;
	const char *name, *before, *after;

	hand_open(&hand, NULL);
	read_ask(&hand,
		 WEB
		 "&nonce=n&prompt=consent&max_age=60&tenant=north&location=main&resource=https://api.example/"
		 "&claims={\"id_token\":{\"sub\":{\"value\":\"u_1\"}}}",
		 &ask);
	assert_ok(&hand, ask_check(&hand.w, &ask, ASK_AUTHORIZE));
	AUTO(json_done) json_t *carried = ask_to_json(&ask);
	ask_from_json(&hand.w, carried, &back);
	for (size_t i = 0; ask_parameter(&ask, i, &name, &before); i++) {
		assert_true(ask_parameter(&back, i, &name, &after));
		if (!text_equal(before, after))
			fail_msg("%s: %s became %s", name, before ? before : "-", after ? after : "-");
	}
	assert_string_equal(back.expected_sub, "u_1");
	assert_ok(&hand, ask_check(&hand.w, &back, ASK_CONTINUE));
	assert_string_equal(back.granted, ask.granted);
	assert_int_equal(back.prompts, ask.prompts);
	assert_int_equal(back.max_age_seconds, 60);
	assert_true(back.answerable && back.client == ask.client && back.practice == ask.practice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(a_parameter_that_comes_twice_is_refused_everywhere),
		DAY(the_reader_refuses_repetition_and_excess_by_itself),
		DAY(each_check_says_what_is_wrong_and_to_whom),
		DAY(the_scope_granted_is_asked_and_registered),
		DAY(an_ask_survives_its_way_through_the_flow),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
