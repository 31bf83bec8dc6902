/* seal.h: sealed columns, MACs, the master key's file. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "base/base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"

static const char key_a[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char key_b[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e20";

struct fixture {
	struct arena *arena;
	struct vault *a, *b;
	char folder[64], file[80];
	char message[256];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->arena = arena_new();
	(void)snprintf(f->folder, sizeof f->folder, "/tmp/lanyard-seal-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	(void)snprintf(f->file, sizeof f->file, "%s/key", f->folder);
	*state = f;
	if (vault_open_config(key_a, NULL, false, &f->a, f->message, sizeof f->message) != OK)
		return -1;
	return vault_open_config(key_b, NULL, false, &f->b, f->message, sizeof f->message) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vault_close(f->a);
	vault_close(f->b);
	arena_done(&f->arena);
	(void)unlink(f->file);
	int left = rmdir(f->folder);

	free(f);
	return left; /* nothing else may be left there: no drafts */
}

static void what_was_sealed_opens_in_its_row(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 70000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t *clear = arena_alloc(f->arena, sizes[i] + 1);
		struct bytes opened;

		random_bytes(clear, sizes[i]);
		struct bytes sealed =
			seal(f->a, f->arena, "totp", "totp/1", (struct bytes){ clear, sizes[i] });

		assert_int_equal(sealed.size, sizes[i] + 33);
		assert_int_equal(unseal(f->a, f->arena, "totp", "totp/1", sealed, &opened), OK);
		assert_int_equal(opened.size, sizes[i]);
		assert_memory_equal(opened.at, clear, sizes[i]);
	}
}

static void what_moved_to_another_row_purpose_or_vault_does_not_open(void **state)
{
	struct fixture *f = *state;
	struct bytes sealed = seal(f->a, f->arena, "totp", "totp/1", BYTES_OF("seed")), opened = { NULL, 0 };

	assert_int_equal(unseal(f->a, f->arena, "totp", "totp/2", sealed, &opened), ERR_SEAL);
	assert_int_equal(unseal(f->a, f->arena, "key", "totp/1", sealed, &opened), ERR_SEAL);
	assert_int_equal(unseal(f->a, f->arena, "to", "tptotp/1", sealed, &opened), ERR_SEAL);
	assert_int_equal(unseal(f->b, f->arena, "totp", "totp/1", sealed, &opened), ERR_SEAL);
	assert_null(opened.at);
}

static void a_record_changed_or_cut_at_any_place_does_not_open(void **state)
{
	struct fixture *f = *state;
	struct bytes sealed = seal(f->a, f->arena, "totp", "totp/1", BYTES_OF("a seed of twenty bytes")),
		     opened;

	for (size_t at = 0; at < sealed.size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct bytes copy = arena_bytes(f->arena, sealed);

			((uint8_t *)(uintptr_t)copy.at)[at] ^= (uint8_t)(1u << bit);
			assert_int_equal(unseal(f->a, f->arena, "totp", "totp/1", copy, &opened), ERR_SEAL);
		}
	for (size_t size = 0; size < sealed.size; size++)
		assert_int_equal(
			unseal(f->a, f->arena, "totp", "totp/1", (struct bytes){ sealed.at, size }, &opened),
			ERR_SEAL);
	uint8_t *longer = arena_alloc(f->arena, sealed.size + 1);

	memcpy(longer, sealed.at, sealed.size);
	assert_int_equal(
		unseal(f->a, f->arena, "totp", "totp/1", (struct bytes){ longer, sealed.size + 1 }, &opened),
		ERR_SEAL);
	assert_int_equal(unseal(f->a, f->arena, "totp", "totp/1", (struct bytes){ NULL, 0 }, &opened),
			 ERR_SEAL);
}

static void sealing_twice_gives_two_records(void **state)
{
	struct fixture *f = *state;
	struct bytes one = seal(f->a, f->arena, "totp", "totp/1", BYTES_OF("seed"));
	struct bytes two = seal(f->a, f->arena, "totp", "totp/1", BYTES_OF("seed"));

	assert_memory_not_equal(one.at, two.at, one.size);
}

static void the_clear_text_is_not_in_the_record(void **state)
{
	struct fixture *f = *state;
	struct bytes sealed = seal(f->a, f->arena, "totp", "totp/1", BYTES_OF("JBSWY3DPEHPK3PXP"));

	assert_null(memmem(sealed.at, sealed.size, "JBSWY3DP", 8));
}

static void a_mac_depends_on_key_purpose_and_message(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[5][32];

	vault_mac(f->a, "csrf", BYTES_OF("x"), mac[0]);
	vault_mac(f->a, "csrf", BYTES_OF("x"), mac[1]);
	vault_mac(f->b, "csrf", BYTES_OF("x"), mac[2]);
	vault_mac(f->a, "email", BYTES_OF("x"), mac[3]);
	vault_mac(f->a, "csrf", BYTES_OF("y"), mac[4]);
	assert_memory_equal(mac[0], mac[1], 32);
	for (size_t i = 2; i < 5; i++)
		assert_memory_not_equal(mac[0], mac[i], 32);
}

static void no_two_lists_of_parts_have_the_same_mac(void **state)
{
	struct fixture *f = *state;
	const char *macs[] = {
		vault_mac_text(f->a, f->arena, "csrf", NULL),
		vault_mac_text(f->a, f->arena, "csrf", "", NULL),
		vault_mac_text(f->a, f->arena, "csrf", "", "", NULL),
		vault_mac_text(f->a, f->arena, "csrf", "ab", NULL),
		vault_mac_text(f->a, f->arena, "csrf", "a", "b", NULL),
		vault_mac_text(f->a, f->arena, "csrf", "", "ab", NULL),
		vault_mac_text(f->a, f->arena, "csrf", "ab", "", NULL),
	};

	for (size_t i = 0; i < COUNT(macs); i++) {
		assert_int_equal(strlen(macs[i]), 43);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(macs[i], macs[j]);
	}
	assert_string_equal(macs[4], vault_mac_text(f->a, f->arena, "csrf", "a", "b", NULL));
}

/* Against a second implementation: openssl kdf and openssl mac, by hand. */
static void a_mac_is_hmac_under_a_key_by_hkdf(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[32];

	vault_mac(f->a, "csrf", BYTES_OF("message"), mac);
	assert_string_equal(hex_encode(f->arena, (struct bytes){ mac, 32 }),
			    "cacb950e941379bf7bbde62d7e9d6ed47192d2aea4ead1753c2eb2c527d3001e");
}

static void a_key_is_32_bytes_as_hex_or_base64url_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", true },
		{ "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", true },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", true },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", false }, /* not canonical */
		{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e", false },
		{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g", false },
		{ "0000000000000000000000000000000000000000000000000000000000000000", false },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false },
		{ "password", false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vault *vault = NULL;
		enum err err =
			vault_open_config(rows[i].text, NULL, false, &vault, f->message, sizeof f->message);

		if ((err == OK) != rows[i].good)
			fail_msg("%s: %d", rows[i].text, err);
		assert_true(rows[i].good == (vault != NULL));
		assert_null(strstr(f->message, rows[i].text)); /* the message never repeats a key */
		vault_close(vault);
	}
}

static void a_missing_key_file_is_made_once_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	struct vault *first, *again;
	struct stat st;
	uint8_t mac[2][32];

	assert_int_equal(vault_open_config(NULL, f->file, false, &first, f->message, sizeof f->message),
			 ERR_CONFIG);
	assert_int_equal(access(f->file, F_OK), -1);
	assert_int_equal(vault_open_config(NULL, f->file, true, &first, f->message, sizeof f->message), OK);
	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(vault_open_config("", f->file, true, &again, f->message, sizeof f->message), OK);
	vault_mac(first, "csrf", BYTES_OF("x"), mac[0]);
	vault_mac(again, "csrf", BYTES_OF("x"), mac[1]);
	assert_memory_equal(mac[0], mac[1], 32);
	vault_close(first);
	vault_close(again);
}

static void a_key_file_that_others_can_reach_is_refused(void **state)
{
	static const mode_t modes[] = { 0604, 0640, 0620, 0602, 0660, 0644, 0666, 0611 };
	struct fixture *f = *state;
	struct vault *vault = NULL;

	assert_int_equal(vault_open_config(NULL, f->file, true, &vault, f->message, sizeof f->message), OK);
	vault_close(vault);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(f->file, modes[i]), 0);
		vault = NULL;
		assert_int_equal(
			vault_open_config(NULL, f->file, true, &vault, f->message, sizeof f->message),
			ERR_CONFIG);
		assert_null(vault);
		assert_non_null(strstr(f->message, "chmod"));
	}
	assert_int_equal(chmod(f->file, 0400), 0);
	assert_int_equal(vault_open_config(NULL, f->file, true, &vault, f->message, sizeof f->message), OK);
	vault_close(vault);
}

static void write_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void a_damaged_key_file_is_refused_and_kept(void **state)
{
	static const char *const texts[] = { "", "\n", "abc\n", "000102" };
	struct fixture *f = *state;
	struct vault *vault = NULL;
	struct stat st;

	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file(f->file, texts[i]);
		assert_int_equal(
			vault_open_config(NULL, f->file, true, &vault, f->message, sizeof f->message),
			ERR_CONFIG);
		assert_int_equal(stat(f->file, &st), 0);
		assert_int_equal(st.st_size, strlen(texts[i]));
	}
	write_file(f->file, arena_print(f->arena, "%s\r\n", key_a));
	assert_int_equal(vault_open_config(NULL, f->file, true, &vault, f->message, sizeof f->message), OK);
	vault_close(vault);
}

static void a_folder_or_a_pipe_is_no_key_file(void **state)
{
	struct fixture *f = *state;
	struct vault *vault = NULL;

	assert_int_equal(vault_open_config(NULL, f->folder, true, &vault, f->message, sizeof f->message),
			 ERR_CONFIG);
	assert_int_equal(mkfifo(f->file, 0600), 0);
	assert_int_equal(vault_open_config(NULL, f->file, true, &vault, f->message, sizeof f->message),
			 ERR_CONFIG);
	assert_int_equal(vault_open_config(NULL, NULL, true, &vault, f->message, sizeof f->message),
			 ERR_CONFIG);
	assert_null(vault);
}

/* RFC 5869 as OpenSSL has it, from the master key to the key of one purpose. */
static void hkdf(const uint8_t master[32], const void *info, size_t info_size, uint8_t out[32])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	uint8_t key[32], words[64];

	memcpy(key, master, sizeof key);
	memcpy(words, info, info_size);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, sizeof key),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, words, info_size),
		OSSL_PARAM_construct_end(),
	};
	assert_int_equal(EVP_KDF_derive(context, out, 32, params), 1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

static void keys_are_derived_as_rfc_5869_says(void **state)
{
	struct fixture *f = *state;
	static const char info[] = "\0\003mac\0\005email", message[] = "ada@northside.example";
	uint8_t master[32], key[32], ours[32], theirs[32];
	unsigned size = 0;

	for (size_t i = 0; i < sizeof master; i++)
		master[i] = (uint8_t)i;
	hkdf(master, info, sizeof info - 1, key);
	assert_non_null(HMAC(EVP_sha256(), key, sizeof key, (const uint8_t *)message, sizeof message - 1,
			     theirs, &size));
	vault_mac(f->a, "email", BYTES_OF(message), ours);
	assert_memory_equal(ours, theirs, sizeof ours);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_are_derived_as_rfc_5869_says),
		TEST(what_was_sealed_opens_in_its_row),
		TEST(what_moved_to_another_row_purpose_or_vault_does_not_open),
		TEST(a_record_changed_or_cut_at_any_place_does_not_open),
		TEST(sealing_twice_gives_two_records),
		TEST(the_clear_text_is_not_in_the_record),
		TEST(a_mac_depends_on_key_purpose_and_message),
		TEST(no_two_lists_of_parts_have_the_same_mac),
		TEST(a_mac_is_hmac_under_a_key_by_hkdf),
		TEST(a_key_is_32_bytes_as_hex_or_base64url_and_nothing_else),
		TEST(a_missing_key_file_is_made_once_for_its_owner_alone),
		TEST(a_key_file_that_others_can_reach_is_refused),
		TEST(a_damaged_key_file_is_refused_and_kept),
		TEST(a_folder_or_a_pipe_is_no_key_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
