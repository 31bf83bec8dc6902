/* role.c: what a role allows once everything it inherits is counted, and custom roles of a practice. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/permission.h"
#include "people/role.h"
#include "people/role_templates.h"
#include "store/roles.h"
#include "store/snapshot.h"

/* Built while walking the graph of roles; seen keeps a circle from walking for ever. */
struct gathering {
	const struct practice *practice;
	bool *seen;
	enum reach (*allowed)[ACTION_COUNT];
	bool (*denied)[ACTION_COUNT];
};

static void gather_entry(struct gathering *g, size_t feature, const json_t *entry)
{
	enum action action;
	enum reach reach = REACH_ALL;
	void *at = json_is_object(entry) ? json_object_iter((json_t *)(uintptr_t)entry) : NULL;
	const char *word = at ? json_object_iter_key(at) : json_string_value(entry);

	if (!action_find(word, &action))
		return;
	if (at && !reach_find(json_string_value(json_object_iter_value(at)), &reach))
		return;
	if (reach == REACH_NONE)
		g->denied[feature][action] = true;
	else if (g->allowed[feature][action] < reach)
		g->allowed[feature][action] = reach;
}

static void gather_feature(struct gathering *g, const char *id, const json_t *entries)
{
	const struct feature *feature = feature_find(id);
	bool every = text_equal(id, EVERY_FEATURE);

	for (size_t f = 0; f < feature_count(); f++)
		if (every || (feature && feature_index(feature) == f))
			for (size_t i = 0; i < json_array_size(entries); i++)
				gather_entry(g, f, json_array_get(entries, i));
}

static void gather(struct gathering *g, const char *role_id)
{
	const struct role *role = practice_role(g->practice, role_id);
	const char *feature = NULL;
	json_t *entries = NULL;

	if (!role || role->deleted || g->seen[role - g->practice->roles])
		return;
	g->seen[role - g->practice->roles] = true;
	json_object_foreach (role->permissions, feature, entries)
		gather_feature(g, feature, entries);
	for (const char *const *parent = role->inherits; parent && *parent; parent++)
		gather(g, *parent);
}

/* Union of what is allowed, minus what any role on the way denies. */
enum err role_effective(struct arena *arena, const struct practice *practice, const char *const *role_ids,
			struct permission_table *out)
{
	struct gathering g = {
		.practice = practice,
		.seen = arena_array(arena, bool, practice->role_count + 1),
		.allowed = arena_alloc_array(arena, sizeof(*g.allowed), feature_count()),
		.denied = arena_alloc_array(arena, sizeof(*g.denied), feature_count()),
	};

	for (; role_ids && *role_ids; role_ids++)
		gather(&g, *role_ids);
	for (size_t f = 0; f < feature_count(); f++)
		for (size_t a = 0; a < ACTION_COUNT; a++)
			if (g.denied[f][a])
				g.allowed[f][a] = REACH_NONE;
	*out = (struct permission_table){ .cells = g.allowed, .features = feature_count() };
	return OK;
}

bool role_denies(const struct practice *practice, const char *role_id, size_t feature, enum action action)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct gathering g = {
		.practice = practice,
		.seen = arena_array(arena, bool, practice->role_count + 1),
		.allowed = arena_alloc_array(arena, sizeof(*g.allowed), feature_count()),
		.denied = arena_alloc_array(arena, sizeof(*g.denied), feature_count()),
	};

	gather(&g, role_id);
	return g.denied[feature][action];
}

static const struct role_row *row_find(const struct role_row *rows, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].id, id))
			return &rows[i];
	return NULL;
}

/* A walk up the chains of inheritance; each role is looked at once: with diamonds the ways are without
 * number. */
struct chain {
	struct arena *arena;
	const struct role_row *rows;
	size_t count;
	bool *seen; /* by row */
};

/* Does a chain lead from one role to another? There is no circle among rows yet. */
static bool leads_to(struct chain *chain, const char *from, const char *to)
{
	const struct role_row *row = row_find(chain->rows, chain->count, from);

	if (text_equal(from, to))
		return true;
	if (!row || chain->seen[row - chain->rows])
		return false;
	chain->seen[row - chain->rows] = true;
	for (char **parent = text_split(chain->arena, row->inherits, ' ', NULL); *parent; parent++)
		if (leads_to(chain, *parent, to))
			return true;
	return false;
}

static enum err inherits_check(struct work *work, const struct role_row *rows, size_t count,
			       const struct role_change *change)
{
	struct chain chain = { work->arena, rows, count, arena_array(work->arena, bool, count + 1) };
	size_t size = 0;

	for (const char *const *parent = change->inherits; parent && *parent; parent++) {
		const struct role_row *row = row_find(rows, count, *parent);

		if (++size > 20)
			return fault(work, ERR_DOCUMENT, "role %s: inherits: more than 20 roles", change->id);
		if (!text_equal(*parent, change->id) && (!row || row->deleted))
			return fault(work, ERR_DOCUMENT,
				     "role %s: inherits: there is no such role in the practice", change->id);
		if (leads_to(&chain, *parent, change->id))
			return fault(work, ERR_DOCUMENT, "role %s: inherits: %s inherits from it: a circle",
				     change->id, *parent);
	}
	return OK;
}

static enum err role_check(struct work *work, const struct role_change *change, const struct role_row *old)
{
	const char *message = NULL;

	if (!text_is_slug(change->id))
		return fault(work, ERR_DOCUMENT, "role: id: lower-case letters, digits and - are expected");
	if (role_is_built_in(change->id) || (old && old->built_in))
		return fault(work, ERR_REFUSED, "role %s is built in; a custom role can inherit it",
			     change->id);
	if (old && old->deleted)
		return fault(work, ERR_CONFLICT, "role %s was deleted; ids are not given again", change->id);
	if (change->name && !name_is_fine(change->name))
		return fault(work, ERR_DOCUMENT, "role %s: name: 1 to 200 bytes of plain text are expected",
			     change->id);
	if (change->permissions && permissions_check(work->arena, change->permissions, &message) != OK)
		return fault(work, ERR_DOCUMENT, "role %s: %s", change->id, message);
	return OK;
}

static json_t *role_differences(const struct role_row *old, const struct role_row *row)
{
	json_t *change = json_object();

	change_note(change, "name", old ? old->name : NULL, row->name);
	change_note(change, "inherits", old ? old->inherits : NULL, row->inherits);
	change_note(change, "permissions", old ? old->permissions : NULL, row->permissions);
	return change;
}

enum err role_apply(struct work *work, const struct role_change *change, bool *changed)
{
	struct role_row *rows = NULL;
	size_t count = 0;

	TRY(roles_of(work, &rows, &count));
	const struct role_row *old = row_find(rows, count, change->id);

	TRY(role_check(work, change, old));
	TRY(inherits_check(work, rows, count, change));
	struct role_row row = old ? *old
				  : (struct role_row){ .id = change->id,
						       .name = change->id,
						       .inherits = "",
						       .permissions = "{}" };

	row.name = change->name ? change->name : row.name;
	row.inherits = change->inherits ? list_join(work->arena, change->inherits) : row.inherits;
	row.permissions =
		change->permissions ? json_canonical(work->arena, change->permissions) : row.permissions;
	AUTO(json_done) json_t *differences = role_differences(old, &row);

	*changed = !old || json_object_size(differences);
	if (!*changed)
		return OK;
	TRY(roles_put(work, &row));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_ROLE_CHANGED,
						 .target_kind = "role",
						 .target_id = row.id,
						 .change = differences });
}

static bool is_inherited(struct arena *arena, const struct role_row *rows, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!rows[i].deleted &&
		    text_list_has((const char *const *)text_split(arena, rows[i].inherits, ' ', NULL), id))
			return true;
	return false;
}

enum err role_delete(struct work *work, const char *id)
{
	struct role_row *rows = NULL;
	size_t count = 0;
	bool assigned = false;

	TRY(roles_of(work, &rows, &count));
	const struct role_row *row = row_find(rows, count, id);

	if (!row || row->deleted)
		return fault(work, ERR_NOT_FOUND, "no such role");
	if (row->built_in)
		return fault(work, ERR_REFUSED, "role %s is built in", id);
	TRY(assignments_name_role(work, id, &assigned));
	if (assigned || is_inherited(work->arena, rows, count, id))
		return fault(work, ERR_CONFLICT, "role %s is assigned or inherited", id);
	TRY(roles_retire(work, id));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){
				   .event = EVENT_ROLE_DELETED, .target_kind = "role", .target_id = id });
}
