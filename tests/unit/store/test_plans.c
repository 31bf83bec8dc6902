/* test_plans.c: one row of a large table is found by its key, also before PostgreSQL has counted the table.
 */
#include "kit/store_kit.h"

enum { ROWS = 400 };

static const char put_family[] =
	"INSERT INTO family (practice_id, id, client_id, account_id, sid, scope, auth_time, acr, amr, "
	"offline,"
	" generation, rotated_at, account_epoch, practice_epoch, created_at, expires_at)"
	" VALUES ($1, $2, 'app', 'acc', 'sid', 'openid', 0, 'a', 'pwd', FALSE, 0, 0, 0, 0, 0, 1000000)";
static const char put_code[] =
	"INSERT INTO code (practice_id, hash, client_id, account_id, sid, redirect_uri, redirect_given, "
	"scope,"
	" family_id, auth_time, created_at, expires_at)"
	" VALUES ($1, $2, 'app', 'acc', 'sid', 'u', FALSE, 'openid', $2, 0, 0, 1000000)";
static const char put_session[] =
	"INSERT INTO session (practice_id, hash, sid, account_id, started_at, seen_at, idle_seconds, ends_at,"
	" auth_time, acr, amr, account_epoch, practice_epoch)"
	" VALUES ($1, $2, $2, 'acc', 0, 0, 1000, 1000000, 0, 'a', 'pwd', 0, 0)";

static const char put_saml[] =
	"INSERT INTO saml_session (practice_id, session_index, sid, client_id, account_id, name_id, "
	"name_id_format, ends_at) VALUES ($1, $2, $2, 'app', 'acc', $2, 'f', 1000000)";

static const char put_link[] = "INSERT INTO upstream_link (practice_id, subject_key, connection_id, issuer, "
			       "subject, account_id, held,"
			       " created_at, seen_at) VALUES ($1, $2, 'okta', 'i', $2, $2, FALSE, 0, 0)";
static const char put_upstream[] =
	"INSERT INTO upstream_session (practice_id, sid, connection_id, subject_key, ends_at, check_at)"
	" VALUES ($1, $2, 'okta', $2, 1000000, 900000)";

static int fill(void **state)
{
	(void)state;
	if (!on_postgresql())
		return 0;
	AUTO_HAND hand;

	hand_begin(&hand, "filled");
	AUTO(tx_end) struct tx tx = tx_begin(&hand.w);

	for (int i = 0; i < ROWS; i++) {
		const char *id = arena_print(hand.arena, "row-%d", i);

		assert_ok(&hand, tx_also(&tx, put_family, V_TEXT("filled"), V_TEXT(id)));
		assert_ok(&hand, tx_also(&tx, put_code, V_TEXT("filled"), V_TEXT(id)));
		assert_ok(&hand, tx_also(&tx, put_session, V_TEXT("filled"), V_TEXT(id)));
		assert_ok(&hand, tx_also(&tx, put_saml, V_TEXT("filled"), V_TEXT(id)));
		assert_ok(&hand, tx_also(&tx, put_link, V_TEXT("filled"), V_TEXT(id)));
		assert_ok(&hand, tx_also(&tx, put_upstream, V_TEXT("filled"), V_TEXT(id)));
	}
	assert_ok(&hand, tx_commit(&tx));
	return 0;
}

/* Does the plan name this index, and no other way into the table? */
static bool plan_uses(const struct rows *plan, const char *index)
{
	bool found = false, other = false;

	for (size_t i = 0; i < plan->count; i++) {
		const char *line = rows_text(plan, i, 0);
		bool scan = strstr(line, "Index Scan") || strstr(line, "Index Only Scan");

		found = found || (scan && strstr(line, index));
		other = other || strstr(line, "Seq Scan") || (scan && !strstr(line, index));
	}
	return found && !other;
}

static void one_row_is_found_by_its_key(UNUSED void **state)
{
	static const char spend[] = "EXPLAIN UPDATE code SET spent_at = $3 WHERE practice_id = $1 AND hash = "
				    "$2 AND client_id = 'app'"
				    " AND spent_at IS NULL AND expires_at > $3";
	static const char rotate[] = "EXPLAIN UPDATE family SET rotated_at = $3 WHERE practice_id = $1 AND "
				     "id = $2 AND client_id = 'app'"
				     " AND generation = 0 AND revoked_at IS NULL AND expires_at > $3";
	static const char by_hash[] =
		"EXPLAIN SELECT sid FROM session WHERE practice_id = $1 AND hash = $2 AND ends_at > $3";
	static const char by_sid[] =
		"EXPLAIN SELECT hash FROM session WHERE practice_id = $1 AND sid = $2 AND ends_at > $3";
	static const char by_index[] = "EXPLAIN SELECT sid FROM saml_session WHERE practice_id = $1 AND "
				       "session_index = $2 AND client_id = 'app' AND ends_at > $3";
	static const char by_app[] =
		"EXPLAIN SELECT name_id FROM saml_session WHERE practice_id = $1 AND sid = $2 "
		"AND client_id = 'app' AND ends_at > $3";
	static const char by_name[] = "EXPLAIN SELECT sid FROM saml_session WHERE practice_id = $1 AND "
				      "client_id = 'app' AND name_id = $2 AND ends_at > $3";
	static const char link[] = "EXPLAIN SELECT account_id FROM upstream_link WHERE practice_id = $1 AND "
				   "subject_key = $2 AND seen_at < $3";
	static const char links[] = "EXPLAIN SELECT subject FROM upstream_link WHERE practice_id = $1 AND "
				    "account_id = $2 AND seen_at < $3";
	static const char upstream[] = "EXPLAIN SELECT hint FROM upstream_session WHERE practice_id = $1 AND "
				       "sid = $2 AND ends_at > $3";
	static const char subject[] = "EXPLAIN SELECT hint FROM upstream_session WHERE practice_id = $1 AND "
				      "connection_id = 'okta' AND subject_key = $2 AND ends_at > $3";
	static const char due[] = "EXPLAIN SELECT sid FROM upstream_session WHERE practice_id = $1 AND "
				  "connection_id = $2 AND check_at <= $3 ORDER BY check_at, sid LIMIT 1";
	const struct {
		const char *sql, *index;
	} table[] = {
		{ due, "upstream_session_check" },
		{ link, "upstream_link_pkey" },
		{ links, "upstream_link_account" },
		{ upstream, "upstream_session_pkey" },
		{ subject, "upstream_session_subject" },
		{ by_index, "saml_session_pkey" },
		{ by_app, "saml_session_sid_client_id_name_id_format_practice_id_key" },
		{ by_name, "saml_session_name" },
		{ spend, "code_pkey" },
		{ rotate, "family_pkey" },
		{ by_hash, "session_pkey" },
		{ by_sid, "session_sid_practice_id_key" },
	};

	if (!on_postgresql())
		return; /* SQLite needs no counting: it takes the longest match */
	AUTO_HAND hand;

	hand_begin(&hand, "filled");
	for (size_t i = 0; i < COUNT(table); i++) {
		struct rows plan;

		assert_ok(&hand,
			  db_run(&hand.w, &plan, table[i].sql, V_TEXT("filled"), V_TEXT("row-7"), V_INT(5)));
		if (!plan_uses(&plan, table[i].index))
			fail_msg("%s does not go by %s", table[i].sql, table[i].index);
	}
}

static const char *plan_text(struct hand *hand, const struct rows *plan)
{
	const char *text = "";

	for (size_t i = 0; i < plan->count; i++)
		text = arena_print(hand->arena, "%s\n%s", text, rows_text(plan, i, 0));
	return text;
}

/* The session by its id, not by way of all sessions of the account; the roles by the account, not by way of
 * all roles in the practice. */
static void what_stands_behind_a_code_is_found_by_keys(UNUSED void **state)
{
	static const char behind[] =
		"EXPLAIN SELECT s.hash, a.email, g.role_id FROM code c"
		" LEFT JOIN session s ON s.sid = c.sid AND s.practice_id = $1 AND s.ends_at > $3"
		" LEFT JOIN account a ON a.practice_id = s.practice_id AND a.id = s.account_id"
		" LEFT JOIN assignment g ON g.practice_id = a.practice_id AND g.account_id = a.id"
		" WHERE c.practice_id = $1 AND c.hash = $2";
	static const char *const keys[] = { "code_pkey", "session_sid_practice_id_key",
					    "assignment_account" };
	struct rows plan;

	if (!on_postgresql())
		return;
	AUTO_HAND hand;

	hand_begin(&hand, "filled");
	assert_ok(&hand, db_run(&hand.w, &plan, behind, V_TEXT("filled"), V_TEXT("row-7"), V_INT(5)));
	const char *text = plan_text(&hand, &plan);

	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!strstr(text, keys[i]))
			fail_msg("the plan does not go by %s:%s", keys[i], text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_row_is_found_by_its_key, fill),
		cmocka_unit_test(what_stands_behind_a_code_is_found_by_keys),
	};

	return run_on_engines(tests, COUNT(tests));
}
