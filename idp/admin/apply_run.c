/* apply_run.c: a plan is carried out: all or nothing per practice, then the apps together. */
#include "base/base.h"

#include "admin/apply.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "login/session.h"
#include "people/account.h"
#include "people/app_registry.h"
#include "people/connection.h"
#include "people/practice.h"
#include "people/role.h"
#include "store/apps.h"
#include "store/db.h"
#include "store/snapshot.h"

/* What was made ready for a step before its transaction. */
struct prepared {
	struct account_change account;
	struct app_change app;
	struct connection_change connection;
};

struct running {
	struct work *work;
	struct step *step;
	struct prepared *prepared;
};

static void release_json(void *thing)
{
	json_decref(thing);
}

static enum err run_practice(struct running *r)
{
	const json_t *wanted = r->step->merged;
	bool changed = false;
	size_t ended = 0;

	if (r->step->verb == VERB_REMOVE) {
		TRY(sessions_end_practice(r->work, &ended));
		return practice_delete(r->work, r->step->id);
	}
	bool disabled = json_get_bool(wanted, "disabled", false);

	if (disabled && r->step->verb == VERB_CHANGE)
		TRY(sessions_end_practice(r->work, &ended));
	const struct practice_change change = { .id = r->step->id,
						.name = json_get_text(wanted, "name"),
						.timezone = json_get_text(wanted, "timezone"),
						.template = json_get_text(wanted, "template"),
						.policy = json_object_get(wanted, "policy"),
						.domains = json_get_list(r->work->arena, wanted, "domains"),
						.disabled = disabled };

	return practice_apply(r->work, &change, &changed);
}

/* A location that is removed is archived: its id stands in tokens and records. */
static enum err run_location(struct running *r)
{
	const json_t *wanted = r->step->merged;
	const char *parent = json_get_text(wanted, "parent"), *timezone = json_get_text(wanted, "timezone");
	bool changed = false;
	const struct location_change change = { .id = r->step->id,
						.name = json_get_text(wanted, "name"),
						.parent_id = parent ? parent : "",
						.timezone = timezone ? timezone : "",
						.networks = json_get_list(r->work->arena, wanted, "networks"),
						.archived = r->step->verb == VERB_REMOVE ||
							    json_get_bool(wanted, "archived", false),
						.position = r->step->position };

	return location_apply(r->work, &change, &changed);
}

static enum err run_role(struct running *r)
{
	const json_t *wanted = r->step->merged;
	bool changed = false;

	if (r->step->verb == VERB_REMOVE)
		return role_delete(r->work, r->step->id);
	const struct role_change change = { .id = r->step->id,
					    .name = json_get_text(wanted, "name"),
					    .inherits = json_get_list(r->work->arena, wanted, "inherits"),
					    .permissions = json_object_get(wanted, "permissions") };

	return role_apply(r->work, &change, &changed);
}

static int64_t time_of(const json_t *entry, const char *key, bool end_of_day)
{
	int64_t seconds = 0;
	const char *text = json_get_text(entry, key);

	return text && clock_parse(text, end_of_day, &seconds) ? seconds : 0;
}

static struct assignment *assignments_of_list(struct arena *arena, const json_t *list)
{
	struct assignment *out = arena_array(arena, struct assignment, json_array_size(list) + 1);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		out[i] = (struct assignment){ .role_id = json_get_text(entry, "role"),
					      .source = SOURCE_BASE,
					      .reason = json_get_text(entry, "reason"),
					      .locations = json_get_list(arena, entry, "locations"),
					      .valid_from = time_of(entry, "from", false),
					      .valid_until = time_of(entry, "until", true) };
	}
	return out;
}

/* Staff that may no longer sign in: what they have open ends, and the apps are told. */
static enum err end_sessions(struct work *work, const char *email)
{
	const char *id = NULL;
	size_t ended = 0;

	TRY(account_id_of(work, email, &id));
	return sessions_end_account(work, id, &ended);
}

static enum err remove_staff(struct running *r)
{
	const char *id = NULL;

	TRY(account_id_of(r->work, r->step->id, &id));
	TRY(end_sessions(r->work, r->step->id));
	return account_delete(r->work, id);
}

static enum err run_staff(struct running *r)
{
	const json_t *list = json_object_get(r->step->declared, "assignments");
	const char *id = NULL;
	bool created = false, changed = false;

	if (r->step->verb == VERB_REMOVE)
		return remove_staff(r);
	if (r->step->verb == VERB_CHANGE && r->prepared->account.disabled == 1)
		TRY(end_sessions(r->work, r->step->id));
	TRY(account_apply(r->work, &r->prepared->account, &id, &created, &changed));
	if (!list)
		return OK;
	return assignments_replace(r->work, id, SOURCE_BASE, assignments_of_list(r->work->arena, list),
				   json_array_size(list), &changed);
}

/* What is declared without the secrets, over what is there. */
static json_t *app_document(struct work *work, const struct step *step)
{
	json_t *document = json_copy(step->merged);

	arena_defer(work->arena, release_json, document);
	json_object_del(document, "client_secret");
	json_object_del(document, "client_secret_hash");
	json_object_del(document, "metadata_file");
	/* Of the two ways to metadata the declared one takes the place of the other. */
	if (json_object_get(step->declared, "metadata"))
		json_object_del(document, "metadata_url");
	else if (json_object_get(step->declared, "metadata_url"))
		json_object_del(document, "metadata");
	return document;
}

/* An exported hash comes back as it was. */
static enum err keep_secret_hash(struct work *work, const char *client_id, const char *hash)
{
	struct app_row row;
	bool found = false;

	TRY(apps_find(work, client_id, &row, &found));
	if (!found || text_equal(row.secret_hash, hash))
		return OK;
	row.secret_hash = hash;
	TRY(apps_update(work, &row));
	return snapshot_touch(work);
}

static enum err run_app(struct running *r)
{
	bool created = false, changed = false;
	const struct app_change *change = &r->prepared->app;

	if (r->step->verb == VERB_REMOVE)
		return app_delete(r->work, r->step->id);
	const char *hash = json_get_text(r->step->declared, "client_secret_hash");

	TRY(app_apply_change(r->work, change, &created, &changed));
	return hash && !change->secret ? keep_secret_hash(r->work, r->step->id, hash) : OK;
}

/* Of the two ways to metadata the declared one takes the place of the other. */
static void one_source(json_t *document, const json_t *declared, json_t *none)
{
	if (json_object_get(declared, "metadata"))
		json_set(document, "metadata_url", none);
	else if (json_object_get(declared, "metadata_url"))
		json_set(document, "metadata", none);
}

/* What is declared, without what apply alone knows; what is not named stays. */
static json_t *connection_document(struct work *work, const struct step *step)
{
	json_t *document = json_copy(step->declared);

	arena_defer(work->arena, release_json, document);
	json_object_del(document, "client_secret");
	json_object_del(document, "metadata_file");
	one_source(document, step->declared, json_null());
	return document;
}

static enum err run_connection(struct running *r)
{
	const struct connection_change *change = &r->prepared->connection;
	bool created = false, changed = false;
	size_t ended = 0;

	if (r->step->verb == VERB_REMOVE ||
	    (r->step->verb == VERB_CHANGE && json_is_true(json_object_get(change->declared, "disabled"))))
		TRY(sessions_end_connection(r->work, r->step->id, &ended));
	if (r->step->verb == VERB_REMOVE)
		return connection_delete(r->work, r->step->id);
	return connection_apply(r->work, change, &created, &changed);
}

static enum err (*const runs[])(struct running *r) = {
	[THING_PRACTICE] = run_practice, [THING_LOCATION] = run_location, [THING_ROLE] = run_role,
	[THING_STAFF] = run_staff,       [THING_APP] = run_app,           [THING_CONNECTION] = run_connection,
};

static json_t *profile_of(struct work *work, json_t *declared)
{
	json_t *profile = json_object();

	arena_defer(work->arena, release_json, profile);
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *member = apply_field_below(field, "practices.staff");
		json_t *value = member && field->profile ? json_object_get(declared, member) : NULL;
		if (value)
			json_set(profile, member, json_incref(value));
	}
	return json_object_size(profile) ? profile : NULL;
}

/* Hashing is slow, so it is done before the transaction that keeps the store's writer. */
static enum err prepare_staff(struct work *work, const struct step *step, struct account_change *out)
{
	const json_t *declared = step->declared;
	const json_t *disabled = json_object_get(declared, "disabled");
	bool is_new = step->verb == VERB_CREATE;

	*out = (struct account_change){ .email = step->id,
					.given_name = json_get_text(declared, "given_name"),
					.family_name = json_get_text(declared, "family_name"),
					.class_ = json_get_text(declared, "class"),
					.npi = json_get_text(declared, "npi"),
					.profile = profile_of(work, step->declared),
					.disabled = disabled ? json_is_true(disabled) : -1,
					.must_change =
						is_new && json_get_bool(declared, "must_change", false),
					.password = is_new ? json_get_text(declared, "password") : NULL,
					.password_hash =
						is_new ? json_get_text(declared, "password_hash") : NULL };
	return out->password ? account_prepare(work, out) : OK;
}

static enum err prepare_connection(struct work *work, const struct step *step, struct connection_change *out)
{
	const char *message = NULL;
	enum err err = connection_prepare(work, out, &message);

	return err == ERR_DOCUMENT && message
		       ? fault(work, err, "practices.connections: %s: %s", step->id, message)
		       : err;
}

/* So is asking another server for its metadata. */
static enum err prepare(struct work *work, const struct step *step, struct prepared *out)
{
	const char *message = NULL;

	if (step->verb == VERB_REMOVE)
		return OK;
	if (step->thing == THING_STAFF)
		return prepare_staff(work, step, &out->account);
	if (step->thing == THING_CONNECTION) {
		out->connection = (struct connection_change){ .declared = connection_document(work, step),
							      .secret = json_get_text(step->declared,
										      "client_secret") };
		return prepare_connection(work, step, &out->connection);
	}
	if (step->thing != THING_APP)
		return OK;
	out->app = (struct app_change){ .declared = app_document(work, step),
					.secret = json_get_text(step->declared, "client_secret") };
	return app_prepare(work, &out->app, &message);
}

/* A run of steps that stand or fall together: of one practice, or of the apps. */
static size_t group_size(const struct plan *plan, size_t from)
{
	size_t size = 1;
	bool app = plan->steps[from].thing == THING_APP;

	while (from + size < plan->count &&
	       text_equal(plan->steps[from + size].practice, plan->steps[from].practice) &&
	       (plan->steps[from + size].thing == THING_APP) == app)
		size++;
	return size;
}

static enum err run_group(struct work *work, struct step *steps, struct prepared *prepared, size_t count)
{
	bool staff = false;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	for (size_t i = 0; i < count; i++) {
		struct running running = { work, &steps[i], &prepared[i] };
		TRY(runs[steps[i].thing](&running));
		staff |= steps[i].thing == THING_STAFF;
	}
	if (staff)
		TRY(account_guard_last_owner(work));
	return tx_commit(&tx);
}

static enum err prepare_and_run(struct work *work, struct step *steps, size_t count)
{
	struct prepared *prepared = arena_array(work->arena, struct prepared, count);

	for (size_t i = 0; i < count; i++)
		TRY(prepare(work, &steps[i], &prepared[i]));
	TRY(run_group(work, steps, prepared, count));
	return snapshot_renew(work);
}

/* A practice that is removed or created has its own name as its wall, too. */
static const char *wall_of(const struct step *step)
{
	if (step->thing == THING_APP)
		return NULL;
	return step->practice ? step->practice : step->id;
}

enum err apply_run(struct work *work, const struct plan *plan, size_t *done)
{
	const char *outer = work->practice;
	enum err err = OK;

	for (*done = 0; *done < plan->count && err == OK;) {
		size_t size = group_size(plan, *done);
		work->practice = wall_of(&plan->steps[*done]);
		err = prepare_and_run(work, &plan->steps[*done], size);
		if (err == OK)
			*done += size;
	}
	work->practice = outer;
	return err;
}
