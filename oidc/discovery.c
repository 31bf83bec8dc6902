/* discovery.c: provider metadata and keys (OpenID Connect Discovery 1.0 3, RFC 8414 2). */
#include "oidc/discovery.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/keyring.h"
#include "oidc/provider.h"
#include "people/claims.h"

#define MAX_AGE 900

static const struct {
	const char *name, *path;
} endpoints[] = {
	{ "authorization_endpoint", PATH_AUTHORIZE },  { "token_endpoint", PATH_TOKEN },
	{ "userinfo_endpoint", PATH_USERINFO },        { "jwks_uri", PATH_JWKS },
	{ "introspection_endpoint", PATH_INTROSPECT }, { "revocation_endpoint", PATH_REVOKE },
	{ "end_session_endpoint", PATH_LOGOUT },       { "pushed_authorization_request_endpoint", PATH_PAR },
};

#define WORDS(...)      ((const char *const[]){ __VA_ARGS__, NULL })
#define AUTH_METHODS    "client_secret_basic", "client_secret_post", "private_key_jwt"
#define AUTH_ALGORITHMS "RS256", "RS384", "ES256", "ES384", "PS256"

static void add_lists(json_t *document)
{
	const struct {
		const char *name;
		const char *const *words;
	} lists[] = {
		{ "scopes_supported", scopes_supported() },
		{ "claims_supported", claims_supported() },
		{ "response_types_supported", WORDS("code") },
		{ "response_modes_supported", WORDS("query", "form_post") },
		{ "grant_types_supported",
		  WORDS("authorization_code", "refresh_token", "client_credentials") },
		{ "subject_types_supported", WORDS("public") },
		{ "claim_types_supported", WORDS("normal") },
		{ "id_token_signing_alg_values_supported", WORDS("ES256", "RS256") },
		{ "code_challenge_methods_supported", WORDS("S256") },
		{ "prompt_values_supported", WORDS("none", "login", "consent", "select_account") },
		{ "acr_values_supported", WORDS("urn:lanyard:acr:1fa") },
		{ "ui_locales_supported", WORDS("en", "es") },
		{ "token_endpoint_auth_methods_supported", WORDS(AUTH_METHODS, "none") },
		{ "token_endpoint_auth_signing_alg_values_supported", WORDS(AUTH_ALGORITHMS) },
		{ "introspection_endpoint_auth_methods_supported", WORDS(AUTH_METHODS) },
		{ "introspection_endpoint_auth_signing_alg_values_supported", WORDS(AUTH_ALGORITHMS) },
		{ "revocation_endpoint_auth_methods_supported", WORDS(AUTH_METHODS, "none") },
		{ "revocation_endpoint_auth_signing_alg_values_supported", WORDS(AUTH_ALGORITHMS) },
	};

	for (size_t at = 0; at < COUNT(lists); at++)
		json_set(document, lists[at].name, json_list(lists[at].words));
}

static const struct {
	const char *name;
	bool is;
} facts[] = {
	{ "authorization_response_iss_parameter_supported", true }, /* RFC 9207 */
	{ "backchannel_logout_supported", true },
	{ "backchannel_logout_session_supported", true },
	{ "frontchannel_logout_supported", true },
	{ "frontchannel_logout_session_supported", true },
	{ "claims_parameter_supported", true },
	{ "request_parameter_supported", false },
	{ "request_uri_parameter_supported", false }, /* left out it would mean true */
	{ "require_pushed_authorization_requests", false },
};

json_t *discovery_document(const struct config *config)
{
	json_t *document = json_object();
	AUTO_BUF url = BUF(4 * KB);

	json_set_text(document, "issuer", config->issuer);
	for (size_t at = 0; at < COUNT(endpoints); at++) {
		url.size = 0;
		buf_print(&url, "%s%s", config->issuer, endpoints[at].path);
		json_set_text(document, endpoints[at].name, buf_str(&url));
	}
	add_lists(document);
	for (size_t at = 0; at < COUNT(facts); at++)
		json_set(document, facts[at].name, json_boolean(facts[at].is));
	return document;
}

enum err oidc_discovery(struct request *rq)
{
	const struct oidc *oidc = oidc_of(&rq->w);

	return respond_cached(rq, "application/json", oidc->metadata, oidc->metadata_etag, MAX_AGE);
}

enum err oidc_jwks(struct request *rq)
{
	const char *body, *etag;

	keyring_jwks(rq->w.app->keyring, rq->w.arena, &body, &etag);
	return respond_cached(rq, "application/json", body, etag, MAX_AGE);
}
