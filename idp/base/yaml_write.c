/* yaml_write.c: JSON values as block YAML that yaml_read reads back the same. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#define CEILING (64 * MB)
/* A simple key ends within 1024 characters (YAML 1.1 9.1.1); longer ones are written with "? ". */
#define SIMPLE_KEY 1000

/* Words that some YAML reader takes for something else than text. */
static const char *const reserved[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL };

static bool is_reserved(const char *text)
{
	for (const char *const *word = reserved; *word != NULL; word++) {
		if (text_equal_nocase(*word, text))
			return true;
	}
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Without quotes only what nobody can read in another way. */
static bool is_plain(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./@+:";
	size_t size = strspn(text, safe);

	return text[size] == '\0' && is_letter(text[0]) && !is_reserved(text) && text[size - 1] != ' ' &&
	       text[size - 1] != ':' && strstr(text, ": ") == NULL;
}

/* What libyaml reads from the text as it stands: printable, no line break of any script, no mark. */
static bool is_printable(uint32_t point)
{
	if (point == 0x2028 || point == 0x2029 || point == 0xFEFF)
		return false;
	return (point >= 0x20 && point < 0x7F) || (point >= 0xA0 && point <= 0xFFFD) || point >= 0x10000;
}

static void write_quoted(struct buf *out, const char *text)
{
	size_t size = strlen(text);
	uint32_t point = 0;

	buf_char(out, '"');
	for (size_t i = 0; i < size;) {
		size_t step = text_char(text + i, size - i, &point);

		assert(step != 0); /* jansson holds UTF-8 alone */
		if (point == '"' || point == '\\')
			buf_char(out, '\\');
		if (point == '\n')
			buf_text(out, "\\n");
		else if (is_printable(point))
			buf_add(out, text + i, step);
		else
			buf_print(out, "\\u%04X", point);
		i += step;
	}
	buf_char(out, '"');
}

/* Lines that stand as they are in a block: the first begins with no blank (it tells the indentation), at most
 * one line break ends them, nothing in them wants an escape. */
static bool is_lines(const char *text)
{
	size_t size = strlen(text);
	uint32_t point = 0;

	if (!strchr(text, '\n') || strchr(" \t\n", text[0]) || text_ends(text, "\n\n"))
		return false;
	for (size_t i = 0, step = 1; i < size && step != 0; i += step) {
		step = text_char(text + i, size - i, &point);
		if (point != '\n' && point != '\t' && !is_printable(point))
			return false;
	}
	return true;
}

static void write_text(struct buf *out, const char *text)
{
	if (is_plain(text))
		buf_text(out, text);
	else
		write_quoted(out, text);
}

static bool is_nested(const json_t *value)
{
	return (json_is_object(value) && json_object_size(value) > 0) ||
	       (json_is_array(value) && json_array_size(value) > 0);
}

static void write_leaf(struct buf *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		write_text(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		buf_print(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		buf_print(out, "%.17g", json_real_value(value));
		break;
	case JSON_OBJECT:
		buf_text(out, "{}");
		break;
	case JSON_ARRAY:
		buf_text(out, "[]");
		break;
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		buf_text(out, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
		break;
	}
}

static void write_indent(struct buf *out, unsigned depth)
{
	buf_print(out, "%*s", (int)(2 * depth), "");
}

static void write_block(struct buf *out, const json_t *value, unsigned depth, bool started);

/* As a literal block (YAML 1.1 9.3.1), a level deeper; "-": without the last line's break. */
static void write_lines(struct buf *out, const char *text, unsigned depth)
{
	buf_text(out, text_ends(text, "\n") ? " |\n" : " |-\n");
	while (*text) {
		size_t size = strcspn(text, "\n");

		if (size)
			write_indent(out, depth);
		buf_add(out, text, size);
		buf_char(out, '\n');
		text += size + (text[size] == '\n');
	}
}

/* After "key:" or "-": on the same line when it fits there. */
static void write_value(struct buf *out, const json_t *value, unsigned depth, bool after_dash)
{
	if (json_is_string(value) && is_lines(json_string_value(value))) {
		write_lines(out, json_string_value(value), depth + 1);
		return;
	}
	if (!is_nested(value)) {
		buf_char(out, ' ');
		write_leaf(out, value);
		buf_char(out, '\n');
		return;
	}
	buf_char(out, after_dash ? ' ' : '\n');
	write_block(out, value, depth + 1, after_dash);
}

static void write_key(struct buf *out, const char *key, unsigned depth)
{
	AUTO_BUF name = BUF(CEILING);

	write_text(&name, key);
	if (name.size <= SIMPLE_KEY) {
		buf_print(out, "%s:", buf_str(&name));
		return;
	}
	buf_print(out, "? %s\n", buf_str(&name));
	write_indent(out, depth);
	buf_char(out, ':');
}

/* started: the first line's indentation stands already (after a dash). */
static void write_block(struct buf *out, const json_t *value, unsigned depth, bool started)
{
	size_t count = json_array_size(value);
	const char *key;
	json_t *member;

	for (size_t i = 0; i < count; i++) {
		write_indent(out, started && i == 0 ? 0 : depth);
		buf_char(out, '-');
		write_value(out, json_array_get(value, i), depth, true);
	}
	if (count > 0)
		return;
	/* jansson wants a value that is not const, but only reads it here. */
	json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
		write_indent(out, started ? 0 : depth);
		started = false;
		write_key(out, key, depth);
		write_value(out, member, depth, false);
	}
}

char *yaml_write(struct arena *arena, const json_t *value)
{
	AUTO_BUF out = BUF(CEILING);

	if (is_nested(value)) {
		write_block(&out, value, 0, false);
	} else {
		write_leaf(&out, value);
		buf_char(&out, '\n');
	}
	assert(!out.full);
	return arena_textn(arena, buf_str(&out), out.size);
}
