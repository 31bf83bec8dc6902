/* entity.c: parts of an EntityDescriptor (SAML Metadata 2.0 2.3, 2.4.1). */
#include "saml/entity.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "saml/reading.h"
#include "saml/tree.h"

#define X(text)      ((const xmlChar *)(text))
#define NS_ALGORITHM "urn:oasis:names:tc:SAML:metadata:algsupport"

xmlDoc *entity_new(struct entity_names *names)
{
	xmlDoc *document = xmlNewDoc(X("1.0"));
	xmlNode *entity = document ? xmlNewDocNode(document, NULL, X("EntityDescriptor"), NULL) : NULL;

	assert(entity); /* as an arena without memory */
	(void)xmlDocSetRootElement(document, entity);
	*names = (struct entity_names){ .metadata = xmlNewNs(entity, X(NS_METADATA), X("md")),
					.assertion = xmlNewNs(entity, X(NS_ASSERTION), X("saml")),
					.signature = xmlNewNs(entity, X(NS_SIGNATURE), X("ds")),
					.algorithm = xmlNewNs(entity, X(NS_ALGORITHM), X("alg")) };
	assert(names->metadata && names->assertion && names->signature && names->algorithm);
	xmlSetNs(entity, names->metadata);
	return document;
}

void entity_done(xmlDoc **document)
{
	xmlFreeDoc(*document);
}

xmlNode *entity_add(xmlNode *parent, xmlNs *ns, const char *name, const char *text)
{
	xmlNode *node = xmlNewTextChild(parent, ns, X(name), X(text));

	assert(node);
	return node;
}

void entity_set(xmlNode *node, const char *name, const char *value)
{
	xmlAttr *attribute = value ? xmlNewProp(node, X(name), X(value)) : NULL;

	assert(attribute || !value);
}

/* As long as the first of its certificates: those that keep a copy for years are the rule, and one that ended
 * by itself would lock a clinic out. */
static int64_t valid_until(const struct xml_key *keys, size_t count)
{
	int64_t until = keys[0].not_after;

	for (size_t i = 1; i < count; i++)
		if (keys[i].not_after < until)
			until = keys[i].not_after;
	return until;
}

void entity_head(struct work *work, xmlNode *entity, const char *version, const char *entity_id,
		 const struct xml_key *keys, size_t count)
{
	const char *digest = hex_encode(work->arena, sha256(work->arena, BYTES_OF(version)));

	entity_set(entity, "ID", arena_print(work->arena, "_%.40s", digest));
	entity_set(entity, "entityID", entity_id);
	entity_set(entity, "validUntil", clock_rfc3339(work->arena, valid_until(keys, count)));
	entity_set(entity, "cacheDuration", "PT1H");
}

void entity_algorithms(xmlNode *entity, const struct entity_names *names)
{
	xmlNode *extensions = entity_add(entity, names->metadata, "Extensions", NULL);

	for (const char *const *method = digest_methods; *method; method++)
		entity_set(entity_add(extensions, names->algorithm, "DigestMethod", NULL), "Algorithm",
			   *method);
	for (const char *const *method = signature_methods; *method; method++)
		entity_set(entity_add(extensions, names->algorithm, "SigningMethod", NULL), "Algorithm",
			   *method);
}

xmlNode *entity_key(xmlNode *role, const struct entity_names *names, const char *use, const char *certificate)
{
	xmlNode *descriptor = entity_add(role, names->metadata, "KeyDescriptor", NULL);
	xmlNode *info = entity_add(descriptor, names->signature, "KeyInfo", NULL);

	entity_set(descriptor, "use", use);
	entity_add(entity_add(info, names->signature, "X509Data", NULL), names->signature, "X509Certificate",
		   certificate);
	return descriptor;
}

const char *entity_text(struct arena *arena, xmlDoc *document)
{
	xmlChar *text = NULL;
	int size = 0;

	xmlDocDumpMemoryEnc(document, &text, &size, "UTF-8");
	assert(text && size > 0);
	const char *copy = arena_textn(arena, (const char *)text, (size_t)size);

	xmlFree(text);
	return copy;
}
