/* embedded.h: files compiled into the program (schema, assets). Made by tests/lint/embed.sh. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name;          /* NULL ends the list */
	const unsigned char *data; /* NUL-terminated beyond size */
	size_t size;
};
extern const struct embedded schema_files[];
extern const struct embedded assets_files[];

#endif
