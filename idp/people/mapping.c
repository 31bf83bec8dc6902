/* mapping.c: which rules apply to what is said of a person, and what they give. Anything that is not plainly
 * what a rule asks for is no match: types are never guessed at and nothing is searched inside of a value. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/mapping.h"
#include "people/mapping_words.h"
#include "store/snapshot.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

enum { NUMBER_SIZE = 40 }; /* 17 digits, signs, a point and an exponent */

/* A value as it is compared; NULL: it is none. Numbers and flags as JSON writes them, into the caller's
 * place: a list may have many thousands, each asked about by every rule. */
static const char *word_of(char number[NUMBER_SIZE], const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_number(value) && !json_is_boolean(value))
		return NULL;
	size_t size = json_dumpb(value, number, NUMBER_SIZE - 1, JSON_ENCODE_ANY);

	if (size == 0 || size >= NUMBER_SIZE)
		return NULL;
	number[size] = '\0';
	return number;
}

static bool is_equal(const char *value, const char *wanted)
{
	return text_equal(value, wanted);
}

static bool has_prefix(const char *value, const char *wanted)
{
	return *wanted && text_starts(value, wanted);
}

static bool one_fits(const json_t *value, const char *wanted,
		     bool (*fits)(const char *value, const char *wanted))
{
	char number[NUMBER_SIZE];
	const char *word = word_of(number, value);

	return word && fits(word, wanted);
}

static bool any_fits(const json_t *claim, const char *wanted,
		     bool (*fits)(const char *value, const char *wanted))
{
	if (!json_is_array(claim))
		return one_fits(claim, wanted, fits);
	for (size_t i = 0; i < json_array_size(claim); i++)
		if (one_fits(json_array_get(claim, i), wanted, fits))
			return true;
	return false;
}

/* The one value: of a list of two, none is it. */
static bool the_one_fits(const json_t *claim, const char *wanted,
			 bool (*fits)(const char *value, const char *wanted))
{
	if (!json_is_array(claim))
		return one_fits(claim, wanted, fits);
	return json_array_size(claim) == 1 && one_fits(json_array_get(claim, 0), wanted, fits);
}

const char *const mapping_compares[] = { "equals", "contains", "prefix", NULL };

static const struct {
	bool (*where)(const json_t *claim, const char *wanted,
		      bool (*fits)(const char *value, const char *wanted));
	bool (*fits)(const char *value, const char *wanted);
} compares[] = { { the_one_fits, is_equal }, { any_fits, is_equal }, { any_fits, has_prefix } };
static_assert(COUNT(compares) + 1 == COUNT(mapping_compares), "each word compares");

static bool comparison_holds(const json_t *when, const json_t *claims)
{
	char number[NUMBER_SIZE];
	const char *name = json_get_text(when, "claim");
	const json_t *claim = name ? json_object_get(claims, name) : NULL;

	for (size_t i = 0; claim && i < COUNT(compares); i++) {
		const char *wanted = word_of(number, json_object_get(when, mapping_compares[i]));

		if (wanted)
			return compares[i].where(claim, wanted, compares[i].fits);
	}
	return false;
}

/* One beyond what may be declared is false, whatever stands in the store. */
static bool when_holds(const json_t *when, const json_t *claims, int depth)
{
	const json_t *any = json_object_get(when, "any");
	const json_t *list = any ? any : json_object_get(when, "all");
	size_t count = json_array_size(list);

	if (!list)
		return comparison_holds(when, claims);
	if (depth >= MAPPING_DEPTH)
		return false;
	for (size_t i = 0; i < count; i++)
		if (when_holds(json_array_get(list, i), claims, depth + 1) == (any != NULL))
			return any != NULL;
	return !any && count > 0;
}

/* Ids that the practice has; NULL: all. *none: it had them all once, and has none now. */
static const char *const *places_of(struct arena *arena, const struct practice *practice,
				    const json_t *locations, bool *none)
{
	size_t count = json_array_size(locations), kept = 0;

	*none = false;
	if (text_equal(json_string_value(locations), "all"))
		return NULL;
	const char **list = arena_array(arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		const char *id = json_string_value(json_array_get(locations, i));

		if (practice_location(practice, id))
			list[kept++] = id;
	}
	*none = kept == 0;
	return list;
}

/* Everywhere takes in every place. */
static const char *const *places_join(struct arena *arena, const char *const *a, const char *const *b)
{
	size_t count = 0, more = 0;

	if (!a || !b)
		return NULL;
	while (a[count])
		count++;
	while (b[more])
		more++;
	const char **list = arena_array(arena, const char *, count + more + 1);

	memcpy(list, a, count * sizeof(*list));
	for (; *b; b++)
		if (!text_list_has(a, *b))
			list[count++] = *b;
	return list;
}

/* One for each role that the practice has, so there is room for all of them. */
static void assignment_join(struct arena *arena, const struct practice *practice, const char *role_id,
			    const char *const *places, struct mapped *out)
{
	if (!out->assignments)
		out->assignments = arena_array(arena, struct assignment, practice->role_count + 1);
	for (size_t i = 0; i < out->assignment_count; i++) {
		struct assignment *held = &out->assignments[i];

		if (text_equal(held->role_id, role_id)) {
			held->locations = places_join(arena, held->locations, places);
			return;
		}
	}
	assert(out->assignment_count < practice->role_count);
	out->assignments[out->assignment_count++] =
		(struct assignment){ .role_id = role_id, .source = "mapping", .locations = places };
}

void grant_apply(struct work *work, const struct practice *practice, const json_t *grant, struct mapped *out)
{
	const struct role *role = practice_role(practice, json_get_text(grant, "role"));
	const char *class_ = json_get_text(grant, "class");
	bool none = false;

	if (!out->class_)
		out->class_ = class_;
	if (!role || role->deleted)
		return;
	const char *const *places =
		places_of(work->arena, practice, json_object_get(grant, "locations"), &none);

	if (!none)
		assignment_join(work->arena, practice, role->id, places, out);
}

void mapping_apply(struct work *work, const struct practice *practice, const json_t *mapping,
		   const json_t *claims, struct mapped *out)
{
	json_t *applied = json_array();

	*out = (struct mapped){ .applied = applied };
	arena_defer(work->arena, release_json, applied);
	for (size_t i = 0; i < json_array_size(mapping); i++) {
		const json_t *rule = json_array_get(mapping, i);

		if (!when_holds(json_object_get(rule, "when"), claims, 1))
			continue;
		json_array_append_new(applied, json_integer((json_int_t)i));
		grant_apply(work, practice, json_object_get(rule, "grant"), out);
	}
}
