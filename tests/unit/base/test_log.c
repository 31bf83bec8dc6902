/* test_log.c: one line per event, whatever the values hold. */
#include "base/base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

/* Standard error goes into a file while the test runs. */
static FILE *file;
static int real_stderr;

static int begin(void **state)
{
	*state = arena_new();
	file = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	clock_freeze_us(INT64_C(1795291500) * 1000000);
	return dup2(fileno(file), STDERR_FILENO) < 0;
}

static int end(void **state)
{
	struct arena *arena = *state;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	fclose(file);
	clock_freeze_us(0);
	arena_done(&arena);
	return 0;
}

static char *written(struct arena *arena)
{
	char *text = arena_alloc(arena, 256 * KB);

	rewind(file);
	text[fread(text, 1, 256 * KB - 1, file)] = '\0';
	return text;
}

static void an_event_is_one_json_line(void **state)
{
	log_open(LOG_INFO, false);
	log_event(LOG_INFO, "http", "path", "/login", "gone", NULL, "status", "200", NULL);
	log_print(LOG_WARN, "store", "took %d ms", 900);
	assert_string_equal(
		written(*state),
		"{\"time\":\"2026-11-21T20:05:00.000000Z\",\"level\":\"info\",\"event\":\"http\","
		"\"path\":\"/login\",\"status\":\"200\"}\n"
		"{\"time\":\"2026-11-21T20:05:00.000000Z\",\"level\":\"warn\",\"event\":\"store\","
		"\"message\":\"took 900 ms\"}\n");
}

static void less_important_events_are_left_out(void **state)
{
	log_open(LOG_WARN, false);
	assert_true(log_wants(LOG_ERROR_) && log_wants(LOG_WARN) && !log_wants(LOG_INFO));
	log_event(LOG_INFO, "http", "path", "/", NULL);
	log_print(LOG_DEBUG, "http", "%s", "x");
	assert_string_equal(written(*state), "");
}

static void people_read_short_lines(void **state)
{
	log_open(LOG_INFO, true);
	log_event(LOG_INFO, "http", "path", "/login", "agent", "a \"b\"", "empty", "", NULL);
	assert_string_equal(written(*state),
			    "20:05:00 info  http path=/login agent=\"a \\\"b\\\"\" empty=\"\"\n");
}

/* security.md I4: nothing in a value forges a line, breaks the JSON or makes the line disappear. */
static void hostile_values_leave_one_sound_line(void **state)
{
	char *huge = arena_alloc(*state, 100 * KB + 1);
	static const char *const values[] = {
		"a\nlevel=error forged", "\"}\n{\"x\":\"", "\xFF\xFE bad", "\x1B[31m", "\\", "\xC2\x85",
		"\xF0\x9F\x98\x80"
	};

	memset(huge, '"', 100 * KB);
	for (size_t i = 0; i <= COUNT(values); i++) {
		const char *value = i < COUNT(values) ? values[i] : huge;

		for (int people = 0; people <= 1; people++) {
			rewind(file);
			assert_int_equal(ftruncate(fileno(file), 0), 0);
			log_open(LOG_INFO, people != 0);
			log_event(LOG_INFO, "http", "agent", value, "status", "200", NULL);
			char *line = written(*state);

			assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
			assert_non_null(strstr(line, "200"));
			assert_true(text_is_utf8(line, strlen(line)) && strchr(line, '\x1B') == NULL);
			AUTO(json_done) json_t *read = json_read(line, strlen(line));

			assert_int_equal(read != NULL, !people);
		}
	}
}

static void too_many_long_values_are_left_out_and_the_line_still_ends(void **state)
{
	char *value = arena_alloc(*state, 2 * KB + 1);

	memset(value, '"', 2 * KB); /* each takes two bytes */
	log_open(LOG_INFO, false);
#define EIGHT(v) "a", v, "b", v, "c", v, "d", v, "e", v, "f", v, "g", v, "h", v
	log_event(LOG_INFO, "http", EIGHT(value), EIGHT(value), EIGHT(value), "last", "yes", NULL);
	char *line = written(*state);
	AUTO(json_done) json_t *read = json_loads(line, 0, NULL);

	assert_non_null(read);
	assert_string_equal(json_get_text(read, "last"), "yes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_is_one_json_line, begin, end),
		cmocka_unit_test_setup_teardown(less_important_events_are_left_out, begin, end),
		cmocka_unit_test_setup_teardown(people_read_short_lines, begin, end),
		cmocka_unit_test_setup_teardown(hostile_values_leave_one_sound_line, begin, end),
		cmocka_unit_test_setup_teardown(too_many_long_values_are_left_out_and_the_line_still_ends,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
