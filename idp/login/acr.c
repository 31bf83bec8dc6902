/* acr.c: authentication context classes (OpenID Connect Core 2, `acr`). */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "login/acr.h"

/* Weakest first; what a class needs stands beside it, so that no sign-in claims more than was shown. */
static const struct strength {
	const char *name;
	const char *amr; /* the method that makes it; NULL: nothing here does */
} classes[] = {
	{ "urn:lanyard:acr:1fa", "pwd" },
	{ "urn:lanyard:acr:mfa", NULL },
	{ "urn:lanyard:acr:epcs", NULL },
};

const char *acr_of(const char *const *amr)
{
	for (size_t i = COUNT(classes); i > 0; i--)
		if (classes[i - 1].amr && text_list_has(amr, classes[i - 1].amr))
			return classes[i - 1].name;
	return NULL;
}

const char *acr_upstream(bool mfa)
{
	return classes[mfa ? 1 : 0].name;
}

static size_t rank_of(const char *name)
{
	for (size_t i = 0; i < COUNT(classes); i++)
		if (text_equal(classes[i].name, name))
			return i + 1;
	return 0;
}

bool acr_reaches(const char *shown, const char *needed)
{
	return !needed || (rank_of(needed) > 0 && rank_of(shown) >= rank_of(needed));
}

const char *const *amr_read(struct arena *arena, const char *text)
{
	size_t count;

	return (const char *const *)text_split(arena, text ? text : "", ' ', &count);
}

const char *amr_write(struct arena *arena, const char *const *amr)
{
	AUTO_BUF text = BUF(KB);

	for (size_t i = 0; amr && amr[i]; i++) {
		if (i > 0)
			buf_char(&text, ' ');
		buf_text(&text, amr[i]);
	}
	return arena_text(arena, buf_str(&text));
}
