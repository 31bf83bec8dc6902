/* fuzz_apply.c: whatever document comes, a plan on an empty picture creates exactly what is declared, names
 * only what is there, sends nobody to an unsound address, and shows no secret. */
#include "base/base.h"

#include <unistd.h>

#include "admin/apply.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/app_registry.h"
#include "people/role.h"
#include "store/db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config = { .issuer = "https://id.example" };
static struct app app = { .config = &config };
static struct db *db;

static void close_store(void)
{
	db_close(db);
	store_close(app.store);
}

/* app_check looks whether an id was given before: in an empty store, whose file is gone as soon as it is
 * open. */
static void open_store(void)
{
	char folder[] = "/tmp/lanyard-fuzz-XXXXXX", address[64], message[256];

	assert(mkdtemp(folder));
	(void)snprintf(address, sizeof address, "sqlite:%s/s", folder);
	enum err err = store_open(address, NULL, &app.store, message, sizeof message);

	assert(err == OK);
	db = db_open(app.store);
	assert(db);
	(void)atexit(close_store);
	static const char *const names[] = { "s", "s-wal", "s-shm" };
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(address, sizeof address, "%s/%s", folder, names[i]);
		(void)unlink(address); /* not each of them is always there */
	}
	(void)rmdir(folder);
}

static void check_assignments(const json_t *practice, const json_t *person, struct arena *arena)
{
	const json_t *list = json_object_get(person, "assignments");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i),
			     *locations = json_object_get(entry, "locations");
		int64_t seconds = 0;
		assert(text_is_slug(json_get_text(entry, "role")));
		assert(json_array_size(locations) > 0 || text_equal(json_string_value(locations), "all"));
		for (size_t at = 0; at < json_array_size(locations); at++)
			assert(entry_find(arena, json_object_get(practice, "locations"), "id",
					  json_string_value(json_array_get(locations, at))));
		if (json_object_get(entry, "until"))
			assert(clock_parse(json_get_text(entry, "until"), true, &seconds));
	}
}

static void check_grant(const json_t *practice, const json_t *grant, struct arena *arena)
{
	const json_t *locations = json_object_get(grant, "locations");

	assert(!json_object_get(grant, "role") || text_is_slug(json_get_text(grant, "role")));
	for (size_t at = 0; at < json_array_size(locations); at++)
		assert(entry_find(arena, json_object_get(practice, "locations"), "id",
				  json_string_value(json_array_get(locations, at))));
}

static void check_connection(const json_t *practice, const json_t *connection, struct arena *arena)
{
	static const char *const reserved[] = { "sub",  "iss", "aud", "tenant", "roles",
						"role", "acr", "amr", "sid" };
	const json_t *mapping = json_object_get(connection, "mapping");
	const char *protocol = json_get_text(connection, "protocol");

	assert(text_is_slug(json_get_text(connection, "id")));
	assert(text_equal(protocol, "oidc") || text_equal(protocol, "saml"));
	if (text_equal(protocol, "oidc"))
		assert(text_starts(json_get_text(connection, "issuer"), "https://"));
	for (size_t i = 0; i < COUNT(reserved); i++)
		assert(!json_object_get(json_object_get(connection, "claims"), reserved[i]));
	check_grant(practice, json_object_get(connection, "default_grant"), arena);
	for (size_t i = 0; i < json_array_size(mapping); i++)
		check_grant(practice, json_object_get(json_array_get(mapping, i), "grant"), arena);
}

static size_t check_connections(const json_t *practice, struct arena *arena)
{
	const json_t *list = json_object_get(practice, "connections");

	for (size_t i = 0; i < json_array_size(list); i++)
		check_connection(practice, json_array_get(list, i), arena);
	return json_array_size(list);
}

static size_t check_practice(const json_t *practice, struct arena *arena)
{
	const json_t *staff = json_object_get(practice, "staff"), *roles = json_object_get(practice, "roles");

	assert(text_is_slug(json_get_text(practice, "id")) && json_get_text(practice, "name") &&
	       json_get_text(practice, "timezone"));
	for (size_t i = 0; i < json_array_size(staff); i++) {
		const json_t *person = json_array_get(staff, i);
		assert(email_canonical(arena, json_get_text(person, "email")));
		assert(entry_find(arena, staff, "email", json_get_text(person, "email")) ==
		       person); /* nobody twice */
		check_assignments(practice, person, arena);
	}
	for (size_t i = 0; i < json_array_size(roles); i++)
		assert(text_is_slug(json_get_text(json_array_get(roles, i), "id")));
	return 1 + json_array_size(staff) + json_array_size(roles) + check_connections(practice, arena) +
	       json_array_size(json_object_get(practice, "locations"));
}

static void check_app(const json_t *declared)
{
	const json_t *list = json_object_get(declared, "redirect_uris");

	assert(!text_equal(json_get_text(declared, "type"), "saml"));
	for (size_t i = 0; i < json_array_size(list); i++)
		assert(redirect_uri_is_sound(json_string_value(json_array_get(list, i)),
					     json_get_text(declared, "application_type"), false));
}

static void check_step(const struct step *step)
{
	static const char *const secrets[] = { "password", "password_hash", "client_secret",
					       "client_secret_hash" };

	assert(step->verb == VERB_CREATE && step->id && step->declared);
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const json_t *pair = json_object_get(step->fields, secrets[i]);
		assert(!pair || text_equal(json_string_value(json_array_get(pair, 1)), "(secret)"));
	}
}

static void check(const struct apply_document *document, const struct plan *plan, struct arena *arena)
{
	size_t things = json_array_size(document->apps);

	for (size_t i = 0; i < json_array_size(document->practices); i++)
		things += check_practice(json_array_get(document->practices, i), arena);
	for (size_t i = 0; i < json_array_size(document->apps); i++)
		check_app(json_array_get(document->apps, i));
	assert(plan->count == things);
	for (size_t i = 0; i < plan->count; i++)
		check_step(&plan->steps[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *nothing = json_object();
	const struct plan_how how = { .prune = true, .prune_practices = true };
	struct apply_document document;
	struct plan plan;
	struct work work;

	if (!db)
		open_store();
	work_begin(&work, &app, db, arena);
	if (apply_read(&work, "fuzz.yaml", (const char *)data, size, &document) == OK &&
	    apply_plan(&work, &document, nothing, &how, &plan) == OK)
		check(&document, &plan, arena);
	else
		assert(work.err == ERR_DOCUMENT && text_starts(work.reason, "line "));
	work_end(&work);
	return 0;
}
