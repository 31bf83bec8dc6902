/* metadata.c: the tables app_metadata and connection_metadata, which differ in the name of their key alone.
 */
#include "store/metadata.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/db.h"

enum { LEASE = 60 };

/* Of take the outer next_at is read again under the row's lock: of two nodes that saw the row due, the second
 * finds it leased. */
#define COLUMNS(id) id ", xml, etag, fetched_at, next_at, valid_until, trouble"
#define TEXTS(table, id)                                                                                     \
	{                                                                                                    \
		.find = "SELECT " COLUMNS(id) " FROM " table " WHERE " id " = $1",                           \
		.all = "SELECT " COLUMNS(id) " FROM " table,                                                 \
		.put = "INSERT INTO " table                                                                  \
		       " (" COLUMNS(id) ") VALUES ($1, $2, $3, $4, $5, $6, $7)"                              \
					" ON CONFLICT (" id                                                  \
					") DO UPDATE SET xml = excluded.xml, etag = excluded.etag,"          \
					" fetched_at = excluded.fetched_at, next_at = excluded.next_at,"     \
					" valid_until = excluded.valid_until, trouble = excluded.trouble",   \
		.remove = "DELETE FROM " table " WHERE " id " = $1",                                         \
		.take = "UPDATE " table " SET next_at = $2 WHERE " id " IN (SELECT " id " FROM " table       \
			" WHERE next_at <= $1 ORDER BY next_at, " id " LIMIT 1)"                             \
			" AND next_at <= $1 RETURNING " COLUMNS(id),                                         \
		.keep = "UPDATE " table " SET xml = $2, etag = $3, fetched_at = $4, next_at = $5,"           \
			" valid_until = $6, trouble = $7 WHERE " id " = $1 AND next_at = $8 RETURNING 1",    \
	}

static const struct {
	const char *find, *all, *put, *remove, *take, *keep;
} texts[] = {
	[METADATA_OF_APP] = TEXTS("app_metadata", "client_id"),
	[METADATA_OF_CONNECTION] = TEXTS("connection_metadata", "connection_id"),
};

static struct metadata_row row_from(const struct rows *rows, size_t i)
{
	return (struct metadata_row){
		.owner = rows_text(rows, i, 0),
		.xml = rows_text(rows, i, 1),
		.etag = rows_text(rows, i, 2),
		.fetched_at = rows_int(rows, i, 3),
		.next_at = rows_int(rows, i, 4),
		.valid_until = rows_int(rows, i, 5),
		.trouble = rows_text(rows, i, 6),
	};
}

static void the_one(const struct rows *rows, struct metadata_row *out, bool *found)
{
	*found = rows->count == 1;
	if (*found)
		*out = row_from(rows, 0);
}

enum err metadata_find(struct work *work, enum metadata_side side, const char *owner,
		       struct metadata_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, texts[side].find, V_TEXT(owner)));
	the_one(&rows, out, found);
	return OK;
}

static int by_owner(const void *a, const void *b)
{
	return strcmp(((const struct metadata_row *)a)->owner, ((const struct metadata_row *)b)->owner);
}

/* Sorted in C, since the engines' collations differ. */
enum err metadata_all(struct work *work, enum metadata_side side, struct metadata_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, texts[side].all, V_NULL()));
	struct metadata_row *list = arena_array(work->arena, struct metadata_row, rows.count + 1);

	for (size_t i = 0; i < rows.count; i++)
		list[i] = row_from(&rows, i);
	qsort(list, rows.count, sizeof *list, by_owner);
	*out = list;
	*count = rows.count;
	return OK;
}

const struct metadata_row *metadata_in(const struct metadata_row *list, size_t count, const char *owner)
{
	const struct metadata_row wanted = { .owner = owner };

	return count ? bsearch(&wanted, list, count, sizeof *list, by_owner) : NULL;
}

enum err metadata_put(struct work *work, enum metadata_side side, const struct metadata_row *row)
{
	return db_run(work, NULL, texts[side].put, V_TEXT(row->owner), V_TEXT(row->xml), V_TEXT(row->etag),
		      V_TIME(row->fetched_at), V_INT(row->next_at), V_TIME(row->valid_until),
		      V_TEXT(row->trouble));
}

enum err metadata_delete(struct work *work, enum metadata_side side, const char *owner)
{
	return db_run(work, NULL, texts[side].remove, V_TEXT(owner));
}

enum err metadata_take(struct work *work, enum metadata_side side, struct metadata_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, texts[side].take, V_INT(work->now), V_INT(work->now + LEASE)));
	the_one(&rows, out, found);
	return OK;
}

enum err metadata_keep(struct work *work, enum metadata_side side, const struct metadata_row *row,
		       int64_t lease, bool *won)
{
	struct rows rows;

	TRY(db_run(work, &rows, texts[side].keep, V_TEXT(row->owner), V_TEXT(row->xml), V_TEXT(row->etag),
		   V_TIME(row->fetched_at), V_INT(row->next_at), V_TIME(row->valid_until),
		   V_TEXT(row->trouble), V_INT(lease)));
	*won = rows.count == 1;
	return OK;
}
