/* accounts.h: rows of account, account_finder and password, of work->practice. Rules live in
 * people/account.h. */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "base/base.h"
#include "store/db.h"
#include "store/roles.h"

struct work;

struct account_row {
	const char *id, *email, *email_key, *given_name, *family_name, *class_, *npi;
	struct bytes profile; /* sealed */
	bool email_verified, disabled, must_change;
	int64_t epoch, created_at, updated_at, last_login_at;
};
enum err accounts_by_id(struct work *work, const char *id, struct account_row *out, bool *found) MUST_USE;
enum err accounts_by_key(struct work *work, const char *email_key, struct account_row *out,
			 bool *found) MUST_USE;
/* An account and what it holds, in one statement, alone or joined with what else decides: its columns begin
 * at first. No row: there is no such account. */
struct subject_rows {
	struct rows rows;
	size_t first;
};
enum err accounts_subject(struct work *work, const char *id, struct subject_rows *out) MUST_USE;
/* At least one row. */
void subject_rows_read(struct work *work, const struct subject_rows *from, struct account_row *out,
		       struct assignment_row **assignments, size_t *count);
enum err accounts_all(struct work *work, struct account_row **out, size_t *count) MUST_USE; /* by e-mail */
/* Both keep the finder's row with the account's. */
enum err accounts_insert(struct work *work, const struct account_row *row) MUST_USE;
enum err accounts_delete(struct work *work, const char *id) MUST_USE; /* with all that is only its own */
/* Only while its epoch is still the one that was read: what ends sessions meanwhile (a status, a password) is
 * not undone by who read before. ERR_CONFLICT. */
enum err accounts_update(struct work *work, const struct account_row *row, int64_t epoch_read) MUST_USE;
/* Another address, with its key, also where it is looked for. ERR_CONFLICT: it is somebody else's. */
enum err accounts_move_email(struct work *work, const struct account_row *row) MUST_USE;
enum err accounts_signed_in(struct work *work, const char *id) MUST_USE; /* last_login_at */

/* Over all practices: it stands outside the wall and shows ids alone. */
struct finder_row {
	const char *practice_id, *account_id;
};
enum err finder_find(struct work *work, const char *email_key, const char *practice_id, int64_t max,
		     struct finder_row **out, size_t *count) MUST_USE;

/* For a check of a password: always answers, with hash NULL and disabled for somebody unknown. */
struct password_row {
	const char *hash;
	bool disabled;
};
enum err passwords_load(struct work *work, const char *account_id, struct password_row *out) MUST_USE;
enum err passwords_put(struct work *work, const char *account_id, const char *hash) MUST_USE;
/* A better hash of the same password, unless it was changed meanwhile. */
enum err passwords_swap(struct work *work, const char *account_id, const char *old_hash,
			const char *hash) MUST_USE;
/* Every counter of one kind whose key begins so. */
enum err attempts_forget(struct work *work, const char *kind, const char *key_start) MUST_USE;

#endif
