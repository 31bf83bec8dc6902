/* attributes.c: claims become attributes, by the rows of attribute_rows.h. */
#include "saml/attributes.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "saml/attribute_rows.h"
#include "store/snapshot.h"

enum { INHERITS_MAX = 8 }; /* roles above roles: more is a circle */

/* One assertion's attributes while they are gathered. */
struct making {
	struct work *work;
	const json_t *claims;
	const struct practice *practice; /* NULL: not in the picture */
	const char *purpose;             /* the app's own choice, or NULL */
	struct saml_attribute *out;
	size_t count, room;
};

struct values {
	struct arena *arena;
	struct saml_value *at;
	size_t count, room;
};

/* --- values --------------------------------------------------------------------------------------------- */

/* XML 1.0 2.2: Char. Control characters that XML can carry beyond tab and line ends are of no use to anybody.
 */
static bool xml_carries(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return !(c >= 0x7f && c <= 0x9f) && c != 0xfffe && c != 0xffff;
}

/* U+FFFD where XML has no way to say it: leaving it out could make another name of it. */
static char *carried(struct arena *arena, const char *text)
{
	size_t left = strlen(text);
	AUTO_BUF out = BUF(3 * left + 1);

	while (left > 0) {
		uint32_t c = 0;
		size_t size = text_char(text, left, &c);

		if (size > 0 && xml_carries(c))
			buf_add(&out, text, size);
		else
			buf_text(&out, "\xef\xbf\xbd");
		size = size > 0 ? size : 1;
		text += size;
		left -= size;
	}
	return arena_text(arena, buf_str(&out));
}

static struct saml_value *next_value(struct values *values)
{
	if (values->count == values->room) {
		size_t room = values->room ? 2 * values->room : 4;
		struct saml_value *more = arena_array(values->arena, struct saml_value, room);

		if (values->count)
			memcpy(more, values->at, values->count * sizeof *more);
		values->at = more;
		values->room = room;
	}
	return &values->at[values->count++];
}

static void add_text(struct values *values, const char *text)
{
	if (!text_is_empty(text))
		next_value(values)->text = carried(values->arena, text);
}

/* A claim's own value as XML Schema writes it; lists and objects are no values. */
static void add_scalar(struct values *values, const json_t *value)
{
	if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
		add_text(values, json_string_value(value));
	else if (json_is_integer(value))
		add_text(values,
			 arena_print(values->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
	else if (json_is_boolean(value))
		add_text(values, json_is_true(value) ? "true" : "false");
}

/* What stands at the path, through lists. */
static void add_path(struct values *values, const json_t *value, const char *path)
{
	size_t i, size = strcspn(path, ".");
	json_t *one;

	if (json_is_array(value)) {
		json_array_foreach (value, i, one)
			add_path(values, one, path);
		return;
	}
	if (!*path) {
		add_scalar(values, value);
		return;
	}
	add_path(values, json_object_getn(value, path, size), path + size + (path[size] == '.'));
}

static const json_t *found(const json_t *claims, const char *path)
{
	const json_t *value = claims;

	while (value && *path) {
		size_t size = strcspn(path, ".");

		value = json_object_getn(value, path, size);
		path += size + (path[size] == '.');
	}
	return value;
}

static void add_time(struct values *values, const json_t *value)
{
	if (json_is_integer(value))
		add_text(values, clock_rfc3339(values->arena, json_integer_value(value)));
}

static void add_pairs(struct values *values, const json_t *locations)
{
	size_t i, k;
	json_t *location, *role;

	json_array_foreach (locations, i, location) {
		const char *id = json_get_text(location, "id");

		json_array_foreach (json_object_get(location, "roles"), k, role)
			if (id && json_is_string(role))
				add_text(values,
					 arena_print(values->arena, "%s:%s", id, json_string_value(role)));
	}
}

/* --- IHE XUA ----------------------------------------------------------------------------------------------
 */

static void add_organization(struct values *values, const json_t *practice)
{
	const char *uri = json_get_text(practice, "org_uri"), *id = json_get_text(practice, "id");

	if (uri)
		add_text(values, uri);
	else if (id)
		add_text(values, arena_print(values->arena, PRACTICE_PREFIX "%s", id));
}

static void add_code(struct values *values, const struct saml_value *coded)
{
	struct arena *arena = values->arena;

	if (text_is_empty(coded->code))
		return;
	*next_value(values) = (struct saml_value){
		.element = coded->element,
		.code = carried(arena, coded->code),
		.code_system = coded->code_system,
		.code_system_name = coded->code_system_name,
		.display_name = coded->display_name ? carried(arena, coded->display_name) : NULL,
	};
}

/* What somebody does here, under our own names; then what they are licensed as (claims.md 1.2). */
static void add_roles(const struct making *m, struct values *values, const json_t *roles)
{
	size_t i;
	json_t *one;

	json_array_foreach (roles, i, one) {
		const struct role *role =
			m->practice ? practice_role(m->practice, json_string_value(one)) : NULL;

		add_code(values, &(struct saml_value){ .element = "Role",
						       .code = json_string_value(one),
						       .code_system_name = ROLES_NAME,
						       .display_name = role ? role->name : NULL });
	}
	json_array_foreach (found(m->claims, "clinic.person.taxonomy"), i, one)
		add_code(values, &(struct saml_value){ .element = "Role",
						       .code = json_string_value(one),
						       .code_system = NUCC_OID,
						       .code_system_name = NUCC_NAME });
}

/* Is the role this one, or does it stand on it? */
static bool is_or_inherits(const struct practice *practice, const char *id, const char *wanted, int depth)
{
	const struct role *role = practice ? practice_role(practice, id) : NULL;

	if (text_equal(id, wanted))
		return true;
	for (const char *const *above = role && depth < INHERITS_MAX ? role->inherits : NULL; above && *above;
	     above++)
		if (is_or_inherits(practice, *above, wanted, depth + 1))
			return true;
	return false;
}

static const char *purpose_of(const struct making *m, const json_t *roles)
{
	size_t i;
	json_t *one;

	for (const struct role_purpose *row = role_purposes; row->role; row++)
		json_array_foreach (roles, i, one)
			if (is_or_inherits(m->practice, json_string_value(one), row->role, 0))
				return row->code;
	return PURPOSE_OF_OTHERS;
}

static void add_purpose(const struct making *m, struct values *values, const json_t *roles)
{
	const struct purpose *purpose = purpose_find(m->purpose ? m->purpose : purpose_of(m, roles));

	if (purpose)
		add_code(values, &(struct saml_value){ .element = "PurposeOfUse",
						       .code = purpose->code,
						       .code_system = purpose->code_system,
						       .code_system_name = purpose->code_system_name,
						       .display_name = purpose->display_name });
}

/* --- attributes
 * --------------------------------------------------------------------------------------------- */

static void fill(const struct making *m, const struct attribute_claim *claim, struct values *values)
{
	switch (claim->source) {
	case SOURCE_TEXTS:
		add_path(values, m->claims, claim->path);
		return;
	case SOURCE_FIRST:
		add_path(values, m->claims, claim->path);
		values->count = values->count > 1 ? 1 : values->count;
		return;
	case SOURCE_TIME:
		add_time(values, found(m->claims, claim->path));
		return;
	case SOURCE_PAIRS:
		add_pairs(values, found(m->claims, claim->path));
		return;
	case SOURCE_ORGANIZATION:
		add_organization(values, found(m->claims, claim->path));
		return;
	case SOURCE_ROLES:
		add_roles(m, values, found(m->claims, claim->path));
		return;
	case SOURCE_PURPOSE:
		add_purpose(m, values, found(m->claims, claim->path));
		return;
	}
}

static bool is_said(const struct making *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (text_equal(m->out[i].name, name))
			return true;
	return false;
}

static struct saml_attribute *next_attribute(struct making *m)
{
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 16;
		struct saml_attribute *more = arena_array(m->work->arena, struct saml_attribute, room);

		if (m->count)
			memcpy(more, m->out, m->count * sizeof *more);
		m->out = more;
		m->room = room;
	}
	return &m->out[m->count++];
}

/* What has no value is not said; a name that was said is not said again. */
static void add(struct making *m, const struct attribute_row *row)
{
	const struct attribute_claim *claim = attribute_claim_find(row->claim);
	struct values values = { .arena = m->work->arena };

	if (!claim || text_is_empty(row->name) || is_said(m, row->name))
		return;
	fill(m, claim, &values);
	if (values.count == 0)
		return;
	*next_attribute(m) = (struct saml_attribute){ .name = row->name,
						      .friendly_name = row->friendly_name,
						      .format = row->format,
						      .values = values.at,
						      .value_count = values.count };
}

static void add_preset(struct making *m, const char *preset)
{
	for (const struct attribute_row *row = attribute_rows; row->preset; row++)
		if (text_equal(row->preset, preset))
			add(m, row);
}

/* A list that was declared was checked (attributes_trouble): what is unknown here gives nothing. */
static void add_declared(struct making *m, const json_t *line)
{
	struct arena *arena = m->work->arena;
	const char *preset = json_get_text(line, "preset"), *name = json_get_text(line, "name"),
		   *format = attribute_format(json_get_text(line, "format")),
		   *friendly_name = json_get_text(line, "friendly_name");

	if (preset) {
		m->purpose = json_get_text(line, "purpose_of_use");
		add_preset(m, preset);
		m->purpose = NULL;
		return;
	}
	if (!format)
		format = name && strchr(name, ':') ? FORMAT_URI : FORMAT_BASIC;
	add(m, &(struct attribute_row){ .claim = json_get_text(line, "claim"),
					.name = name ? carried(arena, name) : NULL,
					.friendly_name = friendly_name ? carried(arena, friendly_name) : NULL,
					.format = format });
}

void attributes_build(struct work *work, const struct client *client, const json_t *claims,
		      const struct saml_attribute **out, size_t *count)
{
	const json_t *declared = client->saml.attributes;
	struct making m = { .work = work,
			    .claims = claims,
			    .practice = work->snapshot ? snapshot_practice(work->snapshot, work->practice)
						       : NULL };
	size_t i;
	json_t *line;

	if (!json_is_array(declared))
		add_preset(&m, PRESET_DEFAULT);
	json_array_foreach (declared, i, line)
		add_declared(&m, line);
	*out = m.out;
	*count = m.count;
}
