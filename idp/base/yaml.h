/* yaml.h: strict YAML (libyaml events) into JSON values that remember where they stood.
 *
 * Scalars stay text unless plain and exactly true/false/null/a decimal integer: `no`, `01234`
 * and "5" stay text. Refused, with line and column: aliases, anchors, tags, duplicate keys,
 * keys that are not plain text, tabs as indent, NUL, more than 1 MB or 32 levels. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct yaml_document;

/* Documents of one text, first to last. On failure *message ("line 3, column 5: ...") is set
 * and NULL returned. Values and positions are released with the arena. */
struct yaml_document *yaml_read(struct arena *arena, const char *text, size_t size, size_t *count,
				const char **message) MUST_USE;
/* Borrowed. */
json_t *yaml_value(const struct yaml_document *documents, size_t at);
/* Where this very value stood; false for a value that is not from here and for true, false and
 * null, of which there is only one each: ask for the member instead. */
bool yaml_position(const struct yaml_document *documents, const json_t *value, unsigned *line,
		   unsigned *column);
/* Where the key of this member stood. */
bool yaml_member_position(const struct yaml_document *documents, const json_t *object, const char *key,
			  unsigned *line, unsigned *column);
/* Writes a value as YAML that reads back the same (strings quoted where needed). */
char *yaml_write(struct arena *arena, const json_t *value);

#endif
