/* tree.c: a libxml2 tree, read by namespace and type (XML Schema 2 for the types). */
#include "base/base.h"

#include <limits.h>

#include <libxml/parser.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/tree.h"

#define BLANKS " \t\r\n"

static void release_document(void *doc)
{
	xmlFreeDoc(doc);
}

/* The verdict is asked for; the words would go to stderr, with what the stranger sent in them. */
static void say_nothing(void *context, xmlErrorPtr error)
{
	(void)context;
	(void)error;
}

/* No NOENT, DTDLOAD, HUGE or RECOVER: entities stay what they are, and there are none. */
xmlDoc *tree_parse(struct arena *arena, struct bytes text)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();

	assert(parser != NULL && text.size <= INT_MAX);
	parser->sax->serror = say_nothing;
	xmlDoc *doc = xmlCtxtReadMemory(parser, (const char *)text.at, (int)text.size, NULL, NULL,
					XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	bool sound = doc != NULL && parser->wellFormed && parser->nsWellFormed && doc->intSubset == NULL &&
		     xmlDocGetRootElement(doc) != NULL;

	xmlFreeParserCtxt(parser);
	if (doc != NULL)
		arena_defer(arena, release_document, doc);
	return sound ? doc : NULL;
}

bool tree_is(const xmlNode *node, const char *namespace, const char *name)
{
	return node != NULL && node->type == XML_ELEMENT_NODE && node->ns != NULL &&
	       text_equal((const char *)node->ns->href, namespace) &&
	       text_equal((const char *)node->name, name);
}

static xmlNode *element_from(xmlNode *node)
{
	while (node != NULL && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

xmlNode *tree_first(const xmlNode *parent)
{
	return element_from(parent->children);
}

xmlNode *tree_next(const xmlNode *node)
{
	return element_from(node->next);
}

xmlNode *tree_child(const xmlNode *parent, const char *namespace, const char *name)
{
	xmlNode *node = tree_first(parent);

	while (node != NULL && !tree_is(node, namespace, name))
		node = tree_next(node);
	return node;
}

xmlNode *tree_following(const xmlNode *node)
{
	const char *namespace = (const char *)node->ns->href, *name = (const char *)node->name;
	xmlNode *next = tree_next(node);

	while (next != NULL && !tree_is(next, namespace, name))
		next = tree_next(next);
	return next;
}

xmlNode *tree_walk(const xmlNode *root, const xmlNode *node)
{
	xmlNode *next = tree_first(node);

	while (next == NULL && node != root) {
		next = tree_next(node);
		node = node->parent;
	}
	return next;
}

static bool is_blank_text(const xmlNode *node)
{
	const char *text = (const char *)node->content;

	return node->type == XML_TEXT_NODE && (text == NULL || text[strspn(text, BLANKS)] == '\0');
}

/* The slot at or behind `at` that takes this element; count: none, or one that must be filled lies between.
 */
static size_t slot_for(const xmlNode *node, const struct slot *slots, size_t at, size_t count)
{
	while (at < count && !tree_is(node, slots[at].namespace, slots[at].name)) {
		if (slots[at].count == SLOT_ONE)
			return count;
		at++;
	}
	return at;
}

static bool rest_may_lack(const struct slot *slots, size_t at, size_t count)
{
	while (at < count && slots[at].count != SLOT_ONE)
		at++;
	return at == count;
}

bool tree_sequence(const xmlNode *parent, const struct slot *slots, size_t count, xmlNode **found)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		found[i] = NULL;
	for (xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE) {
			if (!is_blank_text(node))
				return false;
			continue;
		}
		at = slot_for(node, slots, at, count);
		if (at == count)
			return false;
		if (found[at] == NULL)
			found[at] = node;
		at += slots[at].count != SLOT_ANY;
	}
	return rest_may_lack(slots, at, count);
}

const char *tree_text(struct arena *arena, const xmlNode *node)
{
	const xmlNode *text = node->children;

	if (text == NULL)
		return "";
	if (text->type != XML_TEXT_NODE || text->next != NULL || text->content == NULL)
		return NULL;
	return arena_text(arena, (const char *)text->content);
}

const char *tree_trimmed(struct arena *arena, const xmlNode *node)
{
	const char *text = tree_text(arena, node);

	if (text == NULL)
		return NULL;
	text += strspn(text, BLANKS);
	size_t size = strlen(text);

	while (size > 0 && strchr(BLANKS, text[size - 1]) != NULL)
		size--;
	return arena_textn(arena, text, size);
}

bool tree_base64(struct arena *arena, const xmlNode *node, struct bytes *out)
{
	const char *text = tree_text(arena, node);

	if (text == NULL)
		return false;
	char *packed = arena_array(arena, char, strlen(text) + 1);
	size_t size = 0;

	for (; *text != '\0'; text++) {
		if (strchr(BLANKS, *text) == NULL)
			packed[size++] = *text;
	}
	return base64_decode(arena, packed, size, out) && out->size > 0;
}

static const char *taken(struct arena *arena, xmlChar *value)
{
	const char *text = arena_text(arena, (const char *)value);

	xmlFree(value);
	return text;
}

/* xmlGetProp would take an attribute of any namespace. */
const char *tree_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
	return taken(arena, xmlGetNoNsProp(node, (const xmlChar *)name));
}

const char *tree_attribute_of(struct arena *arena, const xmlNode *node, const char *namespace,
			      const char *name)
{
	return taken(arena, xmlGetNsProp(node, (const xmlChar *)name, (const xmlChar *)namespace));
}

/* Exactly the four: a reader for which anything but "false" is true has been a hole more than once. */
bool tree_flag(struct arena *arena, const xmlNode *node, const char *name, bool *out)
{
	const char *value = tree_attribute(arena, node, name);

	if (value == NULL)
		return true;
	bool yes = text_equal(value, "true") || text_equal(value, "1");

	if (!yes && !text_equal(value, "false") && !text_equal(value, "0"))
		return false;
	*out = yes;
	return true;
}

bool tree_index(struct arena *arena, const xmlNode *node, const char *name, int64_t *out)
{
	const char *value = tree_attribute(arena, node, name);

	return value == NULL ||
	       (*value != '-' && strlen(value) <= 5 && text_to_int(value, 0, UINT16_MAX, out));
}

bool tree_time(struct arena *arena, const xmlNode *node, const char *name, int64_t *out)
{
	const char *value = tree_attribute(arena, node, name);

	if (value == NULL)
		return true;
	return strlen(value) > 10 && value[10] == 'T' && text_ends(value, "Z") &&
	       clock_parse(value, true, out) && *out > 0;
}
