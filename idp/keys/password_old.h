/* password_old.h: hashes that other systems made, verified once and then replaced. Behind
 * password.h, which holds a slot while these run. */
#ifndef KEYS_PASSWORD_OLD_H
#define KEYS_PASSWORD_OLD_H

#include "base/base.h"

struct arena;

/* base64 as stored hashes write it: with or without padding, '.' for '+'. */
bool password_base64_decode(struct arena *arena, const char *text, struct bytes *out) MUST_USE;

/* bcrypt ($2a$ $2b$ $2y$), PBKDF2 (Django's and passlib's spelling), {SSHA}: well formed and of a
 * cost that we are ready to pay. */
bool password_old_is_known(const char *stored);
/* False also for what is not known. bcrypt reads 72 bytes alone: longer passwords are wrong there,
 * since it could not tell them apart. */
bool password_old_matches(const char *password, const char *stored);

#endif
