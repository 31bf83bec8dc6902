/* tree.h: reading a parsed XML tree strictly. For the files of this room that read what comes in; no node
 * passes their doors.
 *
 * Texts are copies in the arena. The tree has neither entities, comments (but in metadata), CDATA nor
 * processing instructions: xml_scan ran before. */
#ifndef SAML_TREE_H
#define SAML_TREE_H

#include <libxml/tree.h>

#include "base/base.h"

struct arena;

#define NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define NS_MDUI      "urn:oasis:names:tc:SAML:metadata:ui"
#define NS_SIGNATURE "http://www.w3.org/2000/09/xmldsig#"
#define NS_EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define NS_SOAP      "http://schemas.xmlsoap.org/soap/envelope/"

/* NULL: libxml2 found it not well formed, or its namespaces. Released with the arena. */
xmlDoc *tree_parse(struct arena *arena, struct bytes text) MUST_USE;

bool tree_is(const xmlNode *node, const char *namespace, const char *name);
/* Element children. */
xmlNode *tree_first(const xmlNode *parent);
xmlNode *tree_next(const xmlNode *node);
xmlNode *tree_child(const xmlNode *parent, const char *namespace, const char *name); /* the first */
xmlNode *tree_following(const xmlNode *node); /* of the same name behind it */
/* The next element in the order of the text, within root. NULL: that was the last. */
xmlNode *tree_walk(const xmlNode *root, const xmlNode *node);

/* What may stand below an element, in the order of its schema. */
enum slot_count { SLOT_ONE, SLOT_MAYBE, SLOT_ANY };
struct slot {
	const char *namespace, *name;
	enum slot_count count;
};
/* The children are these and nothing else, with blanks between. found[i]: the first for slot i, or NULL. */
bool tree_sequence(const xmlNode *parent, const struct slot *slots, size_t count, xmlNode **found) MUST_USE;

/* The one text node; "" of an empty element; NULL when there is more than text, or text in pieces. */
const char *tree_text(struct arena *arena, const xmlNode *node);
/* The same without the blanks around it. */
const char *tree_trimmed(struct arena *arena, const xmlNode *node);
/* That text as base64, blanks anywhere. */
bool tree_base64(struct arena *arena, const xmlNode *node, struct bytes *out) MUST_USE;
/* An attribute without namespace, or with; NULL: not there. */
const char *tree_attribute(struct arena *arena, const xmlNode *node, const char *name);
const char *tree_attribute_of(struct arena *arena, const xmlNode *node, const char *namespace,
			      const char *name);

/* Typed (XML Schema 2). Missing: true, and *out stays. */
bool tree_flag(struct arena *arena, const xmlNode *node, const char *name, bool *out) MUST_USE;
bool tree_index(struct arena *arena, const xmlNode *node, const char *name, int64_t *out) MUST_USE;
/* xs:dateTime in UTC, with Z (SAML Core 1.3.3), after 1970 began: 0 is "not there" to those who ask. */
bool tree_time(struct arena *arena, const xmlNode *node, const char *name, int64_t *out) MUST_USE;

#endif
