/* test_buf.c: growing bytes with a ceiling. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/buf.h"

static void an_empty_buffer_reads_as_empty_text(void **state)
{
	AUTO_BUF buf = BUF(10);

	(void)state;
	assert_null(buf.data);
	assert_string_equal(buf_str(&buf), "");
}

static void what_is_added_stands_in_order_and_ends_with_nul(void **state)
{
	AUTO_BUF buf = BUF(1000);

	(void)state;
	buf_text(&buf, "name");
	buf_char(&buf, ':');
	buf_add(&buf, " \0x", 3);
	buf_print(&buf, "%d", 42);
	assert_int_equal(buf.size, 10);
	assert_memory_equal(buf.data, "name: \0x42", 11);
	assert_false(buf.full);
}

static void the_ceiling_itself_is_still_reached(void **state)
{
	AUTO_BUF buf = BUF(5);

	(void)state;
	buf_text(&buf, "12345");
	assert_false(buf.full);
	buf_add(&buf, "", 0);
	assert_false(buf.full);
	buf_char(&buf, '6');
	assert_true(buf.full);
	assert_string_equal(buf_str(&buf), "12345");
}

static void after_the_ceiling_nothing_more_is_added_and_full_stays(void **state)
{
	AUTO_BUF buf = BUF(5);

	(void)state;
	buf_text(&buf, "123");
	buf_text(&buf, "456");
	assert_true(buf.full);
	buf_text(&buf, "4");
	buf_print(&buf, "%d", 4);
	assert_true(buf.full);
	assert_string_equal(buf_str(&buf), "123");
}

static void long_prints_are_measured_and_bounded(void **state)
{
	(void)state;
	for (int width = 250; width < 262; width++) {
		AUTO_BUF buf = BUF(258);

		buf_print(&buf, "%*d", width, 7);
		assert_int_equal(buf.full, width > 258);
		assert_int_equal(buf.size, width > 258 ? 0 : width);
	}
}

static void a_huge_piece_cannot_wrap_around_the_ceiling(void **state)
{
	AUTO_BUF buf = BUF(100);

	(void)state;
	buf_text(&buf, "abc");
	buf_add(&buf, "x", SIZE_MAX);
	assert_true(buf.full);
	assert_int_equal(buf.size, 3);
}

static void a_wiped_buffer_is_empty_and_usable_again(void **state)
{
	AUTO(buf_wipe) struct buf buf = BUF(100);

	(void)state;
	buf_text(&buf, "secret");
	buf_wipe(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.size, 0);
	buf_text(&buf, "again");
	assert_string_equal(buf_str(&buf), "again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_reads_as_empty_text),
		cmocka_unit_test(what_is_added_stands_in_order_and_ends_with_nul),
		cmocka_unit_test(the_ceiling_itself_is_still_reached),
		cmocka_unit_test(after_the_ceiling_nothing_more_is_added_and_full_stays),
		cmocka_unit_test(long_prints_are_measured_and_bounded),
		cmocka_unit_test(a_huge_piece_cannot_wrap_around_the_ceiling),
		cmocka_unit_test(a_wiped_buffer_is_empty_and_usable_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
