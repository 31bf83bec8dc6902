/* commands_link.c: lanyard user approve, link and unlink: accounts and who they are at another provider. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_connection.h"
#include "admin/commands_link.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "login/session.h"
#include "people/account.h"
#include "people/provision.h"
#include "people/role.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/snapshot.h"

enum err links_shown(struct work *work, const char *account_id, json_t **out)
{
	struct upstream_link *links = NULL;
	size_t count = 0;

	TRY(links_of(work, account_id, &links, &count));
	AUTO(json_done) json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		append(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "connection", links[i].connection_id,
				       "issuer", links[i].issuer, "subject", links[i].subject, "state",
				       links[i].held ? "waits for approval" : "linked", "since",
				       time_shown(work, links[i].created_at), "last_sign_in",
				       time_shown(work, links[i].seen_at)));
	*out = TAKE(list);
	return OK;
}

bool link_is_held(const struct upstream_link *links, size_t count, const char *account_id)
{
	for (size_t i = 0; i < count; i++)
		if (links[i].held && text_equal(links[i].account_id, account_id))
			return true;
	return false;
}

/* Roles named with the approval come beside those that the mapping gave. */
static enum err approve(struct work *work, const struct subject *subject, const json_t *arguments)
{
	struct assignment *list = NULL;
	size_t count = 0;
	bool changed = false;
	bool named = json_object_get(arguments, "role") || json_object_get(arguments, "location");

	if (named)
		TRY(assignments_meant(work, subject->practice, arguments, &list, &count));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	if (named)
		TRY(assignments_replace(work, subject->account.id, SOURCE_BASE, list, count, &changed));
	TRY(provision_approve(work, subject->account.id));
	return tx_commit(&tx);
}

static enum err user_approve(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	struct subject subject;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	const char *id = subject.account.id;

	TRY(approve(work, &subject, arguments));
	TRY(subject_load(work, id, &subject));
	*result = json_pack("{s:s, s:s, s:s, s:o}", "email", subject.account.email, "practice",
			    work->practice, "status", subject.account.disabled ? "disabled" : "active",
			    "roles", assignments_shown(work, subject.assignments, subject.assignment_count));
	*message = subject.assignment_count
			   ? "Signs in by the provider from now on. Undo: lanyard user disable."
			   : "Signs in by the provider from now on, and holds no role yet: lanyard user set "
			     "EMAIL "
			     "--role R --location L.";
	return OK;
}

/* In the account's practice. */
static enum err connection_asked(struct work *work, const json_t *arguments, const struct connection **out)
{
	const char *id = NULL;

	TRY(arg_need(work, arguments, "connection", &id));
	return connection_named(work, id, out);
}

/* Entra knows people by tenant and object id; the object id alone is what its console shows. */
static const char *subject_meant(struct work *work, const struct connection *connection, const char *subject)
{
	if (text_equal(connection->preset, "entra") && connection->tid && !strchr(subject, '/'))
		return arena_print(work->arena, "%s/%s", connection->tid, subject);
	return subject;
}

static enum err issuer_meant(struct work *work, const struct connection *connection, const json_t *arguments,
			     const char **issuer)
{
	*issuer = arg(arguments, "issuer");
	if (!*issuer)
		*issuer = connection->issuer ? connection->issuer : connection->entity_id;
	return *issuer ? OK
		       : fault(work, ERR_PARAMETER_MALFORMED,
			       "--issuer is missing: the provider's entity id, as lanyard connection preview "
			       "shows it");
}

static enum err user_link(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	struct subject subject;
	const struct connection *connection = NULL;
	const char *there = NULL, *issuer = NULL;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	TRY(connection_asked(work, arguments, &connection));
	TRY(arg_need(work, arguments, "subject", &there));
	TRY(issuer_meant(work, connection, arguments, &issuer));
	there = subject_meant(work, connection, there);
	AUTO(tx_end) struct tx tx = tx_begin(work);
	enum err err = link_make(work, connection, issuer, there, subject.account.id, subject.account.epoch);

	if (err == ERR_CONFLICT)
		return fault(work, err, "this person of %s is somebody here already", connection->id);
	TRY(err);
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:s, s:s, s:s}", "email", subject.account.email, "practice",
			    work->practice, "connection", connection->id, "issuer", issuer, "subject", there);
	*message =
		arena_print(work->arena,
			    "Who signs in there as this person is this account. Undo: lanyard user unlink %s "
			    "--connection %s.",
			    subject.account.email, connection->id);
	return OK;
}

static enum err user_unlink(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	struct subject subject;
	const struct connection *connection = NULL;
	size_t ended = 0;

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	TRY(connection_asked(work, arguments, &connection));
	const char *email = subject.account.email, *id = connection->id;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_account(work, subject.account.id, &ended));
	TRY(link_remove(work, subject.account.id, id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:s, s:I}", "email", email, "practice", work->practice, "connection",
			    id, "sessions_ended", (json_int_t)ended);
	*message =
		arena_print(work->arena,
			    "The account stays. A way in: lanyard user reset-password %s. Undo: lanyard user "
			    "link.",
			    email);
	return OK;
}

#define USER                                                                                                 \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"user", NULL                                                                                 \
	}

/* clang-format off */
const struct command link_commands[] = {
	{ "user", "approve", "user approve EMAIL [--role R --location L]...", "let somebody in who came by a connection and waits",
	  "lanyard user approve ada@northside.example --role provider --location main  # exits 5\n",
	  USER, (const char *const[]){ "role=*", "location=*", "from=", "until=", "reason=", NULL }, user_approve, NULL },
	{ "user", "link", "user link EMAIL --connection C --subject S [--issuer I]", "this person at the provider is this account",
	  "lanyard user link priya@northside.example --connection northside-okta --subject 00u1a2b3c4\n"
	  "lanyard user link ada@northside.example --connection northside-okta --subject 00u1a2b3c4  # exits 5\n",
	  USER, (const char *const[]){ "connection=", "subject=", "issuer=", NULL }, user_link, NULL },
	{ "user", "unlink", "user unlink EMAIL --connection C", "no longer; sessions end, the account stays",
	  "lanyard user unlink priya@northside.example --connection northside-okta\n"
	  "lanyard user unlink priya@northside.example --connection northside-okta  # exits 3\n",
	  USER, (const char *const[]){ "connection=", NULL }, user_unlink, NULL },
	{ .noun = NULL },
};
/* clang-format on */
