/* jose.h: hostile bytes in, a flat checked struct out; sign and verify through cjose.
 *
 * Before cjose sees a token we have checked it ourselves (requirements: cjose ignores crit, JWK alg
 * and use, base64 padding, weak RSA keys, duplicate members): three canonical base64url parts, size
 * at most 16 KiB, header an object of known members without duplicates, alg one the caller accepts,
 * no crit, jku, x5u, x5c, jwk, b64, zip; kid bounded. No cjose or OpenSSL object passes this door. */
#ifndef KEYS_JOSE_H
#define KEYS_JOSE_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct jose_key;  /* one parsed key; immutable, shared by threads */
struct jose_keys; /* a parsed key set */
struct jose_signer;

/* What a token says before anyone believes it. */
struct jose_header {
	const char *alg, *kid, *typ; /* NULL when absent */
};
/* Structure alone; nothing is verified. ERR_TOKEN_MALFORMED. Claims are untrusted. Here and below header
 * and claims live as long as the arena: borrowed, never given back. */
enum err jose_peek(struct arena *arena, const char *token, struct jose_header *header,
		   json_t **claims) MUST_USE;

/* "ES256" | "RS256": makes a key pair; private_jwk is secret text (wipe it). */
enum err jose_generate(const char *alg, struct arena *arena, char **private_jwk, char **public_jwk,
		       char **kid) MUST_USE;
/* Reads a private or public JWK strictly: RSA 2048 to 8192 bits with e = 65537 or greater odd, EC on
 * P-256 or P-384, no oct, use absent or "sig", key_ops absent or fitting. NULL: refused. */
struct jose_key *jose_key_read(const char *jwk_text, size_t size);
void jose_key_free(struct jose_key *key);
/* Its JWK says this alg. */
bool jose_key_is_for(const struct jose_key *key, const char *alg);
/* The public half of a private JWK as it is published, members in a fixed order; NULL: not such a key. */
char *jose_public_of(struct arena *arena, const char *private_jwk);
const char *jose_key_kid(const struct jose_key *key); /* NULL when absent */

/* For a key that signs often: header {"alg","typ","kid"} built once, shared by threads. NULL for a key that
 * cannot sign with alg. The key must outlive it. */
struct jose_signer *jose_signer_new(const struct jose_key *key, const char *alg, const char *typ,
				    const char *kid);
char *jose_signer_sign(const struct jose_signer *signer, struct arena *arena, struct bytes payload);
void jose_signer_free(struct jose_signer *signer);

/* Compact JWS over payload with header {"alg","typ","kid"}; NULL only for a key that cannot sign. */
char *jose_sign(const struct jose_key *key, struct arena *arena, const char *alg, const char *typ,
		const char *kid, struct bytes payload);

/* A client's key set (inline or fetched): keys that jose_key_read refuses are left out; at most 20. */
struct jose_keys *jose_keys_read(const char *jwks_text, size_t size);
void jose_keys_free(struct jose_keys *keys);
/* How many of them can verify with one of these algorithms (ends with NULL). */
size_t jose_keys_count(const struct jose_keys *keys, const char *const *algs_wanted);

/* Verifies against the keys: alg must be in algs (ends with NULL) and fit the key's kind; kid picks
 * when both sides have one, else every fitting key is tried. Claims are set only when the signature
 * holds. ERR_TOKEN_MALFORMED, ERR_TOKEN_ALGORITHM, ERR_TOKEN_SIGNATURE. */
enum err jose_verify(const struct jose_keys *keys, struct arena *arena, const char *token,
		     const char *const *algs, struct jose_header *header, json_t **claims) MUST_USE;
enum err jose_verify_key(const struct jose_key *key, struct arena *arena, const char *token, const char *alg,
			 struct jose_header *header, json_t **claims) MUST_USE;

/* RFC 7638 thumbprint, base64url; NULL when it is neither an EC nor an RSA key. */
char *jose_thumbprint(struct arena *arena, const char *jwk_text);

#endif
