/* jose.c: sign and verify compact JWS through cjose (RFC 7515, RFC 7518 3), after jose_check.c and
 * jose_key.c have refused what cjose lets pass. */
/* OpenSSL and cjose first: their headers use names that base.h poisons. */
#include <openssl/err.h>
#include <cjose/cjose.h>

#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "keys/jose_inner.h"

struct jose_signer {
	const struct jose_key *key;
	cjose_header_t *header;
};

/* --- sign --------------------------------------------------------------------------------------- */

struct jose_signer *jose_signer_new(const struct jose_key *key, const char *alg, const char *typ,
				    const char *kid)
{
	const struct jose_alg *row = jose_alg_find(alg);

	if (!key->is_private || !row || row->kind != key->kind || (key->only && key->only != row))
		return NULL;
	struct jose_signer *signer = calloc(1, sizeof *signer);

	assert(signer);
	signer->key = key;
	signer->header = cjose_header_new(NULL);
	bool done = signer->header && cjose_header_set(signer->header, CJOSE_HDR_ALG, alg, NULL);

	done = done && (!typ || cjose_header_set(signer->header, "typ", typ, NULL));
	done = done && (!kid || cjose_header_set(signer->header, CJOSE_HDR_KID, kid, NULL));
	assert(done);
	return signer;
}

void jose_signer_free(struct jose_signer *signer)
{
	if (!signer)
		return;
	cjose_header_release(signer->header);
	free(signer);
}

char *jose_signer_sign(const struct jose_signer *signer, struct arena *arena, struct bytes payload)
{
	const char *text = NULL;

	assert(payload.size > 0);
	cjose_jws_t *jws = cjose_jws_sign(signer->key->jwk, signer->header, payload.at, payload.size, NULL);
	bool done = jws && cjose_jws_export(jws, &text, NULL);

	assert(done && text); /* the key has signed before: this is memory or the machine failing */
	char *token = arena_text(arena, text);

	cjose_jws_release(jws);
	return token;
}

char *jose_sign(const struct jose_key *key, struct arena *arena, const char *alg, const char *typ,
		const char *kid, struct bytes payload)
{
	struct jose_signer *signer = jose_signer_new(key, alg, typ, kid);

	if (!signer)
		return NULL;
	char *token = jose_signer_sign(signer, arena, payload);

	jose_signer_free(signer);
	return token;
}

/* --- verify ------------------------------------------------------------------------------------- */

static bool key_fits(const struct jose_key *key, const struct jose_alg *alg, const char *kid)
{
	if (key->kind != alg->kind || (key->only && key->only != alg))
		return false;
	return !kid || !key->kid[0] || text_equal(kid, key->kid);
}

/* The size first: cjose takes an ES256 signature of any length. */
static bool signature_holds(const struct jose_key *key, const struct jose_token *token, cjose_jws_t *jws)
{
	if (token->signature.size != key->signature_size)
		return false;
	bool holds = cjose_jws_verify(jws, key->jwk, NULL);

	ERR_clear_error();
	return holds;
}

enum err jose_token_verify(const struct jose_token *token, const struct jose_key *key)
{
	cjose_jws_t *jws = cjose_jws_import(token->text, token->size, NULL);
	bool holds = jws && signature_holds(key, token, jws);

	cjose_jws_release(jws);
	ERR_clear_error();
	return holds ? OK : ERR_TOKEN_SIGNATURE;
}

static enum err try_keys(struct jose_key *const *keys, size_t count, const struct jose_token *token,
			 const struct jose_alg *alg)
{
	enum err err = ERR_TOKEN_ALGORITHM; /* until one key fits */
	cjose_jws_t *jws = cjose_jws_import(token->text, token->size, NULL);

	for (size_t i = 0; jws && i < count && err != OK; i++) {
		if (!key_fits(keys[i], alg, token->header.kid))
			continue;
		err = signature_holds(keys[i], token, jws) ? OK : ERR_TOKEN_SIGNATURE;
	}
	cjose_jws_release(jws);
	ERR_clear_error();
	return err;
}

static enum err verify(struct jose_key *const *keys, size_t count, struct arena *arena, const char *text,
		       const char *const *algs, struct jose_header *header, json_t **claims)
{
	struct jose_token token;
	json_t *found;

	TRY(jose_token_read(arena, text, &token));
	const struct jose_alg *alg =
		text_list_has(algs, token.header.alg) ? jose_alg_find(token.header.alg) : NULL;

	if (!alg)
		return ERR_TOKEN_ALGORITHM;
	TRY(try_keys(keys, count, &token, alg));
	TRY(jose_claims_read(arena, token.payload, &found));
	*header = token.header;
	*claims = found;
	return OK;
}

enum err jose_verify(const struct jose_keys *keys, struct arena *arena, const char *token,
		     const char *const *algs, struct jose_header *header, json_t **claims)
{
	return verify(keys->key, keys->count, arena, token, algs, header, claims);
}

enum err jose_verify_key(const struct jose_key *key, struct arena *arena, const char *token, const char *alg,
			 struct jose_header *header, json_t **claims)
{
	struct jose_key *const one[] = { (struct jose_key *)(uintptr_t)key };
	const char *const algs[] = { alg, NULL };

	return verify(one, 1, arena, token, algs, header, claims);
}
