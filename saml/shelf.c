/* shelf.c: metadata that was read, kept by this thread. */
#include "saml/shelf.h"

#include <pthread.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "store/snapshot.h"

#define PLACES 64

struct place {
	struct arena *arena;      /* of what follows; NULL: free */
	const char *key;          /* what it is of */
	const char *metadata;     /* the text it was read from */
	int64_t snapshot_version; /* in which that text was seen last; -1: in none */
	int64_t used;
	int64_t valid_until;
	const void *read; /* struct service, struct provider */
};

/* What is asked for. */
struct wanted {
	const char *key;
	const char *told; /* in a fault */
	const char *metadata;
	bool in_snapshot; /* the text is the picture's: in the same picture it needs no comparing */
	enum err missing;
	/* Texts live in the arena. */
	enum err (*read)(struct work *w, struct arena *arena, const char *text, const struct wanted *wanted,
			 struct place *out, const char **trouble);
	const char *entity_id;
};

struct shelf {
	struct place places[PLACES];
	int64_t clock;
};

static pthread_key_t shelf_key;
static pthread_once_t shelf_once = PTHREAD_ONCE_INIT;

static void clear(struct place *place)
{
	if (place->arena)
		arena_done(&place->arena);
	*place = (struct place){ 0 };
}

static void release(void *thing)
{
	struct arena *arena = thing;

	arena_done(&arena);
}

/* Who took it in this piece of work may still look at it: a logout tells any number of apps. */
static void give_up(struct work *w, struct place *place)
{
	if (place->arena)
		arena_defer(w->arena, release, place->arena);
	*place = (struct place){ 0 };
}

static void shelf_free(void *thing)
{
	struct shelf *shelf = thing;

	for (size_t i = 0; i < PLACES; i++)
		clear(&shelf->places[i]);
	free(shelf);
}

static void make_key(void)
{
	int failed = pthread_key_create(&shelf_key, shelf_free);

	assert(!failed);
}

static struct shelf *shelf_of_thread(void)
{
	pthread_once(&shelf_once, make_key);
	struct shelf *shelf = pthread_getspecific(shelf_key);

	if (shelf)
		return shelf;
	shelf = calloc(1, sizeof *shelf);
	assert(shelf);
	int failed = pthread_setspecific(shelf_key, shelf);

	assert(!failed);
	return shelf;
}

static struct place *find(struct shelf *shelf, const char *key)
{
	for (size_t i = 0; i < PLACES; i++)
		if (shelf->places[i].arena && text_equal(shelf->places[i].key, key))
			return &shelf->places[i];
	return NULL;
}

static struct place *oldest(struct shelf *shelf)
{
	struct place *oldest = &shelf->places[0];

	for (size_t i = 0; i < PLACES; i++)
		if (shelf->places[i].used < oldest->used)
			oldest = &shelf->places[i];
	return oldest;
}

static enum err read_into(struct work *w, const struct wanted *wanted, struct place *place)
{
	const char *trouble = NULL;
	struct arena *arena = arena_new();
	struct place fresh = { .arena = arena,
			       .key = arena_text(arena, wanted->key),
			       .metadata = arena_text(arena, wanted->metadata) };

	if (wanted->read(w, arena, fresh.metadata, wanted, &fresh, &trouble) != OK) {
		const char *why = arena_text(w->arena, trouble ? trouble : "it cannot be read");

		arena_done(&arena);
		return fault(w, wanted->missing, "metadata of %s: %s", wanted->told, why);
	}
	give_up(w, place);
	*place = fresh;
	return OK;
}

static bool is_current(const struct work *w, const struct wanted *wanted, const struct place *place)
{
	return place && ((wanted->in_snapshot && place->snapshot_version == w->snapshot->version) ||
			 text_equal(place->metadata, wanted->metadata));
}

static enum err take(struct work *w, const struct wanted *wanted, const void **out)
{
	struct shelf *shelf = shelf_of_thread();
	struct place *place = find(shelf, wanted->key);

	if (!wanted->metadata)
		return fault(w, wanted->missing, "metadata of %s has not been fetched yet", wanted->told);
	if (!is_current(w, wanted, place)) {
		place = place ? place : oldest(shelf);
		TRY(read_into(w, wanted, place));
	}
	place->snapshot_version = wanted->in_snapshot ? w->snapshot->version : -1;
	place->used = ++shelf->clock;
	if (place->valid_until && place->valid_until <= w->now)
		return fault(w, wanted->missing, "metadata of %s has expired", wanted->told);
	*out = place->read;
	return OK;
}

/* --- apps -------------------------------------------------------------------------------------------- */

static enum err read_service(struct work *w, struct arena *arena, const char *text,
			     const struct wanted *wanted, struct place *out, const char **trouble)
{
	struct service *service = arena_new_of(arena, struct service);

	TRY(service_read(arena, text, strlen(text), wanted->entity_id, w->now, w->app->config->development,
			 service, trouble));
	out->read = service;
	out->valid_until = service->valid_until;
	return OK;
}

enum err shelf_service(struct work *w, const struct client *client, const struct service **out)
{
	const struct wanted wanted = { .key = arena_print(w->arena, "app %s", client->client_id),
				       .told = client->client_id,
				       .metadata = client->saml.metadata,
				       .in_snapshot = true,
				       .missing = ERR_SAML_METADATA,
				       .read = read_service,
				       .entity_id = client->client_id };
	const void *read;

	TRY(take(w, &wanted, &read));
	*out = read;
	return OK;
}

/* --- identity providers ------------------------------------------------------------------------------ */

static enum err read_provider(struct work *w, struct arena *arena, const char *text,
			      const struct wanted *wanted, struct place *out, const char **trouble)
{
	struct provider *provider = arena_new_of(arena, struct provider);

	TRY(provider_read(arena, text, strlen(text), wanted->entity_id, w->now, w->app->config->development,
			  provider, trouble));
	out->read = provider;
	out->valid_until = provider->entity.valid_until;
	return OK;
}

enum err shelf_provider(struct work *w, const struct connection *connection, const struct provider **out)
{
	const struct wanted wanted = {
		.key = arena_print(w->arena, "connection %s %s", connection->id,
				   connection->entity_id ? connection->entity_id : ""),
		.told = connection->id,
		.metadata = connection->metadata,
		.in_snapshot = w->snapshot && snapshot_connection(w->snapshot, connection->id) == connection,
		.missing = ERR_UPSTREAM_DOWN,
		.read = read_provider,
		.entity_id = connection->entity_id
	};
	const void *read;

	TRY(take(w, &wanted, &read));
	*out = read;
	return OK;
}
