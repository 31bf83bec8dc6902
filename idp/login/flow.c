/* flow.c: a sign-in in progress: its row, its browser, its form token. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/crowd.h"
#include "login/session.h"
#include "login/steps.h"
#include "store/db.h"
#include "store/flows.h"
#include "store/snapshot.h"

#define ID_MAX       64
#define USERNAME_MAX 254 /* RFC 5321 4.5.3.1.3, less the angle brackets */

static bool is_id(const char *text)
{
	size_t size = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

	return size > 0 && size <= ID_MAX && text[size] == '\0';
}

const char *flow_id_given(const struct request *rq)
{
	const char *id = request_parameter(rq, "flow");

	return is_id(id) ? id : NULL;
}

enum err flow_redirect(struct request *rq, const char *id, bool renewed)
{
	return respond_redirect(
		rq, arena_print(rq->w.arena, "/login?flow=%s%s", id, renewed ? "&renewed=1" : ""));
}

/* ---- the browser ---- */

const char *flow_browser(struct request *rq)
{
	const char *secret = cookie_get(rq, COOKIE_FLOW);
	int64_t number;

	return secret && secret_parse(secret, &number) && number == 0 ? secret : NULL;
}

/* Set once and kept, so that flows in other tabs of this browser go on. It says which browser, never who. */
static const char *browser_need(struct request *rq)
{
	const char *secret = flow_browser(rq);

	if (secret)
		return secret;

	AUTO(secret_wipe) struct secret fresh = secret_new();

	cookie_set(rq, COOKIE_FLOW, fresh.text, 0);
	return arena_text(rq->w.arena, fresh.text);
}

static bool is_ours(struct request *rq, const struct flow_row *row)
{
	const char *secret = flow_browser(rq);

	return secret && secret_equal(row->browser_hash, secret_hash(rq->w.arena, "browser", secret));
}

const char *flow_csrf_of(struct request *rq, const char *id)
{
	const char *secret = flow_browser(rq);

	return secret && id ? vault_mac_text(rq->w.app->vault, rq->w.arena, "csrf", secret, id, NULL) : NULL;
}

const char *flow_csrf(struct request *rq)
{
	return flow_csrf_of(rq, rq->flow->id);
}

const char *page_csrf(struct request *rq)
{
	const char *handle = cookie_get(rq, COOKIE_SESSION);

	if (!handle)
		handle = flow_browser(rq);
	return handle ? vault_mac_text(rq->w.app->vault, rq->w.arena, "csrf", handle, "page", NULL) : NULL;
}

/* ---- the proof ---- */

void flow_forget_proof(struct flow *flow)
{
	flow->account_id = flow->proof_hash = flow->old_password = NULL;
	flow->matches = flow->amr = flow->via = flow->link = NULL;
	flow->epoch = 0;
	flow->must_change = flow->continuity = false;
	if (flow->practice_open)
		flow->practice_id = NULL;
	flow->practice_open = false;
}

void flow_prove(struct flow *flow, const char *practice_id, const char *account_id, int64_t epoch,
		bool must_change)
{
	if (!flow->practice_id)
		flow->practice_open = true;
	flow->practice_id = practice_id;
	flow->account_id = account_id;
	flow->epoch = epoch;
	flow->must_change = must_change;
	flow->matches = NULL;
}

enum err flow_give_proof(struct request *rq)
{
	AUTO(secret_wipe) struct secret proof = secret_new();

	rq->flow->proof_hash = secret_hash(rq->w.arena, "proof", proof.text);
	TRY(flow_save(rq));
	cookie_set(rq, COOKIE_PROOF, proof.text, 0);
	return OK;
}

/* A flow cookie may have been read off a shared computer before its owner signs in there. What is proven
 * therefore counts only with a secret that the proving browser got afterwards (security.md D1). */
static bool proof_is_shown(struct request *rq, const struct flow *flow)
{
	const char *proof = cookie_get(rq, COOKIE_PROOF);

	return proof && secret_equal(flow->proof_hash, secret_hash(rq->w.arena, "proof", proof));
}

/* ---- the row ---- */

static void release_json(void *value)
{
	json_decref(value);
}

static enum err read_flow(struct request *rq, const struct flow_row *row, struct flow *out)
{
	out->id = row->id;
	out->kind = row->kind;
	out->version = row->version;
	out->created_at = row->created_at;
	out->finished = row->finished_at != 0;
	out->ask = json_read(row->ask, strlen(row->ask));
	if (out->ask)
		arena_defer(rq->w.arena, release_json, out->ask);
	if (!out->ask || !flow_state_read(rq, row->state, out))
		return fault(&rq->w, ERR_INTERNAL, "the row of flow %s is not readable", row->id);
	if (!proof_is_shown(rq, out))
		flow_forget_proof(out);
	return OK;
}

static enum flow_standing standing_of_row(struct request *rq, const struct flow_row *row)
{
	if (!is_ours(rq, row))
		return FLOW_FOREIGN;
	if (row->finished_at)
		return FLOW_FINISHED;
	return row->created_at + FLOW_SECONDS > rq->w.now ? FLOW_LIVE : FLOW_STALE;
}

static enum err look(struct request *rq, const char *id, struct flow **out, enum flow_standing *standing)
{
	struct flow_row row;
	bool found = false;

	if (id)
		TRY(flows_find(&rq->w, id, &row, &found));
	*standing = found ? standing_of_row(rq, &row) : FLOW_NONE;
	if (*standing < FLOW_STALE)
		return OK;

	struct flow *flow = arena_new_of(rq->w.arena, struct flow);

	TRY(read_flow(rq, &row, flow));
	*out = flow;
	return OK;
}

enum err flow_look(struct request *rq, struct flow **out, enum flow_standing *standing)
{
	return look(rq, flow_id_given(rq), out, standing);
}

enum err flow_load(struct request *rq)
{
	return flow_load_of(rq, flow_id_given(rq));
}

enum err flow_load_of(struct request *rq, const char *id)
{
	enum flow_standing standing;
	struct flow *flow = NULL;

	TRY(look(rq, is_id(id) ? id : NULL, &flow, &standing));
	if (standing == FLOW_FOREIGN)
		return fault(&rq->w, ERR_FLOW_OTHER_BROWSER, "flow %s", id);
	if (standing != FLOW_LIVE)
		return fault(&rq->w, ERR_FLOW_GONE,
			     standing == FLOW_FINISHED ? "finished" : "expired or never there");
	rq->flow = flow;
	if (flow->client_id && !rq->client)
		rq->client = snapshot_app(rq->w.snapshot, flow->client_id);
	if (flow->client_id && !rq->client)
		return fault(&rq->w, ERR_CLIENT_UNKNOWN, "app %s is gone", flow->client_id);
	if (flow->ui_locales)
		rq->messages = catalog_choose(flow->ui_locales, cookie_get(rq, COOKIE_LANGUAGE),
					      rq->accept_language);
	return OK;
}

enum err flow_insert(struct request *rq, struct flow *flow)
{
	TRY(crowd_may(rq));
	flow->id = id_random(rq->w.arena, "flow");
	flow->version = 1;
	flow->created_at = rq->w.now;
	return flows_insert(&rq->w,
			    &(struct flow_row){
				    .id = flow->id,
				    .browser_hash = secret_hash(rq->w.arena, "browser", browser_need(rq)),
				    .kind = flow->kind,
				    .ask = flow->ask ? json_text(rq->w.arena, flow->ask) : "{}",
				    .state = flow_state_write(rq, flow),
				    .expires_at = rq->w.now + FLOW_KEPT_SECONDS,
			    });
}

static json_t *ask_of(struct request *rq, const json_t *ask)
{
	json_t *copy = ask ? json_deep_copy(ask) : json_object();

	assert(copy);
	arena_defer(rq->w.arena, release_json, copy);
	return copy;
}

struct flow flow_of_start(struct request *rq, const struct flow_start *start)
{
	assert(start->kind && start->return_to && start->return_to[0] == '/');
	return (struct flow){
		.kind = start->kind,
		.return_to = start->return_to,
		.form_target = start->form_target,
		.ask = ask_of(rq, start->ask),
		.client_id = start->client ? start->client->client_id : NULL,
		.practice_id = start->practice_id,
		.login_hint = start->login_hint,
		.ui_locales = start->ui_locales,
		.location_id = start->location_id,
		.need_acr = start->need_acr,
		.expected_sub = start->expected_sub,
		.fresh = start->fresh,
		.select_account = start->select_account,
		.need_location = start->need_location,
		.domain_hint = start->domain_hint,
	};
}

enum err flow_begin(struct request *rq, const struct flow_start *start)
{
	struct flow flow = flow_of_start(rq, start);

	TRY(flow_insert(rq, &flow));
	return flow_redirect(rq, flow.id, false);
}

/* The form may say what was typed, the row what was typed before. Not the row of a sign-in that was finished:
 * Back after signing out would show who had been here. */
static const char *typed_before(const struct request *rq, const struct flow *old)
{
	const char *typed = form_get(&rq->form, "username");

	if (text_is_empty(typed) || strlen(typed) > USERNAME_MAX)
		return old ? old->username : NULL;
	return typed;
}

enum err flow_renew(struct request *rq)
{
	enum flow_standing standing;
	struct flow *old = NULL;

	TRY(flow_look(rq, &old, &standing));

	struct flow flow =
		standing == FLOW_STALE
			? flow_state_asked(old)
			: flow_of_start(rq, &(struct flow_start){ .kind = "home", .return_to = "/" });

	flow.renewed = true;
	flow.username = typed_before(rq, standing == FLOW_STALE ? old : NULL);
	TRY(flow_insert(rq, &flow));
	return flow_redirect(rq, flow.id, true);
}

enum err flow_save(struct request *rq)
{
	struct flow *flow = rq->flow;
	bool won;

	TRY(flows_update(&rq->w, flow->id, flow->version, flow_state_write(rq, flow), &won));
	if (!won)
		return fault(&rq->w, ERR_CONFLICT, "flow %s went on elsewhere", flow->id);
	flow->version++;
	return OK;
}

enum err flow_next(struct request *rq)
{
	return flow_redirect(rq, rq->flow->id, false);
}

enum err flow_finish(struct request *rq)
{
	bool ready, won;

	TRY(flow_is_ready(rq, &ready));
	if (!ready)
		return fault(&rq->w, ERR_SESSION_ENDED, "flow %s still needs something", rq->flow->id);
	TRY(flows_finish(&rq->w, rq->flow->id, rq->flow->version, &won));
	if (!won)
		return fault(&rq->w, ERR_FLOW_GONE, "flow %s was finished or went on elsewhere",
			     rq->flow->id);
	rq->flow->finished = true;
	return OK;
}
