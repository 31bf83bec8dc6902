/* attributes_check.c: the list of attributes that an app declares (attributes.h). */
#include "saml/attributes.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "saml/attribute_rows.h"

enum { LINES_MAX = 60, NAME_MAX_SIZE = 256 };

const char *const attribute_presets[] = { "clinic", "flat", "microsoft", "okta", PRESET_XUA, NULL };

static const char *unknown(struct arena *arena, const char *what, const char *word, const char *const *known)
{
	const char *nearest = text_nearest(word, known);
	const char *shown = text_bounded(arena, word, strlen(word), 64);

	return nearest ? arena_print(arena, "there is no %s \"%s\"; did you mean \"%s\"?", what, shown,
				     nearest)
		       : arena_print(arena, "there is no %s \"%s\"", what, shown);
}

static const char *const *claim_names(struct arena *arena)
{
	size_t count = 0;

	while (attribute_claims[count].name)
		count++;
	const char **names = arena_array(arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		names[i] = attribute_claims[i].name;
	return (const char *const *)names;
}

static const char *const *purpose_codes(struct arena *arena)
{
	size_t count = 0;

	while (purposes[count].code)
		count++;
	const char **codes = arena_array(arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		codes[i] = purposes[i].code;
	return (const char *const *)codes;
}

static const char *members_trouble(struct arena *arena, const json_t *line, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)line, name, value) {
		if (!text_list_has(known, name))
			return unknown(arena, "member", name, known);
		if (!json_is_string(value))
			return arena_print(arena, "%s must be a text", name);
	}
	return NULL;
}

static const char *preset_trouble(struct arena *arena, const json_t *line)
{
	static const char *const known[] = { "preset", "purpose_of_use", NULL };
	const char *trouble = members_trouble(arena, line, known);
	const char *preset = json_get_text(line, "preset"), *code = json_get_text(line, "purpose_of_use");

	if (trouble)
		return trouble;
	if (!text_list_has(attribute_presets, preset))
		return unknown(arena, "preset", preset, attribute_presets);
	if (code && !text_equal(preset, PRESET_XUA))
		return "purpose_of_use goes with preset xua alone";
	return !code || purpose_find(code) ? NULL
					   : unknown(arena, "purpose of use", code, purpose_codes(arena));
}

/* Visible characters in one piece: what an app compares byte by byte. */
static bool name_is_sound(const char *name)
{
	size_t size = strlen(name);

	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p <= 0x20 || *p == 0x7f)
			return false;
	return size > 0 && size <= NAME_MAX_SIZE && text_is_utf8(name, size);
}

/* A name of format "uri" is an absolute one (SAML Core 8.2.2). */
static bool is_uri(const char *name)
{
	size_t scheme = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-");

	return scheme > 0 && name[scheme] == ':' && name[scheme + 1] && strspn(name, "0123456789+.-") == 0;
}

static const char *line_trouble(struct arena *arena, const json_t *line)
{
	static const char *const known[] = { "claim", "name", "format", "friendly_name", NULL };
	static const char *const formats[] = { "basic", "uri", "unspecified", NULL };
	const char *trouble = members_trouble(arena, line, known);
	const char *claim = json_get_text(line, "claim"), *name = json_get_text(line, "name"),
		   *format = json_get_text(line, "format"), *friendly = json_get_text(line, "friendly_name");

	if (trouble)
		return trouble;
	if (!claim || !name)
		return "say a preset, or a claim and the name that it goes by";
	if (!attribute_claim_find(claim))
		return unknown(arena, "claim", claim, claim_names(arena));
	if (!name_is_sound(name) || (friendly && !name_is_sound(friendly)))
		return "a name is 1 to 256 bytes without blanks and control characters";
	if (format && !attribute_format(format))
		return unknown(arena, "format", format, formats);
	if (text_equal(format, "uri") && !is_uri(name))
		return "a name of format uri is an absolute URI";
	return NULL;
}

const char *attributes_trouble(struct arena *arena, const json_t *declared)
{
	size_t i;
	json_t *line;

	if (!json_is_array(declared))
		return "attributes must be a list";
	if (json_array_size(declared) > LINES_MAX)
		return arena_print(arena, "attributes: at most %d lines", LINES_MAX);
	json_array_foreach (declared, i, line) {
		const char *trouble = !json_is_object(line) ? "must be an object"
				      : json_is_string(json_object_get(line, "preset"))
					      ? preset_trouble(arena, line)
					      : line_trouble(arena, line);

		if (trouble)
			return arena_print(arena, "attributes[%zu]: %s", i, trouble);
	}
	return NULL;
}
