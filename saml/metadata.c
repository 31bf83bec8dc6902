/* metadata.c: our EntityDescriptor (SAML Metadata 2.0 2.3, 2.4). */
#include "saml/metadata.h"

#include <libxml/tree.h>
#include <pthread.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "saml/attribute_rows.h"
#include "saml/crypt.h"
#include "saml/entity.h"
#include "saml/paper.h"
#include "saml/saml.h"
#include "saml/tree.h"

enum { MAX_AGE = 900 };

/* --- the tree ---------------------------------------------------------------------------------------------
 */

static void add_keys(xmlNode *role, const struct entity_names *ns, const struct xml_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		entity_key(role, ns, "signing", keys[i].certificate);
}

/* In the order of the schema (Metadata 2.4.1, 2.4.2, 2.4.3); sso after the name formats. */
static const struct {
	const char *element, *path;
	enum saml_binding binding;
	bool indexed, after_formats;
} endpoints[] = {
	{ "ArtifactResolutionService", PATH_SAML_ARTIFACT, BINDING_SOAP, true, false },
	{ "SingleLogoutService", PATH_SAML_SLO, BINDING_REDIRECT, false, false },
	{ "SingleLogoutService", PATH_SAML_SLO, BINDING_POST, false, false },
	{ "SingleLogoutService", PATH_SAML_SLO_SOAP, BINDING_SOAP, false, false },
	{ "SingleSignOnService", PATH_SAML_SSO, BINDING_REDIRECT, false, true },
	{ "SingleSignOnService", PATH_SAML_SSO, BINDING_POST, false, true },
	{ "SingleSignOnService", PATH_SAML_ECP, BINDING_SOAP, false, true },
};

static void add_endpoints(struct work *work, xmlNode *role, const struct entity_names *ns, bool after_formats)
{
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		if (endpoints[i].after_formats != after_formats)
			continue;
		xmlNode *node = entity_add(role, ns->metadata, endpoints[i].element, NULL);

		entity_set(node, "Binding", saml_binding_uri(endpoints[i].binding));
		entity_set(node, "Location",
			   arena_print(work->arena, "%s%s", work->app->config->issuer, endpoints[i].path));
		if (endpoints[i].indexed) {
			entity_set(node, "index", "0");
			entity_set(node, "isDefault", "true");
		}
	}
}

static void add_formats(xmlNode *role, const struct entity_names *ns)
{
	static const enum name_id_format formats[] = { NAME_ID_PERSISTENT, NAME_ID_TRANSIENT, NAME_ID_EMAIL,
						       NAME_ID_UNSPECIFIED };

	for (size_t i = 0; i < COUNT(formats); i++)
		entity_add(role, ns->metadata, "NameIDFormat", name_id_uri(formats[i]));
}

/* What an app has that declared nothing. */
static void add_attributes(xmlNode *role, const struct entity_names *ns)
{
	for (const struct attribute_row *row = attribute_rows; row->preset; row++) {
		if (!text_equal(row->preset, PRESET_DEFAULT))
			continue;
		xmlNode *node = entity_add(role, ns->assertion, "Attribute", NULL);

		entity_set(node, "Name", row->name);
		entity_set(node, "NameFormat", row->format);
		entity_set(node, "FriendlyName", row->friendly_name);
	}
}

static void add_role(struct work *work, xmlNode *entity, const struct entity_names *ns,
		     const struct xml_key *keys, size_t count)
{
	xmlNode *role = entity_add(entity, ns->metadata, "IDPSSODescriptor", NULL);

	entity_set(role, "WantAuthnRequestsSigned", "false");
	entity_set(role, "protocolSupportEnumeration", NS_PROTOCOL);
	add_keys(role, ns, keys, count);
	add_endpoints(work, role, ns, false);
	add_formats(role, ns);
	add_endpoints(work, role, ns, true);
	add_attributes(role, ns);
}

static enum err build(struct work *work, const char *version, const struct xml_key *keys, size_t count,
		      const char **xml)
{
	struct entity_names ns;
	AUTO(entity_done) xmlDoc *document = entity_new(&ns);
	xmlNode *entity = xmlDocGetRootElement(document);

	entity_head(work, entity, version, paper_issuer(work), keys, count);
	entity_algorithms(entity, &ns);
	add_role(work, entity, &ns, keys, count);
	TRY(crypt_sign(work, entity, NULL));
	*xml = entity_text(work->arena, document);
	return OK;
}

/* --- kept ------------------------------------------------------------------------------------------------
 */

/* The last one built, for the whole process: it is the same for every thread, and named by all that it is
 * made of, so that it cannot be another one's. */
static struct {
	pthread_mutex_t lock;
	char *version, *xml, *etag;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	assert(copy);
	return copy;
}

static bool take_kept(struct work *work, const char *version, const char **xml, const char **etag)
{
	pthread_mutex_lock(&kept.lock);
	bool is_it = text_equal(kept.version, version);

	if (is_it) {
		*xml = arena_text(work->arena, kept.xml);
		*etag = arena_text(work->arena, kept.etag);
	}
	pthread_mutex_unlock(&kept.lock);
	return is_it;
}

static void keep(const char *version, const char *xml, const char *etag)
{
	pthread_mutex_lock(&kept.lock);
	free(kept.version);
	free(kept.xml);
	free(kept.etag);
	kept.version = copy_of(version);
	kept.xml = copy_of(xml);
	kept.etag = copy_of(etag);
	pthread_mutex_unlock(&kept.lock);
}

static char *version_of(struct work *work, const struct xml_key *keys, size_t count)
{
	char *version = arena_text(work->arena, work->app->config->issuer);

	for (size_t i = 0; i < count; i++)
		version = arena_print(work->arena, "%s %s", version, keys[i].kid);
	return version;
}

enum err metadata_document(struct work *work, const char **xml, const char **etag)
{
	const struct xml_key *keys;
	size_t count;

	TRY(xml_keys(work, &keys, &count));
	const char *version = version_of(work, keys, count);

	if (take_kept(work, version, xml, etag))
		return OK;
	TRY(build(work, version, keys, count, xml));
	*etag = base64url_encode(work->arena, sha256(work->arena, BYTES_OF(*xml)));
	keep(version, *xml, *etag);
	return OK;
}

enum err saml_metadata(struct request *rq)
{
	const char *xml, *etag;

	TRY(metadata_document(&rq->w, &xml, &etag));
	return respond_cached(rq, "application/samlmetadata+xml", xml, etag, MAX_AGE);
}
