/* upstream.c: GET /login/upstream sends the browser to another identity provider. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"
#include "keys/secret.h"
#include "login/acr.h"
#include "login/connect.h"
#include "login/reach.h"
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/connection.h"
#include "people/connector.h"
#include "store/snapshot.h"

#define BUSY_SECONDS 2
#define DOWN_SECONDS 5

enum err upstream_down_page(struct request *rq, const struct connection *connection, enum err err)
{
	AUTO_BUF page = BUF(64 * KB);
	bool busy = err == ERR_UNAVAILABLE;
	const struct trouble trouble = { .code = err, .retry_after = busy ? BUSY_SECONDS : DOWN_SECONDS };

	page_upstream_down(&page, &(struct page_upstream_down){
					  .frame = sign_in_frame(rq),
					  .flow = rq->flow ? rq->flow->id : NULL,
					  .connection = connection->id,
					  .name = connection->name,
					  .code = trouble_word(&trouble),
					  .busy = busy,
				  });
	if (busy)
		response_header(rq, "Refresh", arena_print(rq->w.arena, "%d", BUSY_SECONDS));
	return sign_in_page(rq, &page, &trouble);
}

/* ---- what is asked there ---- */

/* An address is told to the provider of its domain alone; of a step-up, to the one that said it. */
static const char *hint_for(const struct request *rq, const struct connection *connection)
{
	const struct session *session = rq->session;
	const char *typed = rq->flow->username ? rq->flow->username : rq->flow->login_hint;
	const char *canonical = typed ? email_canonical(rq->w.arena, typed) : NULL;
	const struct practice *practice = snapshot_practice(rq->w.snapshot, connection->practice_id);

	if (canonical && connection_for_address(&rq->w, practice, canonical) == connection)
		return canonical;
	if (!typed && session && text_equal(session->connection_id, connection->id))
		return session->email;
	return NULL;
}

static struct connect_ask ask_of(const struct request *rq, const struct connection *connection,
				 const char *state)
{
	const struct flow *flow = rq->flow;

	return (struct connect_ask){
		.connection = connection,
		.state = state,
		.login_hint = flow_is_test(flow) ? NULL : hint_for(rq, connection),
		.fresh = flow->fresh || flow->select_account,
		.mfa = !acr_reaches(acr_upstream(false), flow->need_acr),
	};
}

/* ---- going ---- */

static void note_departure(struct request *rq, const struct connection *connection, const char *hash)
{
	struct flow *flow = rq->flow;

	flow_forget_proof(flow);
	flow->connection_id = connection->id;
	flow->state_hash = hash;
	flow->local = false;
}

/* A double click: the browser follows the later answer alone, so the later state is the one to keep. */
static enum err remember(struct request *rq, const struct connection *connection, const char *hash)
{
	note_departure(rq, connection, hash);

	enum err err = flow_save(rq);

	if (err != ERR_CONFLICT)
		return err;
	TRY(flow_load(rq));
	note_departure(rq, connection, hash);
	return flow_save(rq);
}

static enum err answer_form(struct request *rq, const struct connection *connection,
			    const struct departure *to)
{
	const struct page_upstream_post_fields fields[] = {
		{ .name = to->field, .value = to->value }, { .name = "RelayState", .value = to->relay_state }
	};
	AUTO_BUF page = BUF(256 * KB);

	page_upstream_post(&page, &(struct page_upstream_post){
					  .frame = sign_in_frame(rq),
					  .name = connection->name,
					  .action = to->url,
					  .fields = fields,
					  .fields_count = to->relay_state ? 2 : 1,
				  });
	if (page.full)
		return fault(&rq->w, ERR_INTERNAL, "the page is larger than its ceiling");
	return respond_page(rq, 200, &page, url_origin(rq->w.arena, to->url), NULL);
}

static bool is_down(enum err err)
{
	return err == ERR_FETCH || err == ERR_UPSTREAM_DOWN || err == ERR_UNAVAILABLE;
}

static enum err depart(struct request *rq, const struct connection *connection)
{
	AUTO(secret_wipe) struct secret secret = secret_new();
	const char *state = arena_print(rq->w.arena, "%s.%s", rq->flow->id, secret.text);
	const struct connect_ask ask = ask_of(rq, connection, state);
	struct departure to = { 0 };

	rq->w.practice = connection->practice_id;
	enum err err = connector_of(&rq->w, connection->protocol)->start(&rq->w, &ask, &to);

	if (is_down(err))
		return upstream_down_page(rq, connection, ERR_UPSTREAM_DOWN);
	TRY(err);
	err = remember(rq, connection, secret_hash(rq->w.arena, "state", secret.text));
	if (err == ERR_CONFLICT)
		return flow_next(rq);
	TRY(err);
	return to.field ? answer_form(rq, connection, &to) : respond_redirect(rq, to.url);
}

static const struct connection *chosen(const struct request *rq)
{
	const char *id = form_get(&rq->query, "connection");

	return id && !flow_is_test(rq->flow) ? snapshot_connection(rq->w.snapshot, id) : connection_meant(rq);
}

enum err upstream_show(struct request *rq)
{
	AUTO(reach_leave) struct reach_visit inside = { 0 };
	const struct connection *connection;
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, flow_is_test(rq->flow) ? "test" : "person", &visit, &elsewhere));
	if (elsewhere)
		return OK;
	connection = chosen(rq);
	if (!connection_is_open(rq, connection))
		return refused_page(rq, NULL, ERR_CONNECTION_OFF, NULL, NULL);
	if (reach_enter(&rq->w, connection->id, &inside) != OK)
		return upstream_down_page(rq, connection, ERR_UNAVAILABLE);
	if (!reach_ask(&rq->w, connection))
		return upstream_down_page(rq, connection, ERR_UPSTREAM_DOWN);
	return depart(rq, connection);
}
