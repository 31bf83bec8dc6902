/* test_upstream_checks.c: what must hold of an ID token and of a logout token: for each row of the tables,
 * tokens that this row alone refuses. */
#include "kit/store_kit.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "oidc/upstream_checks.h"
#include "store/snapshot.h"

#define NOW    INT64_C(1790000000)
#define ISSUER "https://id.example/realm"
#define NONCE  "nonce-of-this-sign-in"
#define ACCESS "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y" /* Core A.3 */

static const struct connection plain = { .id = "c", .issuer = ISSUER, .client_id = "us", .preset = "other" };
static const struct connection entra = {
	.id = "c", .issuer = ISSUER, .client_id = "us", .preset = "entra", .tid = "t-1"
};
static const struct connection google = {
	.id = "c", .issuer = ISSUER, .client_id = "us", .preset = "google", .hd = "clinic.example"
};

/* ' stands for ". */
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

static json_t *sound_id_token(void)
{
	json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:I}", "iss", ISSUER, "aud",
				   "us", "sub", "person-1", "iat", (json_int_t)NOW, "exp",
				   (json_int_t)NOW + 300, "nonce", NONCE, "tid", "t-1", "oid", "o-1", "hd",
				   "clinic.example", "auth_time", (json_int_t)NOW - 5);

	assert_non_null(claims);
	return claims;
}

static struct shown_token shown_of(struct arena *arena, const struct connection *c, const json_t *claims)
{
	return (struct shown_token){ .arena = arena,
				     .connection = c,
				     .now = NOW,
				     .alg = "ES256",
				     .typ = "JWT",
				     .claims = claims,
				     .nonce = NONCE,
				     .access_token = ACCESS };
}

static const char *word_of(const struct token_check *table, const struct shown_token *shown)
{
	const char *why = NULL;
	const struct token_check *failed = token_check_failed(table, shown, &why);

	assert_true(!failed == !why);
	return failed ? failed->word : "ok";
}

/* ---- claims: changes on a sound token; null takes the member away ---- */

static void change(json_t *claims, const json_t *changes)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)changes, name, value)
		if (json_is_null(value))
			(void)json_object_del(claims, name);
		else
			json_set(claims, name, json_incref(value));
}

#define FIVE     "'a', 'b', 'c', 'd', 'e'"
#define NINETEEN FIVE ", " FIVE ", " FIVE ", 'f', 'g', 'h', 'i'"

static const struct claims_case {
	const char *changes, *word;
	const struct connection *connection; /* NULL: plain */
} claim_cases[] = {
	{ "{}", "ok", NULL },
	{ "{}", "ok", &entra },
	{ "{}", "ok", &google },
	{ "{'iss': null}", "iss", NULL },
	{ "{'iss': 'https://id.example/realm/'}", "iss", NULL },
	{ "{'iss': 'https://ID.example/realm'}", "iss", NULL },
	{ "{'iss': ['https://id.example/realm']}", "iss", NULL },
	{ "{'iss': 7}", "iss", NULL },
	{ "{'aud': null}", "aud", NULL },
	{ "{'aud': 'them'}", "aud", NULL },
	{ "{'aud': 'US'}", "aud", NULL },
	{ "{'aud': 'us them'}", "aud", NULL },
	{ "{'aud': []}", "aud", NULL },
	{ "{'aud': ['us', 7], 'azp': 'us'}", "aud", NULL },
	{ "{'aud': {'us': 'us'}}", "aud", NULL },
	{ "{'aud': true}", "aud", NULL },
	{ "{'aud': ['us']}", "ok", NULL },
	{ "{'aud': ['them', 'us']}", "azp", NULL },
	{ "{'aud': ['them', 'us'], 'azp': 'them'}", "azp", NULL },
	{ "{'aud': ['them', 'us'], 'azp': 'us'}", "ok", NULL },
	{ "{'aud': [" NINETEEN ", 'us'], 'azp': 'us'}", "ok", NULL },
	{ "{'aud': [" NINETEEN ", 'them', 'us'], 'azp': 'us'}", "aud", NULL },
	{ "{'azp': 'them'}", "azp", NULL },
	{ "{'azp': ['us']}", "azp", NULL },
	{ "{'azp': 'us'}", "ok", NULL },
	{ "{'exp': null}", "exp", NULL },
	{ "{'exp': 1789999940}", "exp", NULL },
	{ "{'exp': 1789999941}", "ok", NULL },
	{ "{'exp': '1790000300'}", "exp", NULL },
	{ "{'exp': 1790000300.5}", "exp", NULL },
	{ "{'exp': [1790000300]}", "exp", NULL },
	{ "{'exp': -1}", "exp", NULL },
	{ "{'exp': 9223372036854775807}", "ok", NULL },
	{ "{'iat': null}", "iat", NULL },
	{ "{'iat': '1790000000'}", "iat", NULL },
	{ "{'iat': 1790000000.0}", "iat", NULL },
	{ "{'iat': 1790000061}", "iat", NULL },
	{ "{'iat': 1790000060}", "ok", NULL },
	{ "{'iat': 1789999400}", "ok", NULL },
	{ "{'iat': 1789999399}", "iat", NULL },
	{ "{'iat': -9223372036854775807}", "iat", NULL },
	{ "{'nbf': 1790000061}", "nbf", NULL },
	{ "{'nbf': 1790000060}", "ok", NULL },
	{ "{'nbf': 'now'}", "nbf", NULL },
	{ "{'nonce': null}", "nonce", NULL },
	{ "{'nonce': ''}", "nonce", NULL },
	{ "{'nonce': 'nonce-of-another'}", "nonce", NULL },
	{ "{'nonce': 'nonce-of-this-sign-inn'}", "nonce", NULL },
	{ "{'nonce': ['nonce-of-this-sign-in']}", "nonce", NULL },
	{ "{'at_hash': '77QmUPtjPfzWtF2AnpK9RQ'}", "ok", NULL },
	{ "{'at_hash': '77QmUPtjPfzWtF2AnpK9RR'}", "at_hash", NULL },
	{ "{'at_hash': ''}", "at_hash", NULL },
	{ "{'at_hash': 1}", "at_hash", NULL },
	{ "{'auth_time': 'now'}", "auth_time", NULL },
	{ "{'auth_time': 1790000061}", "auth_time", NULL },
	{ "{'auth_time': 1790000060}", "ok", NULL },
	{ "{'auth_time': 1}", "ok", NULL },
	{ "{'auth_time': null}", "ok", NULL },
	{ "{'sub': null}", "sub", NULL },
	{ "{'sub': ''}", "sub", NULL },
	{ "{'sub': 1}", "sub", NULL },
	{ "{'sub': 'a\\nb'}", "sub", NULL },
	{ "{'sub': 'a ~'}", "ok", NULL },
	{ "{'sub': 'a\\u001fb'}", "sub", NULL },
	{ "{'sub': 'a\\u007fb'}", "sub", NULL },
	{ "{'sub': 'J\\u00f6rg'}", "sub", NULL },
	{ "{'tid': null}", "tid", &entra },
	{ "{'tid': 't-2'}", "tid", &entra },
	{ "{'tid': 'T-1'}", "tid", &entra },
	{ "{'tid': 't-2', 'oid': null}", "ok", NULL },
	{ "{'oid': null}", "oid", &entra },
	{ "{'oid': 5}", "oid", &entra },
	{ "{'oid': ''}", "oid", &entra },
	{ "{'hd': null}", "hd", &google },
	{ "{'hd': 'other.example'}", "hd", &google },
	{ "{'hd': 'Clinic.example'}", "hd", &google },
	{ "{'hd': 'sub.clinic.example'}", "hd", &google },
	{ "{'hd': ['clinic.example']}", "hd", &google },
	{ "{'hd': 'other.example'}", "ok", NULL },
};

static void each_claim_has_a_row_that_refuses_it_when_it_is_wrong(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(claim_cases); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *claims = sound_id_token();
		AUTO(json_done) json_t *changes = json_of(arena, claim_cases[i].changes);
		const struct connection *c = claim_cases[i].connection;

		change(claims, changes);
		const struct shown_token shown = shown_of(arena, c ? c : &plain, claims);
		const char *word = word_of(id_token_checks, &shown);

		if (!text_equal(word, claim_cases[i].word))
			fail_msg("%s: %s, not %s", claim_cases[i].changes, word, claim_cases[i].word);
	}
}

/* A row that is taken out of the table is missed here: each row is the only one that refuses something. */
static void no_row_is_there_for_nothing(UNUSED void **state)
{
	static const char *const elsewhere[] = { "typ", "userinfo_sub", NULL };

	for (const struct token_check *row = id_token_checks; row->word; row++) {
		bool seen = text_list_has(elsewhere, row->word);

		for (size_t i = 0; i < COUNT(claim_cases) && !seen; i++)
			seen = text_equal(claim_cases[i].word, row->word);
		if (!seen)
			fail_msg("nothing is refused by %s", row->word);
		assert_non_null(row->where);
	}
}

static void a_subject_has_at_most_255_bytes(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char sub[257];

	for (size_t size = 255; size <= 256; size++) {
		AUTO(json_done) json_t *claims = sound_id_token();

		memset(sub, 's', sizeof sub);
		sub[size] = '\0';
		json_set_text(claims, "sub", sub);
		const struct shown_token shown = shown_of(arena, &plain, claims);

		assert_string_equal(word_of(id_token_checks, &shown), size == 255 ? "ok" : "sub");
	}
}

static void a_token_of_another_kind_is_no_id_token(UNUSED void **state)
{
	static const struct {
		const char *typ;
		const char *id, *logout;
	} kinds[] = {
		{ NULL, "ok", "ok" },
		{ "JWT", "ok", "typ" },
		{ "jwt", "ok", "typ" },
		{ "at+jwt", "typ", "typ" },
		{ "logout+jwt", "typ", "ok" },
		{ "", "typ", "typ" },
		{ "secevent+jwt", "typ", "typ" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = sound_id_token();
	AUTO(json_done) json_t *logout = sound_id_token();

	(void)json_object_del(logout, "nonce");
	json_set_text(logout, "jti", "j-1");
	json_set(logout, "events", json_pack("{s:{}}", "http://schemas.openid.net/event/backchannel-logout"));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct shown_token shown = shown_of(arena, &plain, claims);

		shown.typ = kinds[i].typ;
		assert_string_equal(word_of(id_token_checks, &shown), kinds[i].id);
		shown.claims = logout;
		assert_string_equal(word_of(logout_token_checks, &shown), kinds[i].logout);
	}
}

static void at_hash_is_of_this_access_token_by_the_hash_of_alg(UNUSED void **state)
{
	static const struct {
		const char *alg;
		unsigned bits;
	} algs[] = { { "ES256", 256 }, { "RS384", 384 }, { "PS512", 512 } };
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = sound_id_token();
	struct shown_token shown = shown_of(arena, &plain, claims);

	json_set_text(claims, "at_hash", "77QmUPtjPfzWtF2AnpK9RQ"); /* Core A.4 */
	shown.access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
	assert_string_equal(word_of(id_token_checks, &shown), "ok");
	shown.access_token = "another";
	assert_string_equal(word_of(id_token_checks, &shown), "at_hash");
	for (size_t i = 0; i < COUNT(algs); i++) {
		struct bytes digest = sha2(arena, algs[i].bits, BYTES_OF("another"));

		digest.size /= 2;
		json_set_text(claims, "at_hash", base64url_encode(arena, digest));
		for (size_t j = 0; j < COUNT(algs); j++) {
			shown.alg = algs[j].alg;
			assert_string_equal(word_of(id_token_checks, &shown), i == j ? "ok" : "at_hash");
		}
	}
}

static void who_was_asked_to_sign_in_again_did(UNUSED void **state)
{
	static const struct {
		json_int_t auth_time; /* 0: absent */
		const char *word;
	} times[] = { { 0, "auth_time" },
		      { NOW - 1, "ok" },
		      { NOW - 120 - 60, "ok" },
		      { NOW - 120 - 61, "auth_time" },
		      { NOW - 86400, "auth_time" } };

	for (size_t i = 0; i < COUNT(times); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *claims = sound_id_token();
		struct shown_token shown = shown_of(arena, &plain, claims);

		(void)json_object_del(claims, "auth_time");
		if (times[i].auth_time)
			json_set(claims, "auth_time", json_integer(times[i].auth_time));
		shown.fresh_since = NOW - 120;
		assert_string_equal(word_of(id_token_checks, &shown), times[i].word);
		shown.fresh_since = 0;
		assert_string_equal(word_of(id_token_checks, &shown), "ok");
	}
}

static void userinfo_is_about_the_same_person(UNUSED void **state)
{
	static const struct {
		const char *userinfo, *word;
	} cases[] = {
		{ "{'sub': 'person-1'}", "ok" },
		{ "{'sub': 'person-2'}", "userinfo_sub" },
		{ "{}", "userinfo_sub" },
		{ "{'sub': null}", "userinfo_sub" },
		{ "{'sub': ['person-1']}", "userinfo_sub" },
		{ "{'sub': 'PERSON-1'}", "userinfo_sub" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *claims = sound_id_token();
		AUTO(json_done) json_t *userinfo = json_of(arena, cases[i].userinfo);
		struct shown_token shown = shown_of(arena, &plain, claims);

		shown.userinfo = userinfo;
		assert_string_equal(word_of(id_token_checks, &shown), cases[i].word);
	}
}

static void who_somebody_is_does_not_hang_on_what_may_change(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = sound_id_token();

	assert_string_equal(upstream_subject(arena, &plain, claims), "person-1");
	assert_string_equal(upstream_subject(arena, &google, claims), "person-1");
	assert_string_equal(upstream_subject(arena, &entra, claims), "t-1/o-1");
	json_set_text(claims, "sub", "pairwise-of-another-registration");
	assert_string_equal(upstream_subject(arena, &entra, claims), "t-1/o-1");
	json_set_text(claims, "tid", "t-2");
	assert_null(upstream_subject(arena, &entra, claims));
}

/* ---- logout tokens ---- */

static const struct claims_case logout_cases[] = {
	{ "{}", "ok", NULL },
	{ "{'iss': 'https://other.example'}", "iss", NULL },
	{ "{'aud': 'them'}", "aud", NULL },
	{ "{'exp': 1789999000}", "exp", NULL },
	{ "{'iat': null}", "iat", NULL },
	{ "{'iat': 1789999399}", "iat", NULL },
	{ "{'nbf': 1790000999}", "nbf", NULL },
	{ "{'sub': null}", "ok", NULL },
	{ "{'sid': null}", "ok", NULL },
	{ "{'sub': null, 'sid': null}", "whom", NULL },
	{ "{'sub': 5}", "whom", NULL },
	{ "{'sid': {}}", "whom", NULL },
	{ "{'sid': null, 'oid': null}", "whom", &entra },
	{ "{'events': null}", "events", NULL },
	{ "{'events': {'http://schemas.openid.net/event/backchannel-logout': true}}", "events", NULL },
	{ "{'events': {'https://evil.example': {}}}", "events", NULL },
	{ "{'events': ['http://schemas.openid.net/event/backchannel-logout']}", "events", NULL },
	{ "{'nonce': 'n'}", "nonce", NULL },
	{ "{'nonce': false}", "nonce", NULL },
	{ "{'jti': null}", "jti", NULL },
	{ "{'jti': 7}", "jti", NULL },
	{ "{'jti': ''}", "jti", NULL },
};

static void a_logout_token_is_one_in_every_respect(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(logout_cases); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *claims = sound_id_token();
		AUTO(json_done) json_t *changes = json_of(arena, logout_cases[i].changes);
		const struct connection *c = logout_cases[i].connection;

		(void)json_object_del(claims, "nonce");
		json_set_text(claims, "jti", "j-1");
		json_set_text(claims, "sid", "s-1");
		json_set(claims, "events",
			 json_pack("{s:{}}", "http://schemas.openid.net/event/backchannel-logout"));
		change(claims, changes);
		struct shown_token shown = shown_of(arena, c ? c : &plain, claims);

		shown.typ = "logout+jwt";
		const char *word = word_of(logout_token_checks, &shown);

		if (!text_equal(word, logout_cases[i].word))
			fail_msg("%s: %s, not %s", logout_cases[i].changes, word, logout_cases[i].word);
	}
}

static void an_id_token_and_a_logout_token_are_never_taken_for_each_other(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = sound_id_token();
	struct shown_token shown = shown_of(arena, &plain, claims);

	shown.typ = NULL;
	assert_string_not_equal(word_of(logout_token_checks, &shown), "ok");
	(void)json_object_del(claims, "nonce");
	json_set_text(claims, "jti", "j-1");
	json_set(claims, "events", json_pack("{s:{}}", "http://schemas.openid.net/event/backchannel-logout"));
	assert_string_equal(word_of(logout_token_checks, &shown), "ok");
	assert_string_equal(word_of(id_token_checks, &shown), "nonce");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_claim_has_a_row_that_refuses_it_when_it_is_wrong),
		cmocka_unit_test(no_row_is_there_for_nothing),
		cmocka_unit_test(a_subject_has_at_most_255_bytes),
		cmocka_unit_test(a_token_of_another_kind_is_no_id_token),
		cmocka_unit_test(at_hash_is_of_this_access_token_by_the_hash_of_alg),
		cmocka_unit_test(who_was_asked_to_sign_in_again_did),
		cmocka_unit_test(userinfo_is_about_the_same_person),
		cmocka_unit_test(who_somebody_is_does_not_hang_on_what_may_change),
		cmocka_unit_test(a_logout_token_is_one_in_every_respect),
		cmocka_unit_test(an_id_token_and_a_logout_token_are_never_taken_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
