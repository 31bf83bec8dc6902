/* test_arena.c: memory and releases of one piece of work. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/app.h"
#include "base/arena.h"

static void memory_comes_zeroed_and_aligned_also_after_a_reset(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 3000; size = size * 3 + 1) {
			unsigned char *at = arena_alloc(arena, size);

			assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(at[i], 0);
			memset(at, 0xA5, size);
		}
		arena_reset(arena);
	}
}

static void pieces_do_not_overlap_across_blocks(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	unsigned char *pieces[400];

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		pieces[i] = arena_alloc(arena, 1 + i * 37 % 9000);
		memset(pieces[i], (int)(i % 251), 1 + i * 37 % 9000);
	}
	for (size_t i = 0; i < COUNT(pieces); i++) {
		for (size_t k = 0; k < 1 + i * 37 % 9000; k++)
			assert_int_equal(pieces[i][k], i % 251);
	}
}

static void a_reset_keeps_the_first_block_for_the_next_work(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	void *first = arena_alloc(arena, 100);

	(void)state;
	(void)arena_alloc(arena, 100 * KB);
	for (int i = 0; i < 100; i++)
		(void)arena_alloc(arena, 2000);
	assert_true(arena_used(arena) >= 290 * KB);
	arena_reset(arena);
	assert_int_equal(arena_used(arena), 0);
	assert_ptr_equal(arena_alloc(arena, 100), first);
}

static void a_large_piece_does_not_spend_the_rest_of_the_block(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char *before = arena_alloc(arena, 16);

	(void)state;
	(void)arena_alloc(arena, MB);
	char *after = arena_alloc(arena, 16);

	assert_true(after > before && after - before <= 64);
}

static char order[16];

static void note(void *thing)
{
	order[strlen(order)] = *(const char *)thing;
}

static void releases_run_youngest_first_once(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char names[] = "abc";

	(void)state;
	memset(order, 0, sizeof(order));
	for (size_t i = 0; i < 3; i++)
		arena_defer(arena, note, &names[i]);
	arena_reset(arena);
	assert_string_equal(order, "cba");
	arena_reset(arena);
	assert_string_equal(order, "cba");
}

static struct arena *deferring;

static void defer_again(void *thing)
{
	note(thing);
	arena_defer(deferring, note, thing);
}

static void a_release_may_defer_another_one(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char name[] = "x";

	(void)state;
	memset(order, 0, sizeof(order));
	deferring = arena;
	arena_defer(arena, defer_again, name);
	arena_reset(arena);
	assert_string_equal(order, "xx");
}

static void copies_are_the_arenas_own(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char text[] = "lantern";
	char *copy = arena_text(arena, text), *part = arena_textn(arena, text, 4);
	struct bytes bytes = arena_bytes(arena, (struct bytes){ (const uint8_t *)text, 3 });

	(void)state;
	text[0] = 'X';
	assert_string_equal(copy, "lantern");
	assert_string_equal(part, "lant");
	assert_memory_equal(bytes.at, "lan", 3);
	assert_null(arena_text(arena, NULL));
	assert_int_equal(arena_bytes(arena, (struct bytes){ 0 }).size, 0);
}

static void printing_is_as_long_as_it_needs(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	for (int width = 0; width < 600; width++) {
		char *text = arena_print(arena, "%*d", width, 7);

		assert_int_equal(strlen(text), width > 0 ? width : 1);
		assert_int_equal(text[strlen(text) - 1], '7');
	}
}

static void a_fault_keeps_code_and_reason_in_the_work(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work work = { .arena = arena };

	(void)state;
	assert_int_equal(fault(&work, ERR_PKCE_MISMATCH, "client %s", "scheduler"), ERR_PKCE_MISMATCH);
	assert_int_equal(work.err, ERR_PKCE_MISMATCH);
	assert_string_equal(work.reason, "client scheduler");
}

static void every_error_has_a_lower_case_word_and_a_text(void **state)
{
	(void)state;
	for (enum err code = OK + 1; code < ERR_COUNT; code++) {
		const struct error_row *row = error_row(code);

		assert_int_equal(strspn(row->word, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(row->word));
		assert_true(strlen(row->text) > 0 && row->http >= 400 && row->http < 600);
		for (enum err other = OK + 1; other < code; other++)
			assert_string_not_equal(row->word, error_row(other)->word);
	}
	assert_string_equal(error_row(ERR_PKCE_MISMATCH)->word, "pkce_mismatch");
	assert_int_equal(error_row(ERR_TOO_MANY)->http, 429);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_comes_zeroed_and_aligned_also_after_a_reset),
		cmocka_unit_test(pieces_do_not_overlap_across_blocks),
		cmocka_unit_test(a_reset_keeps_the_first_block_for_the_next_work),
		cmocka_unit_test(a_large_piece_does_not_spend_the_rest_of_the_block),
		cmocka_unit_test(releases_run_youngest_first_once),
		cmocka_unit_test(a_release_may_defer_another_one),
		cmocka_unit_test(copies_are_the_arenas_own),
		cmocka_unit_test(printing_is_as_long_as_it_needs),
		cmocka_unit_test(a_fault_keeps_code_and_reason_in_the_work),
		cmocka_unit_test(every_error_has_a_lower_case_word_and_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
