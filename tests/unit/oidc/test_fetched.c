/* test_fetched.c: documents of other servers are fetched once, kept, and asked for again in good time. */
#include "kit/store_kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/text.h"
#include "http/fetch.h"
#include "oidc/fetched.h"

#define START INT64_C(1790000000)

static const struct config development = { .issuer = "http://localhost:8080", .development = true };
static struct app app = { .config = &development };

/* ---- another server: answers with what the test set, after a while ---- */

static struct {
	int listener;
	char address[64];
	pthread_t thread;
	_Atomic int hits;
	_Atomic int status; /* 0: closes without an answer */
	_Atomic int wait_ms;
	const char *body, *headers;
} server;

static void answer_one(int peer)
{
	char got[4096], head[400];

	(void)!recv(peer, got, sizeof got, 0);
	server.hits++;
	usleep((useconds_t)server.wait_ms * 1000);
	if (server.status) {
		snprintf(head, sizeof head,
			 "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n", server.status,
			 strlen(server.body), server.headers);
		(void)!send(peer, head, strlen(head), MSG_NOSIGNAL);
		(void)!send(peer, server.body, strlen(server.body), MSG_NOSIGNAL);
	}
	close(peer);
}

static void *run_server(UNUSED void *nothing)
{
	int peer;

	while ((peer = accept(server.listener, NULL, NULL)) >= 0)
		answer_one(peer);
	return NULL;
}

static int start_server(UNUSED void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(server.listener, 64), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&at, &size), 0);
	snprintf(server.address, sizeof server.address, "http://127.0.0.1:%u/doc", ntohs(at.sin_port));
	app.fetcher = fetcher_new(&development);
	return pthread_create(&server.thread, NULL, run_server, NULL);
}

static int stop_server(UNUSED void **state)
{
	shutdown(server.listener, SHUT_RDWR);
	close(server.listener);
	pthread_join(server.thread, NULL);
	fetcher_free(app.fetcher);
	return 0;
}

static int begin(UNUSED void **state)
{
	server.hits = 0;
	server.status = 200;
	server.wait_ms = 0;
	server.body = "one";
	server.headers = "";
	return 0;
}

/* ---- documents: short texts; "bad..." is none ---- */

static void *read_text(const char *text, size_t size)
{
	return size && strncmp(text, "bad", 3) != 0 ? strndup(text, size) : NULL;
}

static const struct fetched_kind texts = {
	.accept = "text/plain", .size_max = 1000, .read = read_text, .forget = free
};

static void fetched_done(struct fetched **fetched)
{
	fetched_free(*fetched);
}

/* What stands there at START + seconds; "-": nothing. */
static void expect(struct fetched *fetched, int64_t seconds, bool fresh, const char *text, int hits)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work w = { .arena = arena, .app = &app, .now = START + seconds };
	const struct fetched_ask ask = { .address = server.address, .fresh = fresh, .patient = true };
	struct fetched_item *item = fetched_hold(&w, fetched, &ask);

	assert_string_equal(item ? item->thing : "-", text);
	assert_int_equal(server.hits, hits);
	fetched_let_go(fetched, item);
}

static void a_document_is_kept_as_long_as_its_server_says_within_bounds(UNUSED void **state)
{
	static const struct {
		const char *headers;
		int64_t kept;
	} ages[] = {
		{ "", 3600 },
		{ "Cache-Control: max-age=600\r\n", 600 },
		{ "Cache-Control: max-age=1\r\n", 300 },
		{ "Cache-Control: no-store\r\n", 300 },
		{ "Cache-Control: max-age=99999999\r\n", 86400 },
	};

	for (size_t i = 0; i < COUNT(ages); i++) {
		AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);

		(void)begin(NULL);
		server.headers = ages[i].headers;
		expect(fetched, 0, false, "one", 1);
		server.body = "two";
		expect(fetched, ages[i].kept - 1, false, "one", 1);
		expect(fetched, ages[i].kept, false, "two", 2);
	}
}

static void one_that_cannot_be_had_again_stays_for_a_day(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);

	expect(fetched, 0, false, "one", 1);
	server.status = 0;
	expect(fetched, 3600, false, "one", 2);
	expect(fetched, 3659, false, "one", 2);
	expect(fetched, 3660, false, "one", 3);
	server.status = 500;
	expect(fetched, 3600 + 86400, false, "one", 4);
	expect(fetched, 3600 + 86401, false, "-", 4);
}

static void a_fetch_that_failed_is_not_tried_again_for_a_minute(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);

	server.body = "bad";
	expect(fetched, 0, false, "-", 1);
	server.body = "good";
	expect(fetched, 59, false, "-", 1);
	expect(fetched, 60, false, "good", 2);
}

static void fresh_is_as_it_is_right_now_or_nothing(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);

	expect(fetched, 0, true, "one", 1);
	server.body = "two";
	expect(fetched, 1, true, "two", 2);
	server.status = 0;
	expect(fetched, 2, true, "-", 3);
	expect(fetched, 3, false, "two", 3); /* who does not insist is served meanwhile */
}

static void what_is_larger_than_it_may_be_is_none(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);
	static char large[1002];

	memset(large, 'x', 1001);
	server.body = large;
	expect(fetched, 0, false, "-", 1);
}

static void what_does_not_serve_is_fetched_anew_once_a_minute(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work w = { .arena = arena, .app = &app, .now = START };
	struct fetched_ask ask = { .address = server.address };
	struct fetched_item *first = fetched_hold(&w, fetched, &ask);

	assert_non_null(first);
	server.body = "two";
	ask.unless = first;
	struct fetched_item *second = fetched_hold(&w, fetched, &ask);

	assert_string_equal(second->thing, "two");
	assert_string_equal(first->thing, "one"); /* held, so still there */
	ask.unless = second;
	for (int i = 0; i < 1000; i++)
		assert_null(fetched_hold(&w, fetched, &ask));
	assert_int_equal(server.hits, 2);
	w.now += 60;
	struct fetched_item *third = fetched_hold(&w, fetched, &ask);

	assert_non_null(third);
	assert_int_equal(server.hits, 3);
	fetched_let_go(fetched, first);
	fetched_let_go(fetched, second);
	fetched_let_go(fetched, third);
}

static void memory_is_bounded_whatever_is_asked_for(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work w = { .arena = arena, .app = &app, .now = START };

	expect(fetched, -100, false, "one", 1);
	server.status = 404;
	for (int i = 0; i < 300; i++) {
		char address[100];

		snprintf(address, sizeof address, "%s/%d", server.address, i);
		assert_null(fetched_hold(&w, fetched, &(struct fetched_ask){ .address = address }));
	}
	server.status = 200;
	expect(fetched, 0, false, "one", 302); /* the one tried longest ago had made room */
}

/* ---- many at once ---- */

struct visitor {
	pthread_t thread;
	struct fetched *fetched;
	bool patient;
	bool served;
};

static void *visit(void *of)
{
	struct visitor *v = of;
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work w = { .arena = arena, .app = &app, .now = START };
	const struct fetched_ask ask = { .address = server.address, .patient = v->patient };
	struct fetched_item *item = fetched_hold(&w, v->fetched, &ask);

	v->served = item && text_equal(item->thing, "one");
	fetched_let_go(v->fetched, item);
	return NULL;
}

static int visit_at_once(struct fetched *fetched, bool patient)
{
	struct visitor visitors[12];
	int served = 0;

	for (size_t i = 0; i < COUNT(visitors); i++) {
		visitors[i] = (struct visitor){ .fetched = fetched, .patient = patient };
		assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
	}
	for (size_t i = 0; i < COUNT(visitors); i++) {
		pthread_join(visitors[i].thread, NULL);
		served += visitors[i].served;
	}
	return served;
}

static void all_who_come_at_once_are_served_by_one_fetch(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);

	server.wait_ms = 300;
	assert_int_equal(visit_at_once(fetched, true), 12);
	assert_int_equal(server.hits, 1);
}

static void who_may_not_wait_goes_on_without(UNUSED void **state)
{
	AUTO(fetched_done) struct fetched *fetched = fetched_new(&texts);

	server.wait_ms = 300;
	assert_int_equal(visit_at_once(fetched, false), 1);
	assert_int_equal(server.hits, 1);
}

#define QUIET(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUIET(a_document_is_kept_as_long_as_its_server_says_within_bounds),
		QUIET(one_that_cannot_be_had_again_stays_for_a_day),
		QUIET(a_fetch_that_failed_is_not_tried_again_for_a_minute),
		QUIET(fresh_is_as_it_is_right_now_or_nothing),
		QUIET(what_is_larger_than_it_may_be_is_none),
		QUIET(what_does_not_serve_is_fetched_anew_once_a_minute),
		QUIET(memory_is_bounded_whatever_is_asked_for),
		QUIET(all_who_come_at_once_are_served_by_one_fetch),
		QUIET(who_may_not_wait_goes_on_without),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
