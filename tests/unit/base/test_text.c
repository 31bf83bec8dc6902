/* test_text.c: compare, split, check and shorten. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"

static int make(void **state)
{
	*state = arena_new();
	return 0;
}

static int drop(void **state)
{
	struct arena *arena = *state;

	arena_done(&arena);
	return 0;
}

static void null_equals_only_null(void **state)
{
	(void)state;
	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("", NULL));
	assert_true(text_equal("a", "a"));
	assert_true(text_equal_nocase("Ada@X", "aDA@x"));
	assert_false(text_equal_nocase("ada", "adam"));
	assert_false(text_equal_nocase("[", "{")); /* 0x20 apart, but no letters */
	assert_false(text_equal_nocase(NULL, "a"));
}

static void starts_and_ends(void **state)
{
	(void)state;
	assert_true(text_starts("sqlite:x", "sqlite:"));
	assert_false(text_starts("sql", "sqlite:"));
	assert_true(text_ends("a.html", ".html"));
	assert_false(text_ends("html", ".html"));
	assert_true(text_is_empty(NULL) && text_is_empty("") && !text_is_empty(" "));
}

static void utf8_is_as_rfc_3629_says(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		bool good;
	} rows[] = {
		{ "plain", 5, true },
		{ "\xC3\xA9", 2, true },
		{ "\xE2\x82\xAC", 3, true },
		{ "\xF0\x9F\x98\x80", 4, true },
		{ "\xF4\x8F\xBF\xBF", 4, true },
		{ "a\0b", 3, false },
		{ "\xC0\x80", 2, false },         /* overlong NUL */
		{ "\xC1\xBF", 2, false },         /* overlong */
		{ "\xE0\x9F\xBF", 3, false },     /* overlong */
		{ "\xF0\x8F\xBF\xBF", 4, false }, /* overlong */
		{ "\xED\xA0\x80", 3, false },     /* surrogate */
		{ "\xF4\x90\x80\x80", 4, false }, /* beyond U+10FFFF */
		{ "\xF8\x88\x80\x80\x80", 5, false },
		{ "\x80", 1, false },
		{ "\xC3", 1, false },
		{ "\xE2\x82", 2, false },
		{ "\xC3(", 2, false },
		{ "\xFF", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(text_is_utf8(rows[i].text, rows[i].size), rows[i].good);
	assert_true(text_is_utf8("", 0));
}

static void a_slug_is_short_lower_case_and_begins_with_no_hyphen(void **state)
{
	char long_one[65];

	(void)state;
	memset(long_one, 'a', 64);
	long_one[64] = '\0';
	assert_false(text_is_slug(long_one));
	long_one[63] = '\0';
	assert_true(text_is_slug(long_one));
	assert_true(text_is_slug("north-side-2") && text_is_slug("0"));
	assert_false(text_is_slug("") || text_is_slug("-a") || text_is_slug("North") || text_is_slug("a_b") ||
		     text_is_slug("a b") || text_is_slug("\xC3\xA9"));
}

static void integers_are_decimal_digits_within_the_range(void **state)
{
	static const char *const bad[] = { "",
					   "-",
					   "+1",
					   " 1",
					   "1 ",
					   "1.0",
					   "0x10",
					   "1e3",
					   "9223372036854775808",
					   "-9223372036854775809",
					   "99999999999999999999",
					   "--1",
					   "1\n",
					   "\xD9\xA3" };
	int64_t out = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_to_int(bad[i], INT64_MIN, INT64_MAX, &out));
	assert_false(text_to_int(NULL, 0, 1, &out));
	assert_false(text_to_int("11", 0, 10, &out));
	assert_false(text_to_int("-1", 0, 10, &out));
	assert_int_equal(out, 77);
	assert_true(text_to_int("9223372036854775807", INT64_MIN, INT64_MAX, &out) && out == INT64_MAX);
	assert_true(text_to_int("-9223372036854775808", INT64_MIN, INT64_MAX, &out) && out == INT64_MIN);
	assert_true(text_to_int("0010", 0, 10, &out) && out == 10);
}

static void durations_are_digits_and_one_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = {
		{ "90", 90 },
		{ "30s", 30 },
		{ "5m", 300 },
		{ "12h", 43200 },
		{ "7d", 604800 },
		{ "0", 0 },
		{ "", -1 },
		{ "m", -1 },
		{ "-5m", -1 },
		{ "5 m", -1 },
		{ "5M", -1 },
		{ "5ms", -1 },
		{ "1h30m", -1 },
		{ "1.5h", -1 },
		{ "106751991167301d", -1 },
		{ "99999999999999999999999999s", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t out = -1;

		assert_int_equal(text_to_duration(rows[i].text, &out), rows[i].seconds >= 0);
		assert_int_equal(out, rows[i].seconds);
	}
}

static void splitting_drops_empty_parts_and_ends_with_null(void **state)
{
	size_t count = 9;
	char **list = text_split(*state, ",a,,bc,", ',', &count);

	assert_int_equal(count, 2);
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "bc");
	assert_null(list[2]);
	list = text_split(*state, "", ',', &count);
	assert_int_equal(count, 0);
	assert_null(list[0]);
	assert_string_equal(text_trim(*state, " \t a b\t "), "a b");
	assert_string_equal(text_trim(*state, "  "), "");
	assert_string_equal(text_lower(*state, "AdA\xC3\x89"), "ada\xC3\x89");
}

static void a_word_of_a_scope_is_a_whole_word(void **state)
{
	static const char *const list[] = { "a", "b", NULL };

	(void)state;
	assert_true(text_words_have("openid email", "email"));
	assert_true(text_words_have("openid  email ", "openid"));
	assert_false(text_words_have("openid emails", "email"));
	assert_false(text_words_have("openid email", "openid email"));
	assert_false(text_words_have("openid", ""));
	assert_false(text_words_have(NULL, "openid"));
	assert_true(text_list_has(list, "b"));
	assert_false(text_list_has(list, "c") || text_list_has(NULL, "a"));
}

static void the_nearest_word_is_at_most_three_edits_away(void **state)
{
	static const char *const known[] = { "issuer", "listen", "store", NULL };

	(void)state;
	assert_string_equal(text_nearest("isuer", known), "issuer");
	assert_string_equal(text_nearest("lsiten", known), "listen");
	assert_string_equal(text_nearest("Stores", known), "store");
	assert_null(text_nearest("certificate", known));
	assert_null(text_nearest("xy", known));
	assert_null(text_nearest("", known));
}

static void bounded_text_is_clean_cut_at_a_character_and_marked(void **state)
{
	static const struct {
		const char *text;
		size_t size, max;
		const char *out;
	} rows[] = {
		{ "plain", 5, 5, "plain" },
		{ "plain!", 6, 5, "plain\xE2\x80\xA6[cut]" },
		{ "ab\xC3\xA9", 4, 4, "ab\xC3\xA9" },
		{ "ab\xC3\xA9", 4, 3, "ab\xE2\x80\xA6[cut]" },
		{ "a\0b", 3, 9,
		  "a\xEF\xBF\xBD"
		  "b" },
		{ "a\nb\x1B", 4, 20,
		  "a\xEF\xBF\xBD"
		  "b\xEF\xBF\xBD" },
		{ "\xFFz", 2, 20, "\xEF\xBF\xBDz" },
		{ "\xC2\x85", 2, 20, "\xEF\xBF\xBD" }, /* a line end in some terminals */
		{ "", 0, 0, "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(text_bounded(*state, rows[i].text, rows[i].size, rows[i].max),
				    rows[i].out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_equals_only_null),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(utf8_is_as_rfc_3629_says),
		cmocka_unit_test(a_slug_is_short_lower_case_and_begins_with_no_hyphen),
		cmocka_unit_test(integers_are_decimal_digits_within_the_range),
		cmocka_unit_test(durations_are_digits_and_one_unit),
		cmocka_unit_test(splitting_drops_empty_parts_and_ends_with_null),
		cmocka_unit_test(a_word_of_a_scope_is_a_whole_word),
		cmocka_unit_test(the_nearest_word_is_at_most_three_edits_away),
		cmocka_unit_test(bounded_text_is_clean_cut_at_a_character_and_marked),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
