/* test_yaml.c: strict YAML into JSON and back. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/yaml.h"

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

/* The documents as one JSON array text, or the message. */
static const char *read_all(struct arena *arena, const char *text, size_t size)
{
	AUTO(json_done) json_t *all = json_array();
	const char *message = NULL;
	size_t count = 0;
	struct yaml_document *documents = yaml_read(arena, text, size, &count, &message);

	if (documents == NULL)
		return message;
	for (size_t i = 0; i < count; i++)
		json_array_append(all, yaml_value(documents, i));
	return json_text(arena, all);
}

static void a_scalar_stays_text_unless_plain_and_exact(void **state)
{
	static const char *const rows[][2] = {
		{ "no", "\"no\"" },
		{ "yes", "\"yes\"" },
		{ "True", "\"True\"" },
		{ "true", "true" },
		{ "false", "false" },
		{ "null", "null" },
		{ "~", "\"~\"" },
		{ "01234", "\"01234\"" },
		{ "5", "5" },
		{ "-5", "-5" },
		{ "\"5\"", "\"5\"" },
		{ "'true'", "\"true\"" },
		{ "-0", "\"-0\"" },
		{ "0", "0" },
		{ "+5", "\"+5\"" },
		{ "0x10", "\"0x10\"" },
		{ "1.5", "\"1.5\"" },
		{ "1_000", "\"1_000\"" },
		{ "12:30", "\"12:30\"" },
		{ "2027-01-31", "\"2027-01-31\"" },
		{ "\"\"", "\"\"" },
		{ "|\n  5\n", "\"5\\n\"" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "9223372036854775808", "\"9223372036854775808\"" },
		{ "-9223372036854775808", "-9223372036854775808" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = arena_print(*state, "a: %s\n", rows[i][0]);

		assert_string_equal(read_all(*state, text, strlen(text)),
				    arena_print(*state, "[{\"a\":%s}]", rows[i][1]));
	}
}

static void documents_come_first_to_last(void **state)
{
	static const char *const rows[][2] = {
		{ "", "[]" },
		{ "# only a comment\n", "[]" },
		{ "a: 1\n---\n- b\n- {c: [d, 2]}\n...\n---\n5\n", "[{\"a\":1},[\"b\",{\"c\":[\"d\",2]}],5]" },
		{ "\xEF\xBB\xBF"
		  "a: b\n",
		  "[{\"a\":\"b\"}]" },
		{ "{\n\t\"a\": [1,\"x\"],\n\t\"b\":true}\n", "[{\"a\":[1,\"x\"],\"b\":true}]" },
		{ "a: \"\\u00e9\"\n", "[{\"a\":\"\xC3\xA9\"}]" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(read_all(*state, rows[i][0], strlen(rows[i][0])), rows[i][1]);
}

static void what_is_refused_is_named_with_line_and_column(void **state)
{
	static const char *const rows[][2] = {
		{ "a: &x 1\nb: *x\n", "line 1, column 4: anchors are not accepted" },
		{ "a: 1\nb: *x\n", "line 2, column 4: aliases are not accepted" },
		{ "a: !!str 1\n", "line 1, column 4: tags are not accepted" },
		{ "a: ! 1\n", "line 1, column 4: tags are not accepted" },
		{ "a: !!map {b: 1}\n", "line 1, column 4: tags are not accepted" },
		{ "!x a: 1\n", "line 1, column 1: tags are not accepted" },
		{ "a: &x [1]\n", "line 1, column 4: anchors are not accepted" },
		{ "a: 1\nb: 2\na: 3\n", "line 3, column 1: this key was given before" },
		{ "a: 1\n\"a\": 3\n", "line 2, column 1: this key was given before" },
		{ "x: {b: 1, b: 2}\n", "line 1, column 11: this key was given before" },
		{ "? [a]\n: 1\n", "line 1, column 3: a key must be plain text" },
		{ "{a: 1}: 1\n", "line 1, column 1: a key must be plain text" },
		{ "\"\": 1\n", "line 1, column 1: a key is missing" },
		{ "a: \"x\\0y\"\n", "line 1, column 4: NUL is not accepted" },
		{ "\"x\\0y\": a\n", "line 1, column 1: NUL is not accepted" },
		{ "a:\n\tb: 1\n", "line 2, column 1: found character that cannot start any token" },
		{ "a: [1\n", "line 2, column 1: did not find expected ',' or ']'" },
		{ "a: 1\n b: 2\n", "line 2, column 3: mapping values are not allowed in this context" },
		{ "a: 1\nb: \xFF\n", "line 2, column 4: invalid leading UTF-8 octet" },
		{ "a: 1\nb: \x01\n", "line 2, column 4: control characters are not allowed" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(read_all(*state, rows[i][0], strlen(rows[i][0])), rows[i][1]);
	assert_string_equal(read_all(*state, "a: 1\nb\0: 2\n", 11), "line 2, column 2: NUL is not accepted");
}

static void thirty_two_levels_are_the_deepest(void **state)
{
	char text[200] = "";

	for (int levels = 32; levels <= 33; levels++) {
		memset(text, '[', (size_t)levels);
		memset(text + levels, ']', (size_t)levels);
		const char *out = read_all(*state, text, 2 * (size_t)levels);

		assert_int_equal(strstr(out, "nested too deeply") != NULL, levels == 33);
	}
}

static void one_megabyte_is_the_longest(void **state)
{
	char *text = arena_alloc(*state, MB + 1);

	memset(text, 'a', MB + 1);
	assert_non_null(strstr(read_all(*state, text, MB + 1), "more than 1 MB"));
	assert_null(strstr(read_all(*state, text, MB), "more than 1 MB"));
}

static void a_value_remembers_where_it_stood(void **state)
{
	static const char text[] = "a: 1\nlist:\n  - x\n  - {deep: y, on: true}\nb: 1\n";
	const char *message = NULL;
	size_t count = 0;
	unsigned line = 0, column = 0;
	struct yaml_document *documents = yaml_read(*state, text, strlen(text), &count, &message);
	const json_t *top = yaml_value(documents, 0), *list = json_object_get(top, "list");
	const json_t *inner = json_array_get(list, 1);
	AUTO(json_done) json_t *stranger = json_string("x");

	assert_true(yaml_position(documents, json_array_get(list, 0), &line, &column));
	assert_int_equal(line * 100 + column, 305);
	assert_true(yaml_position(documents, json_object_get(inner, "deep"), &line, &column));
	assert_int_equal(line * 100 + column, 412);
	assert_true(yaml_position(documents, json_object_get(top, "b"), &line, &column));
	assert_int_equal(line * 100 + column, 504);
	assert_true(yaml_member_position(documents, inner, "on", &line, &column));
	assert_int_equal(line * 100 + column, 415);
	assert_false(yaml_position(documents, json_object_get(inner, "on"), &line, &column));
	assert_false(yaml_position(documents, stranger, &line, &column));
	assert_false(yaml_member_position(documents, inner, "off", &line, &column));
	assert_null(yaml_value(documents, 1));
}

static void positions_outlive_changes_to_the_value(void **state)
{
	static const char text[] = "a: first\n";
	const char *message = NULL;
	size_t count = 0;
	unsigned line = 0, column = 0;
	struct yaml_document *documents = yaml_read(*state, text, strlen(text), &count, &message);
	json_t *top = yaml_value(documents, 0);

	json_set_text(top, "a", "second");
	assert_false(yaml_position(documents, json_object_get(top, "a"), &line, &column));
}

/* Texts that other readers, or ours, would take for something else without quotes. */
static void what_is_written_reads_back_the_same(void **state)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		"\"x\"",
		"5",
		"true",
		"null",
		"[[],{}]",
		"[[1,[2,3]],[{\"a\":{\"b\":[{\"c\":1,\"d\":[]}]}}]]",
		"{\"a\":\"no\",\"b\":\"01234\",\"c\":\"5\",\"d\":\"true\",\"e\":\"Null\",\"f\":\"\",\"g\":\"~"
		"\",\"h\":\"- x\"}",
		"{\"a\":\"x: y\",\"b\":\"x #y\",\"c\":\"ends:\",\"d\":\" lead\",\"e\":\"trail "
		"\",\"f\":\"&a\",\"g\":\"*a\",\"h\":\"!t\"}",
		"{\"a\":\"line\\nline\\n\\n\",\"b\":\"tab\\there\",\"c\":\"q\\\"b\\\\s\",\"d\":"
		"\"\\u0001\\u007f\\u0085\\u2028\\ufeff\"}",
		"{\"a\":\"\\ud83d\\ude00 \\u00e9\",\"no\":1,\"5\":2,\"x y\":3,\"\\u00e9\":4,\"a: "
		"b\":5,\"---\":6,\"...\":7,\"%\":8}",
		"{\"a\":\"---\",\"b\":\"...\",\"c\":\"%YAML\",\"d\":\"| x\",\"e\":\"> "
		"x\",\"f\":\"'q'\",\"g\":\"{a}\",\"h\":\"? x\",\"i\":\"<<\"}",
		"{\"a\":-9223372036854775808,\"b\":[true,false,null],\"c\":\"https://id.example:8443/"
		"a?b=c#d\",\"d\":\"2027-01-31\"}",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(json_done) json_t *value = json_read(rows[i], strlen(rows[i]));
		char *text = yaml_write(*state, value);

		assert_non_null(value);
		assert_string_equal(read_all(*state, text, strlen(text)),
				    arena_print(*state, "[%s]", json_text(*state, value)));
	}
}

static void plain_words_are_written_without_quotes(void **state)
{
	static const char json[] =
		"{\"practices\":[{\"id\":\"northside\",\"name\":\"Northside Family Clinic\","
		"\"domains\":[\"a.example\"],\"zip\":\"01234\",\"none\":[]}]}";
	AUTO(json_done) json_t *value = json_read(json, strlen(json));

	assert_string_equal(yaml_write(*state, value),
			    "practices:\n  - id: northside\n    name: Northside Family Clinic\n    domains:\n"
			    "      - a.example\n    zip: \"01234\"\n    none: []\n");
}

static void lines_are_written_as_a_block(void **state)
{
	AUTO(json_done)
	json_t *value = json_pack("{s:[{s:s, s:s}, s], s:s}", "apps", "xml", "<a>\n\t<b/>\n\n</a>\n", "id",
				  "x", "# one\n--- two", "cr", "a\r\nb");

	assert_string_equal(
		yaml_write(*state, value),
		"apps:\n  - xml: |\n      <a>\n      \t<b/>\n\n      </a>\n    id: x\n  - |-\n    # one\n"
		"    --- two\ncr: \"a\\u000D\\nb\"\n");
}

/* Every text of up to five of these characters, in every place that a text can have. */
static void every_short_text_reads_back_the_same(void **state)
{
	static const char letters[] = "a \n\t#-:";
	char text[6] = "";

	(void)state;
	for (unsigned n = 0; n < 7 * 7 * 7 * 7 * 7; n++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		unsigned rest = n;

		for (size_t i = 0; i < 5; i++, rest /= 7)
			text[i] = letters[rest % 7];
		AUTO(json_done)
		json_t *value =
			json_pack("{s:[s, {s:s}], s:s}", "list", text, "in", text + 1, "end", text + 2);
		char *written = yaml_write(arena, value);

		assert_string_equal(read_all(arena, written, strlen(written)),
				    arena_print(arena, "[%s]", json_text(arena, value)));
	}
}

static void a_key_of_any_length_is_written(void **state)
{
	for (size_t size = 990; size < 1040; size++) {
		char *key = arena_alloc(*state, size + 1);
		AUTO(json_done) json_t *value = json_object(), *inner = json_object();

		memset(key, 'k', size);
		json_set_text(inner, key, "x");
		json_object_set(value, key, inner);
		json_set_text(value, "other", "y");
		char *text = yaml_write(*state, value);

		assert_string_equal(read_all(*state, text, strlen(text)),
				    arena_print(*state, "[%s]", json_text(*state, value)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scalar_stays_text_unless_plain_and_exact),
		cmocka_unit_test(documents_come_first_to_last),
		cmocka_unit_test(what_is_refused_is_named_with_line_and_column),
		cmocka_unit_test(thirty_two_levels_are_the_deepest),
		cmocka_unit_test(one_megabyte_is_the_longest),
		cmocka_unit_test(a_value_remembers_where_it_stood),
		cmocka_unit_test(positions_outlive_changes_to_the_value),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(lines_are_written_as_a_block),
		cmocka_unit_test(every_short_text_reads_back_the_same),
		cmocka_unit_test(plain_words_are_written_without_quotes),
		cmocka_unit_test(a_key_of_any_length_is_written),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
