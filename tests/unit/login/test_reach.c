/* test_reach.c: what is known of a provider: asked when it is time, by one at a time, and told when it moves.
 */
#include "provider.h"

static void look(bool answers)
{
	struct hand hand;

	hand_open(&hand, NULL);
	assert_int_equal(reach_ask(&hand.w, snapshot_connection(hand.w.snapshot, "okta")), answers);
	hand_end(&hand);
}

static void note(bool answered)
{
	struct hand hand;

	hand_open(&hand, NULL);
	reach_note(&hand.w, "okta", answered);
	hand_end(&hand);
}

static bool is_down(void)
{
	struct hand hand;
	bool down;

	hand_open(&hand, NULL);
	down = reach_is_down(&hand.w, "okta");
	hand_end(&hand);
	return down;
}

static int told(const char *type)
{
	struct hand hand;
	int count;

	hand_open(&hand, "north");
	count = count_of(&hand,
			 "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = $2 AND at_us >= $3",
			 V_TEXT("north"), V_TEXT(type), V_INT(day_us - INT64_C(86400000000)));
	hand_end(&hand);
	return count;
}

static void a_provider_is_asked_every_half_minute(UNUSED void **state)
{
	static const struct {
		int after, probes;
	} steps[] = { { 0, 1 }, { 0, 1 }, { 29, 1 }, { 1, 2 }, { 1, 2 }, { 30, 3 } };

	for (size_t i = 0; i < COUNT(steps); i++) {
		seconds_pass(steps[i].after);
		look(true);
		assert_int_equal(provider.probes, steps[i].probes);
	}
}

static void a_provider_that_is_down_is_asked_every_five_seconds_until_it_answers(UNUSED void **state)
{
	provider.down = true;
	look(false);
	assert_true(is_down());
	seconds_pass(4);
	look(false);
	assert_int_equal(provider.probes, 1);
	seconds_pass(1);
	look(false);
	assert_int_equal(provider.probes, 2);
	provider.down = false;
	seconds_pass(4);
	look(false); /* nobody knows yet */
	seconds_pass(1);
	look(true);
	assert_false(is_down());
	assert_int_equal(told("connection.down"), 1);
	assert_int_equal(told("connection.up"), 1);
}

static void one_failure_on_the_way_is_an_accident_and_two_are_not(UNUSED void **state)
{
	note(false);
	assert_false(is_down());
	note(true);
	note(false);
	assert_false(is_down());
	note(false);
	assert_true(is_down());
	note(true);
	assert_false(is_down());
}

static void a_job_finds_out_that_it_is_back(UNUSED void **state)
{
	struct hand hand;

	provider.down = true;
	look(false);
	provider.down = false;
	for (int i = 0; i < 2; i++) {
		hand_open(&hand, NULL);
		assert_ok(&hand, reach_follow(&hand.w));
		hand_end(&hand);
		assert_int_equal(is_down(), i == 0);
		assert_int_equal(provider.probes, i + 1);
		seconds_pass(5);
	}
}

static void what_was_switched_off_is_asked_no_more(UNUSED void **state)
{
	struct hand hand;

	provider.down = true;
	look(false);
	set_off("okta", true);
	seconds_pass(60);
	hand_open(&hand, NULL);
	assert_ok(&hand, reach_follow(&hand.w));
	hand_end(&hand);
	assert_int_equal(provider.probes, 1);
	assert_false(is_down());
	set_off("okta", false);
}

static void facts_say_since_when(UNUSED void **state)
{
	int64_t down_since, asked_at, began = day_us / 1000000;
	struct hand hand;

	hand_open(&hand, NULL);
	reach_facts(&hand.w, "okta", &down_since, &asked_at);
	assert_int_equal(down_since, 0);
	assert_int_equal(asked_at, 0);
	provider.down = true;
	look(false);
	seconds_pass(10);
	look(false);
	reach_facts(&hand.w, "okta", &down_since, &asked_at);
	assert_int_equal(down_since, began);
	assert_int_equal(asked_at, began + 10);
	hand_end(&hand);
}

static void half_of_the_lane_waits_for_one_provider_at_most(UNUSED void **state)
{
	struct reach_visit visits[4] = { 0 }, other = { 0 };
	struct hand hand;

	world.config.limits.remote_threads = 8;
	hand_open(&hand, NULL);
	for (size_t i = 0; i < COUNT(visits); i++)
		assert_ok(&hand, reach_enter(&hand.w, "okta", &visits[i]));
	assert_int_equal(reach_enter(&hand.w, "okta", &other), ERR_UNAVAILABLE);
	assert_null(other.reach);
	assert_ok(&hand, reach_enter(&hand.w, "keycloak", &other));
	reach_leave(&other);
	reach_leave(&other); /* a scope that is left has nothing to leave */
	reach_leave(&visits[2]);
	assert_ok(&hand, reach_enter(&hand.w, "okta", &visits[2]));
	for (size_t i = 0; i < COUNT(visits); i++)
		reach_leave(&visits[i]);
	world.config.limits.remote_threads = 1;
	assert_ok(&hand, reach_enter(&hand.w, "okta", &visits[0]));
	assert_int_equal(reach_enter(&hand.w, "okta", &visits[1]), ERR_UNAVAILABLE);
	reach_leave(&visits[0]);
	world.config.limits.remote_threads = 0;
	hand_end(&hand);
}

static void who_finds_no_room_is_asked_to_wait(UNUSED void **state)
{
	struct reach_visit inside = { 0 };
	struct browser b = { 0 };
	struct hand hand;

	arrive(&b);
	hand_open(&hand, NULL);
	assert_ok(&hand, reach_enter(&hand.w, "okta", &inside));
	press_button(&b, "okta");
	assert_int_equal(b.status, 503);
	assert_string_equal(b.word, "unavailable");
	assert_string_equal(b.refresh, "2");
	reach_leave(&inside);
	press_button(&b, "okta");
	assert_int_equal(b.status, 303);
	hand_end(&hand);
}

static void any_number_of_connections_takes_the_same_room(UNUSED void **state)
{
	struct reach_visit visit = { 0 };
	struct hand hand;
	char id[32];

	hand_open(&hand, NULL);
	assert_ok(&hand, reach_enter(&hand.w, "okta", &visit));
	for (int i = 0; i < 20000; i++) {
		snprintf(id, sizeof id, "connection-%d", i);
		reach_note(&hand.w, id, false);
		assert_false(reach_is_down(&hand.w, id));
	}
	struct reach_visit second = { 0 };

	assert_int_equal(reach_enter(&hand.w, "okta", &second), ERR_UNAVAILABLE); /* still known */
	reach_leave(&visit);
	hand_end(&hand);
}

static void without_a_server_everything_is_up(UNUSED void **state)
{
	struct reaches *reach = TAKE(world.app.reach);
	struct reach_visit visit = { 0 };
	struct hand hand;

	provider.down = true;
	hand_open(&hand, NULL);
	assert_true(reach_ask(&hand.w, snapshot_connection(hand.w.snapshot, "okta")));
	reach_note(&hand.w, "okta", false);
	assert_false(reach_is_down(&hand.w, "okta"));
	assert_ok(&hand, reach_enter(&hand.w, "okta", &visit));
	assert_ok(&hand, reach_follow(&hand.w));
	reach_leave(&visit);
	hand_end(&hand);
	world.app.reach = reach;
}

struct rush {
	_Atomic int up;
};

static void ask_one(struct hand *hand, UNUSED int number, void *context)
{
	struct rush *rush = context;
	struct work w;

	work_begin(&w, &world.app, hand->db, hand->arena);
	rush->up += reach_ask(&w, snapshot_connection(w.snapshot, "okta"));
	work_end(&w);
}

static void of_many_who_come_at_once_one_asks(UNUSED void **state)
{
	static struct rush rush;

	rush.up = 0;
	crew_run(32, NULL, ask_one, &rush);
	assert_int_equal(provider.probes, 1);
	assert_int_equal(rush.up, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		cmocka_unit_test(the_provider_opens),
		VISIT(a_provider_is_asked_every_half_minute),
		VISIT(a_provider_that_is_down_is_asked_every_five_seconds_until_it_answers),
		VISIT(one_failure_on_the_way_is_an_accident_and_two_are_not),
		VISIT(a_job_finds_out_that_it_is_back),
		VISIT(what_was_switched_off_is_asked_no_more),
		VISIT(facts_say_since_when),
		VISIT(half_of_the_lane_waits_for_one_provider_at_most),
		VISIT(who_finds_no_room_is_asked_to_wait),
		VISIT(any_number_of_connections_takes_the_same_room),
		VISIT(without_a_server_everything_is_up),
		VISIT(of_many_who_come_at_once_one_asks),
		cmocka_unit_test(the_provider_closes),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
