/* introspect.c: is this token good, and what does it say by now (RFC 7662)? Answered from the row behind the
 * token, so an ended session shows at once. */
#include "base/base.h"

#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "login/acr.h"
#include "oidc/bearer.h"
#include "oidc/client_auth.h"
#include "oidc/mint.h"
#include "oidc/refresh_token.h"
#include "people/claims.h"
#include "store/snapshot.h"

/* RFC 7662 2.2: why a token is not active is nobody's business. */
static enum err inactive(struct request *rq)
{
	AUTO(json_done) json_t *body = json_object();

	json_set(body, "active", json_false());
	return respond_json(rq, 200, body);
}

/* An app may ask about what was issued to it or is meant for it, in practices that it serves; about anything
 * else it learns nothing (RFC 7662 4). */
static bool may_ask(const struct client *asks, const struct access_token *token)
{
	return client_serves(asks, token->practice->id) &&
	       (text_equal(token->client->client_id, asks->client_id) ||
		text_equal(token->aud, asks->client_id) || text_list_has(asks->resources, token->aud));
}

/* The standing of now, under the protocol claims of the token. */
static enum err build_claims(struct work *w, const struct access_token *token, json_t **out)
{
	const struct family_row *family = &token->family.row;
	struct grant grant = { .client = token->client };

	TRY(grant_settle(w, &grant, &token->family.subject, family->location_id));
	return claims_build(
		w, &grant.subject,
		&(struct claims_ask){ .client = token->client,
				      .scope = token->scope ? token->scope : "",
				      .location_id = grant.location_id,
				      .requested = grant_claims(w, family->claims),
				      .sid = family->sid,
				      .acr = family->acr,
				      .amr = amr_read(w->arena, family->amr),
				      .auth_time = family->auth_time,
				      .session_expiry = family->offline ? 0 : token->family.session_ends_at },
		CLAIMS_INTROSPECTION, out);
}

static void add_protocol(const struct access_token *token, json_t *body)
{
	static const char *const names[] = { "iss",    "sub", "aud", "client_id", "scope",
					     "tenant", "jti", "iat", "exp" };

	for (size_t at = 0; at < COUNT(names); at++) {
		json_t *value = json_object_get(token->claims, names[at]);

		if (value)
			json_set(body, names[at], json_incref(value));
	}
	json_set(body, "active", json_true());
	json_set_text(body, "token_type", "Bearer");
}

static enum err tell_access_token(struct request *rq, struct access_token *token)
{
	struct work *w = &rq->w;
	AUTO(json_done) json_t *body = NULL;
	enum err verdict = access_token_alive(w, token);

	if (verdict == OK && token->family_id)
		verdict = build_claims(w, token, &body);
	if (verdict != OK)
		return error_row(verdict)->http >= 500 ? verdict : inactive(rq);
	if (!body)
		body = json_object();
	add_protocol(token, body);
	return respond_json(rq, 200, body);
}

/* A refresh token is good for the app that it was given to, and for nobody else to know about. */
static enum err tell_refresh_token(struct request *rq, const struct refresh_token *token)
{
	struct work *w = &rq->w;
	struct family_state family;
	bool found = false;

	if (!client_serves(rq->client, token->practice->id))
		return inactive(rq);
	w->practice = token->practice->id;
	TRY(families_find(w, token->family_id, &family, &found));
	if (!found || !text_equal(family.row.client_id, rq->client->client_id) ||
	    family.row.generation != token->generation || !family_is_live(&family, w->now))
		return inactive(rq);
	AUTO(json_done) json_t *body = json_object();

	json_set(body, "active", json_true());
	json_set_text(body, "client_id", family.row.client_id);
	json_set_text(body, "sub", family.row.account_id);
	json_set_text(body, "scope", family.row.scope);
	json_set_text(body, "tenant", w->practice);
	json_set(body, "exp", json_integer(family.row.expires_at));
	return respond_json(rq, 200, body);
}

/* token_type_hint is not needed: our two kinds do not look alike (RFC 7662 2.1). */
enum err oidc_introspect(struct request *rq)
{
	struct access_token access;
	struct refresh_token refresh;

	TRY(client_authenticate_confidential(rq));
	const char *text = request_parameter(rq, "token");

	if (!text)
		return fault(&rq->w, ERR_REQUEST_INVALID, "token is missing");
	if (refresh_token_read(&rq->w, text, &refresh))
		return tell_refresh_token(rq, &refresh);
	if (access_token_read(&rq->w, text, &access) != OK || !may_ask(rq->client, &access))
		return inactive(rq);
	return tell_access_token(rq, &access);
}
