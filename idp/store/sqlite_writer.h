/* sqlite_writer.h: SQLite's one writer, shared by all threads. For this room alone.
 *
 * Who wants to write enters and leaves. The order is fair (first come, first served) and waiting
 * ends after three seconds. Whoever leaves while others wait hands the open transaction on to the
 * next, so that many share one COMMIT and one fsync; each returns only when that COMMIT is on
 * disk. If it fails, all that were in it fail. */
#ifndef STORE_SQLITE_WRITER_H
#define STORE_SQLITE_WRITER_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/base.h"

#include "store/statement.h"

/* One thread's place in the queue, then in the batch. */
struct seat {
	struct seat *next;
	pthread_cond_t wake;
	bool granted; /* has the writer */
	bool settled; /* its batch is over ... */
	bool stored;  /* ... and on disk */
};

struct writer {
	sqlite3 *handle;
	struct statements kept; /* of the handle; for whoever has the writer */
	pthread_mutex_t mutex;  /* guards what follows */
	bool taken;
	struct seat *waiting; /* in order */
	struct seat *members; /* whose work waits for the commit */
	unsigned member_count;
	bool open; /* BEGIN was run */
	int64_t began_us;
};

void writer_init(struct writer *writer, sqlite3 *handle);
void writer_done(struct writer *writer);
void seat_init(struct seat *seat);
void seat_done(struct seat *seat);

/* Takes the writer and sees to it that a transaction is open. False: not within the deadline, or
 * another process holds the file; *why says which. */
bool writer_enter(struct writer *writer, struct seat *seat, const char **why) MUST_USE;
/* Gives the writer back; true when what was done since enter is on disk. */
bool writer_leave(struct writer *writer, struct seat *seat) MUST_USE;
/* Gives it back with nothing to keep: the caller has undone what it did. */
void writer_quit(struct writer *writer, struct seat *seat);

#endif
