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
	const char *metadata;     /* the text it was read from */
	int64_t snapshot_version; /* in which that text was seen last */
	int64_t used;
	struct service service;
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

static struct place *find(struct shelf *shelf, const char *entity_id)
{
	for (size_t i = 0; i < PLACES; i++)
		if (shelf->places[i].arena && text_equal(shelf->places[i].service.entity_id, entity_id))
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

static enum err read_into(struct work *w, const struct client *client, struct place *place)
{
	const char *trouble = NULL;
	struct arena *arena = arena_new();
	const char *text = arena_text(arena, client->saml.metadata);
	struct service service;

	enum err err = service_read(arena, text, strlen(text), client->client_id, w->now,
				    w->app->config->development, &service, &trouble);
	if (err != OK) {
		const char *why = arena_text(w->arena, trouble ? trouble : "it cannot be read");

		arena_done(&arena);
		return fault(w, ERR_SAML_METADATA, "metadata of %s: %s", client->client_id, why);
	}
	clear(place);
	*place = (struct place){ .arena = arena, .metadata = text, .service = service };
	return OK;
}

enum err shelf_service(struct work *w, const struct client *client, const struct service **out)
{
	struct shelf *shelf = shelf_of_thread();
	struct place *place = find(shelf, client->client_id);

	if (!client->saml.metadata)
		return fault(w, ERR_SAML_METADATA, "metadata of %s has not been fetched yet",
			     client->client_id);
	if (!place || (place->snapshot_version != w->snapshot->version &&
		       !text_equal(place->metadata, client->saml.metadata))) {
		place = place ? place : oldest(shelf);
		TRY(read_into(w, client, place));
	}
	place->snapshot_version = w->snapshot->version;
	place->used = ++shelf->clock;
	if (place->service.valid_until && place->service.valid_until <= w->now)
		return fault(w, ERR_SAML_METADATA, "metadata of %s has expired", client->client_id);
	*out = &place->service;
	return OK;
}
