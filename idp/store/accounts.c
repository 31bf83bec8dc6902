/* accounts.c: accounts with their password hashes, and the finder that leads from an e-mail key to them. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/accounts.h"
#include "store/columns.h"
#include "store/db.h"

enum { ASSIGNMENT_AT = 15 }; /* the first column after ACCOUNT_COLUMNS */

static struct account_row account_at(const struct rows *rows, size_t i, size_t first)
{
	return (struct account_row){
		.id = rows_text(rows, i, first),
		.email = rows_text(rows, i, first + 1),
		.email_key = rows_text(rows, i, first + 2),
		.given_name = rows_text(rows, i, first + 3),
		.family_name = rows_text(rows, i, first + 4),
		.class_ = rows_text(rows, i, first + 5),
		.npi = rows_text(rows, i, first + 6),
		.profile = rows_bytes(rows, i, first + 7),
		.email_verified = rows_bool(rows, i, first + 8),
		.disabled = rows_bool(rows, i, first + 9),
		.must_change = rows_bool(rows, i, first + 10),
		.epoch = rows_int(rows, i, first + 11),
		.created_at = rows_int(rows, i, first + 12),
		.updated_at = rows_int(rows, i, first + 13),
		.last_login_at = rows_int(rows, i, first + 14),
	};
}

static struct account_row account_from(const struct rows *rows, size_t i)
{
	return account_at(rows, i, 0);
}

static const char find_account[] =
	"SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.practice_id = $1 AND a.id = $2";

enum err accounts_by_id(struct work *work, const char *id, struct account_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_account, V_TEXT(work->practice), V_TEXT(id)));
	*found = rows.count == 1;
	if (*found)
		*out = account_from(&rows, 0);
	return OK;
}

static const char find_account_key[] =
	"SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.practice_id = $1 AND a.email_key = $2";

enum err accounts_by_key(struct work *work, const char *email_key, struct account_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_account_key, V_TEXT(work->practice), V_TEXT(email_key)));
	*found = rows.count == 1;
	if (*found)
		*out = account_from(&rows, 0);
	return OK;
}

/* By when it was given, then by id. */
static bool is_earlier(const struct subject_rows *from, size_t a, size_t b)
{
	const struct rows *rows = &from->rows;
	size_t first = from->first + ASSIGNMENT_AT, given = first + 7;
	int64_t one = rows_int(rows, a, given), other = rows_int(rows, b, given);

	return one != other ? one < other : strcmp(rows_text(rows, a, first), rows_text(rows, b, first)) < 0;
}

/* People hold a few; to sort them here costs less than a step of the plan. */
static size_t *in_order(struct arena *arena, const struct subject_rows *from)
{
	size_t *order = arena_array(arena, size_t, from->rows.count + 1);

	for (size_t i = 0; i < from->rows.count; i++) {
		size_t at = i;

		for (; at > 0 && is_earlier(from, i, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

static struct assignment_row assignment_at(const struct rows *rows, size_t i, size_t first,
					   const char *account_id)
{
	return (struct assignment_row){
		.id = rows_text(rows, i, first),
		.account_id = account_id,
		.role_id = rows_text(rows, i, first + 1),
		.locations = rows_text(rows, i, first + 2),
		.valid_from = rows_int(rows, i, first + 3),
		.valid_until = rows_int(rows, i, first + 4),
		.source = rows_text(rows, i, first + 5),
		.reason = rows_text(rows, i, first + 6),
	};
}

void subject_rows_read(struct work *work, const struct subject_rows *from, struct account_row *out,
		       struct assignment_row **assignments, size_t *count)
{
	const struct rows *rows = &from->rows;
	size_t first = from->first + ASSIGNMENT_AT;

	*out = account_at(rows, 0, from->first);
	*assignments = arena_array(work->arena, struct assignment_row, rows->count + 1);
	*count = rows_null(rows, 0, first) ? 0 : rows->count; /* the outer join's row of none */
	const size_t *order = *count ? in_order(work->arena, from) : NULL;

	for (size_t i = 0; i < *count; i++)
		(*assignments)[i] = assignment_at(rows, order[i], first, out->id);
}

static const char with_assignments[] = "SELECT " SUBJECT_COLUMNS " FROM account a" JOIN_ASSIGNMENTS
				       " WHERE a.practice_id = $1 AND a.id = $2";

enum err accounts_subject(struct work *work, const char *id, struct subject_rows *out)
{
	out->first = 0;
	return db_run(work, &out->rows, with_assignments, V_TEXT(work->practice), V_TEXT(id));
}

static const char all_accounts[] =
	"SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.practice_id = $1 ORDER BY a.email, a.id";

enum err accounts_all(struct work *work, struct account_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_accounts, V_TEXT(work->practice)));
	*out = arena_array(work->arena, struct account_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = account_from(&rows, i);
	return OK;
}

static const char insert_account[] = "INSERT INTO account (practice_id, id, email, email_key, "
				     "email_verified, given_name, family_name, class, npi, profile,"
				     " disabled, must_change, epoch, created_at, updated_at) VALUES ($1, $2, "
				     "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)";
static const char insert_finder[] =
	"INSERT INTO account_finder (email_key, practice_id, account_id) VALUES ($1, $2, $3)";

enum err accounts_insert(struct work *work, const struct account_row *row)
{
	TRY(db_run(work, NULL, insert_account, V_TEXT(work->practice), V_TEXT(row->id), V_TEXT(row->email),
		   V_TEXT(row->email_key), V_BOOL(row->email_verified), V_TEXT(row->given_name),
		   V_TEXT(row->family_name), V_TEXT(row->class_), V_TEXT(row->npi), V_BYTES(row->profile),
		   V_BOOL(row->disabled), V_BOOL(row->must_change), V_INT(row->epoch), V_INT(work->now)));
	return db_run(work, NULL, insert_finder, V_TEXT(row->email_key), V_TEXT(work->practice),
		      V_TEXT(row->id));
}

/* What is only this account's; the audit's rows stay. */
static const char delete_session_apps[] = "DELETE FROM session_app WHERE practice_id = $1 AND sid IN (SELECT "
					  "sid FROM session WHERE practice_id = $1 AND account_id = $2)";
static const char delete_links[] = "DELETE FROM upstream_link WHERE practice_id = $1 AND account_id = $2";
static const char delete_upstream_sessions[] =
	"DELETE FROM upstream_session WHERE practice_id = $1 AND sid IN (SELECT sid FROM session WHERE "
	"practice_id = $1 AND account_id = $2)";
static const char delete_sessions[] = "DELETE FROM session WHERE practice_id = $1 AND account_id = $2";
static const char delete_codes[] = "DELETE FROM code WHERE practice_id = $1 AND account_id = $2";
static const char delete_families[] = "DELETE FROM family WHERE practice_id = $1 AND account_id = $2";
static const char delete_consents[] = "DELETE FROM consent WHERE practice_id = $1 AND account_id = $2";
static const char delete_assignments[] = "DELETE FROM assignment WHERE practice_id = $1 AND account_id = $2";
static const char delete_password[] = "DELETE FROM password WHERE practice_id = $1 AND account_id = $2";
static const char delete_finder[] = "DELETE FROM account_finder WHERE practice_id = $1 AND account_id = $2";
static const char delete_account[] = "DELETE FROM account WHERE practice_id = $1 AND id = $2";
static const char *const deletions[] = {
	delete_links,    delete_upstream_sessions, delete_session_apps, delete_sessions, delete_codes,
	delete_families, delete_consents,          delete_assignments,  delete_password, delete_finder,
	delete_account,
};

enum err accounts_delete(struct work *work, const char *id)
{
	for (size_t i = 0; i < COUNT(deletions); i++)
		TRY(db_run(work, NULL, deletions[i], V_TEXT(work->practice), V_TEXT(id)));
	return OK;
}

static const char update_account[] = "UPDATE account SET email = $3, email_verified = $4, given_name = $5, "
				     "family_name = $6, class = $7, npi = $8, profile = $9,"
				     " disabled = $10, must_change = $11, epoch = $12, updated_at = $13 "
				     "WHERE practice_id = $1 AND id = $2 AND epoch = $14 RETURNING id";

enum err accounts_update(struct work *work, const struct account_row *row, int64_t epoch_read)
{
	struct rows rows;

	TRY(db_run(work, &rows, update_account, V_TEXT(work->practice), V_TEXT(row->id), V_TEXT(row->email),
		   V_BOOL(row->email_verified), V_TEXT(row->given_name), V_TEXT(row->family_name),
		   V_TEXT(row->class_), V_TEXT(row->npi), V_BYTES(row->profile), V_BOOL(row->disabled),
		   V_BOOL(row->must_change), V_INT(row->epoch), V_INT(work->now), V_INT(epoch_read)));
	return rows.count == 1 ? OK : fault(work, ERR_CONFLICT, "account %s was changed meanwhile", row->id);
}

static const char move_account[] = "UPDATE account SET email = $3, email_key = $4, email_verified = $5, "
				   "updated_at = $6 WHERE practice_id = $1 AND id = $2";
static const char move_finder[] =
	"UPDATE account_finder SET email_key = $3 WHERE practice_id = $1 AND account_id = $2";

enum err accounts_move_email(struct work *work, const struct account_row *row)
{
	TRY(db_run(work, NULL, move_account, V_TEXT(work->practice), V_TEXT(row->id), V_TEXT(row->email),
		   V_TEXT(row->email_key), V_BOOL(row->email_verified), V_INT(work->now)));
	return db_run(work, NULL, move_finder, V_TEXT(work->practice), V_TEXT(row->id),
		      V_TEXT(row->email_key));
}

static const char signed_in[] = "UPDATE account SET last_login_at = $3 WHERE practice_id = $1 AND id = $2";

enum err accounts_signed_in(struct work *work, const char *id)
{
	return db_run(work, NULL, signed_in, V_TEXT(work->practice), V_TEXT(id), V_INT(work->now));
}

static const char find_everywhere[] =
	"SELECT practice_id, account_id FROM account_finder WHERE email_key = $1"
	" AND (CAST($2 AS TEXT) IS NULL OR practice_id = $2) ORDER BY practice_id LIMIT $3";

enum err finder_find(struct work *work, const char *email_key, const char *practice_id, int64_t max,
		     struct finder_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_everywhere, V_TEXT(email_key), V_TEXT(practice_id), V_INT(max)));
	*out = arena_array(work->arena, struct finder_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = (struct finder_row){ .practice_id = rows_text(&rows, i, 0),
						 .account_id = rows_text(&rows, i, 1) };
	return OK;
}

static const char load_password[] = "SELECT p.hash, a.disabled FROM account a LEFT JOIN password p ON "
				    "p.practice_id = a.practice_id AND p.account_id = a.id"
				    " WHERE a.practice_id = $1 AND a.id = $2";

enum err passwords_load(struct work *work, const char *account_id, struct password_row *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, load_password, V_TEXT(work->practice), V_TEXT(account_id)));
	*out = (struct password_row){ .disabled = true };
	if (rows.count == 1)
		*out = (struct password_row){ .hash = rows_text(&rows, 0, 0),
					      .disabled = rows_bool(&rows, 0, 1) };
	return OK;
}

static const char put_password[] =
	"INSERT INTO password (practice_id, account_id, hash, changed_at) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (practice_id, account_id) DO UPDATE SET hash = excluded.hash, changed_at = "
	"excluded.changed_at";

enum err passwords_put(struct work *work, const char *account_id, const char *hash)
{
	return db_run(work, NULL, put_password, V_TEXT(work->practice), V_TEXT(account_id), V_TEXT(hash),
		      V_INT(work->now));
}

static const char swap_password[] =
	"UPDATE password SET hash = $4 WHERE practice_id = $1 AND account_id = $2 AND hash = $3";

enum err passwords_swap(struct work *work, const char *account_id, const char *old_hash, const char *hash)
{
	return db_run(work, NULL, swap_password, V_TEXT(work->practice), V_TEXT(account_id), V_TEXT(old_hash),
		      V_TEXT(hash));
}

static const char forget_attempts[] =
	"DELETE FROM counter WHERE kind = $1 AND substr(key, 1, length($2)) = $2";

enum err attempts_forget(struct work *work, const char *kind, const char *key_start)
{
	return db_run(work, NULL, forget_attempts, V_TEXT(kind), V_TEXT(key_start));
}
