/* connection.c: connections as they are declared, changed, switched off and deleted. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/connection.h"
#include "people/connection_check.h"
#include "people/connector.h"
#include "people/metadata.h"
#include "people/role.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/practices.h"
#include "store/snapshot.h"

#define SECRET_FIELD "client_secret"

/* A declared connection against what stands. */
struct weighing {
	const struct connection_change *change;
	const struct practice *practice; /* NULL: roles and locations are not looked up */
	const json_t *declared;          /* without the secret */
	const char *secret;              /* NULL: as it is */
	struct connection_row row;       /* what stands, when found */
	bool found;
	const json_t *stored; /* its document; NULL */
	json_t *whole;        /* the connection as it would stand */
	struct metadata_choice metadata;
	const char *message; /* the first complaint */
};

static void release_json(void *thing)
{
	json_decref(thing);
}

static enum err complain(struct work *work, struct weighing *g, enum err err, const char *message)
{
	g->message = message;
	return message ? fault(work, err, "connection: %s", message) : OK;
}

/* The secret stands in a column of its own, sealed. */
static void secret_take(struct work *work, struct weighing *g)
{
	json_t *declared = json_copy((json_t *)(uintptr_t)g->change->declared);
	const char *inside = json_get_text(declared, SECRET_FIELD);

	g->secret = g->change->secret ? g->change->secret : arena_text(work->arena, inside);
	(void)json_object_del(declared, SECRET_FIELD); /* it may not be there */
	arena_defer(work->arena, release_json, declared);
	g->declared = declared;
}

static enum err whole_of(struct work *work, struct weighing *g)
{
	const char *stored = g->found && !g->row.deleted ? g->row.declaration : NULL;
	json_t *before = stored ? json_read(stored, strlen(stored)) : NULL;

	if (stored && !before)
		return fault(work, ERR_INTERNAL, "the declaration of connection %s is not JSON", g->row.id);
	if (before)
		arena_defer(work->arena, release_json, before);
	g->stored = before;
	g->whole = document_merge(work->arena, before, g->declared);
	return OK;
}

/* Ids are taken for good, whoever had them. */
static const char *id_trouble(const struct work *work, const struct weighing *g)
{
	if (!g->found)
		return NULL;
	if (g->row.deleted)
		return "id: it was deleted; ids are not given again";
	if (!text_equal(g->row.practice_id, work->practice))
		return "id: another practice has it";
	return text_equal(g->row.protocol, json_get_text(g->whole, "protocol"))
		       ? NULL
		       : "protocol: it never changes; make another connection";
}

static bool is_development(const struct work *work)
{
	return work->app->config && work->app->config->development;
}

static enum err weigh(struct work *work, const struct connection_change *change,
		      const struct practice *practice, struct weighing *g)
{
	*g = (struct weighing){ .change = change, .practice = practice };
	TRY(complain(
		work, g, ERR_DOCUMENT,
		connection_fields_trouble(work->arena, practice, change->declared, is_development(work))));
	secret_take(work, g);
	const char *id = json_get_text(g->declared, "id");

	if (id)
		TRY(connections_find(work, id, &g->row, &g->found));
	TRY(whole_of(work, g));
	TRY(complain(work, g, ERR_CONFLICT, id_trouble(work, g)));
	TRY(complain(work, g, ERR_DOCUMENT, connection_sense_trouble(work->arena, g->whole)));
	if (g->secret && !text_equal(json_get_text(g->whole, "protocol"), "oidc"))
		return complain(work, g, ERR_DOCUMENT, SECRET_FIELD ": only for protocol oidc");
	g->metadata = (struct metadata_choice){ .side = METADATA_OF_CONNECTION,
						.owner = json_get_text(g->whole, "id"),
						.whole = g->whole,
						.stored = g->stored,
						.fetched = change->fetched };
	return metadata_remember(work, &g->metadata);
}

enum err connection_check(struct work *work, const struct practice *practice, const json_t *declared,
			  const char **message)
{
	const struct connection_change change = { .declared = declared };
	struct weighing g;

	*message = "could not be checked";
	enum err err = weigh(work, &change, practice, &g);

	if (g.message)
		*message = g.message;
	return err;
}

/* The address answers now, or the connection is refused: what nobody has read cannot be relied on. */
static enum err fetch_now(struct work *work, struct weighing *g, struct connection_change *change)
{
	const struct connector *connector = connector_of(work, json_get_text(g->whole, "protocol"));
	struct metadata_row *fetched = arena_new_of(work->arena, struct metadata_row);

	assert(connector->fetch && !tx_is_open(work));
	if (connector->fetch(work, json_get_text(g->whole, "metadata_url"), fetched) != OK)
		return complain(work, g, ERR_DOCUMENT,
				arena_print(work->arena, "metadata_url: %s", work->reason));
	fetched->owner = g->metadata.owner;
	g->metadata.fetched = change->fetched = fetched;
	return OK;
}

static enum err prepare(struct work *work, struct connection_change *change, struct weighing *g)
{
	bool known = false;

	TRY(weigh(work, change, NULL, g));
	const struct connector *connector = connector_of(work, json_get_text(g->whole, "protocol"));

	if (json_get_text(g->whole, "metadata_url") && !g->metadata.kept && !change->fetched)
		TRY(fetch_now(work, g, change));
	const char *metadata = metadata_chosen(&g->metadata, &known);

	return complain(work, g, ERR_DOCUMENT, connector->trouble(work, g->whole, metadata, known));
}

enum err connection_prepare(struct work *work, struct connection_change *change, const char **message)
{
	struct weighing g;

	*message = "could not be checked";
	enum err err = prepare(work, change, &g);

	if (g.message)
		*message = g.message;
	return err;
}

/* --- inside the caller's transaction ---------------------------------------------------------------------
 */

static enum err practice_is_open(struct work *work)
{
	struct practice_row practice;
	bool found = false;

	TRY(practices_find(work, work->practice, &practice, &found));
	return found && !practice.deleted ? OK : fault(work, ERR_NO_PRACTICE, "no such practice");
}

static bool practice_has_domain(const struct work *work, const struct domain_row *rows, size_t count,
				const char *domain)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].practice_id, work->practice) && text_equal(rows[i].domain, domain))
			return true;
	return false;
}

/* The other enabled connection of the practice that has the domain; NULL: none. */
static const char *domain_taken_by(struct work *work, const struct connection_row *rows, size_t count,
				   const char *id, const char *domain)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].disabled || rows[i].deleted || text_equal(rows[i].id, id) ||
		    !text_equal(rows[i].practice_id, work->practice))
			continue;
		AUTO(json_done) json_t *other = json_read(rows[i].declaration, strlen(rows[i].declaration));

		if (text_list_has(json_get_list(work->arena, other, "domains"), domain))
			return rows[i].id;
	}
	return NULL;
}

/* A domain leads to one place, and only when it is the practice's. The practice's row is held, so that two
 * connections cannot take a domain at the same moment. */
static enum err domains_check(struct work *work, const struct connection *c)
{
	struct connection_row *rows = NULL;
	struct domain_row *domains = NULL;
	size_t count = 0, domain_count = 0;

	if (c->disabled || !c->domains || !c->domains[0])
		return OK;
	TRY(practices_lock(work, work->practice));
	TRY(connections_all(work, &rows, &count));
	TRY(domains_all(work, &domains, &domain_count));
	for (const char *const *domain = c->domains; *domain; domain++) {
		const char *other = domain_taken_by(work, rows, count, c->id, *domain);

		if (other)
			return fault(work, ERR_CONFLICT, "connection %s: domains: %s leads to connection %s",
				     c->id, *domain, other);
		if (!practice_has_domain(work, domains, domain_count, *domain))
			return fault(work, ERR_DOCUMENT,
				     "connection %s: domains: %s is no domain of the practice; add it there "
				     "first",
				     c->id, *domain);
	}
	return OK;
}

static const char *seal_row(struct work *work, const char *id)
{
	return arena_print(work->arena, "connection/%s", id);
}

static enum err secret_open(struct work *work, const char *id, struct bytes sealed, char **secret)
{
	struct bytes clear = { 0 };

	*secret = NULL;
	if (!sealed.at)
		return OK;
	if (unseal(work->app->vault, work->arena, "connection", seal_row(work, id), sealed, &clear) != OK)
		return fault(work, ERR_SEAL, "the secret of connection %s does not open", id);
	*secret = arena_textn(work->arena, (const char *)clear.at, clear.size);
	bytes_wipe(clear);
	return OK;
}

enum err connection_secret(struct work *work, const struct connection *connection, char **secret)
{
	return secret_open(work, connection->id, connection->sealed_secret, secret);
}

/* Sealed anew only when it is another one: to declare the same again changes nothing. */
static enum err secret_seal(struct work *work, const struct weighing *g, struct bytes *out)
{
	const char *id = json_get_text(g->whole, "id");
	char *had = NULL;

	*out = (struct bytes){ 0 };
	if (!g->secret)
		return OK;
	TRY(secret_open(work, id, g->row.secret, &had));
	bool same = secret_equal(had, g->secret);

	if (had)
		wipe(had, strlen(had));
	if (!same)
		*out = seal(work->app->vault, work->arena, "connection", seal_row(work, id),
			    BYTES_OF(g->secret));
	return OK;
}

static enum err tell(struct work *work, const char *id, const char *old, const char *new_, bool secret)
{
	AUTO(json_done) json_t *differences = json_object();
	AUTO(json_done) json_t *extra = secret ? json_pack("{s:s}", SECRET_FIELD, "changed") : NULL;

	change_note(differences, "declaration", document_shown(work->arena, old),
		    document_shown(work->arena, new_));
	return audit(work, &(struct audit_note){ .event = EVENT_CONNECTION_CHANGED,
						 .target_kind = "connection",
						 .target_id = id,
						 .change = differences,
						 .extra = extra });
}

static enum err write(struct work *work, const struct weighing *g, const struct connection_row *row)
{
	TRY(practice_is_open(work));
	TRY(connections_put(work, row));
	TRY(metadata_write(work, &g->metadata));
	TRY(snapshot_touch(work));
	return tell(work, row->id, g->found ? g->row.declaration : NULL, row->declaration,
		    row->secret.at != NULL);
}

/* Sessions that run already are asked about as it says now. */
static enum err recheck_follow(struct work *work, const struct connection *c)
{
	if (c->disabled || !c->recheck_seconds)
		return upstream_sessions_forget_all(work, c->id);
	return upstream_sessions_hasten(work, c->id, work->now + c->recheck_seconds);
}

enum err connection_apply(struct work *work, const struct connection_change *change, bool *created,
			  bool *changed)
{
	struct weighing g;
	struct connection c;
	struct bytes secret;

	assert(work->practice && tx_is_open(work));
	TRY(weigh(work, change, NULL, &g));
	connection_fill(work->arena, g.whole, &c);
	TRY(domains_check(work, &c));
	TRY(secret_seal(work, &g, &secret));
	const struct connection_row row = {
		.id = c.id,
		.practice_id = work->practice,
		.protocol = c.protocol,
		.name = c.name,
		.declaration = json_canonical(work->arena, g.whole),
		.secret = secret,
		.disabled = c.disabled,
	};

	*created = !g.found;
	*changed =
		!g.found || change->fetched || secret.at || !text_equal(g.row.declaration, row.declaration);
	if (!*changed)
		return OK;
	TRY(write(work, &g, &row));
	return recheck_follow(work, &c);
}

static enum err connection_need(struct work *work, const char *id, struct connection_row *row)
{
	bool found = false;

	TRY(connections_find(work, id, row, &found));
	return found && !row->deleted && text_equal(row->practice_id, work->practice)
		       ? OK
		       : fault(work, ERR_NOT_FOUND, "the practice has no such connection");
}

/* It is declared so from now on: to apply an export again changes nothing. */
enum err connection_set_disabled(struct work *work, const char *id, bool disabled)
{
	struct connection_row row;
	bool created = false, changed = false;
	AUTO(json_done) json_t *declared = json_pack("{s:s, s:b}", "id", id, "disabled", disabled);

	TRY(connection_need(work, id, &row));
	return connection_apply(work, &(struct connection_change){ .declared = declared }, &created,
				&changed);
}

/* What its rules gave goes with it: nobody would ever take it away again. An owner that would be the last one
 * stays. */
static enum err links_end(struct work *work, const char *id)
{
	struct upstream_link *links = NULL;
	size_t count = 0, gone = 0;
	bool changed = false, kept = false;

	TRY(links_of(work, NULL, &links, &count));
	for (size_t i = 0; i < count; i++) {
		if (!text_equal(links[i].connection_id, id))
			continue;
		TRY(assignments_map(work, links[i].account_id, id, NULL, 0, &changed, &kept));
		TRY(links_delete(work, links[i].account_id, id, &gone));
	}
	return OK;
}

enum err connection_delete(struct work *work, const char *id)
{
	struct connection_row row;

	TRY(connection_need(work, id, &row));
	TRY(links_end(work, id));
	TRY(upstream_sessions_forget_all(work, id));
	TRY(connections_retire(work, id));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_CONNECTION_DELETED,
						 .target_kind = "connection",
						 .target_id = id });
}
