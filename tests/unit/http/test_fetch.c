/* test_fetch.c: where a fetch may go, and how much it may bring back. */
#include "unit/http/unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cidr.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/fetch_target.h"

static struct unit unit;

/* ---- a server that says what it is told to ---- */

static struct peer {
	int socket;
	uint16_t port;
	pthread_t thread;
	const char *answer; /* head and first bytes */
	size_t more;        /* then so many more */
	unsigned wait_ms;   /* before the answer */
	char asked[4096];
	int visits;
} peer;

static void serve_one(int fd)
{
	static char filling[4096];
	struct timespec moment = { .tv_sec = peer.wait_ms / 1000,
				   .tv_nsec = (peer.wait_ms % 1000) * 1000000L };
	ssize_t n = recv(fd, peer.asked, sizeof peer.asked - 1, 0);

	peer.asked[n > 0 ? n : 0] = '\0';
	peer.visits++;
	nanosleep(&moment, NULL);
	(void)send(fd, peer.answer, strlen(peer.answer), MSG_NOSIGNAL);
	for (size_t left = peer.more; left > 0;) {
		n = send(fd, filling, left < sizeof filling ? left : sizeof filling, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		left -= (size_t)n;
	}
}

static void *serve(void *argument)
{
	int fd;

	(void)argument;
	while ((fd = accept(peer.socket, NULL, NULL)) >= 0) {
		serve_one(fd);
		close(fd);
	}
	return NULL;
}

static void start_peer(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	peer.socket = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(peer.socket >= 0);
	assert_int_equal(bind(peer.socket, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(peer.socket, 8), 0);
	assert_int_equal(getsockname(peer.socket, (struct sockaddr *)&at, &size), 0);
	peer.port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&peer.thread, NULL, serve, NULL), 0);
}

static int begin(void **state)
{
	unit_begin(state);
	unit_request(&unit, true);
	unit.app.fetcher = fetcher_new(&unit.config);
	assert_non_null(unit.app.fetcher);
	peer = (struct peer){ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" };
	start_peer();
	return 0;
}

static int end(void **state)
{
	shutdown(peer.socket, SHUT_RDWR);
	pthread_join(peer.thread, NULL);
	close(peer.socket);
	fetcher_free(unit.app.fetcher);
	return unit_end(state);
}

static enum err ask(const struct fetch_ask *what, struct fetch_answer *answer)
{
	struct fetch_ask with = *what;

	if (!with.url)
		with.url = arena_print(arena, "http://localhost:%u/x", peer.port);
	return fetch(&unit.rq.w, &with, answer);
}

/* ---- by form ---- */

static void an_address_is_allowed_by_its_form_alone(void **state)
{
	static const char *const allow[] = { "adfs.clinic.example", "10.1.2.0/24", NULL };
	static const struct {
		const char *url;
		bool production, development, with_allow;
	} rows[] = {
		{ "https://login.example/x", true, true, true },
		{ "https://login.example:8443/x?y#z", true, true, true },
		{ "http://login.example/", false, false, false },
		{ "https://8.8.8.8/", true, true, true },
		{ "https://127.0.0.1/", false, true, false },
		{ "https://localhost/", false, true, false },
		{ "http://localhost:9000/", false, true, false },
		{ "http://127.0.0.1:9000/", false, true, false },
		{ "http://[::1]:9000/", false, true, false },
		{ "https://[::1]/", false, true, false },
		{ "https://[::ffff:127.0.0.1]/", false, true, false },
		{ "https://169.254.169.254/latest/meta-data/", false, false, false },
		{ "https://10.1.2.3/", false, false, true },
		{ "https://10.1.3.3/", false, false, false },
		{ "https://192.168.1.1/", false, false, false },
		{ "https://172.16.0.1/", false, false, false },
		{ "https://100.64.0.1/", false, false, false },
		{ "https://0.0.0.0/", false, false, false },
		{ "https://[fc00::1]/", false, false, false },
		{ "https://[fe80::1]/", false, false, false },
		{ "https://[64:ff9b::7f00:1]/", false, false, false },
		{ "https://2130706433/", false, false, false },
		{ "https://0x7f000001/", false, false, false },
		{ "https://0177.0.0.1/", false, false, false },
		{ "https://127.1/", false, false, false },
		{ "https://127.0.0.0x1/", false, false, false },
		{ "https://127.0.0.1./", false, false, false },
		{ "https://adfs.clinic.example/", true, true, true },
		{ "https://user@login.example/", false, false, false },
		{ "https://login.example@127.0.0.1/", false, false, false },
		{ "https://login.example\\@127.0.0.1/", false, false, false },
		{ "https://login.example /", false, false, false },
		{ "https://login.example\r\nX: y/", false, false, false },
		{ "file:///etc/passwd", false, false, false },
		{ "gopher://login.example/", false, false, false },
		{ "ftp://login.example/", false, false, false },
		{ "//login.example/", false, false, false },
		{ "https:///x", false, false, false },
		{ "https://login.example:0/", false, false, false },
		{ "https://login.example:99999/", false, false, false },
		{ "https://login.example:x/", false, false, false },
		{ "", false, false, false },
		{ NULL, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config production = { .development = false }, development = { .development = true };
		struct config with_allow = { .outbound = { .allow = allow } };

		if (fetch_url_allowed(&production, rows[i].url) != rows[i].production ||
		    fetch_url_allowed(&development, rows[i].url) != rows[i].development ||
		    fetch_url_allowed(&with_allow, rows[i].url) != rows[i].with_allow)
			fail_msg("%s", rows[i].url ? rows[i].url : "(none)");
	}
}

static void a_name_that_leads_inside_is_refused_on_the_socket(void **state)
{
	static const char *const allow[] = { "named.example", "10.1.2.0/24", NULL };
	static const struct {
		const char *host, *address;
		bool plain, development, with_allow;
	} rows[] = {
		{ "login.example", "8.8.8.8", true, true, true },
		{ "login.example", "127.0.0.1", false, false, false }, /* rebinding: in development too */
		{ "localhost", "127.0.0.1", false, true, false },
		{ "localhost", "10.0.0.1", false, false, false },
		{ "login.example", "10.1.2.3", false, false, true },
		{ "login.example", "10.1.3.3", false, false, false },
		{ "named.example", "192.168.7.7", false, false, true },
		{ "NAMED.example", "192.168.7.7", false, false, true },
		{ "x.named.example", "192.168.7.7", false, false, false },
		{ "login.example", "::ffff:169.254.169.254", false, false, false },
		{ "login.example", "fd00::1", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config plain = { .development = false }, development = { .development = true };
		struct config with_allow = { .outbound = { .allow = allow } },
			      open = { .outbound = { .allow_private_targets = true } };
		struct address address;

		assert_true(address_parse(rows[i].address, &address));
		if (target_address_allowed(&plain, rows[i].host, &address) != rows[i].plain ||
		    target_address_allowed(&development, rows[i].host, &address) != rows[i].development ||
		    target_address_allowed(&with_allow, rows[i].host, &address) != rows[i].with_allow ||
		    !target_address_allowed(&open, rows[i].host, &address))
			fail_msg("%s at %s", rows[i].host, rows[i].address);
	}
}

/* Our own machine's name is no loopback name by form, and leads inside. */
static void the_socket_check_is_the_one_that_counts(void **state)
{
	char name[256] = "";
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct address address;
	struct fetch_answer answer;

	(void)state;
	assert_int_equal(gethostname(name, sizeof name - 1), 0);
	unit.config.development = false;
	if (getaddrinfo(name, NULL, &hints, &found) != 0 ||
	    !address_from_sockaddr(found->ai_addr, &address) || !address_is_private(&address) ||
	    !fetch_url_allowed(&unit.config, arena_print(arena, "https://%s/", name))) {
		if (found)
			freeaddrinfo(found);
		skip(); /* this machine's name leads nowhere or outside */
	}
	freeaddrinfo(found);
	assert_int_equal(
		ask(&(struct fetch_ask){ .url = arena_print(arena, "https://%s:%u/", name, peer.port) },
		    &answer),
		ERR_FETCH_REFUSED);
	assert_int_equal(peer.visits, 0);
}

/* ---- what comes back ---- */

static void an_answer_is_brought_back_whole(void **state)
{
	struct fetch_answer answer;

	(void)state;
	peer.answer =
		"HTTP/1.1 404 Not Found\r\nContent-Type: Application/JSON; charset=utf-8\r\nCache-Control: "
		"public, Max-Age=900\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
	assert_int_equal(ask(&(struct fetch_ask){ .accept = "application/json" }, &answer), OK);
	assert_int_equal(answer.status, 404);
	assert_string_equal(answer.content_type, "application/json");
	assert_int_equal(answer.max_age, 900);
	assert_int_equal(answer.body.size, 7);
	assert_memory_equal(answer.body.at, "{\"a\":1}", 7);
	assert_non_null(strstr(peer.asked, "GET /x HTTP/1.1\r\n"));
	assert_non_null(strstr(peer.asked, "Accept: application/json\r\n"));
}

static void a_post_carries_its_body_and_authorization(void **state)
{
	struct fetch_answer answer;
	const struct fetch_ask what = { .content_type = "application/x-www-form-urlencoded",
					.body = BYTES_OF("a=b&c=d"),
					.authorization = "Basic eDp5" };

	(void)state;
	assert_int_equal(ask(&what, &answer), OK);
	assert_int_equal(answer.max_age, -1);
	assert_null(answer.content_type);
	assert_non_null(strstr(peer.asked, "POST /x HTTP/1.1\r\n"));
	assert_non_null(strstr(peer.asked, "Authorization: Basic eDp5\r\n"));
	assert_non_null(strstr(peer.asked, "Content-Type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strstr(peer.asked, "\r\n\r\na=b&c=d"));
	/* The next fetch of this thread carries nothing of it. */
	assert_int_equal(ask(&(struct fetch_ask){ .url = NULL }, &answer), OK);
	assert_null(strstr(peer.asked, "Authorization"));
	assert_non_null(strstr(peer.asked, "GET /x"));
}

static void redirects_are_brought_back_and_not_followed(void **state)
{
	struct fetch_answer answer;

	(void)state;
	peer.answer = arena_print(
		arena,
		"HTTP/1.1 302 Found\r\nLocation: http://localhost:%u/inside\r\nContent-Length: 0\r\n\r\n",
		peer.port);
	assert_int_equal(ask(&(struct fetch_ask){ .url = NULL }, &answer), OK);
	assert_int_equal(answer.status, 302);
	assert_int_equal(peer.visits, 1);
}

static void an_answer_that_is_too_large_is_none(void **state)
{
	static const struct {
		const char *head;
		size_t size;
		enum err wanted;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n", 262144, OK },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n", 262145, ERR_FETCH },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 262145,
		  ERR_FETCH }, /* its size is not announced */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fetch_answer answer = { .status = -1 };

		peer.answer = rows[i].head;
		peer.more = rows[i].size;
		assert_int_equal(ask(&(struct fetch_ask){ .url = NULL }, &answer), rows[i].wanted);
		assert_int_equal(answer.status, rows[i].wanted == OK ? 200 : -1); /* set only on success */
	}
}

static void a_server_that_does_not_answer_is_given_up(void **state)
{
	struct fetch_answer answer;
	int64_t begun = clock_monotonic_us();

	(void)state;
	peer.wait_ms = 6000;
	assert_int_equal(ask(&(struct fetch_ask){ .url = NULL }, &answer), ERR_FETCH);
	double took = (double)(clock_monotonic_us() - begun) / 1e6;
	assert_true(took > 4 && took < 6);
	assert_non_null(strstr(unit.rq.w.reason, "localhost"));
}

static void nobody_there_is_a_fault_with_its_reason(void **state)
{
	struct fetch_answer answer;

	(void)state;
	assert_int_equal(ask(&(struct fetch_ask){ .url = "http://127.0.0.1:1/" }, &answer), ERR_FETCH);
	assert_int_equal(unit.rq.w.err, ERR_FETCH);
	assert_int_equal(ask(&(struct fetch_ask){ .url = "http://evil.example/" }, &answer),
			 ERR_FETCH_REFUSED);
}

static void an_entity_tag_comes_back_as_it_was_sent(void **state)
{
	static const struct {
		const char *head, *etag;
	} rows[] = {
		{ "ETag: \"one\"\r\n", "\"one\"" }, { "ETag: W/\"two\"\r\n", "W/\"two\"" },
		{ "ETag: \"\"\r\n", "\"\"" },       { "", NULL },
		{ "ETag: one\r\n", NULL },          { "ETag: \"a\"b\"\r\n", NULL },
		{ "ETag: \"a b\"\r\n", NULL },      { "ETag: \"\r\n", NULL },
		{ "ETag: \"a\tb\"\r\n", NULL },
	};
	struct fetch_answer answer = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		peer.answer = arena_print(
			arena, "HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: 2\r\n\r\n{}",
			rows[i].head);
		assert_int_equal(ask(&(struct fetch_ask){ 0 }, &answer), OK);
		if (!text_equal(answer.etag, rows[i].etag))
			fail_msg("%s: %s", rows[i].head, answer.etag ? answer.etag : "(none)");
		assert_null(strstr(peer.asked, "If-None-Match"));
	}
	peer.answer = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nETag: \"one\"\r\n\r\n";
	assert_int_equal(ask(&(struct fetch_ask){ .if_none_match = "\"one\"" }, &answer), OK);
	assert_int_equal(answer.status, 304);
	assert_int_equal(answer.body.size, 0);
	assert_non_null(strstr(peer.asked, "If-None-Match: \"one\"\r\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_entity_tag_comes_back_as_it_was_sent),
		TEST(an_address_is_allowed_by_its_form_alone),
		TEST(a_name_that_leads_inside_is_refused_on_the_socket),
		TEST(the_socket_check_is_the_one_that_counts),
		TEST(an_answer_is_brought_back_whole),
		TEST(a_post_carries_its_body_and_authorization),
		TEST(redirects_are_brought_back_and_not_followed),
		TEST(an_answer_that_is_too_large_is_none),
		TEST(a_server_that_does_not_answer_is_given_up),
		TEST(nobody_there_is_a_fault_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
