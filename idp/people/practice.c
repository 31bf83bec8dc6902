/* practice.c: practices as they are declared, changed and closed. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/email.h"
#include "people/practice.h"
#include "people/role.h"
#include "store/practices.h"
#include "store/roles.h"
#include "store/snapshot.h"

#define TEMPLATE_FIRST "small" /* without built-in roles there could be no owner */

static enum err domains_check(struct work *work, const struct practice_change *change)
{
	size_t count = 0;

	for (const char *const *domain = change->domains; domain && *domain; domain++)
		if (!domain_is_sound(*domain) || ++count > 100)
			return fault(work, ERR_DOCUMENT,
				     "practice %s: domains: a lower-case domain name is expected",
				     change->id);
	return OK;
}

static enum err practice_check(struct work *work, const struct practice_change *change)
{
	const char *message = NULL;

	if (!text_is_slug(change->id))
		return fault(work, ERR_DOCUMENT,
			     "practice: id: lower-case letters, digits and - are expected");
	if (change->name && !name_is_fine(change->name))
		return fault(work, ERR_DOCUMENT,
			     "practice %s: name: 1 to 200 bytes of plain text are expected", change->id);
	if (change->timezone && !timezone_is_known(change->timezone))
		return fault(work, ERR_DOCUMENT, "practice %s: timezone: not a time zone known here",
			     change->id);
	if (change->template && !role_templates(change->template))
		return fault(work, ERR_DOCUMENT,
			     "practice %s: template: small, medium, multi-location or three-role is expected",
			     change->id);
	if (change->policy && policy_check(work->arena, change->policy, &message) != OK)
		return fault(work, ERR_DOCUMENT, "practice %s: %s", change->id, message);
	return domains_check(work, change);
}

/* Roles of the template that the practice does not have yet; those it has stay, they may be held. */
static enum err template_apply(struct work *work, const char *template)
{
	struct role_row *rows = NULL;
	size_t count = 0;

	TRY(roles_of(work, &rows, &count));
	for (const struct role_template *const *at = role_templates(template); *at; at++) {
		bool has = false;

		for (size_t i = 0; i < count; i++)
			has = has || text_equal(rows[i].id, (*at)->id);
		if (!has)
			TRY(roles_put(work, &(struct role_row){ .id = (*at)->id,
								.name = (*at)->name,
								.inherits = "",
								.built_in = true,
								.additive = (*at)->additive,
								.permissions = (*at)->permissions }));
	}
	return OK;
}

static enum err domains_apply(struct work *work, const char *id, const char *const *wanted,
			      json_t *differences)
{
	const char *const *had = NULL;

	if (!wanted)
		return OK;
	TRY(domains_of(work, id, &had));
	bool moved = false;

	/* A domain whose check is under way is not among them: it leads nowhere, and stays until then. */
	for (const char *const *domain = had; *domain; domain++)
		if (!text_list_has(wanted, *domain)) {
			TRY(domains_remove(work, id, *domain));
			moved = true;
		}
	for (const char *const *domain = wanted; *domain; domain++)
		if (!text_list_has(had, *domain)) {
			TRY(domains_add(work, id, *domain));
			moved = true;
		}
	if (moved)
		change_note(differences, "domains", list_join(work->arena, had),
			    list_join(work->arena, wanted));
	return OK;
}

static struct practice_row wanted_row(struct work *work, const struct practice_change *change,
				      const struct practice_row *old)
{
	struct practice_row row = old ? *old
				      : (struct practice_row){ .id = change->id,
							       .name = change->id,
							       .timezone = "UTC",
							       .template = TEMPLATE_FIRST,
							       .policy = "{}",
							       .epoch = 1 };

	row.name = change->name ? change->name : row.name;
	row.timezone = change->timezone ? change->timezone : row.timezone;
	row.template = change->template ? change->template : row.template;
	row.policy = change->policy ? json_canonical(work->arena, change->policy) : row.policy;
	row.disabled = change->disabled;
	return row;
}

static void practice_differences(json_t *differences, const struct practice_row *old,
				 const struct practice_row *row)
{
	change_note(differences, "name", old ? old->name : NULL, row->name);
	change_note(differences, "timezone", old ? old->timezone : NULL, row->timezone);
	change_note(differences, "template", old ? old->template : NULL, row->template);
	change_note(differences, "policy", old ? old->policy : NULL, row->policy);
	change_note_flag(differences, "disabled", old && old->disabled, row->disabled);
}

static enum err practice_write(struct work *work, const struct practice_change *change, bool *changed)
{
	struct practice_row found_row;
	bool found = false;

	TRY(practices_find(work, change->id, &found_row, &found));
	if (found && found_row.deleted)
		return fault(work, ERR_CONFLICT, "practice %s was deleted; ids are not given again",
			     change->id);
	const struct practice_row *old = found ? &found_row : NULL;
	const struct practice_row row = wanted_row(work, change, old);
	AUTO(json_done) json_t *differences = json_object();

	practice_differences(differences, old, &row);
	if (!old)
		TRY(practices_insert(work, &row));
	else if (json_object_size(differences))
		TRY(practices_update(work, &row));
	if (!old || !text_equal(old->template, row.template))
		TRY(template_apply(work, row.template));
	TRY(domains_apply(work, change->id, change->domains, differences));
	*changed = json_object_size(differences) > 0;
	if (!*changed)
		return OK;
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_PRACTICE_CHANGED,
						 .target_kind = "practice",
						 .target_id = change->id,
						 .change = differences });
}

/* Its rows stand behind its own wall. */
enum err practice_apply(struct work *work, const struct practice_change *change, bool *changed)
{
	const char *outer = work->practice;

	TRY(practice_check(work, change));
	work->practice = change->id;
	enum err err = practice_write(work, change, changed);

	work->practice = outer;
	return err;
}

static enum err retire(struct work *work, const char *id)
{
	struct practice_row row;
	bool found = false;

	TRY(practices_find(work, id, &row, &found));
	if (!found || row.deleted)
		return fault(work, ERR_NO_PRACTICE, "no such practice");
	TRY(practices_retire(work, id));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_PRACTICE_DELETED,
						 .target_kind = "practice",
						 .target_id = id });
}

enum err practice_delete(struct work *work, const char *id)
{
	const char *outer = work->practice;

	work->practice = id;
	enum err err = retire(work, id);

	work->practice = outer;
	return err;
}

static enum err end_everything(struct work *work, const char *id)
{
	bool found = false;

	TRY(practices_next_epoch(work, id, &found));
	if (!found)
		return fault(work, ERR_NO_PRACTICE, "no such practice");
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){
				   .event = EVENT_LOGOUT_ALL, .target_kind = "practice", .target_id = id });
}

enum err practice_log_out_everyone(struct work *work, const char *id)
{
	const char *outer = work->practice;

	work->practice = id;
	enum err err = end_everything(work, id);

	work->practice = outer;
	return err;
}
