/* test_sight.c: what a transaction saw of another is there for its next read. */
#include "kit/store_kit.h"

enum { CROWD = 32, ROUNDS = 60 };

struct tally {
	_Atomic int won, lost, blind, wrong;
	int64_t from;
};

static const char put[] = "INSERT INTO setting (name, value) VALUES ('sight', $1)"
			  " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
static const char move_on[] =
	"UPDATE setting SET value = $2 WHERE name = 'sight' AND value = $1 RETURNING name";
static const char look[] = "SELECT value FROM setting WHERE name = $1";

/* One moves the value; the others see that in their transaction, leave it undone, and look again outside. On
 * SQLite the winner's commit may still be on its way to the disk then: a refresh token that lost this race
 * read the family as if nobody had been faster, and killed it. */
static void race(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	struct rows rows = { 0 };
	const char *from = arena_print(hand->arena, "%" PRId64, tally->from);
	const char *to = arena_print(hand->arena, "%" PRId64, tally->from + 1);
	{
		AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

		if (db_run(&hand->w, &rows, move_on, V_TEXT(from), V_TEXT(to)) != OK)
			tally->wrong++;
		if (rows.count == 1) {
			tally->won++;
			tally->wrong += tx_commit(&tx) != OK;
			return;
		}
	}
	tally->lost++;
	if (db_run(&hand->w, &rows, look, V_TEXT("sight")) != OK || rows.count != 1)
		tally->wrong++;
	else
		tally->blind += strcmp(rows_text(&rows, 0, 0), to) != 0;
}

static void who_lost_a_race_reads_what_the_winner_did(UNUSED void **state)
{
	struct tally tally = { 0 };
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, put, V_TEXT("0")));
	for (int round = 0; round < ROUNDS; round++) {
		tally.from = round;
		crew_run(CROWD, NULL, race, &tally);
	}
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.won, ROUNDS);
	assert_int_equal(tally.lost, ROUNDS * (CROWD - 1));
	assert_int_equal(tally.blind, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_lost_a_race_reads_what_the_winner_did),
	};

	return run_on_engines(tests, COUNT(tests));
}
