/* test_clock.c: now, and the texts of time. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"

static void the_clock_follows_the_offset_and_can_be_frozen(void **state)
{
	int64_t before = clock_now_us();

	(void)state;
	clock_set_offset_us(INT64_C(3600) * 1000000);
	int64_t ahead = clock_now_us();

	assert_in_range(ahead - before, INT64_C(3600) * 1000000, INT64_C(3660) * 1000000);
	clock_freeze_us(1234567);
	assert_int_equal(clock_now_us(), 1234567);
	clock_freeze_us(0);
	clock_set_offset_us(0);
	assert_in_range(clock_now_us() - before, 0, INT64_C(60) * 1000000);
	int64_t monotonic = clock_monotonic_us();

	assert_true(clock_monotonic_us() >= monotonic);
}

static void times_are_written_as_their_standards_say(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(clock_rfc3339(arena, 0), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_rfc3339(arena, 1795291500), "2026-11-21T20:05:00Z");
	assert_string_equal(clock_rfc3339_us(arena, 1500000), "1970-01-01T00:00:01.500000Z");
	assert_string_equal(clock_rfc3339_us(arena, -1), "1969-12-31T23:59:59.999999Z");
	assert_string_equal(clock_http_date(arena, 784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void times_are_read_strictly(void **state)
{
	static const struct {
		const char *text;
		bool end_of_day;
		int64_t seconds; /* -1: refused */
	} rows[] = {
		{ "1970-01-02", false, 86400 },
		{ "1970-01-02", true, 172800 },
		{ "2024-02-29", false, 1709164800 },
		{ "2026-11-21T20:05:00Z", false, 1795291500 },
		{ "2026-11-21T20:05:00Z", true, 1795291500 },
		{ "2026-11-21t20:05:00.123456z", false, 1795291500 },
		{ "2026-11-21T14:05:00-06:00", false, 1795291500 },
		{ "2026-11-22T01:35:00+05:30", false, 1795291500 },
		{ "", false, -1 },
		{ "2023-02-29", false, -1 },
		{ "1900-02-29", false, -1 },
		{ "2026-13-01", false, -1 },
		{ "2026-00-01", false, -1 },
		{ "2026-04-31", false, -1 },
		{ "2026-1-1", false, -1 },
		{ "20260101", false, -1 },
		{ "2026-01-01 ", false, -1 },
		{ "2026-01-01T00:00:00", false, -1 },
		{ "2026-01-01 00:00:00Z", false, -1 },
		{ "2026-01-01T24:00:00Z", false, -1 },
		{ "2026-01-01T00:60:00Z", false, -1 },
		{ "2026-01-01T00:00:60Z", false, -1 },
		{ "2026-01-01T00:00:00.Z", false, -1 },
		{ "2026-01-01T00:00:00.1234567890Z", false, -1 },
		{ "2026-01-01T00:00:00+24:00", false, -1 },
		{ "2026-01-01T00:00:00+0530", false, -1 },
		{ "2026-01-01T00:00:00ZZ", false, -1 },
		{ "tomorrow", false, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t out = -1;

		assert_int_equal(clock_parse(rows[i].text, rows[i].end_of_day, &out), rows[i].seconds >= 0);
		assert_int_equal(out, rows[i].seconds);
	}
}

static void what_is_written_is_read_back(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	for (int64_t at = -2208988800; at < 253402300799; at += 86400 * 97 + 4001) {
		int64_t out = 0;

		assert_true(clock_parse(clock_rfc3339(arena, at), false, &out));
		assert_int_equal(out, at);
		arena_reset(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_follows_the_offset_and_can_be_frozen),
		cmocka_unit_test(times_are_written_as_their_standards_say),
		cmocka_unit_test(times_are_read_strictly),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
