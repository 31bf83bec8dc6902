/* test_cookie.c: the Cookie header, and the lines that we set. */
#include "unit/http/unit.h"

#include "http/cookie.h"
#include "http/response_make.h"

static void read_header(struct unit *unit, const char *header)
{
	unit->rq.cookie_count = cookies_parse(arena, header, &unit->rq.cookies);
}

static void pairs_are_read_and_foreign_spellings_passed_over(void **state)
{
	static const struct {
		const char *header, *name, *value; /* NULL: absent */
	} rows[] = {
		{ "a=b", "a", "b" },           { "a=b; c=d", "c", "d" }, { "a=b;c=d", "c", "d" },
		{ "  a=b ;\tc=d ", "a", "b" }, { "a=", "a", "" },        { "a=b=c", "a", "b=c" },
		{ ";;a=b;;", "a", "b" },       { "a", "a", NULL },       { "=b; a=c", "a", "c" },
		{ "a=\"b\"", "a", NULL },      { "a=b c", "a", NULL },   { "a=b,c", "a", NULL },
		{ "a=b\\c", "a", NULL },       { "a=\x01", "a", NULL },  { "a=\xc3\xbc", "a", NULL },
		{ "A=b", "a", NULL },          { "", "a", NULL },
	};
	struct unit unit;

	(void)state;
	unit_request(&unit, true);
	for (size_t i = 0; i < COUNT(rows); i++) {
		read_header(&unit, rows[i].header);
		const char *value = request_cookie(&unit.rq, rows[i].name);

		if (rows[i].value ? !value || strcmp(value, rows[i].value) != 0 : value != NULL)
			fail_msg("%s: %s", rows[i].header, value ? value : "(absent)");
	}
}

static void a_planted_second_cookie_makes_neither_count(void **state)
{
	struct unit unit;

	(void)state;
	unit_request(&unit, true);
	read_header(&unit, "s=mine; s=planted");
	assert_null(request_cookie(&unit.rq, "s"));
	read_header(&unit, "s=mine; s=mine");
	assert_string_equal(request_cookie(&unit.rq, "s"), "mine");
}

static const char *line_of(const struct unit *unit)
{
	assert_non_null(unit->rq.response);
	assert_non_null(unit->rq.response->fields);
	assert_string_equal(unit->rq.response->fields->name, "Set-Cookie");
	return unit->rq.response->fields->value;
}

static void under_tls_our_cookies_belong_to_this_host_alone(void **state)
{
	struct unit unit;

	(void)state;
	unit_request(&unit, false);
	cookie_set(&unit.rq, COOKIE_SESSION, "x1", 0);
	assert_string_equal(line_of(&unit),
			    "__Host-lanyard-session=x1; Path=/; HttpOnly; SameSite=Lax; Secure");
	read_header(&unit, "lanyard-session=planted; __Host-lanyard-session=x1");
	assert_string_equal(cookie_get(&unit.rq, COOKIE_SESSION), "x1");
}

static void in_development_prefix_and_secure_are_left_out(void **state)
{
	struct unit unit;

	(void)state;
	unit_request(&unit, true);
	cookie_set(&unit.rq, COOKIE_LANGUAGE, "es", 3600);
	assert_string_equal(line_of(&unit),
			    "lanyard-language=es; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600");
	read_header(&unit, "lanyard-language=es");
	assert_string_equal(cookie_get(&unit.rq, COOKIE_LANGUAGE), "es");
}

static void setting_again_replaces_and_clearing_ends_it(void **state)
{
	struct unit unit;

	(void)state;
	unit_request(&unit, true);
	cookie_set(&unit.rq, COOKIE_FLOW, "one", 0);
	cookie_clear(&unit.rq, COOKIE_FLOW);
	assert_string_equal(line_of(&unit), "lanyard-flow=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
	assert_null(unit.rq.response->fields->next);
	cookie_set(&unit.rq, COOKIE_SESSION, "two", 0);
	assert_non_null(unit.rq.response->fields->next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_read_and_foreign_spellings_passed_over),
		cmocka_unit_test(a_planted_second_cookie_makes_neither_count),
		cmocka_unit_test(under_tls_our_cookies_belong_to_this_host_alone),
		cmocka_unit_test(in_development_prefix_and_secure_are_left_out),
		cmocka_unit_test(setting_again_replaces_and_clearing_ends_it),
	};

	return cmocka_run_group_tests(tests, unit_begin, unit_end);
}
