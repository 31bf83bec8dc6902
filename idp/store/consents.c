/* consents.c: which scopes somebody allowed an app, so that the question is asked once. */
#include "base/app.h"
#include "base/base.h"

#include "store/db.h"
#include "store/grants.h"

static const char find_consent[] =
	"SELECT scope FROM consent WHERE practice_id = $1 AND account_id = $2 AND client_id = $3";

enum err consents_find(struct work *w, const char *account_id, const char *client_id, const char **scope)
{
	struct rows rows = { 0 };

	TRY(db_run(w, &rows, find_consent, V_TEXT(w->practice), V_TEXT(account_id), V_TEXT(client_id)));
	*scope = rows.count ? rows_text(&rows, 0, 0) : NULL;
	return OK;
}

static const char put_consent[] = "INSERT INTO consent (practice_id, account_id, client_id, scope, "
				  "granted_at) VALUES ($1, $2, $3, $4, $5)"
				  " ON CONFLICT (practice_id, account_id, client_id)"
				  " DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at";

enum err consents_put(struct work *w, const char *account_id, const char *client_id, const char *scope)
{
	assert(w->practice && tx_is_open(w));
	return tx_also(tx_of(w), put_consent, V_TEXT(w->practice), V_TEXT(account_id), V_TEXT(client_id),
		       V_TEXT(scope), V_INT(w->now));
}
