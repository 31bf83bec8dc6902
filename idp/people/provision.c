/* provision.c: a plan (provision_plan.c) is written in one transaction, or described. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/provision.h"
#include "people/provision_plan.h"
#include "store/db.h"

enum { TRIES = 4, SEEN_SECONDS = 60, SUBJECT_SHOWN = 256 };

static json_t *differences_of(const struct plan *p)
{
	json_t *differences = json_object();
	const struct account_row *old = &p->old, *row = &p->account;

	change_note(differences, "email", old->email, row->email);
	change_note_flag(differences, "email_verified", old->email_verified, row->email_verified);
	change_note(differences, "given_name", old->given_name, row->given_name);
	change_note(differences, "family_name", old->family_name, row->family_name);
	change_note(differences, "class", old->class_, row->class_);
	change_note_flag(differences, "disabled", old->disabled, row->disabled);
	return differences;
}

static enum err tell_account(struct work *work, const struct plan *p, enum event event)
{
	AUTO(json_done) json_t *differences = differences_of(p);

	return audit(work, &(struct audit_note){ .event = event,
						 .target_kind = "account",
						 .target_id = p->account.id,
						 .change = differences });
}

/* To be held is told once; who comes again while they wait is refused. */
static enum event event_of(const struct plan *p)
{
	if (p->verdict == PROVISION_SIGNED_IN)
		return EVENT_UPSTREAM_SIGN_IN;
	return p->holds ? EVENT_ACCOUNT_HELD : EVENT_UPSTREAM_REFUSED;
}

/* One row for each sign-in, whatever came of it. Nobody signs in when a provider is asked again: what that
 * changes has rows of its own. */
static enum err tell(struct work *work, const struct plan *p, bool kept_owner)
{
	const struct upstream_person *person = p->person;
	bool ok = p->verdict == PROVISION_SIGNED_IN;

	if (ok && person->is_recheck)
		return OK;
	AUTO(json_done) json_t *extra = json_object();

	json_set_text(extra, "connection", p->connection.id);
	json_set_text(extra, "issuer", person->issuer);
	json_set_text(extra, "subject",
		      text_bounded(work->arena, person->subject, strlen(person->subject), SUBJECT_SHOWN));
	json_set_text(extra, "kept_email", p->kept_email);
	if (p->mapped.applied)
		json_set(extra, "applied", json_deep_copy(p->mapped.applied));
	if (kept_owner)
		json_set(extra, "kept_owner", json_true());
	if (person->is_recheck)
		json_set(extra, "recheck", json_true());
	return audit(work,
		     &(struct audit_note){ .event = event_of(p),
					   .outcome = ok ? OUTCOME_OK : OUTCOME_DENY,
					   .reason = p->verdict == PROVISION_HELD ? "held" : p->reason,
					   .target_kind = p->account.id ? "account" : "connection",
					   .target_id = p->account.id ? p->account.id : p->connection.id,
					   .extra = extra });
}

/* The unique key decides who was first: who lost reads what the winner made. */
static enum err write_link(struct work *work, const struct plan *p)
{
	bool won = false;

	TRY(links_insert(work,
			 &(struct upstream_link){ .subject_key = p->subject_key,
						  .connection_id = p->connection.id,
						  .issuer = p->person->issuer,
						  .subject = p->person->subject,
						  .account_id = p->account.id,
						  .held = p->holds },
			 &won));
	return won ? OK : fault(work, ERR_CONFLICT, "somebody else linked this person meanwhile");
}

static enum err write_new(struct work *work, const struct plan *p)
{
	TRY(write_link(work, p));
	TRY(accounts_insert(work, &p->account));
	TRY(tell_account(work, p, EVENT_ACCOUNT_CREATED));
	return audit(work, &(struct audit_note){ .event = EVENT_ACCOUNT_LINKED,
						 .target_kind = "account",
						 .target_id = p->account.id });
}

static enum err write_known(struct work *work, const struct plan *p)
{
	if (p->moves_email)
		TRY(accounts_move_email(work, &p->account));
	if (p->changes)
		TRY(accounts_update(work, &p->account, p->old.epoch));
	if (p->changes || p->moves_email)
		TRY(tell_account(work, p, p->holds ? EVENT_ACCOUNT_DISABLED : EVENT_ACCOUNT_CHANGED));
	if (p->holds)
		TRY(links_hold(work, p->subject_key));
	else if (p->link.held && p->verdict == PROVISION_SIGNED_IN)
		TRY(links_release(work, p->account.id)); /* it was switched on by hand */
	if (p->person->is_recheck || work->now - p->link.seen_at < SEEN_SECONDS)
		return OK;
	return links_seen(work, p->subject_key);
}

static enum err write(struct work *work, const struct plan *p, bool *changed)
{
	bool kept_owner = false;

	if (p->creates)
		TRY(write_new(work, p));
	else if (p->known && p->account.id)
		TRY(write_known(work, p));
	if (p->maps)
		TRY(assignments_map(work, p->account.id, p->connection.id, p->mapped.assignments,
				    p->mapped.assignment_count, changed, &kept_owner));
	*changed = *changed || p->creates || p->changes || p->moves_email;
	return tell(work, p, kept_owner);
}

static enum err provision_once(struct work *work, const struct upstream_person *person,
			       struct provisioned *out)
{
	AUTO(tx_end) struct tx tx = tx_begin(work);
	struct plan p;
	bool changed = false;

	TRY(plan_now(work, person, &p));
	if (p.verdict != PROVISION_LINK) {
		TRY(write(work, &p, &changed));
		TRY(tx_commit(&tx));
	}
	*out = (struct provisioned){ .verdict = p.verdict,
				     .account_id = p.account.id,
				     .epoch = p.account.epoch,
				     .subject_key = p.subject_key,
				     .created = p.creates,
				     .changed = changed,
				     .reason = p.reason };
	return OK;
}

/* Somebody was there in the same moment, with the person, the address or the account: what they did stands,
 * and decides what this one is. */
enum err provision(struct work *work, const struct upstream_person *person, struct provisioned *out)
{
	enum err err = ERR_CONFLICT;

	assert(text_equal(work->practice, person->connection->practice_id) && !tx_is_open(work));
	for (int tries = 0; tries < TRIES && err == ERR_CONFLICT; tries++)
		err = provision_once(work, person, out);
	return err;
}

/* --- described --------------------------------------------------------------------------------------------
 */

static json_t *role_shown(const char *role_id, const char *const *locations, const char *source)
{
	json_t *shown = json_object();

	json_set_text(shown, "role", role_id);
	json_set(shown, "locations", locations ? json_list(locations) : json_string("all"));
	json_set_text(shown, "source", source);
	return shown;
}

/* What this mapping gives, and what stays beside it. */
static enum err roles_shown(struct work *work, const struct plan *p, json_t *out)
{
	struct assignment_row *rows = NULL;
	size_t count = 0;

	if (p->account.id && !p->creates)
		TRY(assignments_of(work, p->account.id, &rows, &count));
	for (size_t i = 0; i < count; i++) {
		bool ours =
			text_equal(rows[i].source, "mapping") && text_equal(rows[i].reason, p->connection.id);
		const char *const *places =
			text_equal(rows[i].locations, ALL_LOCATIONS)
				? NULL
				: (const char *const *)text_split(work->arena, rows[i].locations, ' ', NULL);

		if (!ours || !p->maps)
			json_array_append_new(out, role_shown(rows[i].role_id, places, rows[i].source));
	}
	for (size_t i = 0; p->maps && i < p->mapped.assignment_count; i++)
		json_array_append_new(out, role_shown(p->mapped.assignments[i].role_id,
						      p->mapped.assignments[i].locations, "mapping"));
	return OK;
}

static json_t *account_shown(const struct plan *p)
{
	json_t *shown = json_object();

	if (!p->account.id)
		return json_decref(shown), json_null();
	if (!p->creates)
		json_set_text(shown, "id", p->account.id);
	json_set_text(shown, "email", p->account.email);
	json_set_text(shown, "given_name", p->account.given_name);
	json_set_text(shown, "family_name", p->account.family_name);
	return shown;
}

enum err provision_preview(struct work *work, const struct upstream_person *person, json_t **out)
{
	static const char *const verdicts[] = { [PROVISION_SIGNED_IN] = "signed_in",
						[PROVISION_HELD] = "held",
						[PROVISION_LINK] = "link",
						[PROVISION_REFUSED] = "refused" };
	struct plan p;
	AUTO(json_done) json_t *roles = json_array();

	TRY(plan_draft(work, person, &p));
	TRY(roles_shown(work, &p, roles));
	*out = json_object();
	json_set_text(*out, "verdict", verdicts[p.verdict]);
	json_set_text(*out, "reason", p.reason);
	json_set(*out, "created", json_boolean(p.creates));
	json_set(*out, "account", account_shown(&p));
	json_set_text(*out, "class", p.account.class_);
	json_set(*out, "roles", json_incref(roles));
	json_set(*out, "applied", p.mapped.applied ? json_deep_copy(p.mapped.applied) : json_array());
	json_set(*out, "changes", p.known && p.old.id ? differences_of(&p) : json_object());
	json_set_text(*out, "kept_email", p.kept_email);
	return OK;
}
