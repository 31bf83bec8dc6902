/* secret.c: random handles, their hashes, constant-time comparison, wiping. */
/* OpenSSL first: its headers use names that base.h poisons. */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/base.h"

#include <pthread.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "keys/secret.h"

enum { HANDLE_BYTES = 32, HANDLE_TEXT = 43, ID_BYTES = 16, ID_TEXT = 26, DIGEST = 32 };

static const char base64url_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/* Crockford's letters: no i, l, o, u; they sort as the numbers do. */
static const char id_letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
/* What a person can read aloud and type: nothing that looks like something else. */
static const char typed_letters[] = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";

void wipe(void *at, size_t size)
{
	OPENSSL_cleanse(at, size);
}

void bytes_wipe(struct bytes bytes)
{
	if (bytes.at)
		OPENSSL_cleanse((void *)(uintptr_t)bytes.at, bytes.size);
}

void secret_wipe(struct secret *secret)
{
	wipe(secret, sizeof *secret);
}

void random_bytes(void *at, size_t size)
{
	uint8_t *next = at;

	while (size > 0) {
		ssize_t got = getrandom(next, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort(); /* a guessable secret is worse than no server */
		next += got;
		size -= (size_t)got;
	}
}

/* The 32 bytes fill 43 characters exactly up to two zero bits at the end (RFC 4648 5). */
static void write_handle(char *to, const uint8_t bytes[HANDLE_BYTES])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t written = 0;

	for (size_t i = 0; i < HANDLE_BYTES; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			to[written++] = base64url_letters[bits >> (have - 6) & 63];
	}
	to[written++] = base64url_letters[bits << (6 - have) & 63];
	assert(written == HANDLE_TEXT);
	to[written] = '\0';
}

static struct secret handle(const char *front)
{
	struct secret secret = { 0 };
	uint8_t bytes[HANDLE_BYTES];
	int length = snprintf(secret.text, sizeof secret.text, "%s", front);

	assert(length >= 0 && (size_t)length + HANDLE_TEXT < sizeof secret.text);
	random_bytes(bytes, sizeof bytes);
	write_handle(secret.text + length, bytes);
	wipe(bytes, sizeof bytes);
	return secret;
}

struct secret secret_new(void)
{
	return handle("");
}

struct secret secret_new_in(int64_t practice_number)
{
	char front[24];

	assert(practice_number > 0);
	(void)snprintf(front, sizeof front, "%" PRId64 ".", practice_number); /* 20 characters at most */
	return handle(front);
}

/* 1 to 19 digits without a leading zero and a dot: the number has one spelling only. */
static bool parse_number(const char *text, size_t size, int64_t *number)
{
	int64_t value = 0;

	if (size == 0 || text[0] == '0')
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text[i] - '0', &value))
			return false;
	}
	*number = value;
	return true;
}

static bool is_handle(const char *text)
{
	if (strlen(text) != HANDLE_TEXT || strspn(text, base64url_letters) != HANDLE_TEXT)
		return false;
	/* The last character carries four bits: one spelling for one value. */
	const char *last = strchr(base64url_letters, text[HANDLE_TEXT - 1]);

	return last && ((last - base64url_letters) & 3) == 0;
}

bool secret_parse(const char *text, int64_t *practice_number)
{
	int64_t number = 0;

	if (!text)
		return false;
	const char *dot = strchr(text, '.');

	if (dot && !parse_number(text, (size_t)(dot - text), &number))
		return false;
	if (!is_handle(dot ? dot + 1 : text))
		return false;
	*practice_number = number;
	return true;
}

static EVP_MD *sha256_kept; /* fetched by name once: that costs more than a hash; kept for good */

static void fetch_sha256(void)
{
	sha256_kept = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(sha256_kept);
}

static void digest(const char *purpose, const void *at, size_t size, uint8_t out[DIGEST])
{
	static pthread_once_t fetched = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned length = 0;

	(void)pthread_once(&fetched, fetch_sha256); /* fails for a bad control alone */
	assert(context);
	bool done = EVP_DigestInit_ex2(context, sha256_kept, NULL) == 1;

	if (purpose)
		done = done && EVP_DigestUpdate(context, purpose, strlen(purpose) + 1) == 1;
	done = done && EVP_DigestUpdate(context, at, size) == 1 &&
	       EVP_DigestFinal_ex(context, out, &length) == 1;
	EVP_MD_CTX_free(context);
	assert(done && length == DIGEST);
}

char *secret_hash(struct arena *arena, const char *purpose, const char *text)
{
	uint8_t out[DIGEST];

	assert(purpose && purpose[0] && text);
	digest(purpose, text, strlen(text), out);
	return base64url_encode(arena, (struct bytes){ out, sizeof out });
}

struct bytes sha256(struct arena *arena, struct bytes bytes)
{
	uint8_t *out = arena_alloc(arena, DIGEST);

	digest(NULL, bytes.at, bytes.size, out);
	return (struct bytes){ out, DIGEST };
}

struct bytes sha2(struct arena *arena, unsigned bits, struct bytes bytes)
{
	const EVP_MD *kind = bits == 512 ? EVP_sha512() : bits == 384 ? EVP_sha384() : EVP_sha256();
	uint8_t *out = arena_alloc(arena, EVP_MAX_MD_SIZE);
	unsigned length = 0;
	int done = EVP_Digest(bytes.at, bytes.size, out, &length, kind, NULL);

	assert(done == 1 && length == bits / 8);
	return (struct bytes){ out, length };
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
	return a.at && b.at && a.size > 0 && a.size == b.size && CRYPTO_memcmp(a.at, b.at, a.size) == 0;
}

bool secret_equal(const char *a, const char *b)
{
	return a && b && bytes_equal_secret(BYTES_OF(a), BYTES_OF(b));
}

/* 128 bits as 26 letters of 5 bits, the two highest of them zero. */
static char *id_text(struct arena *arena, const char *prefix, const uint8_t bytes[ID_BYTES])
{
	char text[ID_TEXT + 1];
	unsigned __int128 value = 0;

	for (size_t i = 0; i < ID_BYTES; i++)
		value = value << 8 | bytes[i];
	for (size_t i = ID_TEXT; i-- > 0; value >>= 5)
		text[i] = id_letters[(unsigned)value & 31];
	text[ID_TEXT] = '\0';
	return arena_print(arena, "%s_%s", prefix, text);
}

char *id_new(struct arena *arena, const char *prefix)
{
	uint8_t bytes[ID_BYTES];
	uint64_t milliseconds = (uint64_t)clock_now_us() / 1000;

	random_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
	return id_text(arena, prefix, bytes);
}

char *id_random(struct arena *arena, const char *prefix)
{
	uint8_t bytes[ID_BYTES];

	random_bytes(bytes, sizeof bytes);
	return id_text(arena, prefix, bytes);
}

/* Without bias: bytes beyond the last whole multiple are thrown again. */
static char typed_letter(void)
{
	const unsigned count = sizeof typed_letters - 1;
	uint8_t byte;

	do
		random_bytes(&byte, 1);
	while (byte >= 256 / count * count);
	return typed_letters[byte % count];
}

static bool has_each_kind(const char *text)
{
	return strpbrk(text, "abcdefghjkmnpqrstuvwxyz") && strpbrk(text, "ABCDEFGHJKMNPQRSTUVWXYZ") &&
	       strpbrk(text, "23456789");
}

struct secret password_new(void)
{
	struct secret secret;

	do {
		secret = (struct secret){ 0 };
		for (size_t i = 0; i < 23; i++)
			secret.text[i] = i % 6 == 5 ? '-' : typed_letter();
	} while (!has_each_kind(secret.text));
	return secret;
}
