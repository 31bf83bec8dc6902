/* test_crowd.c: how many sign-ins an address may begin. */
#include "world.h"

#include "login/crowd.h"

static enum err from(struct crowd *crowd, const char *address)
{
	struct app app = { .crowd = crowd };
	struct request rq = { .w = { .app = &app, .arena = arena_new() } };

	assert_true(address_parse(address, &rq.peer));
	enum err err = crowd_may(&rq);

	arena_done(&rq.w.arena);
	return err;
}

static void an_address_has_its_budget_and_no_more(UNUSED void **state)
{
	struct crowd *crowd = crowd_new(20);

	for (int i = 0; i < 20; i++)
		assert_int_equal(from(crowd, "192.0.2.7"), OK);
	assert_int_equal(from(crowd, "192.0.2.7"), ERR_TOO_MANY);
	assert_int_equal(from(crowd, "192.0.2.8"), OK);
	crowd_free(crowd);
}

static void a_network_of_ipv6_is_one_address(UNUSED void **state)
{
	struct crowd *crowd = crowd_new(10);

	for (int i = 0; i < 10; i++)
		assert_int_equal(from(crowd, i % 2 ? "2001:db8:1:2::1" : "2001:db8:1:2:ffff::9"), OK);
	assert_int_equal(from(crowd, "2001:db8:1:2:abcd::1"), ERR_TOO_MANY);
	assert_int_equal(from(crowd, "2001:db8:1:3::1"), OK);
	crowd_free(crowd);
}

static void the_budget_comes_back(UNUSED void **state)
{
	struct crowd *crowd = crowd_new(10000); /* one in 60 ms */
	int taken = 0;

	while (from(crowd, "192.0.2.7") == OK)
		taken++;
	assert_in_range(taken, 10000, 10100);
	(void)usleep(150000);
	assert_int_equal(from(crowd, "192.0.2.7"), OK);
	crowd_free(crowd);
}

static void nobody_begins_a_sign_in_beyond_it(UNUSED void **state)
{
	struct browser b = { 0 };

	world.app.crowd = crowd_new(10);
	for (int i = 0; i < 10; i++) {
		get(&b, "/test/begin");
		assert_int_equal(b.status, 303);
	}
	get(&b, "/test/begin");
	assert_int_equal(b.status, 429);
	get(&b, "/login"); /* the same budget at every door */
	assert_int_equal(b.status, 429);
	crowd_free(TAKE(world.app.crowd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_its_budget_and_no_more),
		cmocka_unit_test(a_network_of_ipv6_is_one_address),
		cmocka_unit_test(the_budget_comes_back),
		cmocka_unit_test(the_clinic_opens),
		DAY(nobody_begins_a_sign_in_beyond_it),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
