/* driver.h: between db.c and the two engines. For this room alone.
 *
 * db.c keeps the rules that hold on both (a broken transaction stays broken, what is noted for
 * readiness, fault points); a driver moves statements. Each returns fault() of the work it was
 * given and leaves its connection usable, whatever happened. */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

#include "store/append.h"
#include "store/db.h"

enum { STORE_DEADLINE_US = 3000000 }; /* nobody waits longer for an answer of the store */

struct driver {
	struct db *(*connect)(struct store *store);
	void (*disconnect)(struct db *db);
	enum err (*run)(struct db *db, struct work *work, const struct call *calls, size_t count);
	enum err (*also)(struct db *db, struct work *work, const struct call *call);
	enum err (*commit)(struct db *db, struct work *work);
	void (*rollback)(struct db *db, struct work *work);
	void (*append)(struct db *db, struct work *work, struct append *batch); /* see append.h */
	enum err (*clock)(struct work *work, int64_t *store_us);                /* NULL: it has ours */
	void (*close)(struct store *store);
};

struct store {
	const struct driver *driver;
	_Atomic int64_t failed_at_us; /* monotonic; 0: the last statement went through */
	pthread_mutex_t clock_lock;
	int64_t clock_offset_us;
	struct appender appender;
};

struct db {
	struct store *store;
	struct tx tx; /* the open one; callers hold copies that name the same work */
};

/* The engines' doors: on failure message says why and what to do. */
enum err sqlite_open(const char *path, struct store **out, char *message, size_t size) MUST_USE;
enum err pg_open(const char *address, const char *ca_file, struct store **out, char *message,
		 size_t size) MUST_USE;

void store_init(struct store *store, const struct driver *driver);
/* How a statement ended, for store_is_up. */
void store_note(struct store *store, enum err err);

#endif
