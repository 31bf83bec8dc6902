/* link.c: who somebody of another provider is here: made with proof on both sides, taken away, let in; and
 * when their password still counts. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/seal.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/provision.h"
#include "people/role.h"
#include "people/role_templates.h"
#include "store/accounts.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/snapshot.h"

const char *subject_key(struct work *work, const char *connection_id, const char *issuer, const char *subject)
{
	assert(work->practice && connection_id && issuer && subject);
	return vault_mac_text(work->app->vault, work->arena, "upstream", work->practice, connection_id,
			      issuer, subject, NULL);
}

static enum err tell(struct work *work, enum event event, const char *account_id, const char *connection_id,
		     const char *issuer, const char *subject)
{
	AUTO(json_done) json_t *extra = json_object();

	json_set_text(extra, "connection", connection_id);
	json_set_text(extra, "issuer", issuer);
	if (subject)
		json_set_text(extra, "subject", text_bounded(work->arena, subject, strlen(subject), 256));
	return audit(work, &(struct audit_note){ .event = event,
						 .target_kind = "account",
						 .target_id = account_id,
						 .extra = extra });
}

static enum err connection_is_on(struct work *work, const char *id)
{
	struct connection_row row;
	bool found = false;

	TRY(connections_find(work, id, &row, &found));
	return found && !row.disabled && !row.deleted && text_equal(row.practice_id, work->practice)
		       ? OK
		       : fault(work, ERR_CONFLICT, "connection %s is off", id);
}

static enum err account_is_as_proven(struct work *work, const char *account_id, int64_t epoch)
{
	struct account_row row;
	bool found = false;

	TRY(accounts_by_id(work, account_id, &row, &found));
	return found && !row.disabled && row.epoch == epoch
		       ? OK
		       : fault(work, ERR_CONFLICT, "account %s was changed meanwhile", account_id);
}

enum err link_make(struct work *work, const struct connection *connection, const char *issuer,
		   const char *subject, const char *account_id, int64_t epoch)
{
	const struct upstream_link link = { .subject_key = subject_key(work, connection->id, issuer, subject),
					    .connection_id = connection->id,
					    .issuer = issuer,
					    .subject = subject,
					    .account_id = account_id };
	bool won = false;

	assert(tx_is_open(work));
	TRY(connection_is_on(work, connection->id));
	TRY(account_is_as_proven(work, account_id, epoch));
	TRY(links_insert(work, &link, &won));
	if (!won)
		return fault(work, ERR_CONFLICT, "this person of connection %s is somebody here already",
			     connection->id);
	return tell(work, EVENT_ACCOUNT_LINKED, account_id, connection->id, issuer, subject);
}

/* What the connection's rules gave goes with the link. */
enum err link_remove(struct work *work, const char *account_id, const char *connection_id)
{
	struct upstream_link *links = NULL;
	size_t count = 0, gone = 0;
	bool changed = false, kept = false;

	TRY(links_of(work, account_id, &links, &count));
	for (size_t i = 0; i < count; i++) {
		if (connection_id && !text_equal(links[i].connection_id, connection_id))
			continue;
		TRY(assignments_map(work, account_id, links[i].connection_id, NULL, 0, &changed, &kept));
		TRY(tell(work, EVENT_ACCOUNT_UNLINKED, account_id, links[i].connection_id, links[i].issuer,
			 links[i].subject));
	}
	TRY(links_delete(work, account_id, connection_id, &gone));
	return gone ? OK : fault(work, ERR_NOT_FOUND, "the account has no such link");
}

enum err provision_approve(struct work *work, const char *account_id)
{
	struct upstream_link *links = NULL;
	size_t count = 0, held = 0;

	TRY(links_of(work, account_id, &links, &count));
	for (size_t i = 0; i < count; i++)
		held += links[i].held;
	if (!held)
		return fault(work, ERR_CONFLICT, "the account does not wait for approval");
	TRY(links_release(work, account_id));
	TRY(account_set_disabled(work, account_id, false));
	return tell(work, EVENT_ACCOUNT_APPROVED, account_id, NULL, NULL, NULL);
}

/* Owners get in by their password whatever a provider does: somebody has to mend it. */
static enum err is_owner(struct work *work, const char *account_id, bool *owner)
{
	struct subject subject;

	TRY(subject_load(work, account_id, &subject));
	*owner = false;
	for (size_t i = 0; i < subject.assignment_count; i++) {
		const struct assignment *held = &subject.assignments[i];
		bool now = held->valid_from <= work->now &&
			   (!held->valid_until || held->valid_until > work->now);
		bool owns = text_equal(held->role_id, ROLE_OWNER) || text_equal(held->role_id, ROLE_ADMIN);

		*owner = *owner || (now && owns && !held->locations);
	}
	return OK;
}

/* By one enabled connection. */
static bool may_beside(const struct work *work, const struct connection *connection,
		       bool (*down)(const struct work *work, const char *connection_id), bool *continuity)
{
	switch (connection->local_sign_in) {
	case LOCAL_ALWAYS:
		return true;
	case LOCAL_OUTAGE:
		if (!down || !down(work, connection->id))
			return false;
		*continuity = true;
		return true;
	case LOCAL_NEVER:
		break;
	}
	return false;
}

enum err password_may(struct work *work, const char *account_id,
		      bool (*down)(const struct work *work, const char *connection_id), bool *continuity)
{
	struct upstream_link *links = NULL;
	size_t count = 0;
	bool may = true, owner = false;

	*continuity = false;
	TRY(links_of(work, account_id, &links, &count));
	for (size_t i = 0; i < count; i++) {
		const struct connection *c = snapshot_connection(work->snapshot, links[i].connection_id);

		if (c && !c->disabled)
			may = may_beside(work, c, down, continuity) && may;
	}
	if (may && !*continuity)
		return OK;
	TRY(is_owner(work, account_id, &owner));
	*continuity = *continuity && may && !owner;
	return may || owner ? OK
			    : fault(work, ERR_SIGN_IN_ELSEWHERE, "account %s signs in by its connection",
				    account_id);
}
