/* test_recheck.c: sessions whose provider is asked about them: when, with what, and by whom. */
#include "kit/store_kit.h"

#include "store/connections.h"
#include "store/sessions.h"

enum { LEASE = 60, EVERY = 600 };

/* Of somebody there, asked about with refresh (NULL: not asked) at check_at. */
static void begin_session(struct hand *hand, const char *sid, const char *key, const char *refresh,
			  int64_t check_at)
{
	const struct session_row session = { .hash = sid,
					     .sid = sid,
					     .account_id = key,
					     .acr = "a",
					     .amr = "",
					     .started_at = hand->w.now,
					     .seen_at = hand->w.now,
					     .idle_seconds = 600,
					     .ends_at = hand->w.now + 3600,
					     .connection_id = "okta" };
	const struct upstream_session row = { .sid = sid,
					      .connection_id = "okta",
					      .subject_key = key,
					      .ends_at = hand->w.now + 3600,
					      .refresh = refresh ? BYTES_OF(refresh) : (struct bytes){ 0 },
					      .check_at = refresh ? check_at : 0 };
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

	assert_ok(hand, sessions_insert(&hand->w, &session));
	assert_ok(hand, upstream_sessions_put(&hand->w, &row));
	assert_ok(hand, tx_commit(&tx));
}

static bool take(struct hand *hand, const char *connection_id, struct upstream_session *out)
{
	bool found = false;

	assert_ok(hand, upstream_sessions_take(&hand->w, connection_id, hand->w.now + LEASE, out, &found));
	return found;
}

static struct upstream_session found(struct hand *hand, const char *sid)
{
	struct upstream_session row = { 0 };
	bool there = false;

	assert_ok(hand, upstream_sessions_find(&hand->w, sid, &row, &there));
	assert_true(there);
	return row;
}

static void assert_refresh(struct hand *hand, const char *sid, const char *expected)
{
	struct bytes refresh = found(hand, sid).refresh;

	if (!expected) {
		assert_null(refresh.at);
		assert_int_equal(found(hand, sid).check_at, 0);
		return;
	}
	assert_int_equal(refresh.size, strlen(expected));
	assert_memory_equal(refresh.at, expected, refresh.size);
}

static void the_one_that_waited_longest_is_taken_when_it_is_due(UNUSED void **state)
{
	struct upstream_session row;
	AUTO_HAND hand;

	hand_begin(&hand, "due-a");
	begin_session(&hand, "d-late", "ada", "token-late", hand.w.now - 5);
	begin_session(&hand, "d-early", "bob", "token-early", hand.w.now - 9);
	begin_session(&hand, "d-later", "cem", "token-later", hand.w.now + 5);
	begin_session(&hand, "d-never", "dee", NULL, 0);
	hand.w.practice = "due-b";
	assert_false(take(&hand, "okta", &row));
	hand.w.practice = "due-a";
	assert_false(take(&hand, "entra", &row));
	assert_true(take(&hand, "okta", &row));
	assert_string_equal(row.sid, "d-early");
	assert_string_equal(row.subject_key, "bob");
	assert_memory_equal(row.refresh.at, "token-early", row.refresh.size);
	assert_int_equal(row.check_at, hand.w.now + LEASE);
	assert_true(take(&hand, "okta", &row));
	assert_string_equal(row.sid, "d-late");
	assert_false(take(&hand, "okta", &row));
	hand.w.now += LEASE; /* who took it is gone */
	assert_true(take(&hand, "okta", &row));
}

static void what_came_is_kept_while_the_lease_stands(UNUSED void **state)
{
	struct upstream_session row;
	bool won = false;
	AUTO_HAND hand;

	hand_begin(&hand, "keep-a");
	begin_session(&hand, "k-1", "ada", "first", hand.w.now);
	assert_true(take(&hand, "okta", &row));
	assert_ok(&hand, upstream_sessions_keep(&hand.w, "k-1", row.check_at, hand.w.now + EVERY,
						BYTES_OF("second"), &won));
	assert_true(won);
	assert_refresh(&hand, "k-1", "second");
	assert_int_equal(found(&hand, "k-1").check_at, hand.w.now + EVERY);
	assert_ok(&hand, upstream_sessions_keep(&hand.w, "k-1", row.check_at, hand.w.now + EVERY,
						BYTES_OF("late"), &won));
	assert_false(won);
	assert_refresh(&hand, "k-1", "second");
	hand.w.now += EVERY;
	assert_true(take(&hand, "okta", &row));
	assert_ok(&hand, upstream_sessions_keep(&hand.w, "k-1", row.check_at, hand.w.now + EVERY,
						(struct bytes){ 0 }, &won));
	assert_true(won);
	assert_refresh(&hand, "k-1", "second"); /* no new one came */
}

struct race {
	int wins;
	pthread_mutex_t lock;
};

static void take_once(struct hand *hand, UNUSED int number, void *context)
{
	struct race *race = context;
	struct upstream_session row;
	bool found = false;

	if (upstream_sessions_take(&hand->w, "okta", hand->w.now + LEASE, &row, &found) != OK)
		return;
	pthread_mutex_lock(&race->lock);
	race->wins += found;
	pthread_mutex_unlock(&race->lock);
}

static void of_many_nodes_one_asks(UNUSED void **state)
{
	struct race race = { .lock = PTHREAD_MUTEX_INITIALIZER };
	AUTO_HAND hand;

	hand_begin(&hand, "race-a");
	begin_session(&hand, "r-1", "ada", "token", hand.w.now - 5);
	crew_run(16, "race-a", take_once, &race);
	assert_int_equal(race.wins, 1);
}

static void what_has_ended_is_asked_about_no_more(UNUSED void **state)
{
	struct session_row ended, *list;
	struct upstream_session row;
	size_t count = 0;
	bool won = true;
	AUTO_HAND hand;

	hand_begin(&hand, "end-a");
	kit_practice(&hand, "end-a", 805);
	begin_session(&hand, "e-1", "ada", "one", hand.w.now);
	begin_session(&hand, "e-2", "bob", "two", hand.w.now);
	begin_session(&hand, "e-3", "cem", "three", hand.w.now);
	begin_session(&hand, "e-4", "cem", "four", hand.w.now);
	assert_true(take(&hand, "okta", &row));
	assert_string_equal(row.sid, "e-1");
	assert_ok(&hand, sessions_close(&hand.w, "e-1", &ended));
	assert_refresh(&hand, "e-1", NULL);
	assert_ok(&hand, upstream_sessions_keep(&hand.w, "e-1", row.check_at, hand.w.now + EVERY,
						BYTES_OF("too late"), &won));
	assert_false(won);
	assert_refresh(&hand, "e-1", NULL);
	assert_ok(&hand, sessions_close_all(&hand.w, "bob", &list, &count));
	assert_refresh(&hand, "e-2", NULL);
	assert_refresh(&hand, "e-3", "three");
	assert_ok(&hand, sessions_close_all(&hand.w, NULL, &list, &count));
	assert_int_equal(count, 2);
	assert_refresh(&hand, "e-3", NULL);
	assert_refresh(&hand, "e-4", NULL);
}

static void a_connection_is_asked_as_it_says_now(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, "now-a");
	begin_session(&hand, "n-1", "ada", "one", hand.w.now + 12 * EVERY);
	begin_session(&hand, "n-2", "bob", "two", hand.w.now + 5);
	begin_session(&hand, "n-3", "cem", NULL, 0);
	assert_ok(&hand, upstream_sessions_hasten(&hand.w, "entra", hand.w.now + EVERY));
	assert_int_equal(found(&hand, "n-1").check_at, hand.w.now + 12 * EVERY);
	assert_ok(&hand, upstream_sessions_hasten(&hand.w, "okta", hand.w.now + EVERY));
	assert_int_equal(found(&hand, "n-1").check_at, hand.w.now + EVERY);
	assert_int_equal(found(&hand, "n-2").check_at, hand.w.now + 5);
	assert_refresh(&hand, "n-3", NULL);
	assert_ok(&hand, upstream_sessions_forget_all(&hand.w, "entra"));
	assert_refresh(&hand, "n-1", "one");
	assert_ok(&hand, upstream_sessions_forget(&hand.w, "n-1"));
	assert_refresh(&hand, "n-1", NULL);
	assert_refresh(&hand, "n-2", "two");
	assert_ok(&hand, upstream_sessions_forget_all(&hand.w, "okta"));
	assert_refresh(&hand, "n-2", NULL);
}

/* Google gives one with the first sign-in alone. */
static void a_step_up_without_a_token_keeps_that_of_the_same_person(UNUSED void **state)
{
	static const struct {
		const char *key, *refresh, *after;
	} table[] = {
		{ "ada", NULL, "first" },
		{ "ada", "second", "second" },
		{ "bob", NULL, NULL },
	};
	AUTO_HAND hand;

	hand_begin(&hand, "step-a");
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *sid = arena_print(hand.arena, "st-%zu", i);
		struct upstream_session row;

		begin_session(&hand, sid, "ada", "first", hand.w.now + 5);
		row = found(&hand, sid);
		row.subject_key = table[i].key;
		row.refresh = table[i].refresh ? BYTES_OF(table[i].refresh) : (struct bytes){ 0 };
		row.check_at = table[i].refresh ? hand.w.now + 9 : 0;
		struct tx tx = tx_begin(&hand.w);

		assert_ok(&hand, upstream_sessions_put(&hand.w, &row));
		assert_ok(&hand, tx_commit(&tx));
		tx_end(&tx);
		assert_refresh(&hand, sid, table[i].after);
		if (table[i].after)
			assert_int_equal(found(&hand, sid).check_at, hand.w.now + (table[i].refresh ? 9 : 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_that_waited_longest_is_taken_when_it_is_due),
		cmocka_unit_test(what_came_is_kept_while_the_lease_stands),
		cmocka_unit_test(of_many_nodes_one_asks),
		cmocka_unit_test(what_has_ended_is_asked_about_no_more),
		cmocka_unit_test(a_connection_is_asked_as_it_says_now),
		cmocka_unit_test(a_step_up_without_a_token_keeps_that_of_the_same_person),
	};

	return run_on_engines(tests, COUNT(tests));
}
