/* password.h: Argon2id with a bound on how many run at once, its pepper from the vault, and the
 * upgrade of old hashes (bcrypt, PBKDF2, {SSHA}, verified once).
 *
 * A door: text in, verdict out. At most `slots` hashes run at a time, each slot keeps its buffer
 * (unmapped after 10 s idle). Callers run on the SLOW lane. */
#ifndef KEYS_PASSWORD_H
#define KEYS_PASSWORD_H

#include "base/base.h"

struct arena;
struct vault;
struct passwords;

struct password_cost {
	uint32_t memory_kib, passes; /* 47104, 1; floor 19456, 2 */
	unsigned slots;              /* 0: one per core */
};
struct passwords *passwords_open(struct vault *vault, struct password_cost cost);
void passwords_close(struct passwords *passwords);
/* Gives back the memory of slots that nobody used for 10 s; jobs call it every few seconds. */
void passwords_trim(struct passwords *passwords);

enum password_verdict {
	PASSWORD_WRONG = 0x11,
	PASSWORD_RIGHT = 0x5a,
	PASSWORD_RIGHT_UPGRADE = 0x5b, /* right, but store a new hash: older parameters or scheme */
	PASSWORD_BUSY = 0x22, /* no slot within 2 s: answer 503 with Retry-After, never skip the hash */
};
/* stored NULL: runs one hash all the same and answers PASSWORD_WRONG (same cost for unknown people).
 * Passwords are 1 to 1024 bytes of UTF-8; others cost the same and are wrong. */
enum password_verdict password_check(struct passwords *passwords, const char *password, const char *stored);
/* PHC string "$argon2id$v=19$m=...,t=...,p=1,keyid=...$salt$hash"; keyid names the pepper (a hash without
 * it was made elsewhere, without one). ERR_UNAVAILABLE when no slot came free, ERR_PASSWORD_WEAK when it is
 * not 1 to 1024 bytes of UTF-8. */
enum err password_hash(struct passwords *passwords, struct arena *arena, const char *password,
		       char **out) MUST_USE;
/* A scheme that password_check can verify? For import. */
bool password_hash_is_known(const char *stored);
/* zxcvbn and length against the rules; NULL when fine, else a stable word: "too_short" "too_long"
 * "guessable" "contains_name" "not_utf8". hints: words tied to the person, ends with NULL. */
const char *password_weakness(const char *password, int64_t min_length, const char *const *hints);

#endif
