/* words.c: the rows of words.def. */
#include "base/base.h"

#include "base/text.h"
#include "saml/words.h"

const struct saml_word_row saml_words[WORD_COUNT] = {
#define WORD(name, word, error, meaning) [WORD_##name] = { word, ERR_##error, meaning },
#include "saml/words.def"
#undef WORD
};

enum saml_word saml_word_of(const char *word)
{
	for (int i = WORD_NONE + 1; i < WORD_COUNT; i++) {
		if (text_equal(saml_words[i].word, word))
			return (enum saml_word)i;
	}
	return WORD_NONE;
}
