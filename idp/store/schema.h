/* schema.h: brings a store to the newest schema. For this room alone.
 *
 * The files schema/NNN-name.sql are run in order, each once, all in one transaction under a lock,
 * so that any number of processes may start at once. The number in the name is the version;
 * setting 'schema' keeps it. What one dialect cannot say (walls, append-only tables) each engine
 * adds afterwards in finish(). */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "base/base.h"

struct migrator {
	void *context;
	char *message; /* whoever fails says why here */
	size_t message_size;
	const char *begin;       /* opens the transaction and takes the lock */
	const char *has_setting; /* answers 1 when the table setting exists, else 0 */
	enum err (*run)(struct migrator *m, const char *sql); /* may be several statements */
	/* One number; value (NULL: none) is $1. */
	enum err (*ask)(struct migrator *m, const char *sql, const char *value, int64_t *out);
	/* walled: table names with a space between; migrated: false when nothing was to be done. */
	enum err (*finish)(struct migrator *m, const char *walled, bool migrated);
};

enum err schema_migrate(struct migrator *m) MUST_USE;

#endif
