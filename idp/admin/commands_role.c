/* commands_role.c: lanyard role ...: what roles allow, and who holds them. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/role.h"
#include "store/db.h"
#include "store/snapshot.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

static enum err role_meant(struct work *work, const struct practice *practice, const char *id,
			   const struct role **out)
{
	const struct role *role = practice_role(practice, id);

	if (!role || role->deleted)
		return fault(work, ERR_NOT_FOUND, "there is no role %s in %s", id, practice->id);
	*out = role;
	return OK;
}

static enum err role_list(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	const struct practice *practice;

	(void)message, (void)code;
	TRY(practice_meant(work, arguments, &practice));
	*result = json_array();
	for (size_t i = 0; i < practice->role_count; i++) {
		const struct role *role = &practice->roles[i];
		if (role->deleted)
			continue;
		append(*result, json_pack("{s:s, s:s, s:s, s:b, s:o}", "id", role->id, "name", role->name,
					  "kind", role->built_in ? "built-in" : "custom", "additive",
					  role->additive, "inherits", json_list(role->inherits)));
	}
	return OK;
}

static enum err table_of(struct work *work, const struct practice *practice, const char *id,
			 struct permission_table *out)
{
	const char *const ids[] = { id, NULL };

	return role_effective(work->arena, practice, ids, out);
}

/* The role viewer: one row a feature, one column an action, from the data that decisions are made of. */
static json_t *cells_of(const struct permission_table *table)
{
	json_t *rows = json_array();

	for (size_t f = 0; f < table->features; f++) {
		json_t *row = json_pack("{s:s}", "feature", feature_at(f)->id);
		for (size_t a = 0; a < ACTION_COUNT; a++) {
			enum reach reach = table->cells[f][a];
			json_set_text(row, action_word((enum action)a),
				      reach == REACH_NONE ? "-" : reach_word(reach));
		}
		append(rows, row);
	}
	return rows;
}

static enum err role_show(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	const struct practice *practice;
	const struct role *role;
	struct permission_table table;

	(void)message, (void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(role_meant(work, practice, arg(arguments, "role"), &role));
	TRY(table_of(work, practice, role->id, &table));
	*result = json_pack("{s:s, s:s, s:s, s:o, s:O, s:o}", "id", role->id, "name", role->name, "kind",
			    role->built_in ? "built-in" : "custom", "inherits", json_list(role->inherits),
			    "permissions", role->permissions, "allows", cells_of(&table));
	return OK;
}

static void add_differences(json_t *rows, const struct permission_table *a, const struct permission_table *b,
			    const char *const *names)
{
	for (size_t f = 0; f < a->features; f++) {
		for (size_t at = 0; at < ACTION_COUNT; at++) {
			if (a->cells[f][at] != b->cells[f][at])
				append(rows, json_pack("{s:s, s:s, s:s, s:s}", "feature", feature_at(f)->id,
						       "action", action_word((enum action)at), names[0],
						       reach_word(a->cells[f][at]), names[1],
						       reach_word(b->cells[f][at])));
		}
	}
}

static enum err role_diff(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	const struct practice *practice;
	const struct role *first, *second;
	struct permission_table a, b;

	TRY(practice_meant(work, arguments, &practice));
	TRY(role_meant(work, practice, arg(arguments, "role"), &first));
	TRY(role_meant(work, practice, arg(arguments, "other"), &second));
	TRY(table_of(work, practice, first->id, &a));
	TRY(table_of(work, practice, second->id, &b));
	*result = json_array();
	add_differences(*result, &a, &b, (const char *const[]){ first->id, second->id });
	*code = json_array_size(*result) ? EXIT_DIFFERENT : EXIT_OK;
	*message = *code ? NULL : "They allow the same.";
	return OK;
}

/* "billing:read" or "notes:edit=own"; "billing:read=none" takes it away. */
static enum err add_permission(struct work *work, json_t *permissions, const char *text)
{
	size_t feature = strcspn(text, ":");
	const char *action = text[feature] ? text + feature + 1 : "";
	size_t length = strcspn(action, "=");
	const char *name = arena_textn(work->arena, text, feature),
		   *word = arena_textn(work->arena, action, length);
	json_t *list = json_object_get(permissions, name);

	if (!*name || !*word)
		return fault(work, ERR_PARAMETER_MALFORMED,
			     "--permission is FEATURE:ACTION or FEATURE:ACTION=REACH, not %s", text);
	if (!list) {
		list = json_array();
		json_set(permissions, name, list);
	}
	append(list, action[length] ? json_pack("{s:s}", word, action + length + 1) : json_string(word));
	return OK;
}

static enum err permissions_meant(struct work *work, const json_t *arguments, const json_t **out)
{
	const char *const *list = arg_list(work, arguments, "permission");
	const char *message = NULL;

	*out = NULL;
	if (!list)
		return OK;
	json_t *permissions = json_object();

	arena_defer(work->arena, release_json, permissions);
	for (; *list; list++)
		TRY(add_permission(work, permissions, *list));
	if (permissions_check(work->arena, permissions, &message) != OK)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s", message);
	*out = permissions;
	return OK;
}

static enum err write_role(struct work *work, const json_t *arguments, const char *id, json_t **result,
			   const char **message)
{
	struct role_change change = { .id = id,
				      .name = arg(arguments, "name"),
				      .inherits = arg_list(work, arguments, "inherits") };
	bool changed = false;

	TRY(permissions_meant(work, arguments, &change.permissions));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(role_apply(work, &change, &changed));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:b}", "id", id, "practice", work->practice, "changed", changed);
	*message = changed ? "See what it allows: lanyard role show." : "Nothing to change.";
	return OK;
}

static enum err role_add(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	const struct practice *practice;
	const char *name, *id = arg(arguments, "role");

	(void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(arg_need(work, arguments, "name", &name));
	if (practice_role(practice, id))
		return fault(work, ERR_CONFLICT, "there is or was a role %s in %s", id, practice->id);
	return write_role(work, arguments, id, result, message);
}

static enum err role_set(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	const struct practice *practice;
	const struct role *role;

	(void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(role_meant(work, practice, arg(arguments, "role"), &role));
	return write_role(work, arguments, role->id, result, message);
}

static enum err role_remove(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	const struct practice *practice;
	const struct role *role;

	(void)message, (void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(role_meant(work, practice, arg(arguments, "role"), &role));
	TRY(confirmed(work, arguments, role->id, "the id of a deleted role is never given again"));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(role_delete(work, role->id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s}", "id", role->id, "practice", work->practice);
	return OK;
}

static enum err add_holder(struct work *work, const char *account_id, const char *role_id, json_t *list)
{
	struct subject subject;

	TRY(subject_load(work, account_id, &subject));
	for (size_t i = 0; i < subject.assignment_count; i++) {
		const struct assignment *held = &subject.assignments[i];
		if (!text_equal(held->role_id, role_id))
			continue;
		append(list,
		       json_pack("{s:s, s:o, s:s, s:o, s:o, s:b}", "email", subject.account.email,
				 "locations",
				 held->locations ? json_list(held->locations) : json_string("all"), "source",
				 held->source, "from", time_shown(work, held->valid_from), "until",
				 time_shown(work, held->valid_until), "disabled", subject.account.disabled));
	}
	return OK;
}

static enum err role_users(struct work *work, const json_t *arguments, json_t **result, const char **message,
			   int *code)
{
	const struct practice *practice;
	const struct role *role;
	struct account *accounts = NULL;
	size_t count = 0;

	(void)message, (void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(role_meant(work, practice, arg(arguments, "role"), &role));
	TRY(accounts_list(work, &accounts, &count));
	AUTO(json_done) json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		TRY(add_holder(work, accounts[i].id, role->id, list));
	*result = TAKE(list);
	return OK;
}

#define ROLE                                                                                                 \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"role", NULL                                                                                 \
	}
#define NOTHING                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		NULL                                                                                         \
	}
#define CHANGES                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"name=", "inherits=*", "permission=*", NULL                                                  \
	}

/* clang-format off */
const struct command role_commands[] = {
	{ "role", "list", "role list --practice P", "the roles of a practice", "lanyard role list --practice northside\n", NOTHING, NOTHING, role_list, NULL },
	{ "role", "show", "role show ROLE --practice P", "what a role allows: features and actions",
	  "lanyard role show lead-therapist --practice northside\n", ROLE, NOTHING, role_show, NULL },
	{ "role", "add", "role add ROLE --practice P --name N [--inherits R]... [--permission FEATURE:ACTION[=REACH]]...", "a role of the practice's own",
	  "lanyard role add scribe --practice northside --name Scribe --permission notes:read=assigned --permission notes:create=assigned\n"
	  "lanyard role add owner --practice northside --name Boss  # exits 5\n", ROLE, CHANGES, role_add, NULL },
	{ "role", "set", "role set ROLE --practice P [--name N] [--inherits R]... [--permission F:A]...", "change it; what is named replaces what was",
	  "lanyard role set scribe --practice northside --inherits front-desk --permission notes:edit=own\n", ROLE, CHANGES, role_set, NULL },
	{ "role", "diff", "role diff ROLE OTHER --practice P", "where two roles allow different things",
	  "lanyard role diff provider lead-therapist --practice northside  # exits 6\nlanyard role diff provider provider --practice northside\n",
	  (const char *const[]){ "role", "other", NULL }, NOTHING, role_diff, NULL },
	{ "role", "users", "role users ROLE --practice P", "who holds a role, and where", "lanyard role users provider --practice northside\n", ROLE, NOTHING, role_users, NULL },
	{ "role", "delete", "role delete ROLE --practice P", "delete a role that nobody holds",
	  "lanyard role delete scribe --practice northside --yes\n", ROLE, (const char *const[]){ "confirm=!", NULL }, role_remove, NULL },
	{ .noun = NULL },
};
/* clang-format on */
