/* logout.c: an app asks to sign the person out (OpenID Connect RP-Initiated Logout 1.0 2). What is asked is
 * checked here; whether the person is asked, and who is told, is login/logout.h's. */
#include "oidc/logout.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/form.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"
#include "keys/keyring.h"
#include "login/logout.h"
#include "oidc/provider.h"
#include "people/app_registry.h"
#include "store/snapshot.h"

#define STATE_MAX 4096
#define URL_MAX   (12 * KB)

/* What the hint of the app says, once it is known to be ours; expired is fine (2.1). */
struct hint {
	const char *client_id, *sid;
};

static enum err read_hint(struct request *rq, struct hint *out)
{
	struct work *w = &rq->w;
	const char *token = request_parameter(rq, "id_token_hint");
	json_t *claims = NULL; /* the arena's */

	if (!token)
		return OK;
	if (keyring_verify(w->app->keyring, w->arena, token, "JWT", &claims) != OK ||
	    !text_equal(json_get_text(claims, "iss"), w->app->config->issuer))
		return fault(w, ERR_LOGOUT_HINT, "id_token_hint is not one of ours");
	out->client_id = json_get_text(claims, "aud");
	out->sid = json_get_text(claims, "sid");
	return OK;
}

static enum err find_client(struct request *rq, const struct hint *hint)
{
	struct work *w = &rq->w;
	const char *id = request_parameter(rq, "client_id");

	if (id && hint->client_id && !text_equal(id, hint->client_id))
		return fault(w, ERR_LOGOUT_HINT, "hint is of %s, client_id is %s", hint->client_id, id);
	if (!id)
		id = hint->client_id;
	if (!id)
		return OK;
	rq->client = snapshot_client(w->snapshot, id);
	if (!rq->client || rq->client->disabled)
		return fault(w, ERR_CLIENT_UNKNOWN, "client %s", id);
	return OK;
}

static enum err add_state(struct request *rq, const char *uri, const char **out)
{
	const char *state = request_parameter(rq, "state");
	AUTO_BUF address = BUF(URL_MAX + 4 * STATE_MAX);

	if (state && strlen(state) > STATE_MAX)
		return fault(&rq->w, ERR_PARAMETER_MALFORMED, "state is longer than %d bytes", STATE_MAX);
	buf_text(&address, uri);
	if (state) {
		buf_text(&address, strchr(uri, '?') ? "&state=" : "?state=");
		percent_encode(&address, state);
	}
	*out = arena_text(rq->w.arena, buf_str(&address));
	return OK;
}

/* Byte for byte one that is registered for logout (2, A3); nobody is sent anywhere else. */
static enum err find_address(struct request *rq, const char **out)
{
	struct work *w = &rq->w;
	const char *uri = request_parameter(rq, "post_logout_redirect_uri");

	*out = NULL;
	if (!uri)
		return OK;
	if (!rq->client)
		return fault(w, ERR_REDIRECT_URI, "post_logout_redirect_uri of nobody");
	if (!text_list_has(rq->client->post_logout_redirect_uris, uri) ||
	    !redirect_uri_is_sound(uri, rq->client->application_type, w->app->config->development))
		return fault(w, ERR_REDIRECT_URI, "client %s asked to return to %s", rq->client->client_id,
			     url_for_log(w->arena, uri));
	return add_state(rq, uri, out);
}

enum err oidc_logout(struct request *rq)
{
	struct hint hint = { 0 };
	const char *address, *locales = request_parameter(rq, "ui_locales");

	if (locales)
		rq->messages = catalog_choose(locales, cookie_get(rq, COOKIE_LANGUAGE), rq->accept_language);
	TRY(read_hint(rq, &hint));
	TRY(find_client(rq, &hint));
	TRY(find_address(rq, &address));
	return logout_begin(rq, &(struct logout_start){ .post_logout_redirect_uri = address,
							.client_name = rq->client ? rq->client->name : NULL,
							.hinted_sid = hint.sid });
}

enum err oidc_logout_post(struct request *rq)
{
	const char *query = form_write(rq->w.arena, &rq->form);

	if (strlen(query) > URL_MAX)
		return fault(&rq->w, ERR_TOO_LARGE, "%zu bytes of parameters", strlen(query));
	return respond_redirect(rq, arena_print(rq->w.arena, PATH_LOGOUT "?%s", query));
}
