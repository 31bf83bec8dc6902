/* grant_client.c: an app acts for itself (RFC 6749 4.4): the hottest path. Client, practice and keys come
 * from memory; the one statement is the audit row, in a commit that it shares with its neighbours. */
#include "base/base.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/keyring.h"
#include "keys/secret.h"
#include "oidc/mint.h"
#include "oidc/scope.h"
#include "oidc/token.h"
#include "people/audit.h"
#include "people/claims.h"
#include "store/snapshot.h"

/* One practice per token (DESIGN 3): an app of several says which. */
static enum err choose_practice(struct request *rq)
{
	struct work *w = &rq->w;
	const char *const *served = rq->client->practices;
	const char *id = request_parameter(rq, "tenant");

	if (!id && served && served[0] && !served[1])
		id = served[0];
	if (!id)
		return fault(w, ERR_TENANT_MISSING, "client %s serves several practices",
			     rq->client->client_id);
	const struct practice *practice = snapshot_practice(w->snapshot, id);

	if (!practice || practice->disabled || !client_serves(rq->client, practice->id))
		return fault(w, ERR_CLIENT_MAY_NOT, "client %s does not serve practice %s",
			     rq->client->client_id, id);
	w->practice = practice->id;
	return OK;
}

/* Scopes about a person mean nothing without one. */
static bool is_about_person(const char *scope)
{
	static const char *const words[] = { "openid",  "profile",        "email", "phone",
					     "address", "offline_access", NULL };

	return text_list_has(words, scope);
}

static enum err choose_scope(struct request *rq, const char **out)
{
	struct work *w = &rq->w;
	const char *asked = request_parameter(rq, "scope");

	if (asked && !scope_is_sound(asked))
		return fault(w, ERR_SCOPE, "scope is not well formed");
	const char *scope = asked ? scope_narrow(w->arena, asked, rq->client->scopes)
				  : scope_of_list(w->arena, rq->client->scopes);

	for (const char *const *word = scope_words(w->arena, scope); *word; word++)
		if (is_about_person(*word))
			scope = scope_without(w->arena, scope, *word);
	if (asked && !*scope)
		return fault(w, ERR_SCOPE, "client %s asked for %s", rq->client->client_id, asked);
	*out = scope;
	return OK;
}

struct client_token {
	const char *scope, *resource, *jti;
	int64_t expires_at;
};

static enum err mint(struct request *rq, const struct client_token *token, char **out)
{
	struct work *w = &rq->w;
	const struct client *client = rq->client;
	AUTO(json_done) json_t *claims = NULL;

	TRY(claims_of_client(w, client, &claims));
	json_set_text(claims, "iss", w->app->config->issuer);
	json_set_text(claims, "sub", client->client_id);
	json_set_text(claims, "aud", token->resource ? token->resource : client->client_id);
	json_set_text(claims, "client_id", client->client_id);
	json_set_text(claims, "scope", *token->scope ? token->scope : NULL);
	json_set_text(claims, "tenant", w->practice);
	json_set_text(claims, "jti", token->jti);
	json_set(claims, "iat", json_integer(w->now));
	json_set(claims, "exp", json_integer(token->expires_at));
	*out = keyring_sign(w->app->keyring, w->arena, client->access_token_alg, "at+jwt",
			    BYTES_OF(json_text(w->arena, claims)));
	return OK;
}

enum err oidc_grant_client(struct request *rq)
{
	struct work *w = &rq->w;
	struct client_token token = { .expires_at = w->now + rq->client->access_token_lifetime };
	char *access_token;

	if (text_equal(rq->client->token_endpoint_auth_method, "none"))
		return fault(w, ERR_CLIENT_MAY_NOT, "client %s cannot authenticate", rq->client->client_id);
	TRY(choose_practice(rq));
	TRY(choose_scope(rq, &token.scope));
	TRY(grant_resource(rq, NULL, &token.resource));
	token.jti = id_random(w->arena, "machine");
	TRY(mint(rq, &token, &access_token));
	TRY(audit(w, &(struct audit_note){ .event = EVENT_CLIENT_TOKEN,
					   .target_kind = "client",
					   .target_id = rq->client->client_id,
					   .jti = token.jti }));

	AUTO(json_done) json_t *body = json_object();
	json_set_text(body, "access_token", access_token);
	json_set_text(body, "token_type", "Bearer");
	json_set(body, "expires_in", json_integer(token.expires_at - w->now));
	json_set_text(body, "scope", *token.scope ? token.scope : NULL);
	metric_add(METRIC_TOKENS, 1);
	return respond_json(rq, 200, body);
}
