/* test_link.c: nobody becomes somebody else (security.md B1 to B9, P-19, T-4), and when a password still
 * counts. */
#include "upstream.h"

static void an_address_never_links_by_itself(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-noauth", "noauth.example");
	const struct connection *okta = upstream_okta(&hand, "noauth-okta", "");
	const char *victim = world_person(&hand, "ada@noauth.example", PASSWORD, "owner");
	struct upstream_person eve =
		upstream_person(&hand, okta, "eve", "ADA@noauth.example ", "['Doctors']");
	int before = rows_written(&hand);
	struct provisioned out = come(&hand, &eve);

	assert_int_equal(out.verdict, PROVISION_LINK); /* until the password was shown */
	assert_string_equal(out.account_id, victim);
	assert_int_equal(rows_written(&hand), before);
	/* not verified over there: the same word whether somebody has the address or not */
	eve.email_verified = false;
	assert_refused(&hand, &eve, "email_unverified");
	eve.email = "nobody@noauth.example";
	assert_refused(&hand, &eve, "email_unverified");
	eve.email_verified = true;
	static const char *const no_address[] = { NULL, "", "ada", "a@b@noauth.example",
						  "ada@noauth.example,x@y.z" };

	for (size_t i = 0; i < COUNT(no_address); i++) {
		eve.email = no_address[i];
		assert_refused(&hand, &eve, "email_missing");
	}
}

/* The same issuer and subject by another connection, in another practice, under another issuer: other people.
 */
static void a_person_is_one_of_their_practice_connection_issuer_and_subject(UNUSED void **state)
{
	AUTO_HAND hand;
	AUTO_HAND other;

	upstream_practice(&hand, "prov-who", "who.example");
	upstream_practice(&other, "prov-who-2", "who2.example");
	const char *key = subject_key(&hand.w, "c", "i", "s");

	assert_string_not_equal(key, subject_key(&other.w, "c", "i", "s"));
	assert_string_not_equal(key, subject_key(&hand.w, "d", "i", "s"));
	assert_string_not_equal(key, subject_key(&hand.w, "c", "j", "s"));
	assert_string_not_equal(key, subject_key(&hand.w, "c", "i", "t"));
	assert_string_not_equal(subject_key(&hand.w, "c", "ab", "c"), subject_key(&hand.w, "c", "a", "bc"));
	assert_string_equal(key, subject_key(&hand.w, "c", "i", "s"));

	const struct connection *one = upstream_okta(&hand, "who-1", "");
	const struct connection *two = upstream_okta(&hand, "who-2", "");
	struct upstream_person ada = upstream_person(&hand, one, "ada", "ada@who.example", "['Doctors']");
	struct upstream_person same = upstream_person(&hand, two, "ada", "ada@who.example", "['Doctors']");

	same.issuer = ada.issuer;
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	assert_int_equal(come(&hand, &same).verdict, PROVISION_LINK);
}

static void a_link_needs_both_sides_as_they_were_proven(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-link", "link.example");
	const struct connection *okta = upstream_okta(&hand, "link-okta", "");
	const char *ada = world_person(&hand, "ada@link.example", PASSWORD, "billing");
	const char *bob = world_person(&hand, "bob@link.example", PASSWORD, NULL);
	struct upstream_person person =
		upstream_person(&hand, okta, "ada", "ada@link.example", "['Doctors']");
	int64_t epoch = account(&hand, ada).epoch;

	assert_int_equal(in_tx(&hand, link_make(&hand.w, okta, okta->issuer, "ada", ada, epoch + 1)),
			 ERR_CONFLICT);
	assert_int_equal(in_tx(&hand, link_make(&hand.w, okta, okta->issuer, "ada", "u_none", epoch)),
			 ERR_CONFLICT);
	assert_ok(&hand, in_tx(&hand, link_make(&hand.w, okta, okta->issuer, "ada", ada, epoch)));
	/* once: nobody else becomes this person, not even the same one again */
	assert_int_equal(in_tx(&hand, link_make(&hand.w, okta, okta->issuer, "ada", ada, epoch)),
			 ERR_CONFLICT);
	assert_int_equal(
		in_tx(&hand, link_make(&hand.w, okta, okta->issuer, "ada", bob, account(&hand, bob).epoch)),
		ERR_CONFLICT);
	struct provisioned out = come(&hand, &person);

	assert_int_equal(out.verdict, PROVISION_SIGNED_IN);
	assert_string_equal(out.account_id, ada);
	assert_string_equal(holds(&hand, ada), "base:billing@* mapping:provider@main");
	/* unlinked: nothing is left of it, and the proof of before counts for nothing */
	assert_ok(&hand, in_tx(&hand, link_remove(&hand.w, ada, "link-okta")));
	assert_string_equal(holds(&hand, ada), "base:billing@*");
	assert_int_equal(in_tx(&hand, link_remove(&hand.w, ada, "link-okta")), ERR_NOT_FOUND);
	assert_int_equal(come(&hand, &person).verdict, PROVISION_LINK);
	assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, "link-okta", true)));
	assert_int_equal(in_tx(&hand, link_make(&hand.w, okta, okta->issuer, "ada", ada, epoch)),
			 ERR_CONFLICT);
}

static void a_deleted_account_is_not_found_again_by_its_person(UNUSED void **state)
{
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-deleted", "deleted.example");
	const struct connection *okta = upstream_okta(&hand, "deleted-okta", "");
	struct upstream_person ada =
		upstream_person(&hand, okta, "ada", "ada@deleted.example", "['Doctors']");
	const char *id = come(&hand, &ada).account_id;

	assert_ok(&hand, in_tx(&hand, account_delete(&hand.w, id)));
	struct provisioned out = come(&hand, &ada);

	assert_true(out.created);
	assert_string_not_equal(out.account_id, id);
}

/* security.md B8, B9, T-4: whatever is off at the last moment decides. */
static void what_is_off_at_the_last_moment_decides(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-off", "off.example");
	const struct connection *okta = upstream_okta(&hand, "prov-off-okta", "");
	struct upstream_person ada = upstream_person(&hand, okta, "ada", "ada@off.example", "['Doctors']");
	const char *id = come(&hand, &ada).account_id;

	/* the picture of this piece of work is the one before the change in each case */
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, id, true)));
	assert_refused(&hand, &ada, "account_disabled");
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, id, false)));
	assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, "prov-off-okta", true)));
	assert_refused(&hand, &ada, "connection_disabled");
	assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, "prov-off-okta", false)));
	assert_int_equal(come(&hand, &ada).verdict, PROVISION_SIGNED_IN);
	assert_ok(&hand, upstream_try(&hand, "{'id': 'prov-off-okta', 'client_id': 'another'}", &changed));
	assert_refused(&hand, &ada, "connection_disabled"); /* what was proven was proven to another client */
	assert_ok(&hand, upstream_try(&hand, "{'id': 'prov-off-okta', 'client_id': 'lanyard'}", &changed));
	assert_ok(&hand,
		  in_tx(&hand, practice_apply(&hand.w,
					      &(struct practice_change){ .id = "prov-off", .disabled = true },
					      &changed)));
	assert_refused(&hand, &ada, "practice_disabled");
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w, &(struct practice_change){ .id = "prov-off" },
						     &changed)));
	assert_ok(&hand, in_tx(&hand, connection_delete(&hand.w, "prov-off-okta")));
	assert_refused(&hand, &ada, "connection_disabled");
	assert_string_equal(holds(&hand, id), ""); /* nobody would ever take away what its rules gave */
}

/* --- when a password still counts
 * ------------------------------------------------------------------------------ */

static bool is_down(UNUSED const struct work *work, UNUSED const char *connection_id)
{
	return true;
}

static bool is_up(UNUSED const struct work *work, UNUSED const char *connection_id)
{
	return false;
}

static void a_password_counts_as_the_connection_says(UNUSED void **state)
{
	static const struct {
		const char *says;
		const char *role;
		bool down, off;
		enum err err;
		bool continuity;
	} table[] = {
		{ "outage", NULL, false, false, ERR_SIGN_IN_ELSEWHERE, false },
		{ "outage", NULL, true, false, OK, true },
		{ "outage", NULL, false, true, OK, false },
		{ "always", NULL, false, false, OK, false },
		{ "always", NULL, true, false, OK, false },
		{ "never", NULL, false, false, ERR_SIGN_IN_ELSEWHERE, false },
		{ "never", NULL, true, false, ERR_SIGN_IN_ELSEWHERE, false },
		{ "never", NULL, true, true, OK, false },
		{ "never", "owner", false, false, OK, false },
		{ "outage", "owner", false, false, OK, false },
		{ "outage", "owner", true, false, OK, false },
		{ "never", "manager", false, false, ERR_SIGN_IN_ELSEWHERE, false },
	};
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-local", "local.example");
	for (size_t i = 0; i < COUNT(table); i++) {
		bool continuity = true;
		const char *id = arena_print(hand.arena, "local-%zu", i);
		const struct connection *c = upstream_okta(
			&hand, id, arena_print(hand.arena, ", 'local_sign_in': '%s'", table[i].says));
		const char *who = world_person(&hand, arena_print(hand.arena, "p%zu@local.example", i),
					       PASSWORD, table[i].role);

		assert_ok(&hand, password_may(&hand.w, who, is_up, &continuity));
		assert_false(continuity); /* nobody's yet */
		assert_ok(&hand, in_tx(&hand, link_make(&hand.w, c, c->issuer, "x", who,
							account(&hand, who).epoch)));
		assert_ok(&hand, in_tx(&hand, connection_set_disabled(&hand.w, id, table[i].off)));
		assert_ok(&hand, snapshot_renew(&hand.w));
		assert_int_equal(password_may(&hand.w, who, table[i].down ? is_down : is_up, &continuity),
				 table[i].err);
		assert_int_equal(continuity, table[i].continuity);
	}
}

static void of_two_connections_the_stricter_one_decides(UNUSED void **state)
{
	bool continuity = true;
	AUTO_HAND hand;

	upstream_practice(&hand, "prov-strict", "strict.example");
	const struct connection *always = upstream_okta(&hand, "strict-a", ", 'local_sign_in': 'always'");
	const struct connection *outage = upstream_okta(&hand, "strict-b", "");
	const char *who = world_person(&hand, "ada@strict.example", PASSWORD, NULL);
	int64_t epoch = account(&hand, who).epoch;

	assert_ok(&hand, in_tx(&hand, link_make(&hand.w, always, always->issuer, "x", who, epoch)));
	assert_ok(&hand, in_tx(&hand, link_make(&hand.w, outage, outage->issuer, "x", who, epoch)));
	assert_int_equal(password_may(&hand.w, who, is_up, &continuity), ERR_SIGN_IN_ELSEWHERE);
	assert_ok(&hand, password_may(&hand.w, who, is_down, &continuity));
	assert_true(continuity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_never_links_by_itself),
		cmocka_unit_test(a_person_is_one_of_their_practice_connection_issuer_and_subject),
		cmocka_unit_test(a_link_needs_both_sides_as_they_were_proven),
		cmocka_unit_test(a_deleted_account_is_not_found_again_by_its_person),
		cmocka_unit_test(what_is_off_at_the_last_moment_decides),
		cmocka_unit_test(a_password_counts_as_the_connection_says),
		cmocka_unit_test(of_two_connections_the_stricter_one_decides),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
