/* text.c: compare, split, check and shorten text (UTF-8, RFC 3629). */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

#define REPLACEMENT "\xEF\xBF\xBD"      /* U+FFFD */
#define CUT_MARK    "\xE2\x80\xA6[cut]" /* an ellipsis and the word, so that nobody takes it for the end */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool text_equal_nocase(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text), tail = strlen(suffix);

	return size >= tail && memcmp(text + size - tail, suffix, tail) == 0;
}

bool text_is_empty(const char *text)
{
	return text == NULL || *text == '\0';
}

/* How many continuation bytes follow this first byte, and the least code point that needs them
 * (a smaller one would be an overlong form); -1: no first byte. */
static int follow_count(uint8_t first, uint32_t *least)
{
	static const struct {
		uint8_t mask, mark;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 }, { 0xE0, 0xC0, 0x80 }, { 0xF0, 0xE0, 0x800 }, { 0xF8, 0xF0, 0x10000 }
	};

	for (int i = 0; i < (int)COUNT(forms); i++) {
		if ((first & forms[i].mask) == forms[i].mark) {
			*least = forms[i].least;
			return i;
		}
	}
	return -1;
}

size_t text_char(const char *text, size_t size, uint32_t *out)
{
	static const uint8_t first_bits[] = { 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t least = 0;

	if (size == 0)
		return 0;
	int follow = follow_count((uint8_t)text[0], &least);

	if (follow < 0 || (size_t)follow >= size)
		return 0;
	uint32_t point = (uint8_t)text[0] & first_bits[follow];

	for (int i = 1; i <= follow; i++) {
		uint8_t next = (uint8_t)text[i];

		if ((next & 0xC0) != 0x80)
			return 0;
		point = point << 6 | (next & 0x3F);
	}
	if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return 0;
	*out = point;
	return (size_t)follow + 1;
}

bool text_is_utf8(const char *text, size_t size)
{
	uint32_t point = 0;

	for (size_t i = 0; i < size;) {
		size_t step = text_char(text + i, size - i, &point);

		if (step == 0 || point == 0)
			return false;
		i += step;
	}
	return true;
}

bool text_is_slug(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return text[size] == '\0' && size >= 1 && size <= 63 && text[0] != '-';
}

/* All of the text is digits and fits; the accumulator is negative, which has the wider range. */
static bool digits_to_int(const char *digits, bool negative, int64_t *out)
{
	int64_t value = 0;

	if (*digits == '\0')
		return false;
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *digits - '0', &value))
			return false;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*out = negative ? value : -value;
	return true;
}

bool text_to_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
	int64_t value = 0;
	bool negative = text != NULL && *text == '-';

	if (text == NULL || !digits_to_int(text + negative, negative, &value))
		return false;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

bool text_to_duration(const char *text, int64_t *out)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char digits[24] = "";
	size_t size = text != NULL ? strlen(text) : 0;
	int64_t seconds = 1, value = 0;

	if (size == 0 || size >= sizeof(digits))
		return false;
	memcpy(digits, text, size);
	for (size_t i = 0; i < COUNT(units); i++) {
		if (digits[size - 1] == units[i].letter) {
			seconds = units[i].seconds;
			digits[size - 1] = '\0';
			break;
		}
	}
	if (!digits_to_int(digits, false, &value) || __builtin_mul_overflow(value, seconds, &value))
		return false;
	*out = value;
	return true;
}

char *text_lower(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text);

	for (char *c = copy; c != NULL && *c != '\0'; c++)
		*c = lower(*c);
	return copy;
}

char *text_trim(struct arena *arena, const char *text)
{
	text += strspn(text, " \t");
	size_t size = strlen(text);

	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		size--;
	return arena_textn(arena, text, size);
}

char **text_split(struct arena *arena, const char *text, char separator, size_t *count)
{
	size_t parts = 1, found = 0;

	for (const char *c = text; *c != '\0'; c++)
		parts += *c == separator;
	char **list = arena_array(arena, char *, parts + 1);

	for (const char *at = text;;) {
		const char *end = strchrnul(at, separator);

		if (end != at)
			list[found++] = arena_textn(arena, at, (size_t)(end - at));
		if (*end == '\0')
			break;
		at = end + 1;
	}
	if (count != NULL)
		*count = found;
	return list;
}

bool text_list_has(const char *const *list, const char *word)
{
	for (; list != NULL && *list != NULL; list++) {
		if (strcmp(*list, word) == 0)
			return true;
	}
	return false;
}

bool text_words_have(const char *words, const char *word)
{
	size_t size = strlen(word);

	if (words == NULL || size == 0 || strchr(word, ' ') != NULL)
		return false;
	for (const char *at = words; *at != '\0';) {
		const char *end = strchrnul(at, ' ');

		if ((size_t)(end - at) == size && memcmp(at, word, size) == 0)
			return true;
		at = end + (*end == ' ');
	}
	return false;
}

#define NEAREST_MAX 64

/* Levenshtein, one line of the table at a time; words too long to be a slip count as far away. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t line[NEAREST_MAX + 1], a_size = strlen(a), b_size = strlen(b);

	if (a_size > NEAREST_MAX || b_size > NEAREST_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= b_size; i++)
		line[i] = i;
	for (size_t k = 1; k <= a_size; k++) {
		size_t diagonal = line[0];

		line[0] = k;
		for (size_t i = 1; i <= b_size; i++) {
			size_t changed = diagonal + (a[k - 1] != b[i - 1]);
			size_t moved = (line[i] < line[i - 1] ? line[i] : line[i - 1]) + 1;

			diagonal = line[i];
			line[i] = changed < moved ? changed : moved;
		}
	}
	return line[b_size];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	const char *nearest = NULL;
	size_t best = 4, size = strlen(word);

	for (; *candidates != NULL; candidates++) {
		size_t distance = edit_distance(word, *candidates);

		/* As many edits as letters would make any short word near to any other. */
		if (distance < best && distance < size) {
			best = distance;
			nearest = *candidates;
		}
	}
	return nearest;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7F && point < 0xA0);
}

void text_add_bounded(struct buf *out, const char *text, size_t size, size_t max)
{
	size_t added = 0;
	uint32_t point = 0;

	for (size_t i = 0; i < size;) {
		size_t step = text_char(text + i, size - i, &point);
		bool keep = step != 0 && !is_control(point);
		const char *piece = keep ? text + i : REPLACEMENT;
		size_t length = keep ? step : strlen(REPLACEMENT);

		if (length > max - added) {
			buf_text(out, CUT_MARK);
			return;
		}
		buf_add(out, piece, length);
		added += length;
		i += step != 0 ? step : 1;
	}
}

char *text_bounded(struct arena *arena, const char *text, size_t size, size_t max)
{
	AUTO_BUF out = BUF(max + strlen(CUT_MARK));

	text_add_bounded(&out, text, size, max);
	return arena_textn(arena, buf_str(&out), out.size);
}
