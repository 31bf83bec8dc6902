/* test_connection.c: what can be declared of a connection, whose ids and domains are, what an address leads
 * to. */
#include "upstream.h"

#include "store/events.h"

#define OIDC "'id': 'okta', 'protocol': 'oidc', 'issuer': 'https://okta.example', 'client_id': 'c'"
#define SAML "'id': 'adfs', 'protocol': 'saml', 'metadata': '<md/>'"
#define ENTRA                                                                                                \
	"'id': 'entra', 'protocol': 'oidc', 'preset': 'entra', 'issuer': 'https://e.example', 'client_id': " \
	"'c'"

static void what_cannot_be_declared_is_refused_by_name(UNUSED void **state)
{
	static const struct {
		const char *declared, *says;
	} table[] = {
		{ "{'protocol': 'oidc', 'issuer': 'https://x.example', 'client_id': 'c'}",
		  "id: it is missing" },
		{ "{'id': 'okta'}", "protocol: it is missing" },
		{ "{" OIDC ", 'isuer': 'x'}", "isuer: unknown field, did you mean issuer?" },
		{ "{" OIDC ", 'verify': false}", "verify: unknown field" },
		{ "{" OIDC ", 'id': 'Okta 1'}", "id: expected:" },
		{ "{" OIDC ", 'protocol': 'ldap'}", "protocol: expected: oidc saml" },
		{ "{" OIDC ", 'preset': 'oidc saml'}", "preset: expected:" },
		{ "{'id': 'okta', 'protocol': 'oidc', 'client_id': 'c'}", "issuer: it is missing" },
		{ "{'id': 'okta', 'protocol': 'oidc', 'issuer': 'https://x.example'}",
		  "client_id: it is missing" },
		{ "{" OIDC ", 'issuer': 'http://okta.example'}", "issuer: expected: an https address" },
		{ "{" OIDC ", 'issuer': 'https://okta.example?x=1'}", "issuer: expected: an https address" },
		{ "{" OIDC ", 'issuer': 'https://okta.example/#x'}", "issuer: expected: an https address" },
		{ "{" OIDC ", 'issuer': 'https://user@okta.example'}", "issuer: expected: an https address" },
		{ "{" OIDC ", 'scopes': ['email']}", "scopes: openid is missing" },
		{ "{" OIDC ", 'scopes': ['openid', 'openid']}", "scopes: expected:" },
		{ "{" OIDC ", 'domains': ['Clinic.example']}", "domains: expected:" },
		{ "{" OIDC ", 'domains': ['a@b.example']}", "domains: expected:" },
		{ "{" OIDC ", 'metadata': '<md/>'}", "metadata: only for protocol saml" },
		{ "{" OIDC ", 'sign_requests': false}", "sign_requests: only for protocol saml" },
		{ "{" OIDC ", 'allow_legacy_encryption': true}",
		  "allow_legacy_encryption: only for protocol saml" },
		{ "{" ENTRA "}", "tid: preset entra needs" },
		{ "{" ENTRA ", 'tid': 'common'}", "tid: the id of one tenant" },
		{ "{" ENTRA ", 'tid': 'organizations'}", "tid: the id of one tenant" },
		{ "{" OIDC ", 'tid': 'x'}", "tid: only with preset entra" },
		{ "{" OIDC ", 'preset': 'google'}", "hd: preset google needs" },
		{ "{" OIDC ", 'preset': 'google', 'hd': 'Clinic'}", "hd: a lower-case domain name" },
		{ "{" OIDC ", 'hd': 'clinic.example'}", "hd: only with preset google" },
		{ "{" OIDC ", 'secret_expires_on': '2027-02-30x'}", "secret_expires_on: expected: a date" },
		{ "{" OIDC ", 'client_secret': 'two\\nlines'}", "client_secret: expected:" },
		{ "{" OIDC ", 'continuity': '25h'}", "continuity: expected: 5m to 24h" },
		{ "{" OIDC ", 'continuity': 1}", "continuity: expected: 5m to 24h" },
		{ "{" OIDC ", 'recheck': '13h'}", "recheck: expected: 5m to 12h" },
		{ "{" OIDC ", 'recheck': 299}", "recheck: expected: 5m to 12h" },
		{ "{" OIDC ", 'recheck': true}", "recheck: expected: 5m to 12h" },
		{ "{" OIDC ", 'provision': true}", "provision: expected: an object" },
		{ "{" OIDC ", 'provision': {'creat': true}}",
		  "provision.creat: unknown field, did you mean create?" },
		{ "{" OIDC ", 'provision': {'update': 'yes'}}", "provision.update: expected: true or false" },
		{ "{" OIDC ", 'provision': {'on_unmapped': 'allow'}}", "provision.on_unmapped: expected:" },
		{ "{" OIDC ", 'provision': {'on_unmapped': 'default'}}",
		  "default_grant: on_unmapped default needs it" },
		{ "{" OIDC ", 'default_grant': {'role': 'provider'}}", "default_grant: locations:" },
		{ "{" OIDC ", 'mapping': [{'when': {}}]}", "mapping[0].when: claim:" },
		{ "{" OIDC ", 'mapping': {}}", "mapping: expected: a list of rules" },
		{ "{" OIDC ", 'claims': {'emial': 'mail'}}",
		  "claims.emial: unknown field, did you mean email?" },
		{ "{" OIDC ", 'claims': {'email': 7}}", "claims.email: expected:" },
		{ "{'id': 'adfs', 'protocol': 'saml'}", "metadata: it is missing" },
		{ "{" SAML ", 'metadata_url': 'https://adfs.example/md'}", "metadata_url: only one of" },
		{ "{" SAML ", 'name_id_format': 'transient'}",
		  "name_id_format: transient needs subject_attribute" },
		{ "{" SAML ", 'issuer': 'https://x.example'}", "issuer: only for protocol oidc" },
		{ "{" SAML ", 'recheck': '10m'}", "recheck: only for protocol oidc" },
		{ "{" SAML ", 'client_secret': 'abcdefgh'}", "client_secret: only for protocol oidc" },
		{ "[]", "a connection is an object" },
	};
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-refuse", "refuse.example");
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *message = NULL;
		/* later members count, as the last of a JSON object would; here each is one of its own */
		char *text = arena_text(hand.arena, table[i].declared);

		for (char *at = text; (at = strchr(at, '\'')); at++)
			*at = '"';
		json_t *declared = json_loads(text, 0, NULL);

		assert_non_null(declared);
		enum err err = connection_check(&hand.w, NULL, declared, &message);

		json_decref(declared);
		if (err != ERR_DOCUMENT || !text_starts(message, table[i].says))
			fail_msg("%s: says %s", table[i].declared, message);
	}
}

/* security.md B12, T-7 */
static void nothing_that_says_who_somebody_is_can_be_taken_from_a_claim(UNUSED void **state)
{
	static const char *const reserved[] = { "sub",    "iss",    "aud",    "exp", "iat", "nonce",
						"tenant", "roles",  "role",   "acr", "amr", "sid",
						"class",  "groups", "clinic", "jti" };
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-reserved", "reserved.example");
	for (size_t i = 0; i < COUNT(reserved); i++) {
		const char *message = NULL,
			   *says = arena_print(hand.arena, "claims.%s: reserved", reserved[i]);
		json_t *declared = json_of(
			&hand, arena_print(hand.arena, "{" OIDC ", 'claims': {'%s': 'x'}}", reserved[i]));

		assert_int_equal(connection_check(&hand.w, NULL, declared, &message), ERR_DOCUMENT);
		if (!text_starts(message, says))
			fail_msg("%s", message);
	}
}

static void roles_and_places_of_rules_have_to_be_there(UNUSED void **state)
{
	const char *message = NULL;
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-places", "places.example");
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "conn-places");
	json_t *declared =
		json_of(&hand, "{" OIDC ", 'default_grant': {'role': 'pilot', 'locations': 'all'}}");

	assert_int_equal(connection_check(&hand.w, practice, declared, &message), ERR_DOCUMENT);
	assert_string_equal(message, "default_grant: role: there is no role pilot");
	assert_ok(&hand,
		  connection_check(&hand.w, NULL, declared, &message)); /* the same document makes it */
}

static int events_about(struct hand *hand, const char *word)
{
	struct event_row *rows = NULL;
	size_t count = 0;
	int found = 0;

	assert_ok(hand, events_list(&hand->w, NULL, 0, 1000, &rows, &count));
	for (size_t i = 0; i < count; i++)
		found += strstr(rows[i].body, word) != NULL;
	return found;
}

static void to_declare_the_same_again_changes_nothing(UNUSED void **state)
{
	bool changed = false;
	char *secret = NULL;
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-same", "same.example");
	static const char declared[] = "{'id': 'same', 'protocol': 'oidc', 'issuer': 'https://s.example',"
				       " 'client_id': 'c', 'client_secret': 'harbor-lantern-77'}";

	assert_ok(&hand, upstream_try(&hand, declared, &changed));
	assert_true(changed);
	assert_ok(&hand, upstream_try(&hand, declared, &changed));
	assert_false(changed);
	assert_ok(&hand,
		  upstream_try(&hand, "{'id': 'same', 'client_secret': 'another-secret-1'}", &changed));
	assert_true(changed);
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct connection *c = snapshot_connection(hand.w.snapshot, "same");

	assert_ok(&hand, connection_secret(&hand.w, c, &secret));
	assert_string_equal(secret, "another-secret-1");
	assert_null(json_object_get(c->declaration, "client_secret"));
	assert_string_equal(c->issuer, "https://s.example"); /* what is not named stays */
	assert_int_equal(events_about(&hand, "another-secret-1"), 0);
	assert_int_equal(events_about(&hand, "config.change.connection"), 2);
}

static void a_secret_of_another_connection_does_not_open(UNUSED void **state)
{
	char *secret = NULL;
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-seal", "seal.example");
	struct connection c = *upstream_declare(&hand, "{'id': 'seal-1', 'protocol': 'oidc', 'issuer': "
						       "'https://s.example', 'client_id': 'c', "
						       "'client_secret': 'harbor-lantern-77'}");

	c.id = "seal-2";
	assert_int_equal(connection_secret(&hand.w, &c, &secret), ERR_SEAL);
	assert_null(secret);
	c.sealed_secret = (struct bytes){ 0 };
	assert_ok(&hand, connection_secret(&hand.w, &c, &secret));
	assert_null(secret);
}

static void an_id_is_never_given_again(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;
	AUTO_HAND other;

	upstream_practice(&hand, "conn-ids", "ids.example");
	upstream_practice(&other, "conn-ids-2", "ids2.example");
	(void)upstream_okta(&hand, "ids-okta", "");
	assert_int_equal(upstream_try(&other, "{'id': 'ids-okta', 'name': 'x'}", &changed), ERR_CONFLICT);
	assert_int_equal(
		upstream_try(&hand, "{'id': 'ids-okta', 'protocol': 'saml', 'metadata': '<md/>'}", &changed),
		ERR_CONFLICT);
	assert_int_equal(in_tx(&other, connection_delete(&other.w, "ids-okta")), ERR_NOT_FOUND);
	assert_int_equal(in_tx(&other, connection_set_disabled(&other.w, "ids-okta", true)), ERR_NOT_FOUND);
	assert_ok(&hand, in_tx(&hand, connection_delete(&hand.w, "ids-okta")));
	assert_int_equal(upstream_try(&hand,
				      "{'id': 'ids-okta', 'protocol': 'oidc', 'issuer': 'https://x.example', "
				      "'client_id': 'c'}",
				      &changed),
			 ERR_CONFLICT);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_true(snapshot_connection(hand.w.snapshot, "ids-okta")->deleted);
}

static void a_domain_leads_to_one_connection_and_is_the_practices_own(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-dom", "dom.example");
	(void)upstream_okta(&hand, "dom-1", ", 'domains': ['dom.example']");
	(void)upstream_okta(&hand, "dom-2", "");
	assert_int_equal(upstream_try(&hand, "{'id': 'dom-2', 'domains': ['dom.example']}", &changed),
			 ERR_CONFLICT);
	assert_int_equal(upstream_try(&hand, "{'id': 'dom-2', 'domains': ['other.example']}", &changed),
			 ERR_DOCUMENT);
	assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, "dom-1", true)));
	assert_ok(&hand, upstream_try(&hand, "{'id': 'dom-2', 'domains': ['dom.example']}", &changed));
	/* and it stays there when the first one is switched on again */
	assert_int_equal(in_tx(&hand, connection_set_disabled(&hand.w, "dom-1", false)), ERR_CONFLICT);
}

static void metadata_is_fetched_when_it_has_to_be(UNUSED void **state)
{
	bool changed = false;
	static const char declared[] =
		"{'id': 'md-1', 'protocol': 'saml', 'metadata_url': 'https://adfs.example/md'}";
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-md", "md.example");
	upstream_fetches = 0;
	upstream_fetched = ERR_FETCH;
	assert_int_equal(upstream_try(&hand, declared, &changed), ERR_DOCUMENT);
	upstream_fetched = OK;
	assert_ok(&hand, upstream_try(&hand, declared, &changed));
	assert_int_equal(upstream_fetches, 2);
	assert_ok(&hand, upstream_try(&hand, declared, &changed));
	assert_int_equal(upstream_fetches, 2); /* it stands from this address */
	assert_false(changed);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_string_equal(snapshot_connection(hand.w.snapshot, "md-1")->metadata, "<md/>");
	assert_ok(&hand, upstream_try(&hand, "{'id': 'md-1', 'metadata': '<other/>'}", &changed));
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct connection *c = snapshot_connection(hand.w.snapshot, "md-1");

	assert_string_equal(c->metadata, "<other/>");
	assert_null(c->metadata_url);
	upstream_trouble = "metadata: it has no keys";
	assert_int_equal(upstream_try(&hand, "{'id': 'md-1', 'metadata': '<bad/>'}", &changed), ERR_DOCUMENT);
	upstream_trouble = NULL;
}

/* security.md B10, C5, P-20: 50 spellings; an account is never looked for. */
static void the_domain_of_one_well_formed_address_decides(UNUSED void **state)
{
	static const struct {
		const char *address;
		bool leads;
	} table[] = {
		{ "ada@hrd.example", true },
		{ "ADA@HRD.EXAMPLE", true },
		{ "  ada@hrd.example ", true },
		{ "nobody-here@hrd.example", true },
		{ "ada+tag@hrd.example", true },
		{ "a.b.c@hrd.example", true },
		{ "ada@hrd.example.", false },
		{ "ada@sub.hrd.example", false },
		{ "ada@xhrd.example", false },
		{ "ada@hrd.example.evil.example", false },
		{ "ada@evil@hrd.example", false },
		{ "ada@hrd.example@evil.example", false },
		{ "@hrd.example", false },
		{ "ada@", false },
		{ "hrd.example", false },
		{ "", false },
		{ "\"ada\"@hrd.example", false },
		{ "\"a@b\"@hrd.example", false },
		{ "ada@[hrd.example]", false },
		{ "ada@hrd..example", false },
		{ "ada@.hrd.example", false },
		{ "ada@-hrd.example", false },
		{ ".ada@hrd.example", false },
		{ "ada.@hrd.example", false },
		{ "a..b@hrd.example", false },
		{ "ada @hrd.example", false },
		{ "ada@ hrd.example", false },
		{ "ada@hrd.example\n", false },
		{ "ada@hrd.example,x@y.example", false },
		{ "ada@hrd.example;x@y.example", false },
		{ "<ada@hrd.example>", false },
		{ "Ada <ada@hrd.example>", false },
		{ "mailto:ada@hrd.example", false },
		{ "ada@hrd.example?x", false },
		{ "ada@hrd.example#x", false },
		{ "ada@hrd.example/", false },
		{ "ada@hrd.example\\", false },
		{ "ada%40hrd.example", false },
		{ "ada@hrd%2Eexample", false },
		{ "ada\xef\xbc\xa0hrd.example", false },
		{ "ada@hrd\xe3\x80\x82"
		  "example",
		  false },
		{ "ada@\xd2\xbbrd.example", false },
		{ "ada@hrd.ex\xc3\xa4mple", false },
		{ "ada@xn--hrd.example", false },
		{ "ada@hrd.example:25", false },
		{ "ada@hrd.example ada@hrd.example", false },
		{ "ada\t@hrd.example", false },
		{ "ada@127.0.0.1", false },
		{ "ada@hrd", false },
		{ "ada@example", false },
		{ "ada@unchecked.example", false },
	};
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-hrd", "hrd.example");
	(void)upstream_okta(&hand, "hrd-okta", ", 'domains': ['hrd.example']");
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "conn-hrd");

	for (size_t i = 0; i < COUNT(table); i++)
		for (int within = 0; within < 2; within++) {
			const struct connection *found =
				connection_for_address(&hand.w, within ? practice : NULL, table[i].address);

			if ((found != NULL) != table[i].leads ||
			    (found && !text_equal(found->id, "hrd-okta")))
				fail_msg("%s", table[i].address);
		}
	assert_null(connection_for_address(&hand.w, NULL, NULL));
	assert_non_null(connection_for_domain(&hand.w, NULL, "HRD.example"));
	assert_null(connection_for_domain(&hand.w, NULL, "hrd.example.evil.example"));
}

static void an_address_leads_nowhere_where_it_should_not(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;
	AUTO_HAND other;

	upstream_practice(&hand, "conn-off", "off.example");
	upstream_practice(&other, "conn-off-2", "off2.example");
	(void)upstream_okta(&hand, "off-okta", ", 'domains': ['off.example']");
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "conn-off");
	const struct practice *foreign = snapshot_practice(hand.w.snapshot, "conn-off-2");

	assert_non_null(connection_for_address(&hand.w, practice, "a@off.example"));
	assert_null(connection_for_address(&hand.w, foreign, "a@off.example"));
	assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, "off-okta", true)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	practice = snapshot_practice(hand.w.snapshot, "conn-off");
	assert_null(connection_for_address(&hand.w, practice, "a@off.example"));
	assert_null(connection_for_address(&hand.w, NULL, "a@off.example"));
	assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, "off-okta", false)));
	/* the practice gives its domain up */
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w,
						     &(struct practice_change){ .id = "conn-off",
										.domains = no_networks },
						     &changed)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_null(connection_for_address(&hand.w, snapshot_practice(hand.w.snapshot, "conn-off"),
					   "a@off.example"));
}

static void a_ticket_counts_once_for_its_connection_until_it_ends(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "conn-ticket", "ticket.example");
	char *ticket = connection_ticket(&hand.w, "okta", hand.w.now + 600);
	char *second = connection_ticket(&hand.w, "okta", hand.w.now + 600);
	char *forged = arena_text(hand.arena, second);

	forged[strlen(forged) - 1] ^= 1;
	assert_int_equal(connection_ticket_use(&hand.w, "entra", ticket), ERR_NOT_FOUND);
	assert_int_equal(connection_ticket_use(&hand.w, "okta", forged), ERR_NOT_FOUND);
	assert_int_equal(connection_ticket_use(&hand.w, "okta", ""), ERR_NOT_FOUND);
	assert_int_equal(connection_ticket_use(&hand.w, "okta", ".."), ERR_NOT_FOUND);
	assert_int_equal(connection_ticket_use(&hand.w, "okta", NULL), ERR_NOT_FOUND);
	assert_ok(&hand, connection_ticket_use(&hand.w, "okta", ticket));
	assert_int_equal(connection_ticket_use(&hand.w, "okta", ticket), ERR_NOT_FOUND);
	assert_ok(&hand, connection_ticket_use(&hand.w, "okta", second));
	ticket = connection_ticket(&hand.w, "okta", hand.w.now);
	assert_int_equal(connection_ticket_use(&hand.w, "okta", ticket), ERR_NOT_FOUND);
}

static int64_t asked_at(struct hand *hand, const char *sid)
{
	struct upstream_session row = { 0 };
	bool found = false;

	assert_ok(hand, upstream_sessions_find(&hand->w, sid, &row, &found));
	assert_true(found);
	assert_int_equal(row.refresh.at != NULL, row.check_at != 0);
	return row.check_at ? row.check_at - hand->w.now : 0;
}

static void be_asked(struct hand *hand, const char *connection_id, const char *sid)
{
	const struct upstream_session row = { .sid = sid,
					      .connection_id = connection_id,
					      .subject_key = "ada",
					      .ends_at = hand->w.now + 86400,
					      .refresh = BYTES_OF("sealed"),
					      .check_at = hand->w.now + 3600 };

	assert_ok(hand, in_tx(hand, upstream_sessions_put(&hand->w, &row)));
}

static void sessions_that_run_are_asked_about_as_the_connection_says_now(UNUSED void **state)
{
	static const struct {
		const char *more;
		int64_t after;
	} table[] = {
		{ ", 'recheck': '1h'", 3600 },
		{ ", 'recheck': '5m'", 300 },
		{ ", 'recheck': '12h'", 300 },
		{ ", 'recheck': null", 0 },
		{ ", 'recheck': '10m'", 600 },
		{ ", 'recheck': '10m', 'disabled': true", 0 },
		{ ", 'recheck': '10m', 'disabled': false", 600 },
	};
	AUTO_HAND hand;
	bool changed;

	upstream_practice(&hand, "conn-asked", "asked.example");
	for (size_t i = 0; i < COUNT(table); i++) {
		if (i == 0 || asked_at(&hand, "asked-1") == 0)
			be_asked(&hand, "asked-okta", "asked-1");
		const char *declared = arena_print(
			hand.arena,
			"{'id': 'asked-okta', 'protocol': 'oidc', 'issuer': 'https://asked.example',"
			" 'client_id': 'c'%s}",
			table[i].more);

		assert_ok(&hand, upstream_try(&hand, declared, &changed));
		if (asked_at(&hand, "asked-1") != table[i].after)
			fail_msg("%s: asked in %lld s", table[i].more, (long long)asked_at(&hand, "asked-1"));
	}
	assert_ok(&hand, in_tx(&hand, connection_delete(&hand.w, "asked-okta")));
	assert_int_equal(asked_at(&hand, "asked-1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_that_run_are_asked_about_as_the_connection_says_now),
		cmocka_unit_test(what_cannot_be_declared_is_refused_by_name),
		cmocka_unit_test(nothing_that_says_who_somebody_is_can_be_taken_from_a_claim),
		cmocka_unit_test(roles_and_places_of_rules_have_to_be_there),
		cmocka_unit_test(to_declare_the_same_again_changes_nothing),
		cmocka_unit_test(a_secret_of_another_connection_does_not_open),
		cmocka_unit_test(an_id_is_never_given_again),
		cmocka_unit_test(a_domain_leads_to_one_connection_and_is_the_practices_own),
		cmocka_unit_test(metadata_is_fetched_when_it_has_to_be),
		cmocka_unit_test(the_domain_of_one_well_formed_address_decides),
		cmocka_unit_test(an_address_leads_nowhere_where_it_should_not),
		cmocka_unit_test(a_ticket_counts_once_for_its_connection_until_it_ends),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
