/* mint.c: what was granted becomes tokens (RFC 9068, OpenID Connect Core 2 and 3.1.3.6). */
#include "oidc/mint.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/keyring.h"
#include "keys/secret.h"
#include "oidc/provider.h"
#include "oidc/refresh_token.h"
#include "people/claims.h"
#include "store/snapshot.h"

static enum err keep_location(struct work *w, struct grant *grant, const char *location_id)
{
	bool stands = location_id && standing_at(&grant->subject.standing, location_id);

	if (!stands && grant->client->require_location)
		return fault(w, ERR_NO_ACCESS, "no longer at location %s",
			     location_id ? location_id : "(none)");
	grant->location_id = stands ? location_id : NULL;
	return OK;
}

enum err grant_settle(struct work *w, struct grant *grant, const struct subject_rows *subject,
		      const char *location_id)
{
	TRY(subject_read(w, subject, &grant->subject));
	TRY(subject_may(w, &grant->subject, grant->client));
	return keep_location(w, grant, location_id);
}

static void release_json(void *thing)
{
	json_t *value = thing;

	json_decref(value);
}

const json_t *grant_claims(struct work *w, const char *text)
{
	json_t *claims = text ? json_read(text, strlen(text)) : NULL;

	if (claims)
		arena_defer(w->arena, release_json, claims);
	return claims;
}

enum err grant_resource(struct request *rq, const char *granted, const char **out)
{
	const char *asked = request_parameter(rq, "resource");

	const char *resource = granted ? granted : asked;

	if (resource && !text_list_has(rq->client->resources, resource))
		return fault(&rq->w, ERR_TARGET, "resource %s is not registered for %s", resource,
			     rq->client->client_id);
	if (asked && !text_equal(asked, resource))
		return fault(&rq->w, ERR_TARGET, "resource %s was not granted to %s", asked,
			     rq->client->client_id);
	*out = resource;
	return OK;
}

char *grant_jti(struct work *w, const char *family_id)
{
	uint8_t random[12];

	random_bytes(random, sizeof random);
	return arena_print(w->arena, "%s.%s", family_id,
			   base64url_encode(w->arena, (struct bytes){ random, sizeof random }));
}

static int64_t earlier(int64_t expiry, int64_t limit)
{
	return limit && limit < expiry ? limit : expiry;
}

int64_t access_token_expiry(const struct client *client, int64_t session_expiry, int64_t next_change,
			    int64_t now)
{
	return earlier(earlier(now + client->access_token_lifetime, session_expiry), next_change);
}

static struct claims_ask claims_ask_of(const struct grant *grant)
{
	return (struct claims_ask){
		.client = grant->client,
		.scope = grant->scope,
		.location_id = grant->location_id,
		.requested = grant->claims_asked,
		.sid = grant->sid,
		.acr = grant->acr,
		.amr = grant->amr,
		.auth_time = grant->auth_time,
		.session_expiry = grant->session_expiry,
	};
}

static char *sign(struct work *w, const char *alg, const char *typ, const json_t *claims)
{
	return keyring_sign(w->app->keyring, w->arena, alg, typ, BYTES_OF(json_text(w->arena, claims)));
}

enum err mint_access_token(struct work *w, const struct grant *grant, char **token, int64_t *expires_at)
{
	const struct claims_ask ask = claims_ask_of(grant);
	const struct client *client = grant->client;
	AUTO(json_done) json_t *claims = NULL;
	int64_t expiry = access_token_expiry(client, grant->session_expiry,
					     grant->subject.standing.next_change, w->now);

	TRY(claims_build(w, &grant->subject, &ask, CLAIMS_ACCESS_TOKEN, &claims));
	json_set_text(claims, "iss", w->app->config->issuer);
	json_set_text(claims, "aud", grant->resource ? grant->resource : client->client_id);
	json_set_text(claims, "client_id", client->client_id);
	json_set_text(claims, "scope", *grant->scope ? grant->scope : NULL);
	json_set_text(claims, "tenant", grant->subject.practice->id);
	json_set_text(claims, "jti", grant->jti);
	json_set(claims, "iat", json_integer(w->now));
	json_set(claims, "exp", json_integer(expiry));
	*token = sign(w, client->access_token_alg, "at+jwt", claims);
	*expires_at = expiry;
	return OK;
}

/* The left half of the hash that the ID token's algorithm uses; both of ours use SHA-256. */
static char *at_hash(struct arena *arena, const char *access_token)
{
	struct bytes digest = sha256(arena, BYTES_OF(access_token));

	return base64url_encode(arena, (struct bytes){ digest.at, digest.size / 2 });
}

enum err mint_id_token(struct work *w, const struct grant *grant, const char *access_token, char **token)
{
	const struct claims_ask ask = claims_ask_of(grant);
	AUTO(json_done) json_t *claims = NULL;

	TRY(claims_build(w, &grant->subject, &ask, CLAIMS_ID_TOKEN, &claims));
	json_set_text(claims, "iss", w->app->config->issuer);
	json_set_text(claims, "aud", grant->client->client_id);
	json_set_text(claims, "nonce", grant->nonce);
	json_set_text(claims, "at_hash", at_hash(w->arena, access_token));
	json_set(claims, "iat", json_integer(w->now));
	json_set(claims, "exp", json_integer(w->now + ID_TOKEN_LIFETIME));
	*token = sign(w, grant->client->id_token_signed_response_alg, "JWT", claims);
	return OK;
}

enum err grant_answer(struct request *rq, const struct grant *grant)
{
	struct work *w = &rq->w;
	char *access_token, *id_token = NULL, *refresh_token = NULL;
	int64_t expires_at;

	TRY(mint_access_token(w, grant, &access_token, &expires_at));
	if (text_words_have(grant->scope, "openid"))
		TRY(mint_id_token(w, grant, access_token, &id_token));
	if (grant->refreshable)
		refresh_token =
			refresh_token_make(w, grant->subject.practice, grant->family_id, grant->generation);

	AUTO(json_done) json_t *body = json_object();
	json_set_text(body, "access_token", access_token);
	json_set_text(body, "token_type", "Bearer");
	json_set(body, "expires_in", json_integer(expires_at - w->now));
	json_set_text(body, "id_token", id_token);
	json_set_text(body, "refresh_token", refresh_token);
	json_set_text(body, "scope", *grant->scope ? grant->scope : NULL);
	metric_add(METRIC_TOKENS, 1);
	return respond_json(rq, 200, body);
}
