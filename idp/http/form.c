/* form.c: application/x-www-form-urlencoded (WHATWG URL 5.1), for queries and bodies alike. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/form.h"

static size_t count_fields(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '&', size - at);
		size_t n = end ? (size_t)(end - (text + at)) : size - at;

		count += n > 0;
		at += n + 1;
	}
	return count;
}

static enum err read_field(struct arena *arena, const char *text, size_t size, struct form_field *out)
{
	const char *equals = memchr(text, '=', size);
	size_t name_size = equals ? (size_t)(equals - text) : size;
	size_t value_at = equals ? name_size + 1 : size;
	char *name, *value;

	if (!percent_decode(arena, text, name_size, true, &name) ||
	    !percent_decode(arena, text + value_at, size - value_at, true, &value))
		return ERR_PARAMETER_MALFORMED;
	*out = (struct form_field){ .name = name, .value = value };
	return OK;
}

/* Few fields: comparing all with all costs less than a table would. */
static const char *find_repeated(const struct form_field *fields, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (text_equal(fields[i].name, fields[j].name))
				return fields[i].name;
	return NULL;
}

enum err form_parse(struct arena *arena, const char *text, size_t size, size_t max_fields, struct form *out)
{
	size_t count = count_fields(text, size), filled = 0;

	if (count > max_fields)
		return ERR_TOO_LARGE;
	struct form_field *fields = arena_array(arena, struct form_field, count + 1);

	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '&', size - at);
		size_t n = end ? (size_t)(end - (text + at)) : size - at;

		if (n > 0)
			TRY(read_field(arena, text + at, n, &fields[filled++]));
		at += n + 1;
	}
	*out = (struct form){ .fields = fields, .count = filled, .repeated = find_repeated(fields, filled) };
	return OK;
}

const char *form_get(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (text_equal(form->fields[i].name, name))
			return form->fields[i].value;
	return NULL;
}

char *form_write(struct arena *arena, const struct form *form)
{
	AUTO_BUF text = BUF(4 * MB);

	for (size_t i = 0; i < form->count; i++) {
		if (i > 0)
			buf_char(&text, '&');
		percent_encode(&text, form->fields[i].name);
		buf_char(&text, '=');
		percent_encode(&text, form->fields[i].value);
	}
	assert(!text.full); /* what was parsed from a bounded request is at most three times as long */
	return arena_text(arena, buf_str(&text));
}
