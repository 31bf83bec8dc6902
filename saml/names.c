/* names.c: bindings (SAML Bindings 3) and formats of names (SAML Core 8.3): URIs and our words for them. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "saml/saml.h"

#define BINDINGS "urn:oasis:names:tc:SAML:2.0:bindings:"

static const char *const binding_uris[] = {
	[BINDING_NONE] = NULL,
	[BINDING_REDIRECT] = BINDINGS "HTTP-Redirect",
	[BINDING_POST] = BINDINGS "HTTP-POST",
	[BINDING_ARTIFACT] = BINDINGS "HTTP-Artifact",
	[BINDING_SOAP] = BINDINGS "SOAP",
	[BINDING_PAOS] = BINDINGS "PAOS",
};

static const struct {
	const char *uri, *word;
} formats[] = {
	[NAME_ID_UNSPECIFIED] = { "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "unspecified" },
	[NAME_ID_PERSISTENT] = { "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "persistent" },
	[NAME_ID_TRANSIENT] = { "urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "transient" },
	[NAME_ID_EMAIL] = { "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "email" },
};

char *sp_address(const struct work *work, const char *path, const char *connection_id)
{
	static const char place[] = "{connection}";
	const char *at = strstr(path, place);

	assert(at);
	return arena_print(work->arena, "%s%.*s%s%s", work->app->config->issuer, (int)(at - path), path,
			   connection_id, at + strlen(place));
}

const char *saml_binding_uri(enum saml_binding binding)
{
	assert((size_t)binding < COUNT(binding_uris));
	return binding_uris[binding];
}

enum saml_binding saml_binding_of(const char *uri)
{
	for (size_t i = 0; uri != NULL && i < COUNT(binding_uris); i++) {
		if (text_equal(binding_uris[i], uri))
			return (enum saml_binding)i;
	}
	return BINDING_NONE;
}

const char *name_id_uri(enum name_id_format format)
{
	assert((size_t)format < COUNT(formats));
	return formats[format].uri;
}

bool name_id_of(const char *uri, enum name_id_format *out)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		if (text_equal(formats[i].uri, uri)) {
			*out = (enum name_id_format)i;
			return true;
		}
	}
	return false;
}

const char *name_id_word(enum name_id_format format)
{
	assert((size_t)format < COUNT(formats));
	return formats[format].word;
}
