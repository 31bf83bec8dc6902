/* seal.c: what the master key derives: sealed columns, MACs, the password pepper.
 *
 * Every key is HKDF-SHA-256 (RFC 5869) of the master under an info text that begins with its use
 * and carries each part with its length, so that no two uses ever share a key. */
/* OpenSSL first: its headers use names that base.h poisons. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/base.h"

#include <sys/mman.h>

#include "base/arena.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"

enum { KEY = 32, KEY_ID = 4, NONCE = 12, TAG = 16, INFO_MAX = 512 };
/* Where things stand in a record. */
enum { VERSION_AT = 0, KEY_ID_AT = 1, NONCE_AT = 5, CLEAR_AT = 17, OVERHEAD = CLEAR_AT + TAG };
enum { RECORD_VERSION = 1 };

/* Alone on locked pages: not in swap, not in a core dump. Of the master key only what HKDF extracts from it
 * is kept. */
struct vault {
	uint8_t extracted[KEY];
	uint8_t key_id[KEY_ID];
	EVP_MAC_CTX *hmac; /* HMAC-SHA-256, ready but for its key: to be copied */
	EVP_CIPHER *gcm;
};

/* Parts joined with their lengths. */
struct info {
	uint8_t at[INFO_MAX];
	size_t size;
};

static void info_add(struct info *info, const char *part)
{
	size_t size = strlen(part);

	/* Purposes and rows are ours: one that does not fit is our own mistake. */
	assert(size < 65536 && info->size + 2 + size <= sizeof info->at);
	info->at[info->size++] = (uint8_t)(size >> 8);
	info->at[info->size++] = (uint8_t)size;
	memcpy(info->at + info->size, part, size);
	info->size += size;
}

static struct info info_of(const char *use, const char *purpose, const char *row)
{
	struct info info = { .size = 0 };

	assert(purpose && purpose[0]);
	info_add(&info, use);
	info_add(&info, purpose);
	if (row)
		info_add(&info, row);
	return info;
}

/* Fetching an algorithm by name costs more than running it: each use copies what was made once. */
static EVP_MAC_CTX *hmac_begin(const struct vault *vault, const uint8_t *key)
{
	EVP_MAC_CTX *context = EVP_MAC_CTX_dup(vault->hmac);
	bool done = context && EVP_MAC_init(context, key, KEY, NULL) == 1;

	assert(done);
	return context;
}

static void hmac_add(EVP_MAC_CTX *context, const void *at, size_t size)
{
	bool done = size == 0 || EVP_MAC_update(context, at, size) == 1;

	assert(done);
}

static void hmac_end(EVP_MAC_CTX *context, uint8_t out[KEY])
{
	size_t size = 0;
	bool done = EVP_MAC_final(context, out, &size, KEY) == 1 && size == KEY;

	EVP_MAC_CTX_free(context);
	assert(done);
}

/* HKDF-Expand (RFC 5869 2.3) to one block: HMAC(extracted, info | 0x01). */
static void derive(const struct vault *vault, const struct info *info, uint8_t *out, size_t size)
{
	static const uint8_t first_block = 1;
	EVP_MAC_CTX *context = hmac_begin(vault, vault->extracted);
	uint8_t block[KEY];

	assert(size <= KEY);
	hmac_add(context, info->at, info->size);
	hmac_add(context, &first_block, 1);
	hmac_end(context, block);
	memcpy(out, block, size);
	wipe(block, sizeof block);
}

static EVP_MAC_CTX *hmac_new(const uint8_t *key)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	bool done = context && EVP_MAC_init(context, key, KEY, params) == 1;

	EVP_MAC_free(mac); /* the context counts it */
	assert(done);
	return context;
}

/* HKDF-Extract (RFC 5869 2.2) without salt: HMAC under a key of zeros. */
static void extract(struct vault *vault, struct bytes master)
{
	static const uint8_t no_salt[KEY];

	vault->hmac = hmac_new(no_salt);
	EVP_MAC_CTX *context = hmac_begin(vault, no_salt);

	hmac_add(context, master.at, master.size);
	hmac_end(context, vault->extracted);
}

struct vault *vault_open(struct bytes master)
{
	assert(master.size == KEY);
	void *at =
		mmap(NULL, sizeof(struct vault), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert(at != MAP_FAILED);
	/* Both are kindnesses of the kernel: where limits forbid them the vault works all the same. */
	(void)mlock(at, sizeof(struct vault));
	(void)madvise(at, sizeof(struct vault), MADV_DONTDUMP);
	struct vault *vault = at;

	extract(vault, master);
	vault->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	assert(vault->gcm);
	struct info info = info_of("key id", "seal", NULL);

	derive(vault, &info, vault->key_id, KEY_ID);
	return vault;
}

void vault_close(struct vault *vault)
{
	if (!vault)
		return;
	EVP_MAC_CTX_free(vault->hmac);
	EVP_CIPHER_free(vault->gcm);
	wipe(vault, sizeof *vault);
	(void)munmap(vault, sizeof *vault); /* cannot fail for what mmap gave */
}

/* AES-256-GCM over the record's own head and the row's identity (NIST SP 800-38D). */
static EVP_CIPHER_CTX *gcm(struct vault *vault, const char *purpose, const char *row, const uint8_t *record,
			   bool encrypt)
{
	struct info info = info_of("seal", purpose, row);
	uint8_t key[KEY];
	int ignored = 0;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	derive(vault, &info, key, sizeof key);
	bool done = context &&
		    EVP_CipherInit_ex(context, vault->gcm, NULL, key, record + NONCE_AT, encrypt) == 1 &&
		    EVP_CipherUpdate(context, NULL, &ignored, record, NONCE_AT) == 1 &&
		    EVP_CipherUpdate(context, NULL, &ignored, info.at, (int)info.size) == 1;

	wipe(key, sizeof key);
	assert(done);
	return context;
}

struct bytes seal(struct vault *vault, struct arena *arena, const char *purpose, const char *row,
		  struct bytes clear)
{
	uint8_t *record = arena_alloc(arena, clear.size + OVERHEAD);
	uint8_t *tag = record + CLEAR_AT + clear.size;
	int size = 0, rest = 0;

	assert(row && row[0] && clear.size <= 16 * MB);
	record[VERSION_AT] = RECORD_VERSION;
	memcpy(record + KEY_ID_AT, vault->key_id, KEY_ID);
	random_bytes(record + NONCE_AT, NONCE);
	EVP_CIPHER_CTX *context = gcm(vault, purpose, row, record, true);
	bool done = clear.size == 0 ||
		    EVP_CipherUpdate(context, record + CLEAR_AT, &size, clear.at, (int)clear.size) == 1;

	done = done && EVP_CipherFinal_ex(context, tag, &rest) == 1 && rest == 0 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1;
	EVP_CIPHER_CTX_free(context);
	assert(done && (size_t)size == clear.size);
	return (struct bytes){ record, clear.size + OVERHEAD };
}

enum err unseal(struct vault *vault, struct arena *arena, const char *purpose, const char *row,
		struct bytes sealed, struct bytes *clear)
{
	if (!sealed.at || sealed.size < OVERHEAD || sealed.size > 16 * MB + OVERHEAD)
		return ERR_SEAL;
	if (sealed.at[VERSION_AT] != RECORD_VERSION ||
	    memcmp(sealed.at + KEY_ID_AT, vault->key_id, KEY_ID) != 0)
		return ERR_SEAL;
	size_t length = sealed.size - OVERHEAD;
	uint8_t *out = arena_alloc(arena, length + 1); /* zero behind: text stays text */
	uint8_t tag[TAG];
	int size = 0, rest = 0;

	memcpy(tag, sealed.at + CLEAR_AT + length, TAG);
	EVP_CIPHER_CTX *context = gcm(vault, purpose, row, sealed.at, false);
	bool done = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
		    (length == 0 ||
		     EVP_CipherUpdate(context, out, &size, sealed.at + CLEAR_AT, (int)length) == 1) &&
		    EVP_CipherFinal_ex(context, out + size, &rest) == 1;

	EVP_CIPHER_CTX_free(context);
	if (!done) {
		wipe(out, length);
		return ERR_SEAL;
	}
	*clear = (struct bytes){ out, length };
	return OK;
}

/* HMAC-SHA-256 (RFC 2104) in pieces, under a key of its own. */
static EVP_MAC_CTX *mac_begin(struct vault *vault, const char *use, const char *purpose)
{
	struct info info = info_of(use, purpose, NULL);
	uint8_t key[KEY];

	derive(vault, &info, key, sizeof key);
	EVP_MAC_CTX *context = hmac_begin(vault, key);

	wipe(key, sizeof key);
	return context;
}

void vault_mac(struct vault *vault, const char *purpose, struct bytes message, uint8_t out[32])
{
	EVP_MAC_CTX *context = mac_begin(vault, "mac", purpose);

	hmac_add(context, message.at, message.size);
	hmac_end(context, out);
}

char *vault_mac_text(struct vault *vault, struct arena *arena, const char *purpose, ...)
{
	/* Another key than vault_mac's: a joined list is never taken for a plain message. */
	EVP_MAC_CTX *context = mac_begin(vault, "mac list", purpose);
	uint8_t out[32];
	va_list args;

	va_start(args, purpose);
	for (const char *part; (part = va_arg(args, const char *));) {
		uint64_t length = __builtin_bswap64(strlen(part));

		hmac_add(context, &length, sizeof length);
		hmac_add(context, part, strlen(part));
	}
	va_end(args);
	hmac_end(context, out);
	return base64url_encode(arena, (struct bytes){ out, sizeof out });
}
