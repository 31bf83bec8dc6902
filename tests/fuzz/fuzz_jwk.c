/* fuzz_jwk.c: any bytes as a key and as a key set. Oracle: what is read has a thumbprint and a bounded
 * name, signs only when it is private, and verifies a seed token only if it is that token's key. */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose.h"

#include "jose_seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const algs[] = { "ES256", "RS256", NULL };

static void judge(struct arena *arena, const struct jose_key *key, const char *text)
{
	const char *thumbprint = jose_thumbprint(arena, text), *kid = jose_key_kid(key);
	struct jose_header header;
	json_t *claims;

	assert(thumbprint && strlen(thumbprint) == 43);
	assert(!kid || (kid[0] && strlen(kid) <= 128));
	for (size_t i = 0; i < COUNT(seeds); i++) {
		enum err err = jose_verify_key(key, arena, seeds[i].token, algs[i], &header, &claims);

		assert(err != OK || text_equal(thumbprint, jose_thumbprint(arena, seeds[i].public_jwk)));
	}
	AUTO(json_done) json_t *jwk = json_read(text, strlen(text));

	for (size_t i = 0; algs[i]; i++) {
		char *token = jose_sign(key, arena, algs[i], "JWT", NULL, BYTES_OF("{}"));

		assert(!token || jose_verify_key(key, arena, token, algs[i], &header, &claims) == OK);
		assert(!token || json_object_get(jwk, "d"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct jose_key *key = jose_key_read((const char *)data, size);
	struct jose_keys *keys = jose_keys_read((const char *)data, size);
	struct jose_header header;
	json_t *claims;

	if (key)
		judge(arena, key, arena_textn(arena, (const char *)data, size));
	for (size_t i = 0; keys && i < COUNT(seeds); i++) {
		enum err err = jose_verify(keys, arena, seeds[i].token, algs, &header, &claims);

		assert(err == OK || err == ERR_TOKEN_ALGORITHM || err == ERR_TOKEN_SIGNATURE);
	}
	jose_key_free(key);
	jose_keys_free(keys);
	return 0;
}
