/* scope.c: scopes as space-separated words (RFC 6749 3.3). */
#include "oidc/scope.h"

#include "base/arena.h"
#include "base/text.h"

/* scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
static bool is_scope_char(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

bool scope_is_sound(const char *scope)
{
	for (const char *at = scope; *at; at++)
		if (*at != ' ' && !is_scope_char(*at))
			return false;
	return true;
}

const char *const *scope_words(struct arena *arena, const char *scope)
{
	size_t count;

	return (const char *const *)text_split(arena, scope ? scope : "", ' ', &count);
}

static char *append(struct arena *arena, char *scope, const char *word)
{
	if (text_words_have(scope, word))
		return scope;
	return *scope ? arena_print(arena, "%s %s", scope, word) : arena_text(arena, word);
}

char *scope_of_list(struct arena *arena, const char *const *list)
{
	char *scope = arena_text(arena, "");

	for (; list && *list; list++)
		scope = append(arena, scope, *list);
	return scope;
}

char *scope_narrow(struct arena *arena, const char *asked, const char *const *allowed)
{
	char *scope = arena_text(arena, "");

	for (const char *const *word = scope_words(arena, asked); *word; word++)
		if (text_list_has(allowed, *word))
			scope = append(arena, scope, *word);
	return scope;
}

char *scope_without(struct arena *arena, const char *asked, const char *without)
{
	char *scope = arena_text(arena, "");

	for (const char *const *word = scope_words(arena, asked); *word; word++)
		if (!text_equal(*word, without))
			scope = append(arena, scope, *word);
	return scope;
}

/* Without an arena: the words of inner are compared where they stand. */
static bool has_word(const char *words, const char *word, size_t length)
{
	for (const char *at = words; *at;) {
		size_t span = strcspn(at, " ");

		if (span == length && strncmp(at, word, length) == 0)
			return true;
		at += span + strspn(at + span, " ");
	}
	return false;
}

bool scope_within(const char *inner, const char *outer)
{
	for (const char *at = inner ? inner : ""; *at;) {
		size_t span = strcspn(at, " ");

		if (span && !has_word(outer ? outer : "", at, span))
			return false;
		at += span + strspn(at + span, " ");
	}
	return true;
}

char *scope_join(struct arena *arena, const char *a, const char *b)
{
	char *scope = scope_of_list(arena, scope_words(arena, a));

	for (const char *const *word = scope_words(arena, b); *word; word++)
		scope = append(arena, scope, *word);
	return scope;
}
