/* snapshot.c: the picture of practices, locations, roles and apps that every request reads. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "store/db.h"
#include "store/snapshot.h"
#include "store/snapshot_load.h"

/* The picture is the first member, so who holds the picture holds this. */
struct held {
	struct snapshot picture;
	struct arena *arena;
	atomic_size_t holders;
};

struct snapshots {
	pthread_mutex_t lock;    /* around current */
	pthread_mutex_t loading; /* one load at a time: an older picture never replaces a newer one */
	struct held *current;
};

struct snapshots *snapshots_new(void)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));

	assert(snapshots);
	pthread_mutex_init(&snapshots->lock, NULL);
	pthread_mutex_init(&snapshots->loading, NULL);
	return snapshots;
}

void snapshots_free(struct snapshots *snapshots)
{
	if (!snapshots)
		return;
	snapshot_drop(snapshots->current ? &snapshots->current->picture : NULL);
	pthread_mutex_destroy(&snapshots->lock);
	pthread_mutex_destroy(&snapshots->loading);
	free(snapshots);
}

const struct snapshot *snapshot_hold(struct snapshots *snapshots)
{
	pthread_mutex_lock(&snapshots->lock);
	struct held *held = snapshots->current;

	if (held)
		atomic_fetch_add_explicit(&held->holders, 1, memory_order_relaxed);
	pthread_mutex_unlock(&snapshots->lock);
	return held ? &held->picture : NULL;
}

static struct held *held_of(const struct snapshot *picture)
{
	static_assert(offsetof(struct held, picture) == 0, "a picture is the start of what holds it");
	return (struct held *)(uintptr_t)picture;
}

void snapshot_drop(const struct snapshot *snapshot)
{
	struct held *held = held_of(snapshot);

	if (!held || atomic_fetch_sub(&held->holders, 1) != 1)
		return;
	arena_done(&held->arena);
	free(held);
}

static void install(struct snapshots *snapshots, struct held *fresh)
{
	pthread_mutex_lock(&snapshots->lock);
	struct held *old = snapshots->current;

	snapshots->current = fresh;
	pthread_mutex_unlock(&snapshots->lock);
	snapshot_drop(old ? &old->picture : NULL);
}

static const char read_version[] = "SELECT value FROM setting WHERE name = 'snapshot_version'";

static enum err version_now(struct work *work, int64_t *version)
{
	struct rows rows;

	*version = 0; /* before the first touch */
	TRY(db_run(work, &rows, read_version, V_NULL()));
	if (rows.count == 1 && !text_to_int(rows_text(&rows, 0, 0), 0, INT64_MAX, version))
		return fault(work, ERR_INTERNAL, "setting snapshot_version is not a number");
	return OK;
}

static const char touch_version[] =
	"INSERT INTO setting (name, value) VALUES ('snapshot_version', '1') ON CONFLICT (name)"
	" DO UPDATE SET value = CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT)";

enum err snapshot_touch(struct work *work)
{
	return db_run(work, NULL, touch_version, V_NULL());
}

/* The tables are read one after the other: when the version moved meanwhile the picture may be torn. */
static enum err load_whole(struct work *work, int64_t version, struct snapshot *out)
{
	for (int tries = 0; tries < 5; tries++) {
		int64_t after = 0;

		TRY(snapshot_load(work, out));
		TRY(version_now(work, &after));
		out->version = version;
		if (after == version)
			return OK;
		version = after;
	}
	return fault(work, ERR_UNAVAILABLE, "the practices changed faster than they could be read");
}

/* Loads with an arena of its own standing in for the work's, so that rows need no copying. */
static enum err load(struct work *work, int64_t version, struct held **out)
{
	struct held *held = calloc(1, sizeof(*held));
	struct arena *outer = work->arena;
	const char *practice = work->practice;

	assert(held);
	*held = (struct held){ .arena = arena_new() };
	atomic_init(&held->holders, 1);
	work->arena = held->arena;
	enum err err = load_whole(work, version, &held->picture);

	work->arena = outer;
	work->practice = practice;
	if (err == OK) {
		*out = held;
		return OK;
	}
	work->reason = arena_text(outer, work->reason);
	snapshot_drop(&held->picture);
	return err;
}

static enum err refresh(struct work *work, struct snapshots *snapshots, bool force)
{
	int64_t version = 0;
	struct held *fresh = NULL;

	TRY(version_now(work, &version));
	if (!force && snapshots->current && snapshots->current->picture.version == version)
		return OK;
	TRY(load(work, version, &fresh));
	install(snapshots, fresh);
	return OK;
}

enum err snapshots_refresh(struct work *work, bool force)
{
	struct snapshots *snapshots = work->app->snapshots;

	assert(!tx_is_open(work)); /* what is not committed belongs into no picture */
	pthread_mutex_lock(&snapshots->loading);
	enum err err = refresh(work, snapshots, force);

	pthread_mutex_unlock(&snapshots->loading);
	return err;
}

enum err snapshot_renew(struct work *work)
{
	TRY(snapshots_refresh(work, false));
	snapshot_drop(work->snapshot);
	work->snapshot = snapshot_hold(work->app->snapshots);
	return OK;
}

static int by_id(const void *id, const void *practice)
{
	return strcmp(id, ((const struct practice *)practice)->id);
}

const struct practice *snapshot_practice(const struct snapshot *s, const char *id)
{
	return s && id && s->practice_count
		       ? bsearch(id, s->practices, s->practice_count, sizeof(*s->practices), by_id)
		       : NULL;
}

static int by_number(const void *number, const void *place)
{
	int64_t a = *(const int64_t *)number;
	int64_t b = (*(const struct practice *const *)place)->number;

	return (a > b) - (a < b);
}

const struct practice *snapshot_practice_number(const struct snapshot *s, int64_t number)
{
	if (!s || !s->practice_count)
		return NULL;
	if (s->by_number) {
		const struct practice *const *found = bsearch(&number, s->by_number, s->practice_count,
							      sizeof(struct practice *), by_number);
		return found ? *found : NULL;
	}
	for (size_t i = 0; i < s->practice_count; i++)
		if (s->practices[i].number == number)
			return &s->practices[i];
	return NULL;
}

const struct practice *snapshot_practice_domain(const struct snapshot *s, const char *domain)
{
	const struct practice *only = NULL;

	for (size_t i = 0; s && domain && i < s->practice_count; i++) {
		if (s->practices[i].disabled || !text_list_has(s->practices[i].domains, domain))
			continue;
		if (only)
			return NULL;
		only = &s->practices[i];
	}
	return only;
}

static int by_client_id(const void *id, const void *client)
{
	return strcmp(id, ((const struct client *)client)->client_id);
}

const struct client *snapshot_app(const struct snapshot *s, const char *id)
{
	return s && id && s->client_count
		       ? bsearch(id, s->clients, s->client_count, sizeof(*s->clients), by_client_id)
		       : NULL;
}

static const struct client *of_type(const struct client *client, const char *type)
{
	return client && text_equal(client->type, type) ? client : NULL;
}

const struct client *snapshot_client(const struct snapshot *s, const char *client_id)
{
	return of_type(snapshot_app(s, client_id), "oidc");
}

const struct client *snapshot_saml(const struct snapshot *s, const char *entity_id)
{
	return of_type(snapshot_app(s, entity_id), "saml");
}

static int by_connection_id(const void *id, const void *connection)
{
	return strcmp(id, ((const struct connection *)connection)->id);
}

const struct connection *snapshot_connection(const struct snapshot *s, const char *id)
{
	const struct connection *found = NULL;

	for (size_t i = 0; s && id && !found && i < s->practice_count; i++)
		if (s->practices[i].connection_count)
			found = bsearch(id, s->practices[i].connections, s->practices[i].connection_count,
					sizeof(*found), by_connection_id);
	return found;
}

const struct location *practice_location(const struct practice *p, const char *id)
{
	for (size_t i = 0; p && id && i < p->location_count; i++)
		if (text_equal(p->locations[i].id, id))
			return &p->locations[i];
	return NULL;
}

const struct role *practice_role(const struct practice *p, const char *id)
{
	for (size_t i = 0; p && id && i < p->role_count; i++)
		if (text_equal(p->roles[i].id, id))
			return &p->roles[i];
	return NULL;
}

bool client_serves(const struct client *c, const char *practice_id)
{
	return c && practice_id && text_list_has(c->practices, practice_id);
}
