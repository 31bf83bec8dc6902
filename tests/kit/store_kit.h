/* store_kit.h: a store on each engine for a cmocka program, hands that work on it, crews of them.
 *
 * SQLite always, in a temporary file. PostgreSQL when LANYARD_TEST_POSTGRESQL has an address (see
 * postgres.sh), in a schema of its own; LANYARD_TEST_REQUIRE_POSTGRESQL=1 makes its absence fail. */
#ifndef KIT_STORE_KIT_H
#define KIT_STORE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <unistd.h>

#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/db.h"

static char kit_address[768];
static char kit_folder[64];
static struct store *kit_store;
static PGconn *kit_owner; /* NULL on SQLite: the owner of the tables, for what the program may not do */

UNUSED static bool on_postgresql(void)
{
	return kit_owner != NULL;
}

/* One thread's work. */
struct hand {
	struct arena *arena;
	struct db *db;
	struct app app;
	struct work w;
};

static void hand_begin(struct hand *hand, const char *practice)
{
	*hand = (struct hand){ .arena = arena_new(), .db = db_open(kit_store) };
	assert_non_null(hand->db);
	work_begin(&hand->w, &hand->app, hand->db, hand->arena);
	hand->w.practice = practice;
}

static void hand_end(struct hand *hand)
{
	work_end(&hand->w);
	db_close(hand->db);
	arena_done(&hand->arena);
}

/* For AUTO. */
#define AUTO_HAND AUTO(hand_end) struct hand

#define assert_ok(hand, expression)                                                                          \
	do {                                                                                                 \
		enum err err_ = (expression);                                                                \
		if (err_ != OK)                                                                              \
			fail_msg("%s: %s", #expression, (hand)->w.reason ? (hand)->w.reason : "?");          \
	} while (0)

/* Count of rows that a statement with one number as answer says; sees what this hand sees. */
#define count_of(hand, sql, ...)                                                                             \
	({                                                                                                   \
		static const char sql_[] = sql;                                                              \
		struct rows rows_;                                                                           \
		assert_ok((hand), db_run(&(hand)->w, &rows_, sql_, __VA_ARGS__));                            \
		(int)rows_int(&rows_, 0, 0);                                                                 \
	})

/* Threads with a hand each, let go at the same moment. task must not use cmocka's asserts. */
struct crew {
	void (*task)(struct hand *hand, int number, void *context);
	void *context;
	const char *practice;
	pthread_barrier_t start;
};
struct crew_member {
	struct crew *crew;
	int number;
	struct hand hand;
};

static void *crew_work(void *given)
{
	struct crew_member *member = given;

	pthread_barrier_wait(&member->crew->start);
	member->crew->task(&member->hand, member->number, member->crew->context);
	return NULL;
}

enum { CREW_MAX = 64 };

UNUSED static void crew_run(int count, const char *practice, void (*task)(struct hand *, int, void *),
			    void *context)
{
	static struct crew_member members[CREW_MAX];
	struct crew crew = { .task = task, .context = context, .practice = practice };
	pthread_t threads[CREW_MAX];

	assert_true(count <= CREW_MAX);
	pthread_barrier_init(&crew.start, NULL, (unsigned)count);
	for (int i = 0; i < count; i++) {
		members[i] = (struct crew_member){ .crew = &crew, .number = i };
		hand_begin(&members[i].hand, practice);
		assert_int_equal(pthread_create(&threads[i], NULL, crew_work, &members[i]), 0);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		hand_end(&members[i].hand);
	}
	pthread_barrier_destroy(&crew.start);
}

/* A practice to hang rows on; idempotent. */
UNUSED static void kit_practice(struct hand *hand, const char *id, int number)
{
	static const char sql[] =
		"INSERT INTO practice (id, number, name, timezone, policy, epoch, disabled, created_at)"
		" VALUES ($1, $2, $1, 'UTC', '{}', 0, FALSE, 0) ON CONFLICT DO NOTHING";

	assert_ok(hand, db_run(&hand->w, NULL, sql, V_TEXT(id), V_INT(number)));
}

static void kit_as_owner(const char *sql)
{
	PGresult *result = PQexec(kit_owner, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(kit_owner));
	PQclear(result);
}

static void open_kit_store(void)
{
	char message[512];

	if (store_open(kit_address, NULL, &kit_store, message, sizeof message) != OK)
		fail_msg("%s", message);
}

static int begin_sqlite(UNUSED void **state)
{
	snprintf(kit_folder, sizeof kit_folder, "/tmp/lanyard-test-XXXXXX");
	assert_non_null(mkdtemp(kit_folder));
	snprintf(kit_address, sizeof kit_address, "sqlite:%s/store.db", kit_folder);
	open_kit_store();
	return 0;
}

static int end_sqlite(UNUSED void **state)
{
	static const char *const files[] = { "store.db", "store.db-wal", "store.db-shm" };
	char path[128];

	store_close(TAKE(kit_store));
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof path, "%s/%s", kit_folder, files[i]);
		unlink(path);
	}
	rmdir(kit_folder);
	return 0;
}

static int begin_postgresql(UNUSED void **state)
{
	const char *address = getenv("LANYARD_TEST_POSTGRESQL");
	char sql[128];

	kit_owner = PQconnectdb(address);
	if (PQstatus(kit_owner) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(kit_owner));
	snprintf(sql, sizeof sql, "CREATE SCHEMA test_%d", getpid());
	kit_as_owner(sql);
	snprintf(sql, sizeof sql, "SET search_path = test_%d", getpid());
	kit_as_owner(sql);
	snprintf(kit_address, sizeof kit_address, "%s%coptions=-csearch_path%%3Dtest_%d", address,
		 strchr(address, '?') ? '&' : '?', getpid());
	open_kit_store();
	return 0;
}

static int end_postgresql(UNUSED void **state)
{
	char sql[128];

	store_close(TAKE(kit_store));
	snprintf(sql, sizeof sql, "DROP SCHEMA test_%d CASCADE", getpid());
	kit_as_owner("SET client_min_messages = error");
	kit_as_owner(sql);
	PQfinish(TAKE(kit_owner));
	return 0;
}

/* The value of main: the tests on each engine there is. */
UNUSED static int run_on_engines(const struct CMUnitTest *tests, size_t count)
{
	const char *address = getenv("LANYARD_TEST_POSTGRESQL");
	const char *required = getenv("LANYARD_TEST_REQUIRE_POSTGRESQL");
	int failed = _cmocka_run_group_tests("sqlite", tests, count, begin_sqlite, end_sqlite);

	if (address && *address)
		return failed +
		       _cmocka_run_group_tests("postgresql", tests, count, begin_postgresql, end_postgresql);
	if (text_equal(required, "1")) {
		fprintf(stderr, "LANYARD_TEST_POSTGRESQL is not set, but PostgreSQL is required\n");
		return failed + 1;
	}
	return failed;
}

#endif
