/* fuzz_jwt.c: any bytes as a token. Oracle: nothing but the very bytes of a seed token verifies. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "keys/jose.h"

#include "jose_seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jose_keys *keys_once(void)
{
	static struct jose_keys *keys;

	if (!keys) {
		AUTO_BUF set = BUF(8 * KB);

		buf_print(&set, "{\"keys\":[%s,%s]}", seeds[0].public_jwk, seeds[1].public_jwk);
		keys = jose_keys_read(set.data, set.size);
	}
	assert(keys);
	return keys;
}

static bool is_seed(const char *token)
{
	for (size_t i = 0; i < COUNT(seeds); i++)
		if (text_equal(token, seeds[i].token))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const algs[] = { "ES256", "ES384", "RS256", "RS384", "RS512", "PS256",
					    "PS384", "PS512", "HS256", "none",  NULL };
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *token =
		arena_textn(arena, (const char *)data, size); /* ends at a NUL, as any text does */
	struct jose_header header = { 0 };
	json_t *claims = NULL;
	enum err err = jose_verify(keys_once(), arena, token, algs, &header, &claims);

	assert((err == OK) == (claims != NULL));
	assert((err == OK) == is_seed(token));
	claims = NULL;
	if (jose_peek(arena, token, &header, &claims) == OK) {
		assert(claims && header.alg && strlen(token) <= 16384);
		assert(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		       strlen(token));
	}
	return 0;
}
