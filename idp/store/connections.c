/* connections.c: the tables connection and connection_metadata. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/connections.h"
#include "store/db.h"

#define CONNECTION_COLUMNS "id, practice_id, protocol, name, declaration, secret, disabled, deleted_at"

static struct connection_row connection_from(const struct rows *rows, size_t i)
{
	return (struct connection_row){
		.id = rows_text(rows, i, 0),
		.practice_id = rows_text(rows, i, 1),
		.protocol = rows_text(rows, i, 2),
		.name = rows_text(rows, i, 3),
		.declaration = rows_text(rows, i, 4),
		.secret = rows_bytes(rows, i, 5),
		.disabled = rows_bool(rows, i, 6),
		.deleted = !rows_null(rows, i, 7),
	};
}

static const char find_connection[] = "SELECT " CONNECTION_COLUMNS " FROM connection WHERE id = $1";

enum err connections_find(struct work *work, const char *id, struct connection_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_connection, V_TEXT(id)));
	*found = rows.count == 1;
	if (*found)
		*out = connection_from(&rows, 0);
	return OK;
}

static const char all_connections[] = "SELECT " CONNECTION_COLUMNS " FROM connection";

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct connection_row *)a)->id, ((const struct connection_row *)b)->id);
}

/* Sorted in C, since the engines' collations differ. */
enum err connections_all(struct work *work, struct connection_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_connections, V_NULL()));
	struct connection_row *list = arena_array(work->arena, struct connection_row, rows.count + 1);

	for (size_t i = 0; i < rows.count; i++)
		list[i] = connection_from(&rows, i);
	qsort(list, rows.count, sizeof *list, by_id);
	*out = list;
	*count = rows.count;
	return OK;
}

/* An id stays with its practice and its protocol, and what was deleted stays deleted. */
static const char put_connection[] =
	"INSERT INTO connection (id, practice_id, protocol, name, declaration, secret, disabled, created_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	" ON CONFLICT (id) DO UPDATE SET name = excluded.name, declaration = excluded.declaration,"
	" secret = COALESCE(excluded.secret, connection.secret), disabled = excluded.disabled"
	" WHERE connection.practice_id = excluded.practice_id AND connection.protocol = excluded.protocol"
	" AND connection.deleted_at IS NULL RETURNING id";

enum err connections_put(struct work *work, const struct connection_row *row)
{
	struct rows rows;

	TRY(db_run(work, &rows, put_connection, V_TEXT(row->id), V_TEXT(row->practice_id),
		   V_TEXT(row->protocol), V_TEXT(row->name), V_TEXT(row->declaration), V_BYTES(row->secret),
		   V_BOOL(row->disabled), V_INT(work->now)));
	return rows.count == 1 ? OK : fault(work, ERR_CONFLICT, "connection %s is taken", row->id);
}

/* The id stays as a tombstone. */
static const char retire_connection[] =
	"UPDATE connection SET disabled = TRUE, secret = NULL, deleted_at = $2"
	" WHERE id = $1 AND deleted_at IS NULL";

enum err connections_retire(struct work *work, const char *id)
{
	TRY(db_run(work, NULL, retire_connection, V_TEXT(id), V_INT(work->now)));
	return connection_metadata_delete(work, id);
}

/* --- metadata by address -------------------------------------------------------------------------------- */

#define METADATA_COLUMNS "connection_id, xml, etag, fetched_at, next_at, valid_until, trouble"

static struct connection_metadata metadata_from(const struct rows *rows, size_t i)
{
	return (struct connection_metadata){
		.connection_id = rows_text(rows, i, 0),
		.xml = rows_text(rows, i, 1),
		.etag = rows_text(rows, i, 2),
		.fetched_at = rows_int(rows, i, 3),
		.next_at = rows_int(rows, i, 4),
		.valid_until = rows_int(rows, i, 5),
		.trouble = rows_text(rows, i, 6),
	};
}

static void metadata_one(const struct rows *rows, struct connection_metadata *out, bool *found)
{
	*found = rows->count == 1;
	if (*found)
		*out = metadata_from(rows, 0);
}

static const char find_metadata[] =
	"SELECT " METADATA_COLUMNS " FROM connection_metadata WHERE connection_id = $1";

enum err connection_metadata_find(struct work *work, const char *id, struct connection_metadata *out,
				  bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_metadata, V_TEXT(id)));
	metadata_one(&rows, out, found);
	return OK;
}

static const char all_metadata[] = "SELECT " METADATA_COLUMNS " FROM connection_metadata";

static int by_connection(const void *a, const void *b)
{
	return strcmp(((const struct connection_metadata *)a)->connection_id,
		      ((const struct connection_metadata *)b)->connection_id);
}

enum err connection_metadata_all(struct work *work, struct connection_metadata **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_metadata, V_NULL()));
	struct connection_metadata *list =
		arena_array(work->arena, struct connection_metadata, rows.count + 1);

	for (size_t i = 0; i < rows.count; i++)
		list[i] = metadata_from(&rows, i);
	qsort(list, rows.count, sizeof *list, by_connection);
	*out = list;
	*count = rows.count;
	return OK;
}

static const char put_metadata[] =
	"INSERT INTO connection_metadata (" METADATA_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)"
	" ON CONFLICT (connection_id) DO UPDATE SET xml = excluded.xml, etag = excluded.etag,"
	" fetched_at = excluded.fetched_at, next_at = excluded.next_at, valid_until = excluded.valid_until,"
	" trouble = excluded.trouble";

enum err connection_metadata_put(struct work *work, const struct connection_metadata *row)
{
	return db_run(work, NULL, put_metadata, V_TEXT(row->connection_id), V_TEXT(row->xml),
		      V_TEXT(row->etag), V_TIME(row->fetched_at), V_INT(row->next_at),
		      V_TIME(row->valid_until), V_TEXT(row->trouble));
}

static const char delete_metadata[] = "DELETE FROM connection_metadata WHERE connection_id = $1";

enum err connection_metadata_delete(struct work *work, const char *id)
{
	return db_run(work, NULL, delete_metadata, V_TEXT(id));
}

/* The outer next_at is read again under the row's lock: of two nodes that saw the row due, the second finds
 * it leased. */
static const char take_metadata[] = "UPDATE connection_metadata SET next_at = $2 WHERE connection_id IN"
				    " (SELECT connection_id FROM connection_metadata WHERE next_at <= $1"
				    " ORDER BY next_at, connection_id LIMIT 1)"
				    " AND next_at <= $1 RETURNING " METADATA_COLUMNS;
enum { LEASE = 60 };

enum err connection_metadata_take(struct work *work, struct connection_metadata *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, take_metadata, V_INT(work->now), V_INT(work->now + LEASE)));
	metadata_one(&rows, out, found);
	return OK;
}

static const char keep_metadata[] =
	"UPDATE connection_metadata SET xml = $2, etag = $3, fetched_at = $4, next_at = $5, valid_until = $6,"
	" trouble = $7 WHERE connection_id = $1 AND next_at = $8 RETURNING 1";

enum err connection_metadata_keep(struct work *work, const struct connection_metadata *row, int64_t lease,
				  bool *won)
{
	struct rows rows;

	TRY(db_run(work, &rows, keep_metadata, V_TEXT(row->connection_id), V_TEXT(row->xml),
		   V_TEXT(row->etag), V_TIME(row->fetched_at), V_INT(row->next_at), V_TIME(row->valid_until),
		   V_TEXT(row->trouble), V_INT(lease)));
	*won = rows.count == 1;
	return OK;
}
