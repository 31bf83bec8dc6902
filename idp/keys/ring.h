/* ring.h: one immutable picture of our signing keys, ready for use. Behind keyring.h. */
#ifndef KEYS_RING_H
#define KEYS_RING_H

#include <stdatomic.h>

#include "base/base.h"

struct arena;
struct vault;
struct signing_key;
struct jose_key;
struct jose_signer;
struct keyring;
struct xml_ring;

enum { RING_ALGS = 2, RING_TYPES = 3 };
extern const char *const ring_algs[RING_ALGS];   /* "ES256" "RS256" */
extern const char *const ring_types[RING_TYPES]; /* what we sign often: each has its header ready */

/* A retired key is published until what it signed has expired: tokens live 60 minutes at most, and a
 * key set may be cached for a day. */
static const int64_t ring_retired_seconds = 24 * 3600;

struct ring_key {
	const char *kid, *alg;
	struct jose_key *key;                   /* with its private half while it is active */
	struct jose_signer *signer[RING_TYPES]; /* of an active key */
	int64_t created_at, activated_at;
};

struct ring {
	_Atomic int holders;
	struct arena *arena; /* texts */
	const char *version; /* the facts it was built from */
	const char *jwks, *etag;
	int64_t reload_at; /* when a retired key leaves by the passing of time; 0: never */
	const struct ring_key *active[RING_ALGS];
	const struct ring_key *next[RING_ALGS];
	struct xml_ring *xml; /* the keys of SAML (xml_ring.h); in no key set */
	size_t count;
	struct ring_key keys[];
};

/* How a private key is bound to its row. */
#define RING_PURPOSE "signing_key"
const char *ring_row_name(struct arena *arena, const char *kid);

/* What distinguishes one set of rows from another. */
char *ring_version(struct arena *arena, const struct signing_key *rows, size_t count);
/* ERR_SEAL: a row does not open, or is not what was sealed. The caller holds the result once. */
enum err ring_build(struct vault *vault, const struct signing_key *rows, size_t count, int64_t now,
		    struct ring **out) MUST_USE;
/* Frees with the last holder. */
void ring_drop(struct ring *ring);
/* The current one, counted. */
struct ring *keyring_hold(struct keyring *keyring);

const struct ring_key *ring_find(const struct ring *ring,
				 const char *kid); /* NULL: not ours, or not any more */

#endif
