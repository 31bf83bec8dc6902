/* cli_print.c: an answer as a table for people, or json, yaml, names for programs. */
#include "cli.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#define COLUMNS_MAX 32
#define CELL_MAX    ((size_t)120)

static const char *const formats[] = { "table", "json", "yaml", "name", NULL };
/* The member that names a thing. */
static const char *const names[] = { "id",       "email",   "client_id", "kid", "sid",
				     "practice", "feature", "check",     NULL };

struct table {
	const char *columns[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX];
	size_t count;
};

bool print_knows(const char *format)
{
	return text_list_has(formats, format);
}

/* Control characters could drive the terminal. */
static void add_text(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_char(out, (unsigned char)*text < ' ' || *text == '\x7f' ? '?' : *text);
}

static void add_value(struct buf *out, json_t *value);

static void add_list(struct buf *out, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			buf_text(out, ", ");
		add_value(out, json_array_get(list, i));
	}
}

/* From the one to the other; from nothing: only what it is now. */
static void add_change(struct buf *out, json_t *pair)
{
	if (!json_is_null(json_array_get(pair, 0))) {
		add_value(out, json_array_get(pair, 0));
		buf_text(out, " -> ");
	}
	add_value(out, json_array_get(pair, 1));
}

static void add_members(struct buf *out, json_t *object, bool changes)
{
	const char *key, *join = "";
	json_t *value;

	json_object_foreach (object, key, value) {
		buf_print(out, "%s%s: ", join, key);
		join = "; ";
		if (changes)
			add_change(out, value);
		else
			add_value(out, value);
	}
}

static void add_value(struct buf *out, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		add_text(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		buf_print(out, "%" PRId64, (int64_t)json_integer_value(value));
		break;
	case JSON_REAL:
		buf_print(out, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_text(out, json_is_true(value) ? "yes" : "no");
		break;
	case JSON_NULL:
		buf_char(out, '-');
		break;
	case JSON_ARRAY:
		add_list(out, value);
		break;
	case JSON_OBJECT:
		add_members(out, value, false);
		break;
	}
}

static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80; /* not the inside of a character */
	return width;
}

/* As text, cut when it is long: the whole stands in -o json. */
static char *cell(struct arena *arena, const json_t *row, const char *column, size_t max)
{
	AUTO_BUF text = BUF(64 * KB);
	json_t *value = json_object_get(row, column);

	if (json_is_object(value) && text_equal(column, "fields")) /* of a plan: [old, new] each */
		add_members(&text, value, true);
	else if (value)
		add_value(&text, value);
	if (text.size <= max)
		return arena_text(arena, buf_str(&text));
	return text_bounded(arena, buf_str(&text), text.size, max);
}

static void learn_columns(struct table *table, json_t *row)
{
	const char *key;
	json_t *value;

	json_object_foreach (row, key, value) {
		bool known = false;
		for (size_t i = 0; i < table->count; i++)
			known |= text_equal(table->columns[i], key);
		if (!known && table->count < COLUMNS_MAX)
			table->columns[table->count++] = key;
	}
}

static void learn_widths(struct arena *arena, struct table *table, const json_t *list)
{
	for (size_t c = 0; c < table->count; c++) {
		table->widths[c] = width_of(table->columns[c]);
		for (size_t i = 0; i < json_array_size(list); i++) {
			size_t width =
				width_of(cell(arena, json_array_get(list, i), table->columns[c], CELL_MAX));
			if (width > table->widths[c])
				table->widths[c] = width;
		}
	}
}

static void print_cell(FILE *out, const char *text, size_t width, bool last)
{
	fputs(text, out);
	for (size_t i = width_of(text); !last && i < width + 2; i++)
		fputc(' ', out);
}

static void print_rows(FILE *out, struct arena *arena, const json_t *list)
{
	struct table table = { .count = 0 };

	for (size_t i = 0; i < json_array_size(list); i++)
		learn_columns(&table, json_array_get(list, i));
	learn_widths(arena, &table, list);
	for (size_t c = 0; c < table.count; c++)
		print_cell(out, table.columns[c], table.widths[c], c + 1 == table.count);
	fputs(table.count ? "\n" : "", out);
	for (size_t i = 0; i < json_array_size(list); i++) {
		for (size_t c = 0; c < table.count; c++)
			print_cell(out, cell(arena, json_array_get(list, i), table.columns[c], CELL_MAX),
				   table.widths[c], c + 1 == table.count);
		fputs("\n", out);
	}
}

static bool is_rows(const json_t *value)
{
	return json_array_size(value) > 0 && json_is_object(json_array_get(value, 0));
}

/* One thing: a line a member, lists of things as tables below. */
static void print_thing(FILE *out, struct arena *arena, json_t *thing)
{
	const char *key;
	json_t *value;
	size_t width = 0;

	json_object_foreach (thing, key, value) {
		width = width_of(key) > width && !is_rows(value) ? width_of(key) : width;
	}
	json_object_foreach (thing, key, value) {
		if (is_rows(value))
			continue;
		print_cell(out, key, width, false);
		fprintf(out, "%s\n", cell(arena, thing, key, 64 * KB));
	}
	json_object_foreach (thing, key, value) {
		if (!is_rows(value))
			continue;
		fprintf(out, "\n%s\n", key);
		print_rows(out, arena, value);
	}
}

static const char *name_of(struct arena *arena, const json_t *row)
{
	for (const char *const *name = names; *name; name++)
		if (json_object_get(row, *name))
			return cell(arena, row, *name, 64 * KB);
	return "";
}

static void print_names(FILE *out, struct arena *arena, const json_t *result)
{
	for (size_t i = 0; i < json_array_size(result); i++)
		fprintf(out, "%s\n", name_of(arena, json_array_get(result, i)));
	if (json_is_object(result))
		fprintf(out, "%s\n", name_of(arena, result));
}

static void print_table(FILE *out, struct arena *arena, json_t *result)
{
	if (json_is_object(result))
		print_thing(out, arena, result);
	else
		print_rows(out, arena, result);
}

void print_result(FILE *out, struct arena *arena, const json_t *result, const char *format)
{
	if (json_is_string(result) && !text_equal(format, "json"))
		fputs(json_string_value(result), out);
	else if (text_equal(format, "json"))
		fprintf(out, "%s\n", json_pretty(arena, result));
	else if (text_equal(format, "yaml"))
		fputs(yaml_write(arena, result), out);
	else if (text_equal(format, "name"))
		print_names(out, arena, result);
	else
		print_table(out, arena, (json_t *)(uintptr_t)result);
}
