/* snapshot_load.c: rows become the picture. Locations and roles stand behind the wall, so they are read
 * practice by practice. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/cidr.h"
#include "base/json.h"
#include "base/text.h"
#include "store/apps.h"
#include "store/connections.h"
#include "store/metadata.h"
#include "store/practices.h"
#include "store/roles.h"
#include "store/snapshot.h"
#include "store/snapshot_load.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

/* A stored document was checked when it was written: anything else means the store was changed by hand. */
static enum err document(struct work *work, const char *text, const char *what, const char *id, json_t **out)
{
	json_t *value = json_read(text, strlen(text));

	if (!value)
		return fault(work, ERR_INTERNAL, "%s of %s in the store is not JSON", what, id);
	arena_defer(work->arena, release_json, value);
	*out = value;
	return OK;
}

static int64_t duration(const json_t *object, const char *key)
{
	int64_t seconds = 0;
	const char *text = json_get_text(object, key);

	return text && text_to_duration(text, &seconds) ? seconds : json_get_int(object, key, 0);
}

static void policy_fill(const json_t *policy, struct policy *out)
{
	const json_t *session = json_object_get(policy, "session");
	const json_t *password = json_object_get(policy, "password");

	out->session_idle = duration(session, "idle");
	out->session_absolute = duration(session, "absolute");
	out->password_min_length = json_get_int(password, "min_length", 0);
	out->password_preset = json_get_text(password, "preset");
}

static enum err networks_fill(struct work *work, const struct location_row *row, struct location *out)
{
	json_t *list = NULL;

	TRY(document(work, row->networks, "networks", row->id, &list));
	size_t count = json_array_size(list);
	const char **texts = arena_array(work->arena, const char *, count + 1);
	struct network *networks = arena_array(work->arena, struct network, count + 1);

	for (size_t i = 0; i < count; i++) {
		texts[i] = json_string_value(json_array_get(list, i));
		if (!texts[i] || !network_parse(texts[i], &networks[i]))
			return fault(work, ERR_INTERNAL, "networks of %s in the store are not networks",
				     row->id);
	}
	out->networks_text = texts;
	out->networks = networks;
	out->network_count = count;
	return OK;
}

static enum err locations_load(struct work *work, struct practice *practice)
{
	struct location_row *rows = NULL;

	TRY(locations_of(work, &rows, &practice->location_count));
	struct location *locations = arena_array(work->arena, struct location, practice->location_count + 1);

	for (size_t i = 0; i < practice->location_count; i++) {
		locations[i] = (struct location){
			.id = rows[i].id,
			.parent_id = rows[i].parent_id,
			.name = rows[i].name,
			.archived = rows[i].archived,
			.timezone = rows[i].timezone ? rows[i].timezone : practice->timezone,
		};
		TRY(networks_fill(work, &rows[i], &locations[i]));
	}
	practice->locations = locations;
	return OK;
}

static enum err roles_load(struct work *work, struct practice *practice)
{
	struct role_row *rows = NULL;

	TRY(roles_of(work, &rows, &practice->role_count));
	struct role *roles = arena_array(work->arena, struct role, practice->role_count + 1);

	for (size_t i = 0; i < practice->role_count; i++) {
		roles[i] = (struct role){
			.id = rows[i].id,
			.name = rows[i].name,
			.built_in = rows[i].built_in,
			.additive = rows[i].additive,
			.deleted = rows[i].deleted,
			.inherits = (const char *const *)text_split(work->arena, rows[i].inherits, ' ', NULL),
		};
		TRY(document(work, rows[i].permissions, "permissions", rows[i].id, &roles[i].permissions));
	}
	practice->roles = roles;
	return OK;
}

static const char *const *domains_pick(struct arena *arena, const char *practice_id,
				       const struct domain_row *rows, size_t count)
{
	size_t found = 0;
	const char **list = NULL;

	for (size_t i = 0; i < count; i++)
		found += text_equal(rows[i].practice_id, practice_id);
	list = arena_array(arena, const char *, found + 1);
	found = 0;
	for (size_t i = 0; i < count; i++)
		if (rows[i].checked && text_equal(rows[i].practice_id, practice_id))
			list[found++] = rows[i].domain;
	return list;
}

static enum err practice_load(struct work *work, const struct practice_row *row,
			      const struct domain_row *domains, size_t domain_count, struct practice *out)
{
	*out = (struct practice){
		.id = row->id,
		.name = row->name,
		.timezone = row->timezone,
		.template = row->template,
		.number = row->number,
		.epoch = row->epoch,
		.disabled = row->disabled || row->deleted,
		.deleted = row->deleted,
		.domains = domains_pick(work->arena, row->id, domains, domain_count),
	};
	TRY(document(work, row->policy, "policy", row->id, &out->policy.document));
	policy_fill(out->policy.document, &out->policy);
	work->practice = row->id;
	TRY(locations_load(work, out));
	return roles_load(work, out);
}

/* All connections with what was fetched for them. */
struct connection_rows {
	struct connection_row *at;
	struct metadata_row *fetched;
	size_t count, fetched_count;
};

static enum err connection_load(struct work *work, const struct connection_rows *rows,
				const struct connection_row *row, struct connection *out)
{
	const struct metadata_row *fetched = NULL;
	json_t *declaration = NULL;

	TRY(document(work, row->declaration, "declaration", row->id, &declaration));
	connection_fill(work->arena, declaration, out);
	out->id = row->id;
	out->practice_id = row->practice_id;
	out->name = row->name;
	out->protocol = row->protocol;
	out->sealed_secret = row->secret;
	out->disabled = row->disabled || row->deleted;
	out->deleted = row->deleted;
	if (out->metadata_url)
		fetched = metadata_in(rows->fetched, rows->fetched_count, row->id);
	if (fetched)
		out->metadata = fetched->xml;
	return OK;
}

static enum err practice_connections(struct work *work, const struct connection_rows *rows,
				     struct practice *practice)
{
	size_t found = 0;

	for (size_t i = 0; i < rows->count; i++)
		found += text_equal(rows->at[i].practice_id, practice->id);
	struct connection *list = arena_array(work->arena, struct connection, found + 1);

	practice->connections = list;
	practice->connection_count = found;
	for (size_t i = 0; i < rows->count; i++)
		if (text_equal(rows->at[i].practice_id, practice->id))
			TRY(connection_load(work, rows, &rows->at[i], list++));
	return OK;
}

static enum err connections_load(struct work *work, struct practice *practices, size_t count)
{
	struct connection_rows rows = { 0 };

	TRY(connections_all(work, &rows.at, &rows.count));
	TRY(metadata_all(work, METADATA_OF_CONNECTION, &rows.fetched, &rows.fetched_count));
	for (size_t i = 0; i < count; i++)
		TRY(practice_connections(work, &rows, &practices[i]));
	return OK;
}

static int practice_order(const void *a, const void *b)
{
	return strcmp(((const struct practice *)a)->id, ((const struct practice *)b)->id);
}

static int number_order(const void *a, const void *b)
{
	int64_t first = (*(const struct practice *const *)a)->number;
	int64_t second = (*(const struct practice *const *)b)->number;

	return (first > second) - (first < second);
}

static enum err practices_load(struct work *work, struct snapshot *out)
{
	struct practice_row *rows = NULL;
	struct domain_row *domains = NULL;
	size_t count = 0, domain_count = 0;

	TRY(practices_all(work, &rows, &count));
	TRY(domains_all(work, &domains, &domain_count));
	struct practice *practices = arena_array(work->arena, struct practice, count + 1);
	const struct practice **numbers = arena_array(work->arena, const struct practice *, count + 1);

	for (size_t i = 0; i < count; i++)
		TRY(practice_load(work, &rows[i], domains, domain_count, &practices[i]));
	TRY(connections_load(work, practices, count));
	/* In C, since the engines' collations differ. */
	qsort(practices, count, sizeof(*practices), practice_order);
	for (size_t i = 0; i < count; i++)
		numbers[i] = &practices[i];
	qsort(numbers, count, sizeof(*numbers), number_order);
	out->practices = practices;
	out->practice_count = count;
	out->by_number = numbers;
	return OK;
}

static const char *const *practices_pick(struct arena *arena, const char *client_id,
					 const struct app_practice_row *rows, size_t count)
{
	size_t found = 0;
	const char **list = NULL;

	for (size_t i = 0; i < count; i++)
		found += text_equal(rows[i].client_id, client_id);
	list = arena_array(arena, const char *, found + 1);
	found = 0;
	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].client_id, client_id))
			list[found++] = rows[i].practice_id;
	return list;
}

static int client_order(const void *a, const void *b)
{
	return strcmp(((const struct client *)a)->client_id, ((const struct client *)b)->client_id);
}

/* What was fetched last stands in for what is not declared. */
static enum err fetched_fill(struct work *work, struct client *clients, size_t count)
{
	struct metadata_row *rows = NULL;
	size_t row_count = 0;

	TRY(metadata_all(work, METADATA_OF_APP, &rows, &row_count));
	for (size_t i = 0; i < count; i++) {
		const struct metadata_row *row = metadata_in(rows, row_count, clients[i].client_id);

		if (row && clients[i].saml.metadata_url)
			clients[i].saml.metadata = row->xml;
	}
	return OK;
}

static enum err clients_load(struct work *work, struct snapshot *out)
{
	struct app_row *rows = NULL;
	struct app_practice_row *serves = NULL;
	size_t count = 0, serves_count = 0;

	TRY(apps_all(work, &rows, &count));
	TRY(app_practices_all(work, &serves, &serves_count));
	struct client *clients = arena_array(work->arena, struct client, count + 1);

	for (size_t i = 0; i < count; i++) {
		json_t *metadata = NULL;

		TRY(document(work, rows[i].metadata, "metadata", rows[i].client_id, &metadata));
		client_fill(work->arena, metadata, &clients[i]);
		clients[i].client_id = rows[i].client_id;
		clients[i].name = rows[i].name;
		clients[i].type = rows[i].type;
		clients[i].secret_hash = rows[i].secret_hash;
		clients[i].disabled = rows[i].disabled || rows[i].deleted;
		clients[i].deleted = rows[i].deleted;
		clients[i].metadata = metadata;
		clients[i].practices = practices_pick(work->arena, rows[i].client_id, serves, serves_count);
	}
	TRY(fetched_fill(work, clients, count));
	qsort(clients, count, sizeof(*clients), client_order);
	out->clients = clients;
	out->client_count = count;
	return OK;
}

enum err snapshot_load(struct work *work, struct snapshot *out)
{
	work->practice = NULL;
	TRY(practices_load(work, out));
	work->practice = NULL;
	return clients_load(work, out);
}
