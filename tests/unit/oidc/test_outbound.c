/* test_outbound.c: what the provider asks of an app's own server: its keys, and to sign somebody out. */
#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "http/fetch.h"
#include "store/outbox.h"

/* ---- an app's server: answers every request with what the test set ---- */

static struct {
	int listener;
	uint16_t port;
	pthread_t thread;
	_Atomic int hits;
	_Atomic int status; /* 0: closes without an answer */
	char body[4096];    /* of the answer */
	char got[16384];    /* the last request */
} server;

static void answer_one(int peer)
{
	char head[256];
	size_t size = 0;
	ssize_t n = 1;

	memset(server.got, 0, sizeof server.got);
	/* the whole of a small request: head, then as many bytes as it says */
	while (n > 0 && size < sizeof server.got - 1) {
		const char *end = strstr(server.got, "\r\n\r\n");
		const char *length = strcasestr(server.got, "Content-Length:");

		if (end && (!length || strlen(end + 4) >= strtoul(length + 15, NULL, 10)))
			break;
		n = recv(peer, server.got + size, sizeof server.got - 1 - size, 0);
		size += n > 0 ? (size_t)n : 0;
	}
	server.hits++;
	if (server.status) {
		snprintf(head, sizeof head,
			 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: "
			 "%zu\r\nConnection: close\r\n\r\n",
			 server.status, strlen(server.body));
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

static void start_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(server.listener, 8), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&at, &size), 0);
	server.port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, run_server, NULL), 0);
}

static void the_app_opens_its_server(void **state)
{
	char more[400];

	the_clinic_opens(state);
	start_server();
	world.app.fetcher = fetcher_new(&world.config);
	snprintf(more, sizeof more, "{\"backchannel_logout_uri\": \"http://127.0.0.1:%u/out\"}", server.port);
	meanwhile(NULL, (make_app(&hand, "told", SECRET, more), OK));
	snprintf(more, sizeof more,
		 "{\"token_endpoint_auth_method\": \"private_key_jwt\", \"jwks_uri\": "
		 "\"http://127.0.0.1:%u/keys\"}",
		 server.port);
	meanwhile(NULL, (make_app(&hand, "keyed", NULL, more), OK));
}

static void the_app_closes_its_server(void **state)
{
	shutdown(server.listener, SHUT_RDWR);
	close(server.listener);
	pthread_join(server.thread, NULL);
	fetcher_free(TAKE(world.app.fetcher));
	the_clinic_closes(state);
}

static int begin_quiet_day(void **state)
{
	server.hits = 0;
	server.status = 200;
	server.body[0] = '\0';
	return begin_day(state);
}

/* ---- back-channel logout ---- */

/* A session of Ada at "told", ended; the messages that wait. */
static void sign_in_and_out(void)
{
	struct peer browser = { 0 };

	sign_in(&browser, ASK("told", "openid", ""));
	get(&browser, PATH_LOGOUT);
	follow(&browser);
	submit(&browser, "/logout", "");
	follow(&browser);
}

static struct outbox_list take_messages(struct hand *hand)
{
	struct outbox_list list = { 0 };

	assert_ok(hand, outbox_take(&hand->w, 60, 10, &list));
	return list;
}

static json_t *logout_claims(struct arena *arena)
{
	const char *body = strstr(server.got, "\r\n\r\nlogout_token=");
	json_t *claims = NULL;
	char *token;

	assert_non_null(body);
	body += strlen("\r\n\r\nlogout_token=");
	assert_true(percent_decode(arena, body, strlen(body), true, &token));
	assert_int_equal(keyring_verify(world.app.keyring, arena, token, "logout+jwt", &claims), OK);
	return claims;
}

static void each_app_of_a_session_is_told_once_that_it_ended(UNUSED void **state)
{
	AUTO_HAND hand;

	sign_in_and_out();
	hand_open(&hand, NULL);
	struct outbox_list list = take_messages(&hand);

	assert_int_equal(list.count, 1);
	assert_string_equal(list.rows[0].kind, oidc_participant.kind);
	assert_string_equal(list.rows[0].target, "told");
	assert_null(strstr(list.rows[0].body, "eyJ")); /* nothing signed waits */
	assert_ok(&hand, oidc_participant.send(&hand.w, &list.rows[0]));
	assert_int_equal(server.hits, 1);
	const json_t *claims = logout_claims(hand.arena);

	assert_string_equal(json_get_text(claims, "iss"), world.config.issuer);
	assert_string_equal(json_get_text(claims, "aud"), "told");
	assert_string_equal(json_get_text(claims, "sub"), world.ada);
	assert_true(json_get_text(claims, "sid") && json_get_text(claims, "jti"));
	assert_int_equal(json_get_int(claims, "iat", 0), hand.w.now);
	assert_int_equal(json_get_int(claims, "exp", 0), hand.w.now + 120);
	assert_null(json_object_get(claims, "nonce")); /* 2.4: prohibited */
	assert_int_equal(
		json_object_size(json_object_get(json_object_get(claims, "events"),
						 "http://schemas.openid.net/event/backchannel-logout")),
		0);
	assert_ok(&hand, outbox_done(&hand.w, list.rows[0].id));
}

static void what_an_app_answers_decides_whether_it_is_told_again(UNUSED void **state)
{
	static const struct {
		int status;
		int64_t later;
		enum err verdict;
	} cases[] = {
		{ 200, 0, OK },        { 204, 0, OK },        { 400, 0, OK },
		{ 500, 0, ERR_FETCH }, { 503, 0, ERR_FETCH }, { 404, 0, ERR_FETCH },
		{ 302, 0, ERR_FETCH }, { 0, 0, ERR_FETCH },   { 500, 86401, OK },
	};
	char last_jti[100] = "";

	sign_in_and_out();
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_HAND hand;

		seconds_pass(61 + cases[i].later); /* the lease of the try before is over */
		hand_open(&hand, NULL);
		struct outbox_list list = take_messages(&hand);

		assert_int_equal(list.count, 1);
		server.status = cases[i].status;
		enum err verdict = oidc_participant.send(&hand.w, &list.rows[0]);

		if (verdict != cases[i].verdict)
			fail_msg("case %zu: %s", i, verdict ? error_row(verdict)->word : "ok");
		const char *jti = json_get_text(logout_claims(hand.arena), "jti");
		assert_string_not_equal(jti, last_jti); /* each try is a token of its own */
		snprintf(last_jti, sizeof last_jti, "%s", jti);
		if (i + 1 == COUNT(cases))
			assert_ok(&hand, outbox_done(&hand.w, list.rows[0].id));
	}
}

static void an_app_that_is_gone_is_not_told(UNUSED void **state)
{
	AUTO_HAND hand;
	const struct outbox_row row = { .id = "m",
					.practice_id = "north",
					.kind = oidc_participant.kind,
					.target = "gone",
					.body = "{\"sub\":\"u\",\"sid\":\"s\"}" };

	hand_open(&hand, NULL);
	assert_ok(&hand, oidc_participant.send(&hand.w, &row));
	assert_int_equal(server.hits, 0);
}

/* ---- keys of an app ---- */

struct keys {
	char *private_jwk, *public_jwk;
};

static struct keys new_keys(struct arena *arena)
{
	struct keys keys;
	char *kid;

	assert_int_equal(jose_generate("ES256", arena, &keys.private_jwk, &keys.public_jwk, &kid), OK);
	return keys;
}

static void publish(const struct keys *keys)
{
	snprintf(server.body, sizeof server.body, "{\"keys\": [%s]}", keys->public_jwk);
}

/* Asks for a token with an assertion of the key; status. */
static int ask_with(struct arena *arena, const struct keys *keys)
{
	static unsigned number;
	AUTO(json_done)
	json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:I}", "iss", "keyed", "sub", "keyed", "aud",
				   world.config.issuer, "jti", arena_print(arena, "%u", number++), "exp",
				   (json_int_t)(day_us / 1000000 + 60));
	struct jose_key *key = jose_key_read(keys->private_jwk, strlen(keys->private_jwk));
	const char *token = jose_sign(key, arena, "ES256", "JWT", NULL, BYTES_OF(json_text(arena, claims)));
	struct peer app = { 0 };
	char form[4000];

	jose_key_free(key);
	snprintf(form, sizeof form,
		 "grant_type=client_credentials"
		 "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-"
		 "bearer&client_assertion=%s",
		 token);
	return exchange(&app, form);
}

static void keys_are_fetched_once_and_kept(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct keys keys = new_keys(arena);

	publish(&keys);
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask_with(arena, &keys), 200);
	assert_int_equal(server.hits, 1);
	seconds_pass(3601);
	assert_int_equal(ask_with(arena, &keys), 200);
	assert_int_equal(server.hits, 2);
}

static void a_new_key_is_looked_for_at_most_once_a_minute(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct keys old = new_keys(arena), fresh = new_keys(arena), next = new_keys(arena),
		    stranger = new_keys(arena);

	publish(&old);
	assert_int_equal(ask_with(arena, &old), 200);
	publish(&fresh);
	assert_int_equal(ask_with(arena, &fresh), 200);
	assert_int_equal(server.hits, 2);
	publish(&next);
	assert_int_equal(ask_with(arena, &next), 401);
	assert_int_equal(server.hits, 2);
	seconds_pass(60);
	assert_int_equal(ask_with(arena, &next), 200);
	assert_int_equal(server.hits, 3);
	for (int i = 0; i < 10; i++)
		assert_int_equal(ask_with(arena, &stranger), 401);
	assert_int_equal(server.hits, 3);
	assert_int_equal(ask_with(arena, &old), 401);
}

static void a_server_that_fails_is_left_alone_for_a_minute(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct keys keys = new_keys(arena);

	seconds_pass(2 * 86400); /* nothing kept is good any more */
	publish(&keys);
	server.status = 500;
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask_with(arena, &keys), 502);
	assert_int_equal(server.hits, 1);
	server.status = 200;
	seconds_pass(60);
	assert_int_equal(ask_with(arena, &keys), 200);
	assert_int_equal(server.hits, 2);
	/* kept keys stay in use while the server is away */
	server.status = 0;
	seconds_pass(3601);
	assert_int_equal(ask_with(arena, &keys), 200);
	assert_int_equal(server.hits, 3);
}

static void what_is_no_key_set_is_as_no_answer(UNUSED void **state)
{
	static const char *const bodies[] = { "",       "{}",
					      "[]",     "{\"keys\": {}}",
					      "<html>", "{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}]}" };
	AUTO(arena_done) struct arena *arena = arena_new();
	struct keys keys = new_keys(arena);

	for (size_t i = 0; i < COUNT(bodies); i++) {
		seconds_pass(3 * 86400);
		snprintf(server.body, sizeof server.body, "%s", bodies[i]);
		int status = ask_with(arena, &keys);

		if (status != 502 && status != 401)
			fail_msg("%s: %d", bodies[i], status);
	}
}

#define QUIET(test) cmocka_unit_test_setup(test, begin_quiet_day)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_app_opens_its_server),
		QUIET(each_app_of_a_session_is_told_once_that_it_ended),
		QUIET(what_an_app_answers_decides_whether_it_is_told_again),
		QUIET(an_app_that_is_gone_is_not_told),
		QUIET(keys_are_fetched_once_and_kept),
		QUIET(a_new_key_is_looked_for_at_most_once_a_minute),
		QUIET(a_server_that_fails_is_left_alone_for_a_minute),
		QUIET(what_is_no_key_set_is_as_no_answer),
		cmocka_unit_test(the_app_closes_its_server),
	};

	return run_on_engines(tests, COUNT(tests));
}
