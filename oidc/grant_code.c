/* grant_code.c: an authorization code becomes tokens (RFC 6749 4.1.3, RFC 7636 4.6). */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/request.h"
#include "keys/secret.h"
#include "login/acr.h"
#include "login/session.h"
#include "oidc/mint.h"
#include "oidc/pkce.h"
#include "oidc/scope.h"
#include "oidc/token.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/snapshot.h"

/* What happened to the code; it is on record whatever the answer is. */
struct redemption {
	const char *hash;
	struct spent_code spent;
	bool known;  /* there is such a code */
	bool reused; /* it was spent before */
};

/* The practice stands in the open in the code: the wall, before the first statement. */
static enum err read_code(struct request *rq, struct redemption *r)
{
	struct work *w = &rq->w;
	const char *code = request_parameter(rq, "code");
	int64_t number;

	if (!code)
		return fault(w, ERR_CODE_MISSING, "client %s", rq->client->client_id);
	const struct practice *practice =
		secret_parse(code, &number) ? snapshot_practice_number(w->snapshot, number) : NULL;

	if (!practice || practice->disabled || !client_serves(rq->client, practice->id))
		return fault(w, ERR_CODE_INVALID, "client %s showed no code of ours", rq->client->client_id);
	w->practice = practice->id;
	r->hash = secret_hash(w->arena, "code", code);
	return OK;
}

/* A code that comes back was copied: what it gave the first time is revoked (RFC 6749 4.1.2, 10.5). In the
 * hands of another app it is burnt as well (A6). */
static enum err misused(struct request *rq, struct redemption *r)
{
	struct work *w = &rq->w;
	struct code_facts facts;
	bool revoked;

	TRY(codes_find(w, r->hash, &facts, &r->known));
	if (!r->known)
		return fault(w, ERR_CODE_INVALID, "client %s showed a code that is not there",
			     rq->client->client_id);
	bool foreign = !text_equal(facts.client_id, rq->client->client_id);

	r->reused = facts.spent;
	if (!facts.spent && !foreign)
		return fault(w, ERR_CODE_INVALID, "code is older than it may be");
	TRY(codes_burn(w, r->hash));
	TRY(families_revoke(w, facts.family_id, &revoked));
	if (foreign)
		return fault(w, ERR_CODE_NOT_YOURS, "code of %s shown by %s", facts.client_id,
			     rq->client->client_id);
	return fault(w, ERR_CODE_INVALID, "code came back; its family is %s",
		     revoked ? "revoked now" : "not alive");
}

/* In one round trip with all that decides what the code may still give. */
static enum err spend(struct request *rq, struct redemption *r)
{
	struct work *w = &rq->w;
	const struct practice *practice = snapshot_practice(w->snapshot, w->practice);
	bool won = false;

	TRY(codes_spend(w, r->hash, rq->client->client_id, practice->epoch, &r->spent, &won));
	if (!won)
		return misused(rq, r);
	r->known = true;
	return OK;
}

/* Compared after spending: who guesses here has one guess (P-9). */
static enum err check(struct request *rq, const struct code_row *code)
{
	struct work *w = &rq->w;
	const char *redirect_uri = request_parameter(rq, "redirect_uri");

	if (code->redirect_given ? !text_equal(code->redirect_uri, redirect_uri)
				 : redirect_uri && !text_equal(code->redirect_uri, redirect_uri))
		return fault(w, ERR_REDIRECT_DIFFERS, "code was sent to %s", code->redirect_uri);
	if (!pkce_matches(w->arena, code->challenge, request_parameter(rq, "code_verifier")))
		return fault(w, ERR_PKCE_MISMATCH, "client %s", rq->client->client_id);
	return OK;
}

/* Of the session's epochs, not of those read a statement later: what ends everything between the two ends
 * this grant as well. */
static enum err insert_family(struct work *w, const struct code_row *code, const struct session *session,
			      const struct grant *grant)
{
	/* What an outage opened for some hours ends with its session: nothing outlives that. */
	bool offline =
		grant->refreshable && !session->continuity && text_words_have(grant->scope, "offline_access");

	return families_insert(w,
			       &(struct family_row){
				       .id = code->family_id,
				       .client_id = code->client_id,
				       .account_id = code->account_id,
				       .sid = code->sid,
				       .scope = code->scope,
				       .claims = code->claims,
				       .resource = code->resource,
				       .location_id = grant->location_id,
				       .auth_time = code->auth_time,
				       .acr = grant->acr,
				       .amr = amr_write(w->arena, grant->amr),
				       .offline = offline,
				       .account_epoch = session->account_epoch,
				       .practice_epoch = session->practice_epoch,
				       .expires_at = offline ? w->now + grant->client->refresh_token_lifetime
							     : grant->session_expiry,
			       });
}

static void fill(struct request *rq, const struct code_row *code, const struct session *session,
		 struct grant *grant)
{
	struct work *w = &rq->w;

	w->actor.kind = ACTOR_ACCOUNT;
	w->actor.id = code->account_id;
	w->actor.sid = code->sid;
	grant->family_id = code->family_id;
	grant->jti = grant_jti(w, code->family_id);
	grant->scope = scope_narrow(w->arena, code->scope, grant->client->scopes);
	grant->nonce = code->nonce;
	grant->sid = code->sid;
	grant->acr = session->acr;
	grant->amr = session->amr;
	grant->claims_asked = grant_claims(w, code->claims);
	grant->auth_time = code->auth_time;
	grant->session_expiry = session->ends_at;
	grant->refreshable = text_list_has(grant->client->grant_types, "refresh_token");
}

/* Whoever signed in must still be signed in, on, and allowed: a minute has passed. */
static enum err settle(struct request *rq, const struct redemption *r, struct grant *grant)
{
	struct work *w = &rq->w;
	const struct code_row *code = &r->spent.code;
	struct session session = { 0 };

	TRY(grant_resource(rq, code->resource, &grant->resource));
	if (!r->spent.session_live)
		return fault(w, ERR_SESSION_ENDED, "session %s has ended", code->sid);
	TRY(session_read(w, &r->spent.session, &session));
	fill(rq, code, &session, grant);
	TRY(grant_settle(w, grant, &r->spent.subject, code->location_id));
	return insert_family(w, code, &session, grant);
}

/* What the app is told: the code is no good; why stands in the log (RFC 6749 5.2). */
static enum err as_invalid(struct work *w, enum err verdict)
{
	const struct error_row *row = error_row(verdict);

	if (verdict == OK || row->http >= 500 || verdict == ERR_TARGET ||
	    text_equal(row->oauth, "invalid_grant"))
		return verdict;
	return fault(w, ERR_CODE_INVALID, "%s: %s", row->word, w->reason ? w->reason : "");
}

static enum err record(struct request *rq, const struct redemption *r, enum err verdict,
		       const struct grant *grant)
{
	if (!r->known)
		return OK;
	return audit(&rq->w,
		     &(struct audit_note){ .event = r->reused ? EVENT_CODE_REUSED : EVENT_TOKEN_ISSUED,
					   .outcome = verdict == OK ? OUTCOME_OK : OUTCOME_DENY,
					   .reason = verdict == OK ? NULL : error_row(verdict)->word,
					   .target_kind = "client",
					   .target_id = rq->client->client_id,
					   .session_sid = grant->sid,
					   .jti = grant->jti });
}

/* One transaction, committed also when the answer is no: a code shown with a wrong verifier stays spent. A
 * fault of the store is the commit's fault. */
static enum err redeem(struct request *rq, struct redemption *r, struct grant *grant)
{
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);
	enum err verdict = spend(rq, r);

	if (verdict == OK)
		verdict = check(rq, &r->spent.code);
	if (verdict == OK)
		verdict = settle(rq, r, grant);
	verdict = as_invalid(&rq->w, verdict);
	TRY(record(rq, r, verdict, grant));
	TRY(tx_commit(&tx));
	return verdict;
}

enum err oidc_grant_code(struct request *rq)
{
	struct redemption redemption = { 0 };
	struct grant grant = { .client = rq->client };

	TRY(read_code(rq, &redemption));
	TRY(redeem(rq, &redemption, &grant));
	return grant_answer(rq, &grant);
}
