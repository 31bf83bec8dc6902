/* apply_docs.c: the reference page and the JSON Schema of the apply document, from the rows. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "store/apps.h"
#include "store/connections.h"

#define PAGE_MAX    (256 * KB)
#define CONNECTIONS "practices.connections"

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

static const char *const connection_kind_words[] = {
	[CONNECTION_TEXT] = "text",
	[CONNECTION_ID] = "id",
	[CONNECTION_WORD] = "one of",
	[CONNECTION_FLAG] = "true or false",
	[CONNECTION_TEXTS] = "list of texts",
	[CONNECTION_DOMAINS] = "list of domains",
	[CONNECTION_ADDRESS] = "address",
	[CONNECTION_XML] = "XML text",
	[CONNECTION_SECONDS] = "duration between",
	[CONNECTION_SECRET] = "secret text",
	[CONNECTION_DATE] = "date",
	[CONNECTION_OBJECT] = "fields of its own, see below",
	[CONNECTION_MAPPING] = "list of rules, see below",
};

static const char introduction[] =
	"# The apply document\n\n"
	"`lanyard apply -f FILE` makes practices, staff, roles, connections and apps as the document "
	"declares them; the "
	"second time it has nothing\n"
	"to change. `lanyard export` writes the same format. YAML, several documents allowed; JSON is YAML "
	"too. Anchors, aliases and tags\n"
	"are refused, so are unknown fields. [demo.yaml](../examples/demo.yaml) is a whole clinic.\n\n"
	"- What a document does not name stays as it is.\n"
	"- `--dry-run` prints what would change and exits with 6 when there is something.\n"
	"- `--prune` removes what a list that is written out leaves out: staff, connections and apps are "
	"deleted, "
	"custom roles too, locations are\n"
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

static const char connection_words[] =
	"\n`mapping` is a list of rules, tried from the first to the last; every rule that applies grants, "
	"of "
	"classes the first one counts:\n\n"
	"```yaml\n"
	"mapping:\n"
	"  - { when: { claim: groups, contains: Doctors }, grant: { role: provider, locations: [main] } }\n"
	"  - when: { all: [ { claim: department, equals: Billing }, { claim: site, prefix: \"IL-\" } ] }\n"
	"    grant: { class: staff, role: billing, locations: all }\n"
	"default_grant: { role: front-desk, locations: [main] }    # with on_unmapped: default\n"
	"provision: { create: true, update: true, on_unmapped: refuse }\n"
	"claims: { email: mail, given_name: first, family_name: last }\n"
	"```\n\n"
	"A claim's value is a list; one value is a list of one. `equals`: the one value is this; `contains`: "
	"one of the values is this;\n"
	"`prefix`: one of them begins so. Bytes are compared: `Doctors` is not in `No Doctors`. `any:` and "
	"`all:` take lists of conditions.\n"
	"`on_unmapped` is `refuse`, `hold` (the account waits for `lanyard user approve`) or `default`. Of "
	"`claims`, names of the provider's\n"
	"own for these three can be told; what decides who somebody is cannot be mapped.\n\n"
	"The secret is sealed in the store: `export` never writes it, and a document without it leaves it as "
	"it is. The domains of a\n"
	"connection become domains of its practice. How it all works: "
	"[upstream-sign-in.md](../howto/upstream-sign-in.md).\n";

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
	buf_print(out, " | %s | ", row->need);
	for (const char *at = row->help; *at; at++)
		buf_text(out, *at == '|' ? "\\|" : (const char[]){ *at, '\0' });
	buf_text(out, " |\n");
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

static const char *protocol_word(enum connection_of of)
{
	static const char *const words[] = { [CONNECTION_OF_BOTH] = "oidc, saml",
					     [CONNECTION_OF_OIDC] = "oidc",
					     [CONNECTION_OF_SAML] = "saml" };

	return words[of];
}

/* Of the rows that connections have beside the table's. */
static const char *protocol_beside(const char *name)
{
	return protocol_word(text_starts(name, "client_") ? CONNECTION_OF_OIDC : CONNECTION_OF_SAML);
}

/* The secret has a row of its own in apply_fields. */
static bool is_listed(const struct connection_field *field)
{
	return field->kind != CONNECTION_SECRET;
}

static void print_connections(struct buf *out)
{
	for (const struct connection_field *field = connection_fields; field->name; field++) {
		AUTO_BUF help = BUF(KB);
		buf_text(&help, field->help);
		if (field->fallback &&
		    (field->kind != CONNECTION_FLAG || text_equal(field->fallback, "true")))
			buf_print(&help,
				  field->kind == CONNECTION_FLAG ? "; %s when missing"
								 : "; `%s` when missing",
				  field->fallback);
		if (is_listed(field))
			print_row(out,
				  &(struct row){ .name = field->name,
						 .kind = connection_kind_words[field->kind],
						 .words = field->words,
						 .need = text_equal(field->name, "id")         ? "yes"
							 : text_equal(field->name, "protocol") ? "to create"
											       : "",
						 .help = buf_str(&help),
						 .of = protocol_word(field->of) });
	}
}

/* The column of entries that come in two kinds; NULL: there is none. */
static const char *column_of(const char *path)
{
	return text_equal(path, "apps") ? "type" : text_equal(path, CONNECTIONS) ? "protocol" : NULL;
}

static const char *kind_beside(const char *path, const char *name)
{
	return text_equal(path, "apps")        ? app_type_beside(name)
	       : text_equal(path, CONNECTIONS) ? protocol_beside(name)
					       : NULL;
}

static void print_section(struct buf *out, const char *path)
{
	const char *column = column_of(path);

	buf_print(out, "\n## %s\n\n| field |%s%s%s is | needed | |\n|---|%s---|---|---|\n", path,
		  column ? " " : "", column ? column : "", column ? " |" : "", column ? "---|" : "");
	if (text_equal(path, "apps"))
		print_apps(out);
	if (text_equal(path, CONNECTIONS))
		print_connections(out);
	for (const struct apply_field *field = apply_fields; field->path; field++) {
		const char *name = apply_field_below(field, path);
		if (name)
			print_row(out, &(struct row){ .name = name,
						      .kind = kind_words[field->kind],
						      .words = field->words,
						      .need = need_word(field->need),
						      .help = field->help,
						      .of = kind_beside(path, name) });
	}
	if (text_equal(path, CONNECTIONS))
		buf_text(out, connection_words);
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

static json_t *connection_field_schema(const struct connection_field *field)
{
	switch (field->kind) {
	case CONNECTION_WORD:
		return words_schema(field->words);
	case CONNECTION_FLAG:
		return typed("boolean");
	case CONNECTION_TEXTS:
	case CONNECTION_DOMAINS:
		return list_of(typed("string"));
	case CONNECTION_SECONDS:
		return json_pack("{s:[s, s]}", "type", "integer", "string");
	case CONNECTION_OBJECT:
		return typed("object");
	case CONNECTION_MAPPING:
		return list_of(typed("object"));
	case CONNECTION_ID:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", SLUG_PATTERN);
	case CONNECTION_TEXT:
	case CONNECTION_ADDRESS:
	case CONNECTION_XML:
	case CONNECTION_SECRET:
	case CONNECTION_DATE:
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

static void add_connections(json_t *members)
{
	for (const struct connection_field *field = connection_fields; field->name; field++) {
		json_t *schema = connection_field_schema(field);

		if (field->of == CONNECTION_OF_BOTH)
			describe(schema, field->help);
		else
			json_set(schema, "description",
				 json_sprintf("protocol %s: %s", protocol_word(field->of), field->help));
		json_set(members, field->name, schema);
	}
}

static json_t *object_schema(const char *path)
{
	json_t *members = json_object(), *required = json_array();
	bool apps = text_equal(path, "apps");

	if (apps)
		add_apps(members);
	if (text_equal(path, CONNECTIONS)) {
		add_connections(members);
		json_array_append_new(required, json_string("id"));
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
