/* desk_artifact.c: artifacts and what is fetched with them, and the envelope of ECP (SAML Bindings 3.3, 3.6,
 * Profiles 4.2.4.5). */
#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/samlp2_artifact_response.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/secret.h"
#include "saml/cabinet.h"
#include "saml/desk.h"
#include "saml/paper.h"

enum { TYPE_AND_INDEX = 4, SOURCE = 20, HANDLE = 20 };

/* SourceID is the SHA-1 of our entity id because Bindings 3.6.4 has it so: a name, nothing rests on it. */
enum err desk_artifact_new(struct work *work, const char **artifact)
{
	uint8_t bytes[TYPE_AND_INDEX + SOURCE + HANDLE] = { 0x00, 0x04, 0x00, 0x00 };
	const char *issuer = paper_issuer(work);
	GChecksum *sha1 = g_checksum_new(G_CHECKSUM_SHA1);
	gsize size = SOURCE;

	g_checksum_update(sha1, (const guchar *)issuer, (gssize)strlen(issuer));
	g_checksum_get_digest(sha1, bytes + TYPE_AND_INDEX, &size);
	g_checksum_free(sha1);
	assert(size == SOURCE);
	random_bytes(bytes + TYPE_AND_INDEX + SOURCE, HANDLE);
	*artifact = base64_encode(work->arena, (struct bytes){ bytes, sizeof(bytes) });
	return OK;
}

static enum err artifact_tree(struct work *work, const char *in_response_to, xmlNode **out)
{
	LassoSamlp2StatusResponse *response = g_object_new(LASSO_TYPE_SAMLP2_ARTIFACT_RESPONSE, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(response);

	paper_head_response(work, response, in_response_to, NULL);
	response->Status = paper_status("Success", NULL, NULL);
	return paper_tree(work, node, out);
}

enum err desk_artifact_response(struct work *work, const struct service *service, const char *in_response_to,
				const char *xml, const char **soap)
{
	AUTO(tree_done) xmlNode *tree = NULL;
	AUTO(tree_done) xmlNode *inner = NULL;
	struct signer signer;

	if (!paper_carries(in_response_to))
		return fault(work, ERR_INTERNAL, "XML cannot carry the id that %s sent", service->entity_id);
	TRY(cabinet_signer(work, &signer));
	TRY(artifact_tree(work, in_response_to, &tree));
	if (xml) {
		TRY(paper_read(work, xml, &inner));
		xmlAddChild(tree, TAKE(inner));
	}
	TRY(paper_sign(work, &signer, tree));

	AUTO(tree_done) xmlNode *envelope = paper_envelope(NULL, TAKE(tree));

	*soap = paper_text(work->arena, envelope);
	return OK;
}

/* <ecp:Response soap11:mustUnderstand="1" soap11:actor="...next" AssertionConsumerServiceURL="..."/>: by it
 * the client sees that the answer goes where the app said. */
static xmlNode *ecp_header(const char *acs_url)
{
	xmlNode *header = xmlNewNode(NULL, BAD_CAST "Response");
	xmlNs *soap = xmlNewNs(header, BAD_CAST LASSO_SOAP_ENV_HREF, BAD_CAST "soap11");

	xmlSetNs(header, xmlNewNs(header, BAD_CAST LASSO_ECP_HREF, BAD_CAST "ecp"));
	xmlSetNsProp(header, soap, BAD_CAST "mustUnderstand", BAD_CAST "1");
	xmlSetNsProp(header, soap, BAD_CAST "actor", BAD_CAST LASSO_SOAP_ENV_ACTOR);
	xmlSetProp(header, BAD_CAST "AssertionConsumerServiceURL", BAD_CAST acs_url);
	return header;
}

enum err desk_ecp_response(struct work *work, const char *acs_url, const char *xml, const char **soap)
{
	AUTO(tree_done) xmlNode *inner = NULL;

	if (!paper_carries(acs_url))
		return fault(work, ERR_INTERNAL, "XML cannot carry the address of the app");
	TRY(paper_read(work, xml, &inner));

	AUTO(tree_done) xmlNode *envelope = paper_envelope(ecp_header(acs_url), TAKE(inner));

	*soap = paper_text(work->arena, envelope);
	return OK;
}
