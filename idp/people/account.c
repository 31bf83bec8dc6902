/* account.c: people of a practice as they are declared, changed, switched off and deleted. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "keys/password.h"
#include "keys/secret.h"
#include "people/account.h"
#include "people/account_row.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/credential.h"
#include "people/npi.h"
#include "people/owner.h"
#include "people/profile.h"
#include "store/accounts.h"
#include "store/practices.h"

enum { HASH_MAX = 1024 };

static const char *const classes[] = { "administrator", "staff", "external", NULL };

enum err accounts_find(struct work *work, const char *canonical, const char *practice_id,
		       struct account_match *out, size_t max, size_t *count)
{
	struct finder_row *rows = NULL;

	TRY(finder_find(work, email_key(work, canonical), practice_id, (int64_t)max, &rows, count));
	for (size_t i = 0; i < *count; i++)
		out[i] = (struct account_match){ .practice_id = rows[i].practice_id,
						 .account_id = rows[i].account_id };
	return OK;
}

enum err accounts_list(struct work *work, struct account **out, size_t *count)
{
	struct account_row *rows = NULL;

	TRY(accounts_all(work, &rows, count));
	*out = arena_array(work->arena, struct account, *count + 1);
	for (size_t i = 0; i < *count; i++)
		TRY(account_open(work, &rows[i], &(*out)[i]));
	return OK;
}

static enum err account_check(struct work *work, const struct account_change *change)
{
	if (!text_is_empty(change->given_name) && !name_is_fine(change->given_name))
		return fault(work, ERR_DOCUMENT,
			     "staff: given_name: up to 200 bytes of plain text are expected");
	if (!text_is_empty(change->family_name) && !name_is_fine(change->family_name))
		return fault(work, ERR_DOCUMENT,
			     "staff: family_name: up to 200 bytes of plain text are expected");
	if (change->class_ && !text_list_has(classes, change->class_))
		return fault(work, ERR_DOCUMENT,
			     "staff: class: administrator, staff or external is expected");
	if (!text_is_empty(change->npi) && !npi_is_storable(change->npi))
		return fault(work, ERR_DOCUMENT, "staff: npi: ten digits are expected");
	if (change->password_hash &&
	    (strlen(change->password_hash) > HASH_MAX || !password_hash_is_known(change->password_hash)))
		return fault(work, ERR_DOCUMENT, "staff: password_hash: not a scheme known here");
	return OK;
}

/* What is only worth a word, never a refusal: sites outside the US have no such number. */
static void npi_warn(const struct account_row *row)
{
	if (row->npi && !npi_is_valid(row->npi))
		log_event(LOG_WARN, "npi_check_digit", "account", row->id, NULL);
}

static enum err canonical_of(struct work *work, const char *email, char **out)
{
	*out = email_canonical(work->arena, email);
	return *out ? OK
		    : fault(work, ERR_DOCUMENT, "staff: email: an address as ada@clinic.example is expected");
}

enum err account_prepare(struct work *work, struct account_change *change)
{
	char *canonical = NULL, *hash = NULL;
	const char *why = NULL;
	struct account_row row;
	bool found = false;

	if (!change->password)
		return OK;
	if (change->password_hash)
		return fault(work, ERR_DOCUMENT, "staff: password and password_hash: only one can be given");
	TRY(canonical_of(work, change->email, &canonical));
	TRY(accounts_by_key(work, email_key(work, canonical), &row, &found));
	if (found) /* a declared password never resets one that its person has changed */
		return OK;
	const struct account account = { .email = canonical,
					 .given_name = change->given_name,
					 .family_name = change->family_name };

	TRY(credential_hash_new(work, &account, change->password, &hash, &why));
	change->password_hash = hash;
	return OK;
}

/* NULL keeps, "" takes away. */
static const char *kept(const char *wanted, const char *had)
{
	if (!wanted)
		return had;
	return *wanted ? wanted : NULL;
}

static bool same(const json_t *a, const json_t *b)
{
	return (!a && !b) || json_equal(a, b);
}

/* Personal values stay out of the log: it says which members moved. */
static enum err profile_apply(struct work *work, const struct account_change *change, struct account_row *row,
			      json_t *differences)
{
	json_t *old = NULL;
	const char *message = NULL, *name = NULL;
	json_t *value = NULL;
	AUTO(json_done) json_t *merged = NULL;
	AUTO(json_done) json_t *moved = json_array();

	if (!change->profile)
		return OK;
	TRY(profile_open(work, row->id, row->profile, &old));
	if (profile_merge(work->arena, old, change->profile, &merged, &message) != OK)
		return fault(work, ERR_DOCUMENT, "staff: profile: %s", message);
	json_object_foreach ((json_t *)(uintptr_t)change->profile, name, value) {
		if (!same(json_object_get(old, name), json_object_get(merged, name)))
			json_array_append_new(moved, json_string(name));
	}
	if (!json_array_size(moved))
		return OK;
	row->profile = profile_seal(work, row->id, merged);
	json_set(differences, "profile", json_pack("[n, O]", moved));
	return OK;
}

static enum err row_apply(struct work *work, const struct account_change *change, struct account_row *row,
			  json_t *differences)
{
	const struct account_row old = *row;

	row->given_name = kept(change->given_name, row->given_name);
	row->family_name = kept(change->family_name, row->family_name);
	row->class_ = change->class_ ? change->class_ : row->class_;
	row->npi = kept(change->npi, row->npi);
	row->disabled = change->disabled < 0 ? row->disabled : change->disabled > 0;
	change_note(differences, "given_name", old.given_name, row->given_name);
	change_note(differences, "family_name", old.family_name, row->family_name);
	change_note(differences, "class", old.class_, row->class_);
	change_note(differences, "npi", old.npi, row->npi);
	change_note_flag(differences, "disabled", old.disabled, row->disabled);
	return profile_apply(work, change, row, differences);
}

static enum err practice_is_open(struct work *work)
{
	struct practice_row practice;
	bool found = false;

	TRY(practices_find(work, work->practice, &practice, &found));
	return found && !practice.deleted ? OK : fault(work, ERR_NO_PRACTICE, "no such practice");
}

static enum err account_create(struct work *work, const struct account_change *change, const char *canonical,
			       struct account_row *row)
{
	AUTO(json_done) json_t *differences = json_object();

	*row = (struct account_row){
		.id = id_random(work->arena, "u"),
		.email = text_trim(work->arena, change->email),
		.email_key = email_key(work, canonical),
		.class_ = "staff",
		.must_change = change->must_change && change->password_hash,
		.epoch = 1,
	};
	if (change->password && !change->password_hash)
		return fault(work, ERR_CONFLICT,
			     "a password was given but not prepared, or the account went away meanwhile");
	TRY(practice_is_open(work));
	TRY(row_apply(work, change, row, differences));
	TRY(accounts_insert(work, row));
	if (change->password_hash)
		TRY(passwords_put(work, row->id, change->password_hash));
	npi_warn(row);
	return audit(work, &(struct audit_note){ .event = EVENT_ACCOUNT_CREATED,
						 .target_kind = "account",
						 .target_id = row->id,
						 .change = differences });
}

/* A change of status or class ends sessions and refresh families wherever they are read next. */
static enum err account_alter(struct work *work, const struct account_change *change, struct account_row *row,
			      bool *changed)
{
	const struct account_row old = *row;
	enum event event = EVENT_ACCOUNT_CHANGED;
	bool switched_off;
	AUTO(json_done) json_t *differences = json_object();

	TRY(row_apply(work, change, row, differences));
	*changed = json_object_size(differences) > 0;
	if (!*changed)
		return OK;
	if (row->disabled != old.disabled)
		event = row->disabled ? EVENT_ACCOUNT_DISABLED : EVENT_ACCOUNT_ENABLED;
	switched_off = row->disabled && !old.disabled;
	if (switched_off)
		TRY(owner_before(work));
	if (row->disabled != old.disabled || !text_equal(row->class_, old.class_))
		row->epoch++;
	TRY(accounts_update(work, row, old.epoch));
	if (switched_off)
		TRY(account_guard_last_owner(work));
	npi_warn(row);
	return audit(work, &(struct audit_note){ .event = event,
						 .target_kind = "account",
						 .target_id = row->id,
						 .change = differences });
}

enum err account_apply(struct work *work, const struct account_change *change, const char **id, bool *created,
		       bool *changed)
{
	char *canonical = NULL;
	struct account_row row;
	bool found = false, moved = true;

	TRY(canonical_of(work, change->email, &canonical));
	TRY(account_check(work, change));
	TRY(accounts_by_key(work, email_key(work, canonical), &row, &found));
	if (found)
		TRY(account_alter(work, change, &row, &moved));
	else
		TRY(account_create(work, change, canonical, &row));
	*id = row.id;
	*created = !found;
	*changed = moved;
	return OK;
}

static enum err account_need(struct work *work, const char *account_id, struct account_row *row)
{
	bool found = false;

	TRY(accounts_by_id(work, account_id, row, &found));
	return found ? OK : fault(work, ERR_NOT_FOUND, "no such account");
}

enum err account_set_disabled(struct work *work, const char *account_id, bool disabled)
{
	struct account_row row;
	bool changed = false;

	TRY(account_need(work, account_id, &row));
	return account_alter(work, &(struct account_change){ .disabled = disabled }, &row, &changed);
}

enum err account_delete(struct work *work, const char *account_id)
{
	struct account_row row;

	TRY(owner_before(work));
	TRY(account_need(work, account_id, &row));
	TRY(accounts_delete(work, account_id));
	TRY(account_guard_last_owner(work));
	TRY(credential_forget_failures(work, account_id));
	return audit(work, &(struct audit_note){ .event = EVENT_ACCOUNT_DELETED,
						 .target_kind = "account",
						 .target_id = account_id });
}

/* A new password is a new authenticator: failures with the old one do not count against it. */
enum err account_set_password(struct work *work, const char *account_id, const char *hash, bool must_change)
{
	struct account_row row;

	TRY(account_need(work, account_id, &row));
	if (!password_hash_is_known(hash))
		return fault(work, ERR_INTERNAL, "a password hash of an unknown scheme");
	row.must_change = must_change;
	row.epoch++;
	TRY(accounts_update(work, &row, row.epoch - 1));
	TRY(passwords_put(work, account_id, hash));
	TRY(credential_forget_failures(work, account_id));
	return audit(work, &(struct audit_note){ .event = EVENT_PASSWORD_SET,
						 .target_kind = "account",
						 .target_id = account_id });
}
