/* words.h: the stable words for why a message is refused (words.def), each with the error it gives. */
#ifndef SAML_WORDS_H
#define SAML_WORDS_H

#include "base/base.h"

enum saml_word {
	WORD_NONE,
#define WORD(name, word, error, meaning) WORD_##name,
#include "saml/words.def"
#undef WORD
	WORD_COUNT,
};

struct saml_word_row {
	const char *word;
	enum err err;
	const char *meaning;
};

/* Rows of words.def; the first one, WORD_NONE, is empty. */
extern const struct saml_word_row saml_words[WORD_COUNT];
/* WORD_NONE: no such word. */
enum saml_word saml_word_of(const char *word);

#endif
