/* desk_logout.c: messages of single logout and the bindings they leave by (SAML Core 3.7,
 * Bindings 3.2, 3.4, 3.5).
 */
#include <lasso/lasso.h>
#include <lasso/key.h>
#include <lasso/xml/saml-2.0/samlp2_logout_request.h>
#include <lasso/xml/saml-2.0/samlp2_logout_response.h>
#include <zlib.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/cabinet.h"
#include "saml/desk.h"
#include "saml/paper.h"

/* How a message leaves. */
struct way {
	enum saml_binding binding;
	const char *location, *field, *relay_state;
};

/* Raw DEFLATE (Bindings 3.4.4.1); our messages are small. */
static enum err deflated(struct work *work, const char *text, char **base64)
{
	z_stream stream = { .next_in = (Bytef *)text, .avail_in = (uInt)strlen(text) };

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return fault(work, ERR_INTERNAL, "zlib cannot start");

	size_t room = deflateBound(&stream, stream.avail_in);
	uint8_t *out = arena_alloc(work->arena, room);

	stream.next_out = out;
	stream.avail_out = (uInt)room;

	int result = deflate(&stream, Z_FINISH);

	(void)deflateEnd(&stream); /* frees; what it would complain of the result says too */
	if (result != Z_STREAM_END)
		return fault(work, ERR_INTERNAL, "zlib cannot deflate a message");
	*base64 = base64_encode(work->arena, (struct bytes){ out, stream.total_out });
	return OK;
}

/* The whole address with SigAlg and Signature. */
static enum err by_redirect(struct work *work, const struct signer *signer, const struct way *way,
			    xmlNode *tree, struct outgoing *out)
{
	AUTO_BUF query = BUF(64 * KB);
	char *message = NULL;

	TRY(deflated(work, paper_text(work->arena, tree), &message));
	buf_print(&query, "%s=", way->field);
	percent_encode(&query, message);
	if (way->relay_state) {
		buf_text(&query, "&RelayState=");
		percent_encode(&query, way->relay_state);
	}
	if (query.full)
		return fault(work, ERR_INTERNAL, "a logout message is too large for a redirect");

	char *is_signed = lasso_key_query_sign(signer->key, buf_str(&query));

	if (!is_signed)
		return fault(work, ERR_INTERNAL, "lasso cannot sign a query");
	out->url = arena_print(work->arena, "%s%c%s", way->location, strchr(way->location, '?') ? '&' : '?',
			       is_signed);
	g_free(is_signed);
	return OK;
}

/* Takes the tree for SOAP. */
static enum err send(struct work *work, const struct way *way, xmlNode **tree, struct outgoing *out)
{
	struct signer signer;

	*out = (struct outgoing){ 0 };
	TRY(cabinet_signer(work, &signer));
	if (way->binding == BINDING_REDIRECT)
		return by_redirect(work, &signer, way, *tree, out);

	TRY(paper_sign(work, &signer, *tree));
	if (way->binding == BINDING_POST) {
		out->url = way->location;
		out->field = way->field;
		out->value = base64_encode(work->arena, BYTES_OF(paper_text(work->arena, *tree)));
		return OK;
	}

	AUTO(tree_done) xmlNode *envelope = paper_envelope(NULL, TAKE(*tree));

	out->soap = paper_text(work->arena, envelope);
	return OK;
}

static bool leaves_by(enum saml_binding binding)
{
	return binding == BINDING_REDIRECT || binding == BINDING_POST || binding == BINDING_SOAP;
}

/* --- request ----------------------------------------------------------------------------------------- */

static enum err request_tree(struct work *work, const struct logout_order *order, const char *location,
			     xmlNode **out)
{
	LassoSamlp2LogoutRequest *request = g_object_new(LASSO_TYPE_SAMLP2_LOGOUT_REQUEST, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(request);

	request->parent.ID = g_strdup(order->id);
	request->parent.Version = g_strdup("2.0");
	request->parent.IssueInstant = g_strdup(clock_rfc3339(work->arena, work->now));
	request->parent.Destination = g_strdup(location);
	request->parent.Issuer = paper_issuer_node(work);
	request->NameID = paper_name_id(work, &order->name_id);
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
	if (!paper_carries(order->name_id.value) || !paper_carries(order->name_id.sp_name_qualifier) ||
	    !paper_carries(order->session_index))
		return fault(work, ERR_INTERNAL, "XML cannot carry a text of the logout request");
	TRY(request_tree(work, order, to->location, &tree));

	const struct way way = { order->binding, to->location, "SAMLRequest", order->relay_state };

	return send(work, &way, &tree, out);
}

/* --- response ---------------------------------------------------------------------------------------- */

static enum err response_tree(struct work *work, const struct logout_answer *answer, const char *location,
			      xmlNode **out)
{
	LassoSamlp2StatusResponse *response = g_object_new(LASSO_TYPE_SAMLP2_LOGOUT_RESPONSE, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(response);

	paper_head_response(work, response, answer->in_response_to, location);
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
	const struct way way = { answer->binding, location, "SAMLResponse", answer->relay_state };

	TRY(response_tree(work, answer, location, &tree));
	return send(work, &way, &tree, out);
}
