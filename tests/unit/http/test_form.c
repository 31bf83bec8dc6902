/* test_form.c: names and values of queries and bodies. */
#include "unit/http/unit.h"

#include "http/form.h"

static struct form parse(const char *text, enum err wanted)
{
	struct form form = { 0 };
	enum err err = form_parse(arena, text, strlen(text), 100, &form);

	if (err != wanted)
		fail_msg("%s: %s", text, err == OK ? "accepted" : error_row(err)->word);
	return form;
}

static void names_and_values_are_decoded_once(void **state)
{
	static const struct {
		const char *text, *name, *value;
	} rows[] = {
		{ "a=b", "a", "b" },
		{ "a=", "a", "" },
		{ "a", "a", "" },
		{ "=b", "", "b" },
		{ "a=b=c", "a", "b=c" },
		{ "a=b+c", "a", "b c" },
		{ "a=b%2Bc", "a", "b+c" },
		{ "a=%2526", "a", "%26" },
		{ "a=%26%3D", "a", "&=" },
		{ "%61=%62", "a", "b" },
		{ "a=%C3%BC", "a", "\xc3\xbc" },
		{ "x=1&a=b", "a", "b" },
		{ "&&a=b&&", "a", "b" },
		{ "a=b;c=d", "a", "b;c=d" },
		{ "a=%0d%0a", "a", "\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct form form = parse(rows[i].text, OK);
		const char *value = form_get(&form, rows[i].name);

		if (!value || strcmp(value, rows[i].value) != 0)
			fail_msg("%s: %s", rows[i].text, value ? value : "(absent)");
	}
}

static void what_is_not_text_is_refused(void **state)
{
	static const char *const rows[] = { "a=%",         "a=%4",    "a=%zz",          "a=%00",
					    "%00=b",       "a=b%00c", "a=%ff",          "a=%c0%af",
					    "a=%ed%a0%80", "a=\xff",  "a=%f4%90%80%80", "a=%u0041" };
	struct form form;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)parse(rows[i], ERR_PARAMETER_MALFORMED);
	assert_int_equal(form_parse(arena, "a=b\0c", 5, 100, &form), ERR_PARAMETER_MALFORMED);
}

static void a_name_that_comes_twice_is_noticed(void **state)
{
	(void)state;
	assert_string_equal(parse("a=1&b=2&a=1", OK).repeated, "a");
	assert_string_equal(parse("a=1&%61=1", OK).repeated, "a");
	assert_string_equal(parse("a&a", OK).repeated, "a");
	assert_null(parse("a=1&A=1", OK).repeated);
	assert_null(parse("", OK).repeated);
}

static void absent_and_empty_differ(void **state)
{
	struct form form = parse("a=", OK);

	(void)state;
	assert_string_equal(form_get(&form, "a"), "");
	assert_null(form_get(&form, "b"));
}

static void the_number_of_fields_is_bounded(void **state)
{
	struct form form;

	(void)state;
	assert_int_equal(form_parse(arena, "a&b&c", 5, 3, &form), OK);
	assert_int_equal(form_parse(arena, "a&b&c&d", 7, 3, &form), ERR_TOO_LARGE);
	assert_int_equal(form_parse(arena, "&&&&&&&&", 8, 3, &form), OK);
	assert_int_equal(form.count, 0);
}

static void what_is_written_reads_back_the_same(void **state)
{
	static const char *const rows[] = { "a=b", "a=b%20c&d=%26%3D%2B%25", "x=%C3%BC&y=",
					    "redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fa%3Db" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct form form = parse(rows[i], OK);
		assert_string_equal(form_write(arena, &form), rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_values_are_decoded_once),
		cmocka_unit_test(what_is_not_text_is_refused),
		cmocka_unit_test(a_name_that_comes_twice_is_noticed),
		cmocka_unit_test(absent_and_empty_differ),
		cmocka_unit_test(the_number_of_fields_is_bounded),
		cmocka_unit_test(what_is_written_reads_back_the_same),
	};

	return cmocka_run_group_tests(tests, unit_begin, unit_end);
}
