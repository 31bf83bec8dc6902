/* pushed.c: authorization requests pushed by apps (RFC 9126), taken once. */
#include "base/app.h"
#include "base/base.h"

#include "store/db.h"
#include "store/grants.h"

static const char insert_pushed[] =
	"INSERT INTO pushed_request (hash, client_id, parameters, expires_at) VALUES ($1, $2, $3, $4)";

enum err pushed_insert(struct work *w, const char *hash, const char *client_id, const char *parameters,
		       int64_t expires_at)
{
	return db_run(w, NULL, insert_pushed, V_TEXT(hash), V_TEXT(client_id), V_TEXT(parameters),
		      V_INT(expires_at));
}

static const char take_pushed[] = "DELETE FROM pushed_request WHERE hash = $1 AND client_id = $2 AND "
				  "expires_at > $3 RETURNING parameters";

enum err pushed_take(struct work *w, const char *hash, const char *client_id, const char **parameters)
{
	struct rows rows = { 0 };

	TRY(db_run(w, &rows, take_pushed, V_TEXT(hash), V_TEXT(client_id), V_INT(w->now)));
	*parameters = rows.count ? rows_text(&rows, 0, 0) : NULL;
	return OK;
}
