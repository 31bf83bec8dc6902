/* envelope.c: the message inside of a SOAP 1.1 envelope (SAML Bindings 3.2.2, Profiles 4.2). */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/reading.h"
#include "saml/tree.h"

static void release_document(void *doc)
{
	xmlFreeDoc(doc);
}

/* We understand no header, so that none may ask for it (SOAP 1.1 4.2.3). */
static enum err check_headers(struct reading *r, const xmlNode *header)
{
	for (const xmlNode *node = tree_first(header); node != NULL; node = tree_next(node)) {
		const char *must = tree_attribute_of(r->work->arena, node, NS_SOAP, "mustUnderstand");

		if (must != NULL && !text_equal(must, "0") && !text_equal(must, "false"))
			return reading_refuse(r, WORD_SOAP_HEADER, "%s",
					      reading_told(r, (const char *)node->name));
	}
	return OK;
}

static enum err find_body(struct reading *r, const xmlNode *envelope, xmlNode **child)
{
	static const struct slot parts[] = {
		{ NS_SOAP, "Header", SLOT_MAYBE },
		{ NS_SOAP, "Body", SLOT_ONE },
	};
	xmlNode *found[COUNT(parts)];

	if (!tree_is(envelope, NS_SOAP, "Envelope") || !tree_sequence(envelope, parts, COUNT(parts), found))
		return reading_refuse(r, WORD_SOAP_ENVELOPE, "root %s",
				      reading_told(r, (const char *)envelope->name));
	if (found[0] != NULL)
		TRY(check_headers(r, found[0]));
	*child = tree_first(found[1]);
	if (*child == NULL || tree_next(*child) != NULL)
		return reading_refuse(r, WORD_SOAP_ENVELOPE, "%s in the body",
				      *child ? "several elements" : "nothing");
	return OK;
}

/* Copying takes along the namespaces that were declared on the envelope; exclusive canonicalization, the only
 * one accepted, gives the same bytes for the copy. */
static xmlDoc *document_of(struct arena *arena, xmlNode *element)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");

	assert(doc != NULL);
	arena_defer(arena, release_document, doc);
	xmlNode *copy = xmlDocCopyNode(element, doc, 1);

	assert(copy != NULL);
	(void)xmlDocSetRootElement(doc, copy); /* the root before: none */
	return doc;
}

enum err envelope_open(struct reading *r, const xmlDoc *doc, struct bytes *text)
{
	struct arena *arena = r->work->arena;
	xmlChar *written = NULL;
	xmlNode *child = NULL;
	int size = 0;

	TRY(find_body(r, xmlDocGetRootElement(doc), &child));
	xmlDoc *message = document_of(arena, child);

	xmlDocDumpFormatMemoryEnc(message, &written, &size, "UTF-8", 0);
	assert(written != NULL && size > 0);
	*text = arena_bytes(arena, (struct bytes){ written, (size_t)size });
	xmlFree(written);
	r->root = xmlDocGetRootElement(message);
	return OK;
}
