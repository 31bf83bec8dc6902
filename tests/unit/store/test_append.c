/* test_append.c: rows that share a commit, statements that share a round trip, on both engines. */
#include <semaphore.h>

#include "kit/store_kit.h"

struct tally {
	_Atomic int kept, wrong;
};

static const char append_event[] = "INSERT INTO event (practice_id, id, at_us, type, outcome, body) VALUES "
				   "($1, $2, 0, 'test', 'ok', '{}')";

/* Every tenth row is one that is there already. */
static void append_rows(struct hand *hand, int number, void *context)
{
	struct tally *tally = context;

	hand->w.practice = number % 2 ? "odd" : "even";
	for (int i = 0; i < 20; i++) {
		bool bad = i % 10 == 9;
		const char *id = bad ? "taken" : arena_print(hand->arena, "e-%d-%d", number, i);
		enum err err = db_append(&hand->w, append_event, V_TEXT(hand->w.practice), V_TEXT(id));

		tally->kept += err == OK;
		tally->wrong += err != (bad ? ERR_CONFLICT : OK);
	}
}

static void appended_rows_share_commits_and_a_bad_one_fails_alone(UNUSED void **state)
{
	struct tally tally = { 0 };
	AUTO_HAND hand;

	hand_begin(&hand, "odd");
	assert_ok(&hand, db_append(&hand.w, append_event, V_TEXT("odd"), V_TEXT("taken")));
	hand.w.practice = "even";
	assert_ok(&hand, db_append(&hand.w, append_event, V_TEXT("even"), V_TEXT("taken")));
	crew_run(16, NULL, append_rows, &tally);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.kept, 16 * 18);
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM event WHERE practice_id = $1", V_TEXT("even")),
			 8 * 18 + 1);
	hand.w.practice = "odd";
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM event WHERE practice_id = $1", V_TEXT("odd")),
			 8 * 18 + 1);
}

/* What becomes of a work's collected rows; told by another thread. */
struct told {
	sem_t sem;
	enum err err;
};

static void tell(void *thing, enum err err, UNUSED const char *why)
{
	struct told *told = thing;

	told->err = err;
	sem_post(&told->sem);
}

/* Each works on while its rows are written; every fourth has a row that is there already. */
static void collect_rows(struct hand *hand, int number, void *context)
{
	struct tally *tally = context;
	bool bad = number % 4 == 3;
	struct told told = { .err = ERR_INTERNAL };
	struct db *db = hand->w.db;

	sem_init(&told.sem, 0, 0);
	for (int i = 0; i < 10; i++) {
		const char *id = arena_print(hand->arena, "c-%d-%d", number, i);

		hand->w.db = db;
		db_collect(&hand->w);
		tally->wrong += db_settle(&hand->w, tell, &told); /* nothing is noted: nobody is told */
		tally->wrong += db_append(&hand->w, append_event, V_TEXT(hand->w.practice), V_TEXT(id)) != OK;
		tally->wrong += db_append(&hand->w, append_event, V_TEXT(hand->w.practice),
					  V_TEXT(bad ? "taken" : arena_print(hand->arena, "%s-b", id))) != OK;
		tally->wrong += !db_settle(&hand->w, tell, &told);
		while (sem_wait(&told.sem) != 0)
			;
		tally->wrong += told.err != (bad ? ERR_CONFLICT : OK);
		tally->kept += told.err == OK;
	}
	hand->w.db = db;
	hand->w.collects = false;
	sem_destroy(&told.sem);
}

static void collected_rows_are_on_disk_when_their_work_is_told(UNUSED void **state)
{
	struct tally tally = { 0 };
	AUTO_HAND hand;

	hand_begin(&hand, "collected");
	assert_ok(&hand, db_append(&hand.w, append_event, V_TEXT("collected"), V_TEXT("taken")));
	crew_run(16, "collected", collect_rows, &tally);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.kept, 12 * 10);
	assert_true(count_of(&hand, "SELECT count(*) FROM event WHERE practice_id = $1",
			     V_TEXT("collected")) >= 12 * 20 + 1);
}

static void statements_of_one_go_see_what_those_before_did(UNUSED void **state)
{
	static const char put[] = "INSERT INTO setting (name, value) VALUES ($1, $2) RETURNING value";
	static const char get[] = "SELECT value FROM setting WHERE name = $1";
	struct rows made = { 0 }, before = { 0 }, after = { 0 };
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	const struct call calls[] = { db_call(&hand.w, &before, get, V_TEXT("go")),
				      db_call(&hand.w, &made, put, V_TEXT("go"), V_TEXT("on")),
				      db_call(&hand.w, &after, get, V_TEXT("go")) };
	{
		AUTO(tx_end) struct tx tx = tx_begin(&hand.w);

		assert_ok(&hand, db_run_calls(&hand.w, calls, COUNT(calls)));
		assert_int_equal(before.count, 0);
		assert_string_equal(rows_text(&made, 0, 0), "on");
		assert_string_equal(rows_text(&after, 0, 0), "on");
	}
	assert_ok(&hand, db_run_calls(&hand.w, &calls[0], 1));
	assert_int_equal(before.count, 0); /* it was left without a commit */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appended_rows_share_commits_and_a_bad_one_fails_alone),
		cmocka_unit_test(collected_rows_are_on_disk_when_their_work_is_told),
		cmocka_unit_test(statements_of_one_go_see_what_those_before_did),
	};

	return run_on_engines(tests, COUNT(tests));
}
