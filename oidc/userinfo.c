/* userinfo.c: claims about the person, by access token (OpenID Connect Core 5.3). */
#include "base/base.h"

#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "login/acr.h"
#include "oidc/bearer.h"
#include "oidc/mint.h"
#include "people/claims.h"
#include "store/snapshot.h"

/* A token for another server is not one for us: whoever was given it could ask us about the person
 * (RFC 9068 4). */
static enum err read_token(struct request *rq, struct access_token *token)
{
	struct work *w = &rq->w;
	const char *text;

	TRY(bearer_token(rq, &text));
	TRY(access_token_read(w, text, token));
	if (!text_words_have(token->scope ? token->scope : "", "openid") || !token->family_id)
		return fault(w, ERR_BEARER_SCOPE, "token of %s without openid", token->client->client_id);
	if (!text_equal(token->aud, token->client->client_id))
		return fault(w, ERR_BEARER_INVALID, "token is for %s", token->aud);
	return access_token_alive(w, token);
}

static enum err load(struct work *w, const struct access_token *token, struct grant *grant)
{
	const struct family_row *family = &token->family.row;

	w->actor.kind = ACTOR_ACCOUNT;
	w->actor.id = family->account_id;
	w->actor.sid = family->sid;
	w->actor.client_id = family->client_id;
	enum err verdict = grant_settle(w, grant, &token->family.subject, family->location_id);

	if (verdict == OK || error_row(verdict)->http >= 500)
		return verdict;
	return fault(w, ERR_BEARER_INVALID, "%s", error_row(verdict)->word);
}

enum err oidc_userinfo(struct request *rq)
{
	struct work *w = &rq->w;
	struct access_token token;
	AUTO(json_done) json_t *claims = NULL;

	TRY(read_token(rq, &token));
	const struct family_row *family = &token.family.row;
	struct grant grant = { .client = token.client };

	TRY(load(w, &token, &grant));
	TRY(claims_build(
		w, &grant.subject,
		&(struct claims_ask){ .client = token.client,
				      .scope = token.scope,
				      .location_id = grant.location_id,
				      .requested = grant_claims(w, family->claims),
				      .sid = family->sid,
				      .acr = family->acr,
				      .amr = amr_read(w->arena, family->amr),
				      .auth_time = family->auth_time,
				      .session_expiry = family->offline ? 0 : token.family.session_ends_at },
		CLAIMS_USERINFO, &claims));
	return respond_json(rq, 200, claims);
}
