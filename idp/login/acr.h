/* acr.h: how strong a sign-in was, by what was shown (amr, RFC 8176), and whether that is enough. */
#ifndef LOGIN_ACR_H
#define LOGIN_ACR_H

#include "base/base.h"

struct arena;

/* The strongest class that these methods amount to. */
const char *acr_of(const char *const *amr);
/* What a sign-in at another provider is worth; mfa: it says so, and is trusted with it. */
const char *acr_upstream(bool mfa);
/* Is `shown` at least `needed`? needed NULL: anything is. A class that we do not know is never reached. */
bool acr_reaches(const char *shown, const char *needed);
/* amr as the store keeps it: words with a space between. */
const char *const *amr_read(struct arena *arena, const char *text);
const char *amr_write(struct arena *arena, const char *const *amr);

#endif
