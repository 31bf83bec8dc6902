/* test_guessing.c: an account of the same address in another practice is no way around the budget of guesses
 * (security.md E1, E3). */
#include "world.h"

#include "people/credential.h"

static enum err guess(struct hand *hand, const char *practice, const char *password)
{
	struct account_match match[4];
	size_t count = 0;
	int64_t wait = 0;

	return credential_password(&hand->w, practice, "ada@both.example", password, match, COUNT(match),
				   &count, &wait);
}

/* Whoever runs one practice can give an account there any password: each guess opens it, and is a guess at
 * the other practice's account all the same. */
static void opening_one_account_does_not_make_guesses_at_another_free(UNUSED void **state)
{
	AUTO_HAND theirs;
	AUTO_HAND mine;

	world_practice(&theirs, "guess-theirs");
	world_person(&theirs, "ada@both.example", PASSWORD, NULL);
	world_practice(&mine, "guess-mine");
	world_person(&mine, "ada@both.example", OTHER_PASSWORD, NULL);
	mine.w.practice = NULL;
	mine.w.actor.address = "198.51.100.7";
	for (int i = 0; i < 60; i++)
		assert_ok(&mine, guess(&mine, NULL, OTHER_PASSWORD));
	assert_true(count_of(&theirs,
			     "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = 'auth.login.fail'",
			     V_TEXT("guess-theirs")) > 0);
	/* from there no further guess is looked at, even the right one */
	assert_int_equal(guess(&mine, "guess-theirs", PASSWORD), ERR_LOCKED);
	/* the person themselves is not locked out */
	mine.w.actor.address = "192.0.2.1";
	assert_ok(&mine, guess(&mine, "guess-theirs", PASSWORD));
}

static void a_person_of_two_practices_signs_in_often_without_harm(UNUSED void **state)
{
	AUTO_HAND one;
	AUTO_HAND two;

	world_practice(&one, "guess-one");
	const char *id = world_person(&one, "ada@both.example", PASSWORD, NULL);
	world_practice(&two, "guess-two");
	world_person(&two, "ada@both.example", "quartz-ribbon-saddle-77", NULL);
	two.w.practice = NULL;
	two.w.actor.address = "192.0.2.9";
	for (int i = 0; i < 20; i++)
		assert_ok(&two, guess(&two, NULL, "quartz-ribbon-saddle-77"));
	assert_int_equal(count_of(&one,
				  "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = "
				  "'auth.login.fail' AND target = $2",
				  V_TEXT("guess-one"), V_TEXT(id)),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_one_account_does_not_make_guesses_at_another_free),
		cmocka_unit_test(a_person_of_two_practices_signs_in_often_without_harm),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
