/* permission.c: the constant table of features and actions, and the check of declared permissions. */
#include "base/base.h"

#include "base/arena.h"
#include "people/permission.h"
#include "people/role.h"

static const struct feature features[] = {
	{ "patients", "Patients", "who the patients are: names, birth dates, identifiers" },
	{ "contact_info", "Patients", "patients' addresses, phone numbers and e-mail addresses" },
	{ "check_in", "Patients", "arrival at the front desk" },
	{ "appointments", "Scheduling", "booked visits" },
	{ "scheduling", "Scheduling", "calendars, rooms and open hours" },
	{ "notes", "Clinical", "clinical notes of visits" },
	{ "records", "Clinical", "medical records: results, diagnoses, medication" },
	{ "billing", "Billing", "billing records and claims to insurers" },
	{ "charges", "Billing", "what is charged for a visit" },
	{ "payments", "Billing", "money received and refunded" },
	{ "billing_reports", "Billing", "sums and lists over billing records" },
	{ "products", "Inventory", "what is sold or used" },
	{ "orders", "Inventory", "orders to suppliers" },
	{ "stock", "Inventory", "what is on the shelves" },
	{ "calls", "Calls", "phone calls and their recordings" },
	{ "transcriptions", "Calls", "calls as text" },
	{ "tasks", "Work", "things to do" },
	{ "time_tracking", "Work", "hours worked" },
	{ "reports", "Work", "figures about the practice" },
	{ "staff", "Administration", "accounts of people who work here" },
	{ "roles", "Administration", "roles and who holds them" },
	{ "security_activity", "Administration", "other people's sign-ins, sessions and password resets" },
	{ "locations", "Administration", "the practice's sites" },
	{ "settings", "Administration", "the practice's policies" },
	{ "apps", "Administration", "apps that sign people in here" },
	{ "connections", "Administration", "upstream identity providers and directories" },
	{ "audit", "Administration", "the log of what happened" },
};

static const char *const action_words[] = {
	[ACTION_READ] = "read",     [ACTION_CREATE] = "create", [ACTION_EDIT] = "edit",
	[ACTION_DELETE] = "delete", [ACTION_EXPORT] = "export",
};
static_assert(COUNT(action_words) == ACTION_COUNT, "a word for each action");

static const char *const reach_words[] = {
	[REACH_NONE] = "none",         [REACH_OWN] = "own", [REACH_ASSIGNED] = "assigned",
	[REACH_LOCATION] = "location", [REACH_ALL] = "all",
};

/* The words again, for "did you mean". */
static const char *const action_list[] = { "read", "create", "edit", "delete", "export", NULL };
static const char *const reach_list[] = { "none", "own", "assigned", "location", "all", NULL };

const struct feature *feature_at(size_t at)
{
	return at < COUNT(features) ? &features[at] : NULL;
}

const struct feature *feature_find(const char *id)
{
	for (size_t i = 0; i < COUNT(features); i++)
		if (text_equal(features[i].id, id))
			return &features[i];
	return NULL;
}

size_t feature_count(void)
{
	return COUNT(features);
}

size_t feature_index(const struct feature *feature)
{
	return (size_t)(feature - features);
}

const char *action_word(enum action action)
{
	assert(action < ACTION_COUNT);
	return action_words[action];
}

const char *reach_word(enum reach reach)
{
	assert(reach < COUNT(reach_words));
	return reach_words[reach];
}

bool action_find(const char *word, enum action *out)
{
	for (enum action a = ACTION_READ; a < ACTION_COUNT; a++)
		if (text_equal(action_words[a], word)) {
			*out = a;
			return true;
		}
	return false;
}

bool reach_find(const char *word, enum reach *out)
{
	for (enum reach r = REACH_NONE; r <= REACH_ALL; r++)
		if (text_equal(reach_words[r], word)) {
			*out = r;
			return true;
		}
	return false;
}

static const char *unknown(struct arena *arena, const char *kind, const char *word, const char *const *known)
{
	const char *bounded = text_bounded(arena, word, strlen(word), 64);
	const char *nearest = text_nearest(bounded, known);

	return nearest ? arena_print(arena, "permissions: unknown %s \"%s\", did you mean \"%s\"?", kind,
				     bounded, nearest)
		       : arena_print(arena, "permissions: unknown %s \"%s\"", kind, bounded);
}

static const char *const *feature_list(struct arena *arena)
{
	const char **list = arena_array(arena, const char *, COUNT(features) + 1);

	for (size_t i = 0; i < COUNT(features); i++)
		list[i] = features[i].id;
	return list;
}

/* "edit" or { "edit": "own" } */
static const char *entry_trouble(struct arena *arena, const char *feature, const json_t *entry)
{
	const char *action = json_string_value(entry);
	const char *reach = NULL;
	enum action known_action;
	enum reach known_reach;

	if (!action && json_object_size(entry) == 1) {
		void *at = json_object_iter((json_t *)(uintptr_t)entry);

		action = json_object_iter_key(at);
		reach = json_string_value(json_object_iter_value(at));
		if (!reach)
			action = NULL;
	}
	if (!action)
		return arena_print(arena, "permissions.%s: each entry is an action or { action: reach }",
				   feature);
	if (!action_find(action, &known_action))
		return unknown(arena, "action", action, action_list);
	if (reach && !reach_find(reach, &known_reach))
		return unknown(arena, "reach", reach, reach_list);
	return NULL;
}

static const char *feature_trouble(struct arena *arena, const char *feature, const json_t *entries)
{
	if (!text_equal(feature, EVERY_FEATURE) && !feature_find(feature))
		return unknown(arena, "feature", feature, feature_list(arena));
	if (!json_is_array(entries) || json_array_size(entries) > 2 * (size_t)ACTION_COUNT)
		return arena_print(arena, "permissions.%s: a list of actions is expected", feature);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const char *trouble = entry_trouble(arena, feature, json_array_get(entries, i));

		if (trouble)
			return trouble;
	}
	return NULL;
}

enum err permissions_check(struct arena *arena, const json_t *permissions, const char **message)
{
	const char *feature = NULL;
	json_t *entries = NULL;

	*message = NULL;
	if (!json_is_object(permissions))
		*message = "permissions: an object of features is expected";
	json_object_foreach ((json_t *)(uintptr_t)permissions, feature, entries) {
		if (!*message)
			*message = feature_trouble(arena, feature, entries);
	}
	return *message ? ERR_DOCUMENT : OK;
}
