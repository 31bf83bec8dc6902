/* apply_compare.c: which members of a declared entry say something else than what is there. */
#include "base/base.h"

#include "admin/apply.h"
#include "admin/apply_compare.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/account.h"
#include "people/connection.h"
#include "store/apps.h"
#include "store/connections.h"
#include "store/snapshot.h"

#define CONNECTIONS "practices.connections"

static void release_json(void *thing)
{
	json_decref(thing);
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

static bool same_list(struct arena *arena, const json_t *now, const json_t *then)
{
	return json_is_array(now) && json_is_array(then)
		       ? text_equal(unordered(arena, now, plain_form), unordered(arena, then, plain_form))
		       : json_equal(now, then);
}

static char *domain_form(struct arena *arena, const json_t *entry)
{
	return text_lower(arena, json_is_string(entry) ? json_string_value(entry) : "");
}

static const struct connection_field *connection_field_of(const char *member)
{
	const struct connection_field *field = connection_fields;

	while (field->name && !text_equal(field->name, member))
		field++;
	return field->name ? field : NULL;
}

/* Here silence is not the same as false or an empty list: many fields of a connection are on when nothing is
 * said. */
static bool same_of_connection(struct arena *arena, const char *member, const json_t *now, const json_t *then)
{
	const struct connection_field *field = connection_field_of(member);
	bool silent = !then || json_is_null(then);

	if (!now || json_is_null(now) || silent)
		return (!now || json_is_null(now)) && silent;
	if (field && field->kind == CONNECTION_SECONDS)
		return same_duration(now, then);
	if (field && field->kind == CONNECTION_DOMAINS)
		return json_is_array(then) &&
		       text_equal(unordered(arena, now, domain_form), unordered(arena, then, domain_form));
	return field && field->kind == CONNECTION_TEXTS ? same_list(arena, now, then) : json_equal(now, then);
}

/* A connection that is on says nothing about it. */
static bool same_off(const json_t *now, const json_t *then)
{
	return json_is_true(now) == json_is_true(then);
}

static bool same(struct arena *arena, const char *path, const char *member, const json_t *now,
		 const json_t *then)
{
	const struct app_field *app = app_field_of(path, member);

	if (text_equal(path, CONNECTIONS))
		return text_equal(member, "disabled") ? same_off(now, then)
						      : same_of_connection(arena, member, now, then);
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
		return same_list(arena, now, then);
	if (text_equal(member, "email"))
		return text_equal(email_canonical(arena, json_string_value(now)),
				  email_canonical(arena, json_string_value(then)));
	return json_equal(now, then);
}

/* Members that are not compared: lists with entries of their own, and what counts at creation alone. */
static bool is_compared(const char *path, const char *member, bool there)
{
	static const char *const entries[] = { "locations", "roles", "connections", "staff", NULL };
	static const char *const creation[] = { "password", "password_hash", "must_change", NULL };

	if (text_equal(path, "practices"))
		return !text_list_has(entries, member);
	if (text_equal(path, "apps") || text_equal(path, CONNECTIONS))
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

/* Of a connection it is sealed, since the provider has to be shown it. */
static bool same_sealed(struct work *work, const json_t *now, const json_t *declared)
{
	const struct connection *connection = snapshot_connection(work->snapshot, json_get_text(now, "id"));
	char *secret = NULL;

	if (!connection || connection_secret(work, connection, &secret) != OK || !secret)
		return false;
	bool equal = secret_equal(secret, json_string_value(declared));

	wipe(secret, strlen(secret));
	return equal;
}

static bool secret_is_same(struct work *work, const char *path, const char *member, const json_t *now,
			   const json_t *declared)
{
	return text_equal(path, CONNECTIONS) ? same_sealed(work, now, declared)
					     : same_secret(work, now, member, declared);
}

static json_t *shown(const char *member, const json_t *value, bool secret)
{
	if (!value)
		return json_null();
	if (text_equal(member, "metadata"))
		return json_sprintf("(%zu bytes of XML)", json_string_length(value));
	return secret ? json_string("(secret)") : json_deep_copy(value);
}

json_t *apply_difference(struct work *work, const char *path, json_t *now, json_t *declared)
{
	const char *member;
	json_t *value;
	json_t *fields = json_object();

	arena_defer(work->arena, release_json, fields);
	json_object_foreach (declared, member, value) {
		bool secret = is_secret(path, member);
		const json_t *old = json_object_get(now, member);
		bool equal = secret && now ? secret_is_same(work, path, member, now, value)
					   : same(work->arena, path, member, old, value);
		if (!equal && is_compared(path, member, now != NULL))
			json_set(fields, member,
				 json_pack("[o, o]", shown(member, old, secret),
					   shown(member, value, secret)));
	}
	return fields;
}
