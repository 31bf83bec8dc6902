/* credential.h: is this secret this person's? The one place where a secret of a person is compared,
 * so lockout cannot be forgotten at a side door (security.md E1 to E4, E17).
 *
 * The attempt is reserved before hashing, keyed by account (or by practice and canonical name for unknown
 * people) and by network; success refunds. Unknown, disabled, locked and wrong cost the same and look the
 * same. */
#ifndef PEOPLE_CREDENTIAL_H
#define PEOPLE_CREDENTIAL_H

#include "base/base.h"
#include "people/account.h"

struct work;

/* practice_id NULL: no practice context; at most 4 accounts of that address are tried. matches: those whose
 * password it is and who may sign in. ERR_SIGN_IN_FAILED (none), ERR_LOCKED (wait; *retry_after seconds),
 * ERR_UNAVAILABLE (no slot for the hash). Audits the outcome in every case. Not inside a transaction. */
enum err credential_password(struct work *work, const char *practice_id, const char *email,
			     const char *password, struct account_match *matches, size_t max, size_t *count,
			     int64_t *retry_after) MUST_USE;
/* The same for one known account (re-authentication, change of password). */
enum err credential_password_of(struct work *work, const char *account_id, const char *password,
				int64_t *retry_after) MUST_USE;
/* Checks the practice's rules and hashes; ERR_PASSWORD_WEAK with *why = password_weakness's word. */
enum err credential_hash_new(struct work *work, const struct account *account, const char *password,
			     char **hash, const char **why) MUST_USE;
/* What came before no longer counts: for a new password and a deleted account. In the caller's transaction.
 */
enum err credential_forget_failures(struct work *work, const char *account_id) MUST_USE;
/* Clears an account's lockout. */
enum err credential_unlock(struct work *work, const char *account_id) MUST_USE;

#endif
