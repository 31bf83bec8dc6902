/* signing_keys.h: the table of sealed private keys and their states.
 *
 * States: next -> active -> retired -> gone, or active/retired -> compromised -> gone. A unique index
 * allows one next and one active key per algorithm, so that nodes which make or move keys at the same
 * moment end with the same set. What is done with the keys is keys/keyring.h's. */
#ifndef STORE_SIGNING_KEYS_H
#define STORE_SIGNING_KEYS_H

#include "base/base.h"

struct work;

struct signing_key {
	const char *kid, *alg, *state;
	struct bytes sealed; /* the private JWK, sealed */
	const char *public_jwk;
	int64_t created_at, activated_at, retired_at; /* 0: not yet */
};

/* All rows, by kid; no more than a dozen. */
enum err signing_keys_all(struct work *work, struct signing_key **out, size_t *count) MUST_USE;
/* The same without sealed and public_jwk: cheap enough for every second. */
enum err signing_keys_facts(struct work *work, struct signing_key **out, size_t *count) MUST_USE;

/* *done false: someone else was first. Each is one statement. */
enum err signing_key_insert(struct work *work, const struct signing_key *key, bool *done) MUST_USE;
/* active becomes state ("retired" | "compromised"). */
enum err signing_key_retire(struct work *work, const char *kid, const char *state, bool *done) MUST_USE;
/* retired becomes compromised. */
enum err signing_key_condemn(struct work *work, const char *kid, bool *done) MUST_USE;
/* The next key of alg becomes active. */
enum err signing_key_promote(struct work *work, const char *alg, bool *done) MUST_USE;
/* Destroys what was retired or compromised at that time or before. */
enum err signing_keys_forget(struct work *work, int64_t retired_until) MUST_USE;

#endif
