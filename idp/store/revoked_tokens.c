/* revoked_tokens.c: access tokens that have no family and were revoked before their time; the mark
 * stands among the other identifiers that are remembered until they expire. */
#include "base/app.h"
#include "base/base.h"

#include "store/db.h"
#include "store/grants.h"

static const char add_revoked[] = "INSERT INTO replay (kind, id, expires_at) VALUES ('revoked', $1, $2) ON "
				  "CONFLICT (kind, id) DO NOTHING";

enum err revoked_tokens_add(struct work *w, const char *jti, int64_t expires_at)
{
	return db_run(w, NULL, add_revoked, V_TEXT(jti), V_INT(expires_at));
}

static const char find_revoked[] = "SELECT id FROM replay WHERE kind = 'revoked' AND id = $1";

enum err revoked_tokens_have(struct work *w, const char *jti, bool *revoked)
{
	struct rows rows = { 0 };

	TRY(db_run(w, &rows, find_revoked, V_TEXT(jti)));
	*revoked = rows.count > 0;
	return OK;
}
