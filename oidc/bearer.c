/* bearer.c: an access token of ours, shown to us (RFC 6750, RFC 9068 4). */
#include "oidc/bearer.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/request.h"
#include "keys/keyring.h"
#include "store/snapshot.h"

#define TOKEN_MAX (16 * KB)

enum err bearer_token(struct request *rq, const char **token)
{
	struct work *w = &rq->w;
	const char *header = rq->authorization;
	const char *field = form_get(&rq->form, "access_token");

	if (form_get(&rq->query, "access_token"))
		return fault(w, ERR_REQUEST_INVALID, "access token in the address");
	if (header && field)
		return fault(w, ERR_REQUEST_INVALID, "access token in header and form");
	if (header && strncasecmp(header, "Bearer ", 7) == 0)
		field = header + 7;
	if (text_is_empty(field))
		return fault(w, ERR_BEARER_MISSING, "no access token");
	*token = field;
	return OK;
}

/* Everything that we put into access tokens ourselves has to be there, in our form. */
static const char *read_claims(struct work *w, const json_t *claims, struct access_token *out)
{
	const char *dot;

	*out = (struct access_token){
		.claims = claims,
		.practice = snapshot_practice(w->snapshot, json_get_text(claims, "tenant")),
		.client = snapshot_client(w->snapshot, json_get_text(claims, "client_id")),
		.jti = json_get_text(claims, "jti"),
		.aud = json_get_text(claims, "aud"),
		.scope = json_get_text(claims, "scope"),
		.expires_at = json_get_int(claims, "exp", 0),
	};
	if (!text_equal(json_get_text(claims, "iss"), w->app->config->issuer) || !out->jti || !out->aud)
		return "iss, jti or aud";
	if (out->expires_at <= w->now)
		return "expired";
	if (!out->practice || out->practice->disabled)
		return "practice is gone or off";
	if (!out->client || out->client->disabled || !client_serves(out->client, out->practice->id))
		return "app is gone or off";
	dot = strchr(out->jti, '.');
	out->family_id = dot ? arena_textn(w->arena, out->jti, (size_t)(dot - out->jti)) : NULL;
	return NULL;
}

enum err access_token_read(struct work *w, const char *text, struct access_token *out)
{
	json_t *claims = NULL; /* the arena's */

	if (strlen(text) > TOKEN_MAX ||
	    keyring_verify(w->app->keyring, w->arena, text, "at+jwt", &claims) != OK)
		return fault(w, ERR_BEARER_INVALID, "not an access token of ours");
	const char *wrong = read_claims(w, claims, out);

	return wrong ? fault(w, ERR_BEARER_INVALID, "access token: %s", wrong) : OK;
}

static enum err family_alive(struct work *w, struct access_token *token)
{
	bool found = false;

	TRY(families_find(w, token->family_id, &token->family, &found));
	if (!found || !text_equal(token->family.row.client_id, token->client->client_id) ||
	    !family_is_live(&token->family, w->now))
		return fault(w, ERR_BEARER_INVALID, "family %s has ended", token->family_id);
	return OK;
}

enum err access_token_alive(struct work *w, struct access_token *token)
{
	bool revoked = false;

	w->practice = token->practice->id;
	if (token->family_id)
		return family_alive(w, token);
	TRY(revoked_tokens_have(w, token->jti, &revoked));
	return revoked ? fault(w, ERR_BEARER_INVALID, "token %s is revoked", token->jti) : OK;
}
