/* test_sweep.c: cleaning up keeps pace with whoever fills (security.md L-6). */
#include "kit/store_kit.h"

#include "store/sweep.h"

static void one_round_removes_more_than_a_flood_of_a_minute_leaves(UNUSED void **state)
{
	static const char fill[] =
		"INSERT INTO flow (id, browser_hash, kind, ask, state, version, created_at, expires_at)"
		" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
		" SELECT 'flow_' || i, 'b', 'home', '{}', '{}', 1, 1, 2 FROM n";
	size_t removed = 0;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, fill, V_INT(30000)));
	assert_ok(&hand, sweep(&hand.w, &removed));
	assert_int_equal(removed, 30000);
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM flow WHERE expires_at < $1", V_INT(10)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_round_removes_more_than_a_flood_of_a_minute_leaves),
	};

	return run_on_engines(tests, COUNT(tests));
}
