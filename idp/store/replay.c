/* replay.c: the unique index decides who was first. */
#include "base/base.h"
#include "base/app.h"

#include "store/db.h"
#include "store/replay.h"

/* A row that has expired but is not swept yet does not count. */
static const char once[] =
	"INSERT INTO replay (kind, id, expires_at) VALUES ($1, $2, $3)"
	" ON CONFLICT (kind, id) DO UPDATE SET expires_at = $3 WHERE replay.expires_at <= $4"
	" RETURNING 1";

enum err replay_once(struct work *work, const char *kind, const char *id, int64_t expires_at, bool *fresh)
{
	struct rows rows;

	if (strlen(id) > REPLAY_ID_MAX)
		return fault(work, ERR_TOO_LARGE, "%s of %zu bytes", kind, strlen(id));
	TRY(db_run(work, &rows, once, V_TEXT(kind), V_TEXT(id), V_INT(expires_at), V_INT(work->now)));
	*fresh = rows.count == 1;
	return OK;
}
