/* test_provision.c: who somebody of another provider becomes here and what they may be, and how that follows
 * what is said over there. */
#include "upstream.h"

static void the_first_sign_in_makes_an_account_with_what_the_rules_say(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-first", "first.example");
	const struct connection *okta = upstream_okta(&hand, "first-okta", "");
	struct upstream_person ada =
		upstream_person(&hand, okta, "ada", "Ada@First.example", "['Doctors', 'West']");
	struct provisioned out = come(&hand, &ada);
	struct account_row row = account(&hand, out.account_id);

	assert_int_equal(out.verdict, PROVISION_SIGNED_IN);
	assert_true(out.created && out.changed);
	assert_int_equal(out.epoch, row.epoch);
	assert_string_equal(row.email, "Ada@First.example");
	assert_true(row.email_verified);
	assert_string_equal(row.given_name, "Ada");
	assert_string_equal(row.class_, "staff");
	assert_string_equal(holds(&hand, out.account_id), "mapping:manager@west mapping:provider@main");
	assert_non_null(strstr(newest(&hand, "upstream.login.ok")->body, "\"applied\":[0,1]"));

	struct provisioned again = come(&hand, &ada);

	assert_string_equal(again.account_id, out.account_id);
	assert_false(again.created || again.changed);
	assert_int_equal(again.epoch, out.epoch);
}

static void a_sign_in_that_changes_nothing_writes_one_row_of_the_audit(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-quiet", "quiet.example");
	const struct connection *okta = upstream_okta(&hand, "quiet-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@quiet.example", "['Doctors']");
	struct provisioned out = come(&hand, &ada);
	int before = rows_written(&hand);
	struct account_row was = account(&hand, out.account_id);

	hand.w.now += 30;
	(void)come(&hand, &ada);
	assert_int_equal(rows_written(&hand), before + 1);
	assert_int_equal(account(&hand, out.account_id).updated_at, was.updated_at);
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM upstream_link WHERE practice_id = $1 AND seen_at > $2",
			 V_TEXT("prov-quiet"), V_INT(was.created_at)),
		0);
	hand.w.now += 60;
	(void)come(&hand, &ada);
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM upstream_link WHERE practice_id = $1 AND seen_at > $2",
			 V_TEXT("prov-quiet"), V_INT(was.created_at)),
		1);
}

static void roles_follow_the_groups_and_hand_given_ones_stay(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-groups", "groups.example");
	const struct connection *okta = upstream_okta(&hand, "groups-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@groups.example", "['Doctors']");
	const char *id = come(&hand, &ada).account_id;

	give(&hand, id, "billing");
	ada.claims = json_of(&hand, "{'groups': ['West']}");
	assert_true(come(&hand, &ada).changed);
	assert_string_equal(holds(&hand, id), "base:billing@* mapping:manager@west");
	ada.claims = json_of(&hand, "{'groups': []}");
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN); /* what was given by hand counts */
	assert_string_equal(holds(&hand, id), "base:billing@*");
	assert_string_equal(newest(&hand, "role.revoke")->target, id);
}

static void who_has_no_group_left_and_nothing_by_hand_is_refused(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-fall", "fall.example");
	const struct connection *okta = upstream_okta(&hand, "fall-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@fall.example", "['Doctors']");
	const char *id = come(&hand, &ada).account_id;

	ada.claims = json_of(&hand, "{}");
	assert_refused(&hand, &ada, "unmapped");
	assert_string_equal(holds(&hand, id), ""); /* taken away all the same */
	assert_string_equal(newest(&hand, "upstream.deny")->target, id);
	ada.claims = json_of(&hand, "{'groups': ['Doctors']}");
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, id), "mapping:provider@main");
}

static void somebody_no_rule_names_is_refused_held_or_given_the_default(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-unmapped", "unmapped.example");
	const struct connection *refuses = upstream_okta(&hand, "un-refuse", "");
	struct upstream_person ada = upstream_person(&hand, refuses, "ada", "ada@unmapped.example", "[]");
	int before = rows_written(&hand);

	assert_refused(&hand, &ada, "unmapped");
	assert_int_equal(rows_written(&hand), before + 1); /* the audit alone */
	ada.connection = upstream_okta(&hand, "un-default",
				       ", 'provision': {'on_unmapped': 'default'}, 'default_grant': "
				       "{'class': 'external', 'role': 'billing', 'locations': ['main']}");
	struct provisioned out = come(&hand, &ada);

	assert_int_equal(out.verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, out.account_id), "mapping:billing@main");
	assert_string_equal(account(&hand, out.account_id).class_, "external");
}

static void who_is_held_waits_until_somebody_lets_them_in(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-held", "held.example");
	const struct connection *okta =
		upstream_okta(&hand, "held-okta", ", 'provision': {'on_unmapped': 'hold'}");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@held.example", "[]");
	struct provisioned out = come(&hand, &ada);

	assert_int_equal(out.verdict, PROVISION_HELD);
	assert_true(out.created);
	assert_true(account(&hand, out.account_id).disabled);
	assert_string_equal(newest(&hand, "account.hold")->target, out.account_id);
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_HELD);
	assert_non_null(strstr(newest(&hand, "upstream.deny")->body, "\"reason\":\"held\""));
	ada.claims = json_of(&hand, "{'groups': ['Doctors']}"); /* a rule lets nobody in who waits */
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_HELD);
	assert_string_equal(holds(&hand, out.account_id), "");
	ada.claims = json_of(&hand, "{}");
	assert_ok(&hand, in_tx(&hand, provision_approve(&hand.w, out.account_id)));
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN); /* roles may come later, by hand */
	assert_int_equal(in_tx(&hand, provision_approve(&hand.w, out.account_id)), ERR_CONFLICT);
	/* in a group, and out of it again: who falls out of every rule waits again */
	ada.claims = json_of(&hand, "{'groups': ['Doctors']}");
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	int64_t epoch = account(&hand, out.account_id).epoch;

	ada.claims = json_of(&hand, "{}");
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_HELD);
	assert_true(account(&hand, out.account_id).disabled);
	assert_int_equal(account(&hand, out.account_id).epoch, epoch + 1);
	assert_string_equal(holds(&hand, out.account_id), "");
}

static void creation_can_be_off(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-nocreate", "nocreate.example");
	const struct connection *okta =
		upstream_okta(&hand, "nocreate-okta", ", 'provision': {'create': false}");
	struct upstream_person ada =
		upstream_person(&hand, okta, "ada", "ada@nocreate.example", "['Doctors']");

	assert_refused(&hand, &ada, "creation_off");
}

static void without_update_nothing_moves_after_the_first_time(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-noupdate", "noupdate.example");
	const struct connection *okta =
		upstream_okta(&hand, "noupdate-okta", ", 'provision': {'update': false}");
	struct upstream_person ada =
		upstream_person(&hand, okta, "ada", "ada@noupdate.example", "['Doctors']");
	const char *id = come(&hand, &ada).account_id;

	ada.claims = json_of(&hand, "{'groups': ['Guests']}");
	ada.family_name = "Brown";
	ada.email = "brown@noupdate.example";
	assert_false(come(&hand, &ada).changed);
	assert_string_equal(holds(&hand, id), "mapping:provider@main");
	assert_string_equal(account(&hand, id).family_name, "Okafor");
	assert_string_equal(account(&hand, id).email, "ada@noupdate.example");
}

/* --- changes over there
 * ------------------------------------------------------------------------------------- */

/* nOAuth (security.md B1): whoever writes an address into their own profile gets nothing by it, under
 * whatever name it comes; other claims count. */
static void an_address_that_nobody_vouches_for_gives_no_role(UNUSED void **state)
{
	static const char *const names[] = {
		"email",
		"mail",
		"emailAddress",
		"urn:oid:0.9.2342.19200300.100.1.3",
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
		"contact",
	};
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-vouch", "vouch.example");
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *id = arena_print(hand.arena, "vouch-%zu", i);
		const char *declared =
			arena_print(hand.arena,
				    "{'id': '%s', 'protocol': 'oidc', 'issuer': 'https://%s.example', "
				    "'client_id': 'lanyard',"
				    " 'claims': {'email': 'contact'},"
				    " 'mapping': [{'when': {'claim': '%s', 'equals': 'ada@vouch.example'},"
				    "   'grant': {'role': 'provider', 'locations': ['main']}},"
				    "  {'when': {'claim': 'groups', 'contains': 'West'},"
				    "   'grant': {'role': 'manager', 'locations': ['west']}}]}",
				    id, id, names[i]);
		const struct connection *connection = upstream_declare(&hand, declared);
		struct upstream_person ada =
			upstream_person(&hand, connection, id,
					arena_print(hand.arena, "ada%zu@vouch.example", i), "['West']");

		ada.claims = json_of(
			&hand,
			arena_print(hand.arena, "{'groups': ['West'], '%s': 'ada@vouch.example'}", names[i]));
		const char *account_id = come(&hand, &ada).account_id;

		assert_string_equal(holds(&hand, account_id), "mapping:manager@west mapping:provider@main");
		ada.email_verified = false;
		(void)come(&hand, &ada);
		assert_string_equal(holds(&hand, account_id), "mapping:manager@west");
	}
}

static void names_and_a_verified_free_address_follow(UNUSED void **state)
{
	struct finder_row *found = NULL;
	size_t count = 0;
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-email", "email.example");
	const struct connection *okta = upstream_okta(&hand, "email-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@email.example", "['Doctors']");
	const char *id = come(&hand, &ada).account_id;

	(void)world_person(&hand, "bob@email.example", PASSWORD, NULL);
	ada.email = "bob@email.example";
	struct provisioned out = come(&hand, &ada);

	assert_int_equal(out.verdict, PROVISION_SIGNED_IN);
	assert_string_equal(account(&hand, id).email, "ada@email.example");
	assert_non_null(strstr(newest(&hand, "upstream.login.ok")->body, "\"kept_email\":\"taken\""));
	ada.email = "new@email.example";
	ada.email_verified = false;
	(void)come(&hand, &ada);
	assert_string_equal(account(&hand, id).email, "ada@email.example");
	assert_non_null(strstr(newest(&hand, "upstream.login.ok")->body, "\"kept_email\":\"unverified\""));
	ada.email_verified = true;
	ada.family_name = "Okafor-Brown";
	ada.given_name = "two\nlines"; /* what cannot be a name changes nothing */
	assert_true(come(&hand, &ada).changed);
	assert_string_equal(account(&hand, id).email, "new@email.example");
	assert_string_equal(account(&hand, id).family_name, "Okafor-Brown");
	assert_string_equal(account(&hand, id).given_name, "Ada");
	assert_ok(&hand,
		  finder_find(&hand.w, email_key(&hand.w, "new@email.example"), NULL, 4, &found, &count));
	assert_int_equal(count, 1);
	assert_string_equal(found[0].account_id, id);
	assert_ok(&hand,
		  finder_find(&hand.w, email_key(&hand.w, "ada@email.example"), NULL, 4, &found, &count));
	assert_int_equal(count, 0);
	/* its own address, which nobody had vouched for yet */
	assert_ok(&hand, db_run(&hand.w, NULL, "UPDATE account SET email_verified = FALSE WHERE id = $1",
				V_TEXT(id)));
	(void)come(&hand, &ada);
	assert_true(account(&hand, id).email_verified);
}

static void another_class_ends_what_was_begun(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-class", "class.example");
	const struct connection *okta = upstream_okta(&hand, "class-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@class.example", "['Doctors']");
	struct provisioned first = come(&hand, &ada);

	ada.claims = json_of(&hand, "{'groups': ['Doctors', 'Guests']}");
	struct provisioned second = come(&hand, &ada);

	assert_string_equal(account(&hand, first.account_id).class_, "external");
	assert_int_equal(second.epoch, first.epoch + 1);
	ada.claims = json_of(&hand, "{'groups': ['Doctors']}"); /* no rule names one: it stays */
	assert_int_equal(come(&hand, &ada).epoch, second.epoch);
	assert_string_equal(account(&hand, first.account_id).class_, "external");
}

static void the_last_owner_stays_one(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-owner", "owner.example");
	const struct connection *okta = upstream_okta(&hand, "owner-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@owner.example", "['Owners']");
	struct upstream_person bob = upstream_person(&hand, okta, "bob", "bob@owner.example", "['Owners']");
	const char *ada_id = come(&hand, &ada).account_id, *bob_id = come(&hand, &bob).account_id;

	ada.claims = bob.claims = json_of(&hand, "{'groups': ['Doctors']}");
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, ada_id), "mapping:provider@main");
	assert_int_equal(come(&hand, &bob).verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, bob_id), "mapping:owner@* mapping:provider@main");
	assert_non_null(strstr(newest(&hand, "upstream.login.ok")->body, "\"kept_owner\":true"));
	bob.claims = json_of(&hand, "{}"); /* somebody has to mend it */
	assert_int_equal(come(&hand, &bob).verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, bob_id), "mapping:owner@*");
}

static void what_one_connection_gave_another_does_not_take(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-two", "two.example");
	const struct connection *one = upstream_okta(&hand, "two-1", "");
	const struct connection *two = upstream_okta(&hand, "two-2", "");
	struct upstream_person ada = upstream_person(&hand, one, "ada", "ada@two.example", "['Doctors']");
	struct upstream_person ada_2 = upstream_person(&hand, two, "ada-2", "ada@two.example", "['West']");
	const char *id = come(&hand, &ada).account_id;

	assert_ok(&hand,
		  in_tx(&hand, link_make(&hand.w, two, two->issuer, "ada-2", id, account(&hand, id).epoch)));
	(void)come(&hand, &ada_2);
	assert_string_equal(holds(&hand, id), "mapping:manager@west mapping:provider@main");
	ada_2.claims = json_of(&hand, "{}");
	assert_int_equal(come(&hand, &ada_2).verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, id), "mapping:provider@main");
}

static void a_role_that_went_meanwhile_is_left_out(UNUSED void **state)
{
	static const char permissions[] = "{\"billing\": [\"read\"]}";
	bool changed = false;
	AUTO_HAND hand;
	AUTO_HAND other;

	upstream_practice(&hand, "prov-went", "went.example");
	AUTO(json_done) json_t *allowed = json_read(permissions, strlen(permissions));
	const struct role_change scribe = { .id = "scribe", .name = "Scribe", .permissions = allowed };

	assert_ok(&hand, in_tx(&hand, role_apply(&hand.w, &scribe, &changed)));
	const struct connection *okta =
		upstream_okta(&hand, "went-okta",
			      ", 'provision': {'on_unmapped': 'default'}, 'default_grant': {'role': "
			      "'scribe', 'locations': 'all'}");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@went.example", "[]");

	world_hand(&other, "prov-went");
	assert_ok(&other, in_tx(&other, role_delete(&other.w, "scribe")));
	struct provisioned out = come(&hand, &ada); /* by the picture of before */

	assert_int_equal(out.verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, out.account_id), "");
}

/* --- at the same moment
 * -------------------------------------------------------------------------------------- */

struct rush {
	const struct connection *connection;
	bool one_person; /* else many people with one address */
	pthread_mutex_t lock;
	int signed_in, created, link, failed;
};

static void rush_in(struct hand *hand, int number, void *context)
{
	struct rush *rush = context;
	struct provisioned out = { 0 };
	AUTO(json_done) json_t *claims = json_pack("{s:[s]}", "groups", "Doctors");
	const struct upstream_person person = {
		.connection = rush->connection,
		.issuer = rush->connection->issuer,
		.subject = rush->one_person ? "one" : arena_print(hand->arena, "p-%d", number),
		.email = "ada@rush.example",
		.email_verified = true,
		.claims = claims,
	};

	hand->w.app = &world.app;
	hand->w.snapshot = snapshot_hold(world.app.snapshots);
	enum err err = provision(&hand->w, &person, &out);

	pthread_mutex_lock(&rush->lock);
	rush->failed += err != OK;
	rush->signed_in += err == OK && out.verdict == PROVISION_SIGNED_IN;
	rush->link += err == OK && out.verdict == PROVISION_LINK;
	rush->created += err == OK && out.created;
	pthread_mutex_unlock(&rush->lock);
}

static void of_many_first_sign_ins_of_one_person_one_makes_the_account(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-rush", "rush.example");
	struct rush rush = { .connection = upstream_okta(&hand, "rush-okta", ""),
			     .one_person = true,
			     .lock = PTHREAD_MUTEX_INITIALIZER };

	crew_run(16, "prov-rush", rush_in, &rush);
	assert_int_equal(rush.failed, 0);
	assert_int_equal(rush.signed_in, 16);
	assert_int_equal(rush.created, 1);
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM account WHERE practice_id = $1", V_TEXT("prov-rush")),
		1);
}

static void of_many_people_with_one_address_one_gets_it(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-rush-2", "rush2.example");
	struct rush rush = { .connection = upstream_okta(&hand, "rush2-okta", ""),
			     .lock = PTHREAD_MUTEX_INITIALIZER };

	crew_run(16, "prov-rush-2", rush_in, &rush);
	assert_int_equal(rush.failed, 0);
	assert_int_equal(rush.created, 1);
	assert_int_equal(rush.signed_in, 1);
	assert_int_equal(rush.link, 15);
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM upstream_link WHERE practice_id = $1",
				  V_TEXT("prov-rush-2")),
			 1);
}

/* --- a look beforehand
 * ---------------------------------------------------------------------------------------- */

static void a_preview_says_what_would_be_and_writes_nothing(UNUSED void **state)
{
	json_t *shown = NULL;
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-view", "view.example");
	const struct connection *okta = upstream_okta(&hand, "view-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@view.example", "['Doctors']");
	int before = rows_written(&hand);

	assert_ok(&hand, provision_preview(&hand.w, &ada, &shown));
	AUTO(json_done) json_t *first = shown;

	assert_int_equal(rows_written(&hand), before);
	assert_string_equal(json_get_text(first, "verdict"), "signed_in");
	assert_true(json_get_bool(first, "created", false));
	assert_string_equal(json_get_text(json_object_get(first, "account"), "email"), "ada@view.example");
	assert_string_equal(json_canonical(hand.arena, json_object_get(first, "roles")),
			    "[{\"locations\":[\"main\"],\"role\":\"provider\",\"source\":\"mapping\"}]");
	assert_string_equal(json_canonical(hand.arena, json_object_get(first, "applied")), "[0]");

	const char *id = come(&hand, &ada).account_id;

	give(&hand, id, "billing");
	ada.claims = json_of(&hand, "{'groups': ['Owners', 'Guests']}");
	ada.family_name = "Brown";
	before = rows_written(&hand);
	assert_ok(&hand, provision_preview(&hand.w, &ada, &shown));
	AUTO(json_done) json_t *second = shown;

	assert_int_equal(rows_written(&hand), before);
	assert_string_equal(json_get_text(json_object_get(second, "account"), "id"), id);
	assert_string_equal(json_canonical(hand.arena, json_object_get(second, "roles")),
			    "[{\"locations\":\"all\",\"role\":\"billing\",\"source\":\"base\"},"
			    "{\"locations\":\"all\",\"role\":\"owner\",\"source\":\"mapping\"}]");
	assert_string_equal(json_canonical(hand.arena, json_object_get(second, "changes")),
			    "{\"class\":[\"staff\",\"external\"],\"family_name\":[\"Okafor\",\"Brown\"]}");
	assert_string_equal(json_get_text(second, "class"), "external");
}

static void a_preview_refuses_with_the_word_of_the_sign_in(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-word", "word.example");
	const struct connection *okta = upstream_okta(&hand, "word-okta", "");
	const struct {
		const char *email, *groups, *reason;
		bool verified;
	} table[] = {
		{ NULL, "['Doctors']", "email_missing", true },
		{ "ada@word.example", "['Doctors']", "email_unverified", false },
		{ "ada@word.example", "['Nurses']", "unmapped", true },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		json_t *shown = NULL;
		struct upstream_person ada =
			upstream_person(&hand, okta, "ada", table[i].email, table[i].groups);

		ada.email_verified = table[i].verified;
		assert_ok(&hand, provision_preview(&hand.w, &ada, &shown));
		AUTO(json_done) json_t *mine = shown;

		assert_string_equal(json_get_text(mine, "verdict"), "refused");
		assert_string_equal(json_get_text(mine, "reason"), table[i].reason);
		assert_true(json_is_null(json_object_get(mine, "account")));
		assert_refused(&hand, &ada, table[i].reason);
	}
}

/* ---- a provider that was asked about a session that goes on ---- */

static void asked_again_nobody_signs_in_and_groups_are_followed(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-again", "again.example");
	const struct connection *okta = upstream_okta(&hand, "again-okta", "");
	struct upstream_person ada =
		upstream_person(&hand, okta, "ada", "ada@again.example", "['Doctors', 'West']");
	struct provisioned out = come(&hand, &ada);
	int64_t first = hand.w.now;
	int before = rows_written(&hand);

	ada.is_recheck = true;
	hand.w.now += 3600;
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	assert_int_equal(rows_written(&hand), before);
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM upstream_link WHERE practice_id = $1 AND seen_at > $2",
			 V_TEXT("prov-again"), V_INT(first)),
		0);
	ada.claims = json_of(&hand, "{'groups': ['Doctors']}");
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	assert_string_equal(holds(&hand, out.account_id), "mapping:provider@main");
	assert_int_equal(rows_written(&hand), before); /* the role's row went, one of the audit came */
	ada.claims = json_of(&hand, "{'groups': []}");
	assert_refused(&hand, &ada, "unmapped");
	assert_non_null(strstr(newest(&hand, "upstream.deny")->body, "\"recheck\":true"));
}

static void asked_again_nobody_is_made_or_linked(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-gone", "gone.example");
	const struct connection *okta = upstream_okta(&hand, "gone-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@gone.example", "['Doctors']");
	struct provisioned out = come(&hand, &ada);

	assert_ok(&hand, in_tx(&hand, link_remove(&hand.w, out.account_id, "gone-okta")));
	ada.is_recheck = true;
	assert_refused(&hand, &ada, "unlinked");
	ada.email = "free@gone.example";
	assert_refused(&hand, &ada, "unlinked");
	ada.is_recheck = false;
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_sign_in_makes_an_account_with_what_the_rules_say),
		cmocka_unit_test(a_sign_in_that_changes_nothing_writes_one_row_of_the_audit),
		cmocka_unit_test(roles_follow_the_groups_and_hand_given_ones_stay),
		cmocka_unit_test(who_has_no_group_left_and_nothing_by_hand_is_refused),
		cmocka_unit_test(somebody_no_rule_names_is_refused_held_or_given_the_default),
		cmocka_unit_test(who_is_held_waits_until_somebody_lets_them_in),
		cmocka_unit_test(creation_can_be_off),
		cmocka_unit_test(without_update_nothing_moves_after_the_first_time),
		cmocka_unit_test(an_address_that_nobody_vouches_for_gives_no_role),
		cmocka_unit_test(names_and_a_verified_free_address_follow),
		cmocka_unit_test(another_class_ends_what_was_begun),
		cmocka_unit_test(the_last_owner_stays_one),
		cmocka_unit_test(what_one_connection_gave_another_does_not_take),
		cmocka_unit_test(a_role_that_went_meanwhile_is_left_out),
		cmocka_unit_test(of_many_first_sign_ins_of_one_person_one_makes_the_account),
		cmocka_unit_test(of_many_people_with_one_address_one_gets_it),
		cmocka_unit_test(a_preview_says_what_would_be_and_writes_nothing),
		cmocka_unit_test(a_preview_refuses_with_the_word_of_the_sign_in),
		cmocka_unit_test(asked_again_nobody_signs_in_and_groups_are_followed),
		cmocka_unit_test(asked_again_nobody_is_made_or_linked),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
