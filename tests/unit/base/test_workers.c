/* test_workers.c: lanes with threads, tools and bounded queues. */
#include "base/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/workers.h"

static atomic_int opened, closed, ran, late_ones, without_tools;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int begin(void **state)
{
	(void)state;
	opened = closed = ran = late_ones = without_tools = 0;
	return 0;
}

static void *open_tools(void *context, unsigned thread)
{
	(void)thread;
	opened++;
	return context;
}

static void close_tools(void *tools)
{
	assert(tools != NULL);
	closed++;
}

static void count(void *tools, void *item, bool late)
{
	(void)item;
	without_tools += tools == NULL;
	late_ones += late;
	ran++;
}

/* Holds its thread until the test opens the gate. */
static void wait_at_gate(void *tools, void *item, bool late)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	count(tools, item, late);
}

static struct lane *lane_of(unsigned threads, unsigned queue)
{
	static int context;

	return lane_start(&(struct lane_plan){ .name = "a-rather-long-name",
					       .threads = threads,
					       .queue = queue,
					       .open = open_tools,
					       .close = close_tools,
					       .context = &context });
}

static void every_item_runs_once_with_its_threads_tools(void **state)
{
	struct lane *lane = lane_of(4, 16);
	int added = 0;

	(void)state;
	assert_non_null(lane);
	while (added < 5000)
		added += lane_add(lane, count, NULL, 0);
	lane_stop(lane);
	assert_int_equal(ran, 5000);
	assert_int_equal(without_tools, 0);
	assert_int_equal(opened, 4);
	assert_int_equal(closed, 4);
	assert_int_equal(late_ones, 0);
}

static void a_full_queue_refuses_and_stop_finishes_what_waits(void **state)
{
	struct lane *lane = lane_of(1, 3);

	(void)state;
	pthread_mutex_lock(&gate);
	assert_true(lane_add(lane, wait_at_gate, NULL, 0));
	while (lane_waiting(lane) != 0)
		sched_yield();
	for (int i = 0; i < 3; i++)
		assert_true(lane_add(lane, count, NULL, 0));
	assert_int_equal(lane_waiting(lane), 3);
	assert_false(lane_add(lane, count, NULL, 0));
	pthread_mutex_unlock(&gate);
	lane_stop(lane);
	assert_int_equal(ran, 4);
}

static void an_item_past_its_deadline_is_told_so(void **state)
{
	struct lane *lane = lane_of(1, 3);

	(void)state;
	assert_true(lane_add(lane, count, NULL, clock_monotonic_us() - 1));
	assert_true(lane_add(lane, count, NULL, clock_monotonic_us() + INT64_C(60) * 1000000));
	lane_stop(lane);
	assert_int_equal(ran, 2);
	assert_int_equal(late_ones, 1);
}

static void add_from_inside(void *tools, void *item, bool late)
{
	count(tools, NULL, late);
	bool added = lane_add(item, count, NULL, 0);

	assert(added);
}

static void an_item_may_add_another_one(void **state)
{
	struct lane *lane = lane_of(1, 2);

	(void)state;
	assert_true(lane_add(lane, add_from_inside, lane, 0));
	while (ran < 2)
		sched_yield();
	lane_stop(lane);
	assert_int_equal(ran, 2);
}

static void note_signals(void *tools, void *item, bool late)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	*(bool *)item = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
	count(tools, NULL, late);
}

static void signals_stay_with_the_main_thread(void **state)
{
	struct lane *lane = lane_of(1, 2);
	bool blocked = false;

	(void)state;
	assert_true(lane_add(lane, note_signals, &blocked, 0));
	lane_stop(lane);
	assert_true(blocked);
}

static void tools_are_optional_and_a_missing_lane_stops(void **state)
{
	struct lane *lane = lane_start(&(struct lane_plan){ .name = "bare", .threads = 1, .queue = 1 });

	(void)state;
	assert_true(lane_add(lane, count, NULL, 0));
	lane_stop(lane);
	assert_int_equal(without_tools, 1);
	lane_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_item_runs_once_with_its_threads_tools, begin),
		cmocka_unit_test_setup(a_full_queue_refuses_and_stop_finishes_what_waits, begin),
		cmocka_unit_test_setup(an_item_past_its_deadline_is_told_so, begin),
		cmocka_unit_test_setup(an_item_may_add_another_one, begin),
		cmocka_unit_test_setup(signals_stay_with_the_main_thread, begin),
		cmocka_unit_test_setup(tools_are_optional_and_a_missing_lane_stops, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
