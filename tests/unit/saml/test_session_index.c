/* session_index.h: an index is found again by its form alone, and has no dot. */
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "keys/secret.h"
#include "saml/session_index.h"

static void an_index_has_no_dot_and_gives_its_practice_back(UNUSED void **state)
{
	static const int64_t numbers[] = { 1, 9, 10, 4711, INT64_MAX };
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(numbers); i++)
		for (int round = 0; round < 200; round++) {
			const char *index = session_index_new(arena, numbers[i]);
			int64_t number = 0;

			assert_null(strchr(index, '.'));
			assert_true(session_index_parse(index, &number));
			assert_int_equal(number, numbers[i]);
		}
}

static void no_two_are_the_same(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	assert_string_not_equal(session_index_new(arena, 1), session_index_new(arena, 1));
}

#define RANDOM "kPqkPqkPqkPqkPqkPqkPqkPqkPqkPqkPqkPqkPqkPq8"

static void anything_else_is_none_of_ours(UNUSED void **state)
{
	static const char *const others[] = {
		NULL,
		"",
		"_",
		"1_",
		"_" RANDOM,
		RANDOM,
		"1." RANDOM,
		"1_" RANDOM ".",
		"1_" RANDOM "x",
		"0_" RANDOM,
		"01_" RANDOM,
		"-1_" RANDOM,
		"1__" RANDOM,
		"9223372036854775808_" RANDOM,
		"1 _" RANDOM,
		"1_" RANDOM " ",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
		"_" RANDOM,
	};
	int64_t number = 7;

	assert_true(session_index_parse("1_" RANDOM, &number));
	assert_int_equal(number, 1);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(session_index_parse(others[i], &number));
	assert_int_equal(number, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_has_no_dot_and_gives_its_practice_back),
		cmocka_unit_test(no_two_are_the_same),
		cmocka_unit_test(anything_else_is_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
