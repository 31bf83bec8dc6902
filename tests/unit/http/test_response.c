/* test_response.c: answers and their headers, and faults in the caller's language. */
#include "unit/http/unit.h"

#include <microhttpd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/response_make.h"
#include "http/trouble.h"

#define POLICY                                                                                               \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "         \
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; form-action "     \
	"'self'"

static struct unit unit;
static struct route route = { "GET", "/x", NULL, LANE_QUICK, SPEAKS_JSON, 0, 0 };

static int begin(void **state)
{
	unit_begin(state);
	unit_request(&unit, false);
	unit.rq.route = &route;
	route = (struct route){ "GET", "/x", NULL, LANE_QUICK, SPEAKS_JSON, 0, 0 };
	return 0;
}

/* The header as libmicrohttpd would send it; NULL when absent. */
static const char *sent(const char *name)
{
	struct MHD_Response *made = response_make(&unit.rq, false);
	const char *value = arena_text(arena, MHD_get_response_header(made, name));

	MHD_destroy_response(made);
	return value;
}

static const char *body(void)
{
	return arena_textn(arena, (const char *)unit.rq.response->body.at, unit.rq.response->body.size);
}

static void expect(const char *name, const char *value)
{
	const char *got = sent(name);

	if (value ? !got || strcmp(got, value) != 0 : got != NULL)
		fail_msg("%s: %s", name, got ? got : "(absent)");
}

static void respond_with_page(const char *form_target, const char *frames)
{
	AUTO_BUF page = BUF(1000);

	buf_text(&page, "<p>page</p>");
	assert_int_equal(respond_page(&unit.rq, 200, &page, form_target, frames), OK);
}

static void a_page_is_protected_against_all_that_is_inline_or_foreign(void **state)
{
	(void)state;
	respond_with_page(NULL, NULL);
	expect("Content-Security-Policy", POLICY);
	expect("Content-Type", "text/html; charset=utf-8");
	expect("Cache-Control", "no-store");
	expect("Referrer-Policy", "no-referrer");
	expect("X-Content-Type-Options", "nosniff");
	expect("Strict-Transport-Security", "max-age=31536000");
	assert_string_equal(body(), "<p>page</p>");
}

static void a_form_may_end_at_the_origin_of_its_app(void **state)
{
	static const struct {
		const char *target, *end;
	} rows[] = {
		{ "https://app.example", POLICY " https://app.example" },
		{ "https://app.example/cb?x=1", POLICY " https://app.example" },
		{ "https://app.example:8443/cb", POLICY " https://app.example:8443" },
		{ "http://127.0.0.1:4000/cb", POLICY " http://127.0.0.1:4000" },
		{ "https://app.example;script-src *", POLICY },
		{ "com.example.app:", POLICY " com.example.app:" },
		{ "com.example.app:/cb", POLICY },
		{ "javascript:", POLICY },
		{ "data:", POLICY },
		{ "https:", POLICY },
		{ "https://app.example'; script-src *", POLICY },
		{ "*", POLICY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		respond_with_page(rows[i].target, NULL);
		const char *policy = sent("Content-Security-Policy");

		/* Whatever is made of it, no directive is added. */
		if (strstr(policy, "script-src *") || strcmp(policy, rows[i].end) != 0)
			fail_msg("%s: %s", rows[i].target, policy);
	}
}

static void pages_frame_only_the_origins_named(void **state)
{
	(void)state;
	respond_with_page(NULL, "https://a.example/logout https://b.example:444 nonsense");
	expect("Content-Security-Policy", POLICY "; frame-src https://a.example https://b.example:444");
}

static void in_development_there_is_no_strict_transport(void **state)
{
	(void)state;
	unit_request(&unit, true);
	respond_with_page(NULL, NULL);
	expect("Strict-Transport-Security", NULL);
}

static void json_is_never_stored(void **state)
{
	json_t *value = json_pack("{s:s}", "a", "b");

	(void)state;
	route.speaks = SPEAKS_OAUTH;
	assert_int_equal(respond_json(&unit.rq, 200, value), OK);
	json_decref(value);
	expect("Content-Type", "application/json");
	expect("Cache-Control", "no-store");
	expect("Pragma", "no-cache");
	expect("Access-Control-Allow-Origin", NULL);
	assert_string_equal(body(), "{\"a\":\"b\"}");
	route.needs = ANY_ORIGIN;
	expect("Access-Control-Allow-Origin", "*");
}

static void a_known_tag_is_answered_without_the_body(void **state)
{
	static const struct {
		const char *if_none_match;
		int status;
	} rows[] = { { NULL, 200 },      { "\"t1\"", 304 }, { "W/\"t1\"", 304 }, { "\"x\", \"t1\"", 304 },
		     { "*", 304 },       { "\"t2\"", 200 }, { "t1", 200 },       { "\"t1", 200 },
		     { "\"t11\"", 200 }, { "", 200 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit.rq.if_none_match = rows[i].if_none_match;
		assert_int_equal(respond_cached(&unit.rq, "application/json", "{}", "t1", 300), OK);
		if (unit.rq.response->status != rows[i].status)
			fail_msg("%s: %d", rows[i].if_none_match, unit.rq.response->status);
		expect("ETag", "\"t1\"");
		expect("Cache-Control", "public, max-age=300");
		assert_int_equal(unit.rq.response->body.size, rows[i].status == 200 ? 2 : 0);
	}
}

static void a_redirect_after_post_is_303(void **state)
{
	(void)state;
	assert_int_equal(respond_redirect(&unit.rq, "/login?flow=1"), OK);
	assert_int_equal(unit.rq.response->status, 303);
	expect("Location", "/login?flow=1");
	expect("Cache-Control", "no-store");
}

static void bytes_that_would_begin_a_header_never_leave(void **state)
{
	static const char *const values[] = { "a\rb", "a\nb", "a\r\nSet-Cookie: x=y", "\x01", "a\x7f" };
	static const char *const locations[] = { "https://a.example/\r\nX: y", "//evil.example/",
						 "/\\evil.example", "https://a b", "/a\n" };

	(void)state;
	/* They assert: our own mistake ends the process. Seen in a child of this process. */
	for (size_t i = 0; i < COUNT(values) + COUNT(locations); i++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			fclose(stderr);
			signal(SIGABRT, SIG_DFL);
			if (i < COUNT(values))
				response_header(&unit.rq, "X-Test", values[i]);
			else
				(void)respond_redirect(&unit.rq, locations[i - COUNT(values)]);
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

/* ---- faults ---- */

static void a_fault_is_told_in_the_language_of_its_route(void **state)
{
	static const struct {
		enum route_speaks speaks;
		enum err code;
		int status;
		const char *type, *part;
	} rows[] = {
		{ SPEAKS_HTML, ERR_FLOW_GONE, 400, "text/html; charset=utf-8",
		  "<code id=\"error-code\">flow_gone</code>" },
		{ SPEAKS_OAUTH, ERR_CODE_INVALID, 400, "application/json", "\"error\":\"invalid_grant\"" },
		{ SPEAKS_OAUTH, ERR_INTERNAL, 500, "application/json", "\"error\":\"server_error\"" },
		{ SPEAKS_BEARER, ERR_BEARER_INVALID, 401, "application/json", "\"error\":\"invalid_token\"" },
		{ SPEAKS_JSON, ERR_CONFLICT, 409, "application/json", "\"code\":\"conflict\"" },
		{ SPEAKS_TEXT, ERR_UNAVAILABLE, 503, "text/plain; charset=utf-8", "7F3K-92QD-TEST" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		route.speaks = rows[i].speaks;
		answer_fault(&unit.rq, rows[i].code);
		assert_int_equal(unit.rq.response->status, rows[i].status);
		expect("Content-Type", rows[i].type);
		if (!strstr(body(), rows[i].part) || !strstr(body(), "7F3K-92QD-TEST"))
			fail_msg("%s is not in %s", rows[i].part, body());
	}
}

static void an_error_page_says_what_to_do_in_the_readers_language(void **state)
{
	(void)state;
	route.speaks = SPEAKS_HTML;
	unit.rq.messages = catalog_find("es");
	answer_fault(&unit.rq, ERR_FLOW_GONE);
	assert_non_null(strstr(body(), "<html lang=\"es\">"));
	assert_non_null(strstr(
		body(), "<p id=\"error-message\" role=\"alert\">Este inicio de sesi\xc3\xb3n caduc\xc3\xb3"));
	assert_non_null(strstr(body(), "Referencia: 7F3K-92QD-TEST"));
}

static void what_may_be_tried_again_says_when(void **state)
{
	(void)state;
	answer_fault(&unit.rq, ERR_UNAVAILABLE);
	expect("Retry-After", "1");
	unit_request(&unit, false);
	answer_fault(&unit.rq, ERR_TOO_MANY);
	expect("Retry-After", "60");
	unit_request(&unit, false);
	response_header(&unit.rq, "Retry-After", "900");
	answer_fault(&unit.rq, ERR_LOCKED);
	expect("Retry-After", "900");
	unit_request(&unit, false);
	answer_fault(&unit.rq, ERR_MALFORMED);
	expect("Retry-After", NULL);
}

static void challenges_follow_rfc_6750_and_6749(void **state)
{
	(void)state;
	route.speaks = SPEAKS_BEARER;
	answer_fault(&unit.rq, ERR_BEARER_MISSING);
	expect("WWW-Authenticate", "Bearer realm=\"lanyard\"");
	answer_fault(&unit.rq, ERR_BEARER_SCOPE);
	assert_non_null(strstr(sent("WWW-Authenticate"), "error=\"insufficient_scope\""));
	assert_non_null(strstr(sent("WWW-Authenticate"), "scope=\"openid\""));
	unit_request(&unit, false);
	unit.rq.route = &route;
	route.speaks = SPEAKS_OAUTH;
	answer_fault(&unit.rq, ERR_CLIENT_AUTH);
	expect("WWW-Authenticate", NULL); /* the client did not try the header */
	unit.rq.authorization = "Basic eDp5";
	answer_fault(&unit.rq, ERR_CLIENT_AUTH);
	expect("WWW-Authenticate", "Basic realm=\"lanyard\"");
}

static void every_rows_text_may_stand_in_a_challenge(void **state)
{
	(void)state;
	/* RFC 6750 3: error_description has no quotes, no backslash, no bytes beyond ASCII. */
	for (int code = OK + 1; code < ERR_COUNT; code++)
		for (const unsigned char *p = (const unsigned char *)error_row((enum err)code)->text; *p; p++)
			if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
				fail_msg("%s", error_row((enum err)code)->word);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, unit_end)
	const struct CMUnitTest tests[] = {
		TEST(a_page_is_protected_against_all_that_is_inline_or_foreign),
		TEST(a_form_may_end_at_the_origin_of_its_app),
		TEST(pages_frame_only_the_origins_named),
		TEST(in_development_there_is_no_strict_transport),
		TEST(json_is_never_stored),
		TEST(a_known_tag_is_answered_without_the_body),
		TEST(a_redirect_after_post_is_303),
		TEST(bytes_that_would_begin_a_header_never_leave),
		TEST(a_fault_is_told_in_the_language_of_its_route),
		TEST(an_error_page_says_what_to_do_in_the_readers_language),
		TEST(what_may_be_tried_again_says_when),
		TEST(challenges_follow_rfc_6750_and_6749),
		TEST(every_rows_text_may_stand_in_a_challenge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
