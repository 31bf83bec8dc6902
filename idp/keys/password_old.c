/* password_old.c: bcrypt, PBKDF2 (RFC 8018 5.2) and {SSHA} (RFC 2307's {SHA} with salt), to verify
 * imported hashes once. Nothing here makes a hash. */
/* OpenSSL first: its headers use names that base.h poisons. */
#include <openssl/evp.h>

#include "base/base.h"

#include <crypt.h>

#include "base/arena.h"
#include "base/text.h"
#include "keys/password_old.h"
#include "keys/secret.h"

enum { BCRYPT_TEXT = 60, BCRYPT_READS = 72, BCRYPT_COST_MAX = 14, SHA1 = 20, SALT_MAX = 256 };
enum { PBKDF2_ROUNDS_MAX = 4000000 };

static const char bcrypt_letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* What a stored text says; at of salt and digest lie in the arena. */
struct old {
	const EVP_MD *(*md)(void);
	int64_t rounds;
	struct bytes salt, digest;
};

static bool bcrypt_is_sound(struct arena *arena, const char *stored, struct old *old)
{
	int64_t cost = 0;

	(void)old;
	if (strlen(stored) != BCRYPT_TEXT || !strchr("aby", stored[2]) || stored[3] != '$' ||
	    stored[6] != '$')
		return false;
	if (!text_to_int(arena_textn(arena, stored + 4, 2), 4, BCRYPT_COST_MAX, &cost))
		return false;
	return strspn(stored + 7, bcrypt_letters) == BCRYPT_TEXT - 7;
}

static bool bcrypt_matches(struct arena *arena, const char *password, const char *stored,
			   const struct old *old)
{
	struct crypt_data *data = arena_new_of(arena, struct crypt_data);

	(void)old;
	if (strlen(password) > BCRYPT_READS)
		return false;
	const char *made = crypt_rn(password, stored, data, (int)sizeof *data);
	bool same = secret_equal(made, stored);

	wipe(data, sizeof *data);
	return same;
}

bool password_base64_decode(struct arena *arena, const char *text, struct bytes *out)
{
	static const char *const padding[] = { "", "===", "==", "=" }; /* one over is refused with any */
	char *padded = arena_print(arena, "%s%s", text, padding[strlen(text) % 4]);

	for (char *c = padded; *c; c++)
		if (*c == '.')
			*c = '+';
	return base64_decode(arena, padded, strlen(padded), out);
}

static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
	size_t size;
	bool salt_is_text; /* Django's salt is the text itself, passlib's is encoded */
} pbkdf2_kinds[] = {
	{ "pbkdf2_sha256", EVP_sha256, 32, true },
	{ "pbkdf2-sha256", EVP_sha256, 32, false },
	{ "pbkdf2-sha512", EVP_sha512, 64, false },
};

static bool pbkdf2_is_sound(struct arena *arena, const char *stored, struct old *old)
{
	size_t count = 0;
	char **part = text_split(arena, stored, '$', &count);

	if (count != 4 || !text_to_int(part[1], 1, PBKDF2_ROUNDS_MAX, &old->rounds))
		return false;
	for (size_t i = 0; i < COUNT(pbkdf2_kinds); i++) {
		if (!text_equal(part[0], pbkdf2_kinds[i].name))
			continue;
		old->md = pbkdf2_kinds[i].md;
		old->salt = BYTES_OF(part[2]);
		if (!pbkdf2_kinds[i].salt_is_text && !password_base64_decode(arena, part[2], &old->salt))
			return false;
		return old->salt.size > 0 && old->salt.size <= SALT_MAX &&
		       password_base64_decode(arena, part[3], &old->digest) &&
		       old->digest.size == pbkdf2_kinds[i].size;
	}
	return false;
}

static bool pbkdf2_matches(struct arena *arena, const char *password, const char *stored,
			   const struct old *old)
{
	uint8_t *made = arena_alloc(arena, old->digest.size);

	(void)stored;
	bool done = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), old->salt.at, (int)old->salt.size,
				      (int)old->rounds, old->md(), (int)old->digest.size, made) == 1;

	return done && bytes_equal_secret((struct bytes){ made, old->digest.size }, old->digest);
}

static bool ssha_is_sound(struct arena *arena, const char *stored, struct old *old)
{
	const char *text = stored + strlen("{SSHA}");
	struct bytes both;

	if (!base64_decode(arena, text, strlen(text), &both) || both.size <= SHA1 ||
	    both.size > SHA1 + SALT_MAX)
		return false;
	old->digest = (struct bytes){ both.at, SHA1 };
	old->salt = (struct bytes){ both.at + SHA1, both.size - SHA1 };
	return true;
}

static bool ssha_matches(struct arena *arena, const char *password, const char *stored, const struct old *old)
{
	uint8_t made[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	(void)arena;
	(void)stored;
	bool done = context && EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1 &&
		    EVP_DigestUpdate(context, password, strlen(password)) == 1 &&
		    EVP_DigestUpdate(context, old->salt.at, old->salt.size) == 1 &&
		    EVP_DigestFinal_ex(context, made, &size) == 1;

	EVP_MD_CTX_free(context);
	return done && bytes_equal_secret((struct bytes){ made, size }, old->digest);
}

static const struct scheme {
	const char *prefix;
	bool (*is_sound)(struct arena *arena, const char *stored, struct old *old);
	bool (*matches)(struct arena *arena, const char *password, const char *stored, const struct old *old);
} schemes[] = {
	{ "$2", bcrypt_is_sound, bcrypt_matches },
	{ "pbkdf2_", pbkdf2_is_sound, pbkdf2_matches },
	{ "$pbkdf2-", pbkdf2_is_sound, pbkdf2_matches },
	{ "{SSHA}", ssha_is_sound, ssha_matches },
};

static const struct scheme *find(struct arena *arena, const char *stored, struct old *old)
{
	if (!stored || strlen(stored) > 1024)
		return NULL;
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (text_starts(stored, schemes[i].prefix))
			return schemes[i].is_sound(arena, stored, old) ? &schemes[i] : NULL;
	return NULL;
}

bool password_old_is_known(const char *stored)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct old old = { 0 };

	return find(arena, stored, &old) != NULL;
}

bool password_old_matches(const char *password, const char *stored)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct old old = { 0 };
	const struct scheme *scheme = find(arena, stored, &old);

	return scheme && scheme->matches(arena, password, stored, &old);
}
