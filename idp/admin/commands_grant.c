/* commands_grant.c: lanyard grant and ungrant: one role more or less. */
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

/* The positional ROLE as --role, so that both ways to name roles are read in one place. */
static json_t *with_role_list(struct work *work, const json_t *arguments)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)arguments);

	json_set(copy, "role", json_list((const char *const[]){ arg(arguments, "role"), NULL }));
	(void)work;
	return copy;
}

static enum err answer(struct work *work, const char *account_id, json_t **result)
{
	struct subject subject;

	TRY(subject_load(work, account_id, &subject));
	*result = json_pack("{s:s, s:s, s:o}", "email", subject.account.email, "practice", work->practice,
			    "roles", assignments_shown(work, subject.assignments, subject.assignment_count));
	return OK;
}

static bool same_places(const char *const *a, const char *const *b)
{
	size_t first = 0, second = 0;

	if (!a || !b)
		return a == b;
	for (; a[first]; first++)
		if (!text_list_has(b, a[first]))
			return false;
	while (b[second])
		second++;
	return first == second;
}

static bool is_held(const struct subject *subject, const struct assignment *wanted)
{
	for (size_t i = 0; i < subject->assignment_count; i++) {
		const struct assignment *held = &subject->assignments[i];
		if (text_equal(held->source, SOURCE_BASE) && text_equal(held->role_id, wanted->role_id) &&
		    same_places(held->locations, wanted->locations) &&
		    held->valid_from == wanted->valid_from && held->valid_until == wanted->valid_until)
			return true;
	}
	return false;
}

static enum err grant(struct work *work, const json_t *arguments, json_t **result, const char **message,
		      int *code)
{
	struct subject subject;
	struct assignment *list = NULL;
	size_t count = 0;
	const char *id = NULL;
	AUTO(json_done) json_t *read = with_role_list(work, arguments);

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	TRY(assignments_meant(work, subject.practice, read, &list, &count));
	if (is_held(&subject, list))
		return fault(work, ERR_CONFLICT, "%s holds %s there already", subject.account.email,
			     list->role_id);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(assignment_add(work, subject.account.id, list, &id));
	TRY(tx_commit(&tx));
	*message = "The next token says so. Undo: lanyard ungrant.";
	return answer(work, subject.account.id, result);
}

/* What is left of an assignment when these places are taken out of it; false: nothing. */
static bool without(struct work *work, const struct practice *practice, const struct assignment *held,
		    const char *const *places, struct assignment *out)
{
	const char **left = arena_array(work->arena, const char *, practice->location_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < practice->location_count; i++) {
		const struct location *location = &practice->locations[i];
		bool had =
			held->locations ? text_list_has(held->locations, location->id) : !location->archived;
		if (had && !text_list_has(places, location->id))
			left[count++] = location->id;
	}
	*out = *held;
	out->locations = left;
	return count > 0;
}

/* The base assignments as they shall be: those of the role gone, or gone at the named places. */
static struct assignment *reduced(struct work *work, const struct subject *subject, const char *role,
				  const char *const *places, size_t *count, bool *touched)
{
	struct assignment *list = arena_array(work->arena, struct assignment, subject->assignment_count + 1);

	*count = 0;
	for (size_t i = 0; i < subject->assignment_count; i++) {
		const struct assignment *held = &subject->assignments[i];
		if (!text_equal(held->source, SOURCE_BASE))
			continue;
		if (!text_equal(held->role_id, role)) {
			list[(*count)++] = *held;
			continue;
		}
		*touched = true;
		if (places && without(work, subject->practice, held, places, &list[*count]))
			++*count;
	}
	return list;
}

static enum err ungrant(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code)
{
	struct subject subject;
	size_t count = 0;
	bool touched = false, changed = false;
	const char *role = arg(arguments, "role");
	const char *const *places = arg_list(work, arguments, "location");

	(void)code;
	TRY(account_meant(work, arguments, &subject));
	if (text_list_has(places, "all"))
		places = NULL;
	const struct assignment *list = reduced(work, &subject, role, places, &count, &touched);

	if (!touched)
		return fault(work, ERR_NOT_FOUND, "%s does not hold %s", subject.account.email, role);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(assignments_replace(work, subject.account.id, SOURCE_BASE, list, count, &changed));
	if (!changed) /* held at a place above, which covers this one */
		return fault(work, ERR_NOT_FOUND, "%s does not hold %s at that location itself",
			     subject.account.email, role);
	TRY(account_guard_last_owner(work));
	TRY(tx_commit(&tx));
	*message = "The next token says so. Undo: lanyard grant.";
	return answer(work, subject.account.id, result);
}

#define USER_ROLE                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"user", "role", NULL                                                                         \
	}

/* clang-format off */
const struct command grant_commands[] = {
	{ "grant", NULL, "grant EMAIL ROLE --location L [--from D] [--until D] [--reason TEXT]", "give a role, at locations and for a time",
	  "lanyard grant fiona@northside.example billing --location main --until 2099-12-31 --reason \"month-end help\"\n"
	  "lanyard grant fiona@northside.example bilingl --location main  # exits 3\n",
	  USER_ROLE, (const char *const[]){ "location=*", "from=", "until=", "reason=", NULL }, grant, NULL },
	{ "ungrant", NULL, "ungrant EMAIL ROLE [--location L]", "take a role away, everywhere or at locations",
	  "lanyard ungrant fiona@northside.example billing\nlanyard ungrant olivia@northside.example owner  # exits 4\n",
	  USER_ROLE, (const char *const[]){ "location=*", NULL }, ungrant, NULL },
	{ .noun = NULL },
};
/* clang-format on */
