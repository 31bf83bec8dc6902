/* reach.c: what this process knows of providers: whether they answer, and who waits for them. */
#include "login/reach.h"

#include <pthread.h>

#include "base/app.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "people/audit.h"
#include "people/connector.h"
#include "store/snapshot.h"

#define PLACES        1024 /* a deployment has hundreds of connections */
#define NEIGHBOUR     16   /* places where one id may stand */
#define ID_SIZE       64   /* a slug and its end */

#define FRESH_US      INT64_C(30000000)
#define FRESH_DOWN_US INT64_C(5000000)
#define FAILURES_DOWN 2
#define DETAIL_MAX    300
#define FLOWING_US    INT64_C(300000) /* somebody came out this long ago: so does the next one soon */

struct place {
	char id[ID_SIZE]; /* "": free */
	int64_t asked_us, down_us;
	unsigned failures; /* in a row */
	unsigned inside;   /* threads that wait for it */
	int64_t left_us;   /* when the last one came out, by the monotonic clock */
	bool busy;         /* somebody probes */
};

struct reaches {
	pthread_mutex_t lock;
	pthread_cond_t left; /* somebody came out */
	struct place places[PLACES];
};

struct reaches *reach_new(void)
{
	struct reaches *reach = calloc(1, sizeof *reach);
	pthread_condattr_t how;

	assert(reach);
	(void)pthread_mutex_init(&reach->lock, NULL);
	(void)pthread_condattr_init(&how);
	(void)pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&reach->left, &how);
	(void)pthread_condattr_destroy(&how);
	return reach;
}

void reach_free(struct reaches *reach)
{
	if (!reach)
		return;
	(void)pthread_cond_destroy(&reach->left);
	(void)pthread_mutex_destroy(&reach->lock);
	free(reach);
}

/* ---- the table; under its lock ---- */

/* FNV-1a */
static size_t home_of(const char *id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * UINT64_C(1099511628211);
	return hash % PLACES;
}

static struct place *find(struct reaches *reach, const char *id)
{
	size_t home = home_of(id);

	for (size_t i = 0; i < NEIGHBOUR; i++) {
		struct place *place = &reach->places[(home + i) % PLACES];

		if (strcmp(place->id, id) == 0)
			return place;
	}
	return NULL;
}

/* Nobody waits there and nothing is known that would be missed: it is up, or free. */
static bool may_go(const struct place *place)
{
	return place->inside == 0 && !place->busy && place->down_us == 0;
}

/* NULL when the neighbourhood is full of providers that are down: then nothing is known of this one. */
static struct place *find_or_make(struct reaches *reach, const char *id)
{
	struct place *place = find(reach, id), *oldest = NULL;

	for (size_t i = 0; !place && i < NEIGHBOUR; i++) {
		struct place *candidate = &reach->places[(home_of(id) + i) % PLACES];

		if (may_go(candidate) && (!oldest || candidate->asked_us < oldest->asked_us))
			oldest = candidate;
	}
	if (place || !oldest || strlen(id) >= ID_SIZE)
		return place;
	*oldest = (struct place){ 0 };
	(void)snprintf(oldest->id, sizeof oldest->id, "%s", id);
	return oldest;
}

/* A clock that was set back makes it due as well. */
static bool is_due(const struct place *place, int64_t now_us)
{
	int64_t fresh = place->down_us ? FRESH_DOWN_US : FRESH_US;

	return !place->busy &&
	       (place->asked_us == 0 || now_us < place->asked_us || now_us - place->asked_us >= fresh);
}

/* ---- telling ---- */

/* In the practice of the connection, by nobody in particular, whoever's sign-in found it out. */
static void tell(struct work *work, const char *id, bool down)
{
	const struct connection *connection = snapshot_connection(work->snapshot, id);
	const char *practice = work->practice, *why = down ? work->reason : NULL;
	const struct actor actor = work->actor;
	AUTO(json_done) json_t *extra = json_object();

	log_event(LOG_WARN, down ? "connection.down" : "connection.up", "connection", id, "reason", why,
		  NULL);
	if (why)
		json_set_text(extra, "detail", text_bounded(work->arena, why, strlen(why), DETAIL_MAX));
	if (!connection)
		return;
	work->practice = connection->practice_id;
	work->actor = (struct actor){ .kind = ACTOR_SYSTEM };
	enum err err =
		audit(work, &(struct audit_note){ .event = down ? EVENT_CONNECTION_DOWN : EVENT_CONNECTION_UP,
						  .outcome = down ? OUTCOME_FAIL : OUTCOME_OK,
						  .target_kind = "connection",
						  .target_id = id,
						  .extra = extra });
	/* Whether somebody gets in does not depend on this row. */
	if (err != OK)
		log_event(LOG_ERROR_, "audit.failed", "connection", id, "reason", work->reason, NULL);
	work->practice = practice;
	work->actor = actor;
}

/* One failure is an accident, unless it is of a probe: that is asked for nothing else. */
static bool is_down_after(const struct place *place, bool answered, bool probed)
{
	return !answered && (place->down_us || probed || place->failures >= FAILURES_DOWN);
}

static bool note(struct work *work, const char *id, bool answered, bool probed)
{
	struct reaches *reach = work->app->reach;
	bool down = !answered, moved = false;

	pthread_mutex_lock(&reach->lock);
	struct place *place = find_or_make(reach, id);

	if (place) {
		bool was = place->down_us != 0;

		if (probed)
			place->busy = false;
		place->failures = answered ? 0 : place->failures + 1;
		down = is_down_after(place, answered, probed);
		moved = down != was;
		if (moved)
			place->down_us = down ? work->now_us : 0;
	}
	pthread_mutex_unlock(&reach->lock);
	if (moved)
		tell(work, id, down);
	return down;
}

/* ---- asking ---- */

/* True: it is the caller's to probe. */
static bool take_turn(struct work *work, const char *id, bool *down)
{
	struct reaches *reach = work->app->reach;
	bool mine = false;

	*down = false;
	pthread_mutex_lock(&reach->lock);
	struct place *place = find_or_make(reach, id);

	if (place) {
		*down = place->down_us != 0;
		mine = is_due(place, work->now_us);
	}
	if (mine) {
		place->busy = true;
		place->asked_us = work->now_us;
	}
	pthread_mutex_unlock(&reach->lock);
	return mine;
}

bool reach_ask(struct work *work, const struct connection *connection)
{
	bool down;

	if (!work->app->reach)
		return true;
	if (!take_turn(work, connection->id, &down))
		return !down;

	enum err err = connector_of(work, connection->protocol)->probe(work, connection);

	return !note(work, connection->id, err == OK, true);
}

bool reach_is_down(const struct work *work, const char *connection_id)
{
	int64_t down_since, asked_at;

	reach_facts(work, connection_id, &down_since, &asked_at);
	return down_since != 0;
}

void reach_note(struct work *work, const char *connection_id, bool answered)
{
	if (work->app->reach)
		(void)note(work, connection_id, answered, false); /* what is known then is not asked here */
}

void reach_facts(const struct work *work, const char *connection_id, int64_t *down_since, int64_t *asked_at)
{
	struct reaches *reach = work->app->reach;

	*down_since = *asked_at = 0;
	if (!reach)
		return;
	pthread_mutex_lock(&reach->lock);
	const struct place *place = find(reach, connection_id);

	if (place) {
		*down_since = place->down_us / 1000000;
		*asked_at = place->asked_us / 1000000;
	}
	pthread_mutex_unlock(&reach->lock);
}

/* ---- following ---- */

/* The one that is down and was looked at the longest ago; "" when none is due. */
static void next_down(struct work *work, char id[ID_SIZE])
{
	struct reaches *reach = work->app->reach;
	const struct place *next = NULL;

	pthread_mutex_lock(&reach->lock);
	for (size_t i = 0; i < PLACES; i++) {
		const struct place *place = &reach->places[i];

		if (place->down_us && is_due(place, work->now_us) &&
		    (!next || place->asked_us < next->asked_us))
			next = place;
	}
	(void)snprintf(id, ID_SIZE, "%s", next ? next->id : "");
	pthread_mutex_unlock(&reach->lock);
}

static void forget(struct work *work, const char *id)
{
	struct reaches *reach = work->app->reach;

	pthread_mutex_lock(&reach->lock);
	struct place *place = find(reach, id);

	if (place)
		place->down_us = 0;
	pthread_mutex_unlock(&reach->lock);
}

enum err reach_follow(struct work *work)
{
	char id[ID_SIZE] = "";

	if (work->app->reach)
		next_down(work, id);
	if (!id[0])
		return OK;

	const struct connection *connection = snapshot_connection(work->snapshot, id);

	if (connection && !connection->disabled && !connection->deleted)
		(void)reach_ask(work, connection); /* what it found stands in the table */
	else
		forget(work, id);
	return OK;
}

/* ---- the bulkhead ---- */

static unsigned half_of_lane(const struct work *work)
{
	int64_t half = work->app->config->limits.remote_threads / 2;

	return half < 1 ? 1 : (unsigned)half;
}

/* Under the lock. Full, but they come and go: a moment's wait is no thread lost, and a few who come at once,
 * or a stranger who comes again and again, turn nobody away. Where nobody comes out, nobody waits. */
static struct place *find_room(struct work *work, const char *id)
{
	struct reaches *reach = work->app->reach;
	struct place *place = find_or_make(reach, id);
	int64_t deadline = clock_monotonic_us() + FLOWING_US;
	const struct timespec until = { .tv_sec = (time_t)(deadline / 1000000),
					.tv_nsec = (long)(deadline % 1000000) * 1000 };

	while (place && place->inside >= half_of_lane(work) &&
	       clock_monotonic_us() - place->left_us < FLOWING_US &&
	       pthread_cond_timedwait(&reach->left, &reach->lock, &until) == 0)
		place = find_or_make(reach, id);
	return place;
}

enum err reach_enter(struct work *work, const char *connection_id, struct reach_visit *out)
{
	struct reaches *reach = work->app->reach;
	bool entered = false;

	if (!reach)
		return OK;
	pthread_mutex_lock(&reach->lock);
	struct place *place = find_room(work, connection_id);

	if (place && place->inside < half_of_lane(work)) {
		place->inside++;
		entered = true;
		*out = (struct reach_visit){ .reach = reach, .at = (size_t)(place - reach->places) };
	}
	pthread_mutex_unlock(&reach->lock);
	return entered ? OK : fault(work, ERR_UNAVAILABLE, "too many wait for connection %s", connection_id);
}

void reach_leave(struct reach_visit *visit)
{
	struct reaches *reach = TAKE(visit->reach);

	if (!reach)
		return;
	pthread_mutex_lock(&reach->lock);
	struct place *place = &reach->places[visit->at];

	assert(place->inside > 0);
	place->inside--;
	place->left_us = clock_monotonic_us();
	(void)pthread_cond_broadcast(&reach->left);
	pthread_mutex_unlock(&reach->lock);
}
