/* policy.c: a practice's policy: what may be declared, and the defaults (NIST SP 800-63B-4 3.1.1 for
 * lengths). */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/practice.h"
#include "store/snapshot.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
enum { IDLE = 30 * MINUTE, ABSOLUTE = 12 * HOUR, LENGTH_NIST = 15, LENGTH_CLASSIC = 8, LENGTH_MOST = 64 };

int64_t policy_session_idle(const struct policy *policy)
{
	return policy->session_idle ? policy->session_idle : IDLE;
}

int64_t policy_session_absolute(const struct policy *policy)
{
	return policy->session_absolute ? policy->session_absolute : ABSOLUTE;
}

int64_t policy_password_min(const struct policy *policy)
{
	if (policy->password_min_length)
		return policy->password_min_length;
	return text_equal(policy->password_preset, "classic") ? LENGTH_CLASSIC : LENGTH_NIST;
}

enum rule_kind { RULE_DURATION, RULE_NUMBER, RULE_PRESET };
static const struct rule {
	const char *section, *name;
	enum rule_kind kind;
	int64_t min, max;
	const char *expected;
} rules[] = {
	{ "session", "idle", RULE_DURATION, MINUTE, DAY, "1m to 24h" },
	{ "session", "absolute", RULE_DURATION, 5 * MINUTE, 7 * DAY, "5m to 7d" },
	{ "password", "preset", RULE_PRESET, 0, 0, "nist-2025 or classic" },
	{ "password", "min_length", RULE_NUMBER, LENGTH_CLASSIC, LENGTH_MOST, "8 to 64" },
};
static const char *const section_names[] = { "session", "password", NULL };
static const char *const rule_names[] = { "idle", "absolute", "preset", "min_length", NULL };

static const struct rule *rule_find(const char *section, const char *name)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (text_equal(rules[i].section, section) && text_equal(rules[i].name, name))
			return &rules[i];
	return NULL;
}

static bool duration_read(const json_t *value, int64_t *out)
{
	if (json_is_integer(value))
		*out = json_integer_value(value);
	return json_is_integer(value) ||
	       (json_is_string(value) && text_to_duration(json_string_value(value), out));
}

static bool rule_allows(const struct rule *rule, const json_t *value)
{
	int64_t number = 0;
	const char *word = json_string_value(value);

	if (rule->kind == RULE_PRESET)
		return text_equal(word, "nist-2025") || text_equal(word, "classic");
	if (rule->kind == RULE_NUMBER ? !json_is_integer(value) : !duration_read(value, &number))
		return false;
	if (rule->kind == RULE_NUMBER)
		number = json_integer_value(value);
	return number >= rule->min && number <= rule->max;
}

static const char *unknown(struct arena *arena, const char *where, const char *name, const char *const *known)
{
	const char *bounded = text_bounded(arena, name, strlen(name), 64);
	const char *nearest = text_nearest(bounded, known);

	return nearest ? arena_print(arena, "policy: unknown field %s%s, did you mean %s?", where, bounded,
				     nearest)
		       : arena_print(arena, "policy: unknown field %s%s", where, bounded);
}

static const char *section_trouble(struct arena *arena, const char *section, const json_t *fields)
{
	const char *name = NULL;
	json_t *value = NULL;

	if (!text_list_has(section_names, section))
		return unknown(arena, "", section, section_names);
	if (!json_is_object(fields))
		return arena_print(arena, "policy.%s: an object is expected", section);
	json_object_foreach ((json_t *)(uintptr_t)fields, name, value) {
		const struct rule *rule = rule_find(section, name);

		if (!rule)
			return unknown(arena, arena_print(arena, "%s.", section), name, rule_names);
		if (!rule_allows(rule, value))
			return arena_print(arena, "policy.%s.%s: %s is expected", section, name,
					   rule->expected);
	}
	return NULL;
}

/* What holds between fields. */
static const char *sense_trouble(const json_t *policy)
{
	const json_t *session = json_object_get(policy, "session"),
		     *password = json_object_get(policy, "password");
	int64_t idle = IDLE, absolute = ABSOLUTE;

	(void)duration_read(json_object_get(session, "idle"), &idle); /* absent: the default stays */
	(void)duration_read(json_object_get(session, "absolute"), &absolute);
	if (idle > absolute)
		return "policy.session: idle is longer than absolute";
	if (!text_equal(json_get_text(password, "preset"), "classic") &&
	    json_get_int(password, "min_length", LENGTH_NIST) < LENGTH_NIST)
		return "policy.password.min_length: less than 15 needs preset: classic";
	return NULL;
}

enum err policy_check(struct arena *arena, const json_t *policy, const char **message)
{
	const char *section = NULL;
	json_t *fields = NULL;

	*message = json_is_object(policy) ? NULL : "policy: an object is expected";
	json_object_foreach ((json_t *)(uintptr_t)policy, section, fields) {
		if (!*message)
			*message = section_trouble(arena, section, fields);
	}
	if (!*message)
		*message = sense_trouble(policy);
	return *message ? ERR_DOCUMENT : OK;
}
