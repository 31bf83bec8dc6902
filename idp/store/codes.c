/* codes.c: authorization codes: made once, spent once, burnt when shown by the wrong hands. */
#include "base/app.h"
#include "base/base.h"
#include "base/text.h"

#include "store/columns.h"
#include "store/db.h"
#include "store/grants.h"

static const char insert_code[] =
	"INSERT INTO code (practice_id, hash, client_id, account_id, sid, redirect_uri, redirect_given, "
	"challenge,"
	" scope, nonce, claims, resource, location_id, family_id, auth_time, created_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

enum err codes_insert(struct work *w, const struct code_row *r)
{
	assert(w->practice && tx_is_open(w) && r->expires_at > w->now);
	return tx_also(tx_of(w), insert_code, V_TEXT(w->practice), V_TEXT(r->hash), V_TEXT(r->client_id),
		       V_TEXT(r->account_id), V_TEXT(r->sid), V_TEXT(r->redirect_uri),
		       V_BOOL(r->redirect_given), V_TEXT(r->challenge), V_TEXT(r->scope), V_TEXT(r->nonce),
		       V_TEXT(r->claims), V_TEXT(r->resource), V_TEXT(r->location_id), V_TEXT(r->family_id),
		       V_INT(r->auth_time), V_INT(w->now), V_INT(r->expires_at));
}

/* The one statement that decides who redeems a code: the row lock lets one winner through, on any node. */
static const char spend_code[] =
	"UPDATE code SET spent_at = $4 WHERE practice_id = $1 AND hash = $2 AND client_id = $3"
	" AND spent_at IS NULL AND expires_at > $4"
	" RETURNING account_id, sid, redirect_uri, redirect_given, challenge, scope, nonce, claims, resource,"
	" location_id, family_id, auth_time, expires_at";

static void read_spent(const struct rows *rows, const char *hash, const char *client_id, struct code_row *out)
{
	*out = (struct code_row){
		.hash = hash,
		.client_id = client_id,
		.account_id = rows_text(rows, 0, 0),
		.sid = rows_text(rows, 0, 1),
		.redirect_uri = rows_text(rows, 0, 2),
		.redirect_given = rows_bool(rows, 0, 3),
		.challenge = rows_text(rows, 0, 4),
		.scope = rows_text(rows, 0, 5),
		.nonce = rows_text(rows, 0, 6),
		.claims = rows_text(rows, 0, 7),
		.resource = rows_text(rows, 0, 8),
		.location_id = rows_text(rows, 0, 9),
		.family_id = rows_text(rows, 0, 10),
		.auth_time = rows_int(rows, 0, 11),
		.expires_at = rows_int(rows, 0, 12),
	};
}

/* Live sessions of live accounts alone: of others nothing is given. Outer joins keep the order of the steps,
 * each by its key: PostgreSQL would otherwise begin with the accounts of the practice, or go through all
 * sessions of the account, as long as it has not counted the tables. */
static const char behind_code[] =
	"SELECT " SESSION_COLUMNS ", " SUBJECT_COLUMNS " FROM code c"
	" LEFT JOIN session s ON s.sid = c.sid AND" SESSION_GOES_ON
	" LEFT JOIN account a ON a.practice_id = s.practice_id AND a.id = s.account_id AND" ACCOUNT_IS_ON
		JOIN_ASSIGNMENTS " WHERE c.practice_id = $1 AND c.hash = $4";
enum { ACCOUNT_ID = SESSION_WIDTH };

static bool is_live(const struct rows *behind, const struct code_row *code)
{
	return behind->count > 0 && !rows_null(behind, 0, 0) &&
	       text_equal(rows_text(behind, 0, ACCOUNT_ID), code->account_id);
}

enum err codes_spend(struct work *w, const char *hash, const char *client_id, int64_t practice_epoch,
		     struct spent_code *out, bool *won)
{
	struct rows spent = { 0 }, behind = { 0 };
	const struct call calls[] = {
		db_call(w, &spent, spend_code, V_TEXT(w->practice), V_TEXT(hash), V_TEXT(client_id),
			V_INT(w->now)),
		db_call(w, &behind, behind_code, V_TEXT(w->practice), V_INT(w->now), V_INT(practice_epoch),
			V_TEXT(hash)),
	};

	assert(w->practice && tx_is_open(w));
	TRY(db_run_calls(w, calls, COUNT(calls)));
	*won = spent.count == 1;
	if (!*won)
		return OK;
	*out = (struct spent_code){ .subject = { behind, SESSION_WIDTH } };
	read_spent(&spent, hash, client_id, &out->code);
	out->session_live = is_live(&behind, &out->code);
	if (out->session_live)
		session_row_read(&behind, 0, 0, &out->session);
	return OK;
}

static const char find_code[] =
	"SELECT client_id, account_id, family_id, spent_at FROM code WHERE practice_id = $1 AND hash = $2";

enum err codes_find(struct work *w, const char *hash, struct code_facts *out, bool *found)
{
	struct rows rows = { 0 };

	TRY(db_run(w, &rows, find_code, V_TEXT(w->practice), V_TEXT(hash)));
	*found = rows.count == 1;
	if (*found)
		*out = (struct code_facts){
			.client_id = rows_text(&rows, 0, 0),
			.account_id = rows_text(&rows, 0, 1),
			.family_id = rows_text(&rows, 0, 2),
			.spent = !rows_null(&rows, 0, 3),
		};
	return OK;
}

static const char burn_code[] =
	"UPDATE code SET spent_at = $3 WHERE practice_id = $1 AND hash = $2 AND spent_at IS NULL";

enum err codes_burn(struct work *w, const char *hash)
{
	assert(tx_is_open(w));
	return db_run(w, NULL, burn_code, V_TEXT(w->practice), V_TEXT(hash), V_INT(w->now));
}
