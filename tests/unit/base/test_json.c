/* test_json.c: strict reading, one way to print. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/json.h"

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const bad[] = { "{\"a\":1,\"a\":2}",
					   "{} {}",
					   "{}x",
					   "{\"a\":\"\\u0000\"}",
					   "",
					   "{",
					   "{'a':1}",
					   "[1,]",
					   "{\"a\":01}",
					   "\"\\ud800\"",
					   "\"\xC0\x80\"",
					   "NaN",
					   "// c\n{}",
					   "{\"a\":{\"b\":1,\"b\":1}}",
					   "\"a\nb\"",
					   "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(json_done) json_t *value = json_read(bad[i], strlen(bad[i]));

		assert_null(value);
	}
	assert_null(json_read("{}\0", 3));
	assert_null(json_read("\0", 1));
}

static void any_value_may_stand_at_the_top(void **state)
{
	static const char *const good[] = { "{}", "[]", " 1 ", "\"x\"", "null", "true\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		AUTO(json_done) json_t *value = json_read(good[i], strlen(good[i]));

		assert_non_null(value);
	}
}

static void canonical_text_does_not_depend_on_the_order(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	static const char one_text[] = "{\"b\":[1,{\"d\":2,\"c\":3}],\"a\":\"x\"}";
	static const char two_text[] = "{ \"a\": \"x\", \"b\": [1, {\"c\": 3, \"d\": 2}] }";
	AUTO(json_done) json_t *one = json_read(one_text, strlen(one_text));
	AUTO(json_done) json_t *two = json_read(two_text, strlen(two_text));

	(void)state;
	assert_string_equal(json_canonical(arena, one), "{\"a\":\"x\",\"b\":[1,{\"c\":3,\"d\":2}]}");
	assert_string_equal(json_canonical(arena, two), json_canonical(arena, one));
	assert_string_equal(json_text(arena, one), one_text);
	assert_non_null(strchr(json_pretty(arena, one), '\n'));
}

static void compact_text_is_what_jansson_writes(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	static const char *const texts[] = {
		"{}",
		"[]",
		"[{}]",
		"{\"a\":[]}",
		"0",
		"-9223372036854775808",
		"9223372036854775807",
		"1.5",
		"-2.5e-300",
		"1e300",
		"true",
		"false",
		"null",
		"\"\"",
		"\"/\"",
		"\"\\u0001\\u001f\x7f\"",
		"\"\\b\\f\\n\\r\\t\\u000b\"",
		"\"\\\"\\\\\\\\\\\"\"",
		"\"\xC3\xA9 \xF0\x9F\xA6\xB7 \xE2\x80\xA8\"",
		"{\"\\n\\\"\":[1,[2,[3,\"x\"]],{\"b\":null,\"a\":true}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO(json_done) json_t *value = json_read(texts[i], strlen(texts[i]));

		assert_non_null(value);
		char *theirs = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		assert_string_equal(json_text(arena, value), theirs);
		free(theirs);
	}
}

static void a_member_of_another_type_is_a_missing_member(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	static const char text[] =
		"{\"t\":\"x\",\"i\":5,\"b\":true,\"l\":[\"a\",\"b\"],\"m\":[\"a\",1],\"r\":1.5}";
	AUTO(json_done) json_t *value = json_read(text, strlen(text));

	(void)state;
	assert_string_equal(json_get_text(value, "t"), "x");
	assert_null(json_get_text(value, "i"));
	assert_null(json_get_text(NULL, "i"));
	assert_int_equal(json_get_int(value, "i", -1), 5);
	assert_int_equal(json_get_int(value, "r", -1), -1);
	assert_int_equal(json_get_int(value, "t", -1), -1);
	assert_true(json_get_bool(value, "b", false));
	assert_true(json_get_bool(value, "i", true));
	assert_string_equal(json_get_list(arena, value, "l")[1], "b");
	assert_null(json_get_list(arena, value, "l")[2]);
	assert_null(json_get_list(arena, value, "m"));
	assert_null(json_get_list(arena, value, "t"));
}

static void members_are_set_and_a_null_text_sets_nothing(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *value = json_object();
	static const char *const list[] = { "x", "y", NULL };

	(void)state;
	json_set_text(value, "a", "1");
	json_set_text(value, "b", NULL);
	json_set(value, "c", json_list(list));
	json_set(value, "d", json_list(NULL));
	assert_string_equal(json_canonical(arena, value), "{\"a\":\"1\",\"c\":[\"x\",\"y\"],\"d\":[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
		cmocka_unit_test(any_value_may_stand_at_the_top),
		cmocka_unit_test(canonical_text_does_not_depend_on_the_order),
		cmocka_unit_test(compact_text_is_what_jansson_writes),
		cmocka_unit_test(a_member_of_another_type_is_a_missing_member),
		cmocka_unit_test(members_are_set_and_a_null_text_sets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
