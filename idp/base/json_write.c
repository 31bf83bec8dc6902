/* json_write.c: a value as compact text, in two walks: the first counts, the second writes. Tokens are made
 * of it, so it is on the hottest path; what it writes is byte for byte what jansson would. */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"

struct writer {
	char *at; /* NULL: only count */
	size_t size;
};

static void put(struct writer *w, const char *text, size_t size)
{
	if (w->at)
		memcpy(w->at + w->size, text, size);
	w->size += size;
}

static void put_escape(struct writer *w, unsigned char c)
{
	static const char letters[] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	char escape[7];

	if (c == '"' || c == '\\')
		(void)snprintf(escape, sizeof escape, "\\%c", c); /* fits */
	else if (c < sizeof letters && letters[c])
		(void)snprintf(escape, sizeof escape, "\\%c", letters[c]); /* fits */
	else
		(void)snprintf(escape, sizeof escape, "\\u%04X", (unsigned)c); /* fits */
	put(w, escape, strlen(escape));
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* A jansson string is UTF-8 already (RFC 8259 7: only these have to be escaped). */
static void put_string(struct writer *w, const char *text, size_t size)
{
	put(w, "\"", 1);
	for (size_t at = 0, plain; at < size; at += plain) {
		for (plain = 0; at + plain < size && is_plain((unsigned char)text[at + plain]);)
			plain++;
		put(w, text + at, plain);
		if (at + plain < size)
			put_escape(w, (unsigned char)text[at + plain++]);
	}
	put(w, "\"", 1);
}

static void put_integer(struct writer *w, json_int_t value)
{
	char digits[24];
	int size = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, value);

	assert(size > 0 && (size_t)size < sizeof digits);
	put(w, digits, (size_t)size);
}

static void put_real(struct writer *w, const json_t *value)
{
	char digits[128];
	size_t size = json_dumpb(value, digits, sizeof digits, JSON_ENCODE_ANY);

	assert(size > 0 && size <= sizeof digits);
	put(w, digits, size);
}

static void put_value(struct writer *w, json_t *value);

static void put_object(struct writer *w, json_t *object)
{
	const char *between = "{";

	if (json_object_size(object) == 0)
		put(w, between, 1);
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *key = json_object_iter_key(at);

		put(w, between, 1);
		put_string(w, key, strlen(key));
		put(w, ":", 1);
		put_value(w, json_object_iter_value(at));
		between = ",";
	}
	put(w, "}", 1);
}

static void put_array(struct writer *w, const json_t *array)
{
	put(w, "[", 1);
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (i > 0)
			put(w, ",", 1);
		put_value(w, json_array_get(array, i));
	}
	put(w, "]", 1);
}

static void put_value(struct writer *w, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return put_object(w, value);
	case JSON_ARRAY:
		return put_array(w, value);
	case JSON_STRING:
		return put_string(w, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return put_integer(w, json_integer_value(value));
	case JSON_REAL:
		return put_real(w, value);
	case JSON_TRUE:
		return put(w, "true", 4);
	case JSON_FALSE:
		return put(w, "false", 5);
	case JSON_NULL:
		return put(w, "null", 4);
	}
	assert(!"a kind of value that there is not");
}

char *json_text(struct arena *arena, const json_t *value)
{
	/* jansson's iterators want a pointer to what may change; nothing does. */
	json_t *whole = (json_t *)(uintptr_t)value;
	struct writer counted = { NULL, 0 };

	assert(value);
	put_value(&counted, whole);
	struct writer written = { arena_alloc(arena, counted.size + 1), 0 };

	put_value(&written, whole);
	assert(written.size == counted.size);
	return written.at;
}
