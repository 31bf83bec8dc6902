/* app_registry.c: apps as they are declared, changed and deleted. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/app_check.h"
#include "people/app_registry.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/metadata.h"
#include "store/apps.h"
#include "store/db.h"
#include "store/practices.h"
#include "store/snapshot.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

const struct app_protocol *app_protocol_of(const struct work *work, const char *type)
{
	const struct app_protocol *const *protocols = work->app->protocols;

	for (; protocols && *protocols; protocols++)
		if (text_equal((*protocols)->type, type))
			return *protocols;
	return NULL;
}

/* A declared app against what stands. */
struct weighing {
	const struct app_change *change;
	struct app_row row; /* what stands, when found */
	bool found;
	const json_t *stored; /* its document; NULL */
	json_t *whole;        /* the app as it would stand */
	struct metadata_choice metadata;
	const char *message; /* the first complaint */
};

/* What was declared before with what is declared now; null takes a member away. In the arena. */
static enum err whole_of(struct work *work, struct weighing *g)
{
	const char *stored = g->found && !g->row.deleted ? g->row.metadata : NULL;
	json_t *before = stored ? json_read(stored, strlen(stored)) : json_object();

	if (!before)
		return fault(work, ERR_INTERNAL, "the metadata of an app in the store is not JSON");
	arena_defer(work->arena, release_json, before);
	g->stored = stored ? before : NULL;
	g->whole = document_merge(work->arena, before, g->change->declared);
	return OK;
}

/* What the protocol's room says about it. Metadata or a certificate that has ended is no reason to refuse
 * what stands already, nor to switch the app off: `lanyard doctor` and `app show` tell of it. */
static const char *protocol_trouble(struct work *work, const struct weighing *g)
{
	const struct app_protocol *protocol = app_protocol_of(work, json_get_text(g->whole, "type"));
	bool known = false;
	const char *metadata = metadata_chosen(&g->metadata, &known);

	if (app_type_of(g->whole) == APP_OF_OIDC)
		return NULL;
	if (!protocol)
		return "type: apps of this type are not served here";
	if (known && (json_get_bool(g->whole, "disabled", false) || json_equal(g->whole, g->stored)))
		return NULL;
	return protocol->trouble(work, g->whole, metadata, known);
}

static const char *whole_trouble(struct work *work, const struct weighing *g)
{
	bool development = work->app->config && work->app->config->development;
	/* Once more as a whole: another application_type makes other addresses sound. */
	const char *message = app_fields_trouble(work->arena, g->whole, development);

	if (!message)
		message = app_type_trouble(work->arena, g->whole);
	if (!message)
		message = app_sense_trouble(work->arena, g->whole);
	return message ? message : protocol_trouble(work, g);
}

/* Ids are taken for good, whatever the type of the app that had them. */
static const char *id_trouble(const struct weighing *g)
{
	bool saml = app_type_of(g->whole) == APP_OF_SAML;

	if (!g->found)
		return NULL;
	if (g->row.deleted)
		return saml ? "entity_id: it was deleted; ids are not given again"
			    : "client_id: it was deleted; ids are not given again";
	return text_equal(g->row.type, app_type_word(app_type_of(g->whole)))
		       ? NULL
		       : "type: there is an app of the other type with this id; the type cannot change";
}

/* The app as it would stand, with the row it stands in now. */
static enum err app_weigh(struct work *work, const struct app_change *change, struct weighing *g)
{
	bool development = work->app->config && work->app->config->development;
	const char *id = app_declared_id(change->declared);

	*g = (struct weighing){ .change = change };
	g->message = app_fields_trouble(work->arena, change->declared, development);
	if (g->message)
		return fault(work, ERR_DOCUMENT, "app: %s", g->message);
	if (id)
		TRY(apps_find(work, id, &g->row, &g->found));
	TRY(whole_of(work, g));
	g->metadata = (struct metadata_choice){ .side = METADATA_OF_APP,
						.owner = app_declared_id(g->whole),
						.whole = g->whole,
						.stored = g->stored,
						.fetched = change->fetched };
	TRY(metadata_remember(work, &g->metadata));
	g->message = id_trouble(g);
	if (g->message)
		return fault(work, ERR_CONFLICT, "app: %s", g->message);
	g->message = whole_trouble(work, g);
	return g->message ? fault(work, ERR_DOCUMENT, "app: %s", g->message) : OK;
}

enum err app_check(struct work *work, const json_t *declared, const char **message)
{
	const struct app_change change = { .declared = declared };
	struct weighing g;

	*message = "could not be checked";
	enum err err = app_weigh(work, &change, &g);

	if (g.message)
		*message = g.message;
	return err;
}

/* The address answers now, or the app is refused: what nobody has read cannot be relied on. */
static enum err fetch_now(struct work *work, struct weighing *g, const char *url, struct app_change *change)
{
	const struct app_protocol *protocol = app_protocol_of(work, json_get_text(g->whole, "type"));
	struct metadata_row *fetched = arena_new_of(work->arena, struct metadata_row);
	const char *id = app_declared_id(g->whole);

	assert(protocol && !tx_is_open(work));
	if (protocol->fetch(work, url, id, fetched) != OK) {
		g->message = arena_print(work->arena, "metadata_url: %s", work->reason);
		return fault(work, ERR_DOCUMENT, "app: %s", g->message);
	}
	fetched->owner = id;
	g->metadata.fetched = change->fetched = fetched;
	g->message = protocol->trouble(work, g->whole, fetched->xml, false);
	return g->message ? fault(work, ERR_DOCUMENT, "app: %s", g->message) : OK;
}

enum err app_prepare(struct work *work, struct app_change *change, const char **message)
{
	struct weighing g;

	*message = "could not be checked";
	enum err err = app_weigh(work, change, &g);
	const char *url = err == OK ? json_get_text(g.whole, "metadata_url") : NULL;

	if (url && !g.metadata.kept && !change->fetched)
		err = fetch_now(work, &g, url, change);
	if (g.message)
		*message = g.message;
	return err;
}

/* RFC 6749 A.2: visible ASCII; at least 8 characters, because only its hash keeps it. */
static enum err secret_check(struct work *work, const char *secret)
{
	size_t size = strlen(secret);

	for (size_t i = 0; i < size; i++)
		if (secret[i] < 0x20 || secret[i] > 0x7e)
			return fault(work, ERR_DOCUMENT, "app: client_secret: visible ASCII is expected");
	return size >= 8 && size <= 256
		       ? OK
		       : fault(work, ERR_DOCUMENT, "app: client_secret: 8 to 256 characters are expected");
}

static enum err practices_check(struct work *work, const char *const *practices)
{
	for (; *practices; practices++) {
		struct practice_row row;
		bool found = false;

		TRY(practices_find(work, *practices, &row, &found));
		if (!found || row.deleted)
			return fault(work, ERR_DOCUMENT, "app: practices: there is no practice %s",
				     *practices);
	}
	return OK;
}

/* Every refresh family and code of the app, behind the wall of each practice, also of one that it served
 * earlier. */
static enum err grants_end(struct work *work, const char *client_id)
{
	const char *outer = work->practice;
	struct practice_row *rows = NULL;
	size_t count = 0;
	enum err err = practices_all(work, &rows, &count);

	for (size_t i = 0; i < count && err == OK; i++) {
		work->practice = rows[i].id;
		err = apps_end_grants(work, client_id);
	}
	work->practice = outer;
	return err;
}

static enum err app_note(struct work *work, const struct app_row *old, const struct app_row *row)
{
	AUTO(json_done) json_t *differences = json_object();

	change_note(differences, "metadata", document_shown(work->arena, old ? old->metadata : NULL),
		    document_shown(work->arena, row->metadata));
	if (json_object_size(differences))
		TRY(audit(work, &(struct audit_note){ .event = EVENT_APP_CHANGED,
						      .target_kind = "app",
						      .target_id = row->client_id,
						      .change = differences }));
	if (!old || text_equal(old->secret_hash, row->secret_hash))
		return OK;
	return audit(work, &(struct audit_note){ .event = EVENT_SECRET_ROTATED,
						 .target_kind = "app",
						 .target_id = row->client_id });
}

static enum err app_write(struct work *work, const struct weighing *g, const struct app_row *row)
{
	const struct app_row *old = g->found ? &g->row : NULL;
	const char *const *practices = json_get_list(work->arena, g->whole, "practices");

	TRY(practices_check(work, practices));
	TRY(old ? apps_update(work, row) : apps_insert(work, row));
	TRY(app_practices_set(work, row->client_id, practices));
	if (app_type_of(g->whole) == APP_OF_SAML)
		TRY(metadata_write(work, &g->metadata));
	/* Switched off is over: what was granted before does not come back when it is switched on again. */
	if (old && !old->disabled && row->disabled)
		TRY(grants_end(work, row->client_id));
	TRY(snapshot_touch(work));
	return app_note(work, old, row);
}

enum err app_apply_change(struct work *work, const struct app_change *change, bool *created, bool *changed)
{
	struct weighing g;

	TRY(app_weigh(work, change, &g));
	if (change->secret && app_type_of(g.whole) == APP_OF_SAML)
		return fault(work, ERR_DOCUMENT, "app: client_secret: only for type oidc");
	if (change->secret)
		TRY(secret_check(work, change->secret));
	const struct app_row row = {
		.client_id = app_declared_id(g.whole),
		.type = app_type_word(app_type_of(g.whole)),
		.name = json_get_text(g.whole, "name"),
		.metadata = json_canonical(work->arena, g.whole),
		.disabled = json_get_bool(g.whole, "disabled", false),
		.secret_hash = change->secret ? secret_hash(work->arena, "client", change->secret)
					      : g.row.secret_hash,
	};

	*created = !g.found;
	*changed = !g.found || change->fetched != NULL || !text_equal(g.row.metadata, row.metadata) ||
		   !text_equal(g.row.secret_hash, row.secret_hash);
	return *changed ? app_write(work, &g, &row) : OK;
}

enum err app_apply(struct work *work, const json_t *declared, const char *secret, bool *created,
		   bool *changed)
{
	const struct app_change change = { .declared = declared, .secret = secret };

	return app_apply_change(work, &change, created, changed);
}

static enum err app_need(struct work *work, const char *client_id, struct app_row *row)
{
	bool found = false;

	TRY(apps_find(work, client_id, row, &found));
	return found && !row->deleted ? OK : fault(work, ERR_NOT_FOUND, "no such app");
}

enum err app_set_secret(struct work *work, const char *client_id, const char *secret)
{
	struct app_row row;

	TRY(app_need(work, client_id, &row));
	if (!text_equal(row.type, "oidc"))
		return fault(work, ERR_CONFLICT, "an app of type %s has no secret", row.type);
	TRY(secret_check(work, secret));
	row.secret_hash = secret_hash(work->arena, "client", secret);
	TRY(apps_update(work, &row));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_SECRET_ROTATED,
						 .target_kind = "app",
						 .target_id = client_id });
}

enum err app_delete(struct work *work, const char *client_id)
{
	struct app_row row;

	TRY(app_need(work, client_id, &row));
	TRY(grants_end(work, client_id));
	TRY(apps_retire(work, client_id));
	TRY(metadata_delete(work, METADATA_OF_APP, client_id));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_APP_DELETED,
						 .target_kind = "app",
						 .target_id = client_id });
}
