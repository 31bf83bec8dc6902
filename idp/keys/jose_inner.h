/* jose_inner.h: what the files behind jose.h share. keyring.c alone uses it too, to read a token once. */
#ifndef KEYS_JOSE_INNER_H
#define KEYS_JOSE_INNER_H

#include <jansson.h>

#include "base/base.h"
#include "keys/jose.h"

struct arena;

enum jose_kind { KIND_P256, KIND_P384, KIND_RSA };

/* The algorithms there are for us (RFC 7518 3.1), and the one kind of key each may use. */
struct jose_alg {
	const char *name;
	enum jose_kind kind;
};
const struct jose_alg *jose_alg_find(const char *name); /* NULL: not one of ours */

/* A token whose structure is sound. Nothing of it is verified. */
struct jose_token {
	const char *text;
	size_t size;
	struct jose_header header;
	struct bytes payload, signature;
};
enum err jose_token_read(struct arena *arena, const char *text, struct jose_token *out) MUST_USE;
/* The payload as an object that lives as long as the arena. */
enum err jose_claims_read(struct arena *arena, struct bytes payload, json_t **out) MUST_USE;
/* ERR_TOKEN_SIGNATURE unless key signed it; that alg and kid are the key's own is checked by the caller. */
enum err jose_token_verify(const struct jose_token *token, const struct jose_key *key) MUST_USE;
/* 1 to 128 visible ASCII characters. */
bool jose_kid_is_sound(const char *kid);

/* jwk is a cjose_jwk_t: void here, so that only jose_key.c and jose.c know the library. */
struct jose_key {
	void *jwk;
	enum jose_kind kind;
	const struct jose_alg *only; /* the JWK's own alg; NULL: any of its kind */
	size_t signature_size;
	bool is_private;
	char kid[129]; /* "" when absent */
};
struct jose_keys {
	size_t count;
	struct jose_key *key[];
};
/* A key out of an object; a private one only if may_be_private. NULL: refused. */
struct jose_key *jose_key_from(const json_t *jwk, bool may_be_private);

#endif
