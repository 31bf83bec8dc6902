/* password_rules.c: is this password good enough? Length, the person's own words, and how soon it
 * would be guessed (NIST SP 800-63B-4 3.1.1: length and blocklists, no composition rules). */
#include "base/base.h"

#include <zxcvbn.h>

#include "base/arena.h"
#include "base/text.h"
#include "keys/password.h"
#include "keys/secret.h"

enum { PASSWORD_MAX = 1024, HINT_MIN = 4, WORDS_MAX = 64 };
/* zxcvbn looks closely at the first hundred bytes only. */
enum { LOOKED_AT = 100 };
/* log2 of 10^10 guesses: what zxcvbn's authors call safe against a slow hash that was stolen. */
static const double bits_wanted = 33.2;

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* Words of the hints, small letters, ends with NULL: "Ada.Okoro@north.example" gives ada, okoro,
 * north, example. */
static const char **words_of(struct arena *arena, const char *const *hints)
{
	static const char between[] = " \t.,;:@_-+/'\"()";
	const char **words = arena_array(arena, const char *, WORDS_MAX + 1);
	size_t count = 0;

	for (; hints && *hints; hints++) {
		const char *at = text_lower(arena, *hints);

		for (at += strspn(at, between); *at && count < WORDS_MAX; at += strspn(at, between)) {
			size_t size = strcspn(at, between);

			words[count++] = arena_textn(arena, at, size);
			at += size;
		}
	}
	return words;
}

/* Short names hide in innocent words ("ada" in "canada"): those only count as easy guesses. */
static bool has_word(const char *password, const char **words)
{
	for (; *words; words++)
		if (strlen(*words) >= HINT_MIN && strstr(password, *words))
			return true;
	return false;
}

static bool is_guessable(struct arena *arena, const char *password, const char **words)
{
	size_t size = strlen(password);

	if (size > LOOKED_AT)
		for (size = LOOKED_AT; ((unsigned char)password[size] & 0xc0) == 0x80; size--)
			;
	char *head = arena_textn(arena, password, size);
	double bits = ZxcvbnMatch(head, words, NULL);

	wipe(head, size);
	return bits < bits_wanted;
}

const char *password_weakness(const char *password, int64_t min_length, const char *const *hints)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	if (text_is_empty(password))
		return "too_short";
	if (strlen(password) > PASSWORD_MAX)
		return "too_long";
	if (!text_is_utf8(password, strlen(password)))
		return "not_utf8";
	if ((int64_t)characters(password) < min_length)
		return "too_short";
	const char **words = words_of(arena, hints);
	char *small = text_lower(arena, password);
	bool named = has_word(small, words);

	wipe(small, strlen(small));
	if (named)
		return "contains_name";
	return is_guessable(arena, password, words) ? "guessable" : NULL;
}
