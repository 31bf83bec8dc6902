/* desk_logout.c: messages of single logout (SAML Core 3.7). */
#include <lasso/lasso.h>
#include <lasso/key.h>
#include <lasso/xml/saml-2.0/samlp2_logout_request.h>
#include <lasso/xml/saml-2.0/samlp2_logout_response.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/cabinet.h"
#include "saml/desk.h"
#include "saml/desk_send.h"
#include "saml/paper.h"

static bool leaves_by(enum saml_binding binding)
{
	return binding == BINDING_REDIRECT || binding == BINDING_POST || binding == BINDING_SOAP;
}

/* --- request ----------------------------------------------------------------------------------------- */

/* A name that a provider gave goes back as it came (Core 3.7.3.2). */
static LassoSaml2NameID *their_name(const struct foreign_name *name)
{
	LassoSaml2NameID *node = g_object_new(LASSO_TYPE_SAML2_NAME_ID, NULL);

	node->content = g_strdup(name->value);
	node->Format = g_strdup(name->format);
	node->NameQualifier = g_strdup(name->name_qualifier);
	node->SPNameQualifier = g_strdup(name->sp_name_qualifier);
	return node;
}

static bool name_carries(const struct logout_order *order)
{
	const struct foreign_name *theirs = order->their_name;

	if (!theirs)
		return paper_carries(order->name_id.value) && paper_carries(order->name_id.sp_name_qualifier);
	return paper_carries(theirs->value) && paper_carries(theirs->format) &&
	       paper_carries(theirs->name_qualifier) && paper_carries(theirs->sp_name_qualifier);
}

static enum err request_tree(struct work *work, const struct logout_order *order, const char *location,
			     xmlNode **out)
{
	LassoSamlp2LogoutRequest *request = g_object_new(LASSO_TYPE_SAMLP2_LOGOUT_REQUEST, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(request);

	request->parent.ID = g_strdup(order->id);
	request->parent.Version = g_strdup("2.0");
	request->parent.IssueInstant = g_strdup(clock_rfc3339(work->arena, work->now));
	request->parent.Destination = g_strdup(location);
	request->parent.Issuer = paper_issuer_node(work, order->issuer);
	request->NameID =
		order->their_name ? their_name(order->their_name) : paper_name_id(work, &order->name_id);
	request->SessionIndex = g_strdup(order->session_index);
	return paper_tree(work, node, out);
}

enum err desk_logout_request(struct work *work, const struct logout_order *order, struct outgoing *out)
{
	const struct endpoint *to = service_slo(order->service, order->binding);
	AUTO(tree_done) xmlNode *tree = NULL;

	if (!to || !leaves_by(order->binding))
		return fault(work, ERR_INTERNAL, "%s has no logout endpoint of binding %d",
			     order->service->entity_id, (int)order->binding);
	if (!name_carries(order) || !paper_carries(order->session_index))
		return fault(work, ERR_INTERNAL, "XML cannot carry a text of the logout request");
	TRY(request_tree(work, order, to->location, &tree));

	const struct way way = { .binding = order->binding,
				 .location = to->location,
				 .field = "SAMLRequest",
				 .relay_state = order->relay_state };

	return desk_send(work, &way, &tree, out);
}

/* --- response ---------------------------------------------------------------------------------------- */

static enum err response_tree(struct work *work, const struct logout_answer *answer, const char *location,
			      xmlNode **out)
{
	LassoSamlp2StatusResponse *response = g_object_new(LASSO_TYPE_SAMLP2_LOGOUT_RESPONSE, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(response);

	paper_head_response(work, response, answer->in_response_to, location);
	if (answer->issuer) {
		g_free(response->Issuer->content);
		response->Issuer->content = g_strdup(answer->issuer);
	}
	response->Status = paper_status(answer->status, answer->sub_status, NULL);
	return paper_tree(work, node, out);
}

enum err desk_logout_response(struct work *work, const struct logout_answer *answer, struct outgoing *out)
{
	const struct endpoint *to = service_slo(answer->service, answer->binding);
	bool is_soap = answer->binding == BINDING_SOAP; /* goes back the way it came: no endpoint needed */
	AUTO(tree_done) xmlNode *tree = NULL;

	if ((!to && !is_soap) || !leaves_by(answer->binding))
		return fault(work, ERR_INTERNAL, "%s has no logout endpoint of binding %d",
			     answer->service->entity_id, (int)answer->binding);
	if (!paper_carries(answer->in_response_to))
		return fault(work, ERR_INTERNAL, "XML cannot carry the id of the logout request");

	const char *location = is_soap ? NULL : to->response_location ? to->response_location : to->location;
	const struct way way = { .binding = answer->binding,
				 .location = location,
				 .field = "SAMLResponse",
				 .relay_state = answer->relay_state };

	TRY(response_tree(work, answer, location, &tree));
	return desk_send(work, &way, &tree, out);
}
