/* pg_schema.c: migrates PostgreSQL and builds the walls.
 *
 * The role of the store's address owns the tables. The program itself works as lanyard_app, which
 * owns nothing, cannot log in and stands behind row-level security: it sees the rows of the
 * practice that the setting lanyard.practice names, without one it sees none. The walls are
 * forced, so they hold for the owner too. Events can be added and read, nothing else. */
#include "base/base.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/pg_store.h"
#include "store/schema.h"

enum { MIGRATION_US = 60000000 };

/* Any number will do, as long as nobody else takes it: "Lanyard". */
static const char begin[] = "BEGIN; SELECT pg_advisory_xact_lock(21499225340736100)";

static const char make_role[] =
	"DO $$ BEGIN"
	" IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lanyard_app') THEN"
	"  CREATE ROLE lanyard_app NOLOGIN;"
	"  GRANT lanyard_app TO CURRENT_USER;"
	" END IF;"
	" EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; " /* another database did it now */
	"END $$";

static const char weak_role[] =
	"SELECT count(*) FROM pg_roles WHERE rolname = 'lanyard_app' AND (rolsuper OR rolbypassrls)";

static const char has_grants[] = "SELECT CAST(has_table_privilege('lanyard_app', 'event', 'INSERT') AS INT)";

static const char set_walled[] = "SELECT length(set_config('lanyard.walled', $1, true))";

static const char build_walls[] =
	"DO $$ DECLARE name text; BEGIN"
	" FOREACH name IN ARRAY string_to_array(current_setting('lanyard.walled'), ' ') LOOP"
	"  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);"
	"  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);"
	"  EXECUTE format('DROP POLICY IF EXISTS practice_wall ON %I', name);"
	"  EXECUTE format('CREATE POLICY practice_wall ON %I"
	"   USING (practice_id = current_setting(''lanyard.practice'', true))"
	"   WITH CHECK (practice_id = current_setting(''lanyard.practice'', true))', name);"
	" END LOOP;"
	"END $$";

static const char give_grants[] =
	"DO $$ DECLARE name text; BEGIN"
	" EXECUTE format('GRANT USAGE ON SCHEMA %I TO lanyard_app', current_schema());"
	" FOR name IN SELECT tablename FROM pg_tables"
	"   WHERE schemaname = current_schema() AND tableowner = current_user LOOP"
	"  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO lanyard_app', name);"
	" END LOOP;"
	" REVOKE UPDATE, DELETE, TRUNCATE ON event FROM lanyard_app; "
	"END $$";

static const char append_only[] =
	"CREATE OR REPLACE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
	" $$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$;"
	"DROP TRIGGER IF EXISTS event_is_append_only ON event;"
	"DROP TRIGGER IF EXISTS event_is_not_emptied ON event;"
	"CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON event"
	" FOR EACH ROW EXECUTE FUNCTION event_is_append_only();"
	"CREATE TRIGGER event_is_not_emptied BEFORE TRUNCATE ON event"
	" FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only()";

/* Codes are spent and families rotated a moment after they are written, in no column that an index has: with
 * room left on its page the new version needs no index to be written again. */
static const char leave_room[] =
	"ALTER TABLE code SET (fillfactor = 50); ALTER TABLE family SET (fillfactor = 70)";

static struct wire_answer answer_of(struct migrator *m, const char *sql, const char *value)
{
	struct wire_answer answer = wire_ask(m->context, sql, value, clock_monotonic_us() + MIGRATION_US);

	if (!answer.ok)
		snprintf(m->message, m->message_size, "%s %s", answer.text, answer.sqlstate);
	return answer;
}

static enum err run(struct migrator *m, const char *sql)
{
	return answer_of(m, sql, NULL).ok ? OK : ERR_STORE;
}

static enum err ask(struct migrator *m, const char *sql, const char *value, int64_t *out)
{
	struct wire_answer answer = answer_of(m, sql, value);

	if (!answer.ok)
		return ERR_STORE;
	if (text_to_int(answer.text, INT64_MIN, INT64_MAX, out))
		return OK;
	snprintf(m->message, m->message_size, "the store does not say its schema");
	return ERR_STORE;
}

static enum err need_role(struct migrator *m)
{
	const struct wire *wire = m->context;
	struct wire_answer answer = answer_of(m, make_role, NULL);
	int64_t weak = 0;

	if (text_equal(answer.sqlstate, "42501"))
		snprintf(m->message, m->message_size,
			 "role %s may not create roles. Let a superuser run once: CREATE ROLE lanyard_app "
			 "NOLOGIN; "
			 "GRANT lanyard_app TO \"%s\"; then start again",
			 PQuser(wire->conn), PQuser(wire->conn));
	if (!answer.ok)
		return ERR_STORE;
	TRY(ask(m, weak_role, NULL, &weak));
	if (!weak)
		return OK;
	snprintf(m->message, m->message_size,
		 "role lanyard_app may pass row-level security. Let a superuser run: "
		 "ALTER ROLE lanyard_app NOSUPERUSER NOBYPASSRLS; then start again");
	return ERR_STORE;
}

static enum err finish(struct migrator *m, const char *walled, bool migrated)
{
	int64_t known = 0, length = 0;

	TRY(need_role(m));
	if (!migrated)
		TRY(ask(m, has_grants, NULL, &known));
	if (known)
		return OK;
	TRY(ask(m, set_walled, walled, &length));
	TRY(run(m, build_walls));
	TRY(run(m, give_grants));
	TRY(run(m, leave_room));
	return run(m, append_only);
}

/* A connection as the program will use it, once, so that what is missing is told at the start. */
static enum err try_as_app(const struct pg_address *address, char *message, size_t size)
{
	struct wire wire;

	if (!wire_connect(&wire, address, true, clock_monotonic_us() + STORE_DEADLINE_US, message, size))
		return ERR_STORE;
	wire_drop(&wire);
	return OK;
}

enum err pg_schema_ready(const struct pg_address *address, char *message, size_t size)
{
	struct wire wire;
	char why[512] = "";
	struct migrator m = {
		.context = &wire,
		.message = why,
		.message_size = sizeof why,
		.begin = begin,
		.has_setting = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND "
			       "tablename = 'setting'",
		.run = run,
		.ask = ask,
		.finish = finish,
	};

	if (!wire_connect(&wire, address, false, clock_monotonic_us() + STORE_DEADLINE_US, why, sizeof why)) {
		snprintf(message, size, "could not connect to postgresql: %s", why);
		return ERR_STORE;
	}

	enum err err = schema_migrate(&m);
	wire_drop(&wire);
	if (err == OK)
		err = try_as_app(address, why, sizeof why);
	if (err != OK)
		snprintf(message, size, "could not prepare the postgresql store: %s", why);
	return err;
}
