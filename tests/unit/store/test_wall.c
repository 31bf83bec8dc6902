/* test_wall.c: what only PostgreSQL has: walls between practices, connections that are lost or slow. */
#include <poll.h>
#include <signal.h>

#include "kit/store_kit.h"

#define NEEDS_POSTGRESQL()                                                                                   \
	do {                                                                                                 \
		if (!on_postgresql())                                                                        \
			skip();                                                                              \
	} while (0)

/* One row in each walled table; $1 is the practice, $2 makes the row's key. */
static const struct {
	const char *table;
	const char *insert;
} walled[] = {
	{ "location", "INSERT INTO location (practice_id, id, name, networks, archived, position) VALUES "
		      "($1, $2, '', '[]', FALSE, 0)" },
	{ "role", "INSERT INTO role (practice_id, id, name, built_in, additive, inherits, permissions)"
		  " VALUES ($1, $2, '', FALSE, FALSE, '[]', '{}')" },
	{ "account",
	  "INSERT INTO account (practice_id, id, email, email_key, email_verified, class, disabled, "
	  "must_change, epoch,"
	  " created_at, updated_at) VALUES ($1, $2, '', $2, FALSE, 'staff', FALSE, FALSE, 0, 0, 0)" },
	{ "password",
	  "INSERT INTO password (practice_id, account_id, hash, changed_at) VALUES ($1, $2, '', 0)" },
	{ "assignment",
	  "INSERT INTO assignment (practice_id, id, account_id, role_id, locations, source, created_at)"
	  " VALUES ($1, $2, '', '', '[]', 'base', 0)" },
	{ "session", "INSERT INTO session (practice_id, hash, sid, account_id, started_at, seen_at, "
		     "idle_seconds, ends_at, auth_time,"
		     " acr, amr, account_epoch, practice_epoch) VALUES ($1, $2, $2, '', 0, 0, 0, 0, 0, '', "
		     "'[]', 0, 0)" },
	{ "session_app",
	  "INSERT INTO session_app (practice_id, sid, client_id, first_at) VALUES ($1, $2, '', 0)" },
	{ "code",
	  "INSERT INTO code (practice_id, hash, client_id, account_id, sid, redirect_uri, redirect_given, "
	  "scope, family_id,"
	  " auth_time, created_at, expires_at) VALUES ($1, $2, '', '', '', '', TRUE, '', '', 0, 0, 0)" },
	{ "family", "INSERT INTO family (practice_id, id, client_id, account_id, scope, auth_time, acr, amr, "
		    "offline, generation,"
		    " rotated_at, account_epoch, practice_epoch, created_at, expires_at)"
		    " VALUES ($1, $2, '', '', '', 0, '', '[]', FALSE, 0, 0, 0, 0, 0, 0)" },
	{ "consent", "INSERT INTO consent (practice_id, account_id, client_id, scope, granted_at) VALUES "
		     "($1, $2, '', '', 0)" },
	{ "saml_session",
	  "INSERT INTO saml_session (practice_id, session_index, sid, client_id, account_id, name_id, "
	  "name_id_format, ends_at) VALUES ($1, $2, $2, '', '', '', '', 0)" },
	{ "upstream_link",
	  "INSERT INTO upstream_link (practice_id, subject_key, connection_id, issuer, subject, account_id, "
	  "held, created_at, seen_at) VALUES ($1, $2, '', '', '', '', FALSE, 0, 0)" },
	{ "upstream_session", "INSERT INTO upstream_session (practice_id, sid, connection_id, subject_key, "
			      "ends_at) VALUES ($1, $2, '', '', 0)" },
	{ "event", "INSERT INTO event (practice_id, id, at_us, type, outcome, body) VALUES ($1, $2, 0, '', "
		   "'', '{}')" },
};

static char counts[COUNT(walled)][96], foreign[COUNT(walled)][96];

static int number_from(struct hand *hand, const char *sql)
{
	struct rows rows;

	assert_ok(hand, db_run(&hand->w, &rows, sql, V_NULL()));
	return (int)rows_int(&rows, 0, 0);
}

static void write_queries(void)
{
	for (size_t i = 0; i < COUNT(walled); i++) {
		snprintf(counts[i], sizeof counts[i], "SELECT count(*) FROM %s", walled[i].table);
		snprintf(foreign[i], sizeof foreign[i],
			 "SELECT count(*) FROM %s WHERE practice_id <> 'wall-a'", walled[i].table);
	}
}

static void fill(struct hand *hand, const char *practice)
{
	hand->w.practice = practice;
	for (size_t i = 0; i < COUNT(walled); i++)
		assert_ok(hand, db_run(&hand->w, NULL, walled[i].insert, V_TEXT(practice),
				       V_TEXT(arena_print(hand->arena, "%s-1", practice))));
}

static void each_walled_table_shows_one_practice_and_none_without(UNUSED void **state)
{
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	write_queries();
	hand_begin(&hand, NULL);
	kit_practice(&hand, "wall-a", 801);
	kit_practice(&hand, "wall-b", 802);
	fill(&hand, "wall-a");
	fill(&hand, "wall-b");
	for (size_t i = 0; i < COUNT(walled); i++) {
		hand.w.practice = NULL;
		assert_int_equal(number_from(&hand, counts[i]), 0);
		hand.w.practice = "wall-a";
		assert_int_equal(number_from(&hand, counts[i]), 1);
		assert_int_equal(number_from(&hand, foreign[i]), 0);
		hand.w.practice = "wall-z";
		assert_int_equal(number_from(&hand, counts[i]), 0);
	}
}

static void nothing_is_written_over_the_wall(UNUSED void **state)
{
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, "wall-a");
	for (size_t i = 0; i < COUNT(walled); i++) {
		hand.w.practice = "wall-a";
		assert_int_equal(
			db_run(&hand.w, NULL, walled[i].insert, V_TEXT("wall-b"), V_TEXT("smuggled")),
			ERR_INTERNAL);
		hand.w.practice = NULL;
		assert_int_equal(
			db_run(&hand.w, NULL, walled[i].insert, V_TEXT("wall-b"), V_TEXT("smuggled")),
			ERR_INTERNAL);
	}
}

static void every_table_of_the_list_is_forced_and_no_other_has_a_practice(UNUSED void **state)
{
	static const char forced[] =
		"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE n.nspname = current_schema() AND c.relrowsecurity AND c.relforcerowsecurity";
	/* Known before the practice is, or for all of them: the schema says so. */
	static const char open[] =
		"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
		" JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'practice_id'"
		" WHERE n.nspname = current_schema() AND c.relkind = 'r' AND NOT c.relforcerowsecurity"
		" AND c.relname NOT IN ('practice_domain', 'account_finder', 'app_practice', 'outbox', "
		"'connection')";
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, NULL);
	assert_int_equal(number_from(&hand, forced), COUNT(walled));
	assert_int_equal(number_from(&hand, open), 0);
}

static void the_program_owns_nothing_and_cannot_pass(UNUSED void **state)
{
	static const char plain[] =
		"SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolname = 'lanyard_app'"
		" AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcanlogin";
	static const char off[] = "ALTER TABLE account DISABLE ROW LEVEL SECURITY";
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, NULL);
	assert_int_equal(number_from(&hand, plain), 1);
	assert_int_equal(db_run(&hand.w, NULL, off, V_NULL()), ERR_INTERNAL);
}

static void the_owner_stands_behind_the_walls_and_cannot_change_events(UNUSED void **state)
{
	static const char *const refused[] = { "UPDATE event SET body = 'x'", "DELETE FROM event",
					       "TRUNCATE event" };
	PGresult *result;

	NEEDS_POSTGRESQL();
	kit_as_owner("SET lanyard.practice = ''");
	result = PQexec(kit_owner, "SELECT count(*) FROM account");
	assert_string_equal(PQgetvalue(result, 0, 0), "0");
	PQclear(result);
	kit_as_owner("SET lanyard.practice = 'wall-a'");
	for (size_t i = 0; i < COUNT(refused); i++) {
		result = PQexec(kit_owner, refused[i]);
		assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
		PQclear(result);
	}
}

static void the_practice_follows_the_work_through_rollbacks(UNUSED void **state)
{
	static const char count[] = "SELECT count(*) FROM location";
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, "wall-z");
	assert_int_equal(number_from(&hand, count), 0);
	struct tx tx = tx_begin(&hand.w);
	hand.w.practice = "wall-a";
	assert_int_equal(number_from(&hand, count), 1);
	hand.w.practice = NULL;
	assert_int_equal(number_from(&hand, count), 0);
	hand.w.practice = "wall-b";
	assert_int_equal(number_from(&hand, count), 1);
	tx_end(&tx); /* the server goes back to wall-z */
	assert_int_equal(number_from(&hand, count), 1);
	hand.w.practice = "wall-a";
	assert_int_equal(db_run(&hand.w, NULL, walled[0].insert, V_TEXT("wall-a"), V_TEXT("wall-a-1")),
			 ERR_CONFLICT);
	assert_int_equal(number_from(&hand, foreign[0]), 0); /* not wall-b, where the server is again */
	assert_int_equal(number_from(&hand, count), 1);
	hand.w.practice = "wall-z";
	assert_int_equal(number_from(&hand, count), 0);
}

static int pid_of(struct hand *hand)
{
	return number_from(hand, "SELECT pg_backend_pid()");
}

static void terminate(int pid)
{
	char sql[80];

	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 2000)", pid);
	kit_as_owner(sql);
}

static void a_connection_lost_between_statements_is_made_again(UNUSED void **state)
{
	static const char backend[] = "SELECT pg_backend_pid()";
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, "wall-a");
	for (int i = 0; i < 3; i++) {
		int before = number_from(&hand, backend);

		terminate(before);
		assert_int_not_equal(number_from(&hand, backend), before);
		assert_int_equal(number_from(&hand, counts[0]), 1);
	}
}

static void a_connection_lost_inside_a_transaction_fails_it(UNUSED void **state)
{
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, "wall-a");
	int pid = pid_of(&hand);
	struct tx tx = tx_begin(&hand.w);
	assert_ok(&hand, db_run(&hand.w, NULL, walled[0].insert, V_TEXT("wall-a"), V_TEXT("lost")));
	terminate(pid);
	assert_int_equal(db_run(&hand.w, NULL, walled[0].insert, V_TEXT("wall-a"), V_TEXT("lost 2")),
			 ERR_STORE);
	assert_int_equal(tx_commit(&tx), ERR_STORE);
	assert_false(store_is_up(kit_store));
	assert_int_equal(number_from(&hand, counts[0]), 1);
	assert_true(store_is_up(kit_store));
	tx = tx_begin(&hand.w);
	assert_ok(&hand, db_run(&hand.w, NULL, walled[0].insert, V_TEXT("wall-a"), V_TEXT("lost 3")));
	terminate(number_from(&hand, "SELECT pg_backend_pid()"));
	assert_int_equal(tx_commit(&tx), ERR_STORE);
	assert_int_equal(number_from(&hand, counts[0]), 1);
}

static void nobody_waits_longer_than_three_seconds(UNUSED void **state)
{
	AUTO_HAND hand;
	int64_t started;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, "wall-a");
	assert_int_equal(number_from(&hand, counts[0]), 1);

	kit_as_owner("BEGIN; LOCK TABLE location IN ACCESS EXCLUSIVE MODE");
	started = clock_monotonic_us();
	assert_int_equal(db_run(&hand.w, NULL, counts[0], V_NULL()), ERR_STORE);
	assert_in_range(clock_monotonic_us() - started, 0, 3300000);
	kit_as_owner("ROLLBACK");
	assert_int_equal(number_from(&hand, counts[0]), 1);
}

/* A server that is there but silent: its process is stopped. */
static void a_silent_server_is_given_up_and_left(UNUSED void **state)
{
	int64_t started;
	AUTO_HAND hand;

	NEEDS_POSTGRESQL();
	hand_begin(&hand, "wall-a");
	pid_t pid = pid_of(&hand);
	if (kill(pid, SIGSTOP) < 0)
		skip();
	started = clock_monotonic_us();
	enum err err = db_run(&hand.w, NULL, counts[0], V_NULL());
	int64_t took = clock_monotonic_us() - started;
	kill(pid, SIGCONT);
	assert_int_equal(err, ERR_STORE);
	assert_in_range(took, 2500000, 3300000);
	assert_int_not_equal(pid_of(&hand), pid);
}

static void a_dead_address_says_so_at_once_to_all_but_one(UNUSED void **state)
{
	char message[512] = "";
	struct store *store = NULL;
	int64_t started = clock_monotonic_us();

	assert_int_equal(
		store_open("postgresql://nobody@127.0.0.1:1/none", NULL, &store, message, sizeof message),
		ERR_STORE);
	assert_in_range(clock_monotonic_us() - started, 0, 3300000);
	assert_non_null(strstr(message, "could not connect"));
	assert_null(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_walled_table_shows_one_practice_and_none_without),
		cmocka_unit_test(nothing_is_written_over_the_wall),
		cmocka_unit_test(every_table_of_the_list_is_forced_and_no_other_has_a_practice),
		cmocka_unit_test(the_program_owns_nothing_and_cannot_pass),
		cmocka_unit_test(the_owner_stands_behind_the_walls_and_cannot_change_events),
		cmocka_unit_test(the_practice_follows_the_work_through_rollbacks),
		cmocka_unit_test(a_connection_lost_between_statements_is_made_again),
		cmocka_unit_test(a_connection_lost_inside_a_transaction_fails_it),
		cmocka_unit_test(nobody_waits_longer_than_three_seconds),
		cmocka_unit_test(a_silent_server_is_given_up_and_left),
		cmocka_unit_test(a_dead_address_says_so_at_once_to_all_but_one),
	};

	return run_on_engines(tests, COUNT(tests));
}
