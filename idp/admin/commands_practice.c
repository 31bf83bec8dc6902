/* commands_practice.c: lanyard practice ... and location ...: the wall and its sites. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "login/session.h"
#include "people/practice.h"
#include "store/db.h"
#include "store/snapshot.h"

static json_t *practice_row(const struct practice *practice)
{
	return json_pack("{s:s, s:s, s:s, s:s*, s:i, s:s}", "id", practice->id, "name", practice->name,
			 "timezone", practice->timezone, "template", practice->template, "locations",
			 (int)practice->location_count, "status", practice->disabled ? "disabled" : "active");
}

static enum err practice_list(struct work *work, const json_t *arguments, json_t **result,
			      const char **message, int *code)
{
	const struct snapshot *snapshot = work->snapshot;

	(void)arguments, (void)message, (void)code;
	*result = json_array();
	for (size_t i = 0; snapshot && i < snapshot->practice_count; i++)
		if (!snapshot->practices[i].deleted)
			append(*result, practice_row(&snapshot->practices[i]));
	return OK;
}

/* The positional ID instead of --practice. */
static enum err this_practice(struct work *work, const json_t *arguments, const struct practice **out)
{
	AUTO(json_done) json_t *named = json_pack("{s:s*}", "practice", arg(arguments, "id"));

	return practice_meant(work, named, out);
}

static json_t *location_row(const struct location *location)
{
	return json_pack("{s:s, s:s, s:s?, s:s, s:o, s:s}", "id", location->id, "name", location->name,
			 "parent", location->parent_id, "timezone", location->timezone, "networks",
			 json_list(location->networks_text), "status",
			 location->archived ? "archived" : "open");
}

static json_t *location_rows(const struct practice *practice)
{
	json_t *list = json_array();

	for (size_t i = 0; i < practice->location_count; i++)
		append(list, location_row(&practice->locations[i]));
	return list;
}

static enum err practice_show(struct work *work, const json_t *arguments, json_t **result,
			      const char **message, int *code)
{
	const struct practice *practice;

	(void)message, (void)code;
	TRY(this_practice(work, arguments, &practice));
	*result = practice_row(practice);
	json_set(*result, "domains", json_list(practice->domains));
	json_set(*result, "session_idle_seconds", json_integer(policy_session_idle(&practice->policy)));
	json_set(*result, "session_absolute_seconds",
		 json_integer(policy_session_absolute(&practice->policy)));
	json_set(*result, "password_min_length", json_integer(policy_password_min(&practice->policy)));
	json_set(*result, "locations", location_rows(practice));
	return OK;
}

static enum err write_practice(struct work *work, const struct practice_change *change, json_t **result,
			       bool *changed)
{
	size_t ended = 0;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	work->practice = change->id;
	if (change->disabled)
		TRY(sessions_end_practice(work, &ended));
	TRY(practice_apply(work, change, changed));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:b}", "id", change->id, "changed", *changed);
	return OK;
}

static struct practice_change change_meant(struct work *work, const json_t *arguments)
{
	return (struct practice_change){ .id = arg(arguments, "id"),
					 .name = arg(arguments, "name"),
					 .timezone = arg(arguments, "timezone"),
					 .template = arg(arguments, "template"),
					 .domains = arg_list(work, arguments, "domain") };
}

static enum err practice_add(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	struct practice_change change = change_meant(work, arguments);
	bool changed = false;

	(void)code;
	TRY(arg_need(work, arguments, "name", &change.name));
	TRY(arg_need(work, arguments, "timezone", &change.timezone));
	if (snapshot_practice(work->snapshot, change.id))
		return fault(work, ERR_CONFLICT, "there is or was a practice %s; ids are never given again",
			     change.id);
	change.template = change.template ? change.template : "medium";
	TRY(write_practice(work, &change, result, &changed));
	*message = arena_print(work->arena,
			       "Next: lanyard location add main --practice %s --name Main, then lanyard user "
			       "add ... --role owner "
			       "--location all",
			       change.id);
	return OK;
}

static enum err practice_set(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	const struct practice *practice;
	struct practice_change change = change_meant(work, arguments);
	bool changed = false;

	(void)code;
	TRY(this_practice(work, arguments, &practice));
	if (arg_is(arguments, "disable") && arg_is(arguments, "enable"))
		return fault(work, ERR_PARAMETER_MALFORMED, "--disable and --enable exclude each other");
	change.disabled =
		arg_is(arguments, "disable") || (practice->disabled && !arg_is(arguments, "enable"));
	TRY(write_practice(work, &change, result, &changed));
	*message = changed ? NULL : "Nothing to change.";
	return OK;
}

static enum err practice_remove(struct work *work, const json_t *arguments, json_t **result,
				const char **message, int *code)
{
	const struct practice *practice;
	size_t ended = 0;

	(void)code;
	TRY(this_practice(work, arguments, &practice));
	TRY(confirmed(work, arguments, practice->id, "deleting a practice cannot be undone"));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_practice(work, &ended));
	TRY(practice_delete(work, practice->id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:I}", "id", practice->id, "sessions_ended", (json_int_t)ended);
	*message = "Nobody signs in there any more; the records stay, the id is never given again.";
	return OK;
}

static enum err location_list(struct work *work, const json_t *arguments, json_t **result,
			      const char **message, int *code)
{
	const struct practice *practice;

	(void)message, (void)code;
	TRY(practice_meant(work, arguments, &practice));
	*result = location_rows(practice);
	return OK;
}

static enum err write_location(struct work *work, const struct location_change *change, json_t **result,
			       const char **message)
{
	bool changed = false;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(location_apply(work, change, &changed));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:b}", "id", change->id, "practice", work->practice, "changed",
			    changed);
	*message = changed ? NULL : "Nothing to change.";
	return OK;
}

static struct location_change site_meant(struct work *work, const json_t *arguments,
					 const struct location *there, int64_t position)
{
	return (struct location_change){ .id = arg(arguments, "location"),
					 .name = arg(arguments, "name"),
					 .parent_id = arg(arguments, "parent"),
					 .timezone = arg(arguments, "timezone"),
					 .networks = arg_list(work, arguments, "network"),
					 .archived = there && there->archived,
					 .position = position };
}

static enum err location_add(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	const struct practice *practice;
	const char *name;

	(void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(arg_need(work, arguments, "name", &name));
	if (practice_location(practice, arg(arguments, "location")))
		return fault(work, ERR_CONFLICT, "there is a location %s in %s already",
			     arg(arguments, "location"), practice->id);
	const struct location_change change =
		site_meant(work, arguments, NULL, (int64_t)practice->location_count);

	return write_location(work, &change, result, message);
}

static enum err location_there(struct work *work, const json_t *arguments, struct location_change *out)
{
	const struct practice *practice;

	TRY(practice_meant(work, arguments, &practice));
	const struct location *there = practice_location(practice, arg(arguments, "location"));

	if (!there)
		return fault(work, ERR_NOT_FOUND, "there is no location %s in %s", arg(arguments, "location"),
			     practice->id);
	*out = site_meant(work, arguments, there, there - practice->locations);
	return OK;
}

static enum err location_set(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	struct location_change change;

	(void)code;
	TRY(location_there(work, arguments, &change));
	change.archived = change.archived && !arg_is(arguments, "open");
	return write_location(work, &change, result, message);
}

static enum err location_archive(struct work *work, const json_t *arguments, json_t **result,
				 const char **message, int *code)
{
	struct location_change change;

	(void)code;
	TRY(location_there(work, arguments, &change));
	change.archived = true;
	TRY(write_location(work, &change, result, message));
	*message = "It gives no access any more. Undo: lanyard location set --open.";
	return OK;
}

#define ID                                                                                                   \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"id", NULL                                                                                   \
	}
#define ID_OR_ONLY                                                                                           \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"id?", NULL                                                                                  \
	}
#define LOCATION                                                                                             \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"location", NULL                                                                             \
	}
#define NOTHING                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		NULL                                                                                         \
	}
#define SITE                                                                                                 \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"name=", "parent=", "timezone=", "network=*", "open", NULL                                   \
	}

/* clang-format off */
const struct command practice_commands[] = {
	{ "practice", "add", "practice add ID --name N --timezone ZONE [--template small|medium|multi-location|three-role] [--domain D]...", "a new practice",
	  "lanyard practice add lakeview --name \"Lakeview Dental\" --timezone America/Chicago --template small --domain lakeview.example\n"
	  "lanyard practice add northside --name Again --timezone America/Chicago  # exits 5\n",
	  ID, (const char *const[]){ "name=", "timezone=", "template=", "domain=*", NULL }, practice_add, NULL },
	{ "practice", "list", "practice list", "the practices here", "lanyard practice list\nlanyard practice list -o name\n", NOTHING, NOTHING, practice_list, NULL },
	{ "practice", "show", "practice show ID", "one practice with its locations and rules",
	  "lanyard practice show northside\nlanyard practice show nortside  # exits 3\n", ID_OR_ONLY, NOTHING, practice_show, NULL },
	{ "practice", "set", "practice set ID [--name N] [--timezone Z] [--domain D]... [--disable|--enable]", "change a practice; policies by lanyard apply",
	  "lanyard practice set lakeview --name \"Lakeview Dental Group\"\nlanyard practice set lakeview --disable\nlanyard practice set lakeview --enable\n",
	  ID, (const char *const[]){ "name=", "timezone=", "template=", "domain=*", "disable", "enable", NULL }, practice_set, NULL },
	{ "practice", "delete", "practice delete ID", "close a practice for good",
	  "lanyard practice delete lakeview  # exits 2\nlanyard practice delete lakeview --yes\n",
	  ID, (const char *const[]){ "confirm=!", NULL }, practice_remove, NULL },
	{ .noun = NULL },
};

const struct command location_commands[] = {
	{ "location", "add", "location add ID --practice P --name N [--parent L] [--network CIDR]...", "a new site",
	  "lanyard location add lakeside --practice northside --name \"Lake Side\" --network 10.4.0.0/16\n", LOCATION, SITE, location_add, NULL },
	{ "location", "list", "location list --practice P", "the sites of a practice", "lanyard location list --practice northside\n", NOTHING, NOTHING, location_list, NULL },
	{ "location", "set", "location set ID --practice P [--name N] [--parent L] [--network CIDR]... [--open]", "change, move or reopen a site",
	  "lanyard location set lakeside --practice northside --parent west --name \"Lake Side Annex\"\n", LOCATION, SITE, location_set, NULL },
	{ "location", "archive", "location archive ID --practice P", "close a site; its id stays in the records",
	  "lanyard location archive lakeside --practice northside\n", LOCATION, NOTHING, location_archive, NULL },
	{ .noun = NULL },
};
/* clang-format on */
