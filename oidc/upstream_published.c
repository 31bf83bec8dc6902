/* upstream_published.c: a provider's metadata becomes a struct (OpenID Connect Discovery 1.0 3, 4.3). */
#include "oidc/upstream_provider.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/url.h"

#define ADDRESS_MAX 2000
#define WORDS_MAX   200
#define WELL_KNOWN  "/.well-known/openid-configuration"

const char *const upstream_algs[] = { "ES256", "ES384", "RS256", "RS384", "RS512",
				      "PS256", "PS384", "PS512", NULL };

char *published_address(struct arena *arena, const char *issuer)
{
	size_t size = strlen(issuer);

	return arena_print(arena, "%.*s" WELL_KNOWN, (int)(size - (size > 0 && issuer[size - 1] == '/')),
			   issuer);
}

bool upstream_address_is_sound(struct arena *arena, const struct config *config, const char *address)
{
	struct url url;

	if (!address || strlen(address) > ADDRESS_MAX || !url_read(arena, address, &url) ||
	    strchr(address, '#'))
		return false;
	return text_equal(url.scheme, "https") || (config->development && url_host_is_loopback(url.host));
}

enum use { BY_BROWSER, BY_US };
struct endpoint {
	const char *name;
	enum use use;
	bool required;
	const char **to;
};

static const char *read_endpoint(struct arena *arena, const struct config *config, const json_t *document,
				 const struct endpoint *endpoint)
{
	const json_t *value = json_object_get(document, endpoint->name);
	const char *address = json_string_value(value);

	if (!value)
		return endpoint->required ? arena_print(arena, "%s is missing", endpoint->name) : NULL;
	if (!upstream_address_is_sound(arena, config, address))
		return arena_print(arena, "%s is not an https address", endpoint->name);
	if (endpoint->use == BY_US && !fetch_url_allowed(config, address))
		return arena_print(arena, "%s may not be fetched from here (outbound.allow)", endpoint->name);
	*endpoint->to = arena_text(arena, address);
	return NULL;
}

/* Copies of the words; what else stands in the array is left out. NULL when there is no array. */
static const char *const *read_words(struct arena *arena, const json_t *document, const char *name)
{
	const json_t *list = json_object_get(document, name), *word;
	size_t at, count = 0;

	if (!json_is_array(list))
		return NULL;
	const char **words = arena_array(arena, const char *, WORDS_MAX + 1);

	json_array_foreach (list, at, word)
		if (json_is_string(word) && count < WORDS_MAX)
			words[count++] = arena_text(arena, json_string_value(word));
	return words;
}

/* Those of ours that it signs with: which one a token has is then its choice (RFC 8725 3.1). */
static const char *const *read_algs(struct arena *arena, const json_t *document)
{
	const char *const *theirs = read_words(arena, document, "id_token_signing_alg_values_supported");
	const char **both = arena_array(arena, const char *, 9);
	size_t count = 0;

	for (const char *const *alg = upstream_algs; *alg; alg++)
		if (text_list_has(theirs, *alg))
			both[count++] = *alg;
	return both;
}

static const char *read_endpoints(struct arena *arena, const struct config *config, const json_t *document,
				  struct published *out)
{
	const struct endpoint endpoints[] = {
		{ "authorization_endpoint", BY_BROWSER, true, &out->authorization_endpoint },
		{ "token_endpoint", BY_US, true, &out->token_endpoint },
		{ "jwks_uri", BY_US, true, &out->jwks_uri },
		{ "userinfo_endpoint", BY_US, false, &out->userinfo_endpoint },
		{ "end_session_endpoint", BY_BROWSER, false, &out->end_session_endpoint },
	};

	for (size_t at = 0; at < COUNT(endpoints); at++) {
		const char *why = read_endpoint(arena, config, document, &endpoints[at]);

		if (why)
			return why;
	}
	return NULL;
}

static void read_lists(struct arena *arena, const json_t *document, struct published *out)
{
	out->auth_methods = read_words(arena, document, "token_endpoint_auth_methods_supported");
	out->auth_algs = read_words(arena, document, "token_endpoint_auth_signing_alg_values_supported");
	out->scopes = read_words(arena, document, "scopes_supported");
	out->acr_values = read_words(arena, document, "acr_values_supported");
	out->pkce_methods = read_words(arena, document, "code_challenge_methods_supported");
	out->iss_parameter = json_get_bool(document, "authorization_response_iss_parameter_supported", false);
}

enum err published_read(struct arena *arena, const struct config *config, const char *issuer,
			const json_t *document, struct published *out, const char **why)
{
	struct published read = { .issuer = arena_text(arena, issuer) };

	*why = NULL;
	if (!json_is_object(document))
		*why = "it is not a JSON object";
	else if (!text_equal(json_get_text(document, "issuer"), issuer))
		*why = "its issuer is not the connection's, byte for byte";
	else
		*why = read_endpoints(arena, config, document, &read);
	if (*why)
		return ERR_DOCUMENT;
	read.id_token_algs = read_algs(arena, document);
	if (!read.id_token_algs[0]) {
		*why = "it signs ID tokens with no algorithm that is accepted here";
		return ERR_DOCUMENT;
	}
	read_lists(arena, document, &read);
	*out = read;
	return OK;
}
