/* sp_metadata.c: what we say about ourselves to the provider of a connection (SAML Metadata 2.4.4): one
 * entity for each connection, so that an assertion for one is for no other. */
#include "saml/sp.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "saml/crypt.h"
#include "saml/entity.h"
#include "saml/saml.h"
#include "saml/tree.h"
#include "store/snapshot.h"

#define MAX_AGE 900

/* What decrypt.c reads, the best first. */
static const char *const encryption_methods[] = { "http://www.w3.org/2009/xmlenc11#aes256-gcm",
						  "http://www.w3.org/2009/xmlenc11#aes128-gcm",
						  "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" };

/* ADFS encrypts to whoever has a key for it, with AES-CBC, and cannot be told otherwise: without a key it
 * sends what it signs in the clear, over TLS. */
static bool is_encrypted_to(const struct connection *connection)
{
	return !text_equal(connection->preset, "adfs") || connection->allow_legacy_encryption;
}

static void add_encryption_key(xmlNode *role, const struct entity_names *ns, const struct xml_key *key)
{
	xmlNode *descriptor = entity_key(role, ns, "encryption", key->certificate);

	for (size_t i = 0; i < COUNT(encryption_methods); i++)
		entity_set(entity_add(descriptor, ns->metadata, "EncryptionMethod", NULL), "Algorithm",
			   encryption_methods[i]);
}

/* Both keys may sign; what is encrypted comes to the active one, which we can open, and to the one before it.
 */
static void add_keys(xmlNode *role, const struct entity_names *ns, const struct connection *connection,
		     const struct xml_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		entity_key(role, ns, "signing", keys[i].certificate);
	if (is_encrypted_to(connection))
		add_encryption_key(role, ns, &keys[0]);
}

static xmlNode *add_endpoint(xmlNode *role, const struct entity_names *ns, const char *name,
			     enum saml_binding binding, const char *location)
{
	xmlNode *node = entity_add(role, ns->metadata, name, NULL);

	entity_set(node, "Binding", saml_binding_uri(binding));
	entity_set(node, "Location", location);
	return node;
}

static void add_endpoints(struct work *w, xmlNode *role, const struct entity_names *ns, const char *id)
{
	static const struct {
		enum saml_binding binding;
		const char *path;
	} logouts[] = { { BINDING_REDIRECT, PATH_SP_SLO },
			{ BINDING_POST, PATH_SP_SLO },
			{ BINDING_SOAP, PATH_SP_SLO_SOAP } };

	for (size_t i = 0; i < COUNT(logouts); i++)
		add_endpoint(role, ns, "SingleLogoutService", logouts[i].binding,
			     sp_address(w, logouts[i].path, id));
	xmlNode *acs = add_endpoint(role, ns, "AssertionConsumerService", BINDING_POST,
				    sp_address(w, PATH_SP_ACS, id));

	entity_set(acs, "index", "0");
	entity_set(acs, "isDefault", "true");
}

static const char *version_of(struct work *w, const struct connection *connection, const struct xml_key *keys,
			      size_t count)
{
	const char *version =
		arena_print(w->arena, "%s %d %d", sp_address(w, PATH_SP_METADATA, connection->id),
			    connection->sign_requests, is_encrypted_to(connection));

	for (size_t i = 0; i < count; i++)
		version = arena_print(w->arena, "%s %s", version, keys[i].kid);
	return version;
}

enum err sp_metadata_document(struct work *w, const struct connection *connection, const char **xml,
			      const char **etag)
{
	struct entity_names ns;
	AUTO(entity_done) xmlDoc *document = entity_new(&ns);
	xmlNode *entity = xmlDocGetRootElement(document);
	const struct xml_key *keys;
	size_t count;

	TRY(xml_keys(w, &keys, &count));
	entity_head(w, entity, version_of(w, connection, keys, count),
		    sp_address(w, PATH_SP_METADATA, connection->id), keys, count);
	entity_algorithms(entity, &ns);
	xmlNode *role = entity_add(entity, ns.metadata, "SPSSODescriptor", NULL);

	entity_set(role, "AuthnRequestsSigned", connection->sign_requests ? "true" : "false");
	entity_set(role, "WantAssertionsSigned", "true");
	entity_set(role, "protocolSupportEnumeration", NS_PROTOCOL);
	add_keys(role, &ns, connection, keys, count);
	add_endpoints(w, role, &ns, connection->id);
	TRY(crypt_sign(w, entity, NULL));
	*xml = entity_text(w->arena, document);
	*etag = base64url_encode(w->arena, sha256(w->arena, BYTES_OF(*xml)));
	return OK;
}

/* Also of a connection that is off, so that it can be set up before it is used. */
enum err saml_sp_metadata(struct request *rq)
{
	const struct connection *connection;
	const char *xml, *etag;

	TRY(sp_connection(rq, &connection));
	TRY(sp_metadata_document(&rq->w, connection, &xml, &etag));
	return respond_cached(rq, "application/samlmetadata+xml", xml, etag, MAX_AGE);
}
