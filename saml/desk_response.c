/* desk_response.c: a Response that says yes, and one that says no (SAML Core 3.3.3, Profiles 4.1.4.2). */
#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>

#include "base/app.h"
#include "saml/assertion.h"
#include "saml/cabinet.h"
#include "saml/crypt.h"
#include "saml/desk.h"
#include "saml/paper.h"

struct answer {
	const char *in_response_to, *destination, *status, *sub_status, *message;
};

static enum err response_tree(struct work *work, const struct answer *answer, xmlNode **out)
{
	LassoSamlp2StatusResponse *response = g_object_new(LASSO_TYPE_SAMLP2_RESPONSE, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(response);

	paper_head_response(work, response, answer->in_response_to, answer->destination);
	response->Status = paper_status(answer->status, answer->sub_status, answer->message);
	return paper_tree(work, node, out);
}

/* libxmlsec wants a document around what it encrypts. */
static enum err encrypt(struct work *work, const struct certificate *to, xmlNode *tree, xmlNode *assertion)
{
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");

	assert(doc); /* as an arena without memory */
	xmlDocSetRootElement(doc, tree);

	enum err err = crypt_encrypt(work, assertion, to);

	xmlUnlinkNode(tree);
	xmlSetTreeDoc(tree, NULL);
	xmlFreeDoc(doc);
	return err;
}

/* The assertion, signed where asked, stands last in the Response. What it is encrypted to has a signature
 * inside, and the signature of the Response covers the cipher text (security.md H7). */
static enum err complete(struct work *work, const struct statement *statement, const struct signer *signer,
			 const char *id, xmlNode *tree)
{
	AUTO(tree_done) xmlNode *assertion = NULL;

	TRY(assertion_tree(work, statement, id, &assertion));
	if (statement->sign_assertion)
		TRY(paper_sign(work, signer, assertion));

	xmlNode *added = xmlAddChild(tree, TAKE(assertion));

	if (statement->encrypt_to)
		TRY(encrypt(work, statement->encrypt_to, tree, added));
	if (statement->sign_response)
		TRY(paper_sign(work, signer, tree));
	return OK;
}

/* The address was chosen from the metadata when the request was read; metadata may have changed since. */
static bool is_acs(const struct service *service, const char *url)
{
	for (size_t i = 0; i < service->acs_count; i++)
		if (strcmp(service->acs[i].location, url) == 0)
			return true;
	return false;
}

enum err desk_response(struct work *work, const struct statement *statement, const char **xml,
		       const char **assertion_id)
{
	const struct answer yes = { .in_response_to = statement->in_response_to,
				    .destination = statement->acs_url,
				    .status = "Success" };
	const char *id = paper_id(work->arena);
	AUTO(tree_done) xmlNode *tree = NULL;
	struct signer signer;

	assert(statement->sign_assertion || statement->sign_response);
	if (!is_acs(statement->service, statement->acs_url))
		return fault(work, ERR_SAML_ACS, "%s is no longer in the metadata of %s", statement->acs_url,
			     statement->service->entity_id);
	TRY(cabinet_signer(work, &signer));
	TRY(response_tree(work, &yes, &tree));
	TRY(complete(work, statement, &signer, id, tree));
	*xml = paper_text(work->arena, tree);
	if (assertion_id)
		*assertion_id = id;
	return OK;
}

enum err desk_refusal(struct work *work, const struct saml_refusal *refusal, const char **xml)
{
	const struct answer no = { refusal->in_response_to, refusal->acs_url, refusal->status,
				   refusal->sub_status, refusal->message };
	AUTO(tree_done) xmlNode *tree = NULL;
	struct signer signer;

	if (!paper_carries(no.in_response_to) || !paper_carries(no.message))
		return fault(work, ERR_INTERNAL, "XML cannot carry a text of the refusal");
	if (!is_acs(refusal->service, refusal->acs_url))
		return fault(work, ERR_SAML_ACS, "%s is no longer in the metadata of %s", refusal->acs_url,
			     refusal->service->entity_id);
	TRY(cabinet_signer(work, &signer));
	TRY(response_tree(work, &no, &tree));
	TRY(paper_sign(work, &signer, tree));
	*xml = paper_text(work->arena, tree);
	return OK;
}
