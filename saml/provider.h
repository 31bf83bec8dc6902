/* provider.h: what the metadata of a connection's identity provider says (SAML Metadata 2.0), read as
 * strictly as an app's (service.h).
 *
 * One EntityDescriptor, or the one that is meant in a list of several; one IDPSSODescriptor that speaks SAML
 * 2.0, with an address to sign on and a key for signatures: nothing can be imported that would leave answers
 * unchecked. Several keys count side by side, so that a provider can change its own. */
#ifndef SAML_PROVIDER_H
#define SAML_PROVIDER_H

#include "base/base.h"
#include "saml/service.h"

struct arena;
struct work;
struct connection;

struct provider {
	/* What both kinds of metadata have: entity id, name, validity, logout, certificates, formats. Its
	 * version is never that of an app, so that one text with both roles does not pool their keys. */
	struct service entity;
	const struct endpoint *sso;
	size_t sso_count;
	bool wants_requests_signed; /* WantAuthnRequestsSigned */
};

/* Of several, the first identity provider will do: to see whether what was fetched is metadata at all. */
#define PROVIDER_ANY ""

/* Reads it. entity_id: the one that is meant; NULL: there is only one. Else as service_read. */
enum err provider_read(struct arena *arena, const char *xml, size_t size, const char *entity_id, int64_t now,
		       bool development, struct provider *out, const char **trouble) MUST_USE;
/* Where it takes requests by this binding; NULL: nowhere. */
const struct endpoint *provider_sso(const struct provider *provider, enum saml_binding binding);

#endif
