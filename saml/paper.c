/* paper.c: nodes, signature, text (SAML Core 5, XML Signature 1.1). */
#include "saml/paper.h"

#include <lasso/lasso.h>
#include <lasso/key.h>
#include <lasso/xml/saml-2.0/samlp2_status_response.h>
#include <xmlsec/strings.h>
#include <xmlsec/xmltree.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/text.h"
#include "keys/secret.h"
#include "saml/desk.h"

static const char status_uri[] = "urn:oasis:names:tc:SAML:2.0:status:";

void node_done(LassoNode **node)
{
	if (*node)
		g_object_unref(*node);
}

void tree_done(xmlNode **tree)
{
	if (*tree)
		xmlFreeNode(*tree);
}

/* --- texts ------------------------------------------------------------------------------------------- */

char *paper_id(struct arena *arena)
{
	uint8_t random[20];

	random_bytes(random, sizeof(random));
	return arena_print(arena, "_%s", hex_encode(arena, (struct bytes){ random, sizeof(random) }));
}

char *paper_issuer(struct work *work)
{
	return arena_print(work->arena, "%s" PATH_SAML_METADATA, work->app->config->issuer);
}

static bool is_char(uint32_t c)
{
	return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) ||
	       (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

bool paper_carries(const char *text)
{
	size_t left = text ? strlen(text) : 0;

	while (left > 0) {
		uint32_t c = 0;
		size_t length = text_char(text, left, &c);

		if (length == 0 || !is_char(c))
			return false;
		text += length;
		left -= length;
	}
	return true;
}

/* --- nodes ------------------------------------------------------------------------------------------- */

LassoSaml2NameID *paper_issuer_node(struct work *work, const char *by)
{
	LassoSaml2NameID *issuer = g_object_new(LASSO_TYPE_SAML2_NAME_ID, NULL);

	issuer->content = g_strdup(by ? by : paper_issuer(work));
	return issuer;
}

LassoSaml2NameID *paper_name_id(struct work *work, const struct saml_name_id *name_id)
{
	LassoSaml2NameID *node = g_object_new(LASSO_TYPE_SAML2_NAME_ID, NULL);

	node->content = g_strdup(name_id->value);
	node->Format = g_strdup(name_id_uri(name_id->format));
	/* A persistent name is one of ours (Core 8.3.7); elsewhere the qualifier would say nothing. */
	if (name_id->format == NAME_ID_PERSISTENT)
		node->NameQualifier = g_strdup(paper_issuer(work));
	node->SPNameQualifier = g_strdup(name_id->sp_name_qualifier);
	return node;
}

static LassoSamlp2StatusCode *status_code(const char *word)
{
	LassoSamlp2StatusCode *code = g_object_new(LASSO_TYPE_SAMLP2_STATUS_CODE, NULL);

	code->Value = g_strconcat(status_uri, word, NULL);
	return code;
}

LassoSamlp2Status *paper_status(const char *status, const char *sub_status, const char *message)
{
	LassoSamlp2Status *node = g_object_new(LASSO_TYPE_SAMLP2_STATUS, NULL);

	node->StatusCode = status_code(status);
	if (sub_status)
		node->StatusCode->StatusCode = status_code(sub_status);
	node->StatusMessage = g_strdup(message);
	return node;
}

void paper_head_response(struct work *work, LassoSamlp2StatusResponse *response, const char *in_response_to,
			 const char *destination)
{
	response->ID = g_strdup(paper_id(work->arena));
	response->Version = g_strdup("2.0");
	response->IssueInstant = g_strdup(clock_rfc3339(work->arena, work->now));
	response->Issuer = paper_issuer_node(work, NULL);
	response->InResponseTo = g_strdup(in_response_to);
	response->Destination = g_strdup(destination);
}

/* --- trees ------------------------------------------------------------------------------------------- */

enum err paper_tree(struct work *work, LassoNode *node, xmlNode **out)
{
	*out = lasso_node_get_xmlNode(node, FALSE);
	return *out ? OK : fault(work, ERR_INTERNAL, "lasso cannot write a %s", lasso_node_get_name(node));
}

/* An empty Signature behind the Issuer, where the schema wants it: lasso puts its own in its place, and would
 * put it last otherwise. */
static bool sign_place(xmlNode *tree)
{
	xmlNode *issuer = xmlFirstElementChild(tree);
	xmlNode *place = xmlNewNode(NULL, xmlSecNodeSignature);

	if (!issuer || !xmlStrEqual(issuer->name, BAD_CAST "Issuer") || !place) {
		xmlFreeNode(place);
		return false;
	}
	xmlSetNs(place, xmlNewNs(place, xmlSecDSigNs, NULL));
	return xmlAddNextSibling(issuer, place) != NULL;
}

/* What stands in KeyInfo is outside of what is signed (XML Signature 4.5), so it is written afterwards: the
 * certificate instead of the key's numbers, which is what apps look for. */
static bool sign_key_info(xmlNode *tree, const char *certificate)
{
	xmlNode *signature = xmlSecFindChild(tree, xmlSecNodeSignature, xmlSecDSigNs);
	xmlNode *info = signature ? xmlSecFindChild(signature, xmlSecNodeKeyInfo, xmlSecDSigNs) : NULL;

	if (!info)
		return false;
	while (info->children) {
		xmlNode *child = info->children;

		xmlUnlinkNode(child);
		xmlFreeNode(child);
	}

	xmlNode *data = xmlNewChild(info, info->ns, xmlSecNodeX509Data, NULL);

	return data && xmlNewTextChild(data, info->ns, xmlSecNodeX509Certificate, BAD_CAST certificate);
}

enum err paper_sign(struct work *work, const struct signer *signer, xmlNode *tree)
{
	assert(!tree->parent && !tree->doc); /* a tree of its own: lasso moves it about */

	xmlChar *id = xmlGetNoNsProp(tree, BAD_CAST "ID");
	bool is_signed = id && sign_place(tree) &&
			 lasso_key_saml2_xml_sign(signer->key, (const char *)id, tree) == tree &&
			 sign_key_info(tree, signer->certificate);

	xmlFree(id);
	if (!is_signed)
		return fault(work, ERR_INTERNAL, "lasso cannot sign a %s", (const char *)tree->name);
	return OK;
}

enum err paper_read(struct work *work, const char *xml, xmlNode **out)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NODICT);
	xmlNode *root = doc && !doc->intSubset ? xmlDocGetRootElement(doc) : NULL;

	*out = root ? xmlCopyNode(root, 1) : NULL;
	xmlFreeDoc(doc);
	if (!*out)
		return fault(work, ERR_INTERNAL, "a message of ours cannot be read again");
	return OK;
}

const char *paper_text(struct arena *arena, xmlNode *tree)
{
	xmlOutputBuffer *out = xmlAllocOutputBuffer(NULL);

	if (!out)
		abort(); /* as an arena without memory does */
	xmlNodeDumpOutput(out, NULL, tree, 0, 0, "UTF-8");

	const char *text =
		arena_textn(arena, (const char *)xmlOutputBufferGetContent(out), xmlOutputBufferGetSize(out));

	(void)xmlOutputBufferClose(out); /* nothing to flush: it is memory */
	return text;
}

xmlNode *paper_envelope(xmlNode *header, xmlNode *content)
{
	xmlNode *envelope = xmlNewNode(NULL, BAD_CAST "Envelope");
	xmlNs *soap = xmlNewNs(envelope, BAD_CAST LASSO_SOAP_ENV_HREF, BAD_CAST "soap11");

	xmlSetNs(envelope, soap);
	if (header)
		xmlAddChild(xmlNewChild(envelope, soap, BAD_CAST "Header", NULL), header);
	xmlAddChild(xmlNewChild(envelope, soap, BAD_CAST "Body", NULL), content);
	return envelope;
}
