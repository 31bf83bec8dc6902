/* apply_plan.c: what is declared against what is there: the steps that make one into the other. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/account.h"
#include "people/role_templates.h"
#include "store/apps.h"

struct planning {
	struct work *work;
	const struct plan_how *how;
	struct plan *plan;
	const char *practice; /* whose entries are compared */
};

static void release_json(void *thing)
{
	json_decref(thing);
}

static json_t *keep(struct work *work, json_t *value)
{
	assert(value);
	arena_defer(work->arena, release_json, value);
	return value;
}

const char *entry_id(const json_t *entry, const char *member)
{
	return text_equal(member, "client_id") ? app_declared_id(entry) : json_get_text(entry, member);
}

json_t *entry_find(struct arena *arena, const json_t *list, const char *member, const char *id)
{
	bool mail = text_equal(member, "email");
	const char *wanted = mail && id ? email_canonical(arena, id) : id;

	for (size_t i = 0; wanted && i < json_array_size(list); i++) {
		json_t *entry = json_array_get(list, i);
		const char *here = entry_id(entry, member);
		if (mail && here)
			here = email_canonical(arena, here);
		if (text_equal(here, wanted))
			return entry;
	}
	return NULL;
}

static bool points_to(const json_t *entry, const char *member, const char *id)
{
	const json_t *value = json_object_get(entry, member);

	for (size_t i = 0; i < json_array_size(value); i++)
		if (text_equal(json_string_value(json_array_get(value, i)), id))
			return true;
	return text_equal(json_string_value(value), id);
}

/* Does it wait for an entry that has no place in the order yet? */
static bool waits(const json_t *entry, const char *member, json_t *const *left, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (left[i] && points_to(entry, member, json_get_text(left[i], "id")))
			return true;
	return false;
}

json_t **apply_ordered(struct arena *arena, const json_t *list, const char *member)
{
	size_t count = json_array_size(list), placed = 0;
	json_t **order = arena_array(arena, json_t *, count + 1),
	       **left = arena_array(arena, json_t *, count + 1);

	for (size_t i = 0; i < count; i++)
		left[i] = json_array_get(list, i);
	while (placed < count) {
		size_t before = placed;
		for (size_t i = 0; i < count; i++) {
			if (!left[i] || waits(left[i], member, left, count))
				continue;
			order[placed++] = left[i];
			left[i] = NULL;
		}
		if (placed == before)
			return NULL;
	}
	return order;
}

/* Nothing said in any of the ways to say nothing. */
static bool is_empty(const json_t *value)
{
	return !value || json_is_null(value) || json_is_false(value) ||
	       (json_is_string(value) && json_string_length(value) == 0) ||
	       ((json_is_array(value) || json_is_object(value)) &&
		json_array_size(value) + json_object_size(value) == 0);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A list of objects or ids in which order says nothing, as one text. */
static char *unordered(struct arena *arena, const json_t *list,
		       char *(*form)(struct arena *arena, const json_t *entry))
{
	size_t count = json_array_size(list);
	char **texts = arena_array(arena, char *, count + 1);
	char *whole = arena_text(arena, "");

	for (size_t i = 0; i < count; i++)
		texts[i] = form(arena, json_array_get(list, i));
	qsort(texts, count, sizeof *texts, by_text);
	for (size_t i = 0; i < count; i++)
		whole = arena_print(arena, "%s\n%s", whole, texts[i]);
	return whole;
}

static char *plain_form(struct arena *arena, const json_t *entry)
{
	return json_canonical(arena, entry);
}

static char *time_form(struct arena *arena, const json_t *entry, const char *member, bool end)
{
	int64_t seconds = 0;
	const char *text = json_get_text(entry, member);

	return text && clock_parse(text, end, &seconds) ? arena_print(arena, "%" PRId64, seconds)
							: arena_text(arena, "");
}

/* A date and the time it stands for are the same. */
static char *assignment_form(struct arena *arena, const json_t *entry)
{
	const json_t *locations = json_object_get(entry, "locations");
	const char *reason = json_get_text(entry, "reason");

	return arena_print(arena, "%s|%s|%s|%s|%s", json_get_text(entry, "role"),
			   json_is_array(locations) ? unordered(arena, locations, plain_form) : "all",
			   time_form(arena, entry, "from", false), time_form(arena, entry, "until", true),
			   reason ? reason : "");
}

static bool same_duration(const json_t *a, const json_t *b)
{
	int64_t first = json_integer_value(a), second = json_integer_value(b);

	if ((json_is_string(a) && !text_to_duration(json_string_value(a), &first)) ||
	    (json_is_string(b) && !text_to_duration(json_string_value(b), &second)))
		return false;
	return first == second;
}

static const struct app_field *app_field_of(const char *path, const char *member)
{
	for (const struct app_field *field = app_fields; text_equal(path, "apps") && field->name; field++)
		if (text_equal(field->name, member))
			return field;
	return NULL;
}

static bool same(struct arena *arena, const char *path, const char *member, const json_t *now,
		 const json_t *then)
{
	const struct app_field *app = app_field_of(path, member);

	if (is_empty(now) && is_empty(then))
		return true;
	if (!now || !then)
		return false;
	if (app && app->kind == APP_SECONDS)
		return same_duration(now, then);
	if (text_equal(member, "assignments"))
		return text_equal(unordered(arena, now, assignment_form),
				  unordered(arena, then, assignment_form));
	if (text_equal(member, "domains") || (app && app->kind != APP_ATTRIBUTES))
		return json_is_array(now) && json_is_array(then)
			       ? text_equal(unordered(arena, now, plain_form),
					    unordered(arena, then, plain_form))
			       : json_equal(now, then);
	if (text_equal(member, "email"))
		return text_equal(email_canonical(arena, json_string_value(now)),
				  email_canonical(arena, json_string_value(then)));
	return json_equal(now, then);
}

/* Members that are not compared: lists with entries of their own, and what counts at creation alone. */
static bool is_compared(const char *path, const char *member, bool there)
{
	static const char *const entries[] = { "locations", "roles", "staff", NULL };
	static const char *const creation[] = { "password", "password_hash", "must_change", NULL };

	if (text_equal(path, "practices"))
		return !text_list_has(entries, member);
	if (text_equal(path, "apps"))
		return !text_equal(member, "metadata_file"); /* its text is compared, as metadata */
	return !(text_equal(path, "practices.staff") && there && text_list_has(creation, member));
}

static bool is_secret(const char *path, const char *member)
{
	const struct apply_field *field = apply_field_find(path, member);

	return field && field->kind == APPLY_SECRET;
}

/* A client secret is another one when its hash is. */
static bool same_secret(struct work *work, const json_t *now, const char *member, const json_t *declared)
{
	const char *hash = json_string_value(declared);

	if (text_equal(member, "client_secret"))
		hash = secret_hash(work->arena, "client", hash);
	return secret_equal(json_get_text(now, "client_secret_hash"), hash);
}

static json_t *shown(const char *member, const json_t *value, bool secret)
{
	if (!value)
		return json_null();
	if (text_equal(member, "metadata"))
		return json_sprintf("(%zu bytes of XML)", json_string_length(value));
	return secret ? json_string("(secret)") : json_deep_copy(value);
}

/* The members that would change, each with old and new. */
static json_t *difference(struct planning *p, const char *path, json_t *now, json_t *declared)
{
	const char *member;
	json_t *value;
	json_t *fields = keep(p->work, json_object());

	json_object_foreach (declared, member, value) {
		bool secret = is_secret(path, member);
		const json_t *old = json_object_get(now, member);
		bool equal = secret && now ? same_secret(p->work, now, member, value)
					   : same(p->work->arena, path, member, old, value);
		if (!equal && is_compared(path, member, now != NULL))
			json_set(fields, member,
				 json_pack("[o, o]", shown(member, old, secret),
					   shown(member, value, secret)));
	}
	return fields;
}

static struct step *step_add(struct planning *p, enum thing thing, enum verb verb, const char *id)
{
	struct plan *plan = p->plan;

	if (plan->count == plan->room) {
		size_t room = plan->room ? plan->room * 2 : 64;
		struct step *steps = arena_array(p->work->arena, struct step, room);
		if (plan->count)
			memcpy(steps, plan->steps, plan->count * sizeof *steps);
		plan->steps = steps;
		plan->room = room;
	}
	struct step *step = &plan->steps[plan->count++];

	*step = (struct step){ .thing = thing, .verb = verb, .practice = p->practice, .id = id };
	return step;
}

static json_t *overlay(struct work *work, json_t *now, json_t *declared)
{
	json_t *merged = keep(work, now ? json_copy(now) : json_object());
	int failed = json_object_update(merged, declared);

	assert(!failed && "out of memory");
	return merged;
}

/* One declared entry against the one of the same name; NULL: nothing to do. */
static struct step *compare(struct planning *p, enum thing thing, const char *path, const char *member,
			    json_t *now, json_t *declared)
{
	json_t *fields = difference(p, path, now, declared);

	if (now && json_object_size(fields) == 0)
		return NULL;
	struct step *step = step_add(p, thing, now ? VERB_CHANGE : VERB_CREATE, entry_id(declared, member));

	step->declared = declared;
	step->fields = fields;
	step->merged = overlay(p->work, now, declared);
	return step;
}

static size_t index_of(const json_t *list, const json_t *entry)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_array_get(list, i) == entry)
			return i;
	return json_array_size(list);
}

/* Locations and roles: what they point to comes first. */
static void compare_list(struct planning *p, enum thing thing, const char *path, const char *points,
			 const json_t *now, const json_t *declared)
{
	json_t **order = apply_ordered(p->work->arena, declared, points);

	assert(order && "the names were checked before");
	for (; *order; order++) {
		json_t *there = entry_find(p->work->arena, now, "id", json_get_text(*order, "id"));
		struct step *step = compare(p, thing, path, "id", there, *order);
		if (step)
			step->position = (int64_t)(there ? index_of(now, there)
							 : json_array_size(now) + index_of(declared, *order));
	}
}

static bool names_owner(const json_t *entry)
{
	const json_t *list = json_object_get(entry, "assignments");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *role = json_get_text(json_array_get(list, i), "role");
		if (text_equal(role, ROLE_OWNER) || text_equal(role, ROLE_ADMIN))
			return true;
	}
	return false;
}

/* Who comes before who goes, and owners before others, so that a practice may hand over its last owner in
 * one document. */
static void compare_staff(struct planning *p, const json_t *now, const json_t *declared)
{
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < json_array_size(declared); i++) {
			json_t *entry = json_array_get(declared, i);
			json_t *there =
				entry_find(p->work->arena, now, "email", json_get_text(entry, "email"));
			int its_round = !there ? 0 : names_owner(entry) ? 1 : 2;
			if (its_round == round)
				(void)compare(p, THING_STAFF, "practices.staff", "email", there,
					      entry); /* NULL: as declared */
		}
	}
}

/* What a written-out list leaves out. A list that is missing says nothing. */
static void prune(struct planning *p, enum thing thing, const char *member, const json_t *now,
		  const json_t *declared)
{
	for (size_t i = 0; p->how->prune && declared && i < json_array_size(now); i++) {
		json_t *there = json_array_get(now, i);
		const char *id = entry_id(there, member);
		if (entry_find(p->work->arena, declared, member, id) ||
		    json_is_true(json_object_get(there, "archived")))
			continue;
		struct step *step = step_add(p, thing, VERB_REMOVE, id);
		step->merged = there;
		step->fields = keep(p->work, json_object());
	}
}

static void plan_practice(struct planning *p, json_t *now, json_t *declared)
{
	p->practice = json_get_text(declared, "id");
	const json_t *locations = json_object_get(now, "locations"), *roles = json_object_get(now, "roles"),
		     *staff = json_object_get(now, "staff");
	const json_t *new_locations = json_object_get(declared, "locations"),
		     *new_roles = json_object_get(declared, "roles"),
		     *new_staff = json_object_get(declared, "staff");

	(void)compare(p, THING_PRACTICE, "practices", "id", now, declared); /* NULL: as declared */
	compare_list(p, THING_LOCATION, "practices.locations", "parent", locations, new_locations);
	compare_list(p, THING_ROLE, "practices.roles", "inherits", roles, new_roles);
	compare_staff(p, staff, new_staff);
	prune(p, THING_STAFF, "email", staff, new_staff);
	prune(p, THING_ROLE, "id", roles, new_roles);
	prune(p, THING_LOCATION, "id", locations, new_locations);
	p->practice = NULL;
}

enum err apply_plan(struct work *work, const struct apply_document *document, const json_t *picture,
		    const struct plan_how *how, struct plan *out)
{
	struct planning p = { .work = work, .how = how, .plan = out };
	const json_t *practices = json_object_get(picture, "practices"),
		     *apps = json_object_get(picture, "apps");

	*out = (struct plan){ 0 };
	TRY(apply_names_check(work, document, picture));
	for (size_t i = 0; i < json_array_size(document->practices); i++) {
		json_t *declared = json_array_get(document->practices, i);
		plan_practice(&p, entry_find(work->arena, practices, "id", json_get_text(declared, "id")),
			      declared);
	}
	for (size_t i = 0; i < json_array_size(document->apps); i++) {
		json_t *declared = json_array_get(document->apps, i);
		json_t *there = entry_find(work->arena, apps, "client_id", app_declared_id(declared));
		(void)compare(&p, THING_APP, "apps", "client_id", there, declared); /* NULL: as declared */
	}
	prune(&p, THING_APP, "client_id", apps, document->names_apps ? document->apps : NULL);
	if (how->prune_practices)
		prune(&p, THING_PRACTICE, "id", practices,
		      document->names_practices ? document->practices : NULL);
	return OK;
}

json_t *plan_describe(const struct plan *plan)
{
	static const char *const verbs[] = {
		[VERB_CREATE] = "create", [VERB_CHANGE] = "change", [VERB_REMOVE] = "remove"
	};
	static const char *const things[] = { [THING_PRACTICE] = "practice",
					      [THING_LOCATION] = "location",
					      [THING_ROLE] = "role",
					      [THING_STAFF] = "staff",
					      [THING_APP] = "app" };
	json_t *list = json_array();

	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		json_t *row = json_pack("{s:s, s:s, s:s?, s:s, s:O}", "change", verbs[step->verb], "what",
					things[step->thing], "practice", step->practice, "id", step->id,
					"fields", step->fields);
		int failed = json_array_append_new(list, row);
		assert(!failed && "out of memory");
	}
	return list;
}
