/* form.h: name=value parsing, for queries and bodies: percent-decoded once, UTF-8 without NUL,
 * bounded, repetition noticed. Standalone: no socket needed, fuzzed. */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/base.h"

struct arena;

struct form_field {
	const char *name, *value;
};
struct form {
	const struct form_field *fields;
	size_t count;
	const char *repeated; /* a name that came twice, or NULL */
};

/* At most max_fields; ERR_PARAMETER_MALFORMED or ERR_TOO_LARGE. Names seen twice are noted. */
enum err form_parse(struct arena *arena, const char *text, size_t size, size_t max_fields,
		    struct form *out) MUST_USE;
/* NULL when absent; "" stays "". The first of repeated ones (callers refuse those before). */
const char *form_get(const struct form *form, const char *name);
/* The text again, encoded: for carrying a request through a flow row. */
char *form_write(struct arena *arena, const struct form *form);

#endif
