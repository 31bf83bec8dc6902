/* keyring.c: our signing keys for signing, verifying and publishing; their making and moving. */
#include "base/base.h"

#include <pthread.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/jose.h"
#include "keys/jose_inner.h"
#include "keys/keyring.h"
#include "keys/ring.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "keys/xml_ring.h"
#include "store/db.h"
#include "store/signing_keys.h"

static const int64_t active_seconds = 90 * 24 * 3600; /* then the next key takes over */
static const int64_t next_seconds = 24 * 3600;        /* published before it signs: caches know it by then */

struct keyring {
	pthread_mutex_t lock; /* held while the pointer is read and counted, never longer */
	struct ring *ring;
};

struct ring *keyring_hold(struct keyring *keyring)
{
	pthread_mutex_lock(&keyring->lock);
	struct ring *ring = keyring->ring;

	atomic_fetch_add_explicit(&ring->holders, 1, memory_order_relaxed);
	pthread_mutex_unlock(&keyring->lock);
	return ring;
}

static void let_go(struct ring **ring)
{
	ring_drop(*ring);
}

static void swap(struct keyring *keyring, struct ring *fresh)
{
	pthread_mutex_lock(&keyring->lock);
	struct ring *old = keyring->ring;

	keyring->ring = fresh;
	pthread_mutex_unlock(&keyring->lock);
	ring_drop(old);
}

/* --- making --------------------------------------------------------------------------------------- */

static enum err make_key(struct work *work, const char *alg, const char *state, struct signing_key *out)
{
	char *private_jwk, *public_jwk, *kid;

	if (text_equal(alg, XML_KEY_ALG))
		return xml_key_make(work, state, out);
	enum err err = jose_generate(alg, work->arena, &private_jwk, &public_jwk, &kid);

	if (err != OK)
		return fault(work, err, "cannot make a key for %s", alg);
	*out = (struct signing_key){
		.kid = kid,
		.alg = alg,
		.state = state,
		.public_jwk = public_jwk,
		.sealed = seal(work->app->vault, work->arena, RING_PURPOSE, ring_row_name(work->arena, kid),
			       BYTES_OF(private_jwk)),
		.created_at = work->now,
		.activated_at = text_equal(state, "active") ? work->now : 0,
	};
	wipe(private_jwk, strlen(private_jwk));
	return OK;
}

static bool rows_have(const struct signing_key *rows, size_t count, const char *alg, const char *state)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].alg, alg) && text_equal(rows[i].state, state))
			return true;
	return false;
}

/* Whoever comes second makes a key in vain: the unique index keeps the first. */
static enum err make_missing(struct work *work)
{
	static const char *const states[] = { "active", "next" };
	struct signing_key *rows, key;
	size_t count;
	bool first;

	TRY(signing_keys_facts(work, &rows, &count));
	for (size_t alg = 0; alg < RING_ALGS; alg++)
		for (size_t state = 0; state < COUNT(states); state++) {
			if (rows_have(rows, count, ring_algs[alg], states[state]))
				continue;
			TRY(make_key(work, ring_algs[alg], states[state], &key));
			TRY(signing_key_insert(work, &key, &first));
		}
	return OK;
}

static enum err load(struct work *work, struct ring **out)
{
	struct signing_key *rows;
	size_t count;

	TRY(signing_keys_all(work, &rows, &count));
	enum err err = ring_build(work->app->vault, rows, count, work->now, out);

	if (err != OK)
		return fault(work, err, "a signing key in the store does not open with this master key");
	return OK;
}

static bool is_whole(const struct ring *ring)
{
	for (size_t alg = 0; alg < RING_ALGS; alg++)
		if (!ring->active[alg])
			return false;
	return true;
}

enum err keyring_open(struct work *work, struct keyring **out)
{
	struct ring *ring;

	TRY(make_missing(work));
	TRY(load(work, &ring));
	if (!is_whole(ring)) {
		ring_drop(ring);
		return fault(work, ERR_INTERNAL, "the store has no active signing key");
	}
	struct keyring *keyring = calloc(1, sizeof *keyring);

	assert(keyring);
	int failed = pthread_mutex_init(&keyring->lock, NULL);

	assert(!failed);
	keyring->ring = ring;
	*out = keyring;
	return OK;
}

void keyring_close(struct keyring *keyring)
{
	if (!keyring)
		return;
	ring_drop(keyring->ring);
	(void)pthread_mutex_destroy(&keyring->lock);
	free(keyring);
}

static enum err reload(struct work *work, struct keyring *keyring)
{
	struct ring *fresh;

	TRY(signing_keys_forget(work, work->now - ring_retired_seconds));
	TRY(load(work, &fresh));
	if (!is_whole(fresh)) {
		ring_drop(fresh);
		return fault(work, ERR_INTERNAL, "the store lost its active signing key");
	}
	swap(keyring, fresh);
	return OK;
}

enum err keyring_refresh(struct work *work)
{
	struct signing_key *rows;
	size_t count;

	TRY(signing_keys_facts(work, &rows, &count));
	AUTO(let_go) struct ring *ring = keyring_hold(work->app->keyring);
	bool same = text_equal(ring_version(work->arena, rows, count), ring->version);

	if (same && (ring->reload_at == 0 || work->now < ring->reload_at))
		return OK;
	return reload(work, work->app->keyring);
}

/* --- use ------------------------------------------------------------------------------------------- */

static const struct ring_key *active_of(const struct ring *ring, const char *alg)
{
	for (size_t i = 0; i < RING_ALGS; i++)
		if (text_equal(ring_algs[i], alg))
			return ring->active[i];
	return NULL;
}

static const struct jose_signer *signer_of(const struct ring_key *key, const char *typ)
{
	for (size_t i = 0; i < RING_TYPES; i++)
		if (text_equal(ring_types[i], typ))
			return key->signer[i];
	return NULL;
}

char *keyring_sign(struct keyring *keyring, struct arena *arena, const char *alg, const char *typ,
		   struct bytes payload)
{
	AUTO(let_go) struct ring *ring = keyring_hold(keyring);
	const struct ring_key *key = active_of(ring, alg);

	assert(key);
	/* We sign claim sets and nothing else. */
	assert(payload.size >= 2 && payload.at[0] == '{' && payload.at[payload.size - 1] == '}');
	const struct jose_signer *signer = signer_of(key, typ);

	if (signer)
		return jose_signer_sign(signer, arena, payload);
	return jose_sign(key->key, arena, alg, typ, key->kid, payload);
}

enum err keyring_verify(struct keyring *keyring, struct arena *arena, const char *token, const char *typ,
			json_t **claims)
{
	AUTO(let_go) struct ring *ring = keyring_hold(keyring);
	struct jose_token read;

	TRY(jose_token_read(arena, token, &read));
	const struct ring_key *key = ring_find(ring, read.header.kid);

	if (!key || !text_equal(read.header.alg, key->alg) || !typ || !text_equal(read.header.typ, typ))
		return ERR_TOKEN_ALGORITHM;
	TRY(jose_token_verify(&read, key->key));
	return jose_claims_read(arena, read.payload, claims);
}

void keyring_jwks(struct keyring *keyring, struct arena *arena, const char **body, const char **etag)
{
	AUTO(let_go) struct ring *ring = keyring_hold(keyring);

	*body = arena_text(arena, ring->jwks);
	*etag = arena_text(arena, ring->etag);
}

/* --- moving ---------------------------------------------------------------------------------------- */

const char *keyring_due(struct keyring *keyring, int64_t now)
{
	AUTO(let_go) struct ring *ring = keyring_hold(keyring);

	for (size_t i = 0; i < RING_ALGS; i++)
		if (ring->next[i] && now - ring->active[i]->activated_at >= active_seconds &&
		    now - ring->next[i]->created_at >= next_seconds)
			return ring_algs[i];
	return NULL;
}

/* One algorithm's move: the key we know as active goes, the next one comes, fresh is the one after. */
struct move {
	const char *alg, *kid;
	struct signing_key fresh;
};

static enum err move_keys(struct work *work, struct move *move, bool compromised)
{
	bool done, promoted;

	TRY(signing_key_retire(work, move->kid, compromised ? "compromised" : "retired", &done));
	if (!done) /* another node moved it a moment ago: what is left is to keep its tokens out */
		return compromised ? signing_key_condemn(work, move->kid, &done) : OK;
	TRY(signing_key_promote(work, move->alg, &promoted));
	if (!promoted) { /* nothing was prepared: better a key that caches must fetch than none */
		move->fresh.state = "active";
		move->fresh.activated_at = work->now;
	}
	return signing_key_insert(work, &move->fresh, &done);
}

static enum err move_all(struct work *work, struct move *moves, size_t count, bool compromised)
{
	for (size_t i = 0; i < count; i++)
		TRY(move_keys(work, &moves[i], compromised));
	return OK;
}

enum { MOVES_MAX = RING_ALGS + 1 }; /* those of tokens, and SAML's when there is one */

static enum err plan_one(struct work *work, const char *alg, const char *kid, struct move *move)
{
	move->alg = alg;
	move->kid = arena_text(work->arena, kid);
	return make_key(work, alg, "next", &move->fresh);
}

/* Keys are made before the transaction: RSA takes its time, and SQLite has one writer. */
static enum err plan(struct work *work, const char *alg, struct move moves[MOVES_MAX], size_t *count)
{
	AUTO(let_go) struct ring *ring = keyring_hold(work->app->keyring);
	const struct xml_key *xml = xml_ring_active(ring->xml);

	*count = 0;
	for (size_t i = 0; i < RING_ALGS; i++)
		if (!alg || text_equal(alg, ring_algs[i]))
			TRY(plan_one(work, ring_algs[i], ring->active[i]->kid, &moves[(*count)++]));
	if (xml && (!alg || text_equal(alg, XML_KEY_ALG)))
		TRY(plan_one(work, XML_KEY_ALG, xml->kid, &moves[(*count)++]));
	return *count > 0 ? OK : fault(work, ERR_NOT_FOUND, "there are no signing keys for %s", alg);
}

enum err keyring_rotate(struct work *work, const char *alg, bool compromised)
{
	struct move moves[MOVES_MAX] = { 0 };
	size_t count;

	TRY(plan(work, alg, moves, &count));
	if (tx_is_open(work)) /* the caller commits, then refreshes */
		return move_all(work, moves, count, compromised);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(move_all(work, moves, count, compromised));
	TRY(tx_commit(&tx));
	return keyring_refresh(work);
}

enum err keyring_list(struct work *work, struct key_facts **out, size_t *count)
{
	struct signing_key *rows;

	TRY(signing_keys_facts(work, &rows, count));
	struct key_facts *facts = arena_array(work->arena, struct key_facts, *count + 1);

	for (size_t i = 0; i < *count; i++)
		facts[i] = (struct key_facts){ .kid = rows[i].kid,
					       .alg = rows[i].alg,
					       .state = rows[i].state,
					       .created_at = rows[i].created_at,
					       .activated_at = rows[i].activated_at,
					       .retired_at = rows[i].retired_at };
	*out = facts;
	return OK;
}
