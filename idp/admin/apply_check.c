/* apply_check.c: a document is read and each field checked by its row, with line and column. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/cidr.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "keys/password.h"
#include "people/account.h"
#include "people/change.h"
#include "people/practice.h"
#include "people/role.h"
#include "store/apps.h"
#include "store/connections.h"

#define TEXT_MAX    500
#define LIST_MAX    10000

#define FIELDS_MAX  160 /* below one path */
#define CONNECTIONS "practices.connections"

struct check {
	struct work *work;
	const struct apply_document *document;
};

static void release_json(void *thing)
{
	json_decref(thing);
}

static void position_of(const struct apply_document *document, const json_t *object, const char *key,
			unsigned *line, unsigned *column)
{
	const json_t *value = key ? json_object_get(object, key) : NULL;

	*line = *column = 1;
	if (value && yaml_position(document->yaml, value, line, column))
		return;
	if (key && yaml_member_position(document->yaml, object, key, line, column))
		return;
	(void)!yaml_position(document->yaml, object, line,
			     column); /* the very start, when it is from nowhere */
}

enum err apply_complain(struct work *work, const struct apply_document *document, const json_t *object,
			const char *key, const char *what, ...)
{
	unsigned line, column;
	va_list args;

	va_start(args, what);
	const char *text = arena_vprint(work->arena, what, args);
	va_end(args);
	position_of(document, object, key, &line, &column);
	return fault(work, ERR_DOCUMENT, "line %u, column %u: %s", line, column, text);
}

/* A complaint, or NULL when the text is fine; breaks: control characters that it may have. */
static const char *text_fault(const char *text, size_t max, const char *breaks)
{
	if (*text == '\0')
		return "must not be empty";
	if (strlen(text) > max)
		return "is too long";
	for (; *text; text++)
		if (((unsigned char)*text < ' ' || *text == '\x7f') && !strchr(breaks, *text))
			return "must not have control characters";
	return NULL;
}

static const char *phone_fault(const char *text)
{
	size_t digits = strspn(text + (*text == '+'), "0123456789");

	return *text == '+' && text[1] != '0' && digits >= 8 && digits <= 15 && text[digits + 1] == '\0'
		       ? NULL
		       : "must be a number with country code, such as +13125550142";
}

static const char *word_fault(struct arena *arena, const char *text, const char *words)
{
	return text_words_have(words, text) && !strchr(text, ' ')
		       ? NULL
		       : arena_print(arena, "must be one of: %s", words);
}

static const char *scalar_fault(struct arena *arena, const struct apply_field *field, const char *text)
{
	int64_t seconds = 0;

	switch (field->kind) {
	case APPLY_SLUG:
	case APPLY_SLUGS:
		return text_is_slug(text) ? NULL : "must be an id: small letters, digits and '-', at most 63";
	case APPLY_EMAIL:
		return email_canonical(arena, text) ? NULL : "must be an e-mail address";
	case APPLY_WORD:
		return word_fault(arena, text, field->words);
	case APPLY_DATE:
		return clock_parse(text, false, &seconds)
			       ? NULL
			       : "must be a date such as 2027-01-31, or a time with zone";
	case APPLY_PHONE:
		return phone_fault(text);
	case APPLY_NPI:
		return strlen(text) == 10 && strspn(text, "0123456789") == 10
			       ? NULL
			       : "must be ten digits in quotes";
	case APPLY_TIMEZONE:
		return timezone_is_known(text) ? NULL : "must be a time zone such as America/Chicago";
	case APPLY_SECRET:
		return text_fault(text, 1024, "");
	case APPLY_NETWORKS: {
		struct network network;
		return network_parse(text, &network)
			       ? NULL
			       : "must be a network such as 10.1.2.0/24 or 103.171.247.*";
	}
	case APPLY_LINES: /* OpenID Connect Core 5.1.1 */
		return text_fault(text, TEXT_MAX, "\r\n");
	case APPLY_TEXT:
	case APPLY_TEXTS:
	case APPLY_LOCATIONS:
	case APPLY_FLAG:
	case APPLY_OBJECT:
	case APPLY_OBJECTS:
	case APPLY_FREE:
		return text_fault(text, TEXT_MAX, "");
	}
	return NULL;
}

static enum err check_text(struct check *c, const struct apply_field *field, const json_t *object,
			   const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value) || json_is_boolean(value))
		return apply_complain(c->work, c->document, object, key, "%s must be text: put it in quotes",
				      field->path);
	if (!json_is_string(value))
		return apply_complain(c->work, c->document, object, key, "%s must be text", field->path);
	const char *wrong = scalar_fault(c->work->arena, field, json_string_value(value));

	return wrong ? apply_complain(c->work, c->document, object, key, "%s %s", field->path, wrong) : OK;
}

/* An item has no key, and true, false and null have no place of their own: then it is the list's. */
static const json_t *placed(const json_t *item, const json_t *list)
{
	return json_is_boolean(item) || json_is_null(item) ? list : item;
}

static enum err check_list(struct check *c, const struct apply_field *field, const json_t *object,
			   const char *key)
{
	const json_t *list = json_object_get(object, key);

	if (!json_is_array(list))
		return apply_complain(c->work, c->document, object, key, "%s must be a list", field->path);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *wrong = json_is_string(item)
					    ? scalar_fault(c->work->arena, field, json_string_value(item))
					    : "must be text: put it in quotes";
		if (wrong)
			return apply_complain(c->work, c->document, placed(item, list), NULL, "%s %s",
					      field->path, wrong);
	}
	return OK;
}

static enum err check_locations(struct check *c, const struct apply_field *field, const json_t *object,
				const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (text_equal(json_string_value(value), "all"))
		return OK;
	if (!json_is_array(value) || json_array_size(value) == 0)
		return apply_complain(c->work, c->document, object, key,
				      "%s must be all, or a list of locations", field->path);
	return check_list(c, field, object, key);
}

/* Free objects are checked by the room that understands them. */
static enum err check_free(struct check *c, const struct apply_field *field, const json_t *object,
			   const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *message = NULL;

	if (!json_is_object(value))
		return apply_complain(c->work, c->document, object, key, "%s must have fields of its own",
				      field->path);
	enum err err = text_ends(field->path, ".policy") ? policy_check(c->work->arena, value, &message)
							 : permissions_check(c->work->arena, value, &message);

	/* The message begins with the field's name. */
	return err == OK ? OK
			 : apply_complain(c->work, c->document, object, key, "%.*s%s",
					  (int)(strrchr(field->path, '.') - field->path + 1), field->path,
					  message ? message : key);
}

static enum err check_object(struct check *c, const char *path, json_t *object);

static enum err check_objects(struct check *c, const struct apply_field *field, const json_t *object,
			      const char *key)
{
	const json_t *list = json_object_get(object, key);

	if (!json_is_array(list))
		return apply_complain(c->work, c->document, object, key, "%s must be a list", field->path);
	if (json_array_size(list) > LIST_MAX)
		return apply_complain(c->work, c->document, object, key, "%s has more than %d entries",
				      field->path, LIST_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *entry = json_array_get(list, i);
		if (!json_is_object(entry))
			return apply_complain(c->work, c->document, placed(entry, list), NULL,
					      "an entry of %s must have fields of its own", field->path);
		TRY(check_object(c, field->path, entry));
	}
	return OK;
}

static enum err check_member(struct check *c, const struct apply_field *field, const json_t *object,
			     const char *key)
{
	json_t *value = json_object_get(object, key);

	switch (field->kind) {
	case APPLY_FLAG:
		return json_is_boolean(value) ? OK
					      : apply_complain(c->work, c->document, object, key,
							       "%s must be true or false", field->path);
	case APPLY_OBJECTS:
		return check_objects(c, field, object, key);
	case APPLY_OBJECT:
		if (!json_is_object(value))
			return apply_complain(c->work, c->document, object, key,
					      "%s must have fields of its own", field->path);
		return check_object(c, field->path, value);
	case APPLY_FREE:
		return check_free(c, field, object, key);
	case APPLY_LOCATIONS:
		return check_locations(c, field, object, key);
	case APPLY_TEXTS:
	case APPLY_SLUGS:
	case APPLY_NETWORKS:
		return check_list(c, field, object, key);
	case APPLY_TEXT:
	case APPLY_LINES:
	case APPLY_SLUG:
	case APPLY_EMAIL:
	case APPLY_WORD:
	case APPLY_DATE:
	case APPLY_PHONE:
	case APPLY_NPI:
	case APPLY_TIMEZONE:
	case APPLY_SECRET:
		return check_text(c, field, object, key);
	}
	return OK;
}

/* Names of the fields that another room's table has for this path, from known[count] on: the new count. */
static size_t fields_beside(const char *path, const char **known, size_t count, size_t max)
{
	for (const struct app_field *field = app_fields;
	     text_equal(path, "apps") && field->name && count < max; field++)
		known[count++] = field->name;
	for (const struct connection_field *field = connection_fields;
	     text_equal(path, CONNECTIONS) && field->name && count < max; field++)
		known[count++] = field->name;
	known[count] = NULL;
	return count;
}

static bool is_beside(const char *path, const char *name)
{
	const char *known[FIELDS_MAX + 1];

	return fields_beside(path, known, 0, FIELDS_MAX) && text_list_has(known, name);
}

static enum err unknown(struct check *c, const char *path, const json_t *object, const char *key)
{
	const char *known[FIELDS_MAX + 1];
	size_t count = 0;
	unsigned line = 1, column = 1;

	for (const struct apply_field *field = apply_fields; field->path && count < FIELDS_MAX; field++)
		if (apply_field_below(field, path))
			known[count++] = apply_field_below(field, path);
	(void)fields_beside(path, known, count, FIELDS_MAX); /* ends the list, too */
	const char *near = text_nearest(key, known);

	(void)!yaml_member_position(c->document->yaml, object, key, &line,
				    &column); /* a member always has a place */
	return fault(c->work, ERR_DOCUMENT, "line %u, column %u: unknown field %s%s%s%s%s%s", line, column,
		     path, *path ? "." : "", key, near ? " (did you mean " : "", near ? near : "",
		     near ? "?)" : "");
}

static enum err check_object(struct check *c, const char *path, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		const struct apply_field *field = apply_field_find(path, key);
		if (field)
			TRY(check_member(c, field, object, key));
		else if (!is_beside(path, key))
			return unknown(c, path, object, key);
	}
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *member = apply_field_below(field, path);
		if (member && field->need == REQUIRED && !json_object_get(object, member))
			return apply_complain(c->work, c->document, object, NULL, "%s is missing",
					      field->path);
	}
	return OK;
}

static enum err check_staff(struct check *c, const json_t *person)
{
	const char *hash = json_get_text(person, "password_hash");

	if (hash && json_object_get(person, "password"))
		return apply_complain(c->work, c->document, person, "password_hash",
				      "give password or password_hash, not both");
	if (hash && !password_hash_is_known(hash))
		return apply_complain(c->work, c->document, person, "password_hash",
				      "practices.staff.password_hash is of no known kind");
	return OK;
}

/* One way alone to metadata. */
static enum err check_source(struct check *c, const char *path, const json_t *entry)
{
	static const char *const sources[] = { "metadata", "metadata_url", NULL };

	for (const char *const *name = sources; json_object_get(entry, "metadata_file") && *name; name++)
		if (json_object_get(entry, *name))
			return apply_complain(c->work, c->document, entry, *name,
					      "%s.%s: only one of metadata_file and %s can be given", path,
					      *name, *name);
	return OK;
}

static enum err check_connection(struct check *c, const json_t *connection)
{
	if (!json_get_text(connection, "id"))
		return apply_complain(c->work, c->document, connection,
				      json_object_get(connection, "id") ? "id" : NULL,
				      CONNECTIONS ".id is missing");
	return check_source(c, CONNECTIONS, connection);
}

static enum err check_practice(struct check *c, const json_t *practice)
{
	const json_t *staff = json_object_get(practice, "staff"),
		     *connections = json_object_get(practice, "connections");

	for (size_t i = 0; i < json_array_size(staff); i++)
		TRY(check_staff(c, json_array_get(staff, i)));
	for (size_t i = 0; i < json_array_size(connections); i++)
		TRY(check_connection(c, json_array_get(connections, i)));
	return OK;
}

static void join(json_t *whole, json_t *more)
{
	int failed = more ? json_array_extend(whole, more) : 0;

	assert(!failed && "out of memory");
}

static enum err check_app(struct check *c, const json_t *app)
{
	static const char *const secrets[] = { "client_secret", "client_secret_hash", NULL };
	bool saml = json_object_get(app, "entity_id") != NULL;

	for (const char *const *name = secrets; saml && *name; name++)
		if (json_object_get(app, *name))
			return apply_complain(c->work, c->document, app, *name, "apps.%s: only for type oidc",
					      *name);
	TRY(check_source(c, "apps", app));
	if (app_declared_id(app))
		return OK;
	return apply_complain(c->work, c->document, app, NULL, "apps.%s is missing",
			      app_type_of(app) == APP_OF_SAML ? "entity_id" : "client_id");
}

/* Adds one YAML document's lists to the whole. */
static enum err take(struct check *c, json_t *value, struct apply_document *out)
{
	json_t *practices = json_object_get(value, "practices"), *apps = json_object_get(value, "apps");

	if (!json_is_object(value))
		return apply_complain(c->work, c->document, value, NULL,
				      "a document starts with practices: or apps:");
	TRY(check_object(c, "", value));
	for (size_t i = 0; i < json_array_size(practices); i++)
		TRY(check_practice(c, json_array_get(practices, i)));
	for (size_t i = 0; i < json_array_size(apps); i++)
		TRY(check_app(c, json_array_get(apps, i)));
	out->names_practices |= practices != NULL;
	out->names_apps |= apps != NULL;
	join(out->practices, practices);
	join(out->apps, apps);
	return OK;
}

enum err apply_read(struct work *work, const char *file, const char *text, size_t size,
		    struct apply_document *out)
{
	size_t count = 0;
	const char *message = NULL;

	*out = (struct apply_document){ .file = file, .practices = json_array(), .apps = json_array() };
	arena_defer(work->arena, release_json, out->practices);
	arena_defer(work->arena, release_json, out->apps);
	out->yaml = yaml_read(work->arena, text, size, &count, &message);
	if (!out->yaml)
		return fault(work, ERR_DOCUMENT, "%s", message);
	if (count == 0)
		return fault(work, ERR_DOCUMENT, "line 1, column 1: the document is empty");
	struct check check = { work, out };

	for (size_t i = 0; i < count; i++)
		TRY(take(&check, yaml_value(out->yaml, i), out));
	return OK;
}
