/* upstream_logout.c: a provider ends a session (OpenID Connect Back-Channel Logout 1.0 2.5 to 2.8,
 * Front-Channel Logout 1.0 2), or is told of its end. */
#include "oidc/upstream_logout.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "login/connect.h"
#include "login/reach.h"
#include "oidc/upstream_checks.h"
#include "oidc/upstream_doors.h"
#include "oidc/upstream_provider.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/replay.h"
#include "store/snapshot.h"

#define TOKEN_AGE   720 /* a logout token that passed its row iat is younger for this long at most */
#define SID_MAX     255
#define HINT_MAX    (8 * KB)
#define ADDRESS_MAX (16 * KB)

/* --- from server to server ------------------------------------------------------------------------------ */

/* On record in the practice: somebody says logout in a provider's name. */
static enum err refuse(struct request *rq, const struct connection *connection, const char *word,
		       const char *detail)
{
	AUTO(json_done) json_t *extra = json_pack("{s:s, s:s?}", "message", "logout_token", "detail", detail);

	assert(extra);
	TRY(audit(&rq->w, &(struct audit_note){ .event = EVENT_UPSTREAM_REFUSED,
						.outcome = OUTCOME_DENY,
						.reason = word,
						.target_kind = "connection",
						.target_id = connection->id,
						.extra = extra }));
	return fault(&rq->w, ERR_UPSTREAM_ANSWER, "logout token of connection %s: %s: %s", connection->id,
		     word, detail ? detail : "-");
}

static enum err verify(struct request *rq, const struct connection *connection, const char *token,
		       const json_t **claims)
{
	struct work *w = &rq->w;
	struct published published;
	struct signed_token got;
	const char *word, *wrong;

	TRY(upstream_find(w, connection, false, &published));
	enum err err = upstream_verify(w, &published, token, &got, &word);

	if (err != OK)
		return err == ERR_UPSTREAM_ANSWER ? refuse(rq, connection, word, w->reason) : err;
	const struct shown_token shown = { .arena = w->arena,
					   .connection = connection,
					   .now = w->now,
					   .alg = got.alg,
					   .typ = got.typ,
					   .claims = got.claims };
	const struct token_check *failed = token_check_failed(logout_token_checks, &shown, &wrong);

	if (failed)
		return refuse(rq, connection, failed->word, wrong);
	*claims = got.claims;
	return OK;
}

/* Only now, when everything held: a stranger must not be able to use up the provider's ids (security.md D12).
 * And in one transaction with what it is for: a token that ended nothing is not spent. */
static enum err end_once(struct request *rq, const struct connection *connection, const json_t *claims,
			 bool *fresh)
{
	struct work *w = &rq->w;
	const char *id = arena_print(w->arena, "%s %s", connection->id, json_get_text(claims, "jti"));
	const char *subject = upstream_subject(w->arena, connection, claims);
	size_t count = 0;
	AUTO(tx_end) struct tx tx = tx_begin(w);

	TRY(replay_once(w, "logout_token", id, w->now + TOKEN_AGE, fresh));
	if (!*fresh)
		return OK;
	TRY(connect_logged_out(w, connection, connection->issuer, subject, json_get_text(claims, "sid"),
			       &count));
	return tx_commit(&tx);
}

/* 2.8: what cannot be done is 400 with the reason's word, never a page. */
static enum err tell(struct request *rq, enum err err)
{
	AUTO(json_done) json_t *body = json_pack("{s:s}", "error", "invalid_request");

	return err == ERR_UPSTREAM_ANSWER ? respond_json(rq, 400, body) : err;
}

enum err upstream_backchannel_logout(struct request *rq)
{
	const struct connection *connection;
	const char *token = form_get(&rq->form, "logout_token");
	const json_t *claims = NULL; /* the arena's */
	AUTO(reach_leave) struct reach_visit inside = { 0 };

	TRY(upstream_door(rq, &connection));
	TRY(reach_enter(&rq->w, connection->id, &inside));
	if (text_is_empty(token))
		return fault(&rq->w, ERR_REQUEST_INVALID, "no logout_token");
	bool fresh = false;
	enum err err = verify(rq, connection, token, &claims);

	if (err == OK)
		err = end_once(rq, connection, claims, &fresh);
	if (err == OK && !fresh)
		err = refuse(rq, connection, "jti", "it was used before");
	return err == OK ? respond_empty(rq, 200) : tell(rq, err);
}

/* --- in a frame of the provider's page ------------------------------------------------------------------ */

/* No signature here: what ends a session is knowing its sid, which the provider and we alone do. The answer
 * is the same whether there was one. */
enum err upstream_frontchannel_logout(struct request *rq)
{
	const struct connection *connection;
	const char *iss = form_get(&rq->query, "iss"), *sid = form_get(&rq->query, "sid");

	TRY(upstream_door(rq, &connection));
	if (!text_equal(iss, connection->issuer) || text_is_empty(sid) || strlen(sid) > SID_MAX)
		return fault(&rq->w, ERR_REQUEST_INVALID, "front-channel logout without iss and sid of %s",
			     connection->id);
	size_t count = 0;
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	TRY(connect_logged_out(&rq->w, connection, connection->issuer, NULL, sid, &count));
	TRY(tx_commit(&tx));
	return respond_body(rq, 200, "text/plain; charset=utf-8", BYTES_OF("Signed out.\n"));
}

/* --- from here ------------------------------------------------------------------------------------------ */

static void add(struct buf *url, const char *name, const char *value)
{
	buf_print(url, "&%s=", name);
	percent_encode(url, value);
}

enum err upstream_leave(struct work *w, const struct connection *connection, struct bytes hint,
			const char *return_to, const char **url)
{
	struct published published;
	AUTO_BUF out = BUF(ADDRESS_MAX);

	*url = NULL;
	TRY(upstream_find(w, connection, false, &published));
	const char *end = published.end_session_endpoint;

	if (!end)
		return OK;
	buf_print(&out, "%s%sclient_id=", end, strchr(end, '?') ? "&" : "?");
	percent_encode(&out, connection->client_id);
	if (hint.at && hint.size <= HINT_MAX)
		add(&out, "id_token_hint", arena_textn(w->arena, (const char *)hint.at, hint.size));
	if (return_to)
		add(&out, "post_logout_redirect_uri",
		    return_to[0] == '/' ? arena_print(w->arena, "%s%s", w->app->config->issuer, return_to)
					: return_to);
	if (!out.full)
		*url = arena_text(w->arena, buf_str(&out));
	return OK;
}
