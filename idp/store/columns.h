/* columns.h: what is read of an account, its assignments and a session wherever they are joined. For this
 * room alone; accounts.c and sessions.c read them back. */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include "base/base.h"

struct rows;
struct session_row;

/* Of account a and assignment g. */
#define ACCOUNT_COLUMNS                                                                                      \
	"a.id, a.email, a.email_key, a.given_name, a.family_name, a.class, a.npi, a.profile,"                \
	" a.email_verified, a.disabled, a.must_change, a.epoch, a.created_at, a.updated_at, a.last_login_at"
#define SUBJECT_COLUMNS                                                                                      \
	ACCOUNT_COLUMNS ", g.id, g.role_id, g.locations, g.valid_from, g.valid_until, g.source, g.reason,"   \
			" g.created_at"
#define JOIN_ASSIGNMENTS " LEFT JOIN assignment g ON g.practice_id = a.practice_id AND g.account_id = a.id"

/* Of session s. */
#define SESSION_COLUMNS                                                                                      \
	"s.hash, s.sid, s.account_id, s.acr, s.amr, s.location_id, s.address, s.user_agent, s.started_at,"   \
	" s.seen_at, s.idle_seconds, s.ends_at, s.auth_time, s.account_epoch, s.practice_epoch,"             \
	" s.connection_id, s.continuity"
enum { SESSION_WIDTH = 17 };

/* A session and its account; $1 practice, $2 now, $3 the practice's epoch. A node may know an older epoch
 * than the session was begun under, so only an older session is dead. */
#define LIVE_SESSION "session s JOIN account a ON a.practice_id = s.practice_id AND a.id = s.account_id"
#define SESSION_GOES_ON                                                                                      \
	" s.practice_id = $1 AND s.ended_at IS NULL AND s.ends_at > $2"                                      \
	" AND s.seen_at + s.idle_seconds > $2 AND s.practice_epoch >= $3"
#define ACCOUNT_IS_ON " a.disabled = FALSE AND a.epoch = s.account_epoch"
#define IS_LIVE       SESSION_GOES_ON " AND" ACCOUNT_IS_ON

/* What stands in SESSION_COLUMNS of one row, beginning at a column. */
void session_row_read(const struct rows *rows, size_t row, size_t first, struct session_row *out);

#endif
