/* mapping_words.h: the words of conditions, for this room. */
#ifndef PEOPLE_MAPPING_WORDS_H
#define PEOPLE_MAPPING_WORDS_H

#include "base/base.h"

enum { MAPPING_DEPTH = 8 };

extern const char *const mapping_compares[]; /* equals, contains, prefix; ends with NULL */

#endif
