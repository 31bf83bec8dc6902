/* desk_request.c: what we ask of an identity provider (SAML Core 3.4.1, Profiles 4.1.4.1). */
#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/samlp2_authn_request.h>
#include <lasso/xml/saml-2.0/samlp2_name_id_policy.h>
#include <lasso/xml/saml-2.0/samlp2_requested_authn_context.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "saml/desk.h"
#include "saml/desk_send.h"
#include "saml/paper.h"

static LassoSamlp2NameIDPolicy *policy_of(const char *format)
{
	LassoSamlp2NameIDPolicy *policy = g_object_new(LASSO_TYPE_SAMLP2_NAME_ID_POLICY, NULL);

	policy->Format = g_strdup(format);
	policy->AllowCreate = TRUE;
	return policy;
}

static LassoSamlp2RequestedAuthnContext *context_of(const char *class)
{
	LassoSamlp2RequestedAuthnContext *context =
		g_object_new(LASSO_TYPE_SAMLP2_REQUESTED_AUTHN_CONTEXT, NULL);

	context->AuthnContextClassRef = g_list_append(NULL, g_strdup(class));
	context->Comparison = g_strdup("exact");
	return context;
}

static enum err request_tree(struct work *work, const struct login_order *order, xmlNode **out)
{
	LassoSamlp2AuthnRequest *request = g_object_new(LASSO_TYPE_SAMLP2_AUTHN_REQUEST, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(request);

	request->parent.ID = g_strdup(order->id);
	request->parent.Version = g_strdup("2.0");
	request->parent.IssueInstant = g_strdup(clock_rfc3339(work->arena, work->now));
	request->parent.Destination = g_strdup(order->location);
	request->parent.Issuer = paper_issuer_node(work, order->issuer);
	request->ForceAuthn = order->force_authn;
	request->AssertionConsumerServiceURL = g_strdup(order->acs);
	request->ProtocolBinding = g_strdup(saml_binding_uri(BINDING_POST));
	if (order->name_id_format)
		request->NameIDPolicy = policy_of(order->name_id_format);
	if (order->context_class)
		request->RequestedAuthnContext = context_of(order->context_class);
	return paper_tree(work, node, out);
}

enum err desk_authn_request(struct work *work, const struct login_order *order, struct outgoing *out)
{
	const struct way way = { .binding = order->binding,
				 .location = order->location,
				 .field = "SAMLRequest",
				 .relay_state = order->relay_state,
				 .is_unsigned = order->is_unsigned };
	AUTO(tree_done) xmlNode *tree = NULL;

	if (!paper_carries(order->context_class))
		return fault(work, ERR_INTERNAL, "XML cannot carry the context that is asked for");
	TRY(request_tree(work, order, &tree));
	return desk_send(work, &way, &tree, out);
}
