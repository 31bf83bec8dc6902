/* apply_plan.c: what is declared against what is there: the steps that make one into the other. */
#include "base/base.h"

#include "admin/apply.h"
#include "admin/apply_compare.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
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
	json_t *fields = apply_difference(p->work, path, now, declared);

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

static void compare_connections(struct planning *p, const json_t *now, const json_t *declared)
{
	for (size_t i = 0; i < json_array_size(declared); i++) {
		json_t *entry = json_array_get(declared, i);
		json_t *there = entry_find(p->work->arena, now, "id", json_get_text(entry, "id"));
		(void)compare(p, THING_CONNECTION, "practices.connections", "id", there,
			      entry); /* NULL: as declared */
	}
}

static bool has_domain(const json_t *list, const char *domain)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (text_equal_nocase(json_string_value(json_array_get(list, i)), domain))
			return true;
	return false;
}

/* Domains of a connection: those that are new to it, and those that are the practice's already. One that
 * waits for its DNS record, or that the practice gave up, is not vouched for by saying the same again. */
static void add_domains_of(json_t *list, const json_t *domains, const json_t *now, const json_t *there)
{
	const json_t *own = json_object_get(now, "domains"), *old = json_object_get(there, "domains");

	for (size_t i = 0; i < json_array_size(domains); i++) {
		const char *domain = json_string_value(json_array_get(domains, i));
		bool belongs = domain && (!has_domain(old, domain) || has_domain(own, domain));
		if (belongs && !has_domain(list, domain))
			append(list, json_string(domain));
	}
}

/* The domains that its connection would have: of one that the document does not name, or whose domains it
 * does not name, those it has. */
static void add_domains_there(struct planning *p, json_t *list, const json_t *now, const json_t *connections)
{
	const json_t *there = json_object_get(now, "connections");

	for (size_t i = 0; i < json_array_size(there); i++) {
		const json_t *entry = json_array_get(there, i);
		const json_t *named =
			entry_find(p->work->arena, connections, "id", json_get_text(entry, "id"));
		bool pruned = !named && p->how->prune && connections;
		if (!pruned && !json_object_get(named, "domains"))
			add_domains_of(list, json_object_get(entry, "domains"), now, entry);
	}
}

/* Whose people sign in by a connection is a domain of the practice too: the operator's word vouches for both.
 * Without this the practice's own list would take back what its connection's added. */
static void add_domains(struct planning *p, const json_t *now, json_t *declared)
{
	const json_t *connections = json_object_get(declared, "connections"),
		     *there = json_object_get(now, "connections"),
		     *own = json_object_get(declared, "domains");
	const json_t *begin = own ? own : json_object_get(now, "domains");
	json_t *list = keep(p->work, begin ? json_deep_copy(begin) : json_array());

	for (size_t i = 0; i < json_array_size(connections); i++) {
		const json_t *entry = json_array_get(connections, i);
		add_domains_of(list, json_object_get(entry, "domains"), now,
			       entry_find(p->work->arena, there, "id", json_get_text(entry, "id")));
	}
	add_domains_there(p, list, now, connections);
	if (json_array_size(list) > json_array_size(begin))
		json_set(declared, "domains", json_incref(list));
}

static void plan_practice(struct planning *p, json_t *now, json_t *declared)
{
	p->practice = json_get_text(declared, "id");
	const json_t *locations = json_object_get(now, "locations"), *roles = json_object_get(now, "roles"),
		     *staff = json_object_get(now, "staff"),
		     *connections = json_object_get(now, "connections");
	const json_t *new_locations = json_object_get(declared, "locations"),
		     *new_roles = json_object_get(declared, "roles"),
		     *new_staff = json_object_get(declared, "staff"),
		     *new_connections = json_object_get(declared, "connections");

	add_domains(p, now, declared);
	(void)compare(p, THING_PRACTICE, "practices", "id", now, declared); /* NULL: as declared */
	compare_list(p, THING_LOCATION, "practices.locations", "parent", locations, new_locations);
	compare_list(p, THING_ROLE, "practices.roles", "inherits", roles, new_roles);
	compare_connections(p, connections, new_connections);
	compare_staff(p, staff, new_staff);
	prune(p, THING_CONNECTION, "id", connections, new_connections);
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
	static const char *const things[] = {
		[THING_PRACTICE] = "practice",     [THING_LOCATION] = "location", [THING_ROLE] = "role",
		[THING_CONNECTION] = "connection", [THING_STAFF] = "staff",       [THING_APP] = "app"
	};
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
