/* test_credential.c: one place compares a person's secret, and counts (security.md E1 to E4, E17). */
#include "world.h"

#include "people/credential.h"

static enum err try_from(struct hand *hand, const char *network, const char *practice, const char *email,
			 const char *password)
{
	struct account_match match[4];
	size_t count = 0;
	int64_t wait = 0;

	hand->w.actor.address = network;
	return credential_password(&hand->w, practice, email, password, match, 4, &count, &wait);
}

static int events_of(struct hand *hand, const char *practice, const char *type)
{
	return count_of(hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = $2",
			V_TEXT(practice), V_TEXT(type));
}

static void the_right_password_signs_in_and_is_noted(UNUSED void **state)
{
	struct account_match match[4];
	struct subject subject;
	size_t count = 0;
	int64_t wait = 0;
	AUTO_HAND hand;

	world_practice(&hand, "cred-right");
	const char *id = world_person(&hand, "ada@right.example", PASSWORD, NULL);

	assert_ok(&hand, credential_password(&hand.w, NULL, " Ada@Right.example", PASSWORD, match, 4, &count,
					     &wait));
	assert_int_equal(count, 1);
	assert_string_equal(match[0].account_id, id);
	assert_string_equal(match[0].practice_id, "cred-right");
	assert_string_equal(hand.w.practice, "cred-right"); /* as it was */
	assert_ok(&hand, subject_load(&hand.w, id, &subject));
	assert_int_equal(subject.account.last_login_at, hand.w.now);
	assert_int_equal(events_of(&hand, "cred-right", "auth.login.ok"), 1);
}

static void unknown_disabled_and_wrong_look_the_same(UNUSED void **state)
{
	const struct {
		const char *email, *password;
	} cases[] = {
		{ "nobody@same.example", PASSWORD },
		{ "off@same.example", PASSWORD },
		{ "ada@same.example", OTHER_PASSWORD },
		{ "ada@same.example", "" },
		{ "no address", PASSWORD },
		{ "", "" },
		{ "bare@same.example", PASSWORD },
	};
	AUTO_HAND hand;

	world_practice(&hand, "cred-same");
	world_person(&hand, "ada@same.example", PASSWORD, NULL);
	world_person(&hand, "bare@same.example", NULL, NULL); /* has no password at all */
	const char *off = world_person(&hand, "off@same.example", PASSWORD, NULL);

	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, off, true)));
	for (size_t i = 0; i < COUNT(cases); i++) {
		int before = events_of(&hand, "cred-same", "auth.login.fail");

		assert_int_equal(try_from(&hand, "192.0.2.1", "cred-same", cases[i].email, cases[i].password),
				 ERR_SIGN_IN_FAILED);
		assert_int_equal(events_of(&hand, "cred-same", "auth.login.fail"), before + 1);
	}
	assert_int_equal(
		count_of(&hand,
			 "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND body LIKE '%nobody@same%'",
			 V_TEXT("cred-same")),
		0);
}

static void a_closed_practice_lets_nobody_in(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "cred-closed");
	world_person(&hand, "ada@closed.example", PASSWORD, NULL);
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w,
						     &(struct practice_change){ .id = "cred-closed",
										.disabled = true },
						     &changed)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_int_equal(try_from(&hand, "192.0.2.1", NULL, "ada@closed.example", PASSWORD),
			 ERR_SIGN_IN_FAILED);
}

static void five_tries_in_five_minutes_for_each_account_and_network(UNUSED void **state)
{
	static const char *const names[] = { "ada@five.example", "nobody@five.example" };
	int64_t start;
	AUTO_HAND hand;

	world_practice(&hand, "cred-five");
	world_person(&hand, "ada@five.example", PASSWORD, NULL);
	start = hand.w.now_us;
	for (size_t k = 0; k < COUNT(names); k++) {
		hand.w.now_us = start;
		for (int i = 0; i < 5; i++)
			assert_int_equal(
				try_from(&hand, "192.0.2.1", "cred-five", names[k], "wrong password here"),
				ERR_SIGN_IN_FAILED);
		/* Known and unknown names lock alike; another spelling or port is the same budget. */
		assert_int_equal(try_from(&hand, "192.0.2.1", "cred-five", names[k], PASSWORD), ERR_LOCKED);
		assert_int_equal(try_from(&hand, "::ffff:192.0.2.1", "cred-five",
					  text_lower(hand.arena, names[k]), PASSWORD),
				 ERR_LOCKED);
		hand.w.now_us = start + 58 * INT64_C(1000000);
		assert_int_equal(try_from(&hand, "192.0.2.1", "cred-five", names[k], PASSWORD), ERR_LOCKED);
		hand.w.now_us = start + 60 * INT64_C(1000000);
		assert_int_equal(try_from(&hand, "192.0.2.1", "cred-five", names[k], "wrong password here"),
				 ERR_SIGN_IN_FAILED);
	}
	assert_true(events_of(&hand, "cred-five", "auth.login.locked") >= 6);
	/* The person elsewhere is not locked out, and success refunds. */
	for (int i = 0; i < 8; i++)
		assert_ok(&hand, try_from(&hand, "198.51.100.9", "cred-five", "ADA@five.example", PASSWORD));
}

static void one_ipv6_network_is_one_budget(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "cred-six");
	world_person(&hand, "ada@six.example", PASSWORD, NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(try_from(&hand, arena_print(hand.arena, "2001:db8:1:2::%d", i + 1), NULL,
					  "ada@six.example", "wrong password here"),
				 ERR_SIGN_IN_FAILED);
	assert_int_equal(try_from(&hand, "2001:db8:1:2:ffff::1", NULL, "ada@six.example", PASSWORD),
			 ERR_LOCKED);
	assert_ok(&hand, try_from(&hand, "2001:db8:1:3::1", NULL, "ada@six.example", PASSWORD));
}

/* NIST SP 800-63B-4: at most 100 consecutive failures, wherever they come from and however long it takes. */
static void a_hundred_failures_in_a_row_close_the_password_until_an_unlock(UNUSED void **state)
{
	int failures = 0;
	struct subject subject;
	AUTO_HAND hand;

	world_practice(&hand, "cred-hundred");
	const char *id = world_person(&hand, "ada@hundred.example", PASSWORD, NULL);

	for (int i = 0; i < 150; i++) {
		failures += try_from(&hand, arena_print(hand.arena, "10.0.%d.1", i), NULL,
				     "ada@hundred.example", "wrong password here") == ERR_SIGN_IN_FAILED;
		if (i == 49) { /* a success between them: they are not consecutive */
			assert_ok(&hand,
				  try_from(&hand, "198.51.100.1", NULL, "ada@hundred.example", PASSWORD));
			assert_int_equal(failures, 50);
			failures = 0;
		}
	}
	assert_int_equal(failures, 100);
	hand.w.now_us += 365 * 24 * 3600 * INT64_C(1000000);
	assert_int_equal(try_from(&hand, "198.51.100.1", NULL, "ada@hundred.example", PASSWORD), ERR_LOCKED);
	assert_int_equal(credential_password_of(&hand.w, id, PASSWORD, &(int64_t){ 0 }),
			 ERR_LOCKED); /* a side door */
	assert_ok(&hand, in_tx(&hand, credential_unlock(&hand.w, id)));
	assert_ok(&hand, try_from(&hand, "198.51.100.1", NULL, "ada@hundred.example", PASSWORD));
	assert_ok(&hand, subject_load(&hand.w, id, &subject));
	assert_int_equal(events_of(&hand, "cred-hundred", "account.unlock"), 1);
}

static void an_unlock_opens_every_network(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "cred-unlock");
	const char *id = world_person(&hand, "ada@unlock.example", PASSWORD, NULL);

	for (int i = 0; i < 6; i++)
		(void)!try_from(&hand, "192.0.2.1", NULL, "ada@unlock.example", "wrong password here");
	assert_int_equal(try_from(&hand, "192.0.2.1", NULL, "ada@unlock.example", PASSWORD), ERR_LOCKED);
	assert_ok(&hand, in_tx(&hand, credential_unlock(&hand.w, id)));
	assert_ok(&hand, try_from(&hand, "192.0.2.1", NULL, "ada@unlock.example", PASSWORD));
}

static void the_same_budget_serves_every_door(UNUSED void **state)
{
	int64_t wait = 0;
	AUTO_HAND hand;

	world_practice(&hand, "cred-doors");
	const char *id = world_person(&hand, "ada@doors.example", PASSWORD, NULL);

	hand.w.actor.address = "192.0.2.1";
	for (int i = 0; i < 5; i++)
		assert_int_equal(credential_password_of(&hand.w, id, "wrong password here", &wait),
				 ERR_SIGN_IN_FAILED);
	assert_int_equal(try_from(&hand, "192.0.2.1", NULL, "ada@doors.example", PASSWORD), ERR_LOCKED);
	assert_int_equal(credential_password_of(&hand.w, id, PASSWORD, &wait), ERR_LOCKED);
	assert_in_range(wait, 1, 61);
}

/* One address in several practices: only those whose password it is. */
static void at_most_four_accounts_are_tried_and_only_matches_are_answered(UNUSED void **state)
{
	struct account_match match[8];
	size_t count = 0;
	int64_t wait = 0;
	struct hand hands[5];

	for (int i = 0; i < 5; i++) {
		static char ids[5][16];

		snprintf(ids[i], sizeof(ids[i]), "cred-many-%d", i);
		world_practice(&hands[i], ids[i]);
		world_person(&hands[i], "ada@many.example", i % 2 ? OTHER_PASSWORD : PASSWORD, NULL);
	}
	struct hand *hand = &hands[4];

	hand->w.practice = NULL;
	hand->w.actor.address = "192.0.2.1";
	/* More often than one budget holds: a wrong guess at one account is none when it opens another. */
	for (int i = 0; i < 8; i++) {
		assert_ok(hand, credential_password(&hand->w, NULL, "ada@many.example", PASSWORD, match,
						    COUNT(match), &count, &wait));
		assert_int_equal(count, 2);
	}
	assert_string_equal(match[0].practice_id, "cred-many-0");
	assert_string_equal(match[1].practice_id, "cred-many-2");
	assert_null(hand->w.practice);
	assert_ok(hand, credential_password(&hand->w, "cred-many-4", "ada@many.example", PASSWORD, match,
					    COUNT(match), &count, &wait));
	assert_int_equal(count, 1);
	for (int i = 0; i < 5; i++)
		hand_end(&hands[i]);
}

static void an_imported_hash_is_made_ours_at_the_first_sign_in(UNUSED void **state)
{
	/* of "correct horse battery" */
	static const char imported[] = "{SSHA}+zgJCcduvLFhD+Rk7/v3C0FqyKpzYWx0c2FsdA==";
	bool created = false, changed = false;
	const char *id = NULL;
	AUTO_HAND hand;

	world_practice(&hand, "cred-import");
	assert_true(password_hash_is_known(imported));
	assert_ok(&hand, in_tx(&hand, account_apply(&hand.w,
						    &(struct account_change){ .email = "ada@import.example",
									      .password_hash = imported,
									      .disabled = -1 },
						    &id, &created, &changed)));
	assert_ok(&hand, try_from(&hand, "192.0.2.1", NULL, "ada@import.example", "correct horse battery"));
	assert_int_equal(
		count_of(&hand,
			 "SELECT COUNT(*) FROM password WHERE account_id = $1 AND hash LIKE '$argon2id$%'",
			 V_TEXT(id)),
		1);
	assert_ok(&hand, try_from(&hand, "192.0.2.1", NULL, "ada@import.example", "correct horse battery"));
}

struct storm {
	_Atomic int failed, locked, other;
	const char *practice, *email;
	int64_t now_us;
};

static void guess(struct hand *hand, int number, void *context)
{
	struct storm *storm = context;
	struct account_match match[4];
	size_t count = 0;
	int64_t wait = 0;

	hand->w.app = &world.app;
	hand->w.snapshot = snapshot_hold(world.app.snapshots);
	hand->w.now_us = storm->now_us + number;
	hand->w.actor.address = "192.0.2.1";
	enum err err = credential_password(&hand->w, storm->practice, storm->email,
					   arena_print(hand->arena, "guess number %d of many", number), match,
					   4, &count, &wait);

	storm->failed += err == ERR_SIGN_IN_FAILED;
	storm->locked += err == ERR_LOCKED;
	storm->other += err != ERR_SIGN_IN_FAILED && err != ERR_LOCKED;
}

static void of_64_parallel_guesses_at_most_five_are_verified(UNUSED void **state)
{
	int64_t rounds = 5;
	AUTO_HAND hand;

	world_practice(&hand, "cred-storm");
	(void)!(getenv("RACE_ROUNDS") && text_to_int(getenv("RACE_ROUNDS"), 1, 1000, &rounds));
	for (int round = 0; round < rounds; round++) {
		struct storm storm = { .practice = "cred-storm",
				       .now_us = hand.w.now_us,
				       .email = arena_print(hand.arena, "ada%d@storm.example", round) };

		world_person(&hand, storm.email, PASSWORD, NULL);
		crew_run(64, NULL, guess, &storm);
		assert_int_equal(storm.other, 0);
		assert_int_equal(storm.failed, 5);
		assert_int_equal(storm.locked, 59);
	}
}

static void a_new_password_is_checked_by_the_practices_preset(UNUSED void **state)
{
	const struct {
		const char *practice, *password, *why;
	} cases[] = {
		{ "cred-nist", "Clinic@2026", "too_short" },          { "cred-nist", PASSWORD, NULL },
		{ "cred-nist", "aaaaaaaaaaaaaaaaaaaa", "guessable" }, { "cred-classic", "Clinic@2026", NULL },
		{ "cred-classic", "Short@1", "too_short" },
	};
	AUTO(json_done) json_t *policy = json_pack("{s:{s:s}}", "password", "preset", "classic");
	const struct account account = { .email = "ada@north.example",
					 .given_name = "Ada",
					 .family_name = "Okafor" };
	bool changed = false;
	AUTO_HAND hand;
	AUTO_HAND other;

	world_practice(&other, "cred-nist");
	world_practice(&hand, "cred-classic");
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w,
						     &(struct practice_change){ .id = "cred-classic",
										.policy = policy },
						     &changed)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *hash = NULL;
		const char *why = "unset";

		hand.w.practice = cases[i].practice;
		enum err err = credential_hash_new(&hand.w, &account, cases[i].password, &hash, &why);

		if (err != (cases[i].why ? ERR_PASSWORD_WEAK : OK) || !text_equal(why, cases[i].why))
			fail_msg("%s in %s: %s", cases[i].password, cases[i].practice, why ? why : "(none)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_signs_in_and_is_noted),
		cmocka_unit_test(unknown_disabled_and_wrong_look_the_same),
		cmocka_unit_test(a_closed_practice_lets_nobody_in),
		cmocka_unit_test(five_tries_in_five_minutes_for_each_account_and_network),
		cmocka_unit_test(one_ipv6_network_is_one_budget),
		cmocka_unit_test(a_hundred_failures_in_a_row_close_the_password_until_an_unlock),
		cmocka_unit_test(an_unlock_opens_every_network),
		cmocka_unit_test(the_same_budget_serves_every_door),
		cmocka_unit_test(at_most_four_accounts_are_tried_and_only_matches_are_answered),
		cmocka_unit_test(an_imported_hash_is_made_ours_at_the_first_sign_in),
		cmocka_unit_test(of_64_parallel_guesses_at_most_five_are_verified),
		cmocka_unit_test(a_new_password_is_checked_by_the_practices_preset),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
