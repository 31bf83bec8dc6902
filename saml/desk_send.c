/* desk_send.c: how a message leaves (SAML Bindings 3.2, 3.4, 3.5). */
#include <lasso/lasso.h>
#include <lasso/key.h>
#include <zlib.h>

#include "saml/desk_send.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "saml/cabinet.h"
#include "saml/paper.h"

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

/* The query that is signed, in its order (Bindings 3.4.4.1). */
static enum err write_query(struct work *work, const struct way *way, xmlNode *tree, struct buf *query)
{
	char *message = NULL;

	TRY(deflated(work, paper_text(work->arena, tree), &message));
	buf_print(query, "%s=", way->field);
	percent_encode(query, message);
	if (way->relay_state) {
		buf_text(query, "&RelayState=");
		percent_encode(query, way->relay_state);
	}
	return query->full ? fault(work, ERR_INTERNAL, "a message is too large for a redirect") : OK;
}

static enum err sign_query(struct work *work, const char *query, const char **out)
{
	struct signer signer;

	TRY(cabinet_signer(work, &signer));
	char *is_signed = lasso_key_query_sign(signer.key, query);

	if (!is_signed)
		return fault(work, ERR_INTERNAL, "lasso cannot sign a query");
	*out = arena_text(work->arena, is_signed);
	g_free(is_signed);
	return OK;
}

/* The whole address, with SigAlg and Signature. */
static enum err by_redirect(struct work *work, const struct way *way, xmlNode *tree, struct outgoing *out)
{
	AUTO_BUF query = BUF(64 * KB);
	const char *text;

	TRY(write_query(work, way, tree, &query));
	text = buf_str(&query);
	if (!way->is_unsigned)
		TRY(sign_query(work, text, &text));
	out->url = arena_print(work->arena, "%s%c%s", way->location, strchr(way->location, '?') ? '&' : '?',
			       text);
	return OK;
}

static enum err sign_tree(struct work *work, xmlNode *tree)
{
	struct signer signer;

	TRY(cabinet_signer(work, &signer));
	return paper_sign(work, &signer, tree);
}

enum err desk_send(struct work *work, const struct way *way, xmlNode **tree, struct outgoing *out)
{
	*out = (struct outgoing){ 0 };
	if (way->binding == BINDING_REDIRECT)
		return by_redirect(work, way, *tree, out);
	if (!way->is_unsigned)
		TRY(sign_tree(work, *tree));
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
