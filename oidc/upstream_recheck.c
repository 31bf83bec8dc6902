/* upstream_recheck.c: sessions that are due are asked about, one after the other (RFC 6749 6, OpenID Connect
 * Core 1.0 12.1, 12.2). */
#include "oidc/upstream_recheck.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/connect.h"
#include "login/reach.h"
#include "login/session.h"
#include "oidc/upstream_checks.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_sign_in.h"
#include "people/audit.h"
#include "people/provision.h"
#include "store/connections.h"
#include "store/snapshot.h"

#define LEASE    60               /* seconds: more than a round and the answers of its last row take */
#define ROUND_US INT64_C(5000000) /* one round of all connections ... */
#define EACH_US  INT64_C(2000000) /* ... and what one of them may take of it */
#define PURPOSE  "upstream_refresh"

/* One session that is asked about. */
struct recheck {
	struct work *w;
	const struct connection *connection;
	struct upstream_session row; /* as it was taken: check_at is the lease */
	struct session session;
	const char *token, *nonce; /* of what is kept */
	struct published published;
	struct upstream_tokens tokens;
};

/* --- what is kept --------------------------------------------------------------------------------------- */

static void forget(void *value)
{
	json_decref(value);
}

struct bytes upstream_refresh_pack(struct arena *arena, const char *refresh_token, const char *nonce)
{
	AUTO(json_done) json_t *kept = json_pack("{s:s, s:s*}", "token", refresh_token, "nonce", nonce);

	assert(kept);
	return BYTES_OF(json_text(arena, kept));
}

static const char *seal_row(const struct recheck *r)
{
	return arena_print(r->w->arena, "upstream_session/%s", r->row.sid);
}

static enum err unpack(struct recheck *r)
{
	struct bytes clear = { 0 };
	struct arena *arena = r->w->arena;

	if (!r->row.refresh.at ||
	    unseal(r->w->app->vault, arena, PURPOSE, seal_row(r), r->row.refresh, &clear) != OK)
		return fault(r->w, ERR_SEAL, "what session %s would be asked about with does not open",
			     r->row.sid);
	json_t *kept = json_read((const char *)clear.at, clear.size);

	bytes_wipe(clear);
	if (kept)
		arena_defer(arena, forget, kept);
	r->token = json_get_text(kept, "token");
	r->nonce = json_get_text(kept, "nonce");
	return r->token ? OK : fault(r->w, ERR_INTERNAL, "session %s has no refresh token", r->row.sid);
}

/* A new refresh token replaces the one before in the statement that says when it is asked with next
 * (RFC 6749 6), before anything else is made of the answer. *won false: the session ended meanwhile, or
 * another node has taken it; then what came is nobody's. */
static enum err keep(struct recheck *r, bool *won)
{
	struct bytes sealed = { 0 };
	const char *fresh = r->tokens.refresh_token;

	if (fresh && !text_equal(fresh, r->token)) {
		struct bytes clear = upstream_refresh_pack(r->w->arena, fresh, r->nonce);

		sealed = seal(r->w->app->vault, r->w->arena, PURPOSE, seal_row(r), clear);
		bytes_wipe(clear);
	}
	return upstream_sessions_keep(r->w, r->row.sid, r->row.check_at,
				      r->w->now + r->connection->recheck_seconds, sealed, won);
}

/* --- what it says of the person ------------------------------------------------------------------------- */

/* Somebody answers in the provider's name what is not so. */
static enum err audit_wrong(const struct recheck *r, const struct upstream_refusal *why)
{
	AUTO(json_done)
	json_t *extra = json_pack("{s:s, s:s*}", "message", "recheck", "detail", why->detail);

	assert(extra);
	return audit(r->w, &(struct audit_note){ .event = EVENT_UPSTREAM_REFUSED,
						 .outcome = OUTCOME_DENY,
						 .reason = why->word,
						 .target_kind = "connection",
						 .target_id = r->connection->id,
						 .session_sid = r->row.sid,
						 .extra = extra });
}

static enum err check(const struct recheck *r, const struct shown_token *shown, struct upstream_refusal *why)
{
	const char *wrong, *subject;
	const struct token_check *failed = token_check_failed(id_token_checks, shown, &wrong);

	if (failed)
		return upstream_refuse(r->w, why, ERR_UPSTREAM_ANSWER, failed->word,
				       arena_print(r->w->arena, "%s (%s)", wrong, failed->where));
	subject = upstream_subject(r->w->arena, r->connection, shown->claims);
	if (!subject || !text_equal(subject_key(r->w, r->connection->id, r->connection->issuer, subject),
				    r->row.subject_key))
		return upstream_refuse(r->w, why, ERR_UPSTREAM_ANSWER, "sub",
				       "it is about somebody else (Core 12.2)");
	return OK;
}

/* The checks of a sign-in. nonce: need not be there, but is no other one (Core 12.2). */
static enum err read_person(struct recheck *r, struct upstream_person *person, struct upstream_refusal *why)
{
	struct work *w = r->w;
	struct signed_token token;
	const char *word;
	json_t *userinfo = NULL; /* the arena's */
	enum err err = upstream_verify(w, &r->published, r->tokens.id_token, &token, &word);

	if (err != OK)
		return upstream_refuse(w, why, err, word, w->reason);
	struct shown_token shown = { .arena = w->arena,
				     .connection = r->connection,
				     .now = w->now,
				     .alg = token.alg,
				     .typ = token.typ,
				     .claims = token.claims,
				     .nonce = json_object_get(token.claims, "nonce") ? r->nonce : NULL,
				     .access_token = r->tokens.access_token };

	TRY(check(r, &shown, why));
	if (r->connection->userinfo) {
		TRY(upstream_userinfo(w, &r->published, r->tokens.access_token, &userinfo, why));
		shown.userinfo = userinfo;
		TRY(check(r, &shown, why));
	}
	TRY(upstream_person_of(w, r->connection, token.claims, userinfo, person, why));
	person->is_recheck = true;
	return OK;
}

static const char *not_let_in(const struct recheck *r, const struct provisioned *found)
{
	if (found->verdict == PROVISION_HELD)
		return "held";
	if (found->verdict != PROVISION_SIGNED_IN)
		return found->reason ? found->reason : "refused";
	return text_equal(found->account_id, r->session.account_id) ? NULL : "unlinked";
}

static enum err end(struct recheck *r, const char *reason)
{
	bool ended;

	return connect_let_in_no_more(r->w, r->connection, r->row.sid, reason, &ended);
}

/* Groups that went are felt now. */
static enum err follow(struct recheck *r)
{
	struct upstream_person person;
	struct upstream_refusal why = { 0 };
	struct provisioned found;
	enum err err = r->tokens.id_token ? read_person(r, &person, &why) : OK;

	if (err == ERR_UPSTREAM_ANSWER && why.word)
		return audit_wrong(r, &why);
	if (err != OK)
		return why.word ? OK : err; /* its keys or userinfo cannot be reached: later */
	if (!r->tokens.id_token || !r->connection->update)
		return OK;
	TRY(provision(r->w, &person, &found));
	const char *reason = not_let_in(r, &found);

	return reason ? end(r, reason) : OK;
}

/* --- asking --------------------------------------------------------------------------------------------- */

static enum err ask(struct recheck *r, struct upstream_refusal *why)
{
	struct work *w = r->w;
	enum err err = upstream_find(w, r->connection, false, &r->published);

	if (err != OK)
		return upstream_refuse(w, why, err, "metadata_unreachable", w->reason);
	return upstream_refresh(w, r->connection, &r->published, r->token, &r->tokens, why);
}

static void log_failed(const struct recheck *r, const struct upstream_refusal *why)
{
	log_event(LOG_WARN, "recheck.failed", "connection", r->connection->id, "word", why->word, "reason",
		  why->detail, NULL);
}

/* What it sends for one person must not have it taken for down, which would open the local way to all:
 * whether its token endpoint answers at all is asked again with a question of our own. */
static bool did_not_answer(const struct recheck *r, const struct upstream_refusal *why)
{
	if (text_equal(why->word, "token_endpoint_unreachable"))
		return !upstream_token_answers(r->w, r->connection, &r->published);
	return why->word && text_ends(why->word, "_unreachable");
}

/* *reached: whether the provider answers at all. */
static enum err ask_about(struct recheck *r, bool *reached)
{
	struct upstream_refusal why = { 0 };
	bool won = false;
	enum err err = ask(r, &why);

	if (err != OK && !why.word)
		return err;
	TRY(keep(r, &won));
	*reached = err == OK || !did_not_answer(r, &why);
	if (err == OK || !*reached)
		reach_note(r->w, r->connection->id, *reached);
	if (!won)
		return OK;
	if (err == OK)
		return follow(r);
	if (text_equal(why.word, "invalid_grant"))
		return end(r, "refresh_refused");
	log_failed(r, &why);
	return OK;
}

/* One that is due; *more: there may be others. */
static enum err take_one(struct work *w, const struct connection *connection, bool *more)
{
	struct recheck r = { .w = w, .connection = connection };
	AUTO(reach_leave) struct reach_visit inside = { 0 };
	bool found = false;

	*more = false;
	if (reach_enter(w, connection->id, &inside) != OK)
		return OK;
	TRY(upstream_sessions_take(w, connection->id, w->now + LEASE, &r.row, &found));
	if (!found)
		return OK;
	enum err err = session_by_sid(w, r.row.sid, &r.session);

	if (err == OK) {
		TRY(unpack(&r));
		return ask_about(&r, more);
	}
	*more = err == ERR_SESSION_ENDED;
	return *more ? upstream_sessions_forget(w, r.row.sid) : err;
}

static bool is_asked(const struct work *w, const struct connection *c)
{
	return c->recheck_seconds && !c->disabled && !c->deleted && text_equal(c->protocol, "oidc") &&
	       !reach_is_down(w, c->id);
}

/* A provider that is slow, or does not answer, leaves its others for the next round. */
static enum err round_of(struct work *w, const struct connection *connection, int64_t end_us)
{
	int64_t until = clock_monotonic_us() + EACH_US;
	bool more = is_asked(w, connection);
	enum err err = OK;

	w->practice = connection->practice_id;
	while (err == OK && more && clock_monotonic_us() < until && clock_monotonic_us() < end_us)
		err = take_one(w, connection, &more);
	w->practice = NULL;
	return err;
}

/* The rows that are due are found by connection, so that practices without such a connection cost nothing.
 * Each round begins with another practice: none waits behind the same slow one for good. */
enum err upstream_recheck_due(struct work *w)
{
	const struct snapshot *all = w->snapshot;
	int64_t end_us = clock_monotonic_us() + ROUND_US;
	enum err first = OK;

	for (size_t i = 0; all && i < all->practice_count; i++) {
		const struct practice *p = &all->practices[((size_t)w->now + i) % all->practice_count];

		for (size_t k = 0; !p->disabled && k < p->connection_count; k++) {
			enum err err = round_of(w, &p->connections[k], end_us);

			first = first == OK ? err : first;
		}
	}
	return first;
}
