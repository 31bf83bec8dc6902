/* ask_checks.c: the check matrix of authorization requests (security.md A1 to A7): which check runs
 * where, in an order that is meaning. Until "redirect" has passed a fault is a page. */
#include "oidc/ask.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/url.h"
#include "keys/keyring.h"
#include "login/acr.h"
#include "oidc/pkce.h"
#include "oidc/scope.h"
#include "people/app_registry.h"
#include "people/claims.h"
#include "store/snapshot.h"

#define MAX_AGE_MAX 31536000 /* a year; longer asks for nothing */

static enum err check_client(struct work *w, struct ask *ask)
{
	ask->client = snapshot_client(w->snapshot, ask->client_id);
	if (!ask->client || ask->client->disabled)
		return fault(w, ERR_CLIENT_UNKNOWN, "client %s is %s",
			     ask->client_id ? ask->client_id : "(none)",
			     ask->client ? "disabled" : "not registered");
	return OK;
}

/* OpenID Connect requires redirect_uri; plain OAuth may leave it out when one is registered (RFC
 * 6749 3.1.2.3). */
static const char *return_address(const struct ask *ask)
{
	const char *const *registered = ask->client->redirect_uris;

	if (ask->redirect_uri)
		return ask->redirect_uri;
	if (text_words_have(ask->scope ? ask->scope : "", "openid") || !registered || !registered[0] ||
	    registered[1])
		return NULL;
	return registered[0];
}

/* Compared byte for byte with what is registered, and sound by its form again at use (A1, A2). */
static enum err check_redirect(struct work *w, struct ask *ask)
{
	const char *uri = return_address(ask);

	if (!uri || !redirect_uri_matches(ask->client, uri) ||
	    !redirect_uri_is_sound(uri, ask->client->application_type, w->app->config->development))
		return fault(w, ERR_REDIRECT_URI, "client %s asked to return to %s", ask->client_id,
			     uri ? url_for_log(w->arena, uri) : "(nowhere)");
	ask->return_uri = uri;
	ask->answerable = true;
	return OK;
}

/* Before the other checks, so that their faults are sent the way that was asked for. A form can only be
 * posted to a web address. */
static enum err check_response_mode(struct work *w, struct ask *ask)
{
	const char *mode = ask->response_mode ? ask->response_mode : "query";
	bool form_post = text_equal(mode, "form_post");

	if (!form_post && !text_equal(mode, "query"))
		return fault(w, ERR_REQUEST_INVALID, "response_mode %s", mode);
	if (ask->client->response_modes && !text_list_has(ask->client->response_modes, mode))
		return fault(w, ERR_REQUEST_INVALID, "response_mode %s is not registered", mode);
	if (form_post && !url_origin(w->arena, ask->return_uri))
		return fault(w, ERR_REQUEST_INVALID, "form_post to an address that is not http");
	ask->form_post = form_post;
	return OK;
}

static enum err check_pushed_only(struct work *w, struct ask *ask)
{
	if (ask->client->require_pushed_authorization_requests && !ask->pushed)
		return fault(w, ERR_REQUEST_INVALID, "client %s must push its requests", ask->client_id);
	return OK;
}

/* OpenID Connect Core 6.1, 6.2. A request_uri of ours was replaced by what was pushed before we are asked. */
static enum err check_request_object(struct work *w, struct ask *ask)
{
	if (ask->request)
		return fault(w, ERR_REQUEST_UNSUPPORTED, "client %s sent a request object", ask->client_id);
	if (ask->request_uri)
		return fault(w, ERR_REQUEST_URI_UNSUPPORTED, "client %s sent a request_uri that is not ours",
			     ask->client_id);
	return OK;
}

static enum err check_response_type(struct work *w, struct ask *ask)
{
	if (!ask->response_type)
		return fault(w, ERR_REQUEST_INVALID, "response_type is missing");
	if (!text_equal(ask->response_type, "code"))
		return fault(w, ERR_RESPONSE_TYPE, "response_type %s", ask->response_type);
	if (!text_list_has(ask->client->grant_types, "authorization_code"))
		return fault(w, ERR_CLIENT_MAY_NOT, "client %s has no authorization_code", ask->client_id);
	return OK;
}

/* Granted is asked and registered, never more (D10). Unknown words are dropped in silence, but an
 * answer with nothing of what was asked would mislead. offline_access means a refresh token. */
static enum err check_scope(struct work *w, struct ask *ask)
{
	if (ask->scope && !scope_is_sound(ask->scope))
		return fault(w, ERR_SCOPE, "scope is not well formed");
	char *granted = scope_narrow(w->arena, ask->scope, ask->client->scopes);

	if (!text_list_has(ask->client->grant_types, "refresh_token"))
		granted = scope_without(w->arena, granted, "offline_access");
	if (ask->scope && !*granted)
		return fault(w, ERR_SCOPE, "client %s asked for %s", ask->client_id, ask->scope);
	ask->granted = granted;
	return OK;
}

/* RFC 7636 4.3, RFC 9700 2.1.1: S256 for all. An app that keeps a secret may be registered without. */
static enum err check_pkce(struct work *w, struct ask *ask)
{
	bool is_public = text_equal(ask->client->token_endpoint_auth_method, "none");

	if (!ask->code_challenge) {
		if (ask->code_challenge_method || is_public || ask->client->require_pkce)
			return fault(w, ERR_REQUEST_INVALID, "code_challenge is missing");
		return OK;
	}
	if (!text_equal(ask->code_challenge_method, "S256"))
		return fault(w, ERR_REQUEST_INVALID, "code_challenge_method %s",
			     ask->code_challenge_method ? ask->code_challenge_method : "(plain)");
	if (!pkce_challenge_is_sound(w->arena, ask->code_challenge))
		return fault(w, ERR_REQUEST_INVALID, "code_challenge is not a SHA-256 in base64url");
	return OK;
}

static unsigned prompt_of(const char *word)
{
	static const struct {
		const char *word;
		enum ask_prompt prompt;
	} prompts[] = {
		{ "none", PROMPT_NONE },
		{ "login", PROMPT_LOGIN },
		{ "consent", PROMPT_CONSENT },
		{ "select_account", PROMPT_SELECT },
	};

	for (size_t at = 0; at < COUNT(prompts); at++)
		if (strcmp(prompts[at].word, word) == 0)
			return prompts[at].prompt;
	return 0;
}

/* OpenID Connect Core 3.1.2.1: none stands alone. */
static enum err check_prompt(struct work *w, struct ask *ask)
{
	ask->prompts = 0;
	for (const char *const *word = scope_words(w->arena, ask->prompt); *word; word++) {
		unsigned prompt = prompt_of(*word);

		if (!prompt)
			return fault(w, ERR_REQUEST_INVALID, "prompt %s", *word);
		ask->prompts |= prompt;
	}
	if (ask->prompts & PROMPT_NONE && ask->prompts != PROMPT_NONE)
		return fault(w, ERR_REQUEST_INVALID, "prompt none with others");
	return OK;
}

static enum err check_max_age(struct work *w, struct ask *ask)
{
	ask->max_age_seconds = -1;
	if (ask->max_age && !text_to_int(ask->max_age, 0, MAX_AGE_MAX, &ask->max_age_seconds))
		return fault(w, ERR_REQUEST_INVALID, "max_age is not a number of seconds");
	return OK;
}

/* Expired hints are accepted: they only say who is meant (OpenID Connect Core 3.1.2.1). */
static enum err check_hint(struct work *w, struct ask *ask)
{
	json_t *claims = NULL; /* the arena's */

	if (!ask->id_token_hint)
		return OK;
	if (keyring_verify(w->app->keyring, w->arena, ask->id_token_hint, "JWT", &claims) != OK ||
	    !text_equal(json_get_text(claims, "iss"), w->app->config->issuer) ||
	    !json_get_text(claims, "sub"))
		return fault(w, ERR_REQUEST_INVALID, "id_token_hint is not one of ours");
	ask->expected_sub = json_get_text(claims, "sub");
	return OK;
}

static void release_json(void *thing)
{
	json_t *value = thing;

	json_decref(value);
}

/* claims.id_token.sub.value names who is meant, as a hint does (OpenID Connect Core 5.5.1). */
static enum err check_claims_sub(struct work *w, struct ask *ask)
{
	const char *sub = json_get_text(
		json_object_get(json_object_get(ask->claims_asked, "id_token"), "sub"), "value");

	if (!sub)
		return OK;
	if (ask->expected_sub && !text_equal(ask->expected_sub, sub))
		return fault(w, ERR_REQUEST_INVALID, "claims and hint name different people");
	ask->expected_sub = sub;
	return OK;
}

static bool object_or_absent(const json_t *parent, const char *key)
{
	const json_t *child = json_object_get(parent, key);

	return !child || json_is_object(child);
}

static enum err read_claims(struct work *w, struct ask *ask)
{
	json_t *claims = json_read(ask->claims, strlen(ask->claims));

	if (claims)
		arena_defer(w->arena, release_json, claims);
	if (!json_is_object(claims) || !object_or_absent(claims, "id_token") ||
	    !object_or_absent(claims, "userinfo"))
		return fault(w, ERR_REQUEST_INVALID, "claims is not an object of objects");
	ask->claims_asked = claims;
	return check_claims_sub(w, ask);
}

static enum err check_claims(struct work *w, struct ask *ask)
{
	if (ask->claims)
		TRY(read_claims(w, ask));
	ask->released = claims_scopes(w->arena, ask->client, ask->granted, ask->claims_asked);
	return OK;
}

/* The practice is settled before anybody signs in (C2). Not there, off, and not served look the same. */
static enum err check_tenant(struct work *w, struct ask *ask)
{
	const char *const *served = ask->client->practices;
	const char *id = ask->tenant;

	if (!id && served && served[0] && !served[1])
		id = served[0];
	ask->practice = NULL;
	if (!id)
		return OK;
	const struct practice *practice = snapshot_practice(w->snapshot, id);

	if (!practice || practice->disabled || !client_serves(ask->client, practice->id))
		return fault(w, ERR_NO_ACCESS, "client %s does not serve practice %s", ask->client_id, id);
	ask->practice = practice;
	return OK;
}

/* Two factors are another provider's to show, where its word of it is trusted. */
static bool may_show_two_factors(const struct work *w, const struct ask *ask)
{
	for (size_t at = 0; at < w->snapshot->practice_count; at++) {
		const struct practice *p = &w->snapshot->practices[at];

		if (p->disabled || (ask->practice ? p != ask->practice : !client_serves(ask->client, p->id)))
			continue;
		for (size_t c = 0; c < p->connection_count; c++)
			if (p->connections[c].trust_upstream_mfa && !p->connections[c].disabled &&
			    !p->connections[c].deleted)
				return true;
	}
	return false;
}

/* The weaker one of two that can be reached is what is needed. */
static void note_acr(const struct work *w, struct ask *ask, const char *acr)
{
	bool reachable = text_equal(acr, acr_upstream(false)) ||
			 (text_equal(acr, acr_upstream(true)) && may_show_two_factors(w, ask));

	if (reachable && (!ask->need_acr || acr_reaches(ask->need_acr, acr)))
		ask->need_acr = acr;
}

/* OpenID Connect Core 5.5.1.1: an essential acr with values must be met by one of them, or it fails. */
static enum err check_acr(struct work *w, struct ask *ask)
{
	const json_t *acr = json_object_get(json_object_get(ask->claims_asked, "id_token"), "acr");
	const char *value = json_get_text(acr, "value");
	const char *const *values = json_get_list(w->arena, acr, "values");

	ask->need_acr = NULL;
	if (!json_get_bool(acr, "essential", false) || (!value && !values))
		return OK;
	note_acr(w, ask, value);
	for (; values && *values; values++)
		note_acr(w, ask, *values);
	return ask->need_acr ? OK : fault(w, ERR_UNMET_ACR, "no essential acr can be reached");
}

/* Whether the person stands there is asked once the person is known (authorize.c). */
static enum err check_location(struct work *w, struct ask *ask)
{
	if (!ask->location)
		return OK;
	if (!text_is_slug(ask->location) ||
	    (ask->practice && !practice_location(ask->practice, ask->location)))
		return fault(w, ERR_NO_ACCESS, "there is no location %s", ask->location);
	return OK;
}

/* RFC 8707 2: registered ones alone. */
static enum err check_resource(struct work *w, struct ask *ask)
{
	if (ask->resource && !text_list_has(ask->client->resources, ask->resource))
		return fault(w, ERR_TARGET, "resource %s is not registered for %s", ask->resource,
			     ask->client_id);
	return OK;
}

#define ALWAYS   (ASK_AUTHORIZE | ASK_PUSHED | ASK_CONTINUE)
#define AT_FIRST (ASK_AUTHORIZE | ASK_PUSHED)

static const struct check {
	const char *name;
	enum err (*check)(struct work *w, struct ask *ask);
	unsigned stages;
} checks[] = {
	{ "client", check_client, ALWAYS },
	{ "redirect", check_redirect, ALWAYS },
	{ "response_mode", check_response_mode, ALWAYS },
	{ "pushed_only", check_pushed_only, ASK_AUTHORIZE },
	{ "request_object", check_request_object, AT_FIRST },
	{ "response_type", check_response_type, ALWAYS },
	{ "scope", check_scope, ALWAYS },
	{ "pkce", check_pkce, AT_FIRST },
	{ "prompt", check_prompt, ALWAYS },
	{ "max_age", check_max_age, ALWAYS },
	{ "hint", check_hint, AT_FIRST },
	{ "claims", check_claims, ALWAYS },
	{ "tenant", check_tenant, ALWAYS },
	{ "acr", check_acr, ALWAYS },
	{ "location", check_location, ALWAYS },
	{ "resource", check_resource, ALWAYS },
};

enum err ask_check(struct work *w, struct ask *ask, enum ask_stage stage)
{
	for (size_t at = 0; at < COUNT(checks); at++)
		if (checks[at].stages & (unsigned)stage)
			TRY(checks[at].check(w, ask));
	return OK;
}
