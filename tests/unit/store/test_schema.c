/* test_schema.c: opening, migrating and surviving: many processes, a newer store, kill -9. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kit/store_kit.h"

#include "base/embedded.h"

static const char insert_setting[] = "INSERT INTO setting (name, value) VALUES ($1, $2)";

static enum err open_again(char *message, size_t size)
{
	struct store *store = NULL;
	enum err err = store_open(kit_address, NULL, &store, message, size);

	store_close(store);
	return err;
}

/* Empties the store, so that the next to open it migrates. */
static void start_over(void)
{
	char sql[128];

	store_close(TAKE(kit_store));
	if (on_postgresql()) {
		kit_as_owner("SET client_min_messages = error");
		snprintf(sql, sizeof sql, "DROP SCHEMA test_%d CASCADE", getpid());
		kit_as_owner(sql);
		snprintf(sql, sizeof sql, "CREATE SCHEMA test_%d", getpid());
		kit_as_owner(sql);
		return;
	}
	assert_int_equal(unlink(kit_address + strlen("sqlite:")), 0);
}

static void four_processes_migrate_an_empty_store_at_once(UNUSED void **state)
{
	char message[512] = "";
	pid_t children[4];
	int status;

	for (int round = 0; round < 3; round++) {
		start_over();
		for (size_t i = 0; i < COUNT(children); i++) {
			children[i] = fork();
			assert_true(children[i] >= 0);
			if (children[i] == 0) {
				enum err err = open_again(message, sizeof message);

				if (err != OK)
					fprintf(stderr, "%s\n", message);
				_exit(err == OK ? 0 : 1);
			}
		}
		for (size_t i = 0; i < COUNT(children); i++) {
			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
		}
		open_kit_store();
	}
}

static void a_store_that_is_up_to_date_stays_as_it_is(UNUSED void **state)
{
	char message[512] = "";
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, insert_setting, V_TEXT("stays"), V_TEXT("1")));
	if (open_again(message, sizeof message) != OK)
		fail_msg("%s", message);
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM setting WHERE name = $1", V_TEXT("stays")), 1);
}

static void set_schema(const char *version)
{
	static const char update[] = "UPDATE setting SET value = $1 WHERE name = 'schema'";
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, db_run(&hand.w, NULL, update, V_TEXT(version)));
}

static const char *newest(void)
{
	static char text[24];

	snprintf(text, sizeof text, "%" PRId64, schema_newest());
	return text;
}

static void a_newer_store_is_refused_and_says_why(UNUSED void **state)
{
	char message[512] = "";

	set_schema("9999");
	enum err err = open_again(message, sizeof message);
	set_schema(newest());
	assert_int_equal(err, ERR_STORE);
	assert_non_null(strstr(message, "9999"));
	assert_non_null(strstr(message, "newer"));
	assert_int_equal(open_again(message, sizeof message), OK);
}

/* A store as the first version left it. */
static void make_of_version_one(void)
{
	static const char version[] = "INSERT INTO setting (name, value) VALUES ('schema', '1')";
	const char *first = (const char *)schema_files[0].data;
	sqlite3 *file = NULL;

	assert_memory_equal(schema_files[0].name, "001", 3);
	if (on_postgresql()) {
		kit_as_owner(first);
		kit_as_owner(version);
		return;
	}
	mode_t before = umask(077);
	assert_int_equal(sqlite3_open(kit_address + strlen("sqlite:"), &file), SQLITE_OK);
	umask(before);
	assert_int_equal(sqlite3_exec(file, first, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(file, version, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(file);
}

static void an_older_store_is_migrated_and_keeps_what_it_has(UNUSED void **state)
{
	int64_t present = 0;
	char message[512] = "";

	start_over();
	make_of_version_one();
	open_kit_store();
	AUTO_HAND hand;

	hand_begin(&hand, "older");
	assert_ok(&hand, schema_present(&hand.w, &present));
	assert_int_equal(present, schema_newest());
	assert_true(present > 1);
	assert_int_equal(
		count_of(&hand, "SELECT count(*) FROM saml_session WHERE practice_id = $1", V_TEXT("older")),
		0);
	assert_int_equal(
		count_of(&hand, "SELECT count(*) FROM session WHERE practice_id = $1", V_TEXT("older")), 0);
	assert_int_equal(open_again(message, sizeof message), OK);
}

static void an_address_must_be_one_of_ours(UNUSED void **state)
{
	static const char *const wrong[] = { "", "sqlite:", "mysql://x", "/var/lib/x.db", "postgresql:x" };
	char message[512];

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct store *store = NULL;

		message[0] = '\0';
		assert_int_equal(store_open(wrong[i], NULL, &store, message, sizeof message), ERR_CONFIG);
		assert_non_null(strstr(message, "sqlite:PATH"));
		assert_null(store);
	}
}

static void a_file_that_cannot_be_says_which(UNUSED void **state)
{
	struct store *store = NULL;
	char message[512] = "";

	assert_int_equal(store_open("sqlite:/proc/nowhere/x.db", NULL, &store, message, sizeof message),
			 ERR_STORE);
	assert_non_null(strstr(message, "/proc/nowhere/x.db"));
	assert_int_equal(store_open("sqlite:/proc/self/exe", NULL, &store, message, sizeof message),
			 ERR_STORE);
	assert_null(store);
}

static void the_sqlite_file_is_its_owners_alone(UNUSED void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	struct stat st;
	char path[800];

	if (on_postgresql())
		skip();
	set_schema(newest());
	for (size_t i = 0; i < COUNT(tails); i++) {
		snprintf(path, sizeof path, "%s%s", kit_address + strlen("sqlite:"), tails[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

/* Writes rows and says each number on the pipe after the store said OK, until it is killed. */
static void write_until_killed(int out)
{
	struct hand hand;
	char message[512];

	if (store_open(kit_address, NULL, &kit_store, message, sizeof message) != OK)
		_exit(1);
	hand_begin(&hand, NULL);
	for (int32_t n = 0;; n++) {
		if (db_run(&hand.w, NULL, insert_setting,
			   V_TEXT(arena_print(hand.arena, "kill %d %d", getpid(), n)), V_TEXT("1")) != OK ||
		    write(out, &n, sizeof n) != (ssize_t)sizeof n)
			_exit(1);
	}
}

static int32_t last_answered(int in, int at_least, pid_t child)
{
	int32_t n = -1, got;
	bool killed = false;

	while (read(in, &got, sizeof got) == (ssize_t)sizeof got) {
		n = got;
		if (n >= at_least && !killed) {
			killed = true;
			kill(child, SIGKILL);
		}
	}
	return n;
}

static void what_was_answered_survives_kill_nine(UNUSED void **state)
{
	for (int round = 0; round < 5; round++) {
		int ends[2], status;

		store_close(TAKE(kit_store));
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			write_until_killed(ends[1]);
		close(ends[1]);
		int32_t last = last_answered(ends[0], 50, child);
		close(ends[0]);
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		open_kit_store();

		AUTO_HAND hand;
		hand_begin(&hand, NULL);
		int kept = count_of(&hand, "SELECT count(*) FROM setting WHERE name LIKE $1",
				    V_TEXT(arena_print(hand.arena, "kill %d %%", child)));
		assert_in_range(kept, last + 1, last + 2); /* one may have been on its way */
	}
}

/* A command and the server on one SQLite file, or two nodes. */
static void two_processes_write_side_by_side(UNUSED void **state)
{
	enum { EACH = 200 };
	int failed = 0, status;

	store_close(TAKE(kit_store));
	pid_t child = fork();
	assert_true(child >= 0);
	open_kit_store();

	struct hand hand;
	hand_begin(&hand, NULL);
	for (int i = 0; i < EACH; i++)
		failed += db_run(&hand.w, NULL, insert_setting,
				 V_TEXT(arena_print(hand.arena, "side %d %d", child == 0, i)),
				 V_TEXT("1")) != OK;
	if (child == 0)
		_exit(failed ? 1 : 0);
	waitpid(child, &status, 0);
	assert_int_equal(failed, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(count_of(&hand, "SELECT count(*) FROM setting WHERE name LIKE $1", V_TEXT("side %")),
			 2 * EACH);
	hand_end(&hand);
}

/* Rows answered with OK are counted apart from those that were not; nothing else may be there. */
struct full {
	_Atomic int stored, refused, wrong;
};

static void write_into_a_full_disk(struct hand *hand, int number, void *context)
{
	struct full *full = context;

	for (int i = 0; i < 30; i++) {
		AUTO(tx_end) struct tx tx = tx_begin(&hand->w);
		char *name = arena_print(hand->arena, "full %d %d", number, i),
		     *body = arena_alloc(hand->arena, 4096);

		memset(body, 'x', 4095);
		enum err err = db_run(&hand->w, NULL, insert_setting, V_TEXT(name), V_TEXT(body));
		if (err == OK)
			err = tx_commit(&tx);
		full->stored += err == OK;
		full->refused += err == ERR_STORE;
		full->wrong += err != OK && err != ERR_STORE;
	}
}

static void a_full_disk_refuses_all_that_shared_the_commit_and_heals(UNUSED void **state)
{
	static const char find[] = "SELECT count(*) FROM setting WHERE name LIKE 'full %'";
	struct rlimit before, small;
	struct full full = { 0 };
	struct rows rows;
	struct stat wal;
	char path[800];

	if (on_postgresql())
		skip();
	set_schema(newest());
	snprintf(path, sizeof path, "%s-wal", kit_address + strlen("sqlite:"));
	assert_int_equal(stat(path, &wal), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = (rlim_t)wal.st_size + 400 * KB;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	crew_run(16, NULL, write_into_a_full_disk, &full);
	bool up = store_is_up(kit_store);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

	AUTO_HAND hand;
	hand_begin(&hand, NULL);
	assert_false(up);
	assert_true(full.refused > 0 && full.stored > 0);
	assert_int_equal(full.wrong, 0);
	assert_ok(&hand, db_run(&hand.w, &rows, find, V_NULL()));
	assert_int_equal(rows_int(&rows, 0, 0), full.stored);
	set_schema(newest());
	assert_true(store_is_up(kit_store));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_processes_migrate_an_empty_store_at_once),
		cmocka_unit_test(a_store_that_is_up_to_date_stays_as_it_is),
		cmocka_unit_test(an_older_store_is_migrated_and_keeps_what_it_has),
		cmocka_unit_test(a_newer_store_is_refused_and_says_why),
		cmocka_unit_test(an_address_must_be_one_of_ours),
		cmocka_unit_test(a_file_that_cannot_be_says_which),
		cmocka_unit_test(the_sqlite_file_is_its_owners_alone),
		cmocka_unit_test(a_full_disk_refuses_all_that_shared_the_commit_and_heals),
		cmocka_unit_test(what_was_answered_survives_kill_nine),
		cmocka_unit_test(two_processes_write_side_by_side),
	};

	return run_on_engines(tests, COUNT(tests));
}
