/* error.c: the rows of errors.def as a table; the stable word is the name in lower case. */
#include "base/base.h"

#include <pthread.h>

#include "base/error.h"

static struct error_row rows[ERR_COUNT] = {
	[OK] = { "OK", 200, NULL, "", "" },
#define ERR(name, http, oauth, text, where) [ERR_##name] = { #name, http, oauth, text, where },
#include "base/errors.def"
#undef ERR
};

static char words[ERR_COUNT][40];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The preprocessor cannot lower a name; this is done once, before the first row is given out. */
static void make_words(void)
{
	for (size_t i = 0; i < ERR_COUNT; i++) {
		size_t size = strlen(rows[i].word);

		assert(size < sizeof(words[i]));
		for (size_t k = 0; k < size; k++) {
			char c = rows[i].word[k];

			words[i][k] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
		}
		rows[i].word = words[i];
	}
}

const struct error_row *error_row(enum err code)
{
	int failed = pthread_once(&once, make_words);

	assert(failed == 0);
	assert(code < ERR_COUNT);
	return &rows[code];
}
