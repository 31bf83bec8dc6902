/* export.c: what is there, in the form in which it is declared. */
#include "base/base.h"

#include "admin/apply.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/role.h"
#include "store/accounts.h"
#include "store/apps.h"
#include "store/snapshot.h"

/* What says nothing is not written. */
static void set_list(json_t *object, const char *key, const char *const *list)
{
	if (list && *list)
		json_set(object, key, json_list(list));
}

static void set_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_set(object, key, json_true());
}

static void set_copy(json_t *object, const char *key, const json_t *value)
{
	if (json_object_size(value) > 0)
		json_set(object, key, json_deep_copy(value));
}

static json_t *locations(const struct practice *practice)
{
	json_t *list = json_array();

	for (size_t i = 0; i < practice->location_count; i++) {
		const struct location *location = &practice->locations[i];
		json_t *entry = json_object();
		json_set_text(entry, "id", location->id);
		json_set_text(entry, "name", location->name);
		json_set_text(entry, "parent", location->parent_id);
		if (!text_equal(location->timezone, practice->timezone))
			json_set_text(entry, "timezone", location->timezone);
		set_list(entry, "networks", location->networks_text);
		set_flag(entry, "archived", location->archived);
		append(list, entry);
	}
	return list;
}

static json_t *roles(const struct practice *practice)
{
	json_t *list = json_array();

	for (size_t i = 0; i < practice->role_count; i++) {
		const struct role *role = &practice->roles[i];
		if (role->built_in || role->deleted)
			continue;
		json_t *entry = json_object();
		json_set_text(entry, "id", role->id);
		json_set_text(entry, "name", role->name);
		set_list(entry, "inherits", role->inherits);
		set_copy(entry, "permissions", role->permissions);
		append(list, entry);
	}
	return list;
}

/* Its id, name and protocol first, as people write them. The secret is sealed for this deployment: it cannot
 * be taken along, with hashes or without. */
static json_t *connection_picture(const struct connection *connection)
{
	json_t *entry = json_object();

	json_set_text(entry, "id", connection->id);
	json_set_text(entry, "name", connection->name);
	json_set_text(entry, "protocol", connection->protocol);
	set_flag(entry, "disabled", connection->disabled);
	AUTO(json_done)
	json_t *rest = connection->declaration ? json_deep_copy(connection->declaration) : json_object();

	(void)json_object_del(rest, "disabled"); /* the row knows better, and it may not be there */
	(void)json_object_del(rest, "client_secret");
	int failed = json_object_update_missing(entry, rest);

	assert(!failed && "out of memory");
	return entry;
}

static json_t *connections(const struct practice *practice)
{
	json_t *list = json_array();

	for (size_t i = 0; i < practice->connection_count; i++)
		if (!practice->connections[i].deleted)
			append(list, connection_picture(&practice->connections[i]));
	return list;
}

static void set_time(struct work *work, json_t *object, const char *key, int64_t seconds)
{
	if (seconds)
		json_set_text(object, key, clock_rfc3339(work->arena, seconds));
}

static json_t *assignment_picture(struct work *work, const struct assignment *assignment)
{
	json_t *entry = json_object();

	json_set_text(entry, "role", assignment->role_id);
	json_set(entry, "locations",
		 assignment->locations ? json_list(assignment->locations) : json_string("all"));
	set_time(work, entry, "from", assignment->valid_from);
	set_time(work, entry, "until", assignment->valid_until);
	json_set_text(entry, "reason", assignment->reason);
	return entry;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In an order of their own, so that the same clinic exports as the same text. */
static json_t *assignments(struct work *work, const struct subject *subject)
{
	json_t *list = json_array();
	char **texts = arena_array(work->arena, char *, subject->assignment_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < subject->assignment_count; i++) {
		if (!text_equal(subject->assignments[i].source, SOURCE_BASE))
			continue;
		AUTO(json_done) json_t *entry = assignment_picture(work, &subject->assignments[i]);
		texts[count++] = json_text(work->arena, entry);
	}
	qsort(texts, count, sizeof *texts, by_text);
	for (size_t i = 0; i < count; i++)
		append(list, json_read(texts[i], strlen(texts[i])));
	return list;
}

/* Profile members in the table's order, those of later versions left out: they could not be applied. */
static void set_profile(json_t *entry, const json_t *profile)
{
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *member = apply_field_below(field, "practices.staff");
		json_t *value = member && field->profile ? json_object_get(profile, member) : NULL;
		if (value && !json_is_null(value) && !json_is_false(value))
			json_set(entry, member, json_deep_copy(value));
	}
}

static enum err set_password(struct work *work, json_t *entry, const struct account *account)
{
	struct password_row row;

	TRY(passwords_load(work, account->id, &row));
	json_set_text(entry, "password_hash", row.hash);
	set_flag(entry, "must_change", row.hash && account->must_change);
	return OK;
}

static enum err person(struct work *work, const char *id, bool with_hashes, json_t *list)
{
	struct subject subject;

	TRY(subject_load(work, id, &subject));
	const struct account *account = &subject.account;
	AUTO(json_done) json_t *entry = json_object();

	json_set_text(entry, "email", account->email);
	json_set_text(entry, "given_name", account->given_name);
	json_set_text(entry, "family_name", account->family_name);
	json_set_text(entry, "class", account->class_);
	if (with_hashes)
		TRY(set_password(work, entry, account));
	set_flag(entry, "disabled", account->disabled);
	json_set_text(entry, "npi", account->npi);
	set_profile(entry, account->profile);
	json_set(entry, "assignments", assignments(work, &subject));
	append(list, TAKE(entry));
	return OK;
}

static enum err staff(struct work *work, bool with_hashes, json_t *list)
{
	struct account *accounts = NULL;
	size_t count = 0;

	TRY(accounts_list(work, &accounts, &count));
	for (size_t i = 0; i < count; i++)
		TRY(person(work, accounts[i].id, with_hashes, list));
	return OK;
}

static enum err practice_picture(struct work *work, const struct practice *practice, bool with_hashes,
				 json_t *list)
{
	json_t *entry = json_object(), *people = json_array();

	append(list, entry);
	json_set_text(entry, "id", practice->id);
	json_set_text(entry, "name", practice->name);
	json_set_text(entry, "timezone", practice->timezone);
	set_list(entry, "domains", practice->domains);
	json_set(entry, "locations", locations(practice));
	json_set_text(entry, "template", practice->template);
	json_set(entry, "roles", roles(practice));
	set_copy(entry, "policy", practice->policy.document);
	set_flag(entry, "disabled", practice->disabled);
	json_set(entry, "connections", connections(practice));
	json_set(entry, "staff", people);
	work->practice = practice->id;
	return staff(work, with_hashes, people);
}

/* Its id, name, type and practices first, as people write them. */
static json_t *app_picture(const struct client *client, bool with_hashes)
{
	json_t *entry = json_object();
	bool saml = text_equal(client->type, "saml");

	json_set_text(entry, saml ? "entity_id" : "client_id", client->client_id);
	json_set_text(entry, "name", client->name);
	json_set_text(entry, "type", client->type);
	json_set(entry, "practices", json_list(client->practices));
	set_flag(entry, "disabled", client->disabled);
	if (with_hashes)
		json_set_text(entry, "client_secret_hash", client->secret_hash);
	int failed = json_object_update_missing(entry, client->metadata);

	assert(!failed && "out of memory");
	return entry;
}

static enum err fill(struct work *work, bool with_hashes, json_t *practices, json_t *apps)
{
	const struct snapshot *snapshot = work->snapshot;

	for (size_t i = 0; snapshot && i < snapshot->practice_count; i++)
		if (!snapshot->practices[i].deleted)
			TRY(practice_picture(work, &snapshot->practices[i], with_hashes, practices));
	for (size_t i = 0; snapshot && i < snapshot->client_count; i++)
		if (!snapshot->clients[i].deleted)
			append(apps, app_picture(&snapshot->clients[i], with_hashes));
	return OK;
}

enum err picture_take(struct work *work, bool with_hashes, json_t **out)
{
	const char *outer = work->practice;
	json_t *practices = json_array(), *apps = json_array();
	AUTO(json_done) json_t *picture = json_pack("{s:o, s:o}", "practices", practices, "apps", apps);
	enum err err = fill(work, with_hashes, practices, apps);

	work->practice = outer;
	TRY(err);
	*out = TAKE(picture);
	return OK;
}
