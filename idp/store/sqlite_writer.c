/* sqlite_writer.c: a fair lock with group commit over one SQLite connection. */
#include "base/base.h"
#include "base/clock.h"

#include "store/driver.h"
#include "store/sqlite_writer.h"

enum { BATCH_MEMBERS = 64, BATCH_US = 2000 };

void writer_init(struct writer *writer, sqlite3 *handle)
{
	*writer = (struct writer){ .handle = handle };
	pthread_mutex_init(&writer->mutex, NULL);
}

static void finalize(void *handle)
{
	sqlite3_finalize(handle);
}

void writer_done(struct writer *writer)
{
	statements_forget(&writer->kept, finalize);
	sqlite3_close(writer->handle);
	pthread_mutex_destroy(&writer->mutex);
}

void seat_init(struct seat *seat)
{
	pthread_condattr_t attr;

	*seat = (struct seat){ 0 };
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&seat->wake, &attr);
	pthread_condattr_destroy(&attr);
}

void seat_done(struct seat *seat)
{
	pthread_cond_destroy(&seat->wake);
}

/* Waits until *flag, with the mutex held; false when the deadline came first. */
static bool wait_for(struct writer *writer, struct seat *seat, const bool *flag, int64_t deadline_us)
{
	const struct timespec until = { .tv_sec = deadline_us / 1000000,
					.tv_nsec = deadline_us % 1000000 * 1000 };

	while (!*flag) {
		if (pthread_cond_timedwait(&seat->wake, &writer->mutex, &until) == ETIMEDOUT)
			return *flag;
	}
	return true;
}

static void unlist(struct seat **list, const struct seat *seat)
{
	while (*list && *list != seat)
		list = &(*list)->next;
	if (*list)
		*list = seat->next;
}

/* With the mutex held: the writer goes to who waited longest. */
static void pass_on(struct writer *writer)
{
	struct seat *next = writer->waiting;

	if (!next) {
		writer->taken = false;
		return;
	}
	writer->waiting = next->next;
	next->next = NULL;
	next->granted = true;
	pthread_cond_signal(&next->wake);
}

static bool take(struct writer *writer, struct seat *seat)
{
	bool granted = true;

	pthread_mutex_lock(&writer->mutex);
	if (writer->taken) {
		struct seat **last = &writer->waiting;

		while (*last)
			last = &(*last)->next;
		seat->next = NULL;
		seat->granted = false;
		*last = seat;
		granted = wait_for(writer, seat, &seat->granted, clock_monotonic_us() + STORE_DEADLINE_US);
		if (!granted)
			unlist(&writer->waiting, seat);
	}
	if (granted)
		writer->taken = true;
	pthread_mutex_unlock(&writer->mutex);
	return granted;
}

/* With the mutex held: everyone of the batch learns how it ended. */
static void settle(struct writer *writer, bool stored)
{
	struct seat *next;

	for (struct seat *seat = writer->members; seat; seat = next) {
		next = seat->next;
		seat->stored = stored;
		seat->settled = true;
		pthread_cond_signal(&seat->wake);
	}
	writer->members = NULL;
	writer->member_count = 0;
	writer->open = false;
}

bool writer_enter(struct writer *writer, struct seat *seat, const char **why)
{
	if (!take(writer, seat)) {
		*why = "the writer was busy for 3 s";
		return false;
	}
	if (writer->open)
		return true;
	/* IMMEDIATE: another process (a command) may write the same file; wait for it here. */
	if (sqlite3_exec(writer->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
		writer->open = true;
		writer->began_us = clock_monotonic_us();
		return true;
	}
	*why = sqlite3_errstr(sqlite3_extended_errcode(writer->handle));
	pthread_mutex_lock(&writer->mutex);
	pass_on(writer);
	pthread_mutex_unlock(&writer->mutex);
	return false;
}

/* Ends the transaction that the batch shares; the fsync happens here, without the mutex, while the
 * next batch gathers in the queue. */
static bool finish(struct writer *writer, bool any)
{
	if (any && sqlite3_exec(writer->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	if (!sqlite3_get_autocommit(writer->handle))
		sqlite3_exec(writer->handle, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

static bool may_stay_open(const struct writer *writer)
{
	return writer->waiting && writer->member_count < BATCH_MEMBERS &&
	       clock_monotonic_us() - writer->began_us < BATCH_US;
}

/* Who keeps nothing still waits where others' work is not on disk yet: it may have decided by what it saw of
 * them ("somebody was faster"), and what it reads next must not be older than that. */
static bool leave(struct writer *writer, struct seat *seat, bool keep)
{
	/* Some errors (a full disk) make SQLite roll back everything, the others' work too. */
	bool lost = sqlite3_get_autocommit(writer->handle);
	bool stored = true;

	pthread_mutex_lock(&writer->mutex);
	bool waits = keep || writer->member_count > 0;

	if (waits) {
		seat->settled = false;
		seat->next = writer->members;
		writer->members = seat;
		writer->member_count++;
	}
	if (lost || !may_stay_open(writer)) {
		bool any = writer->member_count > 0;

		pthread_mutex_unlock(&writer->mutex);
		stored = finish(writer, any && !lost);
		pthread_mutex_lock(&writer->mutex);
		settle(writer, stored);
	}
	pass_on(writer);
	if (waits && !wait_for(writer, seat, &seat->settled, clock_monotonic_us() + STORE_DEADLINE_US)) {
		/* Whether it will be on disk nobody knows now. */
		unlist(&writer->members, seat);
		stored = false;
	} else if (waits) {
		stored = seat->stored;
	}
	pthread_mutex_unlock(&writer->mutex);
	return stored;
}

bool writer_leave(struct writer *writer, struct seat *seat)
{
	return leave(writer, seat, true);
}

void writer_quit(struct writer *writer, struct seat *seat)
{
	(void)leave(writer, seat, false); /* there is nothing of the caller's that could be lost */
}
