/* password.h: hashing, checking, old hashes, slots, rules. Costs are small here: what is tested does
 * not depend on them. */
#include "base/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>
#include <argon2.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "keys/password.h"
#include "keys/password_slots.h"
#include "keys/seal.h"
#include "keys/secret.h"

static const char right_one[] = "correct horse battery";

struct fixture {
	struct arena *arena;
	struct vault *vault;
	struct passwords *passwords;
};

static const uint8_t master[32] = { 1, 2, 3, 4 };

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->arena = arena_new();
	f->vault = vault_open((struct bytes){ master, sizeof master });
	f->passwords =
		passwords_open(f->vault, (struct password_cost){ .memory_kib = 64, .passes = 1, .slots = 2 });
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	passwords_close(f->passwords);
	vault_close(f->vault);
	arena_done(&f->arena);
	free(f);
	return 0;
}

static char *hash_of(struct fixture *f, const char *password)
{
	char *hash = NULL;

	assert_int_equal(password_hash(f->passwords, f->arena, password, &hash), OK);
	return hash;
}

static char *repeated(struct fixture *f, char c, size_t count)
{
	char *text = arena_alloc(f->arena, count + 1);

	memset(text, c, count);
	return text;
}

static void a_password_is_right_for_its_own_hash_alone(void **state)
{
	struct fixture *f = *state;
	const char *hash = hash_of(f, right_one);
	static const char *const wrong[] = { "",
					     " ",
					     "correct horse batter",
					     "correct horse battery ",
					     "Correct horse battery",
					     "correct  horse battery" };

	assert_int_equal(password_check(f->passwords, right_one, hash), PASSWORD_RIGHT);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(password_check(f->passwords, wrong[i], hash), PASSWORD_WRONG);
	assert_int_equal(password_check(f->passwords, NULL, hash), PASSWORD_WRONG);
}

static void a_hash_is_a_phc_string_with_its_parameters_and_salt(void **state)
{
	struct fixture *f = *state;
	const char *one = hash_of(f, right_one), *two = hash_of(f, right_one);

	assert_true(text_starts(one, "$argon2id$v=19$m=64,t=1,p=1,keyid="));
	assert_string_not_equal(one, two);
	assert_true(password_hash_is_known(one));
}

static void nobody_and_anything_unknown_is_wrong(void **state)
{
	struct fixture *f = *state;
	static const char *const stored[] = {
		NULL,
		"",
		"x",
		"$",
		"$1$salt$qJH7.N4xYta3aEG/dfqo/0",
		"$6$saltsalt$abc",
		"plain text",
		"{SSHA}",
		"{SSHA}!!!!",
		"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
		"{CLEARTEXT}correct horse battery",
		"$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoO",
		"$2x$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
		"$2b$31$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
		"$2b$03$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
		"pbkdf2_sha256$0$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=",
		"pbkdf2_sha256$99999999999$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=",
		"pbkdf2_sha256$1000$seasalt$DrdiWD40lyBuydnjvZiDrQ==",
		"pbkdf2_md5$1000$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=",
		"$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=262144,t=64,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=0,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=0$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=99$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=1,keyid=$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=1,data=x$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c2FsdA",
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$",
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ",
	};

	for (size_t i = 0; i < COUNT(stored); i++) {
		if (password_check(f->passwords, right_one, stored[i]) != PASSWORD_WRONG)
			fail_msg("right: %s", stored[i]);
		if (password_hash_is_known(stored[i]))
			fail_msg("known: %s", stored[i]);
	}
}

/* Where other systems cut, two long passwords with the same beginning must stay two. */
static void no_length_is_cut(void **state)
{
	static const size_t sizes[] = { 51, 52, 72, 73, 127, 128, 255, 256, 512, 1023, 1024 };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		const char *hash = hash_of(f, repeated(f, 'x', sizes[i]));

		assert_int_equal(password_check(f->passwords, repeated(f, 'x', sizes[i]), hash),
				 PASSWORD_RIGHT);
		assert_int_equal(password_check(f->passwords, repeated(f, 'x', sizes[i] - 1), hash),
				 PASSWORD_WRONG);
		assert_int_equal(password_check(f->passwords, repeated(f, 'x', sizes[i] + 1), hash),
				 PASSWORD_WRONG);
	}
}

static void more_than_1024_bytes_or_not_utf8_is_no_password(void **state)
{
	struct fixture *f = *state;
	char *hash = NULL;
	const char *const bad[] = { "",        repeated(f, 'x', 1025), repeated(f, 'x', 100000),
				    "\xff",    "caf\xe9 caf\xe9",      "\xed\xa0\x80",
				    "\xc0\x80" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(password_hash(f->passwords, f->arena, bad[i], &hash), ERR_PASSWORD_WEAK);
		assert_null(hash);
		assert_int_equal(password_check(f->passwords, bad[i], hash_of(f, right_one)), PASSWORD_WRONG);
	}
	/* An imported hash of a text that is not UTF-8 or is empty stays wrong. */
	assert_int_equal(password_check(f->passwords, "", "{SSHA}mrBNAh53m95YBb5g2BvAJBy3ePNOYUNsTmFDbA=="),
			 PASSWORD_WRONG);
}

static void four_byte_characters_and_exact_bytes_count(void **state)
{
	struct fixture *f = *state;
	const char *key = hash_of(f, "\xf0\x9f\x94\x91\xf0\x9f\x8f\xa5 clinic");

	assert_int_equal(password_check(f->passwords, "\xf0\x9f\x94\x91\xf0\x9f\x8f\xa5 clinic", key),
			 PASSWORD_RIGHT);
	assert_int_equal(password_check(f->passwords, "\xf0\x9f\x94\x92\xf0\x9f\x8f\xa5 clinic", key),
			 PASSWORD_WRONG);
	/* e-acute as one character or as two: bytes differ, so do the passwords. */
	assert_int_equal(password_check(f->passwords, "e\xcc\x81t\xc3\xa9", hash_of(f, "\xc3\xa9t\xc3\xa9")),
			 PASSWORD_WRONG);
}

static void a_hash_of_another_pepper_is_wrong(void **state)
{
	static const uint8_t other[32] = { 9, 9 };
	struct fixture *f = *state;
	struct vault *vault = vault_open((struct bytes){ other, sizeof other });
	struct passwords *passwords = passwords_open(vault, (struct password_cost){ 64, 1, 1 });

	assert_int_equal(password_check(passwords, right_one, hash_of(f, right_one)), PASSWORD_WRONG);
	passwords_close(passwords);
	vault_close(vault);
}

static void a_hash_with_other_costs_is_right_but_wants_an_upgrade(void **state)
{
	struct fixture *f = *state;
	static const struct password_cost costs[] = { { 128, 1, 1 }, { 64, 2, 1 }, { 32, 1, 1 } };

	for (size_t i = 0; i < COUNT(costs); i++) {
		struct passwords *other = passwords_open(f->vault, costs[i]);

		assert_int_equal(password_check(other, right_one, hash_of(f, right_one)),
				 PASSWORD_RIGHT_UPGRADE);
		assert_int_equal(password_check(other, "wrong", hash_of(f, right_one)), PASSWORD_WRONG);
		passwords_close(other);
	}
}

static void imported_hashes_are_right_once_and_want_an_upgrade(void **state)
{
	struct fixture *f = *state;
	char argon2[128];
	const char *const stored[] = {
		"{SSHA}P3+x5J/ocvJbcU9MZfkoCR8wDfpOYUNsTmFDbA==",
		"pbkdf2_sha256$1000$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=",
		"$pbkdf2-sha256$1000$yMnKy8zNzs/Q0dLT1NXW1w$f7QmfEsrJ.6B1wS.aSt9ihj2PkMFNH0fXQqzfxKqycQ",
		"$pbkdf2-sha512$1000$yMnKy8zNzs/Q0dLT1NXW1w$LUjErv9BACMii6bJOrvqgQd17MC/TMZTRZ/Vr/"
		"LWRVhiP3wGjGvF/LZzT5NYfBIfdEpS/8RbyyBLA.wRX3KRCA",
		"$2a$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
		"$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
		"$2y$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
		argon2,
	};

	assert_int_equal(argon2id_hash_encoded(2, 64, 2, right_one, strlen(right_one), "saltsalt", 8, 32,
					       argon2, sizeof argon2),
			 ARGON2_OK);
	for (size_t i = 0; i < COUNT(stored); i++) {
		assert_true(password_hash_is_known(stored[i]));
		if (password_check(f->passwords, right_one, stored[i]) != PASSWORD_RIGHT_UPGRADE)
			fail_msg("not right: %s", stored[i]);
		assert_int_equal(password_check(f->passwords, "correct horse batterz", stored[i]),
				 PASSWORD_WRONG);
		assert_int_equal(password_check(f->passwords, "", stored[i]), PASSWORD_WRONG);
	}
}

static void bcrypt_never_lets_a_longer_password_in(void **state)
{
	static const char of_51[] = "$2b$04$abcdefghijklmnopqrstuud3X6g1RVql/Mpu7QID9Keh68a6MLXXa";
	static const char of_72[] = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
	struct fixture *f = *state;

	assert_int_equal(password_check(f->passwords, repeated(f, 'x', 51), of_51), PASSWORD_RIGHT_UPGRADE);
	assert_int_equal(password_check(f->passwords, repeated(f, 'x', 52), of_51), PASSWORD_WRONG);
	assert_int_equal(password_check(f->passwords, repeated(f, 'x', 72), of_72), PASSWORD_RIGHT_UPGRADE);
	assert_int_equal(password_check(f->passwords, repeated(f, 'x', 73), of_72), PASSWORD_WRONG);
}

static void every_changed_place_of_a_stored_hash_is_wrong(void **state)
{
	struct fixture *f = *state;
	const char *hash = hash_of(f, right_one);

	for (size_t at = 0; at < strlen(hash); at++) {
		char *changed = arena_text(f->arena, hash);

		changed[at] = changed[at] == 'A' ? 'B' : 'A';
		assert_int_equal(password_check(f->passwords, right_one, changed), PASSWORD_WRONG);
		assert_int_equal(password_check(f->passwords, right_one, arena_textn(f->arena, hash, at)),
				 PASSWORD_WRONG);
	}
}

/* --- slots --------------------------------------------------------------------------------------- */

static void a_full_house_says_so_in_time_and_serves_the_next(void **state)
{
	struct slots *slots = slots_new(2);
	struct slot *one = slots_take(slots, 0), *two = slots_take(slots, 0);
	int64_t before = clock_monotonic_us();

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	assert_ptr_not_equal(one, two);
	assert_null(slots_take(slots, 50000));
	assert_in_range(clock_monotonic_us() - before, 50000, 2000000);
	slots_give(slots, one);
	assert_ptr_equal(slots_take(slots, 0), one);
	slots_give(slots, one);
	slots_give(slots, two);
	slots_free(slots);
}

static void a_slot_keeps_its_memory_until_it_is_idle(void **state)
{
	struct slots *slots = slots_new(2);
	struct slot *slot = slots_take(slots, 0);
	uint8_t *memory = slot_memory(slot, MB);

	(void)state;
	assert_non_null(memory);
	assert_ptr_equal(slot_memory(slot, MB / 2), memory);
	slots_trim(slots, 0); /* taken: stays */
	assert_int_equal(slots_mapped(slots), MB);
	slots_give(slots, slot);
	slots_trim(slots, 10000000);
	assert_int_equal(slots_mapped(slots), MB);
	assert_ptr_equal(slots_take(slots, 0), slot); /* the warm one */
	slots_give(slots, slot);
	slots_trim(slots, 0);
	assert_int_equal(slots_mapped(slots), 0);
	slots_free(slots);
}

static void no_memory_is_an_answer(void **state)
{
	struct slots *slots = slots_new(1);
	struct slot *slot = slots_take(slots, 0);

	(void)state;
	assert_null(slot_memory(slot, (size_t)1 << 62));
	assert_non_null(slot_memory(slot, MB));
	slots_give(slots, slot);
	slots_free(slots);
}

static void *check_many(void *at)
{
	struct fixture *f = at;
	AUTO(arena_done) struct arena *arena = arena_new();
	char *hash = NULL;
	intptr_t wrong = 0;

	for (int i = 0; i < 20; i++) {
		wrong += password_hash(f->passwords, arena, right_one, &hash) != OK;
		wrong += password_check(f->passwords, right_one, hash) != PASSWORD_RIGHT;
		wrong += password_check(f->passwords, "wrong", hash) != PASSWORD_WRONG;
	}
	return (void *)wrong;
}

static void more_threads_than_slots_all_get_their_answer(void **state)
{
	pthread_t threads[6];

	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_many, *state), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

/* --- rules --------------------------------------------------------------------------------------- */

static void a_password_is_judged_by_length_names_and_guesses(void **state)
{
	static const char *const hints[] = { "Ada", "Okoro", "ada.okoro@northside.example",
					     "Northside Dental", NULL };
	static const struct {
		const char *password;
		int64_t min;
		const char *weakness;
	} rows[] = {
		{ "", 8, "too_short" },
		{ "k7Qf2-x", 8, "too_short" },
		{ "\xf0\x9f\x94\x91\xf0\x9f\x94\x91", 8, "too_short" }, /* eight bytes, two characters */
		{ "not \xff utf8 at all", 8, "not_utf8" },
		{ "password", 8, "guessable" },
		{ "Password1!", 8, "guessable" },
		{ "12345678901234567890", 15, "guessable" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaa", 15, "guessable" },
		{ "qwertyuiopasdfgh", 15, "guessable" },
		{ "my OKORO x7Tq-29fLw-pzk", 15, "contains_name" },
		{ "northside-x7Tq-29fLw-pzk", 15, "contains_name" },
		{ "canada x7Tq-29fLw-pzk", 15, NULL }, /* "ada" is too short to be a name in it */
		{ "gravel teapot umbrella frogs", 15, NULL },
		{ "k7Qf2-xWm9T-hTz4R-p3Lqa", 15, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *weakness = password_weakness(rows[i].password, rows[i].min, hints);

		if (!text_equal(weakness, rows[i].weakness))
			fail_msg("%s: %s", rows[i].password, weakness ? weakness : "fine");
	}
	assert_null(password_weakness("gravel teapot umbrella frogs", 15, NULL));
}

static void a_made_password_is_never_weak(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_null(password_weakness(password_new().text, 15, NULL));
}

static void the_longest_password_is_judged_quickly(void **state)
{
	struct fixture *f = *state;
	char *text = repeated(f, 'x', 1024);
	int64_t before = clock_monotonic_us();

	assert_string_equal(password_weakness(text, 15, NULL), "guessable");
	for (size_t i = 0; i < 1024; i++)
		text[i] = (char)(33 + i * 7919 % 94);
	assert_null(password_weakness(text, 15, NULL));
	assert_true(clock_monotonic_us() - before < 2000000);
	assert_string_equal(password_weakness(repeated(f, 'x', 1025), 15, NULL), "too_long");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_password_is_right_for_its_own_hash_alone),
		TEST(a_hash_is_a_phc_string_with_its_parameters_and_salt),
		TEST(nobody_and_anything_unknown_is_wrong),
		TEST(no_length_is_cut),
		TEST(more_than_1024_bytes_or_not_utf8_is_no_password),
		TEST(four_byte_characters_and_exact_bytes_count),
		TEST(a_hash_of_another_pepper_is_wrong),
		TEST(a_hash_with_other_costs_is_right_but_wants_an_upgrade),
		TEST(imported_hashes_are_right_once_and_want_an_upgrade),
		TEST(bcrypt_never_lets_a_longer_password_in),
		TEST(every_changed_place_of_a_stored_hash_is_wrong),
		TEST(a_full_house_says_so_in_time_and_serves_the_next),
		TEST(a_slot_keeps_its_memory_until_it_is_idle),
		TEST(no_memory_is_an_answer),
		TEST(more_threads_than_slots_all_get_their_answer),
		TEST(a_password_is_judged_by_length_names_and_guesses),
		TEST(a_made_password_is_never_weak),
		TEST(the_longest_password_is_judged_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
