/* test_connections.c: connections of practices, who somebody of them is here, sessions that came from there.
 */
#include "kit/store_kit.h"

#include "base/json.h"
#include "store/connections.h"
#include "store/metadata.h"
#include "store/practices.h"
#include "store/sessions.h"
#include "store/snapshot.h"
#include "store/sweep.h"

static struct connection_row connection(const char *id, const char *practice)
{
	return (struct connection_row){ .id = id,
					.practice_id = practice,
					.protocol = "oidc",
					.name = id,
					.declaration = "{\"id\":\"x\",\"protocol\":\"oidc\"}",
					.secret = BYTES_OF("sealed") };
}

static struct connection_row found(struct hand *hand, const char *id)
{
	struct connection_row row = { 0 };
	bool there = false;

	assert_ok(hand, connections_find(&hand->w, id, &row, &there));
	assert_true(there);
	return row;
}

static void an_id_stays_with_its_practice_and_its_protocol(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	kit_practice(&hand, "conn-a", 801);
	kit_practice(&hand, "conn-b", 802);
	struct connection_row row = connection("okta-a", "conn-a");

	assert_ok(&hand, connections_put(&hand.w, &row));
	row.practice_id = "conn-b";
	assert_int_equal(connections_put(&hand.w, &row), ERR_CONFLICT);
	row.practice_id = "conn-a";
	row.protocol = "saml";
	assert_int_equal(connections_put(&hand.w, &row), ERR_CONFLICT);
	row.protocol = "oidc";
	row.name = "Okta";
	row.secret = (struct bytes){ 0 };
	assert_ok(&hand, connections_put(&hand.w, &row));
	row = found(&hand, "okta-a");
	assert_string_equal(row.name, "Okta");
	assert_string_equal(row.practice_id, "conn-a");
	assert_int_equal(row.secret.size, strlen("sealed")); /* as it was */
}

static void what_was_deleted_stays_deleted(UNUSED void **state)
{
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	kit_practice(&hand, "conn-a", 801);
	struct connection_row row = connection("gone", "conn-a");
	struct metadata_row metadata = { .owner = "gone", .next_at = hand.w.now + 100 };
	bool there = true;

	assert_ok(&hand, connections_put(&hand.w, &row));
	assert_ok(&hand, metadata_put(&hand.w, METADATA_OF_CONNECTION, &metadata));
	assert_ok(&hand, connections_retire(&hand.w, "gone"));
	assert_true(found(&hand, "gone").deleted);
	assert_true(found(&hand, "gone").disabled);
	assert_null(found(&hand, "gone").secret.at);
	assert_ok(&hand, metadata_find(&hand.w, METADATA_OF_CONNECTION, "gone", &metadata, &there));
	assert_false(there);
	assert_int_equal(connections_put(&hand.w, &row), ERR_CONFLICT);
}

static struct upstream_link link_row(const char *key, const char *account)
{
	return (struct upstream_link){ .subject_key = key,
				       .connection_id = "okta",
				       .issuer = "https://okta.example",
				       .subject = key,
				       .account_id = account };
}

struct race {
	int wins;
	pthread_mutex_t lock;
};

static void link_once(struct hand *hand, int number, void *context)
{
	struct race *race = context;
	struct upstream_link row = link_row("raced", arena_print(hand->arena, "acc-%d", number));
	bool won = false;

	if (links_insert(&hand->w, &row, &won) != OK)
		return;
	pthread_mutex_lock(&race->lock);
	race->wins += won;
	pthread_mutex_unlock(&race->lock);
}

static void of_many_links_of_one_person_one_is_made(UNUSED void **state)
{
	struct race race = { .lock = PTHREAD_MUTEX_INITIALIZER };

	crew_run(16, "links-race", link_once, &race);
	assert_int_equal(race.wins, 1);
}

static void a_link_is_of_one_practice(UNUSED void **state)
{
	struct upstream_link row = link_row("subject", "acc-1"), out, *list = NULL;
	size_t count = 0;
	bool won = false, there = false;
	AUTO_HAND hand;

	hand_begin(&hand, "links-a");
	row.held = true;
	assert_ok(&hand, links_insert(&hand.w, &row, &won));
	assert_true(won);
	hand.w.practice = "links-b";
	assert_ok(&hand, links_find(&hand.w, "subject", &out, &there));
	assert_false(there);
	assert_ok(&hand, links_release(&hand.w, "acc-1"));
	assert_ok(&hand, links_delete(&hand.w, "acc-1", NULL, &count));
	assert_int_equal(count, 0);
	row.account_id = "acc-2"; /* somebody of the same key elsewhere is nobody here */
	assert_ok(&hand, links_insert(&hand.w, &row, &won));
	assert_true(won);
	hand.w.practice = "links-a";
	assert_ok(&hand, links_find(&hand.w, "subject", &out, &there));
	assert_true(there && out.held);
	assert_string_equal(out.account_id, "acc-1");
	assert_ok(&hand, links_release(&hand.w, "acc-1"));
	assert_ok(&hand, links_of(&hand.w, "acc-1", &list, &count));
	assert_int_equal(count, 1);
	assert_false(list[0].held);
	assert_ok(&hand, links_delete(&hand.w, "acc-1", "entra", &count));
	assert_int_equal(count, 0);
	assert_ok(&hand, links_delete(&hand.w, "acc-1", "okta", &count));
	assert_int_equal(count, 1);
}

static void begin_session(struct hand *hand, const char *sid, const char *key, const char *upstream_sid)
{
	const struct session_row session = { .hash = sid,
					     .sid = sid,
					     .account_id = "acc",
					     .acr = "a",
					     .amr = "",
					     .started_at = hand->w.now,
					     .seen_at = hand->w.now,
					     .idle_seconds = 600,
					     .ends_at = hand->w.now + 3600,
					     .connection_id = "okta" };
	const struct upstream_session row = { .sid = sid,
					      .connection_id = "okta",
					      .subject_key = key,
					      .upstream_sid = upstream_sid,
					      .ends_at = hand->w.now + 3600 };
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

	assert_ok(hand, sessions_insert(&hand->w, &session));
	assert_ok(hand, upstream_sessions_put(&hand->w, &row));
	assert_ok(hand, upstream_sessions_put(&hand->w, &row)); /* a step-up keeps the sid */
	assert_ok(hand, tx_commit(&tx));
}

static int named(struct hand *hand, const char *connection_id, const char *key, const char *upstream_sid)
{
	struct upstream_session *list = NULL;
	size_t count = 0;

	assert_ok(hand, upstream_sessions_named(&hand->w, connection_id, key, upstream_sid, &list, &count));
	return (int)count;
}

static void sessions_are_found_by_what_a_provider_can_name(UNUSED void **state)
{
	struct session_row ended;
	AUTO_HAND hand;

	hand_begin(&hand, "sessions-up");
	begin_session(&hand, "s-1", "ada", "there-1");
	begin_session(&hand, "s-2", "ada", "there-2");
	begin_session(&hand, "s-3", "bob", NULL);
	assert_int_equal(named(&hand, "okta", "ada", NULL), 2);
	assert_int_equal(named(&hand, "okta", "ada", "there-2"), 1);
	assert_int_equal(named(&hand, "okta", "bob", "there-2"), 0);
	assert_int_equal(named(&hand, "okta", NULL, "there-1"), 1);
	assert_int_equal(named(&hand, "okta", NULL, NULL), 3);
	assert_int_equal(named(&hand, "entra", "ada", NULL), 0);
	assert_ok(&hand, sessions_close(&hand.w, "s-1", &ended));
	assert_string_equal(ended.connection_id, "okta");
	assert_int_equal(named(&hand, "okta", "ada", NULL), 1); /* an end is told once */
	hand.w.practice = "sessions-other";
	assert_int_equal(named(&hand, "okta", "ada", NULL), 0);
}

static void what_has_ended_is_swept_a_day_later(UNUSED void **state)
{
	size_t removed = 0;
	AUTO_HAND hand;

	hand_begin(&hand, "sweep-up");
	kit_practice(&hand, "sweep-up", 803);
	begin_session(&hand, "sw-1", "ada", NULL);
	hand.w.now += 3600 + 60;
	assert_ok(&hand, sweep(&hand.w, &removed));
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM upstream_session WHERE practice_id = $1",
				  V_TEXT("sweep-up")),
			 1);
	hand.w.now += 24 * 3600;
	assert_ok(&hand, sweep(&hand.w, &removed));
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM upstream_session WHERE practice_id = $1",
				  V_TEXT("sweep-up")),
			 0);
}

static void a_domain_leads_nowhere_until_somebody_vouches_for_it(UNUSED void **state)
{
	const char *const *list = NULL;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	kit_practice(&hand, "conn-domain", 804);
	assert_ok(&hand, domains_begin_check(&hand.w, "conn-domain", "a.example", "token-1"));
	assert_ok(&hand, domains_of(&hand.w, "conn-domain", &list));
	assert_null(list[0]);
	assert_ok(&hand, domains_checked(&hand.w, "conn-domain", "a.example", DOMAIN_BY_DNS));
	assert_ok(&hand, domains_of(&hand.w, "conn-domain", &list));
	assert_string_equal(list[0], "a.example");
	assert_int_equal(domains_checked(&hand.w, "conn-domain", "b.example", DOMAIN_BY_DNS), ERR_NOT_FOUND);
	assert_ok(&hand, domains_begin_check(&hand.w, "conn-domain", "b.example", "token-2"));
	assert_ok(&hand,
		  domains_add(&hand.w, "conn-domain", "b.example")); /* the operator's word is enough */
	assert_ok(&hand, domains_of(&hand.w, "conn-domain", &list));
	assert_string_equal(list[1], "b.example");
	assert_null(list[2]);
}

/* What a connection is when only what has to be said was said. */
static void defaults_follow_the_preset_and_the_protocol(UNUSED void **state)
{
	static const struct {
		const char *declaration, *scopes, *mfa;
		bool trust_email;
	} table[] = {
		{ "{\"id\":\"a\",\"protocol\":\"oidc\"}", "openid profile email", "mfa", false },
		{ "{\"id\":\"a\",\"protocol\":\"oidc\",\"preset\":\"okta\"}", "openid profile email groups",
		  "mfa", false },
		{ "{\"id\":\"a\",\"protocol\":\"oidc\",\"preset\":\"entra\"}", "openid profile email", "mfa",
		  true },
		{ "{\"id\":\"a\",\"protocol\":\"oidc\",\"preset\":\"entra\",\"trust_email\":false}",
		  "openid profile email", "mfa", false },
		{ "{\"id\":\"a\",\"protocol\":\"oidc\",\"preset\":\"google\"}", "openid profile email", "mfa",
		  false },
		{ "{\"id\":\"a\",\"protocol\":\"oidc\",\"scopes\":[\"openid\"],\"mfa_values\":[\"hwk\"]}",
		  "openid", "hwk", false },
		{ "{\"id\":\"a\",\"protocol\":\"saml\"}", NULL,
		  "mfa https://refeds.org/profile/mfa http://schemas.microsoft.com/claims/multipleauthn",
		  true },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(table); i++) {
		AUTO(json_done)
		json_t *declaration = json_read(table[i].declaration, strlen(table[i].declaration));
		struct connection c;

		connection_fill(arena, declaration, &c);
		const char *const *mfa = (const char *const *)text_split(arena, table[i].mfa, ' ', NULL);
		for (size_t k = 0; mfa[k]; k++)
			assert_string_equal(c.mfa_values[k], mfa[k]);
		const char *const *scopes =
			table[i].scopes ? (const char *const *)text_split(arena, table[i].scopes, ' ', NULL)
					: NULL;
		for (size_t k = 0; scopes && scopes[k]; k++)
			assert_string_equal(c.scopes[k], scopes[k]);
		assert_int_equal(c.scopes == NULL, scopes == NULL);
		assert_int_equal(c.trust_email, table[i].trust_email);
		assert_string_equal(c.name, "a");
		assert_true(c.button && c.create && c.update && !c.disabled && !c.trust_upstream_mfa);
		assert_true(c.sign_requests || !text_equal(c.protocol, "saml"));
		assert_int_equal(c.on_unmapped, UNMAPPED_REFUSE);
		assert_int_equal(c.local_sign_in, LOCAL_OUTAGE);
		assert_int_equal(c.continuity_seconds, 4 * 3600);
		assert_null(c.domains[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_stays_with_its_practice_and_its_protocol),
		cmocka_unit_test(what_was_deleted_stays_deleted),
		cmocka_unit_test(of_many_links_of_one_person_one_is_made),
		cmocka_unit_test(a_link_is_of_one_practice),
		cmocka_unit_test(sessions_are_found_by_what_a_provider_can_name),
		cmocka_unit_test(what_has_ended_is_swept_a_day_later),
		cmocka_unit_test(a_domain_leads_nowhere_until_somebody_vouches_for_it),
		cmocka_unit_test(defaults_follow_the_preset_and_the_protocol),
	};

	return run_on_engines(tests, COUNT(tests));
}
