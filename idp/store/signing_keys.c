/* signing_keys.c: the table of sealed private keys and their states. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "store/db.h"
#include "store/signing_keys.h"

static struct signing_key read_row(const struct rows *rows, size_t row)
{
	struct signing_key key = {
		.kid = rows_text(rows, row, 0),
		.alg = rows_text(rows, row, 1),
		.state = rows_text(rows, row, 2),
		.created_at = rows_int(rows, row, 3),
		.activated_at = rows_int(rows, row, 4),
		.retired_at = rows_int(rows, row, 5),
	};

	if (rows->columns > 6) {
		key.public_jwk = rows_text(rows, row, 6);
		key.sealed = rows_bytes(rows, row, 7);
	}
	return key;
}

static enum err read_all(struct work *work, const char *sql, struct signing_key **out, size_t *count)
{
	struct rows rows = { 0 };

	TRY(db_run(work, &rows, sql, V_NULL()));
	struct signing_key *keys = arena_array(work->arena, struct signing_key, rows.count + 1);

	for (size_t i = 0; i < rows.count; i++)
		keys[i] = read_row(&rows, i);
	*out = keys;
	*count = rows.count;
	return OK;
}

static const char select_all[] =
	"SELECT kid, alg, state, created_at, activated_at, retired_at, public_jwk, sealed"
	" FROM signing_key ORDER BY kid";

enum err signing_keys_all(struct work *work, struct signing_key **out, size_t *count)
{
	return read_all(work, select_all, out, count);
}

static const char select_facts[] =
	"SELECT kid, alg, state, created_at, activated_at, retired_at FROM signing_key ORDER BY kid";

enum err signing_keys_facts(struct work *work, struct signing_key **out, size_t *count)
{
	return read_all(work, select_facts, out, count);
}

static const char insert_key[] =
	"INSERT INTO signing_key (kid, alg, state, sealed, public_jwk, created_at, activated_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING kid";

enum err signing_key_insert(struct work *work, const struct signing_key *key, bool *done)
{
	struct rows rows = { 0 };

	TRY(db_run(work, &rows, insert_key, V_TEXT(key->kid), V_TEXT(key->alg), V_TEXT(key->state),
		   V_BYTES(key->sealed), V_TEXT(key->public_jwk), V_INT(key->created_at),
		   V_TIME(key->activated_at)));
	*done = rows.count == 1;
	return OK;
}

static const char retire_key[] = "UPDATE signing_key SET state = $2, retired_at = $3"
				 " WHERE kid = $1 AND state = 'active' RETURNING kid";

enum err signing_key_retire(struct work *work, const char *kid, const char *state, bool *done)
{
	struct rows rows = { 0 };

	TRY(db_run(work, &rows, retire_key, V_TEXT(kid), V_TEXT(state), V_INT(work->now)));
	*done = rows.count == 1;
	return OK;
}

static const char condemn_key[] =
	"UPDATE signing_key SET state = 'compromised' WHERE kid = $1 AND state = 'retired' RETURNING kid";

enum err signing_key_condemn(struct work *work, const char *kid, bool *done)
{
	struct rows rows = { 0 };

	TRY(db_run(work, &rows, condemn_key, V_TEXT(kid)));
	*done = rows.count == 1;
	return OK;
}

static const char promote_key[] = "UPDATE signing_key SET state = 'active', activated_at = $2"
				  " WHERE alg = $1 AND state = 'next' RETURNING kid";

enum err signing_key_promote(struct work *work, const char *alg, bool *done)
{
	struct rows rows = { 0 };

	TRY(db_run(work, &rows, promote_key, V_TEXT(alg), V_INT(work->now)));
	*done = rows.count == 1;
	return OK;
}

static const char forget_keys[] =
	"DELETE FROM signing_key WHERE state IN ('retired', 'compromised') AND retired_at <= $1";

enum err signing_keys_forget(struct work *work, int64_t retired_until)
{
	return db_run(work, NULL, forget_keys, V_INT(retired_until));
}
