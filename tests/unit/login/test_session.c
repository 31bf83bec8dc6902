/* test_session.c: when a session is live, and that nothing else ever is one. */
#include "world.h"

static void read_session_of(struct hand *hand, const char *sid, struct session *out)
{
	hand->w.practice = "north";
	assert_ok(hand, session_by_sid(&hand->w, sid, out));
}

static const char *sid_of(struct browser *b)
{
	static char sid[100];

	go_to_app(b);
	find_between(b->body, "\"sid\":\"", '"', sid, sizeof sid);
	assert_true(sid[0]);
	return sid;
}

static void signing_in_makes_a_session_of_one_factor(UNUSED void **state)
{
	struct browser b = { 0 };
	struct hand hand;
	struct session session;

	sign_in(&b, "solo@clinic.example");
	const char *sid = sid_of(&b);
	hand_open(&hand, "north");
	read_session_of(&hand, sid, &session);
	assert_string_equal(session.account_id, world.solo);
	assert_string_equal(session.acr, "urn:lanyard:acr:1fa");
	assert_string_equal(session.amr[0], "pwd");
	assert_null(session.amr[1]);
	assert_int_equal(session.idle_seconds, 1800);
	assert_int_equal(session.ends_at, day_us / 1000000 + 12 * 3600);
	assert_int_equal(session.auth_time, day_us / 1000000);
	hand_end(&hand);
}

static void each_sign_in_has_a_new_handle_and_a_new_sid(UNUSED void **state)
{
	struct browser b = { 0 };
	char handle[100], sid[100];

	sign_in(&b, "solo@clinic.example");
	snprintf(sid, sizeof sid, "%s", sid_of(&b));
	snprintf(handle, sizeof handle, "%s", b.session);
	b.session[0] = '\0'; /* a shared workstation that lost its cookies */
	sign_in(&b, "solo@clinic.example");
	assert_string_not_equal(b.session, handle);
	assert_string_not_equal(sid_of(&b), sid);
}

static void a_planted_session_cookie_never_lives(UNUSED void **state)
{
	struct browser b = { 0 };

	for (int number = 1; number <= 2; number++) {
		struct secret planted = secret_new_in(number);
		struct browser attacker = { 0 };

		b = (struct browser){ 0 };
		snprintf(b.session, sizeof b.session, "%s", planted.text);
		snprintf(attacker.session, sizeof attacker.session, "%s", planted.text);
		sign_in(&b, "solo@clinic.example");
		assert_true(is_signed_in(&b));
		assert_string_not_equal(b.session, planted.text);
		assert_false(is_signed_in(&attacker));
	}
}

/* A shared computer: somebody reads the flow cookie and the address off it before the next person signs in.
 */
static void a_copied_flow_cookie_gets_no_session_at_any_step(UNUSED void **state)
{
	static const char *const people[] = { "solo@clinic.example", "ada@clinic.example",
					      "temp@clinic.example" };

	for (size_t i = 0; i < COUNT(people); i++) {
		struct browser victim = { 0 }, attacker;
		char target[200];

		arrive(&victim);
		attacker = victim;
		snprintf(target, sizeof target, "/login?flow=%s", victim.flow_id);
		type_password(&victim, people[i], PASSWORD);
		get(&attacker, target);
		follow(&attacker);
		assert_at(&attacker, "/login/password");
		assert_string_equal(attacker.session, "");
		follow(&victim);
		get(&attacker, target);
		follow(&attacker);
		assert_at(&attacker, "/login/password");
		snprintf(target, sizeof target, "/test/continue?flow=%s", victim.flow_id);
		get(&attacker, target);
		assert_int_equal(attacker.status, 303);
		assert_false(is_signed_in(&attacker));
	}
}

static void no_other_handle_is_a_session(UNUSED void **state)
{
	struct browser b = { 0 }, other = { 0 };
	char *const handles[] = { b.flow, b.proof, b.csrf, b.flow_id };

	arrive(&b);
	type_password(&b, "ada@clinic.example", PASSWORD);
	assert_true(b.proof[0]);
	for (size_t i = 0; i < COUNT(handles); i++) {
		snprintf(other.session, sizeof other.session, "%s", handles[i]);
		assert_false(is_signed_in(&other));
		snprintf(other.session, sizeof other.session, "1.%s", handles[i]);
		assert_false(is_signed_in(&other));
	}
}

static void a_handle_works_in_no_other_practice(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	assert_true(is_signed_in(&b));
	b.session[0] = b.session[0] == '1' ? '2' : '1';
	assert_false(is_signed_in(&b));
}

static void a_dead_cookie_is_cleared(UNUSED void **state)
{
	struct browser b = { 0 };
	struct secret dead = secret_new_in(1);

	snprintf(b.session, sizeof b.session, "%s", dead.text);
	get(&b, "/");
	assert_string_equal(b.session, "");
}

static void idle_time_ends_a_session_to_the_second(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	seconds_pass(1799);
	assert_true(is_signed_in(&b));
	seconds_pass(1799);
	assert_true(is_signed_in(&b));
	seconds_pass(1800);
	assert_false(is_signed_in(&b));
}

static void absolute_time_ends_a_session_to_the_second(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	for (int i = 0; i < 28; i++) {
		seconds_pass(1500);
		assert_true(is_signed_in(&b));
	}
	seconds_pass(12 * 3600 - 28 * 1500 - 1);
	assert_true(is_signed_in(&b));
	seconds_pass(1);
	assert_false(is_signed_in(&b));
}

static void seen_at_moves_once_a_minute(UNUSED void **state)
{
	struct browser b = { 0 };
	struct hand hand;
	struct session session;
	int64_t start = day_us / 1000000;

	sign_in(&b, "solo@clinic.example");
	const char *sid = sid_of(&b);
	hand_open(&hand, "north");
	seconds_pass(59);
	assert_true(is_signed_in(&b));
	read_session_of(&hand, sid, &session);
	assert_int_equal(session.seen_at, start);
	seconds_pass(1);
	assert_true(is_signed_in(&b));
	read_session_of(&hand, sid, &session);
	assert_int_equal(session.seen_at, start + 60);
	hand_end(&hand);
}

static void a_change_of_the_account_ends_its_sessions(UNUSED void **state)
{
	struct browser b = { 0 };

	sign_in(&b, "solo@clinic.example");
	meanwhile("north", account_set_disabled(&hand.w, world.solo, true));
	assert_false(is_signed_in(&b));
	meanwhile("north", account_set_disabled(&hand.w, world.solo, false));
	b = (struct browser){ 0 };
	sign_in(&b, "solo@clinic.example");
	assert_true(is_signed_in(&b));
	meanwhile("north", account_set_disabled(&hand.w, world.solo, true));
	meanwhile("north", account_set_disabled(&hand.w, world.solo, false));
	assert_false(is_signed_in(&b));
}

static void logging_everyone_out_ends_the_practice_alone(UNUSED void **state)
{
	struct browser north = { 0 }, south = { 0 };

	sign_in(&north, "solo@clinic.example");
	world.ask.practice_id = "south";
	sign_in(&south, "ada@clinic.example");
	assert_true(is_signed_in(&north));
	assert_true(is_signed_in(&south));
	meanwhile("north", practice_log_out_everyone(&hand.w, "north"));
	assert_false(is_signed_in(&north));
	assert_true(is_signed_in(&south));
}

static void the_same_person_again_keeps_the_sid_under_a_new_handle(UNUSED void **state)
{
	struct browser b = { 0 }, thief;
	char sid[100];

	sign_in(&b, "solo@clinic.example");
	snprintf(sid, sizeof sid, "%s", sid_of(&b));
	thief = b;
	seconds_pass(100);
	world.ask.fresh = true;
	sign_in(&b, "solo@clinic.example");
	assert_string_equal(sid_of(&b), sid);
	assert_string_not_equal(b.session, thief.session);
	assert_false(is_signed_in(&thief));
	assert_int_equal(world.told, 0);
}

static void another_person_replaces_the_session_and_apps_are_told(UNUSED void **state)
{
	struct browser b = { 0 }, before;
	char sid[100];

	world.ask.practice_id = "north";
	sign_in(&b, "solo@clinic.example");
	snprintf(sid, sizeof sid, "%s", sid_of(&b));
	before = b;
	world.ask.fresh = true;
	world.ask.practice_id = "south";
	sign_in(&b, "ada@clinic.example");
	assert_string_not_equal(sid_of(&b), sid);
	assert_true(is_signed_in(&b));
	assert_false(is_signed_in(&before));
	assert_int_equal(world.told, 1);
}

static void ending_all_sessions_of_an_account_counts_and_tells(UNUSED void **state)
{
	struct browser list[3] = { 0 }, other = { 0 };
	size_t ended = 0;

	for (size_t i = 0; i < COUNT(list); i++) {
		sign_in(&list[i], "solo@clinic.example");
		go_to_app(&list[i]);
	}
	world.ask.practice_id = "north";
	sign_in(&other, "ada@clinic.example");
	meanwhile("north", sessions_end_account(&hand.w, world.solo, &ended));
	assert_int_equal(ended, 3);
	assert_int_equal(world.told, 3);
	for (size_t i = 0; i < COUNT(list); i++)
		assert_false(is_signed_in(&list[i]));
	assert_true(is_signed_in(&other));
	meanwhile("north", sessions_end_account(&hand.w, world.solo, &ended));
	assert_int_equal(ended, 0);
	assert_int_equal(world.told, 3);
}

static void the_list_of_sessions_has_the_live_ones(UNUSED void **state)
{
	struct browser a = { 0 }, b = { 0 };
	struct hand desk;
	struct session *list;
	size_t count, ended;

	world.ask.practice_id = "north";
	sign_in(&a, "solo@clinic.example");
	seconds_pass(5);
	sign_in(&b, "ada@clinic.example");
	hand_open(&desk, "north");
	assert_ok(&desk, sessions_list(&desk.w, NULL, &list, &count));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].account_id, world.ada);
	assert_string_equal(list[1].email, "solo@clinic.example");
	assert_ok(&desk, sessions_list(&desk.w, world.solo, &list, &count));
	assert_int_equal(count, 1);
	desk.w.practice = "south";
	assert_ok(&desk, sessions_list(&desk.w, NULL, &list, &count));
	assert_int_equal(count, 0);
	hand_end(&desk);
	meanwhile("north", sessions_end_practice(&hand.w, &ended));
	assert_int_equal(ended, 2);
	assert_false(is_signed_in(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(signing_in_makes_a_session_of_one_factor),
		DAY(each_sign_in_has_a_new_handle_and_a_new_sid),
		DAY(a_planted_session_cookie_never_lives),
		DAY(a_copied_flow_cookie_gets_no_session_at_any_step),
		DAY(no_other_handle_is_a_session),
		DAY(a_handle_works_in_no_other_practice),
		DAY(a_dead_cookie_is_cleared),
		DAY(idle_time_ends_a_session_to_the_second),
		DAY(absolute_time_ends_a_session_to_the_second),
		DAY(seen_at_moves_once_a_minute),
		DAY(a_change_of_the_account_ends_its_sessions),
		DAY(logging_everyone_out_ends_the_practice_alone),
		DAY(the_same_person_again_keeps_the_sid_under_a_new_handle),
		DAY(another_person_replaces_the_session_and_apps_are_told),
		DAY(ending_all_sessions_of_an_account_counts_and_tells),
		DAY(the_list_of_sessions_has_the_live_ones),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
