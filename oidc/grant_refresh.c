/* grant_refresh.c: a refresh token becomes its one successor and new tokens (RFC 6749 6, RFC 9700 4.14.2;
 * security.md D4). */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/request.h"
#include "login/acr.h"
#include "login/session.h"
#include "oidc/mint.h"
#include "oidc/provider.h"
#include "oidc/refresh_token.h"
#include "oidc/scope.h"
#include "oidc/token.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/sessions.h"
#include "store/snapshot.h"

struct rotation {
	struct refresh_token token;
	struct family_state family;
};

static enum err read_token(struct request *rq, struct rotation *r)
{
	struct work *w = &rq->w;
	const char *text = request_parameter(rq, "refresh_token");

	if (!text)
		return fault(w, ERR_REQUEST_INVALID, "refresh_token is missing");
	if (!refresh_token_read(w, text, &r->token) || !client_serves(rq->client, r->token.practice->id))
		return fault(w, ERR_REFRESH_INVALID, "client %s showed no token of ours",
			     rq->client->client_id);
	w->practice = r->token.practice->id;
	return OK;
}

/* Somebody else has this token too: nobody keeps the grant. */
static enum err reused(struct request *rq, const struct rotation *r, const char *how)
{
	struct work *w = &rq->w;
	bool won;

	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(families_revoke(w, r->token.family_id, &won));
	TRY(audit(w, &(struct audit_note){ .event = EVENT_REFRESH_REUSED,
					   .outcome = OUTCOME_DENY,
					   .reason = how,
					   .target_kind = "account",
					   .target_id = r->family.row.account_id,
					   .session_sid = r->family.row.sid }));
	TRY(tx_commit(&tx));
	return fault(w, ERR_REFRESH_INVALID, "family %s: %s", r->token.family_id, how);
}

static enum err check_live(struct work *w, const struct rotation *r)
{
	if (!family_is_live(&r->family, w->now))
		return fault(w, ERR_REFRESH_INVALID, "family %s has ended", r->token.family_id);
	return OK;
}

/* The successor is out and unused, and little time has passed: the answer may have been lost on the way. The
 * same bytes again are no second successor. */
static bool may_repeat(const struct work *w, const struct rotation *r)
{
	return r->family.row.generation == r->token.generation + 1 &&
	       w->now - r->family.row.rotated_at <= REFRESH_GRACE;
}

/* RFC 6749 6: never more than was granted; and never more than the app is registered for by now (D10). */
static enum err choose_scope(struct request *rq, const struct family_row *family, const char **out)
{
	struct work *w = &rq->w;
	const char *asked = request_parameter(rq, "scope");

	if (asked && (!scope_is_sound(asked) || !scope_within(asked, family->scope)))
		return fault(w, ERR_SCOPE, "client %s asked for more than was granted",
			     rq->client->client_id);
	*out = scope_narrow(w->arena, asked ? asked : family->scope, rq->client->scopes);
	return OK;
}

static enum err settle(struct request *rq, const struct rotation *r, struct grant *grant)
{
	struct work *w = &rq->w;
	const struct family_row *family = &r->family.row;

	w->actor.kind = ACTOR_ACCOUNT;
	w->actor.id = family->account_id;
	w->actor.sid = family->sid;
	*grant = (struct grant){
		.client = rq->client,
		.family_id = family->id,
		.jti = grant_jti(w, family->id),
		.sid = family->sid,
		.acr = family->acr,
		.amr = amr_read(w->arena, family->amr),
		.claims_asked = grant_claims(w, family->claims),
		.auth_time = family->auth_time,
		.session_expiry = family->offline ? 0 : r->family.session_ends_at,
		.generation = r->token.generation + 1,
		.refreshable = true,
	};
	TRY(choose_scope(rq, family, &grant->scope));
	TRY(grant_resource(rq, family->resource, &grant->resource));
	return grant_settle(w, grant, &r->family.subject, family->location_id);
}

/* What the app is told: the token is no good any more (RFC 6749 5.2). */
static enum err as_invalid(struct work *w, enum err verdict)
{
	if (verdict != ERR_NO_ACCESS && verdict != ERR_ACCOUNT_DISABLED && verdict != ERR_NOT_FOUND)
		return verdict;
	return fault(w, ERR_REFRESH_INVALID, "%s: %s", error_row(verdict)->word, w->reason ? w->reason : "");
}

static enum err record(struct work *w, const struct grant *grant, const char *reason)
{
	return audit(w, &(struct audit_note){ .event = EVENT_TOKEN_REFRESHED,
					      .reason = reason,
					      .target_kind = "client",
					      .target_id = grant->client->client_id,
					      .session_sid = grant->sid,
					      .jti = grant->jti });
}

/* The session counts it as activity. */
static enum err touch(struct work *w, const struct rotation *r)
{
	const struct family_state *family = &r->family;

	if (family->row.offline ||
	    !session_touch_is_due(w, family->session_seen_at, family->session_idle_seconds))
		return OK;
	return sessions_touch(w, family->row.sid);
}

/* One statement decides; in its round trip comes all that is to be checked. Whatever says no after it leaves
 * the transaction undone, and the token as good as it was. Audit and activity ride with the commit. */
static enum err rotate(struct request *rq, struct rotation *r, struct grant *grant, bool *won)
{
	struct work *w = &rq->w;

	AUTO(tx_end) struct tx tx = tx_begin(w);
	TRY(families_rotate(w, r->token.family_id, rq->client->client_id, r->token.generation, &r->family,
			    won));
	if (!*won)
		return OK; /* leaving rolls back; nothing was done */
	TRY(check_live(w, r));
	TRY(as_invalid(w, settle(rq, r, grant)));
	TRY(touch(w, r));
	TRY(record(w, grant, NULL));
	return tx_commit(&tx);
}

/* Somebody was faster with the same token, or it is an old one, or the family ended: the row says which. */
static enum err not_won(struct request *rq, struct rotation *r, struct grant *grant)
{
	struct work *w = &rq->w;
	bool found = false;

	TRY(families_find(w, r->token.family_id, &r->family, &found));
	if (!found)
		return fault(w, ERR_REFRESH_INVALID, "family %s is gone", r->token.family_id);
	if (!text_equal(r->family.row.client_id, rq->client->client_id))
		return reused(rq, r, "foreign_client");
	TRY(check_live(w, r));
	if (!may_repeat(w, r))
		return reused(rq, r, "used_before");
	TRY(as_invalid(w, settle(rq, r, grant)));
	return record(w, grant, "repeated");
}

enum err oidc_grant_refresh(struct request *rq)
{
	struct rotation rotation = { 0 };
	struct grant grant;
	bool won = false;

	TRY(read_token(rq, &rotation));
	TRY(rotate(rq, &rotation, &grant, &won));
	if (!won)
		TRY(not_won(rq, &rotation, &grant));
	return grant_answer(rq, &grant);
}
