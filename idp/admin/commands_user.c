/* commands_user.c: lanyard user ...: people of a practice. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_link.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "login/session.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/credential.h"
#include "people/role.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/snapshot.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

static json_t *row_of(struct work *work, const struct subject *subject)
{
	const struct account *account = &subject->account;
	char *name = arena_print(work->arena, "%s%s%s", account->given_name ? account->given_name : "",
				 account->given_name && account->family_name ? " " : "",
				 account->family_name ? account->family_name : "");

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "email", account->email, "name", name, "class",
			 account->class_, "status", account->disabled ? "disabled" : "active", "roles",
			 assignments_shown(work, subject->assignments, subject->assignment_count),
			 "last_login", time_shown(work, account->last_login_at));
}

static json_t *details_of(struct work *work, const struct subject *subject)
{
	json_t *row = row_of(work, subject);
	const struct account *account = &subject->account;

	json_set_text(row, "practice", subject->practice->id);
	json_set_text(row, "id", account->id);
	json_set_text(row, "npi", account->npi);
	json_set_text(row, "phone_number", json_get_text(account->profile, "phone_number"));
	json_set(row, "must_change_password", json_boolean(account->must_change));
	json_set(row, "created", time_shown(work, account->created_at));
	json_set(row, "changed", time_shown(work, account->updated_at));
	return row;
}

/* What --given-name and its like say; what is not given stays as it is. */
static struct account_change change_meant(struct work *work, const json_t *arguments, const char *email)
{
	const char *phone = arg(arguments, "phone");
	json_t *profile = phone ? json_object() : NULL;

	if (profile) {
		json_set(profile, "phone_number", *phone ? json_string(phone) : json_null());
		arena_defer(work->arena, release_json, profile);
	}
	return (struct account_change){ .email = email,
					.given_name = arg(arguments, "given-name"),
					.family_name = arg(arguments, "family-name"),
					.class_ = arg(arguments, "class"),
					.npi = arg(arguments, "npi"),
					.profile = profile,
					.disabled = -1 };
}

static enum err is_free(struct work *work, const char *email)
{
	const char *canonical = email_canonical(work->arena, email);
	struct account_match match;
	size_t count = 0;

	if (!canonical)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s is not an e-mail address", email);
	TRY(accounts_find(work, canonical, work->practice, &match, 1, &count));
	return count ? fault(work, ERR_CONFLICT, "%s is in %s already", canonical, work->practice) : OK;
}

static enum err create(struct work *work, struct account_change *change, const struct assignment *list,
		       size_t count, const char **id)
{
	bool created = false, changed = false;

	TRY(account_prepare(work, change));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(account_apply(work, change, id, &created, &changed));
	if (!created) /* somebody else was faster */
		return fault(work, ERR_CONFLICT, "%s is in %s already", change->email, work->practice);
	TRY(assignments_replace(work, *id, SOURCE_BASE, list, count, &changed));
	return tx_commit(&tx);
}

static enum err user_add(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	const struct practice *practice;
	struct assignment *list = NULL;
	size_t count = 0;
	const char *id = NULL, *email, *given = arg(arguments, "password");
	AUTO(secret_wipe) struct secret made = password_new();

	(void)code;
	TRY(arg_need(work, arguments, "user", &email));
	TRY(practice_meant(work, arguments, &practice));
	TRY(assignments_meant(work, practice, arguments, &list, &count));
	TRY(is_free(work, email));
	struct account_change change = change_meant(work, arguments, email);

	change.password = given ? given : made.text;
	change.must_change = true; /* somebody else knows it */
	change.class_ = change.class_ ? change.class_ : "staff";
	TRY(create(work, &change, list, count, &id));
	*result = json_pack("{s:s, s:s, s:s, s:o}", "email", email, "practice", practice->id, "id", id,
			    "roles", assignments_shown(work, list, count));
	if (!given)
		json_set_text(*result, "password", made.text);
	*message = given ? "The password has to be changed at the first sign-in."
			 : "This password is shown once. It has to be changed at the first sign-in.";
	return OK;
}

static enum err user_list(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	const struct practice *practice;
	struct account *accounts = NULL;
	struct upstream_link *links = NULL;
	size_t count = 0, link_count = 0;

	(void)message, (void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(accounts_list(work, &accounts, &count));
	TRY(links_of(work, NULL, &links, &link_count));
	AUTO(json_done) json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		struct subject subject;
		enum err err = subject_load(work, accounts[i].id, &subject);
		if (err == ERR_NOT_FOUND) /* deleted meanwhile */
			continue;
		TRY(err);
		json_t *row = row_of(work, &subject);
		if (link_is_held(links, link_count, subject.account.id))
			json_set_text(row, "status", "waits for approval");
		append(list, row);
	}
	*result = TAKE(list);
	return OK;
}

static enum err user_show(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	struct subject subject;

	(void)message, (void)code;
	TRY(account_meant(work, arguments, &subject));
	json_t *links = NULL;

	TRY(links_shown(work, subject.account.id, &links));
	*result = details_of(work, &subject);
	json_set(*result, "links", links);
	return OK;
}

/* New roles and locations replace those of before, when they are named. */
static enum err replace_assignments(struct work *work, const struct subject *subject, const json_t *arguments)
{
	struct assignment *list = NULL;
	size_t count = 0;
	bool changed = false;

	if (!json_object_get(arguments, "role") && !json_object_get(arguments, "location"))
		return OK;
	TRY(assignments_meant(work, subject->practice, arguments, &list, &count));
	TRY(assignments_replace(work, subject->account.id, SOURCE_BASE, list, count, &changed));
	return account_guard_last_owner(work);
}

static enum err user_set(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	struct subject subject;
	const char *id = NULL;
	bool created = false, changed = false;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	const struct account_change change = change_meant(work, arguments, subject.account.email);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(account_apply(work, &change, &id, &created, &changed));
	TRY(replace_assignments(work, &subject, arguments));
	TRY(tx_commit(&tx));
	TRY(subject_load(work, id, &subject));
	*result = details_of(work, &subject);
	*message = "The next token says so; sessions stay open.";
	return OK;
}

static enum err switch_account(struct work *work, const json_t *arguments, bool disabled, json_t **result)
{
	struct subject subject;
	size_t ended = 0;

	TRY(account_meant(work, arguments, &subject));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	if (disabled)
		TRY(sessions_end_account(work, subject.account.id, &ended));
	TRY(account_set_disabled(work, subject.account.id, disabled));
	TRY(tx_commit(&tx));
	*result =
		json_pack("{s:s, s:s, s:s, s:I}", "email", subject.account.email, "practice", work->practice,
			  "status", disabled ? "disabled" : "active", "sessions_ended", (json_int_t)ended);
	return OK;
}

static enum err user_disable(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	(void)code;
	TRY(switch_account(work, arguments, true, result));
	*message = "Sessions and refresh tokens have ended. Undo: lanyard user enable.";
	return OK;
}

static enum err user_enable(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	(void)code;
	TRY(switch_account(work, arguments, false, result));
	*message = "Signs in with the password and roles of before.";
	return OK;
}

static enum err user_unlock(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	struct subject subject;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	TRY(credential_unlock(work, subject.account.id));
	*result = json_pack("{s:s, s:s}", "email", subject.account.email, "practice", work->practice);
	*message = "Failed tries are forgotten.";
	return OK;
}

static enum err user_reset_password(struct work *work, const json_t *arguments, json_t **result,
				    const char **message, int *code)
{
	struct subject subject;
	char *hash = NULL;
	const char *why = NULL, *given = arg(arguments, "password");
	size_t ended = 0;
	AUTO(secret_wipe) struct secret made = password_new();

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	enum err err = credential_hash_new(work, &subject.account, given ? given : made.text, &hash, &why);

	if (err == ERR_PASSWORD_WEAK)
		return fault(work, err, "%s", why);
	TRY(err);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_account(work, subject.account.id, &ended));
	TRY(account_set_password(work, subject.account.id, hash, true));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s}", "email", subject.account.email, "practice", work->practice);
	if (!given)
		json_set_text(*result, "password", made.text);
	*message = given ? "It has to be changed at the next sign-in; sessions have ended."
			 : "This password is shown once. It has to be changed at the next sign-in; sessions "
			   "have ended.";
	return OK;
}

static enum err user_logout(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	struct subject subject;
	size_t ended = 0;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_account(work, subject.account.id, &ended));
	/* refresh tokens end as well, also where no session is left to have a row of its own */
	TRY(audit(work, &(struct audit_note){ .event = EVENT_LOGOUT_ALL,
					      .target_kind = "account",
					      .target_id = subject.account.id }));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:I}", "email", subject.account.email, "practice", work->practice,
			    "sessions_ended", (json_int_t)ended);
	*message = "Apps that asked for it are told.";
	return OK;
}

static enum err user_delete(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	struct subject subject;
	size_t ended = 0;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	TRY(confirmed(work, arguments, subject.account.email, "deleting an account cannot be undone"));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_account(work, subject.account.id, &ended));
	TRY(account_delete(work, subject.account.id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:s}", "email", subject.account.email, "practice", work->practice,
			    "id", subject.account.id);
	*message = "Gone for good; the records keep the id.";
	return OK;
}

#define EMAIL                                                                                                \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"user", NULL                                                                                 \
	}
#define NOTHING                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		NULL                                                                                         \
	}
#define PERSON                                                                                               \
	"given-name=", "family-name=", "class=", "npi=", "phone=", "role=*", "location=*",                   \
		"from=", "until=", "reason="

/* clang-format off */
const struct command user_commands[] = {
	{ "user", "add", "user add EMAIL --practice P --role R --location L", "create an account; the password is shown once",
	  "lanyard user add nina@northside.example --practice northside --given-name Nina --family-name Berg --role provider --location main\n"
	  "lanyard user add omar@northside.example -p northside --role front-desk --role billing --location main --location west\n"
	  "lanyard user add nina@northside.example -p northside --role provider --location main  # exits 5\n"
	  "lanyard user add zoe@northside.example -p northside --role provider  # exits 2\n",
	  EMAIL, (const char *const[]){ PERSON, "password-stdin", "ask-password", NULL }, user_add, NULL },
	{ "user", "list", "user list --practice P", "the accounts of a practice",
	  "lanyard user list --practice northside\nlanyard user list -p riverside -o json\n", NOTHING, NOTHING, user_list, NULL },
	{ "user", "show", "user show EMAIL", "one account with what it holds",
	  "lanyard user show ada@northside.example\nlanyard user show nobody@northside.example  # exits 3\n", EMAIL, NOTHING, user_show, NULL },
	{ "user", "set", "user set EMAIL [--given-name N] [--role R --location L]...", "change an account; roles named here replace those of before",
	  "lanyard user set nina@northside.example --phone +13125550188 --npi 1234567893\n"
	  "lanyard user set nina@northside.example --role provider --location main --location west\n",
	  EMAIL, (const char *const[]){ PERSON, NULL }, user_set, NULL },
	{ "user", "disable", "user disable EMAIL", "no sign-in, sessions end; everything stays recorded",
	  "lanyard user disable omar@northside.example\nlanyard user disable olivia@northside.example  # exits 4\n", EMAIL, NOTHING, user_disable, NULL },
	{ "user", "enable", "user enable EMAIL", "may sign in again", "lanyard user enable omar@northside.example\n", EMAIL, NOTHING, user_enable, NULL },
	{ "user", "unlock", "user unlock EMAIL", "forget failed tries", "lanyard user unlock ada@northside.example\n", EMAIL, NOTHING, user_unlock, NULL },
	{ "user", "reset-password", "user reset-password EMAIL", "a new password, shown once; sessions end",
	  "lanyard user reset-password omar@northside.example\n",
	  EMAIL, (const char *const[]){ "password-stdin", "ask-password", NULL }, user_reset_password, NULL },
	{ "user", "logout", "user logout EMAIL", "end all sessions of an account", "lanyard user logout ada@northside.example\n", EMAIL, NOTHING, user_logout, NULL },
	{ "user", "delete", "user delete EMAIL", "delete an account for good; its records stay",
	  "lanyard user delete omar@northside.example  # exits 2\nlanyard user delete omar@northside.example --yes\n",
	  EMAIL, (const char *const[]){ "confirm=!", NULL }, user_delete, NULL },
	{ .noun = NULL },
};
/* clang-format on */
