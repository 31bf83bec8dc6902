/* test_meanwhile.c: who changes a person or a practice by what was read before does not undo what others
 * changed since: a disabled account stays disabled, an epoch never goes back (security.md 4.2, I12). */
#include "world.h"

#include "people/credential.h"
#include "store/accounts.h"
#include "store/practices.h"

static struct account_row read_account(struct hand *hand, const char *id)
{
	struct account_row row;
	bool found = false;

	assert_ok(hand, accounts_by_id(&hand->w, id, &row, &found));
	assert_true(found);
	return row;
}

static void an_account_disabled_meanwhile_stays_disabled(UNUSED void **state)
{
	AUTO_HAND one;
	AUTO_HAND two;

	world_practice(&one, "mean-disable");
	const char *id = world_person(&one, "ada@mean.example", PASSWORD, NULL);
	struct account_row before = read_account(&one, id), row = before;

	world_hand(&two, "mean-disable");
	assert_ok(&two, in_tx(&two, account_set_disabled(&two.w, id, true)));
	/* what somebody else would write who began a moment earlier */
	row.must_change = false;
	row.epoch++;
	assert_int_equal(accounts_update(&one.w, &row, before.epoch), ERR_CONFLICT);
	row = read_account(&one, id);
	assert_true(row.disabled);
	assert_int_equal(row.epoch, before.epoch + 1);
}

static void an_epoch_never_goes_back(UNUSED void **state)
{
	AUTO_HAND one;
	AUTO_HAND two;

	world_practice(&one, "mean-epoch");
	const char *id = world_person(&one, "ada@epoch.example", PASSWORD, NULL);
	struct account_row before = read_account(&one, id), row = before;
	char *hash = NULL;
	const char *why = NULL;

	world_hand(&two, "mean-epoch");
	assert_ok(&two, credential_hash_new(&two.w, &(struct account){ .email = "ada@epoch.example" },
					    OTHER_PASSWORD, &hash, &why));
	assert_ok(&two, in_tx(&two, account_set_password(&two.w, id, hash, false)));
	row.family_name = "Brown";
	assert_int_equal(accounts_update(&one.w, &row, before.epoch), ERR_CONFLICT);
	assert_int_equal(read_account(&one, id).epoch, before.epoch + 1);
}

static int64_t epoch_of(struct hand *hand, const char *practice)
{
	struct practice_row row;
	bool found = false;

	assert_ok(hand, practices_find(&hand->w, practice, &row, &found));
	assert_true(found);
	return row.epoch;
}

static void a_practice_changed_by_an_older_reading_keeps_its_epoch(UNUSED void **state)
{
	struct practice_row old;
	bool found = false;
	AUTO_HAND one;
	AUTO_HAND two;

	world_practice(&one, "mean-practice");
	assert_ok(&one, practices_find(&one.w, "mean-practice", &old, &found));
	world_hand(&two, "mean-practice");
	assert_ok(&two, in_tx(&two, practice_log_out_everyone(&two.w, "mean-practice")));
	old.name = "New name";
	assert_ok(&one, practices_update(&one.w, &old));
	assert_int_equal(epoch_of(&one, "mean-practice"), old.epoch + 1);
}

static void closing_a_practice_moves_its_epoch_once(UNUSED void **state)
{
	struct practice_row row;
	bool found = false;
	AUTO_HAND hand;

	world_practice(&hand, "mean-close");
	assert_ok(&hand, practices_find(&hand.w, "mean-close", &row, &found));
	int64_t before = row.epoch;

	row.disabled = true;
	assert_ok(&hand, practices_update(&hand.w, &row));
	assert_int_equal(epoch_of(&hand, "mean-close"), before + 1);
	assert_ok(&hand, practices_update(&hand.w, &row));
	assert_int_equal(epoch_of(&hand, "mean-close"), before + 1);
	row.disabled = false;
	assert_ok(&hand, practices_update(&hand.w, &row));
	assert_int_equal(epoch_of(&hand, "mean-close"), before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_disabled_meanwhile_stays_disabled),
		cmocka_unit_test(an_epoch_never_goes_back),
		cmocka_unit_test(a_practice_changed_by_an_older_reading_keeps_its_epoch),
		cmocka_unit_test(closing_a_practice_moves_its_epoch_once),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
