/* inflate.h: how a message is packed: base64, and deflate for addresses (SAML Bindings 3.4.4.1). */
#ifndef SAML_INFLATE_H
#define SAML_INFLATE_H

#include "base/base.h"
#include "saml/words.h"

struct arena;

/* Canonical base64 within one line, or in several. WORD_NONE: *out is set. */
enum saml_word unpack_base64(struct arena *arena, const char *text, bool lines, struct bytes *out) MUST_USE;
/* A whole raw deflate stream (RFC 1951) of at most 48 KB that gives at most 64 KB. */
enum saml_word unpack_deflate(struct arena *arena, struct bytes packed, struct bytes *out) MUST_USE;

#endif
