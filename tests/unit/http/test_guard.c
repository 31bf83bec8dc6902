/* test_guard.c: what is refused before a route is looked up, without a socket. */
#include "unit/http/unit.h"

#include "http/guard.h"

static void a_target_has_one_canonical_spelling(void **state)
{
	static const char *const good[] = { "/",
					    "/login",
					    "/login/",
					    "/a/b/c",
					    "/a.b",
					    "/.well-known/openid-configuration",
					    "/a..b",
					    "/a%20b",
					    "/%C3%BC",
					    "/?a=b",
					    "/a?redirect_uri=https%3A%2F%2Fx.example%2Fcb",
					    "/a?b=%2e%2e%2f",
					    "/a?//",
					    "/a?b=../..",
					    "/a?",
					    "/~ada",
					    "/a?b=c?d",
					    "/a:b@c",
					    "/a?x=\\" };
	static const char *const bad[] = {
		"",       "*",         "a",       "http://x/", "//",      "//a",       "/a//b",
		"/a//",   "/.",        "/..",     "/./a",      "/a/./b",  "/a/..",     "/a/../b",
		"/%2e",   "/%2E%2e/a", "/.%2e/a", "/a%2fb",    "/a%2Fb",  "/a%5cb",    "/a\\b",
		"/a%00",  "/a?b=%00",  "/a b",    "/a?b c",    "/a\tb",   "/a#b",      "/a?b#c",
		"/a%",    "/a%2",      "/a%zz",   "/a?b=%",    "/a?b=%2", "/a?b=%g0",  "/%61",
		"/a%2Db", "/a%7e",     "/a%0a",   "/a%7f",     "/a\x7f",  "/\xc3\xbc", "/a?b=\xc3\xbc",
		"/a\x01"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (guard_target(good[i], strlen(good[i])) != OK)
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (guard_target(bad[i], strlen(bad[i])) != ERR_MALFORMED)
			fail_msg("%s is accepted", bad[i]);
	assert_int_equal(guard_target("/a\0b", 4), ERR_MALFORMED);
}

static void more_than_a_hundred_arguments_are_refused(void **state)
{
	char target[400] = "/a?";

	(void)state;
	for (size_t i = 0; i < 99; i++)
		strncat(target, "b&", 3);
	assert_int_equal(guard_target(target, strlen(target)), OK);
	strncat(target, "&", 2);
	assert_int_equal(guard_target(target, strlen(target)), ERR_MALFORMED);
}

/* "Name: value" lines, ends with NULL. */
static enum err guard_lines(const char *const *lines, struct head *head)
{
	*head = (struct head){ .method = "GET", .version = "HTTP/1.1", .bytes = 100 };
	for (; *lines; lines++) {
		const char *colon = strchr(*lines, ':');
		struct header *header = &head->headers[head->count++];

		header->name = arena_textn(arena, *lines, (size_t)(colon - *lines));
		header->name_size = (size_t)(colon - *lines);
		header->value = colon + 1 + strspn(colon + 1, " ");
		header->value_size = strlen(header->value);
	}
	return guard_head(head);
}

static void fields_are_plain_or_refused(void **state)
{
	static const struct {
		const char *lines[4];
		enum err wanted;
	} rows[] = {
		{ { "Host: x" }, OK },
		{ { "host: x", "content-length: 5" }, OK },
		{ { "Host: x", "Content-Length: 9223372036854775807" }, ERR_MALFORMED },
		{ { "Host: x", "Content-Length: " }, ERR_MALFORMED },
		{ { "Host: x", "Content-Length: 1 2" }, ERR_MALFORMED },
		{ { "Host: x", "Content-Length: 1", "content-length: 1" }, ERR_MALFORMED },
		{ { "Host: x", "Transfer-Encoding: chunked" }, ERR_LENGTH_REQUIRED },
		{ { "Host: x", "transfer-encoding: " }, ERR_LENGTH_REQUIRED },
		{ { "Host: x", "Host: x" }, ERR_MALFORMED },
		{ { "Host: " }, ERR_MALFORMED },
		{ { "Accept: x" }, ERR_MALFORMED },
		{ { "Host: x", "Accept: a", "Accept: b" }, OK },
		{ { "Host: x", "X-Forwarded-For: a", "X-Forwarded-For: b" }, OK },
		{ { "Host: x", "X-Forwarded-Proto: a", "X-Forwarded-Proto: b" }, ERR_MALFORMED },
		{ { "Host: x", "Origin: a", "Origin: a" }, ERR_MALFORMED },
		{ { "Host: x", "Content-Encoding: gzip" }, ERR_MEDIA_TYPE },
		{ { "Host: x", "Content-Encoding: identity" }, OK },
		{ { "Host: x", "A B: c" }, ERR_MALFORMED },
		{ { "Host: x", "A\x01: c" }, ERR_MALFORMED },
		{ { "Host: x", ": c" }, ERR_MALFORMED },
		{ { "Host: x", "A: \x02" }, ERR_MALFORMED },
		{ { "Host: x", "A: b\tc" }, OK },
		{ { "Host: x", "User-Agent: \xc3\xbc" }, OK },
		{ { "Host: x", "Authorization: \xc3\xbc" }, ERR_MALFORMED },
		{ { "Host: x ", "A: b" }, ERR_MALFORMED },
	};
	struct head head;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum err err = guard_lines(rows[i].lines, &head);

		if (err != rows[i].wanted)
			fail_msg("row %zu (%s): %d", i,
				 rows[i].lines[1] ? rows[i].lines[1] : rows[i].lines[0], err);
	}
}

static void the_length_is_read_once_for_all(void **state)
{
	static const char *const lines[] = { "Host: x", "Content-Length: 0042", NULL };
	struct head head;

	(void)state;
	assert_int_equal(guard_lines(lines, &head), OK);
	assert_int_equal(head.length, 42);
	assert_string_equal(head.known[FIELD_HOST], "x");
}

static void the_pieces_must_stand_side_by_side(void **state)
{
	/* As the library leaves its buffer: NULs for blank, colon and line ends. */
	static const char buffer[] = "GET\0/a\0HTTP/1.1\0\0Host\0 x\0\0A\0b\0\0\0";
	struct head clean = { .method = buffer,
			      .target = buffer + 4,
			      .target_size = 2,
			      .version = buffer + 7,
			      .count = 2,
			      .bytes = sizeof buffer };

	(void)state;
	clean.headers[0] = (struct header){ buffer + 17, buffer + 23, 4, 1 };
	clean.headers[1] = (struct header){ buffer + 26, buffer + 28, 1, 1 };
	assert_int_equal(guard_layout(&clean), OK);
	struct head moved = clean;
	moved.headers[1].name = "A"; /* a folded name stands elsewhere */
	assert_int_equal(guard_layout(&moved), ERR_MALFORMED);
	moved = clean;
	moved.headers[0].value_size = 0; /* a NUL in the value cut it */
	assert_int_equal(guard_layout(&moved), ERR_MALFORMED);
	moved = clean;
	moved.bytes--; /* a line that ended in LF alone */
	assert_int_equal(guard_layout(&moved), ERR_MALFORMED);
	moved = clean;
	moved.target_size = 1;
	assert_int_equal(guard_layout(&moved), ERR_MALFORMED);
	moved = clean;
	moved.count = 1; /* a line that the library passed over */
	assert_int_equal(guard_layout(&moved), ERR_MALFORMED);
}

static void only_configured_hosts_are_ours(void **state)
{
	static const struct {
		bool development;
		const char *issuer_host, *host;
		enum err wanted;
	} rows[] = {
		{ false, "id.example", "id.example", OK },
		{ false, "id.example", "ID.Example", OK },
		{ false, "id.example", "id.example:443", OK },
		{ false, "id.example", "id.example:8443", ERR_MISDIRECTED },
		{ false, "id.example:8443", "id.example:8443", OK },
		{ false, "id.example:8443", "id.example", ERR_MISDIRECTED },
		{ false, "id.example", "id.example.", ERR_MISDIRECTED },
		{ false, "id.example", "evil.example", ERR_MISDIRECTED },
		{ false, "id.example", "id.example.evil.example", ERR_MISDIRECTED },
		{ false, "id.example", "id.example:", ERR_MISDIRECTED },
		{ false, "id.example", "id.example:443x", ERR_MISDIRECTED },
		{ false, "id.example", "id.example@evil", ERR_MISDIRECTED },
		{ false, "id.example", "id.example/evil", ERR_MISDIRECTED },
		{ false, "id.example", "[id.example]", ERR_MISDIRECTED },
		{ false, "id.example", "localhost:8080", ERR_MISDIRECTED },
		{ false, "id.example", "127.0.0.1", ERR_MISDIRECTED },
		{ true, "localhost:8080", "localhost:8080", OK },
		{ true, "localhost:8080", "127.0.0.1:8080", OK },
		{ true, "localhost:8080", "[::1]:8080", OK },
		{ true, "localhost:8080", "localhost:5555", OK }, /* the port of the connection */
		{ true, "localhost:8080", "localhost:5556", ERR_MISDIRECTED },
		{ true, "localhost:8080", "[::1", ERR_MISDIRECTED },
		{ true, "localhost:8080", "rebound.example:8080", ERR_MISDIRECTED },
		{ true, "localhost:8080", "localhost", ERR_MISDIRECTED },
		{ true, "localhost", "localhost", OK },
		{ true, "localhost:8080", "localhost:0", ERR_MISDIRECTED },
		{ true, "localhost:8080", "localhost:65616", ERR_MISDIRECTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config config = { .development = rows[i].development,
					 .issuer_host = rows[i].issuer_host };

		if (guard_host(&config, rows[i].host, 5555) != rows[i].wanted)
			fail_msg("%s for %s", rows[i].host, rows[i].issuer_host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_has_one_canonical_spelling),
		cmocka_unit_test(more_than_a_hundred_arguments_are_refused),
		cmocka_unit_test(fields_are_plain_or_refused),
		cmocka_unit_test(the_length_is_read_once_for_all),
		cmocka_unit_test(the_pieces_must_stand_side_by_side),
		cmocka_unit_test(only_configured_hosts_are_ours),
	};

	return cmocka_run_group_tests(tests, unit_begin, unit_end);
}
