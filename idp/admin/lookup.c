/* lookup.c: the arguments of commands, and which practice or account is meant. */
#include "base/base.h"

#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/role.h"
#include "store/snapshot.h"

#define SAME_ADDRESS_MAX 4

const char *arg(const json_t *arguments, const char *name)
{
	return json_get_text(arguments, name);
}

bool arg_is(const json_t *arguments, const char *name)
{
	return json_is_true(json_object_get(arguments, name));
}

const char *const *arg_list(struct work *work, const json_t *arguments, const char *name)
{
	return json_get_list(work->arena, arguments, name);
}

enum err arg_need(struct work *work, const json_t *arguments, const char *name, const char **out)
{
	*out = arg(arguments, name);
	return *out ? OK : fault(work, ERR_PARAMETER_MALFORMED, "--%s is missing", name);
}

enum err confirmed(struct work *work, const json_t *arguments, const char *text, const char *what)
{
	if (arg_is(arguments, "yes") || text_equal_nocase(arg(arguments, "confirm"), text))
		return OK;
	return fault(work, ERR_PARAMETER_MALFORMED, "%s: confirm with --yes, or type %s when asked", what,
		     text);
}

void append(json_t *list, json_t *entry)
{
	int failed = json_array_append_new(list, entry);

	assert(!failed && "out of memory");
}

json_t *time_shown(struct work *work, int64_t seconds)
{
	return seconds ? json_string(clock_rfc3339(work->arena, seconds)) : json_null();
}

/* "northside, riverside" */
static const char *practice_names(struct work *work, const char **nearest, const char *wanted)
{
	const struct snapshot *snapshot = work->snapshot;
	size_t count = snapshot ? snapshot->practice_count : 0, known = 0;
	const char **names = arena_array(work->arena, const char *, count + 1);
	char *text = arena_text(work->arena, "");

	for (size_t i = 0; i < count; i++) {
		if (snapshot->practices[i].deleted)
			continue;
		names[known++] = snapshot->practices[i].id;
		text = arena_print(work->arena, "%s%s%s", text, known > 1 ? ", " : "",
				   snapshot->practices[i].id);
	}
	*nearest = wanted ? text_nearest(wanted, names) : NULL;
	return known ? text : NULL;
}

static enum err practice_unclear(struct work *work, const char *wanted)
{
	const char *nearest = NULL;
	const char *names = practice_names(work, &nearest, wanted);

	if (!names)
		return fault(work, ERR_NO_PRACTICE,
			     "there is no practice yet: lanyard practice add, or lanyard apply -f FILE");
	if (!wanted)
		return fault(work, ERR_PARAMETER_MALFORMED, "which practice? --practice %s", names);
	if (nearest)
		return fault(work, ERR_NO_PRACTICE, "there is no practice %s (did you mean %s?)", wanted,
			     nearest);
	return fault(work, ERR_NO_PRACTICE, "there is no practice %s; there is: %s", wanted, names);
}

static const struct practice *only_practice(const struct snapshot *snapshot)
{
	const struct practice *only = NULL;

	for (size_t i = 0; snapshot && i < snapshot->practice_count; i++) {
		if (snapshot->practices[i].deleted)
			continue;
		if (only)
			return NULL;
		only = &snapshot->practices[i];
	}
	return only;
}

enum err practice_meant(struct work *work, const json_t *arguments, const struct practice **out)
{
	const char *wanted = arg(arguments, "practice");
	const struct practice *practice =
		wanted ? snapshot_practice(work->snapshot, wanted) : only_practice(work->snapshot);

	if (!practice || practice->deleted)
		return practice_unclear(work, wanted);
	work->practice = arena_text(work->arena, practice->id); /* outlives this picture */
	*out = practice;
	return OK;
}

enum err account_id_of(struct work *work, const char *email, const char **id)
{
	const char *canonical = email_canonical(work->arena, email);
	struct account_match match = { NULL, NULL };
	size_t count = 0;

	if (!canonical)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s is not an e-mail address", email);
	TRY(accounts_find(work, canonical, work->practice, &match, 1, &count));
	if (count == 0)
		return fault(work, ERR_NOT_FOUND, "there is no %s in %s", canonical, work->practice);
	*id = arena_text(work->arena, match.account_id);
	return OK;
}

static enum err match_meant(struct work *work, const char *email, const char *practice,
			    struct account_match *out)
{
	struct account_match matches[SAME_ADDRESS_MAX];
	size_t count = 0;
	const char *canonical = email_canonical(work->arena, email);

	if (!canonical)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s is not an e-mail address", email);
	TRY(accounts_find(work, canonical, practice, matches, SAME_ADDRESS_MAX, &count));
	if (count == 0)
		return fault(work, ERR_NOT_FOUND, "there is no %s%s%s", canonical, practice ? " in " : "",
			     practice ? practice : "");
	if (count > 1)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s is in %s and %s: which one? --practice",
			     canonical, matches[0].practice_id, matches[1].practice_id);
	*out = matches[0];
	return OK;
}

enum err account_meant(struct work *work, const json_t *arguments, struct subject *out)
{
	const struct practice *practice = NULL;
	struct account_match match = { NULL, NULL };
	const char *email;

	TRY(arg_need(work, arguments, "user", &email));
	if (arg(arguments, "practice"))
		TRY(practice_meant(work, arguments, &practice));
	TRY(match_meant(work, email, practice ? practice->id : NULL, &match));
	work->practice = arena_text(work->arena, match.practice_id);
	return subject_load(work, match.account_id, out);
}

static enum err location_known(struct work *work, const struct practice *practice, const char *id)
{
	const char **names = arena_array(work->arena, const char *, practice->location_count + 1);

	if (practice_location(practice, id))
		return OK;
	for (size_t i = 0; i < practice->location_count; i++)
		names[i] = practice->locations[i].id;
	const char *near = text_nearest(id, names);

	return fault(work, ERR_NOT_FOUND, "there is no location %s in %s%s%s%s", id, practice->id,
		     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static enum err role_known(struct work *work, const struct practice *practice, const char *id)
{
	const char **names = arena_array(work->arena, const char *, practice->role_count + 1);
	const struct role *role = practice_role(practice, id);
	size_t count = 0;

	if (role && !role->deleted)
		return OK;
	for (size_t i = 0; i < practice->role_count; i++)
		if (!practice->roles[i].deleted)
			names[count++] = practice->roles[i].id;
	const char *near = text_nearest(id, names);

	return fault(work, ERR_NOT_FOUND, "there is no role %s in %s%s%s%s", id, practice->id,
		     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* NULL for "all". */
static enum err locations_meant(struct work *work, const struct practice *practice, const json_t *arguments,
				const char *const **out)
{
	const char *const *list = arg_list(work, arguments, "location");

	if (!list || !*list)
		return fault(work, ERR_PARAMETER_MALFORMED,
			     "--location is missing: name one or more, or all");
	*out = NULL;
	if (text_list_has(list, "all"))
		return list[1] ? fault(work, ERR_PARAMETER_MALFORMED, "--location all stands alone") : OK;
	for (size_t i = 0; list[i]; i++)
		TRY(location_known(work, practice, list[i]));
	*out = list;
	return OK;
}

static enum err times_meant(struct work *work, const json_t *arguments, struct assignment *out)
{
	const char *from = arg(arguments, "from"), *until = arg(arguments, "until");

	if (from && !clock_parse(from, false, &out->valid_from))
		return fault(work, ERR_PARAMETER_MALFORMED, "--from is not a date such as 2027-01-31");
	if (until && !clock_parse(until, true, &out->valid_until))
		return fault(work, ERR_PARAMETER_MALFORMED, "--until is not a date such as 2027-01-31");
	if (until && out->valid_until <= work->now)
		return fault(work, ERR_PARAMETER_MALFORMED, "--until has passed already");
	return OK;
}

enum err assignments_meant(struct work *work, const struct practice *practice, const json_t *arguments,
			   struct assignment **out, size_t *count)
{
	const char *const *roles = arg_list(work, arguments, "role");
	const char *const *locations = NULL;
	struct assignment common = { .source = SOURCE_BASE, .reason = arg(arguments, "reason") };

	if (!roles || !*roles)
		return fault(work, ERR_PARAMETER_MALFORMED,
			     "--role is missing: lanyard role list --practice %s", practice->id);
	TRY(locations_meant(work, practice, arguments, &locations));
	TRY(times_meant(work, arguments, &common));
	for (*count = 0; roles[*count]; ++*count)
		TRY(role_known(work, practice, roles[*count]));
	*out = arena_array(work->arena, struct assignment, *count + 1);
	common.locations = locations;
	for (size_t i = 0; i < *count; i++) {
		(*out)[i] = common;
		(*out)[i].role_id = roles[i];
	}
	return OK;
}

json_t *assignments_shown(struct work *work, const struct assignment *list, size_t count)
{
	json_t *shown = json_array();

	for (size_t i = 0; i < count; i++) {
		AUTO_BUF text = BUF(8 * KB);
		buf_print(&text, "%s@%s", list[i].role_id, list[i].locations ? "" : "all");
		for (size_t at = 0; list[i].locations && list[i].locations[at]; at++)
			buf_print(&text, "%s%s", at ? "," : "", list[i].locations[at]);
		if (list[i].valid_from > work->now)
			buf_print(&text, " from %s", clock_rfc3339(work->arena, list[i].valid_from));
		if (list[i].valid_until)
			buf_print(&text, " until %s", clock_rfc3339(work->arena, list[i].valid_until));
		append(shown, json_string(buf_str(&text)));
	}
	return shown;
}
