/* apply_names.c: what a document's names point to: roles, locations, parents, practices; nothing twice. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/app_registry.h"
#include "people/connection.h"
#include "people/role.h"
#include "people/role_templates.h"
#include "store/snapshot.h"

struct names {
	const char **list; /* ends with NULL */
	size_t count, room;
};

/* One practice under check, with the names that its entries may use. */
struct scene {
	struct work *work;
	const struct apply_document *document;
	const json_t *declared, *present;
	struct names locations, roles;
};

static void names_add(struct arena *arena, struct names *names, const char *name)
{
	if (!name || (names->list && text_list_has(names->list, name)))
		return;
	if (names->count + 1 >= names->room) {
		size_t room = names->room ? names->room * 2 : 32;
		const char **list = arena_array(arena, const char *, room);
		if (names->count)
			memcpy(list, names->list, names->count * sizeof *list);
		names->list = list;
		names->room = room;
	}
	names->list[names->count++] = name;
	names->list[names->count] = NULL;
}

static void names_of(struct arena *arena, struct names *names, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		names_add(arena, names, json_get_text(json_array_get(list, i), "id"));
}

static enum err nothing_twice(struct scene *s, const json_t *list, const char *member, const char *what)
{
	for (size_t i = 1; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *id = entry_id(entry, member);
		if (entry_find(s->work->arena, list, member, id) != entry)
			return apply_complain(s->work, s->document, entry,
					      json_object_get(entry, member) ? member : "entity_id",
					      "the %s %s is declared twice", what, id);
	}
	return OK;
}

/* What a new thing cannot do without. */
static enum err needs(struct scene *s, const char *path, const json_t *entry, const json_t *present)
{
	for (const struct apply_field *field = apply_fields; !present && field->path; field++) {
		const char *member = apply_field_below(field, path);
		if (member && field->need == AT_CREATION && !json_object_get(entry, member))
			return apply_complain(s->work, s->document, entry, NULL,
					      "%s is missing: it is needed to create this", field->path);
	}
	return OK;
}

static enum err known(struct scene *s, const struct names *names, const json_t *object, const char *key,
		      const char *name, const char *what)
{
	const char *near = NULL;

	if (names->list && text_list_has(names->list, name))
		return OK;
	near = names->list ? text_nearest(name, names->list) : NULL;
	return apply_complain(s->work, s->document, object, key, "there is no %s %s in this practice%s%s%s",
			      what, name, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static enum err known_all(struct scene *s, const struct names *names, const json_t *object, const char *key,
			  const char *what)
{
	const json_t *list = json_object_get(object, key);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		TRY(known(s, names, item, NULL, json_string_value(item), what));
	}
	return OK;
}

static enum err no_circle(struct scene *s, const char *key, const char *member)
{
	const json_t *list = json_object_get(s->declared, key);

	if (!json_array_size(list) || apply_ordered(s->work->arena, list, member))
		return OK;
	return apply_complain(s->work, s->document, s->declared, key, "%s go in a circle", key);
}

static enum err check_locations(struct scene *s)
{
	const json_t *list = json_object_get(s->declared, "locations");

	TRY(nothing_twice(s, list, "id", "location"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *parent = json_get_text(entry, "parent");
		TRY(needs(s, "practices.locations", entry,
			  entry_find(s->work->arena, json_object_get(s->present, "locations"), "id",
				     json_get_text(entry, "id"))));
		if (parent)
			TRY(known(s, &s->locations, entry, "parent", parent, "location"));
	}
	return no_circle(s, "locations", "parent");
}

static enum err check_roles(struct scene *s)
{
	const json_t *list = json_object_get(s->declared, "roles");

	TRY(nothing_twice(s, list, "id", "role"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *id = json_get_text(entry, "id");
		if (role_is_built_in(id))
			return apply_complain(s->work, s->document, entry, "id",
					      "%s is a built-in role: choose another id", id);
		TRY(needs(s, "practices.roles", entry,
			  entry_find(s->work->arena, json_object_get(s->present, "roles"), "id", id)));
		TRY(known_all(s, &s->roles, entry, "inherits", "role"));
	}
	return no_circle(s, "roles", "inherits");
}

static enum err check_assignments(struct scene *s, const json_t *person)
{
	const json_t *list = json_object_get(person, "assignments");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		TRY(known(s, &s->roles, entry, "role", json_get_text(entry, "role"), "role"));
		TRY(known_all(s, &s->locations, entry, "locations", "location"));
	}
	return OK;
}

static enum err check_staff(struct scene *s)
{
	const json_t *list = json_object_get(s->declared, "staff");
	const json_t *present = json_object_get(s->present, "staff");

	TRY(nothing_twice(s, list, "email", "person"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		TRY(needs(s, "practices.staff", entry,
			  entry_find(s->work->arena, present, "email", json_get_text(entry, "email"))));
		TRY(check_assignments(s, entry));
	}
	return OK;
}

/* Built-in roles: of the template, and those the practice has already. */
static void learn_roles(struct scene *s, const char *practice_id)
{
	const char *template = json_get_text(s->declared, "template");
	const struct practice *practice = snapshot_practice(s->work->snapshot, practice_id);

	template = template ? template : json_get_text(s->present, "template");
	const struct role_template *const *rows = role_templates(template ? template : "small");

	for (; rows && *rows; rows++)
		names_add(s->work->arena, &s->roles, (*rows)->id);
	for (size_t i = 0; practice && i < practice->role_count; i++)
		if (!practice->roles[i].deleted)
			names_add(s->work->arena, &s->roles, practice->roles[i].id);
	names_of(s->work->arena, &s->roles, json_object_get(s->declared, "roles"));
}

static void release_json(void *thing)
{
	json_decref(thing);
}

/* A message of the room that checks such an entry begins with the field's name: its place is the complaint's.
 */
static enum err entry_complain(struct scene *s, const char *path, const json_t *entry, const char *message)
{
	const char *name = arena_textn(s->work->arena, message, strcspn(message, " :[."));

	if (text_equal(name, "metadata") && json_object_get(entry, "metadata_file"))
		return apply_complain(s->work, s->document, entry, "metadata_file", "%s.metadata_file%s",
				      path, message + strlen(name));
	return apply_complain(s->work, s->document, entry, json_object_get(entry, name) ? name : NULL,
			      "%s.%s", path, message);
}

/* Without what apply alone knows. */
static json_t *plain_entry(struct scene *s, json_t *entry)
{
	static const char *const ours[] = { "client_secret", "client_secret_hash", "metadata_file", NULL };
	json_t *plain = json_copy(entry);

	arena_defer(s->work->arena, release_json, plain);
	for (const char *const *name = ours; *name; name++)
		(void)json_object_del(plain, *name); /* not always there */
	return plain;
}

static enum err check_grant(struct scene *s, const json_t *grant)
{
	const json_t *locations = json_object_get(grant, "locations");
	const char *role = json_get_text(grant, "role");

	if (role)
		TRY(known(s, &s->roles, grant, "role", role, "role"));
	return json_is_array(locations) ? known_all(s, &s->locations, grant, "locations", "location") : OK;
}

/* The id is one connection's in the whole deployment, and is never given again. */
static enum err connection_id_is_ours(struct scene *s, const json_t *entry)
{
	const char *id = json_get_text(entry, "id"), *practice = json_get_text(s->declared, "id");
	const struct connection *there = snapshot_connection(s->work->snapshot, id);

	if (there && (there->deleted || !text_equal(there->practice_id, practice)))
		return apply_complain(
			s->work, s->document, entry, "id",
			"there is or was a connection %s; ids are one's alone and never given again", id);
	for (size_t i = 0; i < json_array_size(s->document->practices); i++) {
		const json_t *other = json_array_get(s->document->practices, i);
		const json_t *list = json_object_get(other, "connections");
		if (other != s->declared && entry_find(s->work->arena, list, "id", id))
			return apply_complain(s->work, s->document, entry, "id",
					      "the connection %s is declared in two practices", id);
	}
	return OK;
}

static enum err check_connection(struct scene *s, json_t *entry)
{
	const json_t *mapping = json_object_get(entry, "mapping");
	const char *message = NULL;

	TRY(connection_id_is_ours(s, entry));
	enum err err = connection_check(s->work, NULL, plain_entry(s, entry), &message);

	if (err == ERR_DOCUMENT || err == ERR_CONFLICT)
		return entry_complain(s, "practices.connections", entry, message ? message : s->work->reason);
	TRY(err);
	TRY(check_grant(s, json_object_get(entry, "default_grant")));
	for (size_t i = 0; i < json_array_size(mapping); i++)
		TRY(check_grant(s, json_object_get(json_array_get(mapping, i), "grant")));
	return OK;
}

static enum err check_connections(struct scene *s)
{
	const json_t *list = json_object_get(s->declared, "connections");
	const char *outer = s->work->practice;
	enum err err = nothing_twice(s, list, "id", "connection");

	s->work->practice = json_get_text(s->declared, "id"); /* the wall: what stands is read behind it */
	for (size_t i = 0; i < json_array_size(list) && err == OK; i++)
		err = check_connection(s, json_array_get(list, i));
	s->work->practice = outer;
	return err;
}

static enum err check_practice(struct scene *s, const json_t *picture)
{
	const char *id = json_get_text(s->declared, "id");

	s->present = entry_find(s->work->arena, json_object_get(picture, "practices"), "id", id);
	s->locations = s->roles = (struct names){ 0 };
	names_of(s->work->arena, &s->locations, json_object_get(s->present, "locations"));
	names_of(s->work->arena, &s->locations, json_object_get(s->declared, "locations"));
	learn_roles(s, id);
	TRY(needs(s, "practices", s->declared, s->present));
	TRY(check_locations(s));
	TRY(check_roles(s));
	TRY(check_connections(s));
	return check_staff(s);
}

static enum err check_app(struct scene *s, json_t *app, const struct names *practices)
{
	const json_t *list = json_object_get(app, "practices");
	const char *message = NULL;
	enum err err = app_check(s->work, plain_entry(s, app), &message);

	if (err == ERR_DOCUMENT || err == ERR_CONFLICT)
		return entry_complain(s, "apps", app, message);
	TRY(err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		if (!practices->list || !text_list_has(practices->list, json_string_value(item)))
			return apply_complain(s->work, s->document, item, NULL, "there is no practice %s",
					      json_string_value(item));
	}
	return OK;
}

enum err apply_names_check(struct work *work, const struct apply_document *document, const json_t *picture)
{
	struct names practices = { 0 };
	struct scene s = { .work = work, .document = document };

	TRY(nothing_twice(&s, document->practices, "id", "practice"));
	TRY(nothing_twice(&s, document->apps, "client_id", "app"));
	for (size_t i = 0; i < json_array_size(document->practices); i++) {
		s.declared = json_array_get(document->practices, i);
		TRY(check_practice(&s, picture));
	}
	names_of(work->arena, &practices, json_object_get(picture, "practices"));
	names_of(work->arena, &practices, document->practices);
	for (size_t i = 0; i < json_array_size(document->apps); i++)
		TRY(check_app(&s, json_array_get(document->apps, i), &practices));
	return OK;
}
