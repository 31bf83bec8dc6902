/* json.h: jansson with our rules: strict reading, scoped values, one way to print. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/base.h"

struct arena;

void json_done(json_t **value); /* for AUTO; a NULL is fine */

/* Reads one value: no duplicate members, no trailing bytes, no NUL in strings, size already
 * bounded by the caller; NULL when it is not JSON. The caller owns the result. */
json_t *json_read(const char *text, size_t size) MUST_USE;
/* Compact; in the arena. json_print sorts keys (canonical, for hashing and comparing). */
char *json_text(struct arena *arena, const json_t *value);
char *json_canonical(struct arena *arena, const json_t *value);
char *json_pretty(struct arena *arena, const json_t *value);

/* NULL / fallback when the member is missing or of another type. Text lives as long as value. */
const char *json_get_text(const json_t *object, const char *key);
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);
bool json_get_bool(const json_t *object, const char *key, bool fallback);
/* An array of strings as a NULL-terminated list in the arena (NULL when not such an array). */
const char *const *json_get_list(struct arena *arena, const json_t *object, const char *key);
json_t *json_list(const char *const *list); /* new array; NULL list gives [] */
/* Sets key to a new reference; asserts that it works (we own memory and keys). */
void json_set(json_t *object, const char *key, json_t *value_taken);
void json_set_text(json_t *object, const char *key, const char *text); /* NULL text: nothing set */

#endif
