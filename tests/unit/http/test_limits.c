/* test_limits.c: the real server's bounds: sizes, deadlines, lanes, connections, and its stop. */
#include "unit/http/rig.h"

static struct rig rig;
static struct talk talk;

#define HOST      "Host: localhost:8080\r\n"
#define RAW(text) text, sizeof(text) - 1

static int start_server(void **state)
{
	(void)state;
	rig_start(&rig, rig_config(), 1);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void expect_lines(const char *bytes, int status, const char *line)
{
	rig_talk(rig.port, bytes, strlen(bytes), &talk, 300);
	assert_int_equal(talk.status, status);
	if (!strstr(talk.text, line))
		fail_msg("%s is not in %s", line, talk.text);
}

/* ---- limits ---- */

static void ask_with_arguments(size_t count)
{
	static char bytes[15000];
	size_t size = (size_t)snprintf(bytes, sizeof bytes, "GET /hello?");

	for (size_t i = 0; i < count; i++)
		size += (size_t)snprintf(bytes + size, sizeof bytes - size, "%sa%zu=%zu", i ? "&" : "", i, i);
	size += (size_t)snprintf(bytes + size, sizeof bytes - size, " HTTP/1.1\r\n" HOST "\r\n");
	rig_talk(rig.port, bytes, size, &talk, 1500);
}

static void five_hundred_arguments_get_an_answer(void **state)
{
	(void)state;
	ask_with_arguments(100);
	assert_int_equal(talk.status, 200);
	ask_with_arguments(101);
	assert_int_equal(talk.status, 400);
	ask_with_arguments(500);
	assert_int_equal(talk.status, 400);
	assert_true(talk.took < 1);
	ask_with_arguments(1200);
	assert_int_equal(talk.status, 400);
}

static void ask_with_headers(size_t count, size_t each)
{
	static char bytes[200000];
	size_t size = (size_t)snprintf(bytes, sizeof bytes, "GET /hello HTTP/1.1\r\n" HOST);

	for (size_t i = 0; i < count; i++)
		size += (size_t)snprintf(bytes + size, sizeof bytes - size, "X%zu: %0*d\r\n", i, (int)each,
					 7);
	size += (size_t)snprintf(bytes + size, sizeof bytes - size, "\r\n");
	rig_talk(rig.port, bytes, size, &talk, 1500);
}

static void headers_are_bounded_in_number_and_size(void **state)
{
	static const struct {
		size_t count, each;
		int status;
	} rows[] = { { 99, 10, 200 },   { 100, 10, 431 },  { 1000, 3, 431 },
		     { 1, 16000, 200 }, { 1, 17000, 431 }, { 1, 100000, 431 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask_with_headers(rows[i].count, rows[i].each);
		if (talk.status != rows[i].status)
			fail_msg("%zu of %zu bytes: %d", rows[i].count, rows[i].each, talk.status);
	}
}

static void a_cookie_line_of_thousands_ends_the_connection_at_once(void **state)
{
	static char bytes[16000];
	size_t size = (size_t)snprintf(bytes, sizeof bytes, "GET /hello HTTP/1.1\r\n" HOST "Cookie: ");

	(void)state;
	while (size < 15000)
		size += (size_t)snprintf(bytes + size, sizeof bytes - size, "a=b;");
	size += (size_t)snprintf(bytes + size, sizeof bytes - size, "\r\n\r\n");
	rig_talk(rig.port, bytes, size, &talk, 1500);
	assert_true(talk.closed);
	assert_true(talk.took < 1);
}

static void a_body_over_the_routes_limit_is_413_before_it_is_sent(void **state)
{
	static const char bytes[] = "POST /form HTTP/1.1\r\n" HOST "Content-Length: 4097\r\n\r\n";

	(void)state;
	hits = 0;
	rig_talk(rig.port, bytes, sizeof bytes - 1, &talk, 1500);
	assert_int_equal(talk.status, 413);
	assert_true(talk.closed);
	assert_int_equal(hits, 0);
}

/* ---- time ---- */

/* Sends one byte each 100 ms until the server closes; answers the seconds it took. */
static double drip(int fd, char byte)
{
	int64_t begun = clock_monotonic_us();
	struct pollfd ready = { .fd = fd, .events = POLLIN | POLLRDHUP };

	for (int i = 0; i < 80; i++) {
		(void)send(fd, &byte, 1, MSG_NOSIGNAL); /* fails when closed: poll says so */
		if (poll(&ready, 1, 100) > 0 && recv(fd, talk.text, sizeof talk.text, MSG_DONTWAIT) <= 0)
			break;
	}
	return (double)(clock_monotonic_us() - begun) / 1e6;
}

static void dripped(const char *opening, double at_most)
{
	int fd = rig_connect(rig.port);

	rig_send(fd, opening, strlen(opening));
	double took = drip(fd, 'a');
	close(fd);
	if (took > at_most || took < 0.5)
		fail_msg("%s: cut after %.1f s", opening, took);
}

static void drip_fed_headers_are_cut_at_the_deadline(void **state)
{
	(void)state;
	dripped("", 2);
	dripped("GET /he", 2);
	dripped("GET /hello HTTP/1.1\r\nHost: ", 2);
}

static void a_drip_fed_body_is_cut_at_the_deadline(void **state)
{
	(void)state;
	dripped("POST /form HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", 2);
}

static void a_drip_on_a_kept_connection_is_cut_too(void **state)
{
	static const char bytes[] = "GET /hello HTTP/1.1\r\n" HOST "\r\n";
	int fd = rig_connect(rig.port);

	(void)state;
	rig_send(fd, bytes, sizeof bytes - 1);
	rig_read(fd, &talk, 600);
	assert_int_equal(talk.status, 200);
	double took = drip(fd, 'G');
	close(fd);
	if (took > 2.5)
		fail_msg("cut after %.1f s", took);
}

static void a_client_that_does_not_read_is_cut_at_the_end_of_its_exchange(void **state)
{
	static const char bytes[] = "GET /hello HTTP/1.1\r\n" HOST;
	int fd = rig_connect(rig.port);

	(void)state;
	rig_send(fd, bytes, sizeof bytes - 1); /* and never ends its head */
	rig_read(fd, &talk, 4000);
	assert_true(talk.closed);
	assert_true(talk.took < 2);
	close(fd);
}

/* ---- load ---- */

static void a_full_lane_says_when_to_come_back(void **state)
{
	static const char bytes[] = "GET /slow HTTP/1.1\r\n" HOST "\r\n";
	int fds[6], shed = 0, served = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = rig_connect(rig.port);
		rig_send(fds[i], bytes, sizeof bytes - 1);
	}
	expect_lines("GET /quick HTTP/1.1\r\n" HOST "\r\n", 200, "hello"); /* the other lane is not held up */
	for (size_t i = 0; i < COUNT(fds); i++) {
		rig_read(fds[i], &talk, 1500);
		close(fds[i]);
		served += talk.status == 200;
		shed += talk.status == 503 && strstr(talk.text, "Retry-After: 1") != NULL;
	}
	assert_int_equal(served + shed, (int)COUNT(fds));
	assert_true(served >= 1 && shed >= 1);
}

static void one_address_cannot_take_all_connections(void **state)
{
	struct rig small;
	struct config config = rig_config();
	int fds[30], refused = 0;
	struct timespec moment = { .tv_nsec = 100000000 };

	(void)state;
	config.limits.connections_per_address = 10;
	rig_start(&small, config, 1);
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = rig_connect(small.port);
	nanosleep(&moment, NULL);
	for (size_t i = 0; i < COUNT(fds); i++) {
		struct pollfd ready = { .fd = fds[i], .events = POLLIN | POLLRDHUP };

		refused += poll(&ready, 1, 0) > 0;
		close(fds[i]);
	}
	assert_true(refused >= 20);
	talk.status = 0;
	for (int i = 0; i < 30 && talk.status != 200; i++) { /* places are given back, soon */
		nanosleep(&moment, NULL);
		rig_talk(small.port, RAW("GET /hello HTTP/1.1\r\n" HOST "\r\n"), &talk, 200);
	}
	assert_int_equal(talk.status, 200);
	rig_stop(&small);
}

static void stopping_lets_what_runs_finish(void **state)
{
	static const char bytes[] = "GET /slow HTTP/1.1\r\n" HOST "\r\n";
	struct rig own;
	struct timespec moment = { .tv_nsec = 100000000 };

	(void)state;
	rig_start(&own, rig_config(), 4);
	int fd = rig_connect(own.port), idle = rig_connect(own.port);
	rig_send(fd, bytes, sizeof bytes - 1);
	nanosleep(&moment, NULL);
	rig_stop(&own);
	rig_read(fd, &talk, 500);
	assert_int_equal(talk.status, 200);
	assert_non_null(strstr(talk.text, "Connection: close"));
	close(fd);
	close(idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_hundred_arguments_get_an_answer),
		cmocka_unit_test(headers_are_bounded_in_number_and_size),
		cmocka_unit_test(a_cookie_line_of_thousands_ends_the_connection_at_once),
		cmocka_unit_test(a_body_over_the_routes_limit_is_413_before_it_is_sent),
		cmocka_unit_test(drip_fed_headers_are_cut_at_the_deadline),
		cmocka_unit_test(a_drip_fed_body_is_cut_at_the_deadline),
		cmocka_unit_test(a_drip_on_a_kept_connection_is_cut_too),
		cmocka_unit_test(a_client_that_does_not_read_is_cut_at_the_end_of_its_exchange),
		cmocka_unit_test(a_full_lane_says_when_to_come_back),
		cmocka_unit_test(one_address_cannot_take_all_connections),
		cmocka_unit_test(stopping_lets_what_runs_finish),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
