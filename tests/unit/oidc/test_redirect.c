/* test_redirect.c: nobody is sent to an address that is not registered (security.md A1 to A4, P-1). */
#include "world.h"

/* Against https://app.example/cb and https://app.example/bye; %s stands for the registered path. */
static const char *const payloads[] = {
	"https://evil.example/%s",
	"https://app.example.evil.example/%s",
	"https://evil.example/app.example/%s",
	"https://app.example@evil.example/%s",
	"https://app.example:443@evil.example/%s",
	"https://a@b@app.example/%s",
	"https://user@app.example/%s",
	"https://user:pw@app.example/%s",
	"https://evil.example#app.example/%s",
	"https://evil.example?app.example/%s",
	"https://evil.example\\app.example/%s",
	"https:\\\\app.example/%s",
	"https://app.example\\@evil.example/%s",
	"https://app.example/%s/",
	"https://app.example/%s/../x",
	"https://app.example/x/../%s",
	"https://app.example/./%s",
	"https://app.example//%s",
	"https://app.example/%s?x=1",
	"https://app.example/%s?",
	"https://app.example/%s#",
	"https://app.example/%s#x",
	"https://app.example/%s%%20",
	"https://app.example/%s%%00",
	"https://app.example/%s%%0d%%0aSet-Cookie:a=b",
	"https://app.example/%s\r\nX: y",
	"https://app.example/%s\n",
	"https://app.example/%s\t",
	" https://app.example/%s",
	"https://app.example/%s ",
	"\thttps://app.example/%s",
	"https://app.example:443/%s",
	"https://app.example:80/%s",
	"https://app.example:8443/%s",
	"https://APP.EXAMPLE/%s",
	"https://App.example/%s",
	"HTTPS://app.example/%s",
	"hTTps://app.example/%s",
	"http://app.example/%s",
	"http://localhost/%s",
	"http://127.0.0.1/%s",
	"http://[::1]/%s",
	"//app.example/%s",
	"///app.example/%s",
	"/\\app.example/%s",
	"\\\\app.example/%s",
	"/%s",
	"%s",
	"./%s",
	"?%s",
	"https:app.example/%s",
	"https:/app.example/%s",
	"https:///app.example/%s",
	"https://app.example./%s",
	"https://.app.example/%s",
	"https://xapp.example/%s",
	"https://app.examplex/%s",
	"https://app-example/%s",
	"https://*.example/%s",
	"https://app.example/*",
	"https://app.example/",
	"https://app.example",
	"https://app.example/%sx",
	"https://app.example/%s.evil",
	"https://app.example/%s;x",
	"https://app.example/%s%%2f..",
	"https://app.example/%%2e%%2e/%s",
	"https://app.example%%2f@evil.example/%s",
	"https://app.example%%00.evil.example/%s",
	"https://app.example%%E3%%80%%82evil.example/%s",
	"https://xn--app-example/%s",
	"https://\xe2\x93\x90pp.example/%s",
	"https://app\xe3\x80\x82"
	"example/%s",
	"https://app.example/%s\xc2\xa0",
	"javascript:alert(1)//%s",
	"JavaScript:alert(1)//app.example/%s",
	"java\tscript:alert(1)//%s",
	"data:text/html,%s",
	"vbscript:%s",
	"file:///%s",
	"blob:https://app.example/%s",
	"ftp://app.example/%s",
	"ws://app.example/%s",
	"about:blank#%s",
	"intent://app.example/%s",
	"com.evil.app:/%s",
	"https://app.example/%s,https://evil.example/",
	"https://evil.example/ https://app.example/%s",
	"https://app.example/%s|https://evil.example",
	"https://1113982867/%s",
	"https://0x42.0x66.0x7.0x93/%s",
	"https://evil.example/?https://app.example/%s",
	"https://evil.example/%%23https://app.example/%s",
	"https://app.example/%s&redirect_uri=https://evil.example",
	"https://app.example/%s/.",
	"https://app.example/%s%%23",
	"https://app.example/%s%%3f",
	"https://app.example/%s%%ff",
	"https://app.example/C%s",
	"https://app.example/%%63b",
	"https://app.example/%%62ye",
	"null",
	"undefined",
	"0",
	"*",
	".*",
	"https?://app.example/%s",
	"https://app.example/(%s)",
};

static void encode(struct buf *out, const char *format, const char *path)
{
	char uri[600];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(uri, sizeof uri, format, path);
#pragma GCC diagnostic pop
	percent_encode(out, uri);
}

/* The one thing that may stand in a Location: a path of ours. Here the registered address is never asked for.
 */
static void assert_stays(const struct peer *p, const char *payload)
{
	if (p->status == 303 && (p->location[0] != '/' || p->location[1] == '/' || p->location[1] == '\\'))
		fail_msg("%s leads to %s", payload, p->location);
	if (p->status == 200 && strstr(p->body, "id=\"form-post\""))
		fail_msg("%s gets a form", payload);
}

static void the_list_gets_no_authorization_answer(UNUSED void **state)
{
	static const char *const clients[] = { "web", "spa", "third", "loose", "pusher" };
	static const char *const modes[] = { "", "&response_mode=query", "&response_mode=form_post",
					     "&prompt=none" };
	struct peer browser = { 0 };

	sign_in(&browser,
		ASK("web", "openid", "&tenant=north")); /* signed in: an answer would come at once */
	for (size_t i = 0; i < COUNT(payloads); i++)
		for (size_t client = 0; client < COUNT(clients); client++)
			for (size_t mode = 0; mode < COUNT(modes); mode++) {
				AUTO_BUF target = BUF(4 * KB);

				buf_print(&target,
					  PATH_AUTHORIZE "?client_id=%s&response_type=code&scope=openid&code_"
							 "challenge=" CHALLENGE
							 "&code_challenge_method=S256%s&redirect_uri=",
					  clients[client], modes[mode]);
				encode(&target, payloads[i], "cb");
				get(&browser, buf_str(&target));
				assert_stays(&browser, payloads[i]);
				assert_int_equal(browser.status, 400);
			}
}

static void the_list_gets_no_answer_to_a_logout(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char hint[4096];

	obtain_tokens(&browser, &app, ASK("web", "openid", "&tenant=north"));
	snprintf(hint, sizeof hint, "%s", member(&app, "id_token"));
	for (size_t i = 0; i < COUNT(payloads); i++)
		for (int with_hint = 0; with_hint < 2; with_hint++) {
			AUTO_BUF target = BUF(8 * KB);

			buf_print(&target, PATH_LOGOUT "?client_id=web%s%s&post_logout_redirect_uri=",
				  with_hint ? "&id_token_hint=" : "", with_hint ? hint : "");
			encode(&target, payloads[i], "bye");
			get(&browser, buf_str(&target));
			assert_stays(&browser, payloads[i]);
			assert_int_equal(browser.status, 400);
		}
}

static void a_logout_without_an_app_goes_nowhere(UNUSED void **state)
{
	struct peer browser = { 0 };

	assert_int_equal(
		get(&browser, PATH_LOGOUT "?post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye"), 400);
	assert_int_equal(get(&browser, PATH_LOGOUT "?client_id=nobody"), 400);
	assert_int_equal(get(&browser, PATH_LOGOUT "?id_token_hint=a.b.c"), 400);
}

static void a_logout_hint_of_another_app_is_refused(UNUSED void **state)
{
	struct peer browser = { 0 }, app = { 0 };
	char target[5000];

	obtain_tokens(&browser, &app, ASK("web", "openid", "&tenant=north"));
	snprintf(target, sizeof target, PATH_LOGOUT "?client_id=other&id_token_hint=%s",
		 member(&app, "id_token"));
	assert_int_equal(get(&browser, target), 400);
	/* an access token is no hint */
	snprintf(target, sizeof target, PATH_LOGOUT "?id_token_hint=%s", member(&app, "access_token"));
	assert_int_equal(get(&browser, target), 400);
	seconds_pass(3600); /* an expired one is */
	snprintf(target, sizeof target, PATH_LOGOUT "?id_token_hint=%s", member(&app, "id_token"));
	assert_int_not_equal(get(&browser, target), 400);
}

static void what_is_sent_back_cannot_break_the_line(UNUSED void **state)
{
	struct peer browser = { 0 };

	get(&browser, ASK("web", "openid", "2%0d%0aX-Evil%3a%201%22%3cscript%3e&prompt=none"));
	assert_int_equal(browser.status, 303);
	assert_string_equal(answered(&browser, "state"), "xyz2\r\nX-Evil: 1\"<script>");
	for (const char *at = browser.location; *at; at++)
		assert_true(*at > ' ' && *at < 0x7f && *at != '"' && *at != '<');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),           DAY(the_list_gets_no_authorization_answer),
		DAY(the_list_gets_no_answer_to_a_logout),     DAY(a_logout_without_an_app_goes_nowhere),
		DAY(a_logout_hint_of_another_app_is_refused), DAY(what_is_sent_back_cannot_break_the_line),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
