/* sessions.h: the rows of session and session_app. Rules live in login/session.h.
 *
 * Every function works in work->practice. A row is live when it is not ended, its idle and absolute limits
 * hold at work->now, and its account and practice are of the epoch that it carries. */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "base/base.h"

struct work;

struct session_row {
	const char *hash, *sid, *account_id, *acr, *amr, *location_id, *address, *user_agent;
	int64_t started_at, seen_at, idle_seconds, ends_at, auth_time, account_epoch, practice_epoch;
	const char *connection_id; /* NULL: the local way */
	bool continuity;
	const char *email, *given_name, *family_name; /* of the account; NULL where it is not joined */
};

enum err sessions_insert(struct work *work, const struct session_row *row) MUST_USE;
/* The live one; practice_epoch: what this node knows (a row of a newer epoch is live too). ERR_NOT_FOUND. */
enum err sessions_by_hash(struct work *work, const char *hash, int64_t practice_epoch,
			  struct session_row *out) MUST_USE;
enum err sessions_by_sid(struct work *work, const char *sid, int64_t practice_epoch,
			 struct session_row *out) MUST_USE;
/* Live ones, newest first. account_id NULL: of the whole practice. */
enum err sessions_live(struct work *work, const char *account_id, int64_t practice_epoch,
		       struct session_row **out, size_t *count) MUST_USE;
enum err sessions_touch(struct work *work, const char *sid) MUST_USE;
/* Inside a transaction: is it live, and stays so until the commit? Whoever ends it waits. ERR_NOT_FOUND. */
enum err sessions_hold(struct work *work, const char *sid, int64_t practice_epoch) MUST_USE;
enum err sessions_set_location(struct work *work, const char *hash, const char *location_id) MUST_USE;
/* Step-up: the row of old_hash takes the new handle, times and epochs; ERR_NOT_FOUND when it ended meanwhile.
 */
enum err sessions_renew(struct work *work, const char *old_hash, const struct session_row *row) MUST_USE;

/* Ends one, once: ERR_NOT_FOUND when it was ended already. Its refresh families without offline access die
 * too, and what its provider would be asked with. */
enum err sessions_close(struct work *work, const char *sid, struct session_row *out) MUST_USE;
/* Ends those of an account (epoch + 1: its families die) or of the practice (account_id NULL). */
enum err sessions_close_all(struct work *work, const char *account_id, struct session_row **out,
			    size_t *count) MUST_USE;

enum err sessions_add_app(struct work *work, const char *sid, const char *client_id) MUST_USE;
/* client ids, NULL-terminated, first come first. */
enum err sessions_apps(struct work *work, const char *sid, const char *const **out) MUST_USE;

#endif
