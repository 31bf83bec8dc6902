/* provider.h: what the provider keeps in memory for the whole process: the prebuilt metadata, the key
 * sets of apps, and who failed to authenticate too often here. Made by oidc_start, held by app->oidc. */
#ifndef OIDC_PROVIDER_H
#define OIDC_PROVIDER_H

#include "base/base.h"

struct work;
struct jwks_cache;
struct refusals;

/* Paths under the issuer; discovery publishes them, routes.c serves them. */
#define PATH_AUTHORIZE    "/oauth2/authorize"
#define PATH_CONTINUE     "/oauth2/authorize/continue"
#define PATH_CONSENT      "/consent"
#define PATH_TOKEN        "/oauth2/token"
#define PATH_USERINFO     "/oauth2/userinfo"
#define PATH_INTROSPECT   "/oauth2/introspect"
#define PATH_REVOKE       "/oauth2/revoke"
#define PATH_PAR          "/oauth2/par"
#define PATH_LOGOUT       "/oauth2/logout"
#define PATH_JWKS         "/oauth2/jwks"

#define CODE_LIFETIME     60 /* seconds; ASVS 5 L3, IPSIE */
#define PUSHED_LIFETIME   90 /* RFC 9126 2.2: short */
#define ID_TOKEN_LIFETIME 300
#define REFRESH_GRACE     10 /* a lost answer may be asked for again this long */

struct oidc {
	char *metadata, *metadata_etag;
	struct jwks_cache *jwks;
	struct refusals *refusals;
};

/* The provider of this work's process; asserts that oidc_start ran. */
struct oidc *oidc_of(const struct work *work);

#endif
