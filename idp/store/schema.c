/* schema.c: numbered migrations, compiled in, run once and in order. */
#include "base/base.h"
#include "base/app.h"
#include "base/buf.h"
#include "base/embedded.h"
#include "base/text.h"

#include "store/db.h"
#include "store/schema.h"

static const char read_version[] = "SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'schema'";
static const char write_version[] =
	"INSERT INTO setting (name, value) VALUES ('schema', $1)"
	" ON CONFLICT (name) DO UPDATE SET value = $1 RETURNING CAST(value AS BIGINT)";
static const char present_version[] = "SELECT value FROM setting WHERE name = 'schema'";

static int64_t number_of(const struct embedded *file)
{
	int64_t number = 0;

	for (const char *c = file->name; *c >= '0' && *c <= '9'; c++)
		number = number * 10 + (*c - '0');
	assert(number > 0);
	return number;
}

int64_t schema_newest(void)
{
	int64_t newest = 0;

	for (const struct embedded *file = schema_files; file->name; file++) {
		if (number_of(file) > newest)
			newest = number_of(file);
	}
	return newest;
}

enum err schema_present(struct work *work, int64_t *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, present_version, V_NULL()));
	if (rows.count != 1 || !text_to_int(rows_text(&rows, 0, 0), 0, INT64_MAX, out))
		return fault(work, ERR_STORE, "the store does not say its schema");
	return OK;
}

static void add_names(struct buf *out, const char *at, const char *end)
{
	for (at += strspn(at, " "); at < end; at += strspn(at, " ")) {
		size_t size = strcspn(at, " \r\n");

		if (out->size)
			buf_char(out, ' ');
		buf_add(out, at, size);
		at += size;
	}
}

/* The names after "-- wall:" at the beginning of a line, in all files. */
static void collect_walls(struct buf *out)
{
	static const char mark[] = "\n-- wall:";

	for (const struct embedded *file = schema_files; file->name; file++) {
		for (const char *at = (const char *)file->data; (at = strstr(at, mark));) {
			at += strlen(mark);
			add_names(out, at, at + strcspn(at, "\r\n"));
		}
	}
	assert(!out->full);
}

static enum err run_file(struct migrator *m, int64_t number)
{
	for (const struct embedded *file = schema_files; file->name; file++) {
		if (number_of(file) == number)
			return m->run(m, (const char *)file->data);
	}
	snprintf(m->message, m->message_size, "migration %" PRId64 " is missing in this program", number);
	return ERR_INTERNAL;
}

static enum err version_of(struct migrator *m, int64_t *version)
{
	int64_t has = 0;

	*version = 0;
	TRY(m->ask(m, m->has_setting, NULL, &has));
	return has ? m->ask(m, read_version, NULL, version) : OK;
}

static enum err migrate(struct migrator *m, int64_t newest)
{
	AUTO_BUF walled = BUF(16 * KB);
	int64_t version = 0, written = 0;
	char text[24];

	TRY(version_of(m, &version));
	if (version > newest) {
		snprintf(m->message, m->message_size,
			 "the store has schema %" PRId64 ", this program knows up to %" PRId64
			 ": start the newer program, or restore the backup made before the upgrade",
			 version, newest);
		return ERR_STORE;
	}
	collect_walls(&walled);
	for (int64_t next = version + 1; next <= newest; next++)
		TRY(run_file(m, next));
	TRY(m->finish(m, buf_str(&walled), version < newest));
	if (version == newest)
		return OK;
	snprintf(text, sizeof text, "%" PRId64, newest);
	return m->ask(m, write_version, text, &written);
}

enum err schema_migrate(struct migrator *m)
{
	TRY(m->run(m, m->begin));

	enum err err = migrate(m, schema_newest());
	if (err != OK) {
		char why[512];

		/* The reason is already told; that the rollback fails too would only hide it. */
		snprintf(why, sizeof why, "%s", m->message);
		(void)m->run(m, "ROLLBACK");
		snprintf(m->message, m->message_size, "%s", why);
		return err;
	}
	return m->run(m, "COMMIT");
}
