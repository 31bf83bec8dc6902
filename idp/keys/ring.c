/* ring.c: one immutable picture of our signing keys, built from the rows of the store.
 *
 * The store is not trusted: a kid is the thumbprint of its key (RFC 7638), the private half is sealed
 * under that kid, and the public half is taken from the sealed one. So nobody who can write to the
 * store can publish a key of theirs as ours. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "keys/jose.h"
#include "keys/ring.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "keys/xml_ring.h"
#include "store/signing_keys.h"

enum { JWKS_MAX = 65536 };

const char *const ring_algs[RING_ALGS] = { "ES256", "RS256" };
const char *const ring_types[RING_TYPES] = { "JWT", "at+jwt", "logout+jwt" };

const char *ring_row_name(struct arena *arena, const char *kid)
{
	return arena_print(arena, "signing_key/%s", kid);
}

char *ring_version(struct arena *arena, const struct signing_key *rows, size_t count)
{
	char *version = arena_text(arena, "");

	for (size_t i = 0; i < count; i++)
		version = arena_print(arena, "%s%s %s %" PRId64 "\n", version, rows[i].kid, rows[i].state,
				      rows[i].retired_at);
	return version;
}

static bool is_published(const struct signing_key *row, int64_t now)
{
	if (text_equal(row->state, "retired"))
		return now < row->retired_at + ring_retired_seconds;
	return text_equal(row->state, "active") || text_equal(row->state, "next");
}

static int alg_index(const char *alg)
{
	for (int i = 0; i < RING_ALGS; i++)
		if (text_equal(ring_algs[i], alg))
			return i;
	return -1;
}

static void add_signers(struct ring_key *key)
{
	for (size_t i = 0; i < RING_TYPES; i++) {
		key->signer[i] = jose_signer_new(key->key, key->alg, ring_types[i], key->kid);
		assert(key->signer[i]); /* ring_algs only names what we make */
	}
}

/* Is the opened row the key that it says it is? */
static bool is_itself(struct arena *arena, const struct signing_key *row, const char *private_jwk)
{
	const char *thumbprint = jose_thumbprint(arena, private_jwk);
	const char *public_jwk = jose_public_of(arena, private_jwk);

	return alg_index(row->alg) >= 0 && text_equal(thumbprint, row->kid) &&
	       text_equal(public_jwk, row->public_jwk);
}

/* Only an active key keeps its private half in memory. */
static enum err open_row(struct vault *vault, struct arena *scratch, struct ring *ring,
			 const struct signing_key *row)
{
	struct ring_key *key = &ring->keys[ring->count];
	struct bytes clear;
	bool active = text_equal(row->state, "active");

	TRY(unseal(vault, scratch, RING_PURPOSE, ring_row_name(scratch, row->kid), row->sealed, &clear));
	if (is_itself(scratch, row, (const char *)clear.at))
		key->key = active ? jose_key_read((const char *)clear.at, clear.size)
				  : jose_key_read(row->public_jwk, strlen(row->public_jwk));
	bytes_wipe(clear);
	if (!key->key || !jose_key_is_for(key->key, row->alg))
		return ERR_SEAL;
	key->kid = arena_text(ring->arena, row->kid);
	key->alg = arena_text(ring->arena, row->alg);
	key->created_at = row->created_at;
	key->activated_at = row->activated_at;
	if (active)
		add_signers(key);
	return OK;
}

static void place(struct ring *ring, const struct ring_key *key, const struct signing_key *row)
{
	int alg = alg_index(row->alg);

	assert(alg >= 0);
	if (text_equal(row->state, "active"))
		ring->active[alg] = key;
	else if (text_equal(row->state, "next"))
		ring->next[alg] = key;
}

/* Whoever loads then destroys what was retired or compromised, SAML's too. */
static void note_leaving(struct ring *ring, const struct signing_key *row, int64_t now)
{
	int64_t leaves = row->retired_at + ring_retired_seconds;

	if (row->retired_at && now < leaves && (ring->reload_at == 0 || leaves < ring->reload_at))
		ring->reload_at = leaves;
}

/* RFC 7517 5. Keys to come are listed too, so that caches know them before they are used. */
static void add_jwk(struct buf *jwks, const char *public_jwk)
{
	if (jwks->size > strlen("{\"keys\":["))
		buf_char(jwks, ',');
	buf_text(jwks, public_jwk);
}

static void publish(struct ring *ring, struct buf *jwks)
{
	buf_text(jwks, "]}");
	assert(!jwks->full);
	ring->jwks = arena_textn(ring->arena, jwks->data, jwks->size);
	ring->etag = arena_print(ring->arena, "%.22s",
				 base64url_encode(ring->arena, sha256(ring->arena, BYTES_OF(ring->jwks))));
}

static enum err fill(struct vault *vault, const struct signing_key *rows, size_t count, int64_t now,
		     struct ring *ring)
{
	AUTO(arena_done) struct arena *scratch = arena_new();
	AUTO_BUF jwks = BUF(JWKS_MAX);

	buf_text(&jwks, "{\"keys\":[");
	for (size_t i = 0; i < count; i++) {
		note_leaving(ring, &rows[i], now);
		/* the keys of SAML have a ring of their own */
		if (text_equal(rows[i].alg, XML_KEY_ALG) || !is_published(&rows[i], now))
			continue;
		enum err err = open_row(vault, scratch, ring, &rows[i]);
		/* Counted even half made: then it is freed. */
		const struct ring_key *key = &ring->keys[ring->count++];

		if (err != OK)
			return err;
		place(ring, key, &rows[i]);
		add_jwk(&jwks, rows[i].public_jwk);
	}
	publish(ring, &jwks);
	return OK;
}

enum err ring_build(struct vault *vault, const struct signing_key *rows, size_t count, int64_t now,
		    struct ring **out)
{
	struct ring *ring = calloc(1, sizeof *ring + count * sizeof ring->keys[0]);

	assert(ring);
	atomic_init(&ring->holders, 1);
	ring->arena = arena_new();
	ring->version = ring_version(ring->arena, rows, count);
	enum err err = fill(vault, rows, count, now, ring);

	if (err == OK)
		err = xml_ring_build(vault, rows, count, &ring->xml);
	if (err != OK) {
		ring_drop(ring);
		return err;
	}
	*out = ring;
	return OK;
}

void ring_drop(struct ring *ring)
{
	if (!ring || atomic_fetch_sub_explicit(&ring->holders, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < ring->count; i++) {
		for (size_t type = 0; type < RING_TYPES; type++)
			jose_signer_free(ring->keys[i].signer[type]);
		jose_key_free(ring->keys[i].key);
	}
	xml_ring_free(ring->xml);
	arena_done(&ring->arena);
	free(ring);
}

const struct ring_key *ring_find(const struct ring *ring, const char *kid)
{
	for (size_t i = 0; kid && i < ring->count; i++)
		if (text_equal(ring->keys[i].kid, kid))
			return &ring->keys[i];
	return NULL;
}
