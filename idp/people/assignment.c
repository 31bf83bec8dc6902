/* assignment.c: who holds which role where, from when until when, and why. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/owner.h"
#include "people/role.h"
#include "people/role_templates.h"
#include "store/accounts.h"
#include "store/practices.h"
#include "store/roles.h"

enum { ASSIGNMENTS_MAX = 200 };

static const char *const sources[] = { "base", "mapping", "delegation", "elevation", "break_glass", NULL };

/* What stands in the practice now, read once for a whole list. */
struct ground {
	struct role_row *roles;
	size_t role_count;
	struct location_row *locations;
	size_t location_count;
};

static enum err ground_read(struct work *work, const char *account_id, struct ground *out)
{
	struct account_row account;
	bool found = false;

	TRY(accounts_by_id(work, account_id, &account, &found));
	if (!found)
		return fault(work, ERR_NOT_FOUND, "no such account");
	TRY(roles_of(work, &out->roles, &out->role_count));
	return locations_of(work, &out->locations, &out->location_count);
}

static bool role_exists(const struct ground *ground, const char *id)
{
	for (size_t i = 0; i < ground->role_count; i++)
		if (text_equal(ground->roles[i].id, id))
			return !ground->roles[i].deleted;
	return false;
}

static bool location_exists(const struct ground *ground, const char *id)
{
	for (size_t i = 0; i < ground->location_count; i++)
		if (text_equal(ground->locations[i].id, id))
			return true;
	return false;
}

static int text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One spelling of a set of locations: sorted, each once. */
static const char *locations_text(struct arena *arena, const char *const *locations)
{
	size_t count = 0, kept = 0;

	if (!locations)
		return ALL_LOCATIONS;
	while (locations[count])
		count++;
	const char **list = arena_array(arena, const char *, count + 1);

	memcpy(list, locations, count * sizeof(*list));
	qsort(list, count, sizeof(*list), text_order);
	for (size_t i = 0; i < count; i++)
		if (!kept || !text_equal(list[kept - 1], list[i]))
			list[kept++] = list[i];
	list[kept] = NULL;
	return list_join(arena, (const char *const *)list);
}

static enum err assignment_check(struct work *work, const struct ground *ground,
				 const struct assignment *assignment)
{
	if (!assignment->role_id || !role_exists(ground, assignment->role_id))
		return fault(work, ERR_DOCUMENT, "assignment: role: there is no such role in the practice");
	if (assignment->locations && !assignment->locations[0])
		return fault(work, ERR_DOCUMENT,
			     "assignment of %s: locations: an empty list; write all for all",
			     assignment->role_id);
	for (const char *const *at = assignment->locations; at && *at; at++)
		if (!location_exists(ground, *at))
			return fault(work, ERR_DOCUMENT,
				     "assignment of %s: locations: there is no such location",
				     assignment->role_id);
	if (assignment->valid_from < 0 || assignment->valid_until < 0 ||
	    (assignment->valid_until && assignment->valid_until <= assignment->valid_from))
		return fault(work, ERR_DOCUMENT, "assignment of %s: until: it ends before it begins",
			     assignment->role_id);
	if (!text_list_has(sources, assignment->source))
		return fault(work, ERR_DOCUMENT, "assignment of %s: source: unknown", assignment->role_id);
	if (assignment->reason && strlen(assignment->reason) > 1000)
		return fault(work, ERR_DOCUMENT, "assignment of %s: reason: more than 1000 bytes",
			     assignment->role_id);
	return OK;
}

static struct assignment_row row_of(struct work *work, const char *account_id,
				    const struct assignment *assignment)
{
	return (struct assignment_row){
		.account_id = account_id,
		.role_id = assignment->role_id,
		.locations = locations_text(work->arena, assignment->locations),
		.source = assignment->source,
		.reason = assignment->reason,
		.valid_from = assignment->valid_from,
		.valid_until = assignment->valid_until,
	};
}

static bool rows_say_the_same(const struct assignment_row *a, const struct assignment_row *b)
{
	return text_equal(a->role_id, b->role_id) && text_equal(a->locations, b->locations) &&
	       text_equal(a->reason, b->reason) && a->valid_from == b->valid_from &&
	       a->valid_until == b->valid_until;
}

static enum err tell(struct work *work, enum event event, const struct assignment_row *row)
{
	AUTO(json_done)
	json_t *extra = json_pack("{s:s, s:s, s:s, s:s}", "assignment", row->id, "role", row->role_id,
				  "locations", row->locations, "source", row->source);

	assert(extra);
	if (row->valid_from)
		json_set(extra, "from", json_integer(row->valid_from));
	if (row->valid_until)
		json_set(extra, "until", json_integer(row->valid_until));
	json_set_text(extra, "why", row->reason);
	return audit(work, &(struct audit_note){ .event = event,
						 .target_kind = "account",
						 .target_id = row->account_id,
						 .extra = extra });
}

/* Whose assignments are looked at: one source, and of "mapping" one connection. */
struct origin {
	const char *source;
	const char *reason; /* NULL: any */
	bool spares_owner;  /* what would leave no owner behind stays */
	bool spared;        /* it happened */
};

static bool is_of(const struct assignment_row *row, const struct origin *origin)
{
	return text_equal(row->source, origin->source) &&
	       (!origin->reason || text_equal(row->reason, origin->reason));
}

static enum err grant(struct work *work, struct assignment_row *row)
{
	row->id = id_new(work->arena, "asg");
	TRY(assignments_insert(work, row));
	return tell(work, EVENT_ROLE_GRANTED, row);
}

static enum err revoke(struct work *work, const struct assignment_row *row)
{
	TRY(assignments_delete(work, row->id));
	return tell(work, EVENT_ROLE_REVOKED, row);
}

static enum err let_go(struct work *work, struct origin *origin, const struct assignment_row *row,
		       bool *changed)
{
	bool last = false;

	if (origin->spares_owner && text_equal(row->locations, ALL_LOCATIONS)) {
		TRY(practices_lock(work, work->practice));
		TRY(owner_is_last(work, row, &last));
	}
	if (last) {
		origin->spared = true;
		return OK;
	}
	*changed = true;
	return revoke(work, row);
}

/* Marks the rows that stay; the others are told to go. */
static enum err replace(struct work *work, struct assignment_row *old, size_t old_count,
			struct origin *origin, struct assignment_row *wanted, size_t count, bool *changed)
{
	bool *stays = arena_array(work->arena, bool, old_count + 1);

	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < old_count &&
		       (stays[at] || !is_of(&old[at], origin) || !rows_say_the_same(&old[at], &wanted[i])))
			at++;
		stays[at] = true; /* the place behind the last is for those that are new */
		if (at < old_count)
			continue;
		TRY(grant(work, &wanted[i]));
		*changed = true;
	}
	for (size_t i = 0; i < old_count; i++) {
		if (!stays[i] && is_of(&old[i], origin))
			TRY(let_go(work, origin, &old[i], changed));
	}
	return OK;
}

static enum err replace_by(struct work *work, const char *account_id, struct origin *origin,
			   const struct assignment *list, size_t count, bool *changed)
{
	struct ground ground = { 0 };
	struct assignment_row *old = NULL;
	size_t old_count = 0, kept = 0;

	if (count > ASSIGNMENTS_MAX)
		return fault(work, ERR_DOCUMENT, "assignments: more than %d", ASSIGNMENTS_MAX);
	TRY(ground_read(work, account_id, &ground));
	struct assignment_row *wanted = arena_array(work->arena, struct assignment_row, count + 1);

	for (size_t i = 0; i < count; i++) {
		struct assignment one = list[i];

		one.source = origin->source;
		one.reason = origin->reason ? origin->reason : one.reason;
		if (origin->reason && !role_exists(&ground, one.role_id))
			continue; /* it went since the rules were read: nobody signs in worse for that */
		TRY(assignment_check(work, &ground, &one));
		wanted[kept++] = row_of(work, account_id, &one);
	}
	TRY(assignments_of(work, account_id, &old, &old_count));
	return replace(work, old, old_count, origin, wanted, kept, changed);
}

enum err assignments_replace(struct work *work, const char *account_id, const char *source,
			     const struct assignment *list, size_t count, bool *changed)
{
	struct origin origin = { .source = source };

	*changed = false;
	TRY(owner_before(work));
	return replace_by(work, account_id, &origin, list, count, changed);
}

enum err assignments_map(struct work *work, const char *account_id, const char *connection_id,
			 const struct assignment *list, size_t count, bool *changed, bool *kept_owner)
{
	struct origin origin = { .source = "mapping", .reason = connection_id, .spares_owner = true };

	*changed = false;
	TRY(replace_by(work, account_id, &origin, list, count, changed));
	*kept_owner = origin.spared;
	return OK;
}

enum err assignment_add(struct work *work, const char *account_id, const struct assignment *assignment,
			const char **id)
{
	struct ground ground = { 0 };
	struct assignment_row *old = NULL;
	size_t old_count = 0;

	TRY(ground_read(work, account_id, &ground));
	TRY(assignment_check(work, &ground, assignment));
	TRY(assignments_of(work, account_id, &old, &old_count));
	if (old_count >= ASSIGNMENTS_MAX)
		return fault(work, ERR_DOCUMENT, "assignments: more than %d", ASSIGNMENTS_MAX);
	struct assignment_row row = row_of(work, account_id, assignment);

	TRY(grant(work, &row));
	*id = row.id;
	return OK;
}

enum err assignment_remove(struct work *work, const char *assignment_id)
{
	struct assignment_row row;
	bool found = false;

	TRY(owner_before(work));
	TRY(assignments_find(work, assignment_id, &row, &found));
	if (!found)
		return fault(work, ERR_NOT_FOUND, "no such assignment");
	TRY(revoke(work, &row));
	return account_guard_last_owner(work);
}
