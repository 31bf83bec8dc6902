/* metadata.c: our EntityDescriptor (SAML Metadata 2.0 2.3, 2.4). */
#include "saml/metadata.h"

#include <libxml/tree.h>
#include <pthread.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "saml/attribute_rows.h"
#include "saml/crypt.h"
#include "saml/reading.h"
#include "saml/saml.h"

#define X(text)      ((const xmlChar *)(text))

#define NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_SIGNATURE "http://www.w3.org/2000/09/xmldsig#"
#define NS_ALGORITHM "urn:oasis:names:tc:SAML:metadata:algsupport"
#define PROTOCOL     "urn:oasis:names:tc:SAML:2.0:protocol"

enum { MAX_AGE = 900 };

/* --- the tree ---------------------------------------------------------------------------------------------
 */

struct names {
	xmlNs *metadata, *assertion, *signature, *algorithm;
};

static xmlNode *add(xmlNode *parent, xmlNs *ns, const char *name, const char *text)
{
	xmlNode *node = xmlNewTextChild(parent, ns, X(name), X(text));

	assert(node); /* as an arena without memory */
	return node;
}

static void set(xmlNode *node, const char *name, const char *value)
{
	xmlAttr *attribute = value ? xmlNewProp(node, X(name), X(value)) : NULL;

	assert(attribute || !value);
}

static void add_keys(xmlNode *role, const struct names *ns, const struct xml_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		xmlNode *descriptor = add(role, ns->metadata, "KeyDescriptor", NULL);
		xmlNode *info = add(descriptor, ns->signature, "KeyInfo", NULL);

		set(descriptor, "use", "signing");
		add(add(info, ns->signature, "X509Data", NULL), ns->signature, "X509Certificate",
		    keys[i].certificate);
	}
}

/* What apps may sign with, the best first (Metadata Profile for Algorithm Support 2.3, 2.4). One that is not
 * told so may sign with SHA-1, as the Shibboleth service provider does. */
static void add_algorithms(xmlNode *entity, const struct names *ns)
{
	xmlNode *extensions = add(entity, ns->metadata, "Extensions", NULL);

	for (const char *const *method = digest_methods; *method; method++)
		set(add(extensions, ns->algorithm, "DigestMethod", NULL), "Algorithm", *method);
	for (const char *const *method = signature_methods; *method; method++)
		set(add(extensions, ns->algorithm, "SigningMethod", NULL), "Algorithm", *method);
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

static void add_endpoints(struct work *work, xmlNode *role, const struct names *ns, bool after_formats)
{
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		if (endpoints[i].after_formats != after_formats)
			continue;
		xmlNode *node = add(role, ns->metadata, endpoints[i].element, NULL);

		set(node, "Binding", saml_binding_uri(endpoints[i].binding));
		set(node, "Location",
		    arena_print(work->arena, "%s%s", work->app->config->issuer, endpoints[i].path));
		if (endpoints[i].indexed) {
			set(node, "index", "0");
			set(node, "isDefault", "true");
		}
	}
}

static void add_formats(xmlNode *role, const struct names *ns)
{
	static const enum name_id_format formats[] = { NAME_ID_PERSISTENT, NAME_ID_TRANSIENT, NAME_ID_EMAIL,
						       NAME_ID_UNSPECIFIED };

	for (size_t i = 0; i < COUNT(formats); i++)
		add(role, ns->metadata, "NameIDFormat", name_id_uri(formats[i]));
}

/* What an app has that declared nothing. */
static void add_attributes(xmlNode *role, const struct names *ns)
{
	for (const struct attribute_row *row = attribute_rows; row->preset; row++) {
		if (!text_equal(row->preset, PRESET_DEFAULT))
			continue;
		xmlNode *node = add(role, ns->assertion, "Attribute", NULL);

		set(node, "Name", row->name);
		set(node, "NameFormat", row->format);
		set(node, "FriendlyName", row->friendly_name);
	}
}

static void add_role(struct work *work, xmlNode *entity, const struct names *ns, const struct xml_key *keys,
		     size_t count)
{
	xmlNode *role = add(entity, ns->metadata, "IDPSSODescriptor", NULL);

	set(role, "WantAuthnRequestsSigned", "false");
	set(role, "protocolSupportEnumeration", PROTOCOL);
	add_keys(role, ns, keys, count);
	add_endpoints(work, role, ns, false);
	add_formats(role, ns);
	add_endpoints(work, role, ns, true);
	add_attributes(role, ns);
}

/* An NCName that stands for the key set: all nodes write the same bytes. */
static char *id_of(struct work *work, const char *version)
{
	return arena_print(work->arena, "_%.40s",
			   hex_encode(work->arena, sha256(work->arena, BYTES_OF(version))));
}

static void document_done(xmlDoc **document)
{
	xmlFreeDoc(*document);
}

/* As long as the first of its certificates: apps that keep a copy for years are the rule, and one that ended
 * by itself would lock a clinic out. */
static int64_t valid_until(const struct xml_key *keys, size_t count)
{
	int64_t until = keys[0].not_after;

	for (size_t i = 1; i < count; i++)
		if (keys[i].not_after < until)
			until = keys[i].not_after;
	return until;
}

static enum err write_document(struct work *work, const char *version, const struct xml_key *keys,
			       size_t count, xmlDoc *document)
{
	xmlNode *entity = xmlNewDocNode(document, NULL, X("EntityDescriptor"), NULL);

	assert(entity);
	(void)xmlDocSetRootElement(document, entity);
	const struct names ns = { .metadata = xmlNewNs(entity, X(NS_METADATA), X("md")),
				  .assertion = xmlNewNs(entity, X(NS_ASSERTION), X("saml")),
				  .signature = xmlNewNs(entity, X(NS_SIGNATURE), X("ds")),
				  .algorithm = xmlNewNs(entity, X(NS_ALGORITHM), X("alg")) };

	assert(ns.metadata && ns.assertion && ns.signature && ns.algorithm);
	xmlSetNs(entity, ns.metadata);
	set(entity, "ID", id_of(work, version));
	set(entity, "entityID",
	    arena_print(work->arena, "%s%s", work->app->config->issuer, PATH_SAML_METADATA));
	set(entity, "validUntil", clock_rfc3339(work->arena, valid_until(keys, count)));
	set(entity, "cacheDuration", "PT1H");
	add_algorithms(entity, &ns);
	add_role(work, entity, &ns, keys, count);
	return crypt_sign(work, entity, NULL);
}

static enum err build(struct work *work, const char *version, const struct xml_key *keys, size_t count,
		      const char **xml)
{
	AUTO(document_done) xmlDoc *document = xmlNewDoc(X("1.0"));
	xmlChar *text = NULL;
	int size = 0;

	assert(document);
	TRY(write_document(work, version, keys, count, document));
	xmlDocDumpMemoryEnc(document, &text, &size, "UTF-8");
	assert(text && size > 0);
	*xml = arena_textn(work->arena, (const char *)text, (size_t)size);
	xmlFree(text);
	return OK;
}

/* --- kept -------------------------------------------------------------------------------------------------
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
