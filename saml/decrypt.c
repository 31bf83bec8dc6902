/* decrypt.c: XML Encryption by OpenSSL: libxmlsec1 1.2.37 knows RSA-OAEP with SHA-1 alone, where providers
 * now use SHA-256 too, and would tell a wrong padding from a wrong tag. */
/* OpenSSL first: its headers use names that base.h poisons. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "saml/decrypt.h"
#include "saml/tree.h"

#define NS_XENC   "http://www.w3.org/2001/04/xmlenc#"
#define NS_XENC11 "http://www.w3.org/2009/xmlenc11#"

enum { KEYS_MAX = 4, KEY_MAX = 32, BLOCK = 16, GCM_IV = 12, GCM_TAG = 16, WRAPPED_MAX = 1024 };

/* --- algorithms -------------------------------------------------------------------------------------- */

struct cipher {
	const char *uri;
	const EVP_CIPHER *(*cipher)(void);
	size_t key_size;
	bool legacy; /* CBC: nothing says that it was not changed */
};
static const struct cipher ciphers[] = {
	{ NS_XENC11 "aes128-gcm", EVP_aes_128_gcm, 16, false },
	{ NS_XENC11 "aes192-gcm", EVP_aes_192_gcm, 24, false },
	{ NS_XENC11 "aes256-gcm", EVP_aes_256_gcm, 32, false },
	{ NS_XENC "aes128-cbc", EVP_aes_128_cbc, 16, true },
	{ NS_XENC "aes192-cbc", EVP_aes_192_cbc, 24, true },
	{ NS_XENC "aes256-cbc", EVP_aes_256_cbc, 32, true },
};

struct digest {
	const char *uri;
	const EVP_MD *(*md)(void);
};
/* In OAEP collisions of SHA-1 do not matter (RFC 8017 8.1). */
static const struct digest digests[] = {
	{ "http://www.w3.org/2000/09/xmldsig#sha1", EVP_sha1 },
	{ NS_XENC "sha256", EVP_sha256 },
	{ "http://www.w3.org/2001/04/xmldsig-more#sha384", EVP_sha384 },
	{ NS_XENC "sha512", EVP_sha512 },
};
static const struct digest masks[] = {
	{ NS_XENC11 "mgf1sha1", EVP_sha1 },
	{ NS_XENC11 "mgf1sha256", EVP_sha256 },
	{ NS_XENC11 "mgf1sha384", EVP_sha384 },
	{ NS_XENC11 "mgf1sha512", EVP_sha512 },
};

/* How the key is wrapped. */
struct wrapping {
	bool pkcs1;
	const EVP_MD *digest, *mask;
};

struct envelope {
	const struct cipher *cipher;
	struct bytes body; /* IV, ciphertext, tag */
	struct wrapped {
		struct wrapping how;
		struct bytes key;
	} keys[KEYS_MAX];
	size_t key_count;
};

static const char *algorithm(struct arena *arena, const xmlNode *node)
{
	return node ? tree_attribute(arena, node, "Algorithm") : NULL;
}

static const struct cipher *cipher_of(const char *uri, bool legacy)
{
	for (size_t i = 0; i < COUNT(ciphers); i++)
		if (text_equal(ciphers[i].uri, uri) && (legacy || !ciphers[i].legacy))
			return &ciphers[i];
	return NULL;
}

static const EVP_MD *md_of(const struct digest *list, size_t count, const char *uri)
{
	if (!uri)
		return EVP_sha1(); /* XML Encryption 1.1 5.5.2 */
	for (size_t i = 0; i < count; i++)
		if (text_equal(list[i].uri, uri))
			return list[i].md();
	return NULL;
}

/* --- reading ----------------------------------------------------------------------------------------- */

static bool read_value(struct arena *arena, const xmlNode *parent, struct bytes *out)
{
	const xmlNode *data = tree_child(parent, NS_XENC, "CipherData");
	const xmlNode *value = data ? tree_child(data, NS_XENC, "CipherValue") : NULL;

	/* never a CipherReference */
	return value && !tree_next(value) && tree_first(data) == value && tree_base64(arena, value, out);
}

/* A label would be one more thing that somebody could leave out. */
static bool read_wrapping(struct arena *arena, const xmlNode *method, bool legacy, struct wrapping *out)
{
	const char *uri = algorithm(arena, method);
	bool old = text_equal(uri, NS_XENC "rsa-oaep-mgf1p");

	*out = (struct wrapping){ .pkcs1 = legacy && text_equal(uri, NS_XENC "rsa-1_5") };
	if (out->pkcs1)
		return true;
	if ((!old && !text_equal(uri, NS_XENC11 "rsa-oaep")) || tree_child(method, NS_XENC, "OAEPparams"))
		return false;
	const xmlNode *mask = old ? NULL : tree_child(method, NS_XENC11, "MGF");

	out->digest = md_of(digests, COUNT(digests),
			    algorithm(arena, tree_child(method, NS_SIGNATURE, "DigestMethod")));
	out->mask = md_of(masks, COUNT(masks), algorithm(arena, mask));
	return out->digest && out->mask;
}

/* One for each who may read it; whose it is its KeyInfo says, which we do not ask. */
static enum saml_word read_keys(struct arena *arena, const xmlNode *parent, bool legacy, struct envelope *out)
{
	const xmlNode *node = parent ? tree_child(parent, NS_XENC, "EncryptedKey") : NULL;

	for (; node; node = tree_following(node)) {
		struct wrapped *one = &out->keys[out->key_count];
		const xmlNode *method = tree_child(node, NS_XENC, "EncryptionMethod");

		if (out->key_count == KEYS_MAX || !read_value(arena, node, &one->key) ||
		    one->key.size > WRAPPED_MAX)
			return WORD_ENCRYPTION;
		if (!method || !read_wrapping(arena, method, legacy, &one->how))
			return WORD_ENCRYPTION_ALGORITHM;
		out->key_count++;
	}
	return WORD_NONE;
}

/* EncryptedKeys stand in the data's KeyInfo or beside it (SAML Core 6.1). */
static enum saml_word read_envelope(struct arena *arena, const xmlNode *encrypted, bool legacy,
				    struct envelope *out)
{
	static const struct slot parts[] = { { NS_XENC, "EncryptedData", SLOT_ONE },
					     { NS_XENC, "EncryptedKey", SLOT_ANY } };
	xmlNode *found[COUNT(parts)];

	if (!tree_sequence(encrypted, parts, COUNT(parts), found) || !read_value(arena, found[0], &out->body))
		return WORD_ENCRYPTION;
	out->cipher = cipher_of(algorithm(arena, tree_child(found[0], NS_XENC, "EncryptionMethod")), legacy);
	if (!out->cipher)
		return WORD_ENCRYPTION_ALGORITHM;
	enum saml_word word = read_keys(arena, tree_child(found[0], NS_SIGNATURE, "KeyInfo"), legacy, out);

	if (word == WORD_NONE)
		word = read_keys(arena, encrypted, legacy, out);
	return word != WORD_NONE ? word : out->key_count ? WORD_NONE : WORD_ENCRYPTION;
}

/* --- opening ----------------------------------------------------------------------------------------- */

static void context_done(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void cipher_done(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

static bool prepare(EVP_PKEY_CTX *context, const struct wrapping *how)
{
	if (EVP_PKEY_decrypt_init(context) != 1)
		return false;
	if (how->pkcs1)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(context, how->digest) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, how->mask) == 1;
}

/* A key in any case: what does not open gives a random one, and fails where a wrong key fails. */
static void unwrap(EVP_PKEY *ours, const struct wrapped *wrapped, size_t key_size, uint8_t key[KEY_MAX])
{
	AUTO(context_done) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ours, NULL);
	uint8_t room[WRAPPED_MAX];
	size_t size = sizeof room;

	random_bytes(key, KEY_MAX);
	bool opened = context && prepare(context, &wrapped->how) &&
		      wrapped->key.size == (size_t)EVP_PKEY_get_size(ours) &&
		      EVP_PKEY_decrypt(context, room, &size, wrapped->key.at, wrapped->key.size) == 1 &&
		      size == key_size;

	if (opened)
		memcpy(key, room, key_size);
	wipe(room, sizeof room);
}

static bool open_gcm(EVP_CIPHER_CTX *context, const struct envelope *e, const uint8_t *key, uint8_t *out,
		     int *size)
{
	int last = 0;

	if (e->body.size <= GCM_IV + GCM_TAG)
		return false;
	size_t length = e->body.size - GCM_IV - GCM_TAG;
	uint8_t tag[GCM_TAG];

	memcpy(tag, e->body.at + GCM_IV + length, GCM_TAG);
	return EVP_DecryptInit_ex2(context, e->cipher->cipher(), key, e->body.at, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1 &&
	       EVP_DecryptUpdate(context, out, size, e->body.at + GCM_IV, (int)length) == 1 &&
	       EVP_DecryptFinal_ex(context, out + *size, &last) == 1;
}

/* The last byte says how many there are to drop (XML Encryption 1.1 5.2). */
static bool open_cbc(EVP_CIPHER_CTX *context, const struct envelope *e, const uint8_t *key, uint8_t *out,
		     int *size)
{
	if (e->body.size < (size_t)2 * BLOCK || e->body.size % BLOCK != 0 ||
	    EVP_DecryptInit_ex2(context, e->cipher->cipher(), key, e->body.at, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
	    EVP_DecryptUpdate(context, out, size, e->body.at + BLOCK, (int)(e->body.size - BLOCK)) != 1)
		return false;
	int padding = out[*size - 1];

	*size -= padding;
	return padding >= 1 && padding <= BLOCK && *size > 0;
}

static bool open_body(struct arena *arena, const struct envelope *e, const uint8_t *key, struct bytes *clear)
{
	AUTO(cipher_done) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *out = arena_alloc(arena, e->body.size + BLOCK);
	int size = 0;

	if (!context || !(e->cipher->legacy ? open_cbc(context, e, key, out, &size)
					    : open_gcm(context, e, key, out, &size)))
		return false;
	*clear = (struct bytes){ out, (size_t)size };
	return true;
}

static void key_done(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void bio_done(BIO **bio)
{
	BIO_free(*bio);
}

static EVP_PKEY *read_pem(const char *pem)
{
	AUTO(bio_done) BIO *bio = BIO_new_mem_buf(pem, -1);

	return bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
}

static bool open_with(struct work *work, const struct envelope *e, const char *pem, struct bytes *clear)
{
	AUTO(key_done) EVP_PKEY *ours = read_pem(pem);
	uint8_t key[KEY_MAX];
	bool opened = false;

	for (size_t i = 0; ours && !opened && i < e->key_count; i++) {
		unwrap(ours, &e->keys[i], e->cipher->key_size, key);
		opened = open_body(work->arena, e, key, clear);
	}
	wipe(key, sizeof key);
	return opened;
}

static void pem_done(char **pem)
{
	xml_key_release(*pem);
}

/* The active key, then the one before it: a provider may still have its certificate. */
static enum err open_envelope(struct work *work, const struct envelope *e, struct bytes *clear, bool *opened)
{
	AUTO(pem_done) char *active = NULL;
	AUTO(pem_done) char *before = NULL;
	const char *kid;
	char *certificate;

	TRY(xml_key_private(work, &kid, &active, &certificate));
	*opened = open_with(work, e, active, clear);
	if (*opened)
		return OK;
	TRY(xml_key_before(work, &before));
	*opened = before && open_with(work, e, before, clear);
	return OK;
}

enum saml_word decrypt_assertion(struct work *work, const xmlNode *encrypted, bool legacy,
				 struct bytes *clear, enum err *err)
{
	struct envelope envelope = { 0 };
	bool opened = false;
	enum saml_word word = read_envelope(work->arena, encrypted, legacy, &envelope);

	*err = OK;
	if (word != WORD_NONE)
		return word;
	*err = open_envelope(work, &envelope, clear, &opened);
	return *err != OK || opened ? WORD_NONE : WORD_DECRYPTION;
}
