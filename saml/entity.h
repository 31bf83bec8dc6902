/* entity.h: our own metadata while it is written, as an identity provider (metadata.c) and as the service
 * provider of a connection (sp_metadata.c). For these two alone. */
#ifndef SAML_ENTITY_H
#define SAML_ENTITY_H

#include <libxml/tree.h>

#include "base/base.h"

struct arena;
struct work;
struct xml_key;

struct entity_names {
	xmlNs *metadata, *assertion, *signature, *algorithm;
};
/* A document with an empty EntityDescriptor. */
xmlDoc *entity_new(struct entity_names *names);
void entity_done(xmlDoc **document); /* for AUTO */
/* ID, entityID, validUntil, cacheDuration. version: all that the document is made of, so that all nodes write
 * the same bytes. */
void entity_head(struct work *work, xmlNode *entity, const char *version, const char *entity_id,
		 const struct xml_key *keys, size_t count);
/* What may be signed with, the best first. One that is not told so may sign with SHA-1, as the Shibboleth
 * service provider does (Metadata Profile for Algorithm Support 2.3, 2.4). */
void entity_algorithms(xmlNode *entity, const struct entity_names *names);
xmlNode *entity_add(xmlNode *parent, xmlNs *ns, const char *name, const char *text);
void entity_set(xmlNode *node, const char *name, const char *value); /* value NULL: nothing */
/* A KeyDescriptor. */
xmlNode *entity_key(xmlNode *role, const struct entity_names *names, const char *use,
		    const char *certificate);
const char *entity_text(struct arena *arena, xmlDoc *document);

#endif
