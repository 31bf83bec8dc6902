/* backchannel.c: apps of a session are told that it ended: by a signed token from server to server (OpenID
 * Connect Back-Channel Logout 1.0 2.4 to 2.8), and by frames (OpenID Connect Front-Channel Logout 1.0 3). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/metrics.h"
#include "keys/keyring.h"
#include "keys/secret.h"
#include "login/logout.h"
#include "login/session.h"
#include "oidc/routes.h"
#include "store/outbox.h"
#include "store/snapshot.h"

#define KIND           "oidc_backchannel_logout"
#define EVENT_URI      "http://schemas.openid.net/event/backchannel-logout"
#define TOKEN_LIFETIME 120
#define GIVE_UP_AFTER  86400 /* by then the app's own session is over as well */

static enum err tell(struct work *w, const struct session *session, const char *client_id)
{
	const struct client *client = snapshot_client(w->snapshot, client_id);

	if (!client || client->disabled || !client->backchannel_logout_uri)
		return OK;
	AUTO(json_done)
	json_t *body = json_pack("{s:s, s:s}", "sub", session->account_id, "sid", session->sid);

	assert(body);
	return outbox_add(w, &(struct outbox_row){ .id = id_new(w->arena, "message"),
						   .practice_id = w->practice,
						   .kind = KIND,
						   .target = client_id,
						   .body = json_text(w->arena, body) });
}

/* Made at sending: iat and jti are of this try, and nothing signed waits in the store. */
static char *logout_token(struct work *w, const struct client *client, const json_t *message)
{
	AUTO(json_done)
	json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:{s:{}}}", "iss",
				   w->app->config->issuer, "aud", client->client_id, "sub",
				   json_get_text(message, "sub"), "sid", json_get_text(message, "sid"), "jti",
				   id_random(w->arena, "logout"), "iat", (json_int_t)w->now, "exp",
				   (json_int_t)w->now + TOKEN_LIFETIME, "events", EVENT_URI);

	assert(claims);
	return keyring_sign(w->app->keyring, w->arena, client->id_token_signed_response_alg, "logout+jwt",
			    BYTES_OF(json_text(w->arena, claims)));
}

/* RFC status of the app's answer; 0: no answer. */
static long post(struct work *w, const struct client *client, const json_t *message)
{
	struct fetch_answer answer = { 0 };
	AUTO_BUF body = BUF(16 * KB);

	buf_text(&body, "logout_token=");
	percent_encode(&body, logout_token(w, client, message));
	if (fetch(w,
		  &(struct fetch_ask){ .url = client->backchannel_logout_uri,
				       .content_type = "application/x-www-form-urlencoded",
				       .body = BYTES_OF(buf_str(&body)) },
		  &answer) != OK)
		return 0;
	return answer.status;
}

/* 2.8: 200 is done (204 in the wild); 400 says that the app will never take it. Everything else is worth
 * another try, within reason. */
static enum err conclude(struct work *w, const struct outbox_row *row, const json_t *message, long status)
{
	if (status >= 200 && status < 300)
		return logout_told(w, row, json_get_text(message, "sid"), NULL);
	if (status == 400)
		return logout_told(w, row, json_get_text(message, "sid"), "refused_by_app");
	if (w->now - row->created_at > GIVE_UP_AFTER)
		return logout_told(w, row, json_get_text(message, "sid"), "given_up");
	metric_add(METRIC_LOGOUT_FAILED, 1);
	return fault(w, ERR_FETCH, "back-channel logout of %s: status %ld", row->target, status);
}

static enum err send_logout(struct work *w, const struct outbox_row *row)
{
	const struct client *client = snapshot_client(w->snapshot, row->target);
	AUTO(json_done) json_t *message = json_read(row->body, strlen(row->body));

	/* an app that is gone, or takes no such messages any more, is not told */
	if (!client || client->disabled || !client->backchannel_logout_uri ||
	    !json_get_text(message, "sub") || !json_get_text(message, "sid"))
		return OK;
	return conclude(w, row, message, post(w, client, message));
}

static enum err frames(struct work *w, const struct session *session, const char *client_id, json_t *urls)
{
	const struct client *client = snapshot_client(w->snapshot, client_id);
	AUTO_BUF url = BUF(4 * KB);

	if (!client || client->disabled || !client->frontchannel_logout_uri)
		return OK;
	buf_text(&url, client->frontchannel_logout_uri);
	buf_text(&url, strchr(client->frontchannel_logout_uri, '?') ? "&iss=" : "?iss=");
	percent_encode(&url, w->app->config->issuer);
	buf_text(&url, "&sid=");
	percent_encode(&url, session->sid);
	if (url.full)
		return fault(w, ERR_TOO_LARGE, "front-channel address of %s", client_id);
	(void)json_array_append_new(urls, json_string(buf_str(&url)));
	return OK;
}

const struct participant oidc_participant = {
	.kind = KIND,
	.tell = tell,
	.send = send_logout,
	.frames = frames,
};
