/* structure.c: what all messages of SAML 2.0 share (Core 3.2.1, 3.2.2): who, which, when, where to. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/reading.h"
#include "saml/tree.h"

#define ENTITY_FORMAT "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
#define ENTITY_MAX    1024 /* Core 8.3.6 */
#define ID_MIN        16
#define ID_MAX        256

/* Printable and without blanks: it is looked up, logged and shown. */
static bool is_entity_id(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= ENTITY_MAX &&
	       text[strcspn(text, " \t\r\n")] == '\0';
}

/* The default format and no qualifiers (Core 8.3.6, Profiles 4.1.4.1). */
enum err structure_issuer(struct reading *r)
{
	static const char *const qualifiers[] = { "NameQualifier", "SPNameQualifier", "SPProvidedID" };
	struct arena *arena = r->work->arena;
	const xmlNode *issuer = tree_first(r->root);

	if (!tree_is(issuer, NS_ASSERTION, "Issuer"))
		return reading_refuse(r, WORD_ISSUER, "not the first element");
	const char *text = tree_text(arena, issuer), *format = tree_attribute(arena, issuer, "Format");

	if (!is_entity_id(text))
		return reading_refuse(r, WORD_ISSUER, "%s", reading_told(r, text));
	if (format != NULL && !text_equal(format, ENTITY_FORMAT))
		return reading_refuse(r, WORD_ISSUER, "format %s", reading_told(r, format));
	for (size_t i = 0; i < COUNT(qualifiers); i++) {
		if (tree_attribute(arena, issuer, qualifiers[i]) != NULL)
			return reading_refuse(r, WORD_ISSUER, "has a %s", qualifiers[i]);
	}
	r->out->issuer = text;
	return OK;
}

static bool is_name(const char *text)
{
	size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return text[size] == '\0' && size >= ID_MIN && size <= ID_MAX &&
	       strchr("0123456789.-", *text) == NULL;
}

enum err structure_identity(struct reading *r)
{
	const char *id = tree_attribute(r->work->arena, r->root, "ID");
	const char *version = tree_attribute(r->work->arena, r->root, "Version");

	if (!text_equal(version, "2.0"))
		return reading_refuse(r, WORD_VERSION, "%s", reading_told(r, version));
	if (id == NULL || !is_name(id))
		return reading_refuse(r, WORD_ID, "%s", reading_told(r, id));
	r->out->id = id;
	return OK;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Attributes that some library takes for an ID: ID, Id, id, xml:id, wsu:Id. */
static size_t collect_ids(struct reading *r, const char **ids, size_t room)
{
	size_t count = 0;

	for (const xmlNode *node = r->root; node != NULL; node = tree_walk(r->root, node)) {
		for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
			if (!text_equal_nocase((const char *)attribute->name, "id"))
				continue;
			const xmlNode *text = attribute->children;

			assert(count < room);
			ids[count++] = text && text->content ? (const char *)text->content : "";
		}
	}
	return count;
}

static size_t count_attributes(const xmlNode *root)
{
	size_t count = 0;

	for (const xmlNode *node = root; node != NULL; node = tree_walk(root, node)) {
		for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
			count++;
	}
	return count;
}

/* With two of one ID, which one a signature means depends on who looks it up. */
enum err structure_ids(struct reading *r)
{
	size_t room = count_attributes(r->root);
	const char **ids = arena_array(r->work->arena, const char *, room + 1);
	size_t count = collect_ids(r, ids, room);

	qsort(ids, count, sizeof(*ids), compare_texts);
	for (size_t i = 1; i < count; i++) {
		if (text_equal(ids[i - 1], ids[i]))
			return reading_refuse(r, WORD_ID_REPEATED, "%s", reading_told(r, ids[i]));
	}
	return OK;
}

/* At most one Signature in the whole message, in its place, and nothing that could be taken for an answer. */
static enum err find_signature(struct reading *r)
{
	size_t signatures = 0;

	for (const xmlNode *node = r->root; node != NULL; node = tree_walk(r->root, node)) {
		if (tree_is(node, NS_ASSERTION, "Assertion") ||
		    tree_is(node, NS_ASSERTION, "EncryptedAssertion"))
			return reading_refuse(r, WORD_ASSERTION_UNEXPECTED, "%s", (const char *)node->name);
		signatures += tree_is(node, NS_SIGNATURE, "Signature");
	}
	if (signatures == 0)
		return OK;
	if (signatures > 1)
		return reading_refuse(r, WORD_SIGNATURE_TWICE, "%zu", signatures);
	r->signature = tree_next(tree_first(r->root));
	if (!tree_is(r->signature, NS_SIGNATURE, "Signature"))
		return reading_refuse(r, WORD_SIGNATURE_PLACE, "not behind the Issuer");
	if (r->out->binding == BINDING_REDIRECT)
		return reading_refuse(r, WORD_SIGNATURE_EMBEDDED, "Bindings 3.4.4.1");
	r->out->has_signature = true;
	return signature_check(r);
}

static enum err check_time(struct reading *r)
{
	int64_t now = r->work->now, at = INT64_MIN;

	if (!tree_time(r->work->arena, r->root, "IssueInstant", &at) || at == INT64_MIN)
		return reading_refuse(
			r, WORD_ISSUE_INSTANT, "%s",
			reading_told(r, tree_attribute(r->work->arena, r->root, "IssueInstant")));
	r->out->issue_instant = at;
	if (at > now + SAML_SKEW)
		return reading_refuse(r, WORD_FUTURE, "%" PRId64 " s ahead of our clock", at - now);
	if (at < now - SAML_REQUEST_LIFETIME - SAML_SKEW)
		return reading_refuse(r, WORD_STALE, "%" PRId64 " s old", now - at);
	return OK;
}

/* Bindings 3.4.5.2, 3.5.5.2: a signed message names its address, or it could be sent on to another one. */
static enum err check_destination(struct reading *r)
{
	bool by_browser = r->out->binding == BINDING_REDIRECT || r->out->binding == BINDING_POST;
	const char *destination = tree_attribute(r->work->arena, r->root, "Destination");

	r->out->destination = destination;
	if (destination == NULL)
		return by_browser && r->out->has_signature
			       ? reading_refuse(r, WORD_DESTINATION_MISSING, "signed")
			       : OK;
	/* an answer on a connection of ours came to no address */
	if (r->arrival->address && !text_equal(destination, r->arrival->address))
		return reading_refuse(r, WORD_DESTINATION, "%s came to %s", reading_told(r, destination),
				      r->arrival->address);
	return OK;
}

enum err structure_check(struct reading *r)
{
	TRY(structure_issuer(r));
	TRY(structure_identity(r));
	TRY(structure_ids(r));
	TRY(find_signature(r));
	TRY(check_time(r));
	return check_destination(r);
}
