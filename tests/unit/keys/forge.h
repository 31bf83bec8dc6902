/* forge.h: tokens and keys made with OpenSSL alone, so that the tests do not ask the code under test
 * what is right: any header bytes, any payload bytes, a true signature over them. */
#ifndef TEST_FORGE_H
#define TEST_FORGE_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"

UNUSED static char *b64(struct arena *arena, const void *at, size_t size)
{
	return base64url_encode(arena, (struct bytes){ at, size });
}

UNUSED static char *b64_text(struct arena *arena, const char *text)
{
	return b64(arena, text, strlen(text));
}

UNUSED static EVP_PKEY *ec_key(const char *curve)
{
	return EVP_EC_gen(curve);
}

UNUSED static EVP_PKEY *rsa_key(unsigned bits)
{
	return EVP_RSA_gen(bits);
}

/* A number of the key; width 0: as short as it is. */
UNUSED static char *number(struct arena *arena, const EVP_PKEY *key, const char *name, int width)
{
	BIGNUM *value = NULL;
	uint8_t at[1024];
	int size;

	if (EVP_PKEY_get_bn_param(key, name, &value) != 1)
		abort();
	if (width)
		size = BN_bn2binpad(value, at, width);
	else
		size = BN_bn2bin(value, at);
	BN_free(value);
	return b64(arena, at, (size_t)size);
}

/* more: members to add, each followed by a comma ("\"use\":\"sig\","). */
UNUSED static char *ec_jwk(struct arena *arena, const EVP_PKEY *key, const char *crv, int width,
			   const char *more, bool private)
{
	char *d = private ? arena_print(arena, ",\"d\":\"%s\"",
					number(arena, key, OSSL_PKEY_PARAM_PRIV_KEY, width))
			  : NULL;

	return arena_print(arena, "{%s\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", more, crv,
			   number(arena, key, OSSL_PKEY_PARAM_EC_PUB_X, width),
			   number(arena, key, OSSL_PKEY_PARAM_EC_PUB_Y, width), d ? d : "");
}

UNUSED static char *rsa_jwk(struct arena *arena, const EVP_PKEY *key, const char *more, bool private)
{
	static const char *const names[] = {
		OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1
	};
	static const char *const members[] = { "d", "p", "q", "dp", "dq", "qi" };
	char *rest = arena_text(arena, "");

	for (size_t i = 0; private && i < COUNT(names); i++)
		rest = arena_print(arena, "%s,\"%s\":\"%s\"", rest, members[i],
				   number(arena, key, names[i], 0));
	return arena_print(arena, "{%s\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", more,
			   number(arena, key, OSSL_PKEY_PARAM_RSA_N, 0),
			   number(arena, key, OSSL_PKEY_PARAM_RSA_E, 0), rest);
}

/* The raw form of RFC 7518 3.4 out of DER. */
UNUSED static struct bytes raw_of_der(struct arena *arena, struct bytes der, int width)
{
	const uint8_t *at = der.at;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
	uint8_t *raw = arena_alloc(arena, 2 * (size_t)width);

	if (!sig)
		abort();
	(void)BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, width);
	(void)BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + width, width);
	ECDSA_SIG_free(sig);
	return (struct bytes){ raw, 2 * (size_t)width };
}

/* A signature over text; pss: RSASSA-PSS; for EC keys the DER form. */
UNUSED static struct bytes sign_der(struct arena *arena, EVP_PKEY *key, const EVP_MD *md, bool pss,
				    const char *text)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL;
	uint8_t *out = arena_alloc(arena, 2048);
	size_t size = 2048;
	bool done = EVP_DigestSignInit(context, &options, md, NULL, key) == 1;

	if (pss)
		done = done && EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
	done = done && EVP_DigestSign(context, out, &size, (const uint8_t *)text, strlen(text)) == 1;
	EVP_MD_CTX_free(context);
	if (!done)
		abort();
	return (struct bytes){ out, size };
}

UNUSED static char *joined(struct arena *arena, const char *input, struct bytes signature)
{
	return arena_print(arena, "%s.%s", input, b64(arena, signature.at, signature.size));
}

/* header and payload are any bytes; the signature over them is true. */
UNUSED static char *es256_token_of(struct arena *arena, EVP_PKEY *key, struct bytes header,
				   struct bytes payload)
{
	char *input = arena_print(arena, "%s.%s", b64(arena, header.at, header.size),
				  b64(arena, payload.at, payload.size));

	return joined(arena, input, raw_of_der(arena, sign_der(arena, key, EVP_sha256(), false, input), 32));
}

UNUSED static char *es256_token(struct arena *arena, EVP_PKEY *key, const char *header, const char *payload)
{
	return es256_token_of(arena, key, BYTES_OF(header), BYTES_OF(payload));
}

UNUSED static char *rsa_token(struct arena *arena, EVP_PKEY *key, const EVP_MD *md, bool pss,
			      const char *header, const char *payload)
{
	char *input = arena_print(arena, "%s.%s", b64_text(arena, header), b64_text(arena, payload));

	return joined(arena, input, sign_der(arena, key, md, pss, input));
}

UNUSED static char *hs256_token(struct arena *arena, struct bytes key, const char *header,
				const char *payload)
{
	char *input = arena_print(arena, "%s.%s", b64_text(arena, header), b64_text(arena, payload));
	uint8_t mac[32];
	unsigned size = sizeof mac;

	if (!HMAC(EVP_sha256(), key.at, (int)key.size, (const uint8_t *)input, strlen(input), mac, &size))
		abort();
	return joined(arena, input, (struct bytes){ mac, size });
}

#endif
