/* test_once.c: counters, replay marks, flows, outbox and the sweep. */
#include "kit/store_kit.h"

#include "store/counters.h"
#include "store/flows.h"
#include "store/outbox.h"
#include "store/replay.h"
#include "store/sweep.h"

enum { MINUTE_US = 60000000 };

struct tally {
	_Atomic int won, wrong;
	const char *key;
};

/* Each hand has a time of its own, so there is half a try of room (counters.h). */
static void try_once(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	bool allowed = false;
	int64_t wait = 0;

	if (counters_take(&hand->w, "race", tally->key, 60 * (int64_t)MINUTE_US, 330 * (int64_t)MINUTE_US,
			  &allowed, &wait) != OK)
		tally->wrong++;
	tally->won += allowed;
	tally->wrong += allowed != (wait == 0);
}

static void five_of_64_tries_fit_in_each_round(UNUSED void **state)
{
	int64_t rounds = 50;

	(void)!(getenv("RACE_ROUNDS") && text_to_int(getenv("RACE_ROUNDS"), 1, 1000, &rounds));
	for (int round = 0; round < rounds; round++) {
		char key[24];
		struct tally tally = { .key = key };

		snprintf(key, sizeof key, "round %d", round);
		crew_run(64, NULL, try_once, &tally);
		assert_int_equal(tally.won, 5);
		assert_int_equal(tally.wrong, 0);
	}
}

static bool take(struct hand *hand, const char *key, int64_t *wait)
{
	bool allowed = false;

	assert_ok(hand, counters_take(&hand->w, "kind", key, MINUTE_US, 3 * MINUTE_US, &allowed, wait));
	return allowed;
}

static void time_gives_tries_back_one_by_one(UNUSED void **state)
{
	int64_t wait;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	for (int i = 0; i < 3; i++)
		assert_true(take(&hand, "time", &wait));
	assert_false(take(&hand, "time", &wait));
	assert_int_equal(wait, MINUTE_US);
	hand.w.now_us += wait - 1;
	assert_false(take(&hand, "time", &wait));
	assert_int_equal(wait, 1);
	hand.w.now_us += 1;
	assert_true(take(&hand, "time", &wait));
	assert_int_equal(wait, 0);
	assert_false(take(&hand, "time", &wait));
	assert_true(take(&hand, "another key", &wait));
	hand.w.now_us += 10 * (int64_t)MINUTE_US; /* never more than the burst */
	for (int i = 0; i < 3; i++)
		assert_true(take(&hand, "time", &wait));
	assert_false(take(&hand, "time", &wait));
}

static void a_refund_gives_one_try_back(UNUSED void **state)
{
	int64_t wait;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	for (int i = 0; i < 3; i++)
		assert_true(take(&hand, "refund", &wait));
	assert_ok(&hand, counters_refund(&hand.w, "kind", "refund", MINUTE_US));
	assert_ok(&hand, counters_refund(&hand.w, "kind", "never taken", MINUTE_US));
	assert_true(take(&hand, "refund", &wait));
	assert_false(take(&hand, "refund", &wait));
}

static void mark(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	bool fresh = false;

	tally->wrong += replay_once(&hand->w, "jti", tally->key, hand->w.now + 300, &fresh) != OK;
	tally->won += fresh;
}

static void an_id_is_fresh_once_until_it_expires(UNUSED void **state)
{
	struct tally tally = { .key = "app 1" };
	bool fresh = false;
	char *long_id;
	AUTO_HAND hand;

	crew_run(64, NULL, mark, &tally);
	assert_int_equal(tally.won, 1);
	assert_int_equal(tally.wrong, 0);
	hand_begin(&hand, NULL);
	assert_ok(&hand, replay_once(&hand.w, "other kind", "app 1", hand.w.now + 300, &fresh));
	assert_true(fresh);
	hand.w.now += 299;
	assert_ok(&hand, replay_once(&hand.w, "other kind", "app 1", hand.w.now + 300, &fresh));
	assert_false(fresh);
	hand.w.now += 1; /* expired, though no sweep came by */
	assert_ok(&hand, replay_once(&hand.w, "other kind", "app 1", hand.w.now + 300, &fresh));
	assert_true(fresh);
	assert_ok(&hand, replay_once(&hand.w, "other kind", "app 1", hand.w.now + 300, &fresh));
	assert_false(fresh);
	long_id = arena_alloc(hand.arena, REPLAY_ID_MAX + 2);
	memset(long_id, 'x', REPLAY_ID_MAX + 1);
	assert_int_equal(replay_once(&hand.w, "jti", long_id, hand.w.now + 300, &fresh), ERR_TOO_LARGE);
}

static void insert_flow(struct hand *hand, const char *id)
{
	assert_ok(hand, flows_insert(&hand->w, &(struct flow_row){ .id = id,
								   .browser_hash = "b",
								   .kind = "oidc",
								   .ask = "{\"a\":1}",
								   .state = "{}",
								   .expires_at = hand->w.now + 600 }));
}

static void advance(struct hand *hand, int number, void *context)
{
	struct tally *tally = context;
	bool won = false;

	tally->wrong +=
		flows_update(&hand->w, tally->key, 1, arena_print(hand->arena, "%d", number), &won) != OK;
	tally->won += won;
}

static void finish(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	bool won = false;

	tally->wrong += flows_finish(&hand->w, tally->key, 2, &won) != OK;
	tally->won += won;
}

static void a_flow_moves_and_ends_for_one_of_64(UNUSED void **state)
{
	struct tally updates = { .key = "race" }, finishes = { .key = "race" };
	struct flow_row flow;
	bool found = false;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	insert_flow(&hand, "race");
	crew_run(64, NULL, advance, &updates);
	assert_int_equal(updates.won, 1);
	assert_ok(&hand, flows_find(&hand.w, "race", &flow, &found));
	assert_true(found && flow.version == 2 && flow.finished_at == 0);
	crew_run(64, NULL, finish, &finishes);
	assert_int_equal(finishes.won, 1);
	assert_int_equal(updates.wrong + finishes.wrong, 0);
	assert_ok(&hand, flows_find(&hand.w, "race", &flow, &found));
	assert_true(found && flow.finished_at > 0);
}

static void a_flow_comes_back_as_it_was_put_down(UNUSED void **state)
{
	struct flow_row flow;
	bool found = false, won = true;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	insert_flow(&hand, "whole");
	assert_ok(&hand, flows_update(&hand.w, "whole", 1, "{\"who\":2}", &won));
	assert_true(won);
	assert_ok(&hand, flows_find(&hand.w, "whole", &flow, &found));
	assert_true(found);
	assert_string_equal(flow.browser_hash, "b");
	assert_string_equal(flow.kind, "oidc");
	assert_string_equal(flow.ask, "{\"a\":1}");
	assert_string_equal(flow.state, "{\"who\":2}");
	assert_true(flow.created_at == hand.w.now && flow.expires_at == hand.w.now + 600);
	assert_ok(&hand, flows_finish(&hand.w, "whole", 1, &won)); /* another tab's version */
	assert_false(won);
	hand.w.now += 600;
	assert_ok(&hand, flows_find(&hand.w, "whole", &flow, &found));
	assert_false(found);
	assert_ok(&hand, flows_update(&hand.w, "whole", 2, "{}", &won));
	assert_false(won);
	assert_ok(&hand, flows_finish(&hand.w, "whole", 2, &won));
	assert_false(won);
	assert_int_equal(flows_insert(&hand.w, &flow), ERR_CONFLICT);
}

static void add_messages(struct hand *hand, const char *practice, int count)
{
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

	for (int i = 0; i < count; i++) {
		struct outbox_row row = { .id = arena_print(hand->arena, "%s-%d", practice, i),
					  .practice_id = practice,
					  .kind = "logout",
					  .target = "https://app.example/",
					  .body = "{}" };
		assert_ok(hand, outbox_add(&hand->w, &row));
	}
	assert_ok(hand, tx_commit(&tx));
}

static void take_some(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	struct outbox_list list;

	for (int i = 0; i < 20; i++) {
		tally->wrong += outbox_take(&hand->w, 60, 5, &list) != OK;
		for (size_t k = 0; k < list.count; k++)
			tally->wrong += outbox_done(&hand->w, list.rows[k].id) != OK;
		tally->won += (int)list.count;
	}
}

static void each_message_goes_to_one_sender(UNUSED void **state)
{
	struct tally tally = { 0 };
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	add_messages(&hand, "crowd", 100);
	crew_run(16, NULL, take_some, &tally);
	assert_int_equal(tally.won, 100);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(
		count_of(&hand, "SELECT count(*) FROM outbox WHERE practice_id = $1", V_TEXT("crowd")), 0);
}

static void a_message_is_leased_put_off_and_taken_again(UNUSED void **state)
{
	static const int64_t waits[] = { 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600 };
	struct outbox_list list;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	add_messages(&hand, "lease", 1);
	assert_ok(&hand, outbox_take(&hand.w, 60, 10, &list));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.rows[0].tries, 1);
	assert_string_equal(list.rows[0].target, "https://app.example/");
	hand.w.now += 59;
	assert_ok(&hand, outbox_take(&hand.w, 60, 10, &list));
	assert_int_equal(list.count, 0);
	hand.w.now += 1;
	for (size_t i = 0; i < COUNT(waits); i++) {
		assert_ok(&hand, outbox_take(&hand.w, 60, 10, &list));
		assert_int_equal(list.count, 1);
		struct outbox_row row = list.rows[0];
		row.tries = (int64_t)i + 1;
		assert_ok(&hand, outbox_later(&hand.w, &row));
		hand.w.now += waits[i] - 1;
		assert_ok(&hand, outbox_take(&hand.w, 60, 10, &list));
		assert_int_equal(list.count, 0);
		hand.w.now += 1;
	}
	assert_ok(&hand, outbox_waiting(&hand.w, "lease", 10, &list));
	assert_int_equal(list.count, 1);
	assert_ok(&hand, outbox_done(&hand.w, list.rows[0].id));
	assert_ok(&hand, outbox_waiting(&hand.w, "lease", 10, &list));
	assert_int_equal(list.count, 0);
}

static enum err add_and_leave(struct work *w)
{
	AUTO(tx_end) struct tx tx = tx_begin(w);

	TRY(outbox_add(
		w,
		&(struct outbox_row){
			.id = "ghost", .practice_id = "ghost", .kind = "k", .target = "t", .body = "{}" }));
	return ERR_REFUSED;
}

static void a_message_is_there_only_with_its_change(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_int_equal(add_and_leave(&hand.w), ERR_REFUSED);
	assert_int_equal(
		count_of(&hand, "SELECT count(*) FROM outbox WHERE practice_id = $1", V_TEXT("ghost")), 0);
}

/* Old rows and young ones, $1 the practice, $2 the key, $3 the time that decides. */
static const struct {
	const char *insert, *count;
	int64_t keeps; /* seconds after that time */
	bool micro;
} expiring[] = {
	{ "INSERT INTO flow (id, browser_hash, kind, ask, state, version, created_at, expires_at) VALUES "
	  "($2, $1, '', '', '', 1, 0, $3)",
	  "SELECT count(*) FROM flow WHERE browser_hash = $1", 0, false },
	{ "INSERT INTO pushed_request (hash, client_id, parameters, expires_at) VALUES ($2, $1, '', $3)",
	  "SELECT count(*) FROM pushed_request WHERE client_id = $1", 0, false },
	{ "INSERT INTO replay (kind, id, expires_at) VALUES ($1, $2, $3)",
	  "SELECT count(*) FROM replay WHERE kind = $1", 0, false },
	{ "INSERT INTO counter (kind, key, tat_us) VALUES ($1, $2, $3)",
	  "SELECT count(*) FROM counter WHERE kind = $1", 0, true },
	{ "INSERT INTO code (practice_id, hash, client_id, account_id, sid, redirect_uri, redirect_given, "
	  "scope, family_id,"
	  " auth_time, created_at, expires_at) VALUES ($1, $2, '', '', '', '', TRUE, '', '', 0, 0, $3)",
	  "SELECT count(*) FROM code WHERE practice_id = $1", 24 * 3600, false },
	{ "INSERT INTO family (practice_id, id, client_id, account_id, scope, auth_time, acr, amr, offline, "
	  "generation,"
	  " rotated_at, account_epoch, practice_epoch, created_at, expires_at)"
	  " VALUES ($1, $2, '', '', '', 0, '', '[]', FALSE, 0, 0, 0, 0, 0, $3)",
	  "SELECT count(*) FROM family WHERE practice_id = $1", 30 * 24 * 3600, false },
	{ "INSERT INTO session (practice_id, hash, sid, account_id, started_at, seen_at, idle_seconds, "
	  "ends_at, auth_time,"
	  " acr, amr, account_epoch, practice_epoch) VALUES ($1, $2, $2, '', 0, 0, 0, $3, 0, '', '[]', 0, 0)",
	  "SELECT count(*) FROM session WHERE practice_id = $1", 30 * 24 * 3600, false },
	{ "INSERT INTO session_app (practice_id, sid, client_id, first_at) VALUES ($1, $2, 'app', $3)",
	  "SELECT count(*) FROM session_app WHERE practice_id = $1", 30 * 24 * 3600, false },
	{ "INSERT INTO saml_session (practice_id, session_index, sid, client_id, account_id, name_id, "
	  "name_id_format, ends_at) VALUES ($1, $2, $2, '', '', '', '', $3)",
	  "SELECT count(*) FROM saml_session WHERE practice_id = $1", 24 * 3600, false },
	{ "INSERT INTO saml_artifact (hash, client_id, message, expires_at) VALUES ($2, $1, '', $3)",
	  "SELECT count(*) FROM saml_artifact WHERE client_id = $1", 0, false },
};

static void the_sweep_takes_what_is_over_and_nothing_else(UNUSED void **state)
{
	size_t removed = 0, more = 0;
	AUTO_HAND hand;

	hand_begin(&hand, "swept");
	kit_practice(&hand, "swept", 700);
	assert_ok(&hand, sweep(&hand.w, &removed)); /* what the other tests left */
	for (size_t i = 0; i < COUNT(expiring); i++) {
		int64_t unit = expiring[i].micro ? 1000000 : 1,
			edge = (hand.w.now - expiring[i].keeps) * unit;

		for (int n = 0; n < 600; n++) /* more than one batch */
			assert_ok(&hand,
				  db_run(&hand.w, NULL, expiring[i].insert, V_TEXT("swept"),
					 V_TEXT(arena_print(hand.arena, "old %d", n)), V_INT(edge - 1)));
		assert_ok(&hand, db_run(&hand.w, NULL, expiring[i].insert, V_TEXT("swept"), V_TEXT("young"),
					V_INT(edge)));
	}
	hand.w.practice = "somewhere";
	assert_ok(&hand, sweep(&hand.w, &removed));
	assert_string_equal(hand.w.practice, "somewhere");
	assert_int_equal(removed, 600 * COUNT(expiring));
	assert_ok(&hand, sweep(&hand.w, &more));
	assert_int_equal(more, 0);
	hand.w.practice = "swept";
	for (size_t i = 0; i < COUNT(expiring); i++) {
		struct rows rows;

		assert_ok(&hand, db_run(&hand.w, &rows, expiring[i].count, V_TEXT("swept")));
		assert_int_equal(rows_int(&rows, 0, 0), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_of_64_tries_fit_in_each_round),
		cmocka_unit_test(time_gives_tries_back_one_by_one),
		cmocka_unit_test(a_refund_gives_one_try_back),
		cmocka_unit_test(an_id_is_fresh_once_until_it_expires),
		cmocka_unit_test(a_flow_moves_and_ends_for_one_of_64),
		cmocka_unit_test(a_flow_comes_back_as_it_was_put_down),
		cmocka_unit_test(each_message_goes_to_one_sender),
		cmocka_unit_test(a_message_is_leased_put_off_and_taken_again),
		cmocka_unit_test(a_message_is_there_only_with_its_change),
		cmocka_unit_test(the_sweep_takes_what_is_over_and_nothing_else),
	};

	return run_on_engines(tests, COUNT(tests));
}
