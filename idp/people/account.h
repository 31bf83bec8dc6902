/* account.h: a person or a service in exactly one practice. The caller's transaction, audited there;
 * a change of status, class or password adds one to the account's epoch, which ends its sessions and
 * refresh families wherever they are read next. */
#ifndef PEOPLE_ACCOUNT_H
#define PEOPLE_ACCOUNT_H

#include <jansson.h>

#include "base/base.h"
#include "people/role.h"

struct work;
struct arena;
struct practice;

struct account {
	const char *id;    /* random, public: sub */
	const char *email; /* as typed */
	const char *given_name, *family_name, *class_, *npi;
	json_t *profile; /* opened: phone_number (E.164), phone_number_verified, address{}, birthdate, gender,
			    locale, zoneinfo, middle_name, nickname, preferred_username, profile, picture,
			    website, taxonomy[], license[] */
	bool email_verified, disabled, must_change;
	int64_t epoch, created_at, updated_at, last_login_at;
};

/* An account with what it holds, in its practice: what every issuing endpoint loads (one statement). */
struct subject {
	const struct practice *practice;
	struct account account;
	const struct assignment *assignments;
	size_t assignment_count;
	struct standing standing;
};
/* work->practice is the practice. ERR_NOT_FOUND. */
enum err subject_load(struct work *work, const char *account_id, struct subject *out) MUST_USE;
/* The same out of what was read together with other things (store/accounts.h). */
struct subject_rows;
enum err subject_read(struct work *work, const struct subject_rows *from, struct subject *out) MUST_USE;
/* The one question that every door asks where something is issued: practice on, account on. For an app:
 * it is on, serves this practice, and one of its roles is held (client->roles). ERR_ACCOUNT_DISABLED,
 * ERR_NO_ACCESS. */
struct client;
enum err subject_may(struct work *work, const struct subject *subject, const struct client *client) MUST_USE;

/* One canonical form: exactly one '@', at most 254 bytes, UTF-8 NFKC-safe ASCII domain, lower case; NULL when
 * it is not an address. The key is what unique indexes compare. */
char *email_canonical(struct arena *arena, const char *email);
char *email_key(struct work *work, const char *canonical); /* HMAC by the vault */
/* The first accounts with this address, over practices (practice_id NULL) or in one: at most max. */
struct account_match {
	const char *practice_id, *account_id;
};
enum err accounts_find(struct work *work, const char *canonical, const char *practice_id,
		       struct account_match *out, size_t max, size_t *count) MUST_USE;
enum err accounts_list(struct work *work, struct account **out,
		       size_t *count) MUST_USE; /* of work->practice, by e-mail */

struct account_change {
	const char *email; /* finds or creates */
	const char *given_name, *family_name, *class_,
		*npi;              /* NULL: as it is (class staff at creation); "": none */
	const json_t *profile;     /* members to set; null removes; NULL: as it is */
	const char *password;      /* sets it at creation; never resets a changed one */
	const char *password_hash; /* imported, at creation */
	bool must_change;          /* with a password given by somebody else */
	int disabled;              /* -1: as it is */
};
/* Creates or changes in work->practice. Hashing a password is slow: hash before the transaction with
 * account_prepare, which fills change->password_hash. ERR_PASSWORD_WEAK, ERR_CONFLICT, ERR_LAST_OWNER. */
enum err account_prepare(struct work *work, struct account_change *change) MUST_USE;
enum err account_apply(struct work *work, const struct account_change *change, const char **id, bool *created,
		       bool *changed) MUST_USE;
enum err account_set_disabled(struct work *work, const char *account_id, bool disabled) MUST_USE;
enum err account_delete(struct work *work, const char *account_id) MUST_USE; /* the audit keeps its id */
/* hash: made before the transaction. Ends other sessions by the epoch. */
enum err account_set_password(struct work *work, const char *account_id, const char *hash,
			      bool must_change) MUST_USE;
/* Asked at the end of a transaction: has it left the practice without an active owner, when there was one?
 * What switches off, deletes or takes one assignment away asks by itself; after assignments_replace the
 * caller asks, since ownership may move from one person to another in one transaction. ERR_LAST_OWNER. */
enum err account_guard_last_owner(struct work *work) MUST_USE;

#endif
