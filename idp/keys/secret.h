/* secret.h: random handles, their hashes, constant-time comparison, wiping. */
#ifndef KEYS_SECRET_H
#define KEYS_SECRET_H

#include "base/base.h"

struct arena;

/* A handle for a browser or a client: 32 random bytes as 43 characters of base64url, with the
 * practice's number in the open when one is known: "3.kPq..." (number in decimal). Fixed length
 * apart from the number; only its hash is stored. */
struct secret {
	char text[72];
};
void secret_wipe(struct secret *secret); /* for AUTO */
struct secret secret_new(void);
struct secret secret_new_in(int64_t practice_number);
/* False unless the text has exactly this form; *number is 0 when there is none. */
bool secret_parse(const char *text, int64_t *practice_number) MUST_USE;

/* SHA-256 over purpose, a zero byte and the exact text, as base64url: what the store keeps.
 * Purposes: "session" "flow" "code" "par" "client" "browser". */
char *secret_hash(struct arena *arena, const char *purpose, const char *text);
/* Constant time for equal lengths; NULL or empty on either side is never equal. */
bool secret_equal(const char *a, const char *b);
bool bytes_equal_secret(struct bytes a, struct bytes b);

/* From the kernel's generator; ends the process when it fails. */
void random_bytes(void *at, size_t size);
/* prefix + "_" + 26 characters: time-ordered (48 bits of milliseconds) then 80 random bits. */
char *id_new(struct arena *arena, const char *prefix);
/* prefix + "_" + 26 characters, all 128 bits random: for ids that are public (sub, sid). */
char *id_random(struct arena *arena, const char *prefix);
/* A password that meets every preset: four words of 5 letters are not ours to ship, so 20
 * characters without look-alikes in groups of five. Show once. */
struct secret password_new(void);

struct bytes sha256(struct arena *arena, struct bytes bytes);
struct bytes sha2(struct arena *arena, unsigned bits, struct bytes bytes); /* 256, 384 or 512 */
void wipe(void *at, size_t size);
/* For secret bytes of our own making (unsealed, decoded) that lie in an arena. */
void bytes_wipe(struct bytes bytes);

#endif
