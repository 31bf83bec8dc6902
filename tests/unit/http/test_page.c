/* test_page.c: pages escape what they show, links lead where they may, languages are chosen. */
#include "unit/http/unit.h"

#include "base/buf.h"
#include "http/page.h"
#include "http/page_put.h"
#include "messages.h"
#include "pages.h"

static const char *const payloads[] = {
	"<script>alert(1)</script>",
	"</title><script>alert(1)</script>",
	"\"><script>alert(1)</script>",
	"'><script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	"<svg onload=alert(1)>",
	"<svg/onload=alert(1)>",
	"\" onmouseover=\"alert(1)",
	"' onmouseover='alert(1)",
	"\" autofocus onfocus=alert(1) x=\"",
	"<iframe src=javascript:alert(1)>",
	"<body onload=alert(1)>",
	"<a href=\"javascript:alert(1)\">x</a>",
	"<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
	"<details open ontoggle=alert(1)>",
	"<input onfocus=alert(1) autofocus>",
	"<base href=//evil.example/>",
	"<meta http-equiv=refresh content=0;url=//evil.example>",
	"<link rel=stylesheet href=//evil.example>",
	"<form action=//evil.example><input type=submit>",
	"<!--",
	"--><script>alert(1)</script>",
	"<![CDATA[<script>alert(1)</script>]]>",
	"&lt;script&gt;",
	"&#60;script&#62;",
	"<scr<script>ipt>alert(1)</script>",
	"<ScRiPt>alert(1)</sCrIpT>",
	"<script\x0c>alert(1)</script>",
	"{{constructor.constructor('alert(1)')()}}<b>",
	"${alert(1)}<b>",
	"<template><script>alert(1)</script></template>",
	"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
};

static size_t count_of(const char *text, char c)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == c;
	return count;
}

static char *draw(const char *value)
{
	AUTO_BUF out = BUF(64 * KB);
	struct page_error page = { .frame = { catalog_find("en"), "en", value, value, value },
				   .code = value,
				   .message = value,
				   .detail = value };

	page_error(&out, &page);
	assert_false(out.full);
	return arena_text(arena, buf_str(&out));
}

static void nothing_shown_becomes_markup(void **state)
{
	static const char special[] = "<>\"'";
	const char *plain = draw("x");

	(void)state;
	assert_true(COUNT(payloads) >= 30);
	for (size_t i = 0; i < COUNT(payloads); i++) {
		const char *drawn = draw(payloads[i]);

		assert_null(strstr(drawn, payloads[i]));
		/* As many of each as the template itself has: none came in with the value. */
		for (const char *c = special; *c; c++)
			if (count_of(drawn, *c) != count_of(plain, *c))
				fail_msg("%s: %c", payloads[i], *c);
	}
}

static void a_link_leads_only_where_it_may(void **state)
{
	static const char *const good[] = { "https://app.example/x?a=b#c",
					    "https://app.example",
					    "/login?flow=1",
					    "/",
					    "http://localhost:8080/x",
					    "http://127.0.0.1/x",
					    "http://[::1]:80/",
					    "http://app.localhost/",
					    "HTTPS://APP.EXAMPLE/" };
	static const char *const bad[] = { "javascript:alert(1)",
					   "JavaScript:alert(1)",
					   " javascript:alert(1)",
					   "java\tscript:alert(1)",
					   "\x01javascript:alert(1)",
					   "data:text/html,x",
					   "vbscript:x",
					   "file:///etc/passwd",
					   "http://app.example/",
					   "http://localhost.evil.example/",
					   "http://127.0.0.1.evil.example/",
					   "http://localhost@evil.example/",
					   "//evil.example/",
					   "/\\evil.example",
					   "\\\\evil.example",
					   "/x\\y",
					   "https:/evil.example",
					   "https:evil.example",
					   "https://",
					   "https:///x",
					   "",
					   "x",
					   "login",
					   "?x",
					   "https://a b/",
					   "https://a.example/\r\nX: y",
					   "https://a\".example/",
					   "http://[::1",
					   "http://2130706433/",
					   "http://[::ffff:8.8.8.8]/" };

	(void)state;
	for (size_t i = 0; i < COUNT(good) + COUNT(bad); i++) {
		AUTO_BUF out = BUF(1000);
		const char *url = i < COUNT(good) ? good[i] : bad[i - COUNT(good)];

		page_put_url(&out, url);
		if ((strcmp(buf_str(&out), "#") == 0) != (i >= COUNT(good)))
			fail_msg("%s: %s", url, buf_str(&out));
	}
	AUTO_BUF out = BUF(100);
	page_put_url(&out, NULL);
	assert_string_equal(buf_str(&out), "#");
}

static void an_absent_value_shows_nothing(void **state)
{
	AUTO_BUF out = BUF(100);

	(void)state;
	page_put_text(&out, NULL);
	page_put_component(&out, NULL);
	assert_string_equal(buf_str(&out), "");
	page_put_component(&out, "a&b=c/d");
	assert_string_equal(buf_str(&out), "a%26b%3Dc%2Fd");
	assert_false(page_has(NULL) || page_has(""));
	assert_true(page_has("0"));
}

static void a_message_takes_its_values_escaped(void **state)
{
	AUTO_BUF out = BUF(1000);
	const struct page_value values[] = { { "app_name", "<b>{reference}</b>", 0 }, { NULL, NULL, 0 } };

	(void)state;
	page_put_message(&out, catalog_find("en"), MESSAGE_frame__continue_to, values);
	/* A value is not read again as a message. */
	assert_string_equal(buf_str(&out), "To continue to &lt;b&gt;{reference}&lt;/b&gt;");
}

static void the_language_is_asked_for_then_kept_then_the_browsers(void **state)
{
	static const struct {
		const char *ui_locales, *cookie, *accept, *language;
	} rows[] = {
		{ NULL, NULL, NULL, "en" },
		{ "es", "en", "en", "es" },
		{ "fr es-MX en", NULL, NULL, "es" },
		{ "fr", "es", NULL, "es" },
		{ NULL, "xx", "es", "es" },
		{ NULL, NULL, "es-MX,es;q=0.9,en;q=0.8", "es" },
		{ NULL, NULL, "en;q=0.5, es;q=0.7", "es" },
		{ NULL, NULL, "es;q=0, en", "en" },
		{ NULL, NULL, "es;q=0", "en" },
		{ NULL, NULL, "fr, de;q=0.9, *;q=0.1", "en" },
		{ NULL, NULL, "es;q=nonsense, en;q=0.1", "en" },
		{ NULL, NULL, ",,,;;;q=", "en" },
		{ "", "", "", "en" },
		{ NULL, NULL, "ES", "es" },
		{ "estonian", NULL, NULL, "en" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got =
			catalog_language(catalog_choose(rows[i].ui_locales, rows[i].cookie, rows[i].accept));

		if (strcmp(got, rows[i].language) != 0)
			fail_msg("row %zu: %s", i, got);
	}
	assert_null(catalog_find("xx"));
	assert_null(catalog_find(NULL));
}

static void texts_are_found_by_key_in_both_languages(void **state)
{
	(void)state;
	assert_string_equal(catalog_text(catalog_find("en"), "error.title"), "That did not work");
	assert_string_equal(catalog_text(catalog_find("es"), "error.title"), "No se pudo completar");
	assert_null(catalog_text(catalog_find("en"), "error.nothing_of_the_kind"));
	assert_null(catalog_text(catalog_find("en"), NULL));
}

static void every_fault_a_person_can_see_has_a_friendly_text(void **state)
{
	static const enum err seen[] = { ERR_INTERNAL,
					 ERR_UNAVAILABLE,
					 ERR_STORE,
					 ERR_CONFLICT,
					 ERR_NOT_FOUND,
					 ERR_TOO_LARGE,
					 ERR_MALFORMED,
					 ERR_PARAMETER_MALFORMED,
					 ERR_PARAMETER_REPEATED,
					 ERR_METHOD,
					 ERR_LENGTH_REQUIRED,
					 ERR_MEDIA_TYPE,
					 ERR_MISDIRECTED,
					 ERR_HEADERS_TOO_LARGE,
					 ERR_TOO_MANY,
					 ERR_FETCH,
					 ERR_FETCH_REFUSED,
					 ERR_NO_PRACTICE,
					 ERR_ACCOUNT_DISABLED,
					 ERR_REFUSED,
					 ERR_PASSWORD_WEAK,
					 ERR_SIGN_IN_FAILED,
					 ERR_FLOW_GONE,
					 ERR_FLOW_OTHER_BROWSER,
					 ERR_FORM_TOKEN,
					 ERR_ORIGIN,
					 ERR_LOCKED,
					 ERR_SESSION_ENDED,
					 ERR_NO_ACCESS,
					 ERR_CLIENT_UNKNOWN,
					 ERR_REDIRECT_URI,
					 ERR_SCOPE,
					 ERR_LOGIN_REQUIRED,
					 ERR_CONSENT_REQUIRED,
					 ERR_INTERACTION_REQUIRED,
					 ERR_UNMET_ACR,
					 ERR_RESPONSE_TYPE,
					 ERR_REQUEST_INVALID,
					 ERR_DENIED,
					 ERR_LOGOUT_HINT };

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		const char *key = arena_print(arena, "error.%s", error_row(seen[i])->word);
		const char *en = catalog_text(catalog_find("en"), key),
			   *es = catalog_text(catalog_find("es"), key);

		if (!en || !es || strcmp(en, es) == 0)
			fail_msg("%s", key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_shown_becomes_markup),
		cmocka_unit_test(a_link_leads_only_where_it_may),
		cmocka_unit_test(an_absent_value_shows_nothing),
		cmocka_unit_test(a_message_takes_its_values_escaped),
		cmocka_unit_test(the_language_is_asked_for_then_kept_then_the_browsers),
		cmocka_unit_test(texts_are_found_by_key_in_both_languages),
		cmocka_unit_test(every_fault_a_person_can_see_has_a_friendly_text),
	};

	return cmocka_run_group_tests(tests, unit_begin, unit_end);
}
