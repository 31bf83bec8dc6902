/* base.h: the first include of every file: standard headers, attributes, the words we all use. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h> /* asserts stay on in production builds: NDEBUG is never defined */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define MUST_USE                    __attribute__((warn_unused_result))
#define UNUSED                      __attribute__((unused))
#define PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at), nonnull(format_at)))

/* Runs done(&variable) when the variable leaves its scope: an early return is always safe. */
#define AUTO(done) __attribute__((cleanup(done)))

/* The variable that gives becomes NULL: giving away is visible. */
#define TAKE(pointer)                                                                                        \
	({                                                                                                   \
		__typeof__(pointer) taken_ = (pointer);                                                      \
		(pointer) = NULL;                                                                            \
		taken_;                                                                                      \
	})

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The happy path is a list: anything but OK is returned to the caller. */
#define TRY(expression)                                                                                      \
	do {                                                                                                 \
		enum err err_ = (expression);                                                                \
		if (err_ != OK)                                                                              \
			return err_;                                                                         \
	} while (0)

#define KB ((size_t)1024)
#define MB (KB * 1024)

/* Bytes are not text: digests, keys, DER. */
struct bytes {
	const uint8_t *at;
	size_t size;
};
#define BYTES_OF(text) ((struct bytes){ (const uint8_t *)(text), strlen(text) })

/* Unsafe functions do not compile (git's banned.h). */
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime rand srand system gets

#endif
