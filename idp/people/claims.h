/* claims.h: the one builder of what we say about a person: ID token, access token, userinfo,
 * introspection, preview, later SAML. requirements: claims.md and DESIGN.md 6.
 *
 * One practice per token; `clinic.locations[].roles` is the truth. With an active location `roles` holds that
 * location's roles, without one only roles held at every listed location. Beyond 12 locations a token carries
 * the active one and clinic.locations_truncated: true; userinfo and introspection carry all. Nothing unasked
 * stands in an ID token. Protocol claims (iss, aud, exp, iat, jti, nonce, at_hash) are the caller's; the
 * names in claims_reserved are never overwritten by anything mapped. */
#ifndef PEOPLE_CLAIMS_H
#define PEOPLE_CLAIMS_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct work;
struct subject;
struct client;

enum claims_for { CLAIMS_ID_TOKEN, CLAIMS_ACCESS_TOKEN, CLAIMS_USERINFO, CLAIMS_INTROSPECTION };

struct claims_ask {
	const struct client *client;
	const char *scope;       /* granted, space-separated */
	const char *location_id; /* active location, or NULL */
	const json_t *requested; /* the `claims` request parameter (OpenID Connect Core 5.5), or NULL */
	const char *sid, *acr;
	const char *const *amr;
	int64_t auth_time, session_expiry; /* 0: leave out */
};
/* A new object, the caller's. Always sub, and with a person: sid auth_time acr amr; tenant, session_expiry,
 * clinic with scope clinic (tenant in access tokens and introspection always); roles with clinic or roles;
 * groups with groups, not in access tokens; profile, email, phone, address by scope in userinfo only, in the
 * ID token where `requested` (within client->scopes) or client->id_token_claims asks. A location that is not
 * held is not said. */
enum err claims_build(struct work *work, const struct subject *subject, const struct claims_ask *ask,
		      enum claims_for for_, json_t **out) MUST_USE;
/* For a client acting for itself (client_credentials): tenant and scope facts without a person. */
enum err claims_of_client(struct work *work, const struct client *client, json_t **out) MUST_USE;

/* The words of `scope`, and one for each claim that an ID token or userinfo gives although its scope is not
 * among them: asked for by name, or always given to this app. What a person allows is what is given, so
 * consent is about these. */
char *claims_scopes(struct arena *arena, const struct client *client, const char *scope, const json_t *asked);

/* The claims this deployment can release, for discovery (claims_supported); ends with NULL. */
const char *const *claims_supported(void);
const char *const *
scopes_supported(void); /* openid profile email phone address clinic roles groups offline_access */
bool claims_reserved(const char *name);
/* May an app's id_token_claims name it? */
bool claim_is_released(const char *name);

#endif
