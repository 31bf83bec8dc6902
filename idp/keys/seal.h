/* seal.h: what the master key derives: sealed columns, MACs, the password pepper.
 *
 * A door shaped to move into a process of its own (security.md 2.2): bytes in, bytes out, the key
 * never passes it. AES-256-GCM by OpenSSL; a row's key is HKDF(master, purpose, row), its identity
 * the associated data, so a ciphertext moved to another row does not open.
 * Record: version(1) key id(4) nonce(12) ciphertext tag(16). */
#ifndef KEYS_SEAL_H
#define KEYS_SEAL_H

#include "base/base.h"

struct arena;
struct vault;

/* master: 32 bytes. The caller wipes its copy. */
struct vault *vault_open(struct bytes master);
void vault_close(struct vault *vault); /* wipes */
/* Reads the key text (base64url or hex of 32 bytes) or file; makes the file with mode 0600 when it
 * is missing and may_create. Refuses a file that others can read. */
enum err vault_open_config(const char *key_text, const char *key_file, bool may_create, struct vault **out,
			   char *message, size_t message_size) MUST_USE;

/* purpose "signing_key", row "signing_key/kid": the row is bound. */
struct bytes seal(struct vault *vault, struct arena *arena, const char *purpose, const char *row,
		  struct bytes clear);
/* ERR_SEAL (without fault) when it does not open. */
enum err unseal(struct vault *vault, struct arena *arena, const char *purpose, const char *row,
		struct bytes sealed, struct bytes *clear) MUST_USE;

/* HMAC-SHA-256 under a key derived for the purpose ("refresh" "csrf" "email" "pepper" "pairwise"). */
void vault_mac(struct vault *vault, const char *purpose, struct bytes message, uint8_t out[32]);
/* The same as base64url text; message parts are joined with their lengths, so no two lists collide.
 * Ends with NULL: vault_mac_text(v, arena, "csrf", browser, flow_id, NULL). */
char *vault_mac_text(struct vault *vault, struct arena *arena, const char *purpose, ...)
	__attribute__((sentinel));

#endif
