/* secret.h: handles, hashes, ids. */
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "keys/secret.h"

static int open_arena(void **state)
{
	*state = arena_new();
	return 0;
}

static int close_arena(void **state)
{
	arena_done((struct arena **)state);
	return 0;
}

static void a_handle_has_43_characters_and_no_number(void **state)
{
	struct secret secret = secret_new();
	int64_t number = 77;

	(void)state;
	assert_int_equal(strlen(secret.text), 43);
	assert_true(secret_parse(secret.text, &number));
	assert_int_equal(number, 0);
}

static void a_handle_in_a_practice_carries_its_number_in_the_open(void **state)
{
	static const int64_t numbers[] = { 1, 9, 10, 123456, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct secret secret = secret_new_in(numbers[i]);
		int64_t number = 0;

		assert_true(secret_parse(secret.text, &number));
		assert_int_equal(number, numbers[i]);
	}
}

static void no_two_of_ten_thousand_handles_are_alike(void **state)
{
	enum { MANY = 10000 };
	struct secret *secrets = calloc(MANY, sizeof *secrets);

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		secrets[i] = secret_new();
	qsort(secrets, MANY, sizeof *secrets, (int (*)(const void *, const void *))strcmp);
	for (size_t i = 1; i < MANY; i++)
		assert_string_not_equal(secrets[i - 1].text, secrets[i].text);
	free(secrets);
}

static void only_the_exact_form_of_a_handle_is_taken(void **state)
{
	static const char *const wrong[] = {
		"",
		".",
		"3.",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* 42 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 44 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",  /* not canonical: a bit beyond 256 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"03.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"-3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"+3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"3..AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"3.3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"9223372036854775808.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	int64_t number = 0;

	(void)state;
	assert_true(secret_parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &number));
	assert_false(secret_parse(NULL, &number));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (secret_parse(wrong[i], &number))
			fail_msg("taken: %s", wrong[i]);
}

/* Each place cut, lengthened or changed: the hash differs or the form is refused. */
static void a_handle_changed_at_any_place_is_another_one(void **state)
{
	struct arena *arena = *state;
	struct secret secret = secret_new_in(42);
	const char *hash = secret_hash(arena, "session", secret.text);
	size_t size = strlen(secret.text);
	int64_t number = 0;

	for (size_t at = 0; at < size; at++) {
		char *cut = arena_textn(arena, secret.text, at);
		char *more = arena_print(arena, "%.*sA%s", (int)at, secret.text, secret.text + at);
		char *flip = arena_text(arena, secret.text);

		flip[at] = flip[at] == 'B' ? 'C' : 'B';
		assert_false(secret_parse(cut, &number));
		assert_false(secret_parse(more, &number));
		assert_string_not_equal(secret_hash(arena, "session", flip), hash);
	}
}

static void a_hash_depends_on_its_purpose(void **state)
{
	struct arena *arena = *state;

	/* printf 'session\0abc' | openssl sha256 -binary | basenc --base64url */
	assert_string_equal(secret_hash(arena, "session", "abc"),
			    "y2EoelmYfrDTtjV-W0iUSrve4pb0vzZLb6eKa17iLnc");
	assert_string_not_equal(secret_hash(arena, "code", "abc"), secret_hash(arena, "session", "abc"));
	assert_string_not_equal(secret_hash(arena, "cod", "eabc"), secret_hash(arena, "code", "abc"));
}

static void nothing_equals_an_empty_secret(void **state)
{
	(void)state;
	assert_true(secret_equal("abc", "abc"));
	assert_false(secret_equal("abc", "abd"));
	assert_false(secret_equal("abc", "abcd"));
	assert_false(secret_equal("", ""));
	assert_false(secret_equal(NULL, NULL));
	assert_false(secret_equal("abc", NULL));
	assert_false(bytes_equal_secret((struct bytes){ NULL, 0 }, (struct bytes){ NULL, 0 }));
}

static void ids_sort_by_the_time_they_were_made(void **state)
{
	struct arena *arena = *state;
	char *before = NULL;

	for (int64_t ms = 1; ms < 2000000000000; ms = ms * 3 + 1) {
		clock_freeze_us(ms * 1000);
		char *id = id_new(arena, "evt");

		assert_int_equal(strlen(id), 30);
		assert_true(!before || strcmp(before, id) < 0);
		before = id;
	}
	clock_freeze_us(0);
}

static void public_ids_tell_nothing_about_their_time(void **state)
{
	struct arena *arena = *state;

	clock_freeze_us(1);
	assert_memory_not_equal(id_random(arena, "acc"), id_random(arena, "acc"), 14);
	assert_memory_equal(id_new(arena, "acc"), id_new(arena, "acc"), 13);
	clock_freeze_us(0);
}

static void a_made_password_meets_every_preset(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct secret password = password_new();

		assert_int_equal(strlen(password.text), 23);
		assert_non_null(strpbrk(password.text, "23456789"));
		assert_non_null(strpbrk(password.text, "ABCDEFGHJKMNPQRSTUVWXYZ"));
		assert_non_null(strpbrk(password.text, "abcdefghjkmnpqrstuvwxyz"));
		assert_null(strpbrk(password.text, "0O1lIoi"));
		assert_true(password.text[5] == '-' && password.text[11] == '-' && password.text[17] == '-');
	}
}

static void a_wiped_secret_is_zero(void **state)
{
	struct secret secret = secret_new();
	const struct secret zero = { 0 };

	(void)state;
	secret_wipe(&secret);
	assert_memory_equal(&secret, &zero, sizeof zero);
}

static void sha256_gives_the_known_digest(void **state)
{
	struct arena *arena = *state;

	/* FIPS 180-4 example */
	assert_string_equal(hex_encode(arena, sha256(arena, BYTES_OF("abc"))),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handle_has_43_characters_and_no_number),
		TEST(a_handle_in_a_practice_carries_its_number_in_the_open),
		TEST(no_two_of_ten_thousand_handles_are_alike),
		TEST(only_the_exact_form_of_a_handle_is_taken),
		TEST(a_handle_changed_at_any_place_is_another_one),
		TEST(a_hash_depends_on_its_purpose),
		TEST(nothing_equals_an_empty_secret),
		TEST(ids_sort_by_the_time_they_were_made),
		TEST(public_ids_tell_nothing_about_their_time),
		TEST(a_made_password_meets_every_preset),
		TEST(a_wiped_secret_is_zero),
		TEST(sha256_gives_the_known_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
