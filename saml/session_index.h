/* session_index.h: what an app knows a session as: "3_kPq...", a handle of keys/secret.h with the practice's
 * number in the open, in a spelling without dots. The Shibboleth service provider keeps what it was given in
 * a tree whose paths are divided by dots, and finds no session again whose index has one. */
#ifndef SAML_SESSION_INDEX_H
#define SAML_SESSION_INDEX_H

#include "base/base.h"

struct arena;

const char *session_index_new(struct arena *arena, int64_t practice_number);
/* False unless the text has exactly this form. */
bool session_index_parse(const char *text, int64_t *practice_number) MUST_USE;

#endif
