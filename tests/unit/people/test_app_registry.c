/* test_app_registry.c: apps as they are declared, and where answers may be sent (security.md A1, A2). */
#include "world.h"

#include "people/app_registry.h"
#include "keys/secret.h"

static void an_address_is_sound_or_it_is_not(UNUSED void **state)
{
	enum {
		WEB = 1,
		NATIVE = 2,
		DEVELOPMENT = 4
	}; /* where it is accepted: web, native; web under development */
	static const struct {
		const char *uri;
		int where;
	} cases[] = {
		{ "https://app.example/cb", WEB | NATIVE | DEVELOPMENT },
		{ "https://app.example", WEB | NATIVE | DEVELOPMENT },
		{ "https://app.example/", WEB | NATIVE | DEVELOPMENT },
		{ "https://app.example:8443/cb?x=1&y=%20", WEB | NATIVE | DEVELOPMENT },
		{ "https://a-b.app.example/~x/(y)!$'", WEB | NATIVE | DEVELOPMENT },
		{ "https://10.1.2.3/cb", WEB | NATIVE | DEVELOPMENT },
		{ "https://[2001:db8::1]:8443/cb", WEB | NATIVE | DEVELOPMENT },
		{ "https://intranet/cb", WEB | NATIVE | DEVELOPMENT },
		{ "https://xn--nrth-5qa.example/cb", WEB | NATIVE | DEVELOPMENT },
		{ "https://app.example?x=1", WEB | NATIVE | DEVELOPMENT },
		{ "HTTPS://app.example/cb", WEB | NATIVE | DEVELOPMENT },
		{ "https://app.example/a@b", WEB | NATIVE | DEVELOPMENT },
		{ "http://localhost:8081/cb", DEVELOPMENT },
		{ "http://127.0.0.1/cb", NATIVE | DEVELOPMENT },
		{ "http://127.0.0.1:9000/cb", NATIVE | DEVELOPMENT },
		{ "http://[::1]:9000/cb", NATIVE | DEVELOPMENT },
		{ "com.example.app:/done", NATIVE },
		{ "com.example.app:/", NATIVE },
		{ "com.example.app://host/done", NATIVE },
		{ "http://app.example/cb", 0 },
		{ "http://127.0.0.2/cb", 0 },
		{ "http://10.1.2.3/cb", 0 },
		{ "http://localhost.evil.example/cb", 0 },
		{ "myapp:/cb", 0 },
		{ "myapp://cb", 0 },
		{ "com.example.app:done", 0 },
		{ "com.example.app:", 0 },
		{ "com..app:/done", 0 },
		{ "com.example.:/done", 0 },
		{ "", 0 },
		{ NULL, 0 },
		{ "https://", 0 },
		{ "https:///cb", 0 },
		{ "https:app.example", 0 },
		{ "https://app.example/cb#x", 0 },
		{ "https://app.example/cb#", 0 },
		{ "https://*.example/cb", 0 },
		{ "https://app.example/*", 0 },
		{ "https://user@app.example/cb", 0 },
		{ "https://u:p@app.example/cb", 0 },
		{ "https://@app.example/", 0 },
		{ "https://app.example\\@evil.example", 0 },
		{ "https://app.example/a b", 0 },
		{ "https://app.example/a\nb", 0 },
		{ "https://app.example/\x7f", 0 },
		{ "https://\xc3\xa4pp.example/", 0 },
		{ "https://app.example./cb", 0 },
		{ "https://app.example:0/", 0 },
		{ "https://app.example:70000/", 0 },
		{ "https://app.example:/", 0 },
		{ "https://app.example/a/../b", 0 },
		{ "https://app.example/./b", 0 },
		{ "https://app.example/%2e%2e/b", 0 },
		{ "https://app.example/%2fb", 0 },
		{ "https://app.example/%00", 0 },
		{ "https://app.example/%5cb", 0 },
		{ "https://app.example/%4", 0 },
		{ "https://1.2.3/", 0 },
		{ "https://0x7f.1/", 0 },
		{ "https://1.2.3.256/", 0 },
		{ "https://[2001:db8::1", 0 },
		{ "https://[]/cb", 0 },
		{ "https://[x]/cb", 0 },
		{ "https://app_x.example/", 0 },
	};

	assert_true(COUNT(cases) >= 60);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int where = (redirect_uri_is_sound(cases[i].uri, "web", false) ? WEB : 0) |
			    (redirect_uri_is_sound(cases[i].uri, "native", false) ? NATIVE : 0) |
			    (redirect_uri_is_sound(cases[i].uri, "web", true) ? DEVELOPMENT : 0);

		if (where != cases[i].where)
			fail_msg("%s: %d", cases[i].uri ? cases[i].uri : "(null)", where);
	}
}

static void no_spelling_of_a_dangerous_scheme_is_accepted(UNUSED void **state)
{
	static const char *const schemes[] = {
		"javascript:alert(1)",
		"JavaScript:alert(1)",
		"JAVASCRIPT:alert(1)",
		"jAvAsCrIpT:alert(1)",
		"javascript://app.example/%0aalert(1)",
		"JavaScript://app.example/%0aalert(1)",
		" javascript:alert(1)",
		"\tjavascript:alert(1)",
		"\njavascript:alert(1)",
		"java\nscript:alert(1)",
		"java\tscript:alert(1)",
		"javascript\n:alert(1)",
		"\x01javascript:alert(1)",
		"javascript :alert(1)",
		"javascript%3aalert(1)",
		"java%73cript:alert(1)",
		"javascript&colon;alert(1)",
		"&#106;avascript:alert(1)",
		"data:text/html,x",
		"DATA:text/html,x",
		"data:text/html;base64,eA==",
		"Data://x/y",
		"vbscript:x",
		"VBScript:x",
		"file:///etc/passwd",
		"FILE:///x",
		"blob:https://app.example/x",
		"BLOB:https://app.example/x",
		"about:blank",
		"view-source:https://app.example/",
		"filesystem:https://x/y",
		"ftp://app.example/",
		"ws://app.example/",
		"wss://app.example/",
		"mailto:a@b.example",
		"tel:1",
		"intent://x#Intent;end",
		"ms-appx:///x",
		"chrome://settings",
		"http://app.example/",
		"HTTP://app.example/",
		"Http://app.example/",
		"livescript:x",
		"mocha:x",
		"x-javascript:x",
		"jar:https://app.example!/",
		"feed:https://app.example/",
		"res://x",
		"about:srcdoc",
	};

	assert_true(COUNT(schemes) >= 40);
	for (size_t i = 0; i < COUNT(schemes); i++)
		for (int development = 0; development < 2; development++)
			if (redirect_uri_is_sound(schemes[i], "web", development) ||
			    redirect_uri_is_sound(schemes[i], "native", development))
				fail_msg("%s", schemes[i]);
}

/* \xNN and \s in a line of the payload list; a NUL byte ends the text, as it would have been refused at the
 * door. */
static void unescape(char *line)
{
	char *to = line;
	unsigned byte;

	line[strcspn(line, "\n")] = '\0';
	for (const char *from = line; *from; to++) {
		if (from[0] == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1) {
			*to = byte ? (char)byte
				   : '%'; /* a NUL as text after the door: the start of a broken escape */
			from += 4;
		} else if (from[0] == '\\' && from[1] == 's') {
			*to = ' ';
			from += 2;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static void no_address_off_the_list_is_ever_matched(UNUSED void **state)
{
	static const char *const list[] = { "https://app.example/cb", "https://app.example:8443/cb?x=1",
					    "http://127.0.0.1/cb",    "http://[::1]/cb",
					    "com.example.app:/done",  NULL };
	const struct client clients[] = {
		{ .application_type = "web", .redirect_uris = list },
		{ .application_type = "native", .redirect_uris = list },
		{ .application_type = NULL, .redirect_uris = list },
		{ .application_type = "web" },
	};
	FILE *file = fopen("tests/data/redirects.txt", "r");
	char line[512];
	size_t tried = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '\n' || (line[0] == '#' && line[1] == ' '))
			continue;
		unescape(line);
		tried++;
		for (size_t i = 0; i < COUNT(clients); i++)
			if (redirect_uri_matches(&clients[i], line))
				fail_msg("client %zu: %s", i, line);
	}
	fclose(file);
	assert_true(tried >= 150);
}

static void the_listed_address_matches_and_a_native_loopback_may_move_its_port(UNUSED void **state)
{
	static const char *const list[] = { "https://app.example/cb",    "http://127.0.0.1/cb",
					    "http://[::1]:5000/cb",      "http://localhost:7000/cb",
					    "com.example.app:/done",     "javascript:alert(1)",
					    "https://evil.example/cb#x", NULL };
	static const struct {
		const char *uri;
		bool web, native;
	} cases[] = {
		{ "https://app.example/cb", true, true },
		{ "http://127.0.0.1/cb", true, true },
		{ "http://127.0.0.1:49152/cb", false, true },
		{ "http://[::1]:5000/cb", true, true },
		{ "http://[::1]:5001/cb", false, true },
		{ "http://[::1]/cb", false, true },
		{ "http://localhost:7000/cb", true, true },
		{ "http://localhost:7001/cb", false, false },
		{ "com.example.app:/done", false, true },
		{ "https://app.example:8443/cb", false, false },
		{ "http://[::1]:5001/cb2", false, false },
		/* Whatever the list came to hold. */
		{ "javascript:alert(1)", false, false },
		{ "https://evil.example/cb#x", false, false },
		{ NULL, false, false },
	};
	const struct client web = { .application_type = "web", .redirect_uris = list },
			    native = { .application_type = "native", .redirect_uris = list };

	for (size_t i = 0; i < COUNT(cases); i++)
		if (redirect_uri_matches(&web, cases[i].uri) != cases[i].web ||
		    redirect_uri_matches(&native, cases[i].uri) != cases[i].native)
			fail_msg("%s", cases[i].uri);
}

#define BASE                                                                                                 \
	"\"client_id\":\"a\",\"name\":\"A\",\"practices\":[\"x\"],\"redirect_uris\":[\"https://app.example/" \
	"cb\"]"

static void a_declared_app_is_checked_field_by_field(UNUSED void **state)
{
	static const struct {
		const char *json, *message; /* its start; NULL: fine */
	} cases[] = {
		{ "{" BASE "}", NULL },
		{ "{" BASE ",\"type\":\"oidc\",\"grant_types\":[\"authorization_code\",\"refresh_token\"],"
		  "\"scopes\":[\"openid\",\"offline_access\"]}",
		  NULL },
		{ "{" BASE ",\"token_endpoint_auth_method\":\"none\"}", NULL },
		{ "{" BASE ",\"require_pkce\":false}", NULL },
		{ "{" BASE ",\"access_token_lifetime\":\"10m\",\"refresh_token_lifetime\":86400}", NULL },
		{ "{" BASE ",\"id_token_claims\":[\"email\",\"name\"],\"roles\":[\"owner\"],\"resources\":["
		  "\"https://api.example\",\"urn:x:api\"]}",
		  NULL },
		{ "{" BASE ",\"frontchannel_logout_uri\":\"https://app.example/"
		  "out\",\"backchannel_logout_uri\":\"https://other.example/out\"}",
		  NULL },
		{ "{\"client_id\":\"a\",\"name\":\"A\",\"practices\":[\"x\"],\"application_type\":\"native\","
		  "\"redirect_uris\":[\"com.example.app:/done\"]}",
		  NULL },
		{ "{\"client_id\":\"a\",\"name\":\"A\",\"practices\":[\"x\"],\"redirect_uris\":[\"com."
		  "example.app:/done\"]}",
		  "redirect_uris: expected:" },
		{ "{\"client_id\":\"svc\",\"name\":\"S\",\"practices\":[\"x\"],\"grant_types\":[\"client_"
		  "credentials\"]}",
		  NULL },
		{ "{" BASE ",\"require_pkce\":null}", NULL },
		{ "[]", "an app is an object" },
		{ "{}", "client_id: it is missing" },
		{ "{\"client_id\":\"a\"}", "name: it is missing" },
		{ "{\"client_id\":\"a\",\"name\":\"A\"}", "practices: which" },
		{ "{\"client_id\":\"a\",\"name\":\"A\",\"practices\":[\"x\"]}",
		  "redirect_uris: authorization_code needs" },
		{ "{" BASE ",\"redirect_uri\":\"x\"}",
		  "redirect_uri: unknown field, did you mean redirect_uris?" },
		{ "{" BASE ",\"client_secret\":\"x\"}", "client_secret: unknown field" },
		{ "{" BASE ",\"sub\":\"x\"}", "sub: unknown field" },
		{ "{" BASE ",\"type\":\"ldap\"}", "type: expected: oidc saml" },
		{ "{" BASE ",\"token_endpoint_auth_method\":\"client_secret_jwt\"}",
		  "token_endpoint_auth_method: expected:" },
		{ "{" BASE ",\"grant_types\":[\"password\"]}", "grant_types: expected:" },
		{ "{" BASE ",\"grant_types\":[\"implicit\"]}", "grant_types: expected:" },
		{ "{" BASE ",\"grant_types\":[]}", "grant_types: expected:" },
		{ "{" BASE ",\"grant_types\":\"authorization_code\"}", "grant_types: expected:" },
		{ "{" BASE ",\"grant_types\":[\"authorization_code\",\"authorization_code\"]}",
		  "grant_types: expected: each text only once" },
		{ "{" BASE ",\"grant_types\":[\"authorization_code refresh_token\"]}",
		  "grant_types: expected:" },
		{ "{" BASE ",\"grant_types\":[\"client_credentials\",\"refresh_token\"]}",
		  "grant_types: refresh_token needs" },
		{ "{" BASE ",\"scopes\":[\"openid\",\"admin\"]}", "scopes: expected:" },
		{ "{" BASE ",\"response_modes\":[\"web_message\"]}", "response_modes: expected:" },
		{ "{" BASE ",\"id_token_signed_response_alg\":\"HS256\"}",
		  "id_token_signed_response_alg: expected: ES256 RS256" },
		{ "{" BASE ",\"id_token_signed_response_alg\":\"none\"}",
		  "id_token_signed_response_alg: expected: ES256 RS256" },
		{ "{" BASE ",\"access_token_alg\":\"ES256 RS256\"}",
		  "access_token_alg: expected: ES256 RS256" },
		{ "{" BASE ",\"access_token_lifetime\":59}",
		  "access_token_lifetime: expected: 60 to 3600 seconds" },
		{ "{" BASE ",\"access_token_lifetime\":\"2h\"}",
		  "access_token_lifetime: expected: 60 to 3600 seconds" },
		{ "{" BASE ",\"access_token_lifetime\":true}",
		  "access_token_lifetime: expected: 60 to 3600 seconds" },
		{ "{" BASE ",\"first_party\":\"yes\"}", "first_party: expected: true or false" },
		{ "{" BASE ",\"id_token_claims\":[\"sub\"]}", "id_token_claims: expected:" },
		{ "{" BASE ",\"id_token_claims\":[\"iss\"]}", "id_token_claims: expected:" },
		{ "{" BASE ",\"resources\":[\"https://api.example/#x\"]}", "resources: expected:" },
		{ "{" BASE ",\"resources\":[\"api\"]}", "resources: expected:" },
		{ "{" BASE ",\"logo_uri\":\"javascript:alert(1)\"}", "logo_uri: expected:" },
		{ "{" BASE ",\"backchannel_logout_uri\":\"http://app.example/out\"}",
		  "backchannel_logout_uri: expected:" },
		{ "{" BASE ",\"frontchannel_logout_uri\":\"https://other.example/out\"}",
		  "frontchannel_logout_uri: it is on another origin" },
		{ "{" BASE ",\"post_logout_redirect_uris\":[\"https://app.example/*\"]}",
		  "post_logout_redirect_uris: expected:" },
		{ "{" BASE ",\"token_endpoint_auth_method\":\"none\",\"require_pkce\":false}",
		  "require_pkce: an app" },
		{ "{" BASE ",\"token_endpoint_auth_method\":\"none\",\"grant_types\":[\"authorization_code\","
		  "\"client_credentials\"]}",
		  "grant_types: client_credentials" },
		{ "{" BASE ",\"token_endpoint_auth_method\":\"private_key_jwt\"}",
		  "jwks: private_key_jwt needs" },
		{ "{" BASE ",\"jwks\":{\"keys\":[]}}", "jwks: expected:" },
		{ "{" BASE ",\"jwks\":{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}}", "jwks: expected:" },
		{ "{" BASE ",\"jwks\":\"x\"}", "jwks: expected:" },
		{ "{\"client_id\":\"a b\",\"name\":\"A\",\"practices\":[\"x\"]}", "client_id: expected:" },
		{ "{\"client_id\":7}", "client_id: expected:" },
		{ "{\"client_id\":\"a\",\"name\":\"\\n\"}", "name: expected:" },
		{ "{\"client_id\":\"a\",\"practices\":[\"X Y\"]}", "practices: expected:" },
	};
	AUTO_HAND hand;

	world_hand(&hand, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(json_done) json_t *declared = json_read(cases[i].json, strlen(cases[i].json));
		const char *message = NULL;

		enum err err = app_check(&hand.w, declared, &message);

		if (cases[i].message
			    ? err != ERR_DOCUMENT || !message || !text_starts(message, cases[i].message)
			    : err != OK)
			fail_msg("%s: %s", cases[i].json, message ? message : "(none)");
	}
}

/* What a declared key set may hold: public parts alone. */
static void a_key_set_with_a_private_part_is_refused(UNUSED void **state)
{
	static const char good[] = "{" BASE ",\"token_endpoint_auth_method\":\"private_key_jwt\",\"jwks\":{"
				   "\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
				   "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
				   "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"%s}]}%s}";
	static const struct {
		const char *in_key, *beside;
		enum err err;
	} cases[] = {
		{ "", "", OK },
		{ ",\"kid\":\"1\",\"use\":\"sig\"", "", OK },
		{ ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"", "", ERR_DOCUMENT },
		{ ",\"use\":\"enc\"", "", ERR_DOCUMENT },
		{ "", ",\"jwks_uri\":\"https://app.example/jwks\"", ERR_DOCUMENT },
	};
	AUTO_HAND hand;

	world_hand(&hand, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *message = NULL;
		char text[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), good, cases[i].in_key, cases[i].beside);
#pragma GCC diagnostic pop
		AUTO(json_done) json_t *declared = json_read(text, strlen(text));

		assert_non_null(declared);
		if (app_check(&hand.w, declared, &message) != cases[i].err)
			fail_msg("case %zu: %s", i, message ? message : "(none)");
	}
}

static enum err apply(struct hand *hand, const char *text, const char *secret, bool *created, bool *changed)
{
	AUTO(json_done) json_t *declared = json_read(text, strlen(text));

	assert_non_null(declared);
	return in_tx(hand, app_apply(&hand->w, declared, secret, created, changed));
}

static void an_app_is_created_changed_by_field_and_deleted(UNUSED void **state)
{
	static const char first[] = "{\"client_id\":\"life\",\"name\":\"Life\",\"practices\":[\"app-life\"],"
				    "\"redirect_uris\":[\"https://app.example/cb\"]}";
	static const char insert_family[] = "INSERT INTO family (practice_id, id, client_id, account_id, "
					    "scope, auth_time, acr, amr, offline, generation, rotated_at,"
					    " account_epoch, practice_epoch, created_at, expires_at) VALUES "
					    "($1, 'f1', 'life', 'u', '', 0, '', '', TRUE, 0, 0, 1, 1, 0, 0)";
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "app-life");
	assert_ok(&hand, apply(&hand, first, "first secret", &created, &changed));
	assert_true(created && changed);
	assert_ok(&hand, apply(&hand, first, "first secret", &created, &changed));
	assert_false(created || changed);
	assert_ok(&hand, apply(&hand, first, NULL, &created, &changed));
	assert_false(changed);
	assert_ok(&hand,
		  apply(&hand, "{\"client_id\":\"life\",\"first_party\":true}", NULL, &created, &changed));
	assert_true(!created && changed);
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct client *client = snapshot_client(hand.w.snapshot, "life");

	assert_true(client->first_party && client_serves(client, "app-life") &&
		    text_list_has(client->redirect_uris, "https://app.example/cb"));
	assert_string_equal(client->secret_hash, secret_hash(hand.arena, "client", "first secret"));
	assert_ok(&hand, apply(&hand, "{\"client_id\":\"life\",\"first_party\":null,\"disabled\":true}",
			       "second secret", &created, &changed));
	assert_ok(&hand, snapshot_renew(&hand.w));
	client = snapshot_client(hand.w.snapshot, "life");
	assert_true(!client->first_party && client->disabled && !client->deleted);
	assert_string_equal(client->secret_hash, secret_hash(hand.arena, "client", "second secret"));
	assert_ok(&hand, in_tx(&hand, app_set_secret(&hand.w, "life", "third secret")));
	assert_int_equal(in_tx(&hand, app_set_secret(&hand.w, "life", "short")), ERR_DOCUMENT);
	assert_int_equal(in_tx(&hand, app_set_secret(&hand.w, "nothing", "third secret")), ERR_NOT_FOUND);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_family, V_TEXT("app-life")));
	assert_ok(&hand, in_tx(&hand, app_delete(&hand.w, "life")));
	assert_string_equal(hand.w.practice, "app-life");
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM family WHERE practice_id = $1 AND revoked_at IS NULL",
				  V_TEXT("app-life")),
			 0);
	assert_ok(&hand, snapshot_renew(&hand.w));
	client = snapshot_client(hand.w.snapshot, "life");
	assert_true(client->deleted && client->disabled && !client->secret_hash &&
		    !client_serves(client, "app-life"));
	assert_int_equal(apply(&hand, first, NULL, &created, &changed), ERR_CONFLICT);
	assert_int_equal(in_tx(&hand, app_delete(&hand.w, "life")), ERR_NOT_FOUND);
	hand.w.practice = NULL;
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM event WHERE practice_id = '' AND target = $1 AND "
				  "body LIKE '%secret%\"%secret\"%'",
				  V_TEXT("life")),
			 0);
	assert_true(count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = '' AND target = $1",
			     V_TEXT("life")) >= 5);
}

static void an_app_serves_only_practices_that_are_there(UNUSED void **state)
{
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "app-serves");
	assert_int_equal(
		apply(&hand,
		      "{\"client_id\":\"lost\",\"name\":\"L\",\"practices\":[\"app-serves\",\"nowhere\"],"
		      "\"redirect_uris\":[\"https://app.example/cb\"]}",
		      NULL, &created, &changed),
		ERR_DOCUMENT);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_null(snapshot_client(hand.w.snapshot, "lost"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_sound_or_it_is_not),
		cmocka_unit_test(no_spelling_of_a_dangerous_scheme_is_accepted),
		cmocka_unit_test(no_address_off_the_list_is_ever_matched),
		cmocka_unit_test(the_listed_address_matches_and_a_native_loopback_may_move_its_port),
		cmocka_unit_test(a_declared_app_is_checked_field_by_field),
		cmocka_unit_test(a_key_set_with_a_private_part_is_refused),
		cmocka_unit_test(an_app_is_created_changed_by_field_and_deleted),
		cmocka_unit_test(an_app_serves_only_practices_that_are_there),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
