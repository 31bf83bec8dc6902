/* test_raw.c: the real server and raw sockets: what libmicrohttpd 0.9.75 would have let through. */
#include "unit/http/rig.h"

static struct rig rig;
static struct talk talk;

#define HOST   "Host: localhost:8080\r\n"
#define SECOND "GET /smuggled HTTP/1.1\r\n" HOST "\r\n"

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

/* ---- framing ---- */

/* Size and bytes: some have a NUL. */
#define RAW(text) text, sizeof(text) - 1
/* clang-format off */
static const struct {
	const char *what, *bytes;
	size_t size;
	int status; /* 0: closed without a word */
} framings[] = {
	{ "length and chunked", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "chunked and length", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "chunked alone", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "chunked, in capitals", RAW("POST /form HTTP/1.1\r\n" HOST "TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "identity", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n" SECOND), 411 },
	{ "gzip, chunked", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "an unknown coding", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "an empty coding", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\nContent-Length: 0\r\n\r\n" SECOND), 411 },
	{ "two codings", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "a chunk extension", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;x=\"\r\n\"\r\na=b\r\n0\r\n\r\n" SECOND), 411 },
	{ "chunk lines that end in LF", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\na=b\n0\n\n" SECOND), 411 },
	{ "a chunk size that overflows", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n" SECOND), 411 },
	{ "chunked in HTTP/1.0", RAW("POST /form HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "chunked on a GET", RAW("GET /hello HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND), 411 },
	{ "a blank before the colon", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" SECOND), 400 },
	{ "a tab before the colon", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" SECOND), 400 },
	{ "a coding on a folded line", RAW("POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" SECOND), 400 },
	{ "two lengths that differ", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 70\r\n\r\n" SECOND), 400 },
	{ "two lengths that agree", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=b" SECOND), 400 },
	{ "a list of lengths", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\na=b" SECOND), 400 },
	{ "a length with plus", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\na=b" SECOND), 400 },
	{ "a length below zero", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n" SECOND), 400 },
	{ "a length in hex", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\na=b" SECOND), 400 },
	{ "a length with letters", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 3a\r\n\r\na=b" SECOND), 400 },
	{ "a length that is empty", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n" SECOND), 400 },
	{ "a length with a blank behind", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 3 \r\n\r\na=b" SECOND), 400 },
	{ "a length beyond 64 bits", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n" SECOND), 413 },
	{ "a length and a blank before the colon", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\na=b" SECOND), 400 },
	{ "a body where none is read", RAW("GET /hello HTTP/1.1\r\n" HOST "Content-Length: 61\r\n\r\n" SECOND), 413 },
	{ "a folded line glued to a name", RAW("GET /hello HTTP/1.1\r\n" HOST "X-Forwarded-Fo: 6.6.6.6\r\n r\r\n\r\n" SECOND), 400 },
	{ "a folded line at the end", RAW("GET /hello HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n" SECOND), 400 },
	{ "a fold before the first field", RAW("GET /hello HTTP/1.1\r\n " HOST "\r\n" SECOND), 400 },
	{ "LF alone", RAW("GET /hello HTTP/1.1\nHost: localhost:8080\n\n" SECOND), 400 },
	{ "LF alone after one field", RAW("GET /hello HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n" SECOND), 400 },
	{ "LF alone after the request line", RAW("GET /hello HTTP/1.1\n" HOST "\r\n" SECOND), 400 },
	{ "CR alone in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "A: b\rTransfer-Encoding: chunked\r\n\r\n" SECOND), 400 },
	{ "NUL in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n" SECOND), 400 },
	{ "NUL in a name", RAW("GET /hello HTTP/1.1\r\n" HOST "A\0B: c\r\n\r\n" SECOND), 400 },
	{ "NUL in the host", RAW("GET /hello HTTP/1.1\r\nHost: localhost:8080\0.evil.example\r\n\r\n" SECOND), 400 },
	{ "NUL in the target", RAW("GET /hello\0/x HTTP/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "no host", RAW("GET /hello HTTP/1.1\r\n\r\n" SECOND), 400 },
	{ "no host in HTTP/1.0", RAW("GET /hello HTTP/1.0\r\n\r\n" SECOND), 400 },
	{ "two hosts", RAW("GET /hello HTTP/1.1\r\n" HOST "Host: evil.example\r\n\r\n" SECOND), 400 },
	{ "two equal hosts", RAW("GET /hello HTTP/1.1\r\n" HOST HOST "\r\n" SECOND), 400 },
	{ "an empty host", RAW("GET /hello HTTP/1.1\r\nHost:\r\n\r\n" SECOND), 400 },
	{ "a host that is not ours", RAW("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n" SECOND), 421 },
	{ "our host at another port", RAW("GET /hello HTTP/1.1\r\nHost: localhost:1\r\n\r\n" SECOND), 421 },
	{ "a host with a path", RAW("GET /hello HTTP/1.1\r\nHost: localhost:8080/x\r\n\r\n" SECOND), 421 },
	{ "a host with a user", RAW("GET /hello HTTP/1.1\r\nHost: evil@localhost:8080\r\n\r\n" SECOND), 421 },
	{ "a host behind a comma", RAW("GET /hello HTTP/1.1\r\nHost: localhost:8080, evil.example\r\n\r\n" SECOND), 421 },
	{ "an absolute target", RAW("GET http://localhost:8080/hello HTTP/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "CONNECT", RAW("CONNECT localhost:8080 HTTP/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "OPTIONS of everything", RAW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "TRACE", RAW("TRACE /hello HTTP/1.1\r\n" HOST "\r\n" SECOND), 405 },
	{ "a method in small letters", RAW("get /hello HTTP/1.1\r\n" HOST "\r\n" SECOND), 405 },
	{ "a method of our own", RAW("GETX /hello HTTP/1.1\r\n" HOST "\r\n" SECOND), 405 },
	{ "HTTP/1.9", RAW("GET /hello HTTP/1.9\r\n" HOST "\r\n" SECOND), 400 },
	{ "HTTP/2.0", RAW("GET /hello HTTP/2.0\r\n" HOST "\r\n" SECOND), 505 },
	{ "HTTP/0.9", RAW("GET /hello\r\n\r\n" SECOND), 400 },
	{ "a version in small letters", RAW("GET /hello http/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "two blanks after the method", RAW("GET  /hello HTTP/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "two blanks before the version", RAW("GET /hello  HTTP/1.1\r\n" HOST "\r\n" SECOND), 0 },
	{ "a tab after the method", RAW("GET\t/hello HTTP/1.1\r\n" HOST "\r\n" SECOND), 400 },
	{ "a blank in the target", RAW("GET /hello x HTTP/1.1\r\n" HOST "\r\n" SECOND), 0 },
	{ "a field without a colon", RAW("GET /hello HTTP/1.1\r\n" HOST "nonsense\r\n\r\n" SECOND), 400 },
	{ "a field without a name", RAW("GET /hello HTTP/1.1\r\n" HOST ": x\r\n\r\n" SECOND), 400 },
	{ "a blank in a name", RAW("GET /hello HTTP/1.1\r\n" HOST "Fo o: x\r\n\r\n" SECOND), 400 },
	{ "a bracket in a name", RAW("GET /hello HTTP/1.1\r\n" HOST "Fo(o: x\r\n\r\n" SECOND), 400 },
	{ "a control byte in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n" SECOND), 400 },
	{ "DEL in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n" SECOND), 400 },
	{ "two Cookie lines", RAW("GET /hello HTTP/1.1\r\n" HOST "Cookie: a=b\r\nCookie: a=c\r\n\r\n" SECOND), 400 },
	{ "two Authorization lines", RAW("GET /hello HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: b\r\n\r\n" SECOND), 400 },
	{ "two Content-Type lines", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n" SECOND), 400 },
	{ "a packed body", RAW("POST /form HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\na=b" SECOND), 415 },
	{ "Expect before a body that is too large", RAW("POST /form HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 9000\r\n\r\n" SECOND), 413 },
};
/* clang-format on */

static void no_request_behind_a_doubtful_one_is_ever_read(void **state)
{
	int failed = 0;

	(void)state;
	hits = smuggled = 0;
	for (size_t i = 0; i < COUNT(framings); i++) {
		rig_talk(rig.port, framings[i].bytes, framings[i].size, &talk, 1500);
		if (talk.status == framings[i].status && talk.closed && talk.answers <= 1 && smuggled == 0 &&
		    hits == 0)
			continue;
		print_error("%s: status %d, wanted %d; closed %d; answers %d; hits %d, smuggled %d\n",
			    framings[i].what, talk.status, framings[i].status, talk.closed, talk.answers,
			    hits, smuggled);
		hits = smuggled = 0;
		failed++;
	}
	assert_int_equal(failed, 0);
	assert_true(COUNT(framings) >= 45);
}

static void clean_requests_pass_in_every_ordinary_shape(void **state)
{
	static const struct {
		const char *bytes;
		int answers;
	} rows[] = {
		{ "GET /hello HTTP/1.1\r\n" HOST "\r\n", 1 },
		{ "GET /hello HTTP/1.1\r\nhost:localhost:8080\r\n\r\n", 1 },
		{ "GET /hello HTTP/1.1\r\nHOST:  \t localhost:8080\r\nAccept: */*\r\nUser-Agent: a b  \r\nX: "
		  "\r\n\r\n",
		  1 },
		{ "GET /hello HTTP/1.0\r\n" HOST "\r\n", 1 },
		{ "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n",
		  1 }, /* RFC 9112 2.2: an empty line before is passed over */
		{ "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n", 1 },
		{ "GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 1 },
		{ "GET /hello HTTP/1.1\r\n" HOST "\r\nGET /quick HTTP/1.1\r\n" HOST "\r\n", 2 },
		{ "POST /form HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\na=bGET /hello HTTP/1.1\r\n" HOST
		  "\r\n",
		  2 },
		{ "GET /hello HTTP/1.1\r\n" HOST
		  "Content-Length: 0\r\nCookie: a=b; c=d\r\n\r\nGET /hello?x=%2F HTTP/1.1\r\n" HOST "\r\n",
		  2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		hits = 0;
		rig_talk(rig.port, rows[i].bytes, strlen(rows[i].bytes), &talk, 200);
		if (talk.status != 200 || talk.answers != rows[i].answers || hits != rows[i].answers)
			fail_msg("%s: status %d, answers %d", rows[i].bytes, talk.status, talk.answers);
	}
}

static void a_request_may_come_in_pieces(void **state)
{
	static const char bytes[] = "POST /form HTTP/1.1\r\n" HOST "Content-Length: 7\r\nA: b\r\n\r\na=b&c=d";
	struct timespec moment = { .tv_nsec = 4000000 };

	(void)state;
	for (size_t step = 1; step < 40; step += 7) {
		int fd = rig_connect(rig.port);

		for (size_t at = 0; at < sizeof bytes - 1; at += step) {
			rig_send(fd, bytes + at, at + step < sizeof bytes - 1 ? step : sizeof bytes - 1 - at);
			nanosleep(&moment, NULL);
		}
		rig_read(fd, &talk, 200);
		close(fd);
		assert_int_equal(talk.status, 200);
		assert_int_equal(rig_last().body, 7);
	}
}

/* ---- paths ---- */

static void no_other_spelling_of_a_path_reaches_its_handler(void **state)
{
	static const char *const spellings[] = {
		"//hello",
		"/hello/",
		"/hello//",
		"/./hello",
		"/hello/.",
		"/../hello",
		"/hello/..",
		"/x/../hello",
		"/hello/../hello",
		"/%2e/hello",
		"/%2E%2E/hello",
		"/x/%2e%2e/hello",
		"/.%2e/hello",
		"/%2e./hello",
		"/x/..%2fhello",
		"/%2fhello",
		"/hello%2f",
		"/%5chello",
		"/hello%5c",
		"/\\hello",
		"/..\\hello",
		"/hello%00",
		"/hello%00.css",
		"/%00/hello",
		"/hel%6co",
		"/%68ello",
		"/hell%6F",
		"/Hello",
		"/HELLO",
		"/hello;",
		"/hello;a=b",
		"/hello%3b",
		"/hello%20",
		"/hello%09",
		"/hello%0a",
		"/hello%0d%0a",
		"/hello%7f",
		"/hello%",
		"/hello%4",
		"/hello%zz",
		"/hello%u0068",
		"/hello%c0%af",
		"/%c0%ae%c0%ae/hello",
		"/hello.",
		"/hello..",
		"/hello.json",
		"/hello~",
		"/.hello",
		"/hello#x",
		"/x/hello",
		"/hello/x",
		"/hello,",
		"/hello%23",
		"/hello%3f",
		"/hello%3Fx",
		"/hello\x80",
		"/hell\xc3\xb6",
		"hello",
		"x/hello",
		"/hello%252f",
		"/%252e%252e/hello",
		"/hello|",
		"/hello^",
		"/{id}",
		"/hello%2fx",
		"/connections//hello",
		"/connections/../hello",
	};
	char bytes[256];

	(void)state;
	hits = 0;
	assert_true(COUNT(spellings) >= 60);
	for (size_t i = 0; i < COUNT(spellings); i++) {
		snprintf(bytes, sizeof bytes, "GET %s HTTP/1.1\r\n" HOST "\r\n", spellings[i]);
		rig_talk(rig.port, bytes, strlen(bytes), &talk, 1500);
		if ((talk.status != 400 && talk.status != 404) || hits)
			fail_msg("%s: %d", spellings[i], talk.status);
	}
}

static void the_raw_query_arrives_as_it_was_sent(void **state)
{
	static const char bytes[] = "GET /hello?SAMLRequest=a%2f%2Fb%3d&x=%7e+ HTTP/1.1\r\n" HOST "\r\n";

	(void)state;
	rig_talk(rig.port, bytes, sizeof bytes - 1, &talk, 200);
	assert_int_equal(talk.status, 200);
	assert_string_equal(rig_last().query, "SAMLRequest=a%2f%2Fb%3d&x=%7e+");
	assert_string_equal(rig_last().path, "/hello");
}

/* ---- answers ---- */

static void expect_lines(const char *bytes, int status, const char *line)
{
	rig_talk(rig.port, bytes, strlen(bytes), &talk, 300);
	assert_int_equal(talk.status, status);
	if (!strstr(talk.text, line))
		fail_msg("%s is not in %s", line, talk.text);
}

static void a_known_path_with_another_method_names_its_methods(void **state)
{
	(void)state;
	expect_lines("POST /hello HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405,
		     "Allow: GET, HEAD, OPTIONS");
	expect_lines("GET /form HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: POST, OPTIONS");
	expect_lines("DELETE /connections/okta HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: GET, HEAD, OPTIONS");
	expect_lines("GET /nowhere HTTP/1.1\r\n" HOST "\r\n", 404, "\"code\":\"not_found\"");
}

static void head_is_get_without_the_body(void **state)
{
	(void)state;
	expect_lines("HEAD /hello HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 5");
	assert_null(strstr(talk.text, "hello\n"));
	assert_string_equal(strstr(talk.text, "\r\n\r\n"), "\r\n\r\n");
}

static void only_open_addresses_allow_other_origins(void **state)
{
	(void)state;
	expect_lines("OPTIONS /token HTTP/1.1\r\n" HOST "Origin: https://app.example\r\n\r\n", 204,
		     "Access-Control-Allow-Methods: POST, OPTIONS");
	assert_non_null(strstr(talk.text, "Access-Control-Allow-Headers: Authorization, Content-Type"));
	expect_lines("OPTIONS /form HTTP/1.1\r\n" HOST "Origin: https://app.example\r\n\r\n", 405,
		     "Allow: POST, OPTIONS");
	assert_null(strstr(talk.text, "Access-Control"));
	expect_lines("GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "Access-Control-Allow-Origin: *");
	expect_lines("GET /quick HTTP/1.1\r\n" HOST "\r\n", 200, "hello");
	assert_null(strstr(talk.text, "Access-Control"));
}

static void repeated_parameters_are_refused_unless_the_route_reads_them(void **state)
{
	static const char form[] =
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&a=2";
	char bytes[512];

	(void)state;
	expect_lines("GET /hello?code=1&code=1 HTTP/1.1\r\n" HOST "\r\n", 400, "parameter_repeated");
	snprintf(bytes, sizeof bytes, "POST /token HTTP/1.1\r\n" HOST "%s", form);
	expect_lines(bytes, 400, "parameter_repeated");
	snprintf(bytes, sizeof bytes, "POST /repeat HTTP/1.1\r\n" HOST "%s", form);
	expect_lines(bytes, 200, "hello");
}

static void a_fault_before_routing_is_told_as_the_client_reads(void **state)
{
	(void)state;
	expect_lines("GET /nowhere HTTP/1.1\r\n" HOST "Accept: text/html,*/*\r\n\r\n", 404,
		     "<code id=\"error-code\">not_found</code>");
	expect_lines("GET /nowhere HTTP/1.1\r\n" HOST "Accept: text/html\r\nAccept-Language: es-MX\r\n\r\n",
		     404, "<html lang=\"es\">");
	expect_lines("GET /a%2fb HTTP/1.1\r\n" HOST "Accept: text/html\r\n\r\n", 400,
		     "<code id=\"error-code\">malformed</code>");
	expect_lines("GET /nowhere HTTP/1.1\r\n" HOST "Accept: application/json\r\n\r\n", 404,
		     "\"reference\":\"TEST-TEST-TEST\"");
}

/* The sum that the template compiler put in the page is the one the server knows. */
static void an_asset_named_by_a_page_may_be_kept_for_ever(void **state)
{
	char bytes[256];

	(void)state;
	expect_lines("GET /nowhere HTTP/1.1\r\n" HOST "Accept: text/html\r\n\r\n", 404,
		     "/assets/lanyard.css?v=");
	const char *at = strstr(talk.text, "/assets/lanyard.css?v=");
	snprintf(bytes, sizeof bytes, "GET %.*s HTTP/1.1\r\n" HOST "\r\n", (int)strcspn(at, "\""), at);
	expect_lines(bytes, 200, "immutable");
	expect_lines("GET /assets/lanyard.css HTTP/1.1\r\n" HOST "\r\n", 200, "Cache-Control: no-cache");
	expect_lines("GET /assets/nothing.css HTTP/1.1\r\n" HOST "\r\n", 404, "error-code");
}

static void a_handler_without_an_answer_is_our_fault(void **state)
{
	(void)state;
	expect_lines("GET /silent HTTP/1.1\r\n" HOST "\r\n", 500, "\"code\":\"internal\"");
}

static void forwarded_for_of_a_stranger_changes_nothing(void **state)
{
	(void)state;
	expect_lines("GET /hello HTTP/1.1\r\n" HOST
		     "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\r\n",
		     200, "hello");
	assert_string_equal(rig_last().peer, "127.0.0.1");
}

/* Behind a trusted proxy the client is whom the proxy names; the fields come in any number of lines. */
static void a_trusted_proxy_names_the_client(void **state)
{
	static const char bytes[] = "GET /hello HTTP/1.1\r\n" HOST
				    "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n";
	struct network loopback;
	struct config config = rig_config();
	struct rig behind;

	(void)state;
	assert_true(network_parse("127.0.0.0/8", &loopback));
	config.trusted_networks = &loopback;
	config.trusted_count = 1;
	config.limits.connections_per_address = 1; /* holds for clients, not for the proxy */
	rig_start(&behind, config, 1);
	int kept = rig_connect(behind.port);
	rig_talk(behind.port, bytes, sizeof bytes - 1, &talk, 200);
	assert_int_equal(talk.status, 200);
	assert_string_equal(rig_last().peer, "203.0.113.7");
	close(kept);
	rig_stop(&behind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_request_behind_a_doubtful_one_is_ever_read),
		cmocka_unit_test(clean_requests_pass_in_every_ordinary_shape),
		cmocka_unit_test(a_request_may_come_in_pieces),
		cmocka_unit_test(no_other_spelling_of_a_path_reaches_its_handler),
		cmocka_unit_test(the_raw_query_arrives_as_it_was_sent),
		cmocka_unit_test(a_known_path_with_another_method_names_its_methods),
		cmocka_unit_test(head_is_get_without_the_body),
		cmocka_unit_test(only_open_addresses_allow_other_origins),
		cmocka_unit_test(repeated_parameters_are_refused_unless_the_route_reads_them),
		cmocka_unit_test(a_fault_before_routing_is_told_as_the_client_reads),
		cmocka_unit_test(an_asset_named_by_a_page_may_be_kept_for_ever),
		cmocka_unit_test(a_handler_without_an_answer_is_our_fault),
		cmocka_unit_test(forwarded_for_of_a_stranger_changes_nothing),
		cmocka_unit_test(a_trusted_proxy_names_the_client),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
