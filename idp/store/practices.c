/* practices.c: practices, their e-mail domains and locations, as rows. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/db.h"
#include "store/practices.h"

static struct practice_row practice_from(const struct rows *rows, size_t i)
{
	return (struct practice_row){
		.id = rows_text(rows, i, 0),
		.name = rows_text(rows, i, 1),
		.timezone = rows_text(rows, i, 2),
		.template = rows_text(rows, i, 3),
		.policy = rows_text(rows, i, 4),
		.number = rows_int(rows, i, 5),
		.epoch = rows_int(rows, i, 6),
		.disabled = rows_bool(rows, i, 7),
		.deleted = !rows_null(rows, i, 8),
	};
}

static const char find_practice[] = "SELECT id, name, timezone, template, policy, number, epoch, disabled, "
				    "deleted_at FROM practice WHERE id = $1";

enum err practices_find(struct work *work, const char *id, struct practice_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_practice, V_TEXT(id)));
	*found = rows.count == 1;
	if (*found)
		*out = practice_from(&rows, 0);
	return OK;
}

static const char all_practices[] = "SELECT id, name, timezone, template, policy, number, epoch, disabled, "
				    "deleted_at FROM practice ORDER BY number";

enum err practices_all(struct work *work, struct practice_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_practices, V_NULL()));
	*out = arena_array(work->arena, struct practice_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = practice_from(&rows, i);
	return OK;
}

static const char insert_practice[] =
	"INSERT INTO practice (id, number, name, timezone, template, policy, epoch, disabled, created_at)"
	" SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, 1, CAST($6 AS BOOLEAN), CAST($7 AS "
	"BIGINT) FROM practice";

enum err practices_insert(struct work *work, const struct practice_row *row)
{
	return db_run(work, NULL, insert_practice, V_TEXT(row->id), V_TEXT(row->name), V_TEXT(row->timezone),
		      V_TEXT(row->template), V_TEXT(row->policy), V_BOOL(row->disabled), V_INT(work->now));
}

static const char update_practice[] =
	"UPDATE practice SET name = $2, timezone = $3, template = $4, policy = $5, disabled = $6,"
	" epoch = CASE WHEN $6 = TRUE AND disabled = FALSE THEN epoch + 1 ELSE epoch END"
	" WHERE id = $1 AND deleted_at IS NULL";

enum err practices_update(struct work *work, const struct practice_row *row)
{
	return db_run(work, NULL, update_practice, V_TEXT(row->id), V_TEXT(row->name), V_TEXT(row->timezone),
		      V_TEXT(row->template), V_TEXT(row->policy), V_BOOL(row->disabled));
}

static const char retire_practice[] = "UPDATE practice SET disabled = TRUE, epoch = epoch + 1, deleted_at = "
				      "$2 WHERE id = $1 AND deleted_at IS NULL";

/* Nobody looks for people of a closed practice any more. */
static const char forget_people[] = "DELETE FROM account_finder WHERE practice_id = $1";

enum err practices_retire(struct work *work, const char *id)
{
	TRY(db_run(work, NULL, retire_practice, V_TEXT(id), V_INT(work->now)));
	return db_run(work, NULL, forget_people, V_TEXT(id));
}

static const char next_epoch[] = "UPDATE practice SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch";

enum err practices_next_epoch(struct work *work, const char *id, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, next_epoch, V_TEXT(id)));
	*found = rows.count == 1;
	return OK;
}

static const char lock_practice[] = "UPDATE practice SET epoch = epoch WHERE id = $1";

enum err practices_lock(struct work *work, const char *id)
{
	return db_run(work, NULL, lock_practice, V_TEXT(id));
}

static const char note_owner[] = "INSERT INTO setting (name, value) VALUES ('owner/' || $1, $2) ON CONFLICT "
				 "(name) DO UPDATE SET value = excluded.value";

enum err practices_note_owner(struct work *work, const char *id)
{
	return db_run(work, NULL, note_owner, V_TEXT(id), V_TEXT(work->request_id));
}

static const char noted_owner[] = "SELECT name FROM setting WHERE name = 'owner/' || $1 AND value = $2";

enum err practices_noted_owner(struct work *work, const char *id, bool *noted)
{
	struct rows rows;

	TRY(db_run(work, &rows, noted_owner, V_TEXT(id), V_TEXT(work->request_id)));
	*noted = rows.count > 0;
	return OK;
}

static const char all_domains[] = "SELECT domain, practice_id, checked, token, checked_at FROM "
				  "practice_domain ORDER BY practice_id, domain";

enum err domains_all(struct work *work, struct domain_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_domains, V_NULL()));
	*out = arena_array(work->arena, struct domain_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = (struct domain_row){ .domain = rows_text(&rows, i, 0),
						 .practice_id = rows_text(&rows, i, 1),
						 .checked = rows_text(&rows, i, 2),
						 .token = rows_text(&rows, i, 3),
						 .checked_at = rows_int(&rows, i, 4) };
	return OK;
}

static const char domains_of_practice[] =
	"SELECT domain FROM practice_domain WHERE practice_id = $1 AND checked IS NOT NULL ORDER BY domain";

enum err domains_of(struct work *work, const char *practice_id, const char *const **out)
{
	struct rows rows;

	TRY(db_run(work, &rows, domains_of_practice, V_TEXT(practice_id)));
	const char **list = arena_array(work->arena, const char *, rows.count + 1);

	for (size_t i = 0; i < rows.count; i++)
		list[i] = rows_text(&rows, i, 0);
	*out = list;
	return OK;
}

static const char add_domain[] =
	"INSERT INTO practice_domain (domain, practice_id, checked, checked_at)"
	" VALUES ($1, $2, '" DOMAIN_BY_OPERATOR "', $3) ON CONFLICT (practice_id, domain) DO UPDATE SET"
	" checked = excluded.checked, checked_at = excluded.checked_at WHERE practice_domain.checked IS NULL";

enum err domains_add(struct work *work, const char *practice_id, const char *domain)
{
	return db_run(work, NULL, add_domain, V_TEXT(domain), V_TEXT(practice_id), V_INT(work->now));
}

static const char begin_check[] =
	"INSERT INTO practice_domain (domain, practice_id, token) VALUES ($1, $2, $3)"
	" ON CONFLICT (practice_id, domain) DO UPDATE SET token = excluded.token";

enum err domains_begin_check(struct work *work, const char *practice_id, const char *domain,
			     const char *token)
{
	return db_run(work, NULL, begin_check, V_TEXT(domain), V_TEXT(practice_id), V_TEXT(token));
}

static const char check_domain[] = "UPDATE practice_domain SET checked = $3, checked_at = $4"
				   " WHERE domain = $1 AND practice_id = $2 RETURNING 1";

enum err domains_checked(struct work *work, const char *practice_id, const char *domain, const char *how)
{
	struct rows rows;

	TRY(db_run(work, &rows, check_domain, V_TEXT(domain), V_TEXT(practice_id), V_TEXT(how),
		   V_INT(work->now)));
	return rows.count ? OK
			  : fault(work, ERR_NOT_FOUND, "practice %s has no domain %s", practice_id, domain);
}

static const char remove_domain[] = "DELETE FROM practice_domain WHERE domain = $1 AND practice_id = $2";

enum err domains_remove(struct work *work, const char *practice_id, const char *domain)
{
	return db_run(work, NULL, remove_domain, V_TEXT(domain), V_TEXT(practice_id));
}

static const char locations_of_practice[] = "SELECT id, parent_id, name, timezone, networks, archived, "
					    "position FROM location WHERE practice_id = $1"
					    " ORDER BY position, id";

enum err locations_of(struct work *work, struct location_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, locations_of_practice, V_TEXT(work->practice)));
	*out = arena_array(work->arena, struct location_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = (struct location_row){
			.id = rows_text(&rows, i, 0),
			.parent_id = rows_text(&rows, i, 1),
			.name = rows_text(&rows, i, 2),
			.timezone = rows_text(&rows, i, 3),
			.networks = rows_text(&rows, i, 4),
			.archived = rows_bool(&rows, i, 5),
			.position = rows_int(&rows, i, 6),
		};
	return OK;
}

static const char put_location[] =
	"INSERT INTO location (practice_id, id, parent_id, name, timezone, networks, archived, position)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (practice_id, id) DO UPDATE SET parent_id = "
	"excluded.parent_id,"
	" name = excluded.name, timezone = excluded.timezone, networks = excluded.networks, archived = "
	"excluded.archived,"
	" position = excluded.position";

enum err locations_put(struct work *work, const struct location_row *row)
{
	return db_run(work, NULL, put_location, V_TEXT(work->practice), V_TEXT(row->id),
		      V_TEXT(row->parent_id), V_TEXT(row->name), V_TEXT(row->timezone), V_TEXT(row->networks),
		      V_BOOL(row->archived), V_INT(row->position));
}
