/* sqlite_file.c: making, opening and migrating the SQLite file. */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"

#include "store/driver.h"
#include "store/schema.h"
#include "store/sqlite_file.h"

enum { MIGRATION_WAIT_MS = 30000 };

/* journal_size_limit: a WAL that grew under load shrinks again. */
static const char writer_settings[] =
	"PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
	"PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 33554432";
static const char reader_settings[] = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA "
				      "temp_store = MEMORY; PRAGMA cache_size = -1000";

/* Events are only ever added: nothing in this program may change one. */
static const char append_only[] = "CREATE TRIGGER IF NOT EXISTS event_is_not_changed BEFORE UPDATE ON event"
				  " BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;"
				  "CREATE TRIGGER IF NOT EXISTS event_is_not_deleted BEFORE DELETE ON event"
				  " BEGIN SELECT RAISE(ABORT, 'events are append-only'); END";

sqlite3 *sqlite_file_open(const char *path, enum file_use use, char *why, size_t size)
{
	sqlite3 *handle = NULL;
	int rc = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(handle, 1);
		sqlite3_busy_timeout(handle, STORE_DEADLINE_US / 1000);
		sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		rc = sqlite3_exec(handle, use == FILE_WRITER ? writer_settings : reader_settings, NULL, NULL,
				  NULL);
	}
	if (rc == SQLITE_OK)
		return handle;
	snprintf(why, size, "%s", handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc));
	sqlite3_close(handle);
	return NULL;
}

/* The file holds hashes and sealed secrets: it is its owner's alone. SQLite gives its side files
 * the same mode. */
static bool make_file(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash && slash != path) {
		char *folder = strndup(path, (size_t)(slash - path));

		assert(folder);
		int rc = mkdir(folder, 0700);
		free(folder);
		if (rc < 0 && errno != EEXIST)
			return false;
	}

	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static enum err run(struct migrator *m, const char *sql)
{
	sqlite3 *handle = m->context;

	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return OK;
	snprintf(m->message, m->message_size, "%s", sqlite3_errmsg(handle));
	return ERR_STORE;
}

static enum err ask(struct migrator *m, const char *sql, const char *value, int64_t *out)
{
	sqlite3 *handle = m->context;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK && value)
		rc = sqlite3_bind_text(stmt, 1, value, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*out = sqlite3_column_int64(stmt, 0);
		rc = sqlite3_step(stmt);
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_EMPTY;
	}
	if (rc != SQLITE_DONE)
		snprintf(m->message, m->message_size, "%s",
			 rc == SQLITE_EMPTY ? "the table setting has no schema" : sqlite3_errmsg(handle));
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? OK : ERR_STORE;
}

/* No walls here: the file belongs to one deployment, each statement names the practice. */
static enum err finish(struct migrator *m, UNUSED const char *walled, UNUSED bool migrated)
{
	return run(m, append_only);
}

/* Going over to WAL wants the file for a moment alone, and SQLite does not wait for that itself. */
static bool to_wal(sqlite3 *handle)
{
	for (int waited = 0; waited < MIGRATION_WAIT_MS; waited += 20) {
		int rc = sqlite3_exec(handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);

		if (rc == SQLITE_OK)
			return true;
		if ((rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED)
			return false;
		poll(NULL, 0, 20);
	}
	return false;
}

static enum err prepare_file(sqlite3 *handle, char *message, size_t size)
{
	struct migrator m = {
		.context = handle,
		.message = message,
		.message_size = size,
		.begin = "BEGIN EXCLUSIVE",
		.has_setting = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'setting'",
		.run = run,
		.ask = ask,
		.finish = finish,
	};

	if (!to_wal(handle)) {
		snprintf(message, size, "%s", sqlite3_errmsg(handle));
		return ERR_STORE;
	}
	sqlite3_busy_timeout(handle, MIGRATION_WAIT_MS);
	TRY(schema_migrate(&m));
	sqlite3_busy_timeout(handle, STORE_DEADLINE_US / 1000);
	return OK;
}

enum err sqlite_file_ready(const char *path, sqlite3 **writer, char *message, size_t size)
{
	char why[256];

	if (!make_file(path)) {
		snprintf(message, size, "could not make %s: %s", path, strerror(errno));
		return ERR_STORE;
	}

	sqlite3 *handle = sqlite_file_open(path, FILE_WRITER, why, sizeof why);
	enum err err = handle ? prepare_file(handle, why, sizeof why) : ERR_STORE;
	if (err != OK) {
		snprintf(message, size, "could not open %s: %s", path, why);
		sqlite3_close(handle);
		return err;
	}
	*writer = handle;
	return OK;
}
