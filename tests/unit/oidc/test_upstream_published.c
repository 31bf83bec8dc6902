/* test_upstream_published.c: what a provider publishes, what a connection declares, what its claims become.
 */
#include "kit/store_kit.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "oidc/upstream_inspect.h"
#include "oidc/upstream_presets.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_sign_in.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define ISSUER "https://id.example/realm"

static const struct config production = { .issuer = "https://sso.example" };
static struct app app = { .config = &production };

/* ' stands for " */
static json_t *json_of(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text);

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	json_t *value = json_read(copy, strlen(copy));

	if (!value)
		fail_msg("not JSON: %s", text);
	return value;
}

static json_t *with(struct arena *arena, const char *base, const char *changes)
{
	json_t *value = json_of(arena, base);
	AUTO(json_done) json_t *more = json_of(arena, changes);
	const char *name;
	json_t *one;

	json_object_foreach (more, name, one)
		if (json_is_null(one))
			(void)json_object_del(value, name);
		else
			json_set(value, name, json_incref(one));
	return value;
}

/* ---- discovery ---- */

static const char document[] =
	"{'issuer': '" ISSUER "', 'authorization_endpoint': 'https://id.example/authorize?a=b',"
	" 'token_endpoint': 'https://id.example/token', 'jwks_uri': 'https://keys.example/jwks',"
	" 'id_token_signing_alg_values_supported': ['HS256', 'RS256', 'none', 'ES256', 7],"
	" 'authorization_response_iss_parameter_supported': true}";

static const struct {
	const char *changes, *why; /* NULL: it is fine */
} documents[] = {
	{ "{}", NULL },
	{ "{'end_session_endpoint': 'https://id.example/out', 'unknown': {}}", NULL },
	{ "{'issuer': null}", "issuer" },
	{ "{'issuer': '" ISSUER "/'}", "issuer" },
	{ "{'issuer': 'https://id.example/Realm'}", "issuer" },
	{ "{'issuer': ['" ISSUER "']}", "issuer" },
	{ "{'authorization_endpoint': null}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'http://id.example/a'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'http://localhost/a'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'javascript:alert(1)'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'https://id.example/a#b'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'https://me@id.example/a'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'https://id.example/a\\r\\nX: y'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 'https://id.example/\\u00e9'}", "authorization_endpoint" },
	{ "{'authorization_endpoint': 5}", "authorization_endpoint" },
	{ "{'token_endpoint': null}", "token_endpoint" },
	{ "{'token_endpoint': 'https://10.0.0.1/token'}", "token_endpoint" },
	{ "{'token_endpoint': 'https://127.0.0.1/token'}", "token_endpoint" },
	{ "{'token_endpoint': 'https://[::1]/token'}", "token_endpoint" },
	{ "{'token_endpoint': 'https://localhost/token'}", "token_endpoint" },
	{ "{'token_endpoint': 'https://2130706433/token'}", "token_endpoint" },
	{ "{'token_endpoint': 'file:///etc/passwd'}", "token_endpoint" },
	{ "{'jwks_uri': null}", "jwks_uri" },
	{ "{'jwks_uri': 'http://keys.example/jwks'}", "jwks_uri" },
	{ "{'jwks_uri': 'https://169.254.169.254/'}", "jwks_uri" },
	{ "{'userinfo_endpoint': 'https://192.168.1.1/u'}", "userinfo_endpoint" },
	{ "{'userinfo_endpoint': {}}", "userinfo_endpoint" },
	{ "{'end_session_endpoint': 'data:text/html,x'}", "end_session_endpoint" },
	{ "{'id_token_signing_alg_values_supported': null}", "algorithm" },
	{ "{'id_token_signing_alg_values_supported': ['none', 'HS256']}", "algorithm" },
	{ "{'id_token_signing_alg_values_supported': 'RS256'}", "algorithm" },
};

static void metadata_is_its_issuers_and_leads_nowhere_inside(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(documents); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *read = with(arena, document, documents[i].changes);
		struct published out = { 0 };
		const char *why = NULL;
		enum err err = published_read(arena, &production, ISSUER, read, &out, &why);

		if ((err == OK) != !documents[i].why || (why && !strstr(why, documents[i].why)))
			fail_msg("%s: %s", documents[i].changes, why ? why : "fine");
	}
}

static void of_its_algorithms_those_count_that_are_ours(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *read = json_of(arena, document);
	struct published out = { 0 };
	const char *why;

	assert_int_equal(published_read(arena, &production, ISSUER, read, &out, &why), OK);
	assert_string_equal(out.id_token_algs[0], "ES256");
	assert_string_equal(out.id_token_algs[1], "RS256");
	assert_null(out.id_token_algs[2]);
	assert_true(out.iss_parameter);
	assert_null(out.userinfo_endpoint);
}

static void metadata_stands_behind_the_issuers_path(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	assert_string_equal(published_address(arena, "https://a.example"),
			    "https://a.example/.well-known/openid-configuration");
	assert_string_equal(published_address(arena, "https://a.example/"),
			    "https://a.example/.well-known/openid-configuration");
	assert_string_equal(published_address(arena, "https://a.example/t/v2.0"),
			    "https://a.example/t/v2.0/.well-known/openid-configuration");
}

/* ---- declarations ---- */

static const char declaration[] = "{'issuer': '" ISSUER "', 'client_id': 'us', 'preset': 'other'}";

static const struct {
	const char *changes, *field; /* NULL: sound */
} declarations[] = {
	{ "{}", NULL },
	{ "{'issuer': null}", "issuer" },
	{ "{'issuer': 'http://id.example'}", "issuer" },
	{ "{'issuer': 'https://id.example/?x'}", "issuer" },
	{ "{'issuer': 'https://id.example/#x'}", "issuer" },
	{ "{'issuer': 'https://10.1.2.3'}", "issuer" },
	{ "{'issuer': 'http://localhost:8080'}", "issuer" },
	{ "{'client_id': null}", "client_id" },
	{ "{'client_id': 'a b'}", "client_id" },
	{ "{'scopes': ['profile']}", "scopes" },
	{ "{'scopes': ['profile', 'openid']}", NULL },
	{ "{'preset': 'entra'}", "tid" },
	{ "{'preset': 'entra', 'tid': 'common'}", "tid" },
	{ "{'preset': 'entra', 'tid': 'organizations'}", "tid" },
	{ "{'preset': 'entra', 'tid': 't-1'}", NULL },
	{ "{'preset': 'entra', 'tid': 't-1', 'issuer': 'https://login.microsoftonline.com/t-1/v2.0'}", NULL },
	{ "{'preset': 'entra', 'tid': 't-1', 'issuer': 'https://login.microsoftonline.com/t-2/v2.0'}",
	  "issuer" },
	{ "{'preset': 'entra', 'tid': 't-1', 'issuer': 'https://login.microsoftonline.com/common/v2.0'}",
	  "issuer" },
	{ "{'preset': 'entra', 'tid': 't-1', 'issuer': 'https://LOGIN.microsoftonline.com/t-1/'}", "issuer" },
	{ "{'preset': 'google'}", "hd" },
	{ "{'preset': 'google', 'hd': 'clinic'}", "hd" },
	{ "{'preset': 'google', 'hd': 'clinic.example'}", NULL },
};

static void a_declaration_is_sound_as_a_whole_or_names_the_field(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(declarations); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *whole = with(arena, declaration, declarations[i].changes);
		struct work w = { .arena = arena, .app = &app };
		const char *why = upstream_trouble(&w, whole, NULL, false), *field = declarations[i].field;

		if (!why != !field || (why && (!text_starts(why, field) || why[strlen(field)] != ':')))
			fail_msg("%s: %s", declarations[i].changes, why ? why : "sound");
	}
}

static void a_preset_knows_its_provider_and_nothing_of_others(UNUSED void **state)
{
	assert_true(upstream_preset_of("entra")->has_tenant);
	assert_true(upstream_preset_of("google")->has_domain);
	assert_string_equal(upstream_preset_of("okta")->acr_mfa, "urn:okta:loa:2fa:any");
	assert_string_equal(upstream_preset_of("nobody")->name, "other");
	assert_string_equal(upstream_preset_of(NULL)->name, "other");
	const struct connection declared = { .preset = "okta", .acr_mfa = "phr" };
	assert_string_equal(upstream_acr_mfa(&declared), "phr");
	static const char *const names[] = { "okta", "entra", "google", "keycloak", "adfs", "other" };
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct upstream_preset *preset = upstream_preset_of(names[i]);

		assert_string_equal(preset->name, names[i]);
		assert_non_null(preset->fresh_prompt);
		assert_non_null(preset->groups_mend);
	}
}

/* ---- claims ---- */

struct said {
	struct arena *arena;
	json_t *id_token, *userinfo, *mapping;
	struct upstream_person person;
	struct upstream_refusal why;
	enum err err;
};

static void said_done(struct said *said)
{
	json_decref(said->id_token);
	json_decref(said->userinfo);
	json_decref(said->mapping);
	arena_done(&said->arena);
}

#define AUTO_SAID AUTO(said_done) struct said

static void say(struct said *said, const struct connection *c, const char *id_token, const char *userinfo)
{
	*said = (struct said){ .arena = arena_new() };
	struct work w = { .arena = said->arena, .app = &app, .now = 1790000000 };
	struct connection with_mapping = *c;

	said->id_token = json_of(said->arena, id_token);
	said->userinfo = userinfo ? json_of(said->arena, userinfo) : NULL;
	said->mapping =
		json_of(said->arena, "[{'when': {'any': [{'all': [{'claim': 'groups', 'contains': 'A'}]}]},"
				     " 'grant': {'role': 'x'}}]");
	with_mapping.mapping = c->mapping ? NULL : said->mapping;
	said->err = upstream_person_of(&w, &with_mapping, said->id_token, said->userinfo, &said->person,
				       &said->why);
}

static const struct connection usual = { .id = "c", .issuer = ISSUER, .client_id = "us", .preset = "other" };

static const struct {
	const char *id_token, *userinfo, *email;
	bool verified, trust;
	const char *claim; /* NULL: email */
	const char *preset;
} addresses[] = {
	{ "{'sub': 'p', 'email': 'a@x', 'email_verified': true}", NULL, "a@x", true, false, NULL, NULL },
	{ "{'sub': 'p', 'email': 'a@x'}", NULL, "a@x", false, false, NULL, NULL },
	{ "{'sub': 'p', 'email': 'a@x'}", NULL, "a@x", true, true, NULL, NULL },
	{ "{'sub': 'p', 'email': 'a@x', 'email_verified': false}", NULL, "a@x", false, true, NULL, NULL },
	{ "{'sub': 'p', 'email': 'a@x', 'email_verified': 'true'}", NULL, "a@x", false, true, NULL, NULL },
	{ "{'sub': 'p', 'email': 'a@x', 'email_verified': null}", NULL, "a@x", false, true, NULL, NULL },
	{ "{'sub': 'p', 'email': ['a@x'], 'email_verified': true}", NULL, NULL, false, true, NULL, NULL },
	{ "{'sub': 'p', 'email': '', 'email_verified': true}", NULL, NULL, false, true, NULL, NULL },
	/* two documents: never the address of one and the word of the other */
	{ "{'sub': 'p', 'email': 'a@x'}", "{'sub': 'p', 'email': 'b@x', 'email_verified': true}", "a@x",
	  false, false, NULL, NULL },
	{ "{'sub': 'p', 'email_verified': true}", "{'sub': 'p', 'email': 'b@x'}", "b@x", false, false, NULL,
	  NULL },
	{ "{'sub': 'p'}", "{'sub': 'p', 'email': 'b@x', 'email_verified': true}", "b@x", true, false, NULL,
	  NULL },
	{ "{'sub': 'p', 'email': 7}", "{'sub': 'p', 'email': 'b@x', 'email_verified': true}", NULL, false,
	  false, NULL, NULL },
	/* another claim as address: the word is of `email` */
	{ "{'sub': 'p', 'upn': 'u@x', 'email': 'a@x', 'email_verified': true}", NULL, "u@x", false, false,
	  "upn", NULL },
	{ "{'sub': 'p', 'upn': 'a@x', 'email': 'a@x', 'email_verified': true}", NULL, "a@x", true, false,
	  "upn", NULL },
	{ "{'sub': 'p', 'upn': 'u@x', 'email_verified': false}", NULL, "u@x", false, true, "upn", NULL },
	/* Entra's own word */
	{ "{'sub': 'p', 'email': 'a@x', 'xms_edov': false}", NULL, "a@x", false, true, NULL, "entra" },
	{ "{'sub': 'p', 'email': 'a@x', 'xms_edov': '0'}", NULL, "a@x", false, true, NULL, "entra" },
	{ "{'sub': 'p', 'email': 'a@x', 'xms_edov': true}", NULL, "a@x", true, false, NULL, "entra" },
	{ "{'sub': 'p', 'email': 'a@x', 'xms_edov': 1}", NULL, "a@x", true, false, NULL, "entra" },
	{ "{'sub': 'p', 'email': 'a@x', 'xms_edov': true}", NULL, "a@x", false, false, NULL, "other" },
};

static void an_address_counts_as_verified_by_the_document_that_has_it(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct connection c = usual;
		AUTO_SAID said;

		c.trust_email = addresses[i].trust;
		c.email_claim = addresses[i].claim;
		c.preset = addresses[i].preset;
		say(&said, &c, addresses[i].id_token, addresses[i].userinfo);
		if (said.err != OK || !text_equal(said.person.email, addresses[i].email) ||
		    said.person.email_verified != addresses[i].verified)
			fail_msg("%s %s: %s, %s", addresses[i].id_token,
				 addresses[i].userinfo ? addresses[i].userinfo : "",
				 said.person.email ? said.person.email : "-",
				 said.person.email_verified ? "verified" : "not verified");
	}
}

static void the_id_token_wins_over_userinfo(UNUSED void **state)
{
	AUTO_SAID said;

	say(&said, &usual, "{'sub': 'p', 'groups': ['A'], 'given_name': 'Ida'}",
	    "{'sub': 'q', 'groups': ['B'], 'given_name': 'Uma', 'family_name': 'Holt', 'email_verified': "
	    "true}");
	assert_string_equal(said.person.subject, "p");
	assert_string_equal(json_get_text(said.person.claims, "sub"), "p");
	assert_string_equal(said.person.given_name, "Ida");
	assert_string_equal(said.person.family_name, "Holt");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(said.person.claims, "groups"), 0)), "A");
}

static const struct {
	const char *claims;
	bool mfa;
	const char *amr; /* joined */
} strengths[] = {
	{ "{'sub': 'p'}", false, "" },
	{ "{'sub': 'p', 'amr': ['pwd']}", false, "pwd " },
	{ "{'sub': 'p', 'amr': ['pwd', 'mfa']}", true, "pwd mfa " },
	{ "{'sub': 'p', 'amr': ['made-up', 'hwk', 'hwk', 7, 'urn:lanyard:acr:epcs']}", false, "hwk " },
	{ "{'sub': 'p', 'amr': 'mfa'}", false, "" },
	{ "{'sub': 'p', 'acr': 'gold'}", true, "" },
	{ "{'sub': 'p', 'acr': 'phr'}", true, "" },
	{ "{'sub': 'p', 'acr': ['gold']}", false, "" },
	{ "{'sub': 'p', 'acr': 'urn:lanyard:acr:mfa'}", false, "" },
};

static void strength_counts_where_it_is_trusted_and_as_registered(UNUSED void **state)
{
	static const char *const values[] = { "mfa", "gold", NULL };

	for (size_t i = 0; i < COUNT(strengths); i++)
		for (int trusted = 0; trusted < 2; trusted++) {
			struct connection c = usual;
			AUTO_BUF amr = BUF(200);
			AUTO_SAID said;

			c.trust_upstream_mfa = trusted;
			c.mfa_values = values;
			c.acr_mfa = "phr";
			say(&said, &c, strengths[i].claims, NULL);
			for (const char *const *word = said.person.amr; *word; word++)
				buf_print(&amr, "%s ", *word);
			assert_string_equal(buf_str(&amr), trusted ? strengths[i].amr : "");
			assert_int_equal(said.person.mfa, trusted && strengths[i].mfa);
		}
}

static const struct {
	const char *claims;
	bool refused;
} overages[] = {
	{ "{'sub': 'p', 'groups': ['A']}", false },
	{ "{'sub': 'p'}", false },
	{ "{'sub': 'p', '_claim_names': {'groups': 'src1'}, '_claim_sources': {'src1': {'endpoint': 'x'}}}",
	  true },
	{ "{'sub': 'p', '_claim_names': {'photo': 'src1'}}", false },
	{ "{'sub': 'p', 'hasgroups': true}", true },
	{ "{'sub': 'p', 'hasgroups': 'true'}", true },
	{ "{'sub': 'p', 'hasgroups': false}", false },
};

static void groups_that_were_left_out_are_refused_where_rules_read_them(UNUSED void **state)
{
	static json_t unread;

	for (size_t i = 0; i < COUNT(overages); i++) {
		struct connection c = usual;
		AUTO_SAID reads;
		AUTO_SAID reads_not;

		say(&reads, &c, overages[i].claims, NULL);
		assert_int_equal(reads.err, overages[i].refused ? ERR_UPSTREAM_ANSWER : OK);
		if (overages[i].refused)
			assert_string_equal(reads.why.word, "groups_overage");
		c.mapping = &unread; /* say() takes the rules away */
		say(&reads_not, &c, overages[i].claims, NULL);
		assert_int_equal(reads_not.err, OK);
	}
}

/* ---- pasted ---- */

static const struct {
	const char *pasted;
	enum err err;
	const char *check, *outcome; /* of the last row that is not ok; NULL: none */
} pastes[] = {
	{ "{'sub': 'p', 'email': 'a@x'}", OK, "signature", "warn" },
	{ "\n {'sub': 'p'} ", OK, "signature", "warn" },
	{ "{'email': 'a@x'}", OK, "sub", "fail" },
	{ "{'sub': 'p', '_claim_names': {'groups': 's'}}", OK, "groups_overage", "fail" },
	{ "{'sub': 'p', 'sub': 'q'}", ERR_DOCUMENT, NULL, NULL },
	{ "{'sub': 'p'", ERR_DOCUMENT, NULL, NULL },
	{ "hello", ERR_DOCUMENT, NULL, NULL },
	{ "a.b.c", ERR_DOCUMENT, NULL, NULL },
	{ "", ERR_DOCUMENT, NULL, NULL },
};

static void pasted_claims_are_read_and_what_is_wrong_with_them_is_said(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(pastes); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *mapping = json_of(arena, "[{'when': {'claim': 'groups'}}]");
		AUTO(json_done) json_t *findings = NULL;
		struct work w = { .arena = arena, .app = &app, .now = 1790000000 };
		struct connection c = usual;
		struct upstream_person person = { 0 };
		char *pasted = arena_text(arena, pastes[i].pasted);
		const json_t *row, *last = NULL;
		size_t at;

		for (char *quote = pasted; (quote = strchr(quote, '\'')); quote++)
			*quote = '"';
		c.mapping = mapping;
		assert_int_equal(upstream_read(&w, &c, pasted, &person, &findings), pastes[i].err);
		assert_true(!findings == (pastes[i].err != OK));
		json_array_foreach (findings, at, row)
			if (!text_equal(json_get_text(row, "outcome"), "ok"))
				last = row;
		assert_true(text_equal(json_get_text(last, "check"), pastes[i].check));
		assert_true(text_equal(json_get_text(last, "outcome"), pastes[i].outcome));
		assert_true(pastes[i].err != OK || person.subject);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_is_its_issuers_and_leads_nowhere_inside),
		cmocka_unit_test(of_its_algorithms_those_count_that_are_ours),
		cmocka_unit_test(metadata_stands_behind_the_issuers_path),
		cmocka_unit_test(a_declaration_is_sound_as_a_whole_or_names_the_field),
		cmocka_unit_test(a_preset_knows_its_provider_and_nothing_of_others),
		cmocka_unit_test(an_address_counts_as_verified_by_the_document_that_has_it),
		cmocka_unit_test(the_id_token_wins_over_userinfo),
		cmocka_unit_test(strength_counts_where_it_is_trusted_and_as_registered),
		cmocka_unit_test(groups_that_were_left_out_are_refused_where_rules_read_them),
		cmocka_unit_test(pasted_claims_are_read_and_what_is_wrong_with_them_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
