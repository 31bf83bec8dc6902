/* mapping_check.c: rules as they are declared. What is not understood is refused, never skipped: a rule that
 * means something else than its author thought gives somebody a role. */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/change.h"
#include "people/mapping.h"
#include "people/mapping_words.h"
#include "store/snapshot.h"

enum { RULES_MAX = 200, BRANCHES_MAX = 100, VALUE_MAX = 1024, PLACES_MAX = 200 };

static const char *const classes[] = { "administrator", "staff", "external", NULL };

struct checking {
	struct arena *arena;
	const struct practice *practice;
	const char *message;
};

static bool refuse(struct checking *c, const char *where, const char *format, ...) PRINTF(3, 4);
static bool refuse(struct checking *c, const char *where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	c->message = arena_print(c->arena, "%s: %s", where, arena_vprint(c->arena, format, args));
	va_end(args);
	return false;
}

/* Every member one of these. */
static bool members_are(struct checking *c, const char *where, const json_t *object, const char *const *known)
{
	const char *name = NULL;
	json_t *value = NULL;

	if (!json_is_object(object))
		return refuse(c, where, "an object is expected");
	json_object_foreach ((json_t *)(uintptr_t)object, name, value)
		if (!text_list_has(known, name)) {
			c->message =
				arena_print(c->arena, "%s.%s", where, field_unknown(c->arena, name, known));
			return false;
		}
	return true;
}

static bool text_fits(const char *text)
{
	return text && *text && strlen(text) <= VALUE_MAX;
}

static bool value_fits(const json_t *value)
{
	return text_fits(json_string_value(value)) || json_is_number(value) || json_is_boolean(value);
}

static bool comparison_is_sound(struct checking *c, const char *where, const json_t *when)
{
	static const char *const known[] = { "claim", "equals", "contains", "prefix", "any", "all", NULL };
	const char *compare = NULL;

	if (!members_are(c, where, when, known))
		return false;
	if (!text_fits(json_get_text(when, "claim")))
		return refuse(c, where, "claim: the name of a claim is expected");
	for (const char *const *word = mapping_compares; *word; word++) {
		if (!json_object_get(when, *word))
			continue;
		if (compare)
			return refuse(c, where, "only one of %s and %s can be given", compare, *word);
		compare = *word;
	}
	if (!compare)
		return refuse(c, where, "equals, contains or prefix is missing");
	const json_t *value = json_object_get(when, compare);

	if (text_equal(compare, "prefix") && !json_is_string(value))
		return refuse(c, where, "prefix: a text is expected");
	return value_fits(value) ||
	       refuse(c, where, "%s: a text of 1 to %d bytes, a number or a flag is expected", compare,
		      VALUE_MAX);
}

static bool when_is_sound(struct checking *c, const char *where, const json_t *when, int depth);

static bool branches_are_sound(struct checking *c, const char *where, const json_t *when, const char *word,
			       int depth)
{
	const json_t *list = json_object_get(when, word);
	size_t count = json_array_size(list);

	if (json_object_size(when) != 1)
		return refuse(c, where, "%s stands alone", word);
	if (count < 1 || count > BRANCHES_MAX)
		return refuse(c, where, "%s: a list of 1 to %d conditions is expected", word, BRANCHES_MAX);
	if (depth >= MAPPING_DEPTH)
		return refuse(c, where, "more than %d conditions inside one another", MAPPING_DEPTH);
	for (size_t i = 0; i < count; i++)
		if (!when_is_sound(c, arena_print(c->arena, "%s.%s[%zu]", where, word, i),
				   json_array_get(list, i), depth + 1))
			return false;
	return true;
}

static bool when_is_sound(struct checking *c, const char *where, const json_t *when, int depth)
{
	if (!json_is_object(when))
		return refuse(c, where, "an object is expected");
	if (json_object_get(when, "any"))
		return branches_are_sound(c, where, when, "any", depth);
	if (json_object_get(when, "all"))
		return branches_are_sound(c, where, when, "all", depth);
	return comparison_is_sound(c, where, when);
}

static bool place_is_known(struct checking *c, const char *where, const char *id)
{
	if (!id || !text_is_slug(id))
		return refuse(c, where, "locations: a list of ids, or all, is expected");
	return !c->practice || practice_location(c->practice, id) ||
	       refuse(c, where, "locations: there is no location %s", id);
}

static bool locations_are_sound(struct checking *c, const char *where, const json_t *locations)
{
	size_t count = json_array_size(locations);

	if (text_equal(json_string_value(locations), "all"))
		return true;
	if (count < 1 || count > PLACES_MAX)
		return refuse(c, where, "locations: a list of ids, or all written out, is expected");
	for (size_t i = 0; i < count; i++)
		if (!place_is_known(c, where, json_string_value(json_array_get(locations, i))))
			return false;
	return true;
}

static bool role_is_sound(struct checking *c, const char *where, const json_t *grant)
{
	const char *id = json_get_text(grant, "role");
	const struct role *role = c->practice ? practice_role(c->practice, id) : NULL;

	if (!json_object_get(grant, "role"))
		return json_object_get(grant, "locations")
			       ? refuse(c, where, "locations: only with a role")
			       : json_object_get(grant, "class") ||
					 refuse(c, where, "a role or a class is expected");
	if (!id || !text_is_slug(id))
		return refuse(c, where, "role: the id of a role is expected");
	if (c->practice && (!role || role->deleted))
		return refuse(c, where, "role: there is no role %s", id);
	return locations_are_sound(c, where, json_object_get(grant, "locations"));
}

static bool grant_is_sound(struct checking *c, const char *where, const json_t *grant)
{
	static const char *const known[] = { "class", "role", "locations", NULL };
	const json_t *class_ = json_object_get(grant, "class");

	if (!members_are(c, where, grant, known))
		return false;
	if (class_ && !(json_is_string(class_) && text_list_has(classes, json_string_value(class_))))
		return refuse(c, where, "class: administrator, staff or external is expected");
	return role_is_sound(c, where, grant);
}

static bool rule_is_sound(struct checking *c, const char *where, const json_t *rule)
{
	static const char *const known[] = { "when", "grant", NULL };

	return members_are(c, where, rule, known) &&
	       when_is_sound(c, arena_print(c->arena, "%s.when", where), json_object_get(rule, "when"), 1) &&
	       grant_is_sound(c, arena_print(c->arena, "%s.grant", where), json_object_get(rule, "grant"));
}

enum err mapping_check(struct arena *arena, const struct practice *practice, const json_t *mapping,
		       const char **message)
{
	struct checking c = { .arena = arena, .practice = practice };
	size_t count = json_array_size(mapping);
	bool sound = json_is_array(mapping) && count <= RULES_MAX;

	if (!sound)
		(void)refuse(&c, "mapping", "a list of at most %d rules is expected", RULES_MAX);
	for (size_t i = 0; sound && i < count; i++)
		sound = rule_is_sound(&c, arena_print(arena, "mapping[%zu]", i), json_array_get(mapping, i));
	if (!sound)
		*message = c.message;
	return sound ? OK : ERR_DOCUMENT;
}

enum err grant_check(struct arena *arena, const struct practice *practice, const json_t *grant,
		     const char **message)
{
	struct checking c = { .arena = arena, .practice = practice };

	if (grant_is_sound(&c, "default_grant", grant))
		return OK;
	*message = c.message;
	return ERR_DOCUMENT;
}
