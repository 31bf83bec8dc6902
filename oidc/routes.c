/* routes.c: the addresses of OAuth 2.0 and OpenID Connect, and the life of the provider. */
#include "oidc/routes.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "oidc/authorize.h"
#include "oidc/bearer.h"
#include "oidc/discovery.h"
#include "oidc/jwks_cache.h"
#include "oidc/logout.h"
#include "oidc/par.h"
#include "oidc/provider.h"
#include "oidc/refusals.h"
#include "oidc/token.h"
#include "oidc/upstream_doors.h"

#define STEP (NEEDS_FLOW | MAY_SESSION)
#define FORM (16 * KB)

const struct route oidc_routes[] = {
	{ "GET", "/.well-known/openid-configuration", oidc_discovery, LANE_INLINE, SPEAKS_JSON, ANY_ORIGIN,
	  0 },
	{ "GET", "/.well-known/oauth-authorization-server", oidc_discovery, LANE_INLINE, SPEAKS_JSON,
	  ANY_ORIGIN, 0 },
	{ "GET", PATH_JWKS, oidc_jwks, LANE_INLINE, SPEAKS_JSON, ANY_ORIGIN, 0 },

	{ "GET", PATH_AUTHORIZE, oidc_authorize, LANE_QUICK, SPEAKS_HTML, 0, 0 },
	{ "POST", PATH_AUTHORIZE, oidc_authorize_post, LANE_QUICK, SPEAKS_HTML, 0, FORM },
	{ "GET", PATH_CONTINUE, oidc_authorize_continue, LANE_QUICK, SPEAKS_HTML, STEP, 0 },
	{ "GET", PATH_CONSENT, oidc_consent_page, LANE_QUICK, SPEAKS_HTML, STEP, 0 },
	{ "POST", PATH_CONSENT, oidc_consent_submit, LANE_QUICK, SPEAKS_HTML, STEP | NEEDS_CSRF, 4 * KB },

	{ "POST", PATH_TOKEN, oidc_token, LANE_QUICK, SPEAKS_OAUTH, ANY_ORIGIN, FORM },
	{ "POST", PATH_PAR, oidc_par, LANE_QUICK, SPEAKS_OAUTH, ANY_ORIGIN, FORM },
	{ "POST", PATH_INTROSPECT, oidc_introspect, LANE_QUICK, SPEAKS_OAUTH, 0, FORM },
	{ "POST", PATH_REVOKE, oidc_revoke, LANE_QUICK, SPEAKS_OAUTH, ANY_ORIGIN, FORM },
	{ "GET", PATH_USERINFO, oidc_userinfo, LANE_QUICK, SPEAKS_BEARER, ANY_ORIGIN, 0 },
	{ "POST", PATH_USERINFO, oidc_userinfo, LANE_QUICK, SPEAKS_BEARER, ANY_ORIGIN, FORM },

	{ "GET", PATH_LOGOUT, oidc_logout, LANE_QUICK, SPEAKS_HTML, MAY_SESSION, 0 },
	{ "POST", PATH_LOGOUT, oidc_logout_post, LANE_QUICK, SPEAKS_HTML, 0, FORM },

	{ "GET", "/federation/{connection}/callback", upstream_callback, LANE_REMOTE, SPEAKS_HTML, 0, 0 },
	{ "GET", "/federation/{connection}/jwks", upstream_keys, LANE_INLINE, SPEAKS_JSON, ANY_ORIGIN, 0 },
	{ "GET", "/federation/{connection}/test", upstream_test, LANE_QUICK, SPEAKS_HTML, 0, 0 },
	{ "POST", "/federation/{connection}/backchannel-logout", upstream_backchannel_logout, LANE_REMOTE,
	  SPEAKS_JSON, 0, 32 * KB },
	{ "GET", "/federation/{connection}/frontchannel-logout", upstream_frontchannel_logout, LANE_QUICK,
	  SPEAKS_TEXT, 0, 0 },
	{ .method = NULL },
};

struct oidc *oidc_of(const struct work *w)
{
	assert(w->app->oidc);
	return w->app->oidc;
}

static char *keep(const char *text)
{
	char *copy = strdup(text);

	assert(copy);
	return copy;
}

enum err oidc_start(struct work *w)
{
	struct oidc *oidc = calloc(1, sizeof *oidc);
	AUTO(json_done) json_t *document = discovery_document(w->app->config);
	const char *text = json_text(w->arena, document);

	assert(oidc && !w->app->oidc);
	oidc->metadata = keep(text);
	oidc->metadata_etag = keep(base64url_encode(w->arena, sha256(w->arena, BYTES_OF(text))));
	oidc->jwks = jwks_cache_new();
	oidc->refusals = refusals_new();
	w->app->oidc = oidc;
	return OK;
}

void oidc_stop(struct app *app)
{
	if (!app->oidc)
		return;
	free(app->oidc->metadata);
	free(app->oidc->metadata_etag);
	jwks_cache_free(app->oidc->jwks);
	refusals_free(app->oidc->refusals);
	free(app->oidc);
	app->oidc = NULL;
}
