/* families.c: refresh families: one row is one grant; its generation moves by compare and swap. */
#include "base/app.h"
#include "base/base.h"

#include "store/columns.h"
#include "store/db.h"
#include "store/grants.h"

static const char insert_family[] =
	"INSERT INTO family (practice_id, id, client_id, account_id, sid, scope, claims, resource, "
	"location_id,"
	" auth_time, acr, amr, offline, generation, rotated_at, account_epoch, practice_epoch, created_at, "
	"expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $14, $17)";

enum err families_insert(struct work *w, const struct family_row *r)
{
	assert(w->practice && tx_is_open(w) && r->expires_at > w->now);
	return tx_also(tx_of(w), insert_family, V_TEXT(w->practice), V_TEXT(r->id), V_TEXT(r->client_id),
		       V_TEXT(r->account_id), V_TEXT(r->sid), V_TEXT(r->scope), V_TEXT(r->claims),
		       V_TEXT(r->resource), V_TEXT(r->location_id), V_INT(r->auth_time), V_TEXT(r->acr),
		       V_TEXT(r->amr), V_BOOL(r->offline), V_INT(w->now), V_INT(r->account_epoch),
		       V_INT(r->practice_epoch), V_INT(r->expires_at));
}

static const char find_family[] =
	"SELECT f.client_id, f.account_id, f.sid, f.scope, f.claims, f.resource, f.location_id, f.acr, f.amr,"
	" f.offline, f.auth_time, f.generation, f.rotated_at, f.account_epoch, f.practice_epoch, "
	"f.expires_at,"
	" f.revoked_at, p.epoch, p.disabled, s.ended_at, s.seen_at, s.idle_seconds, "
	"s.ends_at, " SUBJECT_COLUMNS " FROM family f"
	" JOIN practice p ON p.id = f.practice_id"
	" LEFT JOIN account a ON a.practice_id = f.practice_id AND a.id = f.account_id"
	" LEFT JOIN session s ON s.practice_id = f.practice_id AND s.sid = f.sid" JOIN_ASSIGNMENTS
	" WHERE f.practice_id = $1 AND f.id = $2";
/* Of SUBJECT_COLUMNS there: the account's id, disabled, epoch. */
enum {
	SUBJECT_AT = 23,
	ACCOUNT_ID = SUBJECT_AT,
	ACCOUNT_OFF = SUBJECT_AT + 9,
	ACCOUNT_EPOCH = SUBJECT_AT + 11
};

static void read_row(const struct rows *rows, const char *id, struct family_row *out)
{
	*out = (struct family_row){
		.id = id,
		.client_id = rows_text(rows, 0, 0),
		.account_id = rows_text(rows, 0, 1),
		.sid = rows_text(rows, 0, 2),
		.scope = rows_text(rows, 0, 3),
		.claims = rows_text(rows, 0, 4),
		.resource = rows_text(rows, 0, 5),
		.location_id = rows_text(rows, 0, 6),
		.acr = rows_text(rows, 0, 7),
		.amr = rows_text(rows, 0, 8),
		.offline = rows_bool(rows, 0, 9),
		.auth_time = rows_int(rows, 0, 10),
		.generation = rows_int(rows, 0, 11),
		.rotated_at = rows_int(rows, 0, 12),
		.account_epoch = rows_int(rows, 0, 13),
		.practice_epoch = rows_int(rows, 0, 14),
		.expires_at = rows_int(rows, 0, 15),
		.revoked_at = rows_int(rows, 0, 16),
	};
}

static void read_state(const struct work *w, const struct rows *rows, const char *id,
		       struct family_state *out)
{
	*out = (struct family_state){ .subject = { *rows, SUBJECT_AT } };
	read_row(rows, id, &out->row);
	out->account_on = !rows_null(rows, 0, ACCOUNT_ID) && !rows_bool(rows, 0, ACCOUNT_OFF) &&
			  rows_int(rows, 0, ACCOUNT_EPOCH) == out->row.account_epoch;
	out->practice_on = !rows_bool(rows, 0, 18) && rows_int(rows, 0, 17) == out->row.practice_epoch;
	out->session_seen_at = rows_int(rows, 0, 20);
	out->session_idle_seconds = rows_int(rows, 0, 21);
	out->session_ends_at = rows_int(rows, 0, 22);
	out->session_on = !rows_null(rows, 0, 20) && rows_null(rows, 0, 19) &&
			  out->session_seen_at + out->session_idle_seconds > w->now &&
			  out->session_ends_at > w->now;
}

enum err families_find(struct work *w, const char *id, struct family_state *out, bool *found)
{
	struct rows rows = { 0 };

	TRY(db_run(w, &rows, find_family, V_TEXT(w->practice), V_TEXT(id)));
	*found = rows.count > 0;
	if (*found)
		read_state(w, &rows, id, out);
	return OK;
}

bool family_is_live(const struct family_state *s, int64_t now)
{
	return s->row.revoked_at == 0 && s->row.expires_at > now && s->account_on && s->practice_on &&
	       (s->row.offline || s->session_on);
}

/* Exactly one successor is ever made: of any number of callers with the same token one moves the generation;
 * whoever revokes writes the same row, so either order is consistent. What is read behind it is not older
 * than the row's lock. */
static const char rotate_family[] =
	"UPDATE family SET generation = generation + 1, rotated_at = $5"
	" WHERE practice_id = $1 AND id = $2 AND client_id = $3 AND generation = $4"
	" AND revoked_at IS NULL AND expires_at > $5 RETURNING generation";

enum err families_rotate(struct work *w, const char *id, const char *client_id, int64_t presented,
			 struct family_state *after, bool *won)
{
	struct rows moved = { 0 }, found = { 0 };
	const struct call calls[] = {
		db_call(w, &moved, rotate_family, V_TEXT(w->practice), V_TEXT(id), V_TEXT(client_id),
			V_INT(presented), V_INT(w->now)),
		db_call(w, &found, find_family, V_TEXT(w->practice), V_TEXT(id)),
	};

	assert(tx_is_open(w));
	TRY(db_run_calls(w, calls, COUNT(calls)));
	*won = moved.count == 1 && found.count > 0;
	if (*won)
		read_state(w, &found, id, after);
	return OK;
}

static const char revoke_family[] = "UPDATE family SET revoked_at = $3 WHERE practice_id = $1 AND id = $2 "
				    "AND revoked_at IS NULL RETURNING id";

enum err families_revoke(struct work *w, const char *id, bool *won)
{
	struct rows rows = { 0 };

	TRY(db_run(w, &rows, revoke_family, V_TEXT(w->practice), V_TEXT(id), V_INT(w->now)));
	*won = rows.count == 1;
	return OK;
}

static const char revoke_session[] =
	"UPDATE family SET revoked_at = $3 WHERE practice_id = $1 AND sid = $2 AND revoked_at IS NULL";
static const char revoke_connection[] =
	"UPDATE family SET revoked_at = $3 WHERE practice_id = $1 AND revoked_at IS NULL AND sid IN"
	" (SELECT sid FROM session WHERE practice_id = $1 AND connection_id = $2)";

enum err families_revoke_session(struct work *w, const char *sid)
{
	assert(tx_is_open(w));
	return db_run(w, NULL, revoke_session, V_TEXT(w->practice), V_TEXT(sid), V_INT(w->now));
}

enum err families_revoke_connection(struct work *w, const char *connection_id)
{
	assert(tx_is_open(w));
	return db_run(w, NULL, revoke_connection, V_TEXT(w->practice), V_TEXT(connection_id), V_INT(w->now));
}
