/* revoke.c: an app gives a token back (RFC 7009). A refresh token and an access token stand for the same
 * grant: either ends the family, and with it all its tokens. */
#include "base/base.h"

#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "oidc/bearer.h"
#include "oidc/client_auth.h"
#include "oidc/refresh_token.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/snapshot.h"

static enum err record(struct request *rq, const char *account_id, const char *jti)
{
	return audit(&rq->w,
		     &(struct audit_note){ .event = EVENT_TOKEN_REVOKED,
					   .target_kind = account_id ? "account" : "client",
					   .target_id = account_id ? account_id : rq->client->client_id,
					   .jti = jti });
}

static enum err end_family(struct request *rq, const char *family_id, const char *jti)
{
	struct work *w = &rq->w;
	struct family_state family;
	bool found = false, won = false;

	TRY(families_find(w, family_id, &family, &found));
	if (!found)
		return OK;
	/* RFC 7009 2.1: another app's token is refused, and the app is told */
	if (!text_equal(family.row.client_id, rq->client->client_id))
		return fault(w, ERR_CLIENT_MAY_NOT, "token of %s given back by %s", family.row.client_id,
			     rq->client->client_id);
	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(families_revoke(w, family_id, &won));
	if (won)
		TRY(record(rq, family.row.account_id, jti));
	return tx_commit(&tx);
}

static enum err end_access_token(struct request *rq, const struct access_token *token)
{
	struct work *w = &rq->w;

	w->practice = token->practice->id;
	if (token->family_id)
		return end_family(rq, token->family_id, token->jti);
	if (!text_equal(token->client->client_id, rq->client->client_id))
		return fault(w, ERR_CLIENT_MAY_NOT, "token of %s given back by %s", token->client->client_id,
			     rq->client->client_id);
	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(revoked_tokens_add(w, token->jti, token->expires_at));
	TRY(record(rq, NULL, token->jti));
	return tx_commit(&tx);
}

/* A token that is no good (any more) is as good as revoked: 200 (RFC 7009 2.2). */
static enum err end_token(struct request *rq, const char *text)
{
	struct refresh_token refresh;
	struct access_token access;

	if (refresh_token_read(&rq->w, text, &refresh)) {
		rq->w.practice = refresh.practice->id;
		return end_family(rq, refresh.family_id, NULL);
	}
	return access_token_read(&rq->w, text, &access) == OK ? end_access_token(rq, &access) : OK;
}

enum err oidc_revoke(struct request *rq)
{
	TRY(client_authenticate(rq));
	const char *text = request_parameter(rq, "token");

	if (!text)
		return fault(&rq->w, ERR_REQUEST_INVALID, "token is missing");
	TRY(end_token(rq, text));
	return respond_empty(rq, 200);
}
