/* append.c: the queue of appended rows and the thread that commits them together. */
#include <semaphore.h>
#include <signal.h>

#include "base/base.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"

#include "store/driver.h"

void appender_init(struct appender *appender)
{
	appender->end = &appender->first;
	pthread_mutex_init(&appender->lock, NULL);
	pthread_cond_init(&appender->filled, NULL);
}

void append_failed(struct append *append, enum err err, const char *why)
{
	if (append->err != OK)
		return;
	append->err = err;
	snprintf(append->why, sizeof append->why, "%s", why ? why : ""); /* cut when long */
}

/* ---- the thread ---- */

/* Up to APPEND_ROWS rows from the head of the queue, at least one work's; ends with NULL. */
static struct append *take_batch(struct appender *appender)
{
	struct append *batch = appender->first, *last = batch;
	size_t rows = last->count;

	while (last->next && rows + last->next->count <= APPEND_ROWS) {
		last = last->next;
		rows += last->count;
	}
	appender->first = last->next;
	if (!appender->first)
		appender->end = &appender->first;
	last->next = NULL;
	return batch;
}

/* Whoever waited too long is told so instead of being written: nobody waits longer than that for the store.
 */
static struct append *drop_late(struct append **batch)
{
	int64_t before = clock_monotonic_us() - STORE_DEADLINE_US;
	struct append *late = NULL;

	for (struct append **at = batch; *at;) {
		struct append *one = *at;

		if (one->since_us >= before) {
			at = &one->next;
			continue;
		}
		append_failed(one, ERR_STORE, "no turn in time");
		*at = one->next;
		one->next = late;
		late = one;
	}
	return late;
}

/* What is told may be gone at once. */
static void tell(struct append *batch)
{
	while (batch) {
		struct append *next = batch->next;

		batch->then(batch->thing, batch->err, batch->err == OK ? NULL : batch->why);
		batch = next;
	}
}

static void note_state(struct store *store, const struct append *batch)
{
	enum err err = OK;

	for (; batch; batch = batch->next)
		err = batch->err == ERR_STORE ? ERR_STORE : err;
	store_note(store, err);
}

static void serve(struct store *store, struct db *db, struct arena *arena, struct append *batch)
{
	struct work work;

	tell(drop_late(&batch));
	if (!batch)
		return;
	work_begin(&work, NULL, db, arena);
	if (db)
		store->driver->append(db, &work, batch);
	else
		for (struct append *one = batch; one; one = one->next)
			append_failed(one, ERR_STORE, "the store cannot be opened");
	work_end(&work);
	note_state(store, batch);
	tell(batch);
	arena_reset(arena);
}

static struct append *next_batch(struct appender *appender)
{
	pthread_mutex_lock(&appender->lock);
	while (!appender->first && !appender->stopping)
		pthread_cond_wait(&appender->filled, &appender->lock);
	struct append *batch = appender->first ? take_batch(appender) : NULL;
	pthread_mutex_unlock(&appender->lock);
	return batch;
}

static void *run(void *argument)
{
	struct store *store = argument;
	AUTO(arena_done) struct arena *arena = arena_new();
	struct db *db = NULL;
	struct append *batch;

	(void)pthread_setname_np(pthread_self(), "append"); /* a name for people only */
	while ((batch = next_batch(&store->appender))) {
		if (!db)
			db = db_open(store);
		serve(store, db, arena, batch);
	}
	db_close(db);
	return NULL;
}

/* With the lock held. Signals belong to the main thread. */
static bool start(struct store *store)
{
	struct appender *appender = &store->appender;
	sigset_t all, before;

	if (appender->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	appender->started = pthread_create(&appender->thread, NULL, run, store) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return appender->started;
}

void appender_done(struct appender *appender)
{
	pthread_mutex_lock(&appender->lock);
	appender->stopping = true;
	pthread_cond_signal(&appender->filled);
	bool started = appender->started;
	pthread_mutex_unlock(&appender->lock);
	if (started)
		pthread_join(appender->thread, NULL);
	pthread_cond_destroy(&appender->filled);
	pthread_mutex_destroy(&appender->lock);
}

/* ---- those who have rows ---- */

void append_note(struct work *work, const struct call *call)
{
	struct append_row *row = arena_new_of(work->arena, struct append_row);
	struct append_row **end;

	if (!work->noted)
		work->noted = arena_new_of(work->arena, struct append);
	for (end = &work->noted->rows; *end; end = &(*end)->next)
		;
	row->call = db_call_values(work, NULL, call->sql, call->values, call->count);
	row->practice = arena_text(work->arena, work->practice);
	*end = row;
	work->noted->count++;
}

void append_submit(struct store *store, struct append *append)
{
	struct appender *appender = &store->appender;

	append->since_us = clock_monotonic_us();
	pthread_mutex_lock(&appender->lock);
	bool runs = start(store);
	bool first = !appender->first;

	if (runs) {
		*appender->end = append;
		appender->end = &append->next;
	}
	pthread_mutex_unlock(&appender->lock);
	/* Who finds others waiting need not wake anybody. Afterwards: who wakes wants the lock at once. */
	if (runs && first)
		pthread_cond_signal(&appender->filled);
	if (!runs)
		append->then(append->thing, ERR_STORE, "the thread that appends cannot be started");
}

struct waiter {
	sem_t told;
	enum err err;
	char why[160];
};

static void wake(void *thing, enum err err, const char *why)
{
	struct waiter *waiter = thing;

	waiter->err = err;
	snprintf(waiter->why, sizeof waiter->why, "%s", why ? why : ""); /* as long as the append's own */
	sem_post(&waiter->told);
}

enum err append_wait(struct store *store, struct work *work, const struct call *call)
{
	struct waiter waiter;
	struct append_row row = { .call = *call, .practice = work->practice };
	struct append append = { .rows = &row, .count = 1, .then = wake, .thing = &waiter };

	sem_init(&waiter.told, 0, 0);
	append_submit(store, &append);
	while (sem_wait(&waiter.told) != 0)
		; /* a signal */
	sem_destroy(&waiter.told);
	return waiter.err == OK ? OK : fault(work, waiter.err, "%s", waiter.why);
}
