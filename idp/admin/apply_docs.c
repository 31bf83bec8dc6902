/* apply_docs.c: the reference page and the JSON Schema of the apply document, from the rows. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "store/apps.h"

#define PAGE_MAX (256 * KB)

static const char *const kind_words[] = {
	[APPLY_TEXT] = "text",
	[APPLY_LINES] = "text",
	[APPLY_SLUG] = "id",
	[APPLY_EMAIL] = "e-mail address",
	[APPLY_WORD] = "one of",
	[APPLY_FLAG] = "true or false",
	[APPLY_DATE] = "date or time",
	[APPLY_PHONE] = "phone number",
	[APPLY_NPI] = "ten digits",
	[APPLY_TIMEZONE] = "time zone",
	[APPLY_SECRET] = "secret text",
	[APPLY_TEXTS] = "list of texts",
	[APPLY_SLUGS] = "list of ids",
	[APPLY_NETWORKS] = "list of networks",
	[APPLY_LOCATIONS] = "all, or list of ids",
	[APPLY_OBJECT] = "fields below",
	[APPLY_OBJECTS] = "list, fields below",
	[APPLY_FREE] = "fields of its own",
	[APPLY_LATER] = "not in this version",
};
static const char *const app_kind_words[] = {
	[APP_TEXT] = "text",
	[APP_ID] = "id",
	[APP_WORD] = "one of",
	[APP_WORDS] = "list of",
	[APP_SLUGS] = "list of ids",
	[APP_CLAIMS] = "list of claims",
	[APP_REDIRECTS] = "list of addresses",
	[APP_RESOURCES] = "list of addresses",
	[APP_ADDRESS] = "address",
	[APP_FLAG] = "true or false",
	[APP_SECONDS] = "duration",
	[APP_KEYS] = "JWK Set",
};

static const char introduction[] =
	"# The apply document\n\n"
	"`lanyard apply -f FILE` makes practices, staff, roles and apps as the document declares them; the "
	"second time it has nothing\n"
	"to change. `lanyard export` writes the same format. YAML, several documents allowed; JSON is YAML "
	"too. Anchors, aliases and tags\n"
	"are refused, so are unknown fields. [demo.yaml](../examples/demo.yaml) is a whole clinic.\n\n"
	"- What a document does not name stays as it is.\n"
	"- `--dry-run` prints what would change and exits with 6 when there is something.\n"
	"- `--prune` removes what a list that is written out leaves out: staff and apps are deleted, custom "
	"roles too, locations are\n"
	"  archived. A list that is missing is left alone. Practices go only with `--prune --yes`, the last "
	"owner never.\n"
	"- A practice is changed as a whole or not at all, apps together after the practices.\n"
	"- `locations: all` must be written out: a missing list is refused.\n"
	"- `password` counts when the account is created; it never resets one. `client_secret` counts "
	"whenever it is another one.\n"
	"- The built-in roles of a template: `owner`, `practice-administrator`, `manager`, `provider`, "
	"`front-desk`, `billing`, `inventory`,\n"
	"  `call-operator`, `assigned-biller` (beside another role); `three-role` has `admin`, `manager`, "
	"`employee`.\n"
	"- `export --with-hashes` takes password hashes along; they open only where the master key is the "
	"same.\n"
	"- Numbers that are names (NPI, postal code) stand in quotes.\n\n"
	"Generated from the program: `lanyard reference apply`; the JSON Schema beside it: `lanyard "
	"reference schema`.\n";

static const char *need_word(enum apply_need need)
{
	return need == REQUIRED ? "yes" : need == AT_CREATION ? "to create" : "";
}

static void print_row(struct buf *out, const char *name, const char *kind, const char *words,
		      const char *need, const char *help)
{
	buf_print(out, "| `%s` | %s", name, kind);
	if (words) {
		buf_text(out, " `");
		for (; *words; words++)
			buf_text(out, *words == ' ' ? "`, `" : (const char[]){ *words, '\0' });
		buf_text(out, "`");
	}
	buf_print(out, " | %s | %s |\n", need, help);
}

static void print_apps(struct buf *out)
{
	for (const struct app_field *field = app_fields; field->name; field++) {
		bool id = text_equal(field->name, "client_id"), name = text_equal(field->name, "name");
		AUTO_BUF help = BUF(KB);
		buf_text(&help, field->help);
		if (field->fallback && field->kind != APP_FLAG)
			buf_print(&help, "; `%s` when missing", field->fallback);
		else if (field->fallback && text_equal(field->fallback, "true"))
			buf_text(&help, "; true when missing");
		print_row(out, field->name, app_kind_words[field->kind], field->words,
			  id     ? "yes"
			  : name ? "to create"
				 : "",
			  buf_str(&help));
	}
}

static void print_section(struct buf *out, const char *path)
{
	buf_print(out, "\n## %s\n\n| field | is | needed | |\n|---|---|---|---|\n", path);
	if (text_equal(path, "apps"))
		print_apps(out);
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *name = apply_field_below(field, path);
		if (name)
			print_row(out, name, kind_words[field->kind], field->words, need_word(field->need),
				  field->help);
	}
}

char *apply_reference(struct arena *arena)
{
	AUTO_BUF out = BUF(PAGE_MAX);

	buf_text(&out, introduction);
	for (const struct apply_field *field = apply_fields; field->path; field++)
		if (field->kind == APPLY_OBJECTS || field->kind == APPLY_OBJECT)
			print_section(&out, field->path);
	assert(!out.full);
	return arena_text(arena, buf_str(&out));
}

static json_t *words_schema(const char *words)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char **list = text_split(arena, words, ' ', NULL);

	return json_pack("{s:o}", "enum", json_list((const char *const *)list));
}

static json_t *list_of(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *typed(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *object_schema(const char *path);

#define SLUG_PATTERN "^[a-z0-9][a-z0-9-]{0,62}$"

static json_t *field_schema(const struct apply_field *field)
{
	switch (field->kind) {
	case APPLY_SLUG:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", SLUG_PATTERN);
	case APPLY_WORD:
		return words_schema(field->words);
	case APPLY_FLAG:
		return typed("boolean");
	case APPLY_TEXTS:
	case APPLY_SLUGS:
	case APPLY_NETWORKS:
		return list_of(typed("string"));
	case APPLY_LOCATIONS:
		return json_pack("{s:[{s:s}, o]}", "anyOf", "const", "all", list_of(typed("string")));
	case APPLY_OBJECT:
		return object_schema(field->path);
	case APPLY_OBJECTS:
		return list_of(object_schema(field->path));
	case APPLY_FREE:
		return typed("object");
	case APPLY_NPI:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9]{10}$");
	case APPLY_LATER:
		return json_false();
	case APPLY_TEXT:
	case APPLY_LINES:
	case APPLY_EMAIL:
	case APPLY_DATE:
	case APPLY_PHONE:
	case APPLY_TIMEZONE:
	case APPLY_SECRET:
		break;
	}
	return typed("string");
}

static json_t *app_schema(const struct app_field *field)
{
	switch (field->kind) {
	case APP_WORD:
		return words_schema(field->words);
	case APP_WORDS:
		return list_of(words_schema(field->words));
	case APP_SLUGS:
	case APP_CLAIMS:
	case APP_REDIRECTS:
	case APP_RESOURCES:
		return list_of(typed("string"));
	case APP_FLAG:
		return typed("boolean");
	case APP_SECONDS:
		return json_pack("{s:[s, s]}", "type", "integer", "string");
	case APP_KEYS:
		return typed("object");
	case APP_TEXT:
	case APP_ID:
	case APP_ADDRESS:
		break;
	}
	return typed("string");
}

static void describe(json_t *schema, const char *help)
{
	if (*help && json_is_object(schema))
		json_set_text(schema, "description", help);
}

static json_t *object_schema(const char *path)
{
	json_t *members = json_object(), *required = json_array();

	for (const struct app_field *field = app_fields; text_equal(path, "apps") && field->name; field++) {
		json_set(members, field->name, app_schema(field));
		describe(json_object_get(members, field->name), field->help);
	}
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *name = apply_field_below(field, path);
		if (!name)
			continue;
		json_set(members, name, field_schema(field));
		describe(json_object_get(members, name), field->help);
		if (field->need == REQUIRED)
			json_array_append_new(required, json_string(name));
	}
	if (text_equal(path, "apps"))
		json_array_append_new(required, json_string("client_id"));
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", members, "required",
			 required, "additionalProperties", false);
}

char *apply_schema(struct arena *arena)
{
	AUTO(json_done)
	json_t *schema = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
				   "title", "Lanyard apply document");
	AUTO(json_done) json_t *whole = object_schema("");
	int failed = json_object_update(schema, whole);

	assert(!failed && "out of memory");
	return arena_print(arena, "%s\n", json_pretty(arena, schema));
}
