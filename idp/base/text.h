/* text.h: what is done with text: compare, split, check, encode. Past the door, text is
 * NUL-terminated UTF-8 without inner NULs. None of these is constant time: secrets are compared
 * with secret_equal (keys/secret.h). */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

struct arena;
struct buf;

bool text_equal(const char *a, const char *b);        /* NULL equals only NULL */
bool text_equal_nocase(const char *a, const char *b); /* ASCII letters */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_is_empty(const char *text);             /* NULL or "" */
bool text_is_utf8(const char *text, size_t size); /* RFC 3629, no surrogates, no NUL */
/* Length of the well-formed UTF-8 character at the start (its code point in *out), 0: there is none. */
size_t text_char(const char *text, size_t size, uint32_t *out);
bool text_is_slug(const char *text); /* [a-z0-9][a-z0-9-]{0,62} */
/* Decimal digits alone (one leading '-' allowed), within [min, max]; false leaves *out. */
bool text_to_int(const char *text, int64_t min, int64_t max, int64_t *out) MUST_USE;
/* "30s" "5m" "12h" "7d" or "90" (seconds) to seconds; false leaves *out. */
bool text_to_duration(const char *text, int64_t *out) MUST_USE;
char *text_lower(struct arena *arena, const char *text); /* ASCII */
char *text_trim(struct arena *arena, const char *text);  /* spaces and tabs at both ends */
/* Splits at the separator, dropping empty parts; the array ends with NULL. */
char **text_split(struct arena *arena, const char *text, char separator, size_t *count);
bool text_list_has(const char *const *list,
		   const char *word); /* list ends with NULL; NULL list has nothing */
/* True when the space-separated list (a scope) has the word. */
bool text_words_have(const char *words, const char *word);
/* The nearest of candidates (ends with NULL) by edit distance <= 3, or NULL: for "did you mean". */
const char *text_nearest(const char *word, const char *const *candidates);
/* Copies at most max bytes, cut at a character boundary, invalid UTF-8 and control characters
 * replaced by U+FFFD, a marker appended when cut. For audit and log fields. */
char *text_bounded(struct arena *arena, const char *text, size_t size, size_t max);
void text_add_bounded(struct buf *out, const char *text, size_t size, size_t max); /* the same, appended */

char *hex_encode(struct arena *arena, struct bytes bytes);
/* base64url without padding (RFC 4648 5). */
char *base64url_encode(struct arena *arena, struct bytes bytes);
/* Strict: no padding, no foreign characters, zero trailing bits. False: not canonical. */
bool base64url_decode(struct arena *arena, const char *text, size_t size, struct bytes *out) MUST_USE;
char *base64_encode(struct arena *arena, struct bytes bytes); /* RFC 4648 4, padded */
bool base64_decode(struct arena *arena, const char *text, size_t size, struct bytes *out) MUST_USE;
/* Everything but unreserved (RFC 3986 2.3) as %XX. */
void percent_encode(struct buf *out, const char *text);
/* Decodes %XX and, when plus_is_space, '+'. False: bad escape, NUL or not UTF-8. */
bool percent_decode(struct arena *arena, const char *text, size_t size, bool plus_is_space,
		    char **out) MUST_USE;
void html_escape(struct buf *out, const char *text); /* & < > " ' */

#endif
