/* counters.c: the generic cell rate algorithm in one statement. */
#include "base/base.h"
#include "base/app.h"

#include "store/counters.h"
#include "store/db.h"

/* tat_us is the time at which all is given back. A try moves it on by its cost, from now at least,
 * and fits if it then is no further away than burst. No row answered: it did not fit. */
static const char take[] = "INSERT INTO counter (kind, key, tat_us) VALUES ($1, $2, $3)"
			   " ON CONFLICT (kind, key) DO UPDATE SET"
			   "  tat_us = CASE WHEN counter.tat_us > $4 THEN counter.tat_us ELSE $4 END + $5"
			   " WHERE CASE WHEN counter.tat_us > $4 THEN counter.tat_us ELSE $4 END + $5 <= $6"
			   " RETURNING tat_us";
static const char read[] = "SELECT tat_us FROM counter WHERE kind = $1 AND key = $2";
static const char refund[] =
	"UPDATE counter SET tat_us = tat_us - $3 WHERE kind = $1 AND key = $2 RETURNING 1";

/* Asked only after a refusal. The row may have moved since: then now is as good a time as any. */
static enum err wait_of(struct work *work, const char *kind, const char *key, int64_t room_us, int64_t *out)
{
	struct rows rows;

	TRY(db_run(work, &rows, read, V_TEXT(kind), V_TEXT(key)));
	int64_t wait = rows.count ? rows_int(&rows, 0, 0) - room_us : 0;
	*out = wait > 0 ? wait : 1;
	return OK;
}

enum err counters_take(struct work *work, const char *kind, const char *key, int64_t cost_us,
		       int64_t burst_us, bool *allowed, int64_t *retry_after_us)
{
	int64_t now = work->now_us, wait = 0;
	struct rows rows;

	assert(cost_us > 0 && cost_us <= burst_us && !tx_is_open(work));
	TRY(db_run(work, &rows, take, V_TEXT(kind), V_TEXT(key), V_INT(now + cost_us), V_INT(now),
		   V_INT(cost_us), V_INT(now + burst_us)));
	if (rows.count == 0)
		TRY(wait_of(work, kind, key, now + burst_us - cost_us, &wait));
	*allowed = rows.count > 0;
	*retry_after_us = wait;
	return OK;
}

enum err counters_refund(struct work *work, const char *kind, const char *key, int64_t cost_us)
{
	struct rows rows;

	return db_run(work, &rows, refund, V_TEXT(kind), V_TEXT(key), V_INT(cost_us));
}
