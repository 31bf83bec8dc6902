/* fuzz_yaml.c: what yaml_read accepts has no alias, depth or key it must refuse, and survives yaml_write. */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const struct yaml_document *documents, const json_t *value, unsigned depth)
{
	unsigned line = 0, column = 0;
	size_t at;
	const char *key;
	json_t *member;
	json_t *open = (json_t *)(uintptr_t)value;

	assert(depth <= 32 && !json_is_real(value));
	bool single = json_is_boolean(value) || json_is_null(value);

	assert(yaml_position(documents, value, &line, &column) == !single);
	assert(single || (line > 0 && column > 0));
	json_array_foreach (open, at, member)
		check_value(documents, member, depth + 1);
	json_object_foreach (open, key, member) {
		assert(*key != '\0' && yaml_member_position(documents, value, key, &line, &column));
		check_value(documents, member, depth + 1);
	}
	if (json_is_string(value))
		assert(text_is_utf8(json_string_value(value), json_string_length(value)));
}

static void check_written(struct arena *arena, const json_t *value)
{
	const char *message = NULL, *text = yaml_write(arena, value);
	size_t count = 0;

	if (strlen(text) > MB) /* escapes and indentation may outgrow what is read */
		return;
	struct yaml_document *again = yaml_read(arena, text, strlen(text), &count, &message);

	assert(again != NULL && count == 1);
	assert(json_equal(yaml_value(again, 0), value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *message = NULL;
	size_t count = 0;
	struct yaml_document *documents = yaml_read(arena, (const char *)data, size, &count, &message);

	assert((documents == NULL) == (message != NULL));
	if (message != NULL) {
		assert(text_starts(message, "line ") && strstr(message, ", column ") != NULL);
		return 0;
	}
	assert(memchr(data, '\0', size) == NULL && size <= MB);
	for (size_t i = 0; i < count; i++) {
		check_value(documents, yaml_value(documents, i), 0);
		check_written(arena, yaml_value(documents, i));
	}
	return 0;
}
