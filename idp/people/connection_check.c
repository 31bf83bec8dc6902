/* connection_check.c: declared connections against the table of fields (store/connections.h), and what holds
 * between fields. What somebody is here is never taken from outside: such targets are refused by name
 * (security.md B12). */
#include "base/base.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "people/app_registry.h"
#include "people/change.h"
#include "people/claims.h"
#include "people/connection_check.h"
#include "people/email.h"
#include "people/mapping.h"
#include "store/connections.h"
#include "store/snapshot.h"

enum { TEXT_SIZE = 1024, LIST_SIZE = 50, XML_SIZE = 256 * 1024, SECRET_SIZE = 1024, NAME_SIZE = 200 };

struct checking {
	struct arena *arena;
	const struct practice *practice;
	const struct connection_field *field;
	bool development;
};

/* Visible, without control characters, in bounds. */
static bool is_plain(const char *text)
{
	size_t size = text ? strlen(text) : 0;

	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return size > 0 && size <= TEXT_SIZE && text[0] != ' ' && text[size - 1] != ' ' &&
	       text_is_utf8(text, size);
}

static bool is_domain(const char *text)
{
	return text && domain_is_sound(text);
}

static bool list_fits(const json_t *value, bool (*one)(const char *text))
{
	size_t size = json_array_size(value);

	if (!json_is_array(value) || size > LIST_SIZE)
		return false;
	for (size_t i = 0; i < size; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (!one(text))
			return false;
		for (size_t k = 0; k < i; k++)
			if (text_equal(text, json_string_value(json_array_get(value, k))))
				return false;
	}
	return true;
}

/* Between the two of the field's row, "5m 24h". */
static bool seconds_fit(const struct checking *c, const json_t *value)
{
	char **bounds = text_split(c->arena, c->field->words, ' ', NULL);
	int64_t seconds = json_is_integer(value) ? json_integer_value(value) : 0, least = 0, most = 0;

	if (json_is_string(value) && !text_to_duration(json_string_value(value), &seconds))
		return false;
	return text_to_duration(bounds[0], &least) && text_to_duration(bounds[1], &most) &&
	       seconds >= least && seconds <= most;
}

/* RFC 6749 A.2: visible ASCII. */
static bool secret_fits(const char *secret)
{
	size_t size = secret ? strlen(secret) : 0;

	for (size_t i = 0; i < size; i++)
		if (secret[i] < 0x20 || secret[i] > 0x7e)
			return false;
	return size > 0 && size <= SECRET_SIZE;
}

static bool date_fits(const char *text)
{
	int64_t seconds = 0;

	return text && strlen(text) == strlen("2027-01-31") && clock_parse(text, true, &seconds);
}

static bool xml_fits(const char *text)
{
	return text && *text && strlen(text) <= XML_SIZE;
}

static bool address_fits(const struct checking *c, const char *text)
{
	if (!redirect_uri_is_sound(text, "web", c->development))
		return false;
	/* OpenID Connect Discovery 3: an issuer has neither query nor fragment */
	return !text_equal(c->field->name, "issuer") || !strchr(text, '?');
}

static bool word_fits(const char *words, const char *text)
{
	return text && !strchr(text, ' ') && text_words_have(words, text);
}

static bool value_fits(const struct checking *c, const json_t *value)
{
	const char *text = json_string_value(value);

	switch (c->field->kind) {
	case CONNECTION_TEXT:
		return is_plain(text);
	case CONNECTION_ID:
		return text && text_is_slug(text);
	case CONNECTION_WORD:
		return word_fits(c->field->words, text);
	case CONNECTION_FLAG:
		return json_is_boolean(value);
	case CONNECTION_TEXTS:
		return list_fits(value, is_plain);
	case CONNECTION_DOMAINS:
		return list_fits(value, is_domain);
	case CONNECTION_ADDRESS:
		return address_fits(c, text);
	case CONNECTION_XML:
		return xml_fits(text);
	case CONNECTION_SECONDS:
		return seconds_fit(c, value);
	case CONNECTION_SECRET:
		return secret_fits(text);
	case CONNECTION_DATE:
		return date_fits(text);
	case CONNECTION_OBJECT:
		return json_is_object(value);
	case CONNECTION_MAPPING:
		return json_is_array(value);
	}
	return false;
}

/* NULL: what the field's row says. */
static const char *const expected_of[] = {
	[CONNECTION_TEXT] = "a plain text",
	[CONNECTION_ID] = "an id in lower-case letters, digits and -",
	[CONNECTION_WORD] = NULL,
	[CONNECTION_FLAG] = "true or false",
	[CONNECTION_TEXTS] = "a list of plain texts, each once",
	[CONNECTION_DOMAINS] = "a list of lower-case domain names, each once",
	[CONNECTION_ADDRESS] = "an https address without query and fragment",
	[CONNECTION_XML] = "XML text of at most 256 KB",
	[CONNECTION_SECONDS] = NULL,
	[CONNECTION_SECRET] = "visible ASCII, at most 1024 characters",
	[CONNECTION_DATE] = "a date such as 2027-01-31",
	[CONNECTION_OBJECT] = "an object",
	[CONNECTION_MAPPING] = "a list of rules",
};

static const char *value_expected(const struct checking *c, const json_t *value)
{
	const char *words = c->field->words, *expected = expected_of[c->field->kind];

	if (value_fits(c, value))
		return NULL;
	if (c->field->kind != CONNECTION_SECONDS)
		return expected ? expected : words;
	char **bounds = text_split(c->arena, words, ' ', NULL);

	return arena_print(c->arena, "%s to %s", bounds[0], bounds[1]);
}

static const char *provision_trouble(struct arena *arena, const json_t *value)
{
	static const char *const known[] = { "create", "update", "on_unmapped", NULL };
	const char *name = NULL;
	json_t *member = NULL;

	json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
		if (!text_list_has(known, name))
			return arena_print(arena, "provision.%s", field_unknown(arena, name, known));
		if (!text_equal(name, "on_unmapped")) {
			if (!json_is_boolean(member))
				return arena_print(arena, "provision.%s: expected: true or false", name);
		} else if (!json_is_string(member) ||
			   !text_list_has((const char *const[]){ "refuse", "hold", "default", NULL },
					  json_string_value(member))) {
			return "provision.on_unmapped: expected: refuse, hold or default";
		}
	}
	return NULL;
}

/* What tokens and assertions say by our own authority. */
static bool is_reserved(const char *target)
{
	static const char *const ours[] = { "role", "roles", "class", "tenant", "locations", "groups", NULL };

	return claims_reserved(target) || text_list_has(ours, target);
}

static const char *claims_trouble(struct arena *arena, const json_t *value)
{
	static const char *const known[] = { "email", "given_name", "family_name", NULL };
	const char *name = NULL;
	json_t *member = NULL;

	json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
		if (is_reserved(name))
			return arena_print(arena,
					   "claims.%s: reserved: who somebody is here is not taken from a "
					   "claim; class, roles and locations come by mapping",
					   text_bounded(arena, name, strlen(name), 64));
		if (!text_list_has(known, name))
			return arena_print(arena, "claims.%s", field_unknown(arena, name, known));
		if (!is_plain(json_string_value(member)))
			return arena_print(arena, "claims.%s: expected: the name of a claim", name);
	}
	return NULL;
}

/* Objects and rules have a language of their own. */
static const char *inner_trouble(const struct checking *c, const json_t *value)
{
	const char *name = c->field->name;
	const char *message = NULL;
	enum err err = OK;

	if (text_equal(name, "provision"))
		return provision_trouble(c->arena, value);
	if (text_equal(name, "claims"))
		return claims_trouble(c->arena, value);
	if (text_equal(name, "default_grant"))
		err = grant_check(c->arena, c->practice, value, &message);
	else if (text_equal(name, "mapping"))
		err = mapping_check(c->arena, c->practice, value, &message);
	return err == OK ? NULL : message;
}

static const struct connection_field *field_find(const char *name)
{
	for (const struct connection_field *field = connection_fields; field->name; field++)
		if (text_equal(field->name, name))
			return field;
	return NULL;
}

static const char *unknown(struct arena *arena, const char *name)
{
	const char *known[64] = { NULL };

	for (size_t i = 0; connection_fields[i].name && i < COUNT(known) - 1; i++)
		known[i] = connection_fields[i].name;
	return field_unknown(arena, name, known);
}

static const char *value_trouble(const struct checking *c, const json_t *value)
{
	const char *expected = json_is_null(value) ? NULL : value_expected(c, value);

	if (expected)
		return arena_print(c->arena, "%s: expected: %s", c->field->name, expected);
	return json_is_null(value) ? NULL : inner_trouble(c, value);
}

const char *connection_fields_trouble(struct arena *arena, const struct practice *practice,
				      const json_t *declared, bool development)
{
	struct checking c = { .arena = arena, .practice = practice, .development = development };
	const char *name = NULL;
	json_t *value = NULL;

	if (!json_is_object(declared))
		return "a connection is an object";
	json_object_foreach ((json_t *)(uintptr_t)declared, name, value) {
		c.field = field_find(name);
		const char *trouble = c.field ? value_trouble(&c, value) : unknown(arena, name);

		if (trouble)
			return trouble;
	}
	return NULL;
}

static const char *protocol_trouble(struct arena *arena, const json_t *whole, bool saml)
{
	const char *name = NULL;
	json_t *value = NULL;

	json_object_foreach ((json_t *)(uintptr_t)whole, name, value) {
		const struct connection_field *field = field_find(name);

		if (field && field->of == (saml ? CONNECTION_OF_OIDC : CONNECTION_OF_SAML))
			return arena_print(arena, "%s: only for protocol %s", name, saml ? "oidc" : "saml");
	}
	return NULL;
}

/* Entra's words for "any tenant": then anybody could make an account there (security.md B1). */
static const char *tid_trouble(const struct connection *c)
{
	static const char *const any[] = { "common", "organizations", "consumers", NULL };
	bool entra = text_equal(c->preset, "entra");

	if (entra && !c->tid)
		return "tid: preset entra needs the tenant's id";
	if (entra && text_list_has(any, c->tid))
		return "tid: the id of one tenant is expected";
	return c->tid && !entra ? "tid: only with preset entra" : NULL;
}

static const char *hd_trouble(const struct connection *c)
{
	bool google = text_equal(c->preset, "google");

	if (google && !c->hd)
		return "hd: preset google needs the hosted domain";
	if (c->hd && !domain_is_sound(c->hd))
		return "hd: a lower-case domain name is expected";
	return c->hd && !google ? "hd: only with preset google" : NULL;
}

static const char *oidc_trouble(const struct connection *c)
{
	const char *trouble = tid_trouble(c);

	if (!c->issuer)
		return "issuer: it is missing";
	if (!c->client_id)
		return "client_id: it is missing";
	if (!text_list_has(c->scopes, "openid"))
		return "scopes: openid is missing"; /* OpenID Connect Core 3.1.2.1 */
	return trouble ? trouble : hd_trouble(c);
}

static const char *saml_trouble(const struct connection *c)
{
	if (c->metadata && c->metadata_url)
		return "metadata_url: only one of metadata and metadata_url can be given";
	if (!c->metadata && !c->metadata_url)
		return "metadata: it is missing; give metadata, metadata_file or metadata_url";
	/* Core 8.3.8: another one at each sign-in names nobody */
	if (text_equal(c->name_id_format, "transient") && !c->subject_attribute)
		return "name_id_format: transient needs subject_attribute";
	return NULL;
}

const char *connection_sense_trouble(struct arena *arena, const json_t *whole)
{
	struct connection c;

	connection_fill(arena, (json_t *)(uintptr_t)whole, &c);
	if (!c.id)
		return "id: it is missing";
	if (!c.protocol)
		return "protocol: it is missing; oidc or saml is expected";
	/* pages of other practices may show it too */
	if (c.name && strlen(c.name) > NAME_SIZE)
		return "name: at most 200 bytes: it stands on a button";
	bool saml = text_equal(c.protocol, "saml");
	const char *trouble = protocol_trouble(arena, whole, saml);

	if (!trouble)
		trouble = saml ? saml_trouble(&c) : oidc_trouble(&c);
	if (!trouble && c.on_unmapped == UNMAPPED_DEFAULT && !c.default_grant)
		trouble = "default_grant: on_unmapped default needs it";
	return trouble;
}
