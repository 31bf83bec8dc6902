/* fuzz_form.c: any bytes as a form. What is accepted is text, within bounds, and survives being
 * written and read again. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/form.h"

#define FIELDS 50

static void check_text(const char *text)
{
	assert(text && text_is_utf8(text, strlen(text)));
}

static void check_round_trip(struct arena *arena, const struct form *form)
{
	const char *written = form_write(arena, form);
	struct form again;
	enum err err = form_parse(arena, written, strlen(written), FIELDS, &again);

	assert(err == OK);
	assert((form->repeated != NULL) == (again.repeated != NULL));
	assert(again.count == form->count);
	for (size_t i = 0; i < form->count; i++) {
		assert(text_equal(form->fields[i].name, again.fields[i].name));
		assert(text_equal(form->fields[i].value, again.fields[i].value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct form form;

	if (form_parse(arena, (const char *)data, size, FIELDS, &form) != OK)
		return 0;
	assert(form.count <= FIELDS);
	for (size_t i = 0; i < form.count; i++) {
		check_text(form.fields[i].name);
		check_text(form.fields[i].value);
	}
	check_round_trip(arena, &form);
	return 0;
}
