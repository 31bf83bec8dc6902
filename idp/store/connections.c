/* connections.c: the table connection. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/metadata.h"

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
	return metadata_delete(work, METADATA_OF_CONNECTION, id);
}
