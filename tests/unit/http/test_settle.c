/* test_settle.c: an answer that waits for the store without its worker. */
#include "unit/http/rig.h"

static struct rig rig;
static struct talk talk;

/* One that waits, and the thread that tells how it ended. */
struct waiting {
	void (*then)(void *thing, enum err err, const char *why);
	void *thing;
	enum err err;
};
static _Atomic int waits, told;
static _Atomic bool fails;

static void *tell_later(void *argument)
{
	struct waiting *waiting = argument;
	struct timespec moment = { .tv_nsec = 50000000 };

	nanosleep(&moment, NULL);
	told++;
	waiting->then(waiting->thing, waiting->err, "the disk is full");
	free(waiting);
	return NULL;
}

static bool settle_later(struct work *work, void (*then)(void *thing, enum err err, const char *why),
			 void *thing)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);
	pthread_t thread;

	(void)work;
	assert_non_null(waiting);
	waits++;
	*waiting = (struct waiting){ then, thing, fails ? ERR_STORE : OK };
	assert_int_equal(pthread_create(&thread, NULL, tell_later, waiting), 0);
	pthread_detach(thread);
	return true;
}

static int start_server(void **state)
{
	(void)state;
	rig_settle = settle_later;
	rig_start(&rig, rig_config(), 4);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void ask(const char *path)
{
	char bytes[256];

	snprintf(bytes, sizeof bytes, "GET %s HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n",
		 path);
	rig_talk(rig.port, bytes, strlen(bytes), &talk, 2000);
}

static void an_answer_leaves_when_its_rows_are_written(void **state)
{
	(void)state;
	fails = false;
	told = 0;
	ask("/quick");
	assert_int_equal(talk.status, 200);
	assert_non_null(strstr(talk.text, "hello"));
	assert_true(talk.took >= 0.04);
	assert_int_equal(told, 1);
}

static void rows_that_cannot_be_written_are_the_answer(void **state)
{
	(void)state;
	fails = true;
	ask("/quick");
	assert_int_equal(talk.status, 503);
	assert_null(strstr(talk.text, "hello"));
	assert_null(strstr(talk.text, "disk")); /* why is for the log */
	fails = false;
}

static void what_is_answered_from_memory_does_not_wait(void **state)
{
	(void)state;
	told = 0;
	ask("/hello");
	assert_int_equal(talk.status, 200);
	assert_int_equal(told, 0);
}

static void *ask_once(void *argument)
{
	static const char bytes[] =
		"GET /quick HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n";
	_Atomic int *good = argument;
	struct talk *mine = calloc(1, sizeof *mine);

	rig_talk(rig.port, bytes, sizeof bytes - 1, mine, 2000);
	*good += mine->status == 200;
	free(mine);
	return NULL;
}

/* Two workers, 50 ms each: 32 answers one after the other would take 800 ms. */
static void workers_go_on_while_answers_wait(void **state)
{
	_Atomic int good = 0;
	pthread_t threads[32];
	int64_t begun = clock_monotonic_us();

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_once, &good), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(good, COUNT(threads));
	assert_true(clock_monotonic_us() - begun < 600000);
}

static void a_stopping_server_waits_for_its_answers(void **state)
{
	_Atomic int good = 0;
	pthread_t thread;
	struct timespec moment = { .tv_nsec = 1000000 };
	int before = waits;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, ask_once, &good), 0);
	while (waits == before)
		nanosleep(&moment, NULL);
	rig_stop(&rig);
	pthread_join(thread, NULL);
	assert_int_equal(good, 1);
	rig_start(&rig, rig_config(), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_leaves_when_its_rows_are_written),
		cmocka_unit_test(rows_that_cannot_be_written_are_the_answer),
		cmocka_unit_test(what_is_answered_from_memory_does_not_wait),
		cmocka_unit_test(workers_go_on_while_answers_wait),
		cmocka_unit_test(a_stopping_server_waits_for_its_answers),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
