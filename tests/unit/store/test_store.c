/* test_store.c: statements, rows, transactions and durability, the same on both engines. */
#include "kit/store_kit.h"

static const char insert_setting[] = "INSERT INTO setting (name, value) VALUES ($1, $2)";
static const char update_setting[] = "UPDATE setting SET value = $2 WHERE name = $1";
static const char find_setting[] = "SELECT value FROM setting WHERE name = $1";

/* What another connection sees. */
static char *seen_by_another(struct arena *arena, const char *name)
{
	AUTO_HAND other;
	struct rows rows;

	hand_begin(&other, NULL);
	assert_ok(&other, db_run(&other.w, &rows, find_setting, V_TEXT(name)));
	return rows.count ? arena_text(arena, rows_text(&rows, 0, 0)) : NULL;
}

static void values_come_back_as_they_were_given(UNUSED void **state)
{
	static const char insert[] =
		"INSERT INTO account (practice_id, id, email, email_key, email_verified, given_name, class, "
		"profile, disabled,"
		" must_change, epoch, created_at, updated_at, last_login_at)"
		" VALUES ($2, $1, $3, $1, $4, $5, 'staff', $6, $7, FALSE, $8, $9, 0, $10)";
	static const char find[] = "SELECT email, email_verified, given_name, profile, disabled, epoch, "
				   "created_at, last_login_at, family_name"
				   " FROM account WHERE id = $2 AND practice_id = $1";
	static const uint8_t bytes[] = { 0, 1, 0x5c, 0x27, 0xff, 0 };
	struct rows rows;
	AUTO_HAND hand;

	hand_begin(&hand, "types");
	kit_practice(&hand, "types", 900);
	assert_ok(&hand,
		  db_run(&hand.w, NULL, insert, V_TEXT("a1"), V_TEXT("types"), V_TEXT("O'Brien $1 \"\\ żółć"),
			 V_BOOL(true), V_TEXT(""), V_BYTES(((struct bytes){ bytes, sizeof bytes })),
			 V_BOOL(false), V_INT(INT64_MAX), V_INT(INT64_MIN), V_TIME(0)));
	assert_ok(&hand, db_run(&hand.w, &rows, find, V_TEXT("types"), V_TEXT("a1")));
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.columns, 9);
	assert_string_equal(rows_text(&rows, 0, 0), "O'Brien $1 \"\\ żółć");
	assert_true(rows_bool(&rows, 0, 1));
	assert_string_equal(rows_text(&rows, 0, 2), "");
	assert_int_equal(rows_bytes(&rows, 0, 3).size, sizeof bytes);
	assert_memory_equal(rows_bytes(&rows, 0, 3).at, bytes, sizeof bytes);
	assert_false(rows_bool(&rows, 0, 4));
	assert_true(rows_int(&rows, 0, 5) == INT64_MAX);
	assert_true(rows_int(&rows, 0, 6) == INT64_MIN);
	assert_true(rows_null(&rows, 0, 7));
	assert_int_equal(rows_int(&rows, 0, 7), 0);
	assert_null(rows_text(&rows, 0, 8));
}

static void empty_bytes_are_not_null(UNUSED void **state)
{
	static const char insert[] = "INSERT INTO signing_key (kid, alg, state, sealed, public_jwk, "
				     "created_at) VALUES ($1, 'ES256', 'retired', $2, '', 0)";
	static const char find[] = "SELECT sealed FROM signing_key WHERE kid = $1";
	struct rows rows;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, insert, V_TEXT("empty"),
				V_BYTES(((struct bytes){ (const uint8_t *)"", 0 }))));
	assert_ok(&hand, db_run(&hand.w, &rows, find, V_TEXT("empty")));
	assert_false(rows_null(&rows, 0, 0));
	assert_int_equal(rows_bytes(&rows, 0, 0).size, 0);
}

static void a_statement_without_parameters_takes_one_null(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_true(count_of(&hand, "SELECT count(*) FROM setting", V_NULL()) > 0);
}

static void a_connection_keeps_hundreds_of_statements(UNUSED void **state)
{
	static char sql[300][64];
	struct rows rows;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++) {
			snprintf(sql[i], sizeof sql[i], "SELECT %d FROM setting WHERE name = $1", i);
			assert_ok(&hand, db_run(&hand.w, &rows, sql[i], V_TEXT("schema")));
			assert_int_equal(rows_int(&rows, 0, 0), i);
		}
	}
}

static void keys_that_say_no_are_conflicts(UNUSED void **state)
{
	static const char orphan[] = "INSERT INTO practice_domain (domain, practice_id) VALUES ($1, $2)";
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("twice"), V_TEXT("1")));
	assert_int_equal(db_run(&hand.w, NULL, insert_setting, V_TEXT("twice"), V_TEXT("2")), ERR_CONFLICT);
	assert_int_equal(db_run(&hand.w, NULL, orphan, V_TEXT("x.example"), V_TEXT("nobody")), ERR_CONFLICT);
	assert_string_equal(seen_by_another(hand.arena, "twice"), "1");
}

static void wrong_sql_is_our_own_mistake(UNUSED void **state)
{
	static const char wrong[] = "SELECT nothing FROM nowhere WHERE x = $1";
	static const char missing[] = "INSERT INTO setting (name, value) VALUES ($1, NULL)";
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_int_equal(db_run(&hand.w, NULL, wrong, V_TEXT("")), ERR_INTERNAL);
	assert_int_equal(db_run(&hand.w, NULL, missing, V_TEXT("null")), ERR_INTERNAL);
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM setting WHERE name = $1", V_TEXT("schema")),
			 1);
}

static void without_a_connection_the_store_is_not_there(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct app app = { 0 };
	struct work w;

	work_begin(&w, &app, NULL, arena);
	assert_int_equal(db_run(&w, NULL, find_setting, V_TEXT("schema")), ERR_STORE);
	AUTO(tx_end) struct tx tx = tx_begin(&w);
	assert_int_equal(tx_commit(&tx), ERR_STORE);
	work_end(&w);
}

static void a_transaction_is_seen_when_it_is_committed(UNUSED void **state)
{
	struct rows rows;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	AUTO(tx_end) struct tx tx = tx_begin(&hand.w);
	assert_true(tx_is_open(&hand.w));
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("committed"), V_TEXT("yes")));
	assert_ok(&hand, db_run(&hand.w, &rows, find_setting, V_TEXT("committed")));
	assert_int_equal(rows.count, 1);
	assert_null(seen_by_another(hand.arena, "committed"));
	assert_ok(&hand, tx_commit(&tx));
	assert_false(tx_is_open(&hand.w));
	assert_string_equal(seen_by_another(hand.arena, "committed"), "yes");
}

static enum err leave_halfway(struct work *w)
{
	AUTO(tx_end) struct tx tx = tx_begin(w);

	TRY(db_run(w, NULL, insert_setting, V_TEXT("halfway"), V_TEXT("1")));
	TRY(tx_also(&tx, insert_setting, V_TEXT("halfway too"), V_TEXT("1")));
	return ERR_REFUSED;
}

static void leaving_without_commit_rolls_back(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_int_equal(leave_halfway(&hand.w), ERR_REFUSED);
	assert_false(tx_is_open(&hand.w));
	assert_null(seen_by_another(hand.arena, "halfway"));
	assert_null(seen_by_another(hand.arena, "halfway too"));
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("halfway"), V_TEXT("2")));
}

static void the_first_failure_breaks_a_transaction(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	struct tx tx = tx_begin(&hand.w);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("broken"), V_TEXT("1")));
	assert_int_equal(db_run(&hand.w, NULL, insert_setting, V_TEXT("schema"), V_TEXT("1")), ERR_CONFLICT);
	assert_int_equal(db_run(&hand.w, NULL, insert_setting, V_TEXT("broken 2"), V_TEXT("1")),
			 ERR_CONFLICT);
	assert_int_equal(tx_commit(&tx), ERR_CONFLICT);
	assert_null(seen_by_another(hand.arena, "broken"));
	assert_null(seen_by_another(hand.arena, "broken 2"));
}

static void what_rides_along_is_committed_or_fails_the_commit(UNUSED void **state)
{
	static const char *const names[] = { "also 1", "also 2", "also 3" };
	char changing[8] = "1";
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	struct tx tx = tx_begin(&hand.w);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("also"), V_TEXT("1")));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_ok(&hand, tx_also(tx_of(&hand.w), insert_setting, V_TEXT(names[i]), V_TEXT(changing)));
	changing[0] = '2'; /* values are copied */
	assert_ok(&hand, tx_commit(&tx));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(seen_by_another(hand.arena, names[i]), "1");

	tx = tx_begin(&hand.w);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("also 4"), V_TEXT("1")));
	enum err err = tx_also(&tx, insert_setting, V_TEXT("also"), V_TEXT("again"));
	assert_true(err == OK || err == ERR_CONFLICT);
	assert_int_equal(tx_commit(&tx), ERR_CONFLICT);
	assert_null(seen_by_another(hand.arena, "also 4"));
}

static void more_rides_along_than_one_exchange_takes(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	struct tx tx = tx_begin(&hand.w);
	for (int i = 0; i < 100; i++)
		assert_ok(&hand, tx_also(&tx, insert_setting, V_TEXT(arena_print(hand.arena, "many %d", i)),
					 V_TEXT("1")));
	assert_ok(&hand, tx_commit(&tx));
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM setting WHERE name LIKE $1", V_TEXT("many %")),
			 100);
}

static void an_empty_transaction_is_fine(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	struct tx tx = tx_begin(&hand.w);
	assert_ok(&hand, tx_commit(&tx));
}

/* Each of 16 writes 40 times: two transactions that are kept, one that is not, one that conflicts.
 * A kept one is looked up at once from the reading side: OK means committed. */
struct tally {
	_Atomic int kept, wrong;
};

static enum err one_transaction(struct hand *hand, int number, int round)
{
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);
	const char *name = arena_print(hand->arena, "crew %d %d", number, round);

	TRY(db_run(&hand->w, NULL, insert_setting, V_TEXT(name), V_TEXT("0")));
	TRY(db_run(&hand->w, NULL, update_setting, V_TEXT(name), V_TEXT("1")));
	if (round % 4 == 2)
		return ERR_REFUSED;
	if (round % 4 == 3)
		TRY(db_run(&hand->w, NULL, insert_setting, V_TEXT("schema"), V_TEXT("1")));
	return tx_commit(&tx);
}

static void write_in_turn(struct hand *hand, int number, void *context)
{
	static const enum err expected[] = { OK, OK, ERR_REFUSED, ERR_CONFLICT };
	struct tally *tally = context;

	for (int round = 0; round < 40; round++) {
		const char *name = arena_print(hand->arena, "crew %d %d", number, round);
		struct rows rows = { 0 };

		enum err err = one_transaction(hand, number, round);
		if (err != expected[round % 4])
			tally->wrong++;
		if (db_run(&hand->w, &rows, find_setting, V_TEXT(name)) != OK ||
		    (err == OK) != (rows.count == 1))
			tally->wrong++;
		tally->kept += err == OK;
	}
}

static void sixteen_writers_share_commits_and_lose_nothing(UNUSED void **state)
{
	struct tally tally = { 0 };
	AUTO_HAND hand;

	crew_run(16, NULL, write_in_turn, &tally);
	hand_begin(&hand, NULL);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.kept, 16 * 20);
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM setting WHERE value = '1' AND name LIKE $1",
				  V_TEXT("crew %")),
			 16 * 20);
}

static void claim_once(struct hand *hand, UNUSED int number, void *context)
{
	static const char claim[] =
		"UPDATE setting SET value = 'taken' WHERE name = $1 AND value = 'free' RETURNING name";
	struct tally *tally = context;
	struct rows rows;

	if (db_run(&hand->w, &rows, claim, V_TEXT("claim")) != OK)
		tally->wrong++;
	else
		tally->kept += (int)rows.count;
}

static void insert_once(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	enum err err = db_run(&hand->w, NULL, insert_setting, V_TEXT("unique"), V_TEXT("1"));

	tally->kept += err == OK;
	tally->wrong += err != OK && err != ERR_CONFLICT;
}

static void what_may_happen_once_has_one_winner_of_64(UNUSED void **state)
{
	static const char forget[] = "DELETE FROM setting WHERE name = $1";
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("claim"), V_TEXT("free")));
	for (int round = 0; round < 5; round++) {
		struct tally claims = { 0 }, inserts = { 0 };

		assert_ok(&hand, db_run(&hand.w, NULL, update_setting, V_TEXT("claim"), V_TEXT("free")));
		assert_ok(&hand, db_run(&hand.w, NULL, forget, V_TEXT("unique")));
		crew_run(64, NULL, claim_once, &claims);
		crew_run(64, NULL, insert_once, &inserts);
		assert_int_equal(claims.kept, 1);
		assert_int_equal(claims.wrong, 0);
		assert_int_equal(inserts.kept, 1);
		assert_int_equal(inserts.wrong, 0);
	}
}

static const char append_event[] = "INSERT INTO event (practice_id, id, at_us, type, outcome, body) VALUES "
				   "($1, $2, 0, 'test', 'ok', '{}')";

static void an_event_is_neither_changed_nor_deleted(UNUSED void **state)
{
	static const char change[] = "UPDATE event SET body = 'x' WHERE practice_id = $1";
	static const char forget[] = "DELETE FROM event WHERE practice_id = $1";
	AUTO_HAND hand;

	hand_begin(&hand, "kept");
	assert_ok(&hand, db_run(&hand.w, NULL, append_event, V_TEXT("kept"), V_TEXT("k1")));
	assert_int_equal(db_run(&hand.w, NULL, change, V_TEXT("kept")), ERR_INTERNAL);
	assert_int_equal(db_run(&hand.w, NULL, forget, V_TEXT("kept")), ERR_INTERNAL);
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM event WHERE body = '{}' AND practice_id = $1",
				  V_TEXT("kept")),
			 1);
}

static void the_clock_and_readiness_are_the_stores(UNUSED void **state)
{
	int64_t offset = INT64_MAX, schema = 0;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, store_measure_clock(&hand.w, &offset));
	assert_true(offset > -5000000 && offset < 5000000);
	assert_true(on_postgresql() || offset == 0);
	assert_ok(&hand, schema_present(&hand.w, &schema));
	assert_int_equal(schema, schema_newest());
	assert_true(store_is_up(kit_store));
	assert_int_equal(store_is_sqlite(kit_store), !on_postgresql());
}

static void a_reference_is_twelve_plain_letters(UNUSED void **state)
{
	AUTO_HAND one, two;

	hand_begin(&one, NULL);
	hand_begin(&two, NULL);
	assert_int_equal(strlen(one.w.request_id), 14);
	assert_int_equal(strspn(one.w.request_id, "23456789ABCDEFGHJKLMNPQRSTUVWXYZ-"), 14);
	assert_true(one.w.request_id[4] == '-' && one.w.request_id[9] == '-');
	assert_string_not_equal(one.w.request_id, two.w.request_id);
	assert_true(one.w.now == one.w.now_us / 1000000 && one.w.now > 1700000000);
}

#ifdef LANYARD_FAULTS
static enum err a_story(struct work *w)
{
	AUTO(tx_end) struct tx tx = tx_begin(w);

	TRY(db_run(w, NULL, insert_setting, V_TEXT("story 1"), V_TEXT("1")));
	TRY(tx_also(&tx, insert_setting, V_TEXT("story 2"), V_TEXT("1")));
	TRY(db_run(w, NULL, update_setting, V_TEXT("story 1"), V_TEXT("2")));
	return tx_commit(&tx);
}

static void whichever_statement_fails_nothing_half_done_remains(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	for (int n = 1; n <= 4; n++) {
		store_fault_after(n);
		assert_int_equal(a_story(&hand.w), ERR_STORE);
		assert_false(!on_postgresql() && store_is_up(kit_store));
		assert_null(seen_by_another(hand.arena, "story 1"));
		assert_null(seen_by_another(hand.arena, "story 2"));
	}
	store_fault_after(0);
	assert_ok(&hand, a_story(&hand.w));
	assert_string_equal(seen_by_another(hand.arena, "story 1"), "2");
	assert_true(store_is_up(kit_store));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_as_they_were_given),
		cmocka_unit_test(empty_bytes_are_not_null),
		cmocka_unit_test(a_statement_without_parameters_takes_one_null),
		cmocka_unit_test(a_connection_keeps_hundreds_of_statements),
		cmocka_unit_test(keys_that_say_no_are_conflicts),
		cmocka_unit_test(wrong_sql_is_our_own_mistake),
		cmocka_unit_test(without_a_connection_the_store_is_not_there),
		cmocka_unit_test(a_transaction_is_seen_when_it_is_committed),
		cmocka_unit_test(leaving_without_commit_rolls_back),
		cmocka_unit_test(the_first_failure_breaks_a_transaction),
		cmocka_unit_test(what_rides_along_is_committed_or_fails_the_commit),
		cmocka_unit_test(more_rides_along_than_one_exchange_takes),
		cmocka_unit_test(an_empty_transaction_is_fine),
		cmocka_unit_test(sixteen_writers_share_commits_and_lose_nothing),
		cmocka_unit_test(what_may_happen_once_has_one_winner_of_64),
		cmocka_unit_test(an_event_is_neither_changed_nor_deleted),
		cmocka_unit_test(the_clock_and_readiness_are_the_stores),
		cmocka_unit_test(a_reference_is_twelve_plain_letters),
#ifdef LANYARD_FAULTS
		cmocka_unit_test(whichever_statement_fails_nothing_half_done_remains),
#endif
	};

	return run_on_engines(tests, COUNT(tests));
}
