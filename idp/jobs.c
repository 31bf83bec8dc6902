/* jobs.c: periodic work: a table of {name, every, run}, grouped into threads so that nothing that waits for
 * another server holds up what follows the store. */
#include "jobs.h"

#include <pthread.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "health.h"
#include "keys/keyring.h"
#include "keys/password.h"
#include "login/logout.h"
#include "login/reach.h"
#include "oidc/upstream_recheck.h"
#include "people/audit.h"
#include "saml/refresh.h"
#include "store/db.h"
#include "store/outbox.h"
#include "store/snapshot.h"
#include "store/sweep.h"

#define MESSAGE_LEASE 30             /* seconds a message belongs to its sender */
#define MESSAGE_LIFE  (24 * 60 * 60) /* an app that did not listen for a day will not */
#define TICK_US       50000

struct job {
	const char *name;
	int64_t every_ms;
	enum err (*run)(struct work *work);
};

/* --- following the store
 * ------------------------------------------------------------------------------------ */

static enum err follow_snapshot(struct work *w)
{
	return snapshots_refresh(w, false);
}

static enum err follow_clock(struct work *w)
{
	int64_t offset = 0;

	TRY(store_measure_clock(w, &offset));
	clock_set_offset_us(offset);
	health_clock_drift(offset);
	return OK;
}

/* Old buffers are given back; a key whose time has come makes room for the next one. */
static enum err trim_passwords(struct work *w)
{
	passwords_trim(w->app->passwords);
	return OK;
}

static enum err rotate_due_keys(struct work *w)
{
	const char *alg = keyring_due(w->app->keyring, w->now);

	if (!alg)
		return OK;
	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(keyring_rotate(w, alg, false));
	TRY(audit(w, &(struct audit_note){ .event = EVENT_KEYS_ROTATED,
					   .target_kind = "algorithm",
					   .target_id = alg,
					   .reason = "due" }));
	TRY(tx_commit(&tx));
	return keyring_refresh(w);
}

static const struct job following[] = {
	{ "snapshot", 250, follow_snapshot },
	{ "keys", 1000, keyring_refresh },
	{ "clock", 5000, follow_clock },
	{ 0 },
};

/* --- sending
 * -------------------------------------------------------------------------------------------------- */

static const struct participant *participant_of(const struct app *app, const char *kind)
{
	for (size_t at = 0; app->participants && app->participants[at]; at++) {
		if (strcmp(app->participants[at]->kind, kind) == 0)
			return app->participants[at];
	}
	return NULL;
}

/* Delivered, given up, or later. A kind that nobody knows is an older version's: it is given up. */
static enum err send_one(struct work *w, const struct outbox_row *row)
{
	const struct participant *participant = participant_of(w->app, row->kind);

	w->practice = row->practice_id;
	if (!participant || row->created_at + MESSAGE_LIFE < w->now)
		return outbox_done(w, row->id);
	if (participant->send(w, row) == OK)
		return outbox_done(w, row->id);
	return outbox_later(w, row);
}

static enum err send_due(struct work *w)
{
	struct outbox_list due = { 0 };

	TRY(outbox_take(w, MESSAGE_LEASE, 4, &due));
	for (size_t at = 0; at < due.count; at++)
		TRY(send_one(w, &due.rows[at]));
	return OK;
}

static const struct job sending[] = {
	{ "outbox", 200, send_due },
	{ 0 },
};

/* --- asking
 * --------------------------------------------------------------------------------------------------- */

static const struct job asking[] = {
	{ "metadata", 2000, metadata_refresh_due },
	{ "reach", 1000, reach_follow },
	{ 0 },
};

/* A thread of its own: providers that are slow to answer must not hold up who looks whether others are back.
 */
static const struct job rechecking[] = {
	{ "recheck", 1000, upstream_recheck_due },
	{ 0 },
};

/* --- tidying
 * -------------------------------------------------------------------------------------------------- */

static enum err tidy(struct work *w)
{
	size_t removed = 0;

	TRY(sweep(w, &removed));
	if (removed > 0)
		log_print(LOG_DEBUG, "swept", "%zu rows", removed);
	return OK;
}

static const struct job tidying[] = {
	{ "passwords", 5000, trim_passwords },
	{ "rotation", 60000, rotate_due_keys },
	{ "sweep", 20000, tidy },
	{ 0 },
};

/* --- threads
 * -------------------------------------------------------------------------------------------------- */

static const struct job *const plan[] = { following, tidying, sending, sending, sending, asking, rechecking };

struct runner {
	struct jobs *jobs;
	const struct job *list;
	pthread_t thread;
	bool runs;
};

struct jobs {
	struct app *app;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool over;
	struct runner runners[COUNT(plan)];
};

/* Rests on the clock that nobody sets: a step back of the other one would stretch a rest by as much, and the
 * node would go on with its old picture of apps and practices all the while. */
static void wake_init(pthread_cond_t *wake)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* False when it is time to go. */
static bool rest(struct jobs *jobs)
{
	struct timespec until;
	bool over;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_US * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&jobs->lock);
	if (!jobs->over)
		(void)pthread_cond_timedwait(&jobs->wake, &jobs->lock, &until);
	over = jobs->over;
	pthread_mutex_unlock(&jobs->lock);
	return !over;
}

/* The first failure of a row of them is said; the rest would only repeat it. */
static void run_job(struct runner *runner, const struct job *job, struct db *db, struct arena *arena,
		    bool *failing)
{
	struct work w;

	work_begin(&w, runner->jobs->app, db, arena);
	w.actor = (struct actor){ .kind = ACTOR_SYSTEM, .id = job->name };
	enum err err = job->run(&w);
	if (err != OK && !*failing)
		log_event(LOG_WARN, "job.failed", "job", job->name, "code", error_row(err)->word, "reason",
			  w.reason, NULL);
	*failing = err != OK;
	work_end(&w);
	arena_reset(arena);
}

static void *run(void *argument)
{
	struct runner *runner = argument;
	AUTO(arena_done) struct arena *arena = arena_new();
	struct db *db = NULL;
	int64_t due[4] = { 0 };
	bool failing[4] = { false };

	do {
		if (!db)
			db = db_open(runner->jobs->app->store);
		for (size_t at = 0; db && runner->list[at].name; at++) {
			assert(at < COUNT(due));
			if (clock_monotonic_us() < due[at])
				continue;
			run_job(runner, &runner->list[at], db, arena, &failing[at]);
			due[at] = clock_monotonic_us() + runner->list[at].every_ms * 1000;
		}
	} while (rest(runner->jobs));
	if (db)
		db_close(db);
	return NULL;
}

struct jobs *jobs_start(struct app *app)
{
	struct jobs *jobs = calloc(1, sizeof *jobs);

	if (!jobs)
		abort();
	jobs->app = app;
	pthread_mutex_init(&jobs->lock, NULL);
	wake_init(&jobs->wake);
	for (size_t at = 0; at < COUNT(plan); at++) {
		struct runner *runner = &jobs->runners[at];
		runner->jobs = jobs;
		runner->list = plan[at];
		runner->runs = pthread_create(&runner->thread, NULL, run, runner) == 0;
		if (!runner->runs)
			log_print(LOG_ERROR_, "job.failed", "could not start a thread for %s",
				  plan[at]->name);
	}
	return jobs;
}

void jobs_stop(struct jobs *jobs)
{
	if (!jobs)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->over = true;
	pthread_cond_broadcast(&jobs->wake);
	pthread_mutex_unlock(&jobs->lock);
	for (size_t at = 0; at < COUNT(plan); at++) {
		if (jobs->runners[at].runs)
			(void)pthread_join(jobs->runners[at].thread, NULL);
	}
	pthread_cond_destroy(&jobs->wake);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}
