/* upstream_declared.c: is a declared connection sound as a whole, and what has to be entered at the provider?
 */
#include "oidc/upstream_inspect.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/url.h"
#include "oidc/upstream_presets.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_sign_in.h"
#include "people/connector.h"
#include "store/snapshot.h"

#define CLIENT_ID_MAX 255

/* Where Microsoft signs in everybody's tenants: the tenant's own issuer is told apart by its id alone. */
static const char *const microsoft[] = { "login.microsoftonline.com", "login.microsoftonline.us",
					 "login.partner.microsoftonline.cn", NULL };
/* What stands there in place of one tenant. */
static const char *const any_tenant[] = { "common", "organizations", "consumers", NULL };

static bool is_visible(const char *text)
{
	size_t size = text ? strlen(text) : 0;

	for (size_t at = 0; at < size; at++)
		if (text[at] < 0x21 || text[at] > 0x7e)
			return false;
	return size > 0 && size <= CLIENT_ID_MAX;
}

/* OpenID Connect Discovery 1.0 3: no query, no fragment. */
static const char *issuer_trouble(struct work *w, const json_t *whole)
{
	const char *issuer = json_get_text(whole, "issuer");
	const char *hint = upstream_preset_of(json_get_text(whole, "preset"))->issuer_hint;

	if (!issuer)
		return arena_print(w->arena, "issuer: is missing%s%s", hint ? "; it looks like " : "",
				   hint ? hint : "");
	if (!upstream_address_is_sound(w->arena, w->app->config, issuer) || strchr(issuer, '?'))
		return "issuer: must be an https address without query, as the provider writes it";
	if (!fetch_url_allowed(w->app->config, issuer))
		return "issuer: may not be fetched from here; name its host in outbound.allow";
	return NULL;
}

static const char *tenant_trouble(struct work *w, const json_t *whole)
{
	const char *tid = json_get_text(whole, "tid"), *issuer = json_get_text(whole, "issuer");
	struct url url;

	if (!upstream_preset_of(json_get_text(whole, "preset"))->has_tenant)
		return NULL;
	if (!is_visible(tid) || strchr(tid, '/'))
		return "tid: is missing: the Directory (tenant) ID of the app registration's overview";
	if (text_list_has(any_tenant, tid))
		return "tid: must be one tenant's id, else anybody's tenant signs in";
	if (!url_read(w->arena, issuer, &url) || !text_list_has(microsoft, url.host))
		return NULL;
	return text_equal(url.rest, arena_print(w->arena, "/%s/v2.0", tid))
		       ? NULL
		       : arena_print(w->arena, "issuer: must be https://%s/%s/v2.0, the tenant's own",
				     url.host, tid);
}

static const char *domain_trouble(const json_t *whole)
{
	const char *hd = json_get_text(whole, "hd");

	if (!upstream_preset_of(json_get_text(whole, "preset"))->has_domain)
		return NULL;
	return is_visible(hd) && strchr(hd, '.') ? NULL
						 : "hd: is missing: the Workspace domain whose people may "
						   "sign in, else anybody's account does";
}

static const char *scopes_trouble(struct work *w, const json_t *whole)
{
	const json_t *list = json_object_get(whole, "scopes");

	if (!list || json_is_null(list))
		return NULL;
	return text_list_has(json_get_list(w->arena, whole, "scopes"), "openid")
		       ? NULL
		       : "scopes: must have openid, or there is no ID token";
}

const char *upstream_trouble(struct work *w, const json_t *whole, const char *metadata, bool known)
{
	const char *why = issuer_trouble(w, whole);

	(void)metadata; /* an OIDC provider's is not kept with the connection */
	(void)known;
	if (!why && !is_visible(json_get_text(whole, "client_id")))
		why = "client_id: is missing or has other than visible ASCII characters";
	if (!why)
		why = tenant_trouble(w, whole);
	if (!why)
		why = domain_trouble(whole);
	return why ? why : scopes_trouble(w, whole);
}

json_t *upstream_ours(struct work *w, const struct connection *connection)
{
	const char *issuer = w->app->config->issuer, *id = connection->id;
	json_t *ours = json_object();

	assert(ours);
	json_set_text(ours, "redirect_uri", upstream_redirect_uri(w, connection));
	json_set_text(ours, "post_logout_redirect_uri", arena_print(w->arena, "%s/logged-out", issuer));
	json_set_text(ours, "backchannel_logout_uri",
		      arena_print(w->arena, "%s/federation/%s/backchannel-logout", issuer, id));
	json_set_text(ours, "frontchannel_logout_uri",
		      arena_print(w->arena, "%s/federation/%s/frontchannel-logout", issuer, id));
	if (text_equal(connection->token_endpoint_auth_method, "private_key_jwt"))
		json_set_text(ours, "jwks_uri", arena_print(w->arena, "%s/federation/%s/jwks", issuer, id));
	return ours;
}
