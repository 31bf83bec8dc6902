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
#include "store/apps.h"
#include "store/practices.h"
#include "store/snapshot.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

/* What was declared before with what is declared now; null takes a member away. In the arena. */
static enum err whole_of(struct work *work, const char *stored, const json_t *declared, json_t **out)
{
	json_t *whole = stored ? json_read(stored, strlen(stored)) : json_object();
	const char *name = NULL;
	json_t *value = NULL;

	if (!whole)
		return fault(work, ERR_INTERNAL, "the metadata of an app in the store is not JSON");
	arena_defer(work->arena, release_json, whole);
	json_object_foreach ((json_t *)(uintptr_t)declared, name, value) {
		if (json_is_null(value))
			(void)json_object_del(whole, name); /* it may not be there */
		else
			json_set(whole, name, json_deep_copy(value));
	}
	*out = whole;
	return OK;
}

/* The app as it would stand, with the row it stands in now. */
static enum err app_weigh(struct work *work, const json_t *declared, struct app_row *row, bool *found,
			  json_t **whole, const char **message)
{
	bool development = work->app->config && work->app->config->development;

	*message = app_fields_trouble(work->arena, declared, development);
	if (*message)
		return fault(work, ERR_DOCUMENT, "app: %s", *message);
	*found = false;
	if (json_get_text(declared, "client_id"))
		TRY(apps_find(work, json_get_text(declared, "client_id"), row, found));
	TRY(whole_of(work, *found && !row->deleted ? row->metadata : NULL, declared, whole));
	/* Once more as a whole: another application_type makes other addresses sound. */
	*message = app_fields_trouble(work->arena, *whole, development);
	if (!*message)
		*message = app_sense_trouble(work->arena, *whole);
	if (!*message && *found && row->deleted)
		*message = "client_id: it was deleted; ids are not given again";
	return *message ? fault(work, *found && row->deleted ? ERR_CONFLICT : ERR_DOCUMENT, "app: %s",
				*message)
			: OK;
}

enum err app_check(struct work *work, const json_t *declared, const char **message)
{
	struct app_row row;
	json_t *whole = NULL;
	bool found = false;

	*message = "could not be checked";
	return app_weigh(work, declared, &row, &found, &whole, message);
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

	change_note(differences, "metadata", old ? old->metadata : NULL, row->metadata);
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

static enum err app_write(struct work *work, const struct app_row *old, const struct app_row *row,
			  const char *const *practices)
{
	TRY(practices_check(work, practices));
	TRY(old ? apps_update(work, row) : apps_insert(work, row));
	TRY(app_practices_set(work, row->client_id, practices));
	/* Switched off is over: what was granted before does not come back when it is switched on again. */
	if (old && !old->disabled && row->disabled)
		TRY(grants_end(work, row->client_id));
	TRY(snapshot_touch(work));
	return app_note(work, old, row);
}

enum err app_apply(struct work *work, const json_t *declared, const char *secret, bool *created,
		   bool *changed)
{
	struct app_row old = { 0 };
	json_t *whole = NULL;
	bool found = false;
	const char *message = NULL;

	TRY(app_weigh(work, declared, &old, &found, &whole, &message));
	if (secret)
		TRY(secret_check(work, secret));
	const struct app_row row = {
		.client_id = json_get_text(whole, "client_id"),
		.type = "oidc",
		.name = json_get_text(whole, "name"),
		.metadata = json_canonical(work->arena, whole),
		.disabled = json_get_bool(whole, "disabled", false),
		.secret_hash = secret ? secret_hash(work->arena, "client", secret) : old.secret_hash,
	};

	*created = !found;
	*changed = !found || !text_equal(old.metadata, row.metadata) ||
		   !text_equal(old.secret_hash, row.secret_hash);
	return *changed ? app_write(work, found ? &old : NULL, &row,
				    json_get_list(work->arena, whole, "practices"))
			: OK;
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
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_APP_DELETED,
						 .target_kind = "app",
						 .target_id = client_id });
}
