/* fuzz_mapping.c: any rules and any claims, {"mapping": [...], "claims": {...}}. A rule that was declared
 * applies only where one who reads it by the book finds what it asks for: `equals: X` never without a value
 * that is X; what is given is of the practice, each role once; what was never checked does no harm. */
#include "base/base.h"
#include "base/app.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/mapping.h"
#include "store/snapshot.h"

static const struct location locations[] = { { .id = "main" }, { .id = "west" } };
static const struct role roles[] = { { .id = "provider" },
				     { .id = "manager" },
				     { .id = "gone", .deleted = true } };
static const struct practice practice = { .id = "p",
					  .locations = locations,
					  .location_count = COUNT(locations),
					  .roles = roles,
					  .role_count = COUNT(roles) };

static bool is_value(struct arena *arena, const json_t *value, const json_t *wanted)
{
	if (json_is_string(value) && json_is_string(wanted))
		return json_equal(value, wanted);
	return !json_is_array(value) && !json_is_object(value) && !json_is_null(value) &&
	       text_equal(json_is_string(value) ? json_string_value(value) : json_text(arena, value),
			  json_is_string(wanted) ? json_string_value(wanted) : json_text(arena, wanted));
}

/* Is X anywhere a value of the claim? */
static bool stands_there(struct arena *arena, const json_t *claim, const json_t *wanted)
{
	if (claim && is_value(arena, claim, wanted))
		return true;
	for (size_t i = 0; i < json_array_size(claim); i++)
		if (is_value(arena, json_array_get(claim, i), wanted))
			return true;
	return false;
}

/* Could the condition hold at all, by its plain comparisons? */
static bool may_hold(struct arena *arena, const json_t *when, const json_t *claims)
{
	const json_t *any = json_object_get(when, "any"), *all = json_object_get(when, "all");
	const json_t *list = any ? any : all;
	const json_t *claim = json_object_get(claims, json_get_text(when, "claim"));
	const json_t *equals = json_object_get(when, "equals"), *contains = json_object_get(when, "contains");
	size_t held = 0;

	if (!list) {
		if (json_object_get(when, "prefix"))
			return claim != NULL;
		return stands_there(arena, claim, equals ? equals : contains) &&
		       (!equals || !json_is_array(claim) || json_array_size(claim) == 1);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		held += may_hold(arena, json_array_get(list, i), claims);
	return any ? held > 0 : held == json_array_size(list);
}

static void check_applied(struct arena *arena, const json_t *mapping, const json_t *claims,
			  const struct mapped *mapped)
{
	for (size_t i = 0; i < json_array_size(mapped->applied); i++) {
		size_t at = (size_t)json_integer_value(json_array_get(mapped->applied, i));
		const json_t *rule = json_array_get(mapping, at);

		assert(rule && may_hold(arena, json_object_get(rule, "when"), claims));
	}
}

static void check_given(const struct mapped *mapped)
{
	assert(mapped->assignment_count <= COUNT(roles));
	for (size_t i = 0; i < mapped->assignment_count; i++) {
		const struct assignment *given = &mapped->assignments[i];
		const struct role *role = practice_role(&practice, given->role_id);

		assert(role && !role->deleted);
		assert(!given->locations || given->locations[0]);
		for (const char *const *place = given->locations; place && *place; place++)
			assert(practice_location(&practice, *place));
		for (size_t k = 0; k < i; k++)
			assert(!text_equal(mapped->assignments[k].role_id, given->role_id));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *document = json_read((const char *)data, size);
	const json_t *mapping = json_object_get(document, "mapping");
	const json_t *claims = json_object_get(document, "claims");
	struct work work = { .arena = arena };
	struct mapped mapped;
	const char *message = NULL;

	if (!document)
		return 0;
	bool sound = mapping_check(arena, &practice, mapping, &message) == OK;

	assert(sound || message);
	mapping_apply(&work, &practice, mapping, claims, &mapped);
	check_given(&mapped);
	if (sound)
		check_applied(arena, mapping, claims, &mapped);
	return 0;
}
