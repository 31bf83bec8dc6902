/* test_mapping.c: which rules apply, what they give, and what cannot be declared. */
#include "clinic.h"

#include "people/mapping.h"

static json_t *read_json(const char *text)
{
	json_t *value = json_read(text, strlen(text));

	if (!value)
		fail_msg("not JSON: %s", text);
	return value;
}

/* "provider@main,west manager@all class:staff" */
static const char *mapped_text(struct arena *arena, const struct mapped *mapped)
{
	const char *text = "";

	for (size_t i = 0; i < mapped->assignment_count; i++) {
		const struct assignment *a = &mapped->assignments[i];
		const char *places = a->locations ? joined(arena, a->locations) : "all";

		assert_string_equal(a->source, "mapping");
		text = arena_print(arena, "%s%s%s@%s", text, *text ? "; " : "", a->role_id, places);
	}
	return mapped->class_ ? arena_print(arena, "%s class:%s", text, mapped->class_) : text;
}

static const char *map(struct arena *arena, const char *mapping, const char *claims)
{
	struct work work = { .arena = arena };
	struct mapped mapped;
	AUTO(json_done) json_t *rules = read_json(mapping);
	AUTO(json_done) json_t *said = read_json(claims);

	mapping_apply(&work, clinic_make(arena, "medium", NULL), rules, said, &mapped);
	return arena_text(arena, mapped_text(arena, &mapped));
}

#define RULE(when) "[{\"when\":" when ",\"grant\":{\"role\":\"provider\",\"locations\":\"all\"}}]"

static void a_condition_compares_whole_values(UNUSED void **state)
{
	static const struct {
		const char *when, *claims;
		bool applies;
	} table[] = {
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":[\"A\",\"Doctors\"]}", true },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":\"Doctors\"}", true },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":[\"No Doctors\"]}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":\"Doctors,Nurses\"}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":[\"doctors\"]}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":[\"Doctors \"]}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":[[\"Doctors\"]]}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":{\"Doctors\":true}}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"g\":null}", false },
		{ RULE("{\"claim\":\"g\",\"contains\":\"Doctors\"}"), "{\"G\":[\"Doctors\"]}", false },
		{ RULE("{\"claim\":\"g\",\"equals\":\"Doctors\"}"), "{\"g\":[\"Doctors\"]}", true },
		{ RULE("{\"claim\":\"g\",\"equals\":\"Doctors\"}"), "{\"g\":[\"Doctors\",\"A\"]}", false },
		{ RULE("{\"claim\":\"g\",\"equals\":\"Doctors\"}"), "{\"g\":[\"Doctors\",null]}", false },
		{ RULE("{\"claim\":\"g\",\"equals\":\"Doctors\"}"), "{\"g\":[]}", false },
		{ RULE("{\"claim\":\"g\",\"prefix\":\"clinic-\"}"), "{\"g\":[\"x\",\"clinic-1\"]}", true },
		{ RULE("{\"claim\":\"g\",\"prefix\":\"clinic-\"}"), "{\"g\":[\"my-clinic-1\"]}", false },
		{ RULE("{\"claim\":\"n\",\"equals\":\"7\"}"), "{\"n\":7}", true },
		{ RULE("{\"claim\":\"n\",\"equals\":7}"), "{\"n\":7}", true },
		{ RULE("{\"claim\":\"n\",\"equals\":7}"), "{\"n\":\"7\"}", true },
		{ RULE("{\"claim\":\"n\",\"equals\":\"7\"}"), "{\"n\":70}", false },
		{ RULE("{\"claim\":\"n\",\"equals\":true}"), "{\"n\":true}", true },
		{ RULE("{\"claim\":\"n\",\"equals\":\"true\"}"), "{\"n\":false}", false },
		{ RULE("{\"claim\":\"n\",\"equals\":\"1\"}"), "{\"n\":true}", false },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		bool applies = *map(arena, table[i].when, table[i].claims) != '\0';

		if (applies != table[i].applies)
			fail_msg("%s of %s: %d", table[i].when, table[i].claims, applies);
	}
}

static void conditions_nest(UNUSED void **state)
{
#define IS(x) "{\"claim\":\"g\",\"contains\":\"" x "\"}"
	static const struct {
		const char *when, *claims;
		bool applies;
	} table[] = {
		{ RULE("{\"any\":[" IS("a") "," IS("b") "]}"), "{\"g\":[\"b\"]}", true },
		{ RULE("{\"any\":[" IS("a") "," IS("b") "]}"), "{\"g\":[\"c\"]}", false },
		{ RULE("{\"all\":[" IS("a") "," IS("b") "]}"), "{\"g\":[\"a\",\"b\"]}", true },
		{ RULE("{\"all\":[" IS("a") "," IS("b") "]}"), "{\"g\":[\"a\"]}", false },
		{ RULE("{\"all\":[{\"any\":[" IS("a") "," IS("b") "]}," IS("c") "]}"),
		  "{\"g\":[\"b\",\"c\"]}", true },
		{ RULE("{\"all\":[{\"any\":[" IS("a") "," IS("b") "]}," IS("c") "]}"), "{\"g\":[\"c\"]}",
		  false },
		/* what could not be declared and stands in the store all the same */
		{ RULE("{\"all\":[]}"), "{\"g\":[\"a\"]}", false },
		{ RULE("{\"any\":[]}"), "{\"g\":[\"a\"]}", false },
		{ RULE("{}"), "{}", false },
		{ RULE("null"), "{}", false },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		bool applies = *map(arena, table[i].when, table[i].claims) != '\0';

		if (applies != table[i].applies)
			fail_msg("%s of %s: %d", table[i].when, table[i].claims, applies);
	}
}

static void every_rule_that_applies_grants(UNUSED void **state)
{
	static const char mapping[] = "[{\"when\":" IS(
		"a") ",\"grant\":{\"role\":\"provider\",\"locations\":[\"main\"]}},"
		     "{\"when\":" IS(
			     "b") ",\"grant\":{\"role\":\"provider\",\"locations\":[\"west\",\"main\"]}},"
				  "{\"when\":" IS(
					  "c") ",\"grant\":{\"role\":\"provider\",\"locations\":\"all\"}},"
					       "{\"when\":" IS(
						       "d") ",\"grant\":{\"class\":\"external\"}},"
							    "{\"when\":" IS(
								    "e") ",\"grant\":{\"class\":"
									 "\"administrator\",\"role\":"
									 "\"manager\",\"locations\":"
									 "[\"south\"]}},"
									 "{\"when\":" IS(
										 "f") ",\"grant\":{\"role\":"
										      "\"gone\","
										      "\"locations\":\"all\"}"
										      "},"
										      "{\"when\":" IS(
											      "g") ",\"grant"
												   "\":{"
												   "\"role\":"
												   "\"manager"
												   "\","
												   "\"locatio"
												   "ns\":["
												   "\"nowhere"
												   "\"]}},"
												   "{\"when\""
												   ":" IS("h") ",\"grant\":{\"role\":\"manager\",\"locations\":[\"nowhere\",\"west\"]}}]";
	static const struct {
		const char *claims, *gives;
	} table[] = {
		{ "{\"g\":[\"a\"]}", "provider@main" },
		{ "{\"g\":[\"a\",\"b\"]}", "provider@main west" },
		{ "{\"g\":[\"a\",\"c\"]}", "provider@all" },
		{ "{\"g\":[\"c\",\"b\"]}", "provider@all" },
		{ "{\"g\":[\"d\",\"e\"]}", "manager@south class:external" }, /* of classes the first */
		{ "{\"g\":[\"f\"]}", "" },                                   /* the role went meanwhile */
		{ "{\"g\":[\"g\"]}", "" },                                   /* all of its places went */
		{ "{\"g\":[\"h\"]}", "manager@west" },                       /* one of them went */
		{ "{\"g\":[]}", "" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();

		assert_string_equal(map(arena, mapping, table[i].claims), table[i].gives);
	}
}

static void which_rules_applied_is_told(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work work = { .arena = arena };
	struct mapped mapped;
	AUTO(json_done)
	json_t *rules = read_json("[{\"when\":" IS(
		"a") ",\"grant\":{\"class\":\"staff\"}},"
		     "{\"when\":" IS("b") ",\"grant\":{\"class\":\"staff\"}},"
					  "{\"when\":" IS("c") ",\"grant\":{\"class\":\"staff\"}}]");
	AUTO(json_done) json_t *claims = read_json("{\"g\":[\"c\",\"a\"]}");

	mapping_apply(&work, clinic_make(arena, "medium", NULL), rules, claims, &mapped);
	assert_string_equal(json_text(arena, mapped.applied), "[0,2]");
	mapping_apply(&work, clinic_make(arena, "medium", NULL), NULL, claims, &mapped);
	assert_int_equal(json_array_size(mapped.applied), 0);
}

#define GRANT "\"grant\":{\"role\":\"provider\",\"locations\":\"all\"}"

static void what_is_not_understood_is_refused_by_name(UNUSED void **state)
{
	static const struct {
		const char *mapping, *says;
	} table[] = {
		{ "{}", "mapping: a list" },
		{ "[1]", "mapping[0]: an object" },
		{ "[{\"when\":" IS("a") "}]", "mapping[0].grant: an object" },
		{ "[{" GRANT "}]", "mapping[0].when: an object" },
		{ "[{\"wen\":" IS("a") "," GRANT "}]", "mapping[0].wen: unknown field, did you mean when?" },
		{ "[{\"when\":{\"claim\":\"g\",\"contain\":\"a\"}," GRANT "}]",
		  "mapping[0].when.contain: unknown field, did you mean contains?" },
		{ "[{\"when\":{\"claim\":\"g\",\"contains\":\"a\",\"equals\":\"b\"}," GRANT "}]",
		  "mapping[0].when: only one of equals and contains" },
		{ "[{\"when\":{\"claim\":\"g\"}," GRANT "}]", "mapping[0].when: equals, contains or prefix" },
		{ "[{\"when\":{\"contains\":\"g\"}," GRANT "}]", "mapping[0].when: claim:" },
		{ "[{\"when\":{\"claim\":\"g\",\"contains\":\"\"}," GRANT "}]",
		  "mapping[0].when: contains:" },
		{ "[{\"when\":{\"claim\":\"g\",\"prefix\":7}," GRANT "}]",
		  "mapping[0].when: prefix: a text" },
		{ "[{\"when\":{\"claim\":\"g\",\"contains\":[\"a\"]}," GRANT "}]",
		  "mapping[0].when: contains:" },
		{ "[{\"when\":{\"any\":[]}," GRANT "}]", "mapping[0].when: any: a list" },
		{ "[{\"when\":{\"any\":[" IS("a") "],\"claim\":\"g\"}," GRANT "}]",
		  "mapping[0].when: any stands alone" },
		{ "[{\"when\":{\"all\":[{\"claim\":\"g\"}]}," GRANT "}]", "mapping[0].when.all[0]: equals" },
		{ "[{\"when\":" IS("a") ",\"grant\":{}}]", "mapping[0].grant: a role or a class" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"role\":\"provider\"}}]",
		  "mapping[0].grant: locations: a list of ids, or all written out" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"role\":\"provider\",\"locations\":[]}}]",
		  "mapping[0].grant: locations:" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"class\":\"staff\",\"locations\":\"all\"}}]",
		  "mapping[0].grant: locations: only with a role" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"role\":\"docter\",\"locations\":\"all\"}}]",
		  "mapping[0].grant: role: there is no role docter" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"role\":\"provider\",\"locations\":[\"mars\"]}}]",
		  "mapping[0].grant: locations: there is no location mars" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"class\":\"root\"}}]", "mapping[0].grant: class:" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"sub\":\"u_1\"}}]",
		  "mapping[0].grant.sub: unknown field" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"acr\":\"mfa\"}}]",
		  "mapping[0].grant.acr: unknown field" },
		{ "[{\"when\":" IS("a") ",\"grant\":{\"tenant\":\"x\"}}]",
		  "mapping[0].grant.tenant: unknown field" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		AUTO(json_done) json_t *mapping = read_json(table[i].mapping);
		const char *message = NULL;

		assert_int_equal(mapping_check(arena, clinic_make(arena, "medium", NULL), mapping, &message),
				 ERR_DOCUMENT);
		if (!text_starts(message, table[i].says))
			fail_msg("%s: says %s", table[i].mapping, message);
	}
}

/* A condition inside of n others. */
static json_t *nested(int depth)
{
	json_t *when = read_json(IS("a"));

	for (int i = 0; i < depth; i++)
		when = json_pack("{s:[o]}", i % 2 ? "any" : "all", when);
	return when;
}

static void conditions_are_at_most_eight_deep(UNUSED void **state)
{
	for (int depth = 6; depth <= 9; depth++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		struct work work = { .arena = arena };
		struct mapped mapped;
		const char *message = NULL;
		AUTO(json_done)
		json_t *mapping =
			json_pack("[{s:o, s:{s:s}}]", "when", nested(depth), "grant", "class", "staff");
		AUTO(json_done) json_t *claims = read_json("{\"g\":[\"a\"]}");
		enum err err = mapping_check(arena, NULL, mapping, &message);

		mapping_apply(&work, clinic_make(arena, "medium", NULL), mapping, claims, &mapped);
		assert_int_equal(err, depth <= 7 ? OK : ERR_DOCUMENT);
		assert_int_equal(json_array_size(mapped.applied), depth <= 7 ? 1 : 0);
	}
}

static void two_hundred_rules_are_enough(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *mapping = json_array();
	const char *message = NULL;

	while (json_array_size(mapping) < 200)
		json_array_append_new(mapping,
				      read_json("{\"when\":" IS("a") ",\"grant\":{\"class\":\"staff\"}}"));
	assert_int_equal(mapping_check(arena, NULL, mapping, &message), OK);
	json_array_append_new(mapping, json_object());
	assert_int_equal(mapping_check(arena, NULL, mapping, &message), ERR_DOCUMENT);
}

/* A provider may say what it likes of somebody, and is asked about each of 200 rules. */
static void long_lists_cost_no_memory(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct practice *practice = clinic_make(arena, "medium", NULL);
	struct work work = { .arena = arena };
	struct mapped mapped;
	AUTO(json_done) json_t *rules = json_array();
	AUTO(json_done) json_t *list = json_array();
	AUTO(json_done) json_t *said = json_pack("{s:O}", "g", list);

	for (int i = 0; i < 200; i++)
		json_array_append_new(rules, json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "when", "claim", "g",
						       "contains", "Doctors", "grant", "role", "provider",
						       "locations", "all"));
	for (int i = 0; i < 20000; i++)
		json_array_append_new(list, json_integer(i % 10));
	size_t before = arena_used(arena);

	mapping_apply(&work, practice, rules, said, &mapped);
	assert_int_equal(mapped.assignment_count, 0);
	assert_true(arena_used(arena) - before < 64 * KB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_condition_compares_whole_values),
		cmocka_unit_test(conditions_nest),
		cmocka_unit_test(every_rule_that_applies_grants),
		cmocka_unit_test(which_rules_applied_is_told),
		cmocka_unit_test(what_is_not_understood_is_refused_by_name),
		cmocka_unit_test(conditions_are_at_most_eight_deep),
		cmocka_unit_test(two_hundred_rules_are_enough),
		cmocka_unit_test(long_lists_cost_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
