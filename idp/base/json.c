/* json.c: jansson with our rules (RFC 8259; duplicate members refused as RFC 7515 10.12 wants). */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"

void json_done(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}

json_t *json_read(const char *text, size_t size)
{
	/* By default jansson refuses trailing bytes and escaped NULs; JSON_DECODE_ANY allows a scalar at
	 * the top, as RFC 8259 2 does. */
	return json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

static char *dump(struct arena *arena, const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags | JSON_ENCODE_ANY);

	assert(text != NULL);
	char *copy = arena_text(arena, text);

	free(text);
	return copy;
}

char *json_canonical(struct arena *arena, const json_t *value)
{
	return dump(arena, value, JSON_COMPACT | JSON_SORT_KEYS);
}

char *json_pretty(struct arena *arena, const json_t *value)
{
	return dump(arena, value, JSON_INDENT(2));
}

const char *json_get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t json_get_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_get_bool(const json_t *object, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

const char *const *json_get_list(struct arena *arena, const json_t *object, const char *key)
{
	const json_t *array = json_object_get(object, key);

	if (!json_is_array(array))
		return NULL;
	size_t count = json_array_size(array);
	const char **list = arena_array(arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		list[i] = json_string_value(json_array_get(array, i));
		if (list[i] == NULL)
			return NULL;
	}
	return list;
}

json_t *json_list(const char *const *list)
{
	json_t *array = json_array();

	for (; list != NULL && *list != NULL; list++) {
		int failed = json_array_append_new(array, json_string(*list));

		assert(failed == 0);
	}
	assert(array != NULL);
	return array;
}

void json_set(json_t *object, const char *key, json_t *value_taken)
{
	int failed = json_object_set_new(object, key, value_taken);

	assert(failed == 0);
}

void json_set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_set(object, key, json_string(text));
}
