/* pg_store.h: what the files of the PostgreSQL driver share. For this room alone. */
#ifndef STORE_PG_STORE_H
#define STORE_PG_STORE_H

#include "base/base.h"

#include "store/driver.h"
#include "store/pg_wire.h"

struct pg_store {
	struct store base;
	struct pg_address address;
	/* After a failed connect one thread tries now and then, the others fail at once. */
	_Atomic int64_t down_until_us;
	_Atomic int64_t backoff_us;
};

/* Statements of tx_also, waiting for the next exchange. */
struct pending {
	struct call call;
	const char *practice;
};
enum { PENDING_MAX = 32 };

struct pg_db {
	struct db base;
	struct wire wire;
	struct pending pending[PENDING_MAX];
	size_t pending_count;
};

/* Connected when it answers OK; never inside a transaction that has begun. */
enum err pg_ready(struct pg_db *db, struct work *work, int64_t deadline_us) MUST_USE;
/* pg_append.c */
void pg_append(struct db *base, struct work *work, struct append *batch);
/* pg_schema.c: migrates as the role of the address. */
enum err pg_schema_ready(const struct pg_address *address, char *message, size_t size) MUST_USE;

#endif
