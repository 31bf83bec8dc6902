/* upstream_callback.c: the browser comes back from a provider (RFC 6749 4.1.2, RFC 9207, OpenID Connect Core
 * 1.0 3.1.2.5 to 3.1.3.7). */
#include "oidc/upstream_doors.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "login/connect.h"
#include "login/flow.h"
#include "login/reach.h"
#include "oidc/discovery.h"
#include "oidc/upstream_checks.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_recheck.h"
#include "oidc/upstream_sign_in.h"
#include "people/connection.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define CODE_MAX   4096
#define DETAIL_MAX 300

enum err upstream_door(struct request *rq, const struct connection **out)
{
	const struct connection *connection = snapshot_connection(rq->w.snapshot, rq->parameter[0]);

	if (!connection || connection->deleted || !text_equal(connection->protocol, "oidc"))
		return fault(&rq->w, ERR_NOT_FOUND, "connection %s", rq->parameter[0]);
	rq->w.practice = connection->practice_id;
	*out = connection;
	return OK;
}

/* --- the answer in the address -------------------------------------------------------------------------- */

/* RFC 6749 4.1.2.1, Core 3.1.2.6, and Unmet Authentication Requirements 1.0. */
static const struct {
	const char *word;
	enum err err;
} denials[] = {
	{ "access_denied", ERR_UPSTREAM_DENIED },
	{ "login_required", ERR_UPSTREAM_DENIED },
	{ "interaction_required", ERR_UPSTREAM_DENIED },
	{ "consent_required", ERR_UPSTREAM_DENIED },
	{ "account_selection_required", ERR_UPSTREAM_DENIED },
	{ "unmet_authentication_requirements", ERR_UNMET_ACR },
	{ "temporarily_unavailable", ERR_UPSTREAM_DOWN },
	{ "server_error", ERR_UPSTREAM_DOWN },
	{ "invalid_request", ERR_UPSTREAM_ANSWER },
	{ "unauthorized_client", ERR_UPSTREAM_ANSWER },
	{ "unsupported_response_type", ERR_UPSTREAM_ANSWER },
	{ "invalid_scope", ERR_UPSTREAM_ANSWER },
};

/* Its description is somebody else's text: for the audit alone. */
static enum err read_denial(struct request *rq, const char *error, struct upstream_refusal *why)
{
	const char *description = form_get(&rq->query, "error_description");
	const char *joined = arena_print(rq->w.arena, "%s: %s", error, description ? description : "-");
	const char *detail = text_bounded(rq->w.arena, joined, strlen(joined), DETAIL_MAX);

	for (size_t at = 0; at < COUNT(denials); at++)
		if (text_equal(denials[at].word, error))
			return upstream_refuse(&rq->w, why, denials[at].err, denials[at].word, detail);
	return upstream_refuse(&rq->w, why, ERR_UPSTREAM_ANSWER, "provider_error", detail);
}

/* RFC 9207 2.4: an answer of another issuer is one that was mixed up. */
static enum err check_iss(struct request *rq, const struct published *published, struct upstream_refusal *why)
{
	const char *iss = form_get(&rq->query, "iss");

	if (iss ? text_equal(iss, published->issuer)
		: !published->iss_parameter || form_get(&rq->query, "error"))
		return OK;
	return upstream_refuse(&rq->w, why, ERR_UPSTREAM_ANSWER, "response_iss",
			       iss ? "iss of the answer is not the connection's issuer"
				   : "iss of the answer is missing");
}

static enum err read_code(struct request *rq, const char **code, struct upstream_refusal *why)
{
	*code = form_get(&rq->query, "code");
	if (text_is_empty(*code) || strlen(*code) > CODE_MAX)
		return upstream_refuse(&rq->w, why, ERR_UPSTREAM_ANSWER, "code",
				       *code ? "the code is empty or too long" : "there is no code");
	return OK;
}

/* --- the sign-in ---------------------------------------------------------------------------------------- */

struct arrival {
	const struct connection *connection;
	struct published published;
	struct upstream_tokens tokens;
	struct shown_token shown;
	json_t *userinfo; /* the arena's; NULL: not asked */
};

static enum err check(struct request *rq, const struct arrival *a, struct upstream_refusal *why)
{
	const char *wrong;
	const struct token_check *failed = token_check_failed(id_token_checks, &a->shown, &wrong);

	if (!failed)
		return OK;
	return upstream_refuse(&rq->w, why, ERR_UPSTREAM_ANSWER, failed->word,
			       arena_print(rq->w.arena, "%s (%s)", wrong, failed->where));
}

static enum err check_id_token(struct request *rq, struct arrival *a, const char *state,
			       struct upstream_refusal *why)
{
	struct work *w = &rq->w;
	struct signed_token token;
	const char *word;
	enum err err = upstream_verify(w, &a->published, a->tokens.id_token, &token, &word);

	if (err != OK)
		return upstream_refuse(w, why, err, word, w->reason);
	a->shown = (struct shown_token){ .arena = w->arena,
					 .connection = a->connection,
					 .now = w->now,
					 .alg = token.alg,
					 .typ = token.typ,
					 .claims = token.claims,
					 .nonce = upstream_nonce(w, state),
					 .access_token = a->tokens.access_token,
					 .fresh_since = rq->flow->fresh ? rq->flow->created_at : 0 };
	return check(rq, a, why);
}

/* Everything is checked again with it: whose claims these are is a row of the same table. */
static enum err ask_userinfo(struct request *rq, struct arrival *a, struct upstream_refusal *why)
{
	if (!a->connection->userinfo)
		return OK;
	TRY(upstream_userinfo(&rq->w, &a->published, a->tokens.access_token, &a->userinfo, why));
	a->shown.userinfo = a->userinfo;
	return check(rq, a, why);
}

static enum err find_provider(struct request *rq, struct arrival *a, struct upstream_refusal *why)
{
	enum err err = upstream_find(&rq->w, a->connection, false, &a->published);

	return err == OK ? OK : upstream_refuse(&rq->w, why, err, "metadata_unreachable", rq->w.reason);
}

static enum err arrive(struct request *rq, struct arrival *a, struct upstream_person *person,
		       struct upstream_refusal *why)
{
	const char *code, *state = form_get(&rq->query, "state"), *error = form_get(&rq->query, "error");

	TRY(find_provider(rq, a, why));
	TRY(check_iss(rq, &a->published, why));
	if (error)
		return read_denial(rq, error, why);
	TRY(read_code(rq, &code, why));
	TRY(upstream_redeem(&rq->w, a->connection, &a->published, code, upstream_verifier(&rq->w, state),
			    &a->tokens, why));
	TRY(check_id_token(rq, a, state, why));
	TRY(ask_userinfo(rq, a, why));
	TRY(upstream_person_of(&rq->w, a->connection, a->shown.claims, a->userinfo, person, why));
	if (a->connection->upstream_logout)
		person->logout_hint = BYTES_OF(a->tokens.id_token);
	if (a->connection->recheck_seconds && a->tokens.refresh_token)
		person->refresh = upstream_refresh_pack(rq->w.arena, a->tokens.refresh_token, a->shown.nonce);
	return OK;
}

/* What a server of the provider's failed to do, and nothing else: an error that the browser brings would be a
 * way for anybody to have the connection taken for down, and so to open the local way. A code is the
 * browser's too, and what userinfo says is the person's: whether those endpoints answer at all is asked again
 * with a question of our own. */
static bool did_not_answer(struct request *rq, const struct arrival *a, const struct upstream_refusal *why)
{
	if (text_equal(why->word, "token_endpoint_unreachable"))
		return !upstream_token_answers(&rq->w, a->connection, &a->published);
	if (text_equal(why->word, "userinfo_unreachable"))
		return !upstream_userinfo_answers(&rq->w, &a->published);
	return why->word && text_ends(why->word, "_unreachable");
}

/* Who finds no room has spent nothing and may load the page again. Then the state goes first: it is good
 * once, whatever else comes of this (security.md B13). */
enum err upstream_callback(struct request *rq)
{
	const char *state = form_get(&rq->query, "state");
	struct upstream_refusal why = { 0 };
	struct upstream_person person = { 0 };
	struct arrival arrival = { 0 };
	AUTO(reach_leave) struct reach_visit inside = { 0 };

	TRY(upstream_door(rq, &arrival.connection));
	if (reach_enter(&rq->w, arrival.connection->id, &inside) != OK)
		return connect_busy(rq, rq->parameter[0]);
	if (text_is_empty(state))
		return fault(&rq->w, ERR_UPSTREAM_STATE, "no state came to connection %s", rq->parameter[0]);
	TRY(connect_return(rq, rq->parameter[0], state, &arrival.connection));
	enum err err = arrive(rq, &arrival, &person, &why);

	if (err == OK || did_not_answer(rq, &arrival, &why))
		reach_note(&rq->w, arrival.connection->id, err == OK);
	if (err == OK)
		return connect_finish(rq, &person);
	return why.word ? connect_refused(rq, arrival.connection, err, why.word, why.detail) : err;
}

/* --- around it ------------------------------------------------------------------------------------------ */

enum err upstream_keys(struct request *rq)
{
	const struct connection *connection;

	TRY(upstream_door(rq, &connection));
	return oidc_jwks(rq);
}

enum err upstream_test(struct request *rq)
{
	const struct connection *connection = snapshot_connection(rq->w.snapshot, rq->parameter[0]);
	const char *ticket = form_get(&rq->query, "ticket");

	if (!connection || connection->deleted || text_is_empty(ticket))
		return fault(&rq->w, ERR_NOT_FOUND, "test of connection %s", rq->parameter[0]);
	rq->w.practice = connection->practice_id;
	TRY(connection_ticket_use(&rq->w, connection->id, ticket));
	AUTO(json_done) json_t *ask = json_pack("{s:s}", "connection", connection->id);

	assert(ask);
	return flow_begin(rq, &(struct flow_start){ .kind = "connection_test",
						    .return_to = "/",
						    .ask = ask,
						    .practice_id = connection->practice_id });
}
