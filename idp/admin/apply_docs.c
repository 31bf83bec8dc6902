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
	[APP_ENTITY] = "URI",
	[APP_XML] = "XML text",
	[APP_ATTRIBUTES] = "list, see below",
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
	"- Numbers that are names (NPI, postal code) stand in quotes.\n"
	"- An app is of `type: oidc`, which has a `client_id`, or of `type: saml`, which has an `entity_id` "
	"and its "
	"SAML metadata: as text\n"
	"  (`metadata: |`), in a file beside the document (`metadata_file: billing-sp.xml`, read by the "
	"command on "
	"its own machine), or at an\n"
	"  address (`metadata_url`). A field of the other type is refused. Each of its `attributes` is `{ "
	"preset }`, "
	"one of `clinic`, `flat`,\n"
	"  `microsoft`, `okta`, `xua`, or `{ claim, name }` with `format` and `friendly_name` when "
	"wanted.\n\n"
	"Generated from the program: `lanyard reference apply`; the JSON Schema beside it: `lanyard "
	"reference schema`.\n";

static const char *need_word(enum apply_need need)
{
	return need == REQUIRED ? "yes" : need == AT_CREATION ? "to create" : "";
}

struct row {
	const char *name, *kind, *words, *need, *help;
	const char *of; /* the type of apps that have it; NULL: no column */
};

static void print_row(struct buf *out, const struct row *row)
{
	buf_print(out, "| `%s` |", row->name);
	if (row->of)
		buf_print(out, " %s |", row->of);
	buf_print(out, " %s", row->kind);
	if (row->words) {
		buf_text(out, " `");
		for (const char *at = row->words; *at; at++)
			buf_text(out, *at == ' ' ? "`, `" : (const char[]){ *at, '\0' });
		buf_text(out, "`");
	}
	buf_print(out, " | %s | %s |\n", row->need, row->help);
}

/* Of the rows that apps have beside the registry's. */
static const char *app_type_beside(const char *name)
{
	return app_type_word(text_starts(name, "client_") ? APP_OF_OIDC : APP_OF_SAML);
}

static void print_apps(struct buf *out)
{
	for (const struct app_field *field = app_fields; field->name; field++) {
		bool id = field->kind == APP_ID || field->kind == APP_ENTITY;
		AUTO_BUF help = BUF(KB);
		buf_text(&help, field->help);
		if (field->fallback && field->kind != APP_FLAG)
			buf_print(&help, "; `%s` when missing", field->fallback);
		else if (field->fallback && text_equal(field->fallback, "true"))
			buf_text(&help, "; true when missing");
		print_row(out, &(struct row){ .name = field->name,
					      .kind = app_kind_words[field->kind],
					      .words = field->words,
					      .need = id                                ? "yes"
						      : text_equal(field->name, "name") ? "to create"
											: "",
					      .help = buf_str(&help),
					      .of = app_type_word(field->of) });
	}
}

static void print_section(struct buf *out, const char *path)
{
	bool apps = text_equal(path, "apps");

	buf_print(out, "\n## %s\n\n| field |%s is | needed | |\n|---|%s---|---|---|\n", path,
		  apps ? " type |" : "", apps ? "---|" : "");
	if (apps)
		print_apps(out);
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *name = apply_field_below(field, path);
		if (name)
			print_row(out, &(struct row){ .name = name,
						      .kind = kind_words[field->kind],
						      .words = field->words,
						      .need = need_word(field->need),
						      .help = field->help,
						      .of = apps ? app_type_beside(name) : NULL });
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
	case APP_ATTRIBUTES:
		return list_of(typed("object"));
	case APP_ENTITY:
	case APP_XML:
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

static void add_apps(json_t *members)
{
	for (const struct app_field *field = app_fields; field->name; field++) {
		json_t *schema = app_schema(field);

		json_set(members, field->name, schema);
		json_set(schema, "description",
			 field->of == APP_OF_BOTH
				 ? json_string(field->help)
				 : json_sprintf("type %s: %s", app_type_word(field->of), field->help));
	}
}

static json_t *object_schema(const char *path)
{
	json_t *members = json_object(), *required = json_array();
	bool apps = text_equal(path, "apps");

	if (apps)
		add_apps(members);
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *name = apply_field_below(field, path);
		if (!name)
			continue;
		json_set(members, name, field_schema(field));
		describe(json_object_get(members, name), field->help);
		if (field->need == REQUIRED)
			json_array_append_new(required, json_string(name));
	}
	json_t *schema = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", members,
				   "required", required, "additionalProperties", false);

	if (apps) /* one of the two ids */
		json_set(schema, "anyOf",
			 json_pack("[{s:[s]}, {s:[s]}]", "required", "client_id", "required", "entity_id"));
	return schema;
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
