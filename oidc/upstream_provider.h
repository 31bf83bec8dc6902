/* upstream_provider.h: what a provider publishes (OpenID Connect Discovery 1.0 4, RFC 8414 2), and what it
 * signed. */
#ifndef OIDC_UPSTREAM_PROVIDER_H
#define OIDC_UPSTREAM_PROVIDER_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct config;
struct connection;
struct work;

#define UPSTREAM_SKEW 60 /* seconds that clocks may differ */

struct published {
	const char *issuer, *authorization_endpoint, *token_endpoint, *jwks_uri;
	const char *userinfo_endpoint, *end_session_endpoint; /* NULL: none */
	const char *const *id_token_algs;                     /* of ours, those it signs with */
	const char *const *auth_methods, *const *auth_algs;   /* of the token endpoint; NULL: not said */
	const char *const *scopes, *const *acr_values, *const *pkce_methods; /* NULL: not said */
	bool iss_parameter; /* RFC 9207: every answer of it says iss */
};
/* The document's texts, copied. The issuer must be the one asked for, byte for byte (4.3); what we would go
 * to must be of a form that may be gone to. ERR_DOCUMENT: *why says what is wrong with it. */
enum err published_read(struct arena *arena, const struct config *config, const char *issuer,
			const json_t *document, struct published *out, const char **why) MUST_USE;
/* Where it stands (4): a slash at the issuer's end is not doubled. */
char *published_address(struct arena *arena, const char *issuer);
/* Where a browser may be sent: https, or http to loopback under development; printable, no fragment. */
bool upstream_address_is_sound(struct arena *arena, const struct config *config, const char *address);

/* What the connection's provider publishes. fresh: fetched now. ERR_UPSTREAM_DOWN: it cannot be reached or
 * does not answer as one; the reason says why. */
enum err upstream_find(struct work *work, const struct connection *connection, bool fresh,
		       struct published *out) MUST_USE;

/* Did this provider sign it? Claims only when it did. ERR_UPSTREAM_ANSWER with *word "structure",
 * "algorithm", "key" (none of its keys is for this token) or "signature"; ERR_UPSTREAM_DOWN with
 * "keys_unreachable". */
struct signed_token {
	const char *alg, *typ; /* typ: NULL */
	json_t *claims;        /* the arena's */
};
enum err upstream_verify(struct work *work, const struct published *published, const char *token,
			 struct signed_token *out, const char **word) MUST_USE;
/* All algorithms that are accepted at all: never none, never a secret's. Ends with NULL. */
extern const char *const upstream_algs[];

#endif
