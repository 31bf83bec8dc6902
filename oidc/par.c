/* par.c: pushed authorization requests: the same checks as at the front, before a browser is involved
 * (RFC 9126 2). */
#include "oidc/par.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "oidc/ask.h"
#include "oidc/client_auth.h"
#include "oidc/provider.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/snapshot.h"

#define REQUEST_URI_PREFIX "urn:ietf:params:oauth:request_uri:"

const char *par_handle(const char *request_uri)
{
	int64_t practice_number;

	if (!request_uri || !text_starts(request_uri, REQUEST_URI_PREFIX))
		return NULL;
	const char *handle = request_uri + strlen(REQUEST_URI_PREFIX);

	return secret_parse(handle, &practice_number) ? handle : NULL;
}

/* Known parameters alone: neither the app's credentials nor what nobody reads is kept. */
static void write_parameters(struct buf *out, const struct ask *ask)
{
	const char *name, *value;

	for (size_t at = 0; ask_parameter(ask, at, &name, &value); at++) {
		if (!value)
			continue;
		if (out->size)
			buf_char(out, '&');
		buf_text(out, name);
		buf_char(out, '=');
		percent_encode(out, value);
	}
}

static enum err keep(struct work *w, const struct ask *ask, const char *hash)
{
	AUTO_BUF parameters = BUF(32 * KB);

	write_parameters(&parameters, ask);
	if (parameters.full)
		return fault(w, ERR_TOO_LARGE, "pushed request of %s", ask->client_id);
	w->practice = ask->practice ? ask->practice->id : "";
	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(pushed_insert(w, hash, ask->client_id, buf_str(&parameters), w->now + PUSHED_LIFETIME));
	/* anybody can push in the name of a public app: rows that are kept for good are not theirs to fill */
	if (!text_equal(ask->client->token_endpoint_auth_method, "none"))
		TRY(audit(w, &(struct audit_note){ .event = EVENT_PUSHED_REQUEST,
						   .target_kind = "client",
						   .target_id = ask->client_id }));
	return tx_commit(&tx);
}

enum err oidc_par(struct request *rq)
{
	struct work *w = &rq->w;
	struct ask ask;

	TRY(client_authenticate(rq));
	TRY(ask_read(w, &rq->form, &ask));
	ask.client_id = rq->client->client_id;
	TRY(ask_check(w, &ask, ASK_PUSHED));

	AUTO(secret_wipe) struct secret handle = secret_new();

	TRY(keep(w, &ask, secret_hash(w->arena, "par", handle.text)));
	AUTO(json_done) json_t *body = json_object();
	json_set_text(body, "request_uri", arena_print(w->arena, REQUEST_URI_PREFIX "%s", handle.text));
	json_set(body, "expires_in", json_integer(PUSHED_LIFETIME));
	return respond_json(rq, 201, body);
}
