/* roles.c: roles and who holds them, as rows. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/db.h"
#include "store/roles.h"

static const char roles_of_practice[] = "SELECT id, name, inherits, permissions, built_in, additive, "
					"deleted_at FROM role WHERE practice_id = $1 ORDER BY id";

enum err roles_of(struct work *work, struct role_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, roles_of_practice, V_TEXT(work->practice)));
	*out = arena_array(work->arena, struct role_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = (struct role_row){
			.id = rows_text(&rows, i, 0),
			.name = rows_text(&rows, i, 1),
			.inherits = rows_text(&rows, i, 2),
			.permissions = rows_text(&rows, i, 3),
			.built_in = rows_bool(&rows, i, 4),
			.additive = rows_bool(&rows, i, 5),
			.deleted = !rows_null(&rows, i, 6),
		};
	return OK;
}

static const char put_role[] =
	"INSERT INTO role (practice_id, id, name, built_in, additive, inherits, permissions) VALUES ($1, $2, "
	"$3, $4, $5, $6, $7)"
	" ON CONFLICT (practice_id, id) DO UPDATE SET name = excluded.name, built_in = excluded.built_in,"
	" additive = excluded.additive, inherits = excluded.inherits, permissions = excluded.permissions";

enum err roles_put(struct work *work, const struct role_row *row)
{
	return db_run(work, NULL, put_role, V_TEXT(work->practice), V_TEXT(row->id), V_TEXT(row->name),
		      V_BOOL(row->built_in), V_BOOL(row->additive), V_TEXT(row->inherits),
		      V_TEXT(row->permissions));
}

static const char retire_role[] =
	"UPDATE role SET deleted_at = $3 WHERE practice_id = $1 AND id = $2 AND deleted_at IS NULL";

enum err roles_retire(struct work *work, const char *id)
{
	return db_run(work, NULL, retire_role, V_TEXT(work->practice), V_TEXT(id), V_INT(work->now));
}

static struct assignment_row assignment_from(const struct rows *rows, size_t i)
{
	return (struct assignment_row){
		.id = rows_text(rows, i, 0),
		.account_id = rows_text(rows, i, 1),
		.role_id = rows_text(rows, i, 2),
		.locations = rows_text(rows, i, 3),
		.valid_from = rows_int(rows, i, 4),
		.valid_until = rows_int(rows, i, 5),
		.source = rows_text(rows, i, 6),
		.reason = rows_text(rows, i, 7),
	};
}

static const char assignments_of_account[] =
	"SELECT id, account_id, role_id, locations, valid_from, valid_until, source, reason FROM assignment"
	" WHERE practice_id = $1 AND account_id = $2 ORDER BY created_at, id";

enum err assignments_of(struct work *work, const char *account_id, struct assignment_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, assignments_of_account, V_TEXT(work->practice), V_TEXT(account_id)));
	*out = arena_array(work->arena, struct assignment_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = assignment_from(&rows, i);
	return OK;
}

static const char find_assignment[] =
	"SELECT id, account_id, role_id, locations, valid_from, valid_until, source, reason FROM assignment"
	" WHERE practice_id = $1 AND id = $2";

enum err assignments_find(struct work *work, const char *id, struct assignment_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_assignment, V_TEXT(work->practice), V_TEXT(id)));
	*found = rows.count == 1;
	if (*found)
		*out = assignment_from(&rows, 0);
	return OK;
}

static const char insert_assignment[] = "INSERT INTO assignment (practice_id, id, account_id, role_id, "
					"locations, valid_from, valid_until, source, reason, created_at)"
					" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

enum err assignments_insert(struct work *work, const struct assignment_row *row)
{
	return db_run(work, NULL, insert_assignment, V_TEXT(work->practice), V_TEXT(row->id),
		      V_TEXT(row->account_id), V_TEXT(row->role_id), V_TEXT(row->locations),
		      V_TIME(row->valid_from), V_TIME(row->valid_until), V_TEXT(row->source),
		      V_TEXT(row->reason), V_INT(work->now));
}

static const char delete_assignment[] = "DELETE FROM assignment WHERE practice_id = $1 AND id = $2";

enum err assignments_delete(struct work *work, const char *id)
{
	return db_run(work, NULL, delete_assignment, V_TEXT(work->practice), V_TEXT(id));
}

static const char name_role[] = "SELECT id FROM assignment WHERE practice_id = $1 AND role_id = $2 LIMIT 1";

enum err assignments_name_role(struct work *work, const char *role_id, bool *any)
{
	struct rows rows;

	TRY(db_run(work, &rows, name_role, V_TEXT(work->practice), V_TEXT(role_id)));
	*any = rows.count > 0;
	return OK;
}

#define COVER_ALL                                                                                            \
	"SELECT s.id FROM assignment s JOIN account a ON a.practice_id = s.practice_id AND a.id = "          \
	"s.account_id"                                                                                       \
	" WHERE s.practice_id = $1 AND NOT a.disabled AND s.role_id IN ($2, $3) AND s.locations = "          \
	"'" ALL_LOCATIONS "'"                                                                                \
	" AND COALESCE(s.valid_from, 0) <= $4 AND (s.valid_until IS NULL OR s.valid_until > $4)"
static const char cover_all[] = COVER_ALL " LIMIT 1";

enum err assignments_cover_all(struct work *work, const char *role, const char *other_role, bool *any)
{
	struct rows rows;

	TRY(db_run(work, &rows, cover_all, V_TEXT(work->practice), V_TEXT(role), V_TEXT(other_role),
		   V_INT(work->now)));
	*any = rows.count > 0;
	return OK;
}

static const char cover_all_but[] = COVER_ALL " AND s.id <> $5 LIMIT 1";

enum err assignments_cover_all_but(struct work *work, const char *role, const char *other_role,
				   const char *assignment_id, bool *any)
{
	struct rows rows;

	TRY(db_run(work, &rows, cover_all_but, V_TEXT(work->practice), V_TEXT(role), V_TEXT(other_role),
		   V_INT(work->now), V_TEXT(assignment_id)));
	*any = rows.count > 0;
	return OK;
}
