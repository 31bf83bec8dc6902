/* app_check.c: declared apps against the table of fields (store/apps.h), and what holds between fields
 * (RFC 7591 2, OpenID Connect Registration, RFC 9700 2.1). */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose.h"
#include "people/app_check.h"
#include "people/app_registry.h"
#include "people/change.h"
#include "people/claims.h"
#include "store/apps.h"
#include "store/snapshot.h"

struct checking {
	struct arena *arena;
	const struct app_field *field;
	const char *application_type;
	bool development;
};

/* Is one text of a list, or the one text, what the field's kind asks for? NULL, or what is expected. */
static const char *word_trouble(const struct checking *c, const char *text)
{
	return text && text_words_have(c->field->words, text) && !strchr(text, ' ') ? NULL : c->field->words;
}

static const char *slug_trouble(UNUSED const struct checking *c, const char *text)
{
	return text && text_is_slug(text) ? NULL : "ids in lower-case letters, digits and -";
}

static const char *claim_trouble(UNUSED const struct checking *c, const char *text)
{
	return text && claim_is_released(text) ? NULL : "names of claims that are released here";
}

static const char *redirect_trouble(const struct checking *c, const char *text)
{
	return text && redirect_uri_is_sound(text, c->application_type, c->development)
		       ? NULL
		       : "https addresses in lower-case host names, without user, wildcard, fragment or dot "
			 "segments (http for loopback alone)";
}

/* RFC 8707 2: absolute, without fragment. */
static const char *resource_trouble(UNUSED const struct checking *c, const char *text)
{
	size_t scheme = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") : 0;

	for (const char *at = text; at && *at; at++)
		if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f || strchr("#\"<>\\", *at))
			return "absolute URIs without fragment";
	return scheme > 0 && text[scheme] == ':' && text[scheme + 1] && strlen(text) <= 2048
		       ? NULL
		       : "absolute URIs without fragment";
}

/* SAML Core 8.3.6: a URI of at most 1024 characters; any, since people who made it could choose any. */
static bool entity_fits(const struct checking *c, const char *text)
{
	size_t size = text ? strlen(text) : 0;
	size_t scheme = text ? strcspn(text, ":/?#") : 0;

	for (size_t i = 0; i < size; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f || strchr("\"<>\\^`{|}", text[i]))
			return false;
	return size <= (size_t)c->field->max && scheme > 0 && text[scheme] == ':' && text[scheme + 1];
}

static bool xml_fits(const struct checking *c, const char *text)
{
	return text && *text && strlen(text) <= (size_t)c->field->max;
}

static const char *objects_trouble(const struct checking *c, const json_t *value)
{
	size_t size = json_array_size(value);
	bool fits = json_is_array(value) && size >= (size_t)c->field->min && size <= (size_t)c->field->max;

	for (size_t i = 0; fits && i < size; i++)
		fits = json_is_object(json_array_get(value, i));
	return fits ? NULL : "a list of { preset } and { claim, name }";
}

static const char *list_trouble(const struct checking *c, const json_t *value,
				const char *(*one)(const struct checking *c, const char *text))
{
	size_t size = json_array_size(value);

	if (!json_is_array(value) || size < (size_t)c->field->min || size > (size_t)c->field->max)
		return arena_print(c->arena, "a list of %" PRId64 " to %" PRId64 " texts", c->field->min,
				   c->field->max);
	for (size_t i = 0; i < size; i++) {
		const char *text = json_string_value(json_array_get(value, i));
		const char *expected = one(c, text);

		if (expected)
			return expected;
		for (size_t k = 0; k < i; k++)
			if (text_equal(text, json_string_value(json_array_get(value, k))))
				return "each text only once";
	}
	return NULL;
}

static bool text_fits(const struct checking *c, const char *text)
{
	static const char id[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
	size_t size = text ? strlen(text) : 0;

	if (!text || size < (size_t)c->field->min || size > (size_t)c->field->max)
		return false;
	return c->field->kind == APP_ID ? strspn(text, id) == size : name_is_fine(text);
}

static bool seconds_fit(const struct checking *c, const json_t *value)
{
	int64_t seconds = 0;

	if (json_is_integer(value))
		seconds = json_integer_value(value);
	else if (!json_is_string(value) || !text_to_duration(json_string_value(value), &seconds))
		return false;
	return seconds >= c->field->min && seconds <= c->field->max;
}

/* A private or symmetric part in a published set is a leak, not a key (RFC 7591 2). */
static bool key_is_public(const json_t *key)
{
	static const char *const secrets[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k", NULL };

	for (const char *const *name = secrets; *name; name++)
		if (json_object_get(key, *name))
			return false;
	return json_is_object(key);
}

static bool keys_fit(const struct checking *c, const json_t *value)
{
	const json_t *keys = json_object_get(value, "keys");

	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *key = json_array_get(keys, i);

		if (!key_is_public(key))
			return false;
		const char *text = json_text(c->arena, key);
		struct jose_key *read = jose_key_read(text, strlen(text));

		if (!read)
			return false;
		jose_key_free(read);
	}
	return json_array_size(keys) >= 1 && json_array_size(keys) <= 20;
}

static const char *value_trouble(const struct checking *c, const json_t *value)
{
	switch (c->field->kind) {
	case APP_TEXT:
	case APP_ID:
		return text_fits(c, json_string_value(value)) ? NULL : "a plain text of acceptable length";
	case APP_ENTITY:
		return entity_fits(c, json_string_value(value)) ? NULL : "an absolute URI in visible ASCII";
	case APP_XML:
		return xml_fits(c, json_string_value(value)) ? NULL : "XML text of at most 256 KB";
	case APP_ATTRIBUTES:
		return objects_trouble(c, value);
	case APP_WORD:
		return word_trouble(c, json_string_value(value));
	case APP_WORDS:
		return list_trouble(c, value, word_trouble);
	case APP_SLUGS:
		return list_trouble(c, value, slug_trouble);
	case APP_CLAIMS:
		return list_trouble(c, value, claim_trouble);
	case APP_REDIRECTS:
		return list_trouble(c, value, redirect_trouble);
	case APP_RESOURCES:
		return list_trouble(c, value, resource_trouble);
	case APP_ADDRESS:
		return json_is_string(value) &&
				       redirect_uri_is_sound(json_string_value(value), "web", c->development)
			       ? NULL
			       : "an https address without fragment";
	case APP_FLAG:
		return json_is_boolean(value) ? NULL : "true or false";
	case APP_SECONDS:
		return seconds_fit(c, value) ? NULL
					     : arena_print(c->arena, "%" PRId64 " to %" PRId64 " seconds",
							   c->field->min, c->field->max);
	case APP_KEYS:
		return keys_fit(c, value) ? NULL : "a JWK Set of public RSA or EC signing keys";
	}
	return "another kind of value";
}

static const struct app_field *field_find(const char *name)
{
	for (const struct app_field *field = app_fields; field->name; field++)
		if (text_equal(field->name, name))
			return field;
	return NULL;
}

static const char *unknown(struct arena *arena, const char *name)
{
	const char *known[64] = { NULL };

	for (size_t i = 0; app_fields[i].name && i < COUNT(known) - 1; i++)
		known[i] = app_fields[i].name;
	return field_unknown(arena, name, known);
}

const char *app_fields_trouble(struct arena *arena, const json_t *declared, bool development)
{
	struct checking c = { .arena = arena,
			      .application_type = json_get_text(declared, "application_type"),
			      .development = development };
	const char *name = NULL;
	json_t *value = NULL;

	if (!json_is_object(declared))
		return "an app is an object";
	json_object_foreach ((json_t *)(uintptr_t)declared, name, value) {
		c.field = field_find(name);
		if (!c.field)
			return unknown(arena, name);
		const char *expected = json_is_null(value) ? NULL : value_trouble(&c, value);

		if (expected)
			return arena_print(arena, "%s: expected: %s", name, expected);
	}
	return NULL;
}

const char *app_type_trouble(struct arena *arena, const json_t *whole)
{
	enum app_type type = app_type_of(whole);
	const char *name = NULL;
	json_t *value = NULL;

	json_object_foreach ((json_t *)(uintptr_t)whole, name, value) {
		const struct app_field *field = field_find(name);

		if (field && !(field->of & type))
			return arena_print(arena, "%s: only for type %s", name, app_type_word(field->of));
	}
	return NULL;
}

static size_t origin_size(const char *uri)
{
	const char *authority = strstr(uri, "://");

	return authority ? (size_t)(authority - uri) + 3 + strcspn(authority + 3, "/?") : 0;
}

/* OpenID Connect Front-Channel Logout 1.0 2: scheme, host and port are those of a redirect address. */
static bool has_origin(const char *const *uris, const char *uri)
{
	size_t size = origin_size(uri);

	for (; uris && *uris; uris++)
		if (size && origin_size(*uris) == size && memcmp(*uris, uri, size) == 0)
			return true;
	return false;
}

static const char *authentication_trouble(const struct client *app)
{
	if (app->jwks && app->jwks_uri)
		return "jwks: only one of jwks and jwks_uri can be given"; /* RFC 7591 2 */
	if (text_equal(app->token_endpoint_auth_method, "private_key_jwt"))
		return app->jwks || app->jwks_uri ? NULL : "jwks: private_key_jwt needs jwks or jwks_uri";
	if (!text_equal(app->token_endpoint_auth_method, "none"))
		return NULL;
	if (text_list_has(app->grant_types, "client_credentials"))
		return "grant_types: client_credentials needs an app that authenticates"; /* RFC 6749 4.4 */
	return app->require_pkce
		       ? NULL
		       : "require_pkce: an app that does not authenticate needs PKCE"; /* RFC 9700 2.1.1 */
}

static const char *saml_sense_trouble(const struct client *app, size_t practices)
{
	/* a person of each could have it: SAML Core 8.3.2 leaves it to us whom it names */
	if (practices > 1 && text_equal(app->saml.name_id_format, "email"))
		return "name_id_format: an address names nobody for sure in an app of several practices; use "
		       "persistent";
	if (app->saml.metadata && app->saml.metadata_url)
		return "metadata_url: only one of metadata and metadata_url can be given";
	return app->saml.metadata || app->saml.metadata_url
		       ? NULL
		       : "metadata: it is missing; give metadata, metadata_file or metadata_url";
}

static const char *oidc_sense_trouble(const struct client *app)
{
	bool codes = text_list_has(app->grant_types, "authorization_code");

	if (codes && (!app->redirect_uris || !app->redirect_uris[0]))
		return "redirect_uris: authorization_code needs at least one";
	if (!codes && text_list_has(app->grant_types, "refresh_token"))
		return "grant_types: refresh_token needs authorization_code";
	if (app->frontchannel_logout_uri && !has_origin(app->redirect_uris, app->frontchannel_logout_uri))
		return "frontchannel_logout_uri: it is on another origin than the redirect addresses";
	return authentication_trouble(app);
}

const char *app_sense_trouble(struct arena *arena, const json_t *whole)
{
	struct client app = { 0 };
	bool saml = app_type_of(whole) == APP_OF_SAML;

	client_fill(arena, whole, &app);
	if (!app_declared_id(whole))
		return saml ? "entity_id: it is missing" : "client_id: it is missing";
	if (!json_get_text(whole, "name"))
		return "name: it is missing";
	if (!json_array_size(json_object_get(whole, "practices")))
		return "practices: which practices does it serve?";
	return saml ? saml_sense_trouble(&app, json_array_size(json_object_get(whole, "practices")))
		    : oidc_sense_trouble(&app);
}
