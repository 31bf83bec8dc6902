/* pkce.h: proof key for code exchange, S256 alone (RFC 7636; security.md A5). */
#ifndef OIDC_PKCE_H
#define OIDC_PKCE_H

#include "base/base.h"

struct arena;

/* 43 canonical characters of base64url: a SHA-256. */
bool pkce_challenge_is_sound(struct arena *arena, const char *challenge);
/* A challenge wants its verifier; without a challenge a verifier is refused too (the downgrade of
 * RFC 9700 4.8.2). Both NULL matches. */
bool pkce_matches(struct arena *arena, const char *challenge, const char *verifier);

#endif
