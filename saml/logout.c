/* logout.c: apps that sign people out, and what they answer when we do (SAML Core 3.7, Profiles 4.4).
 *
 * An app's LogoutRequest ends the session here at once; whoever else took part is told (logout_told.c); the
 * app has its LogoutResponse when all have confirmed or some seconds have passed, with PartialLogout when one
 * has not. */
#include "saml/logout.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"
#include "keys/secret.h"
#include "login/logout.h"
#include "login/session.h"
#include "pages.h"
#include "people/audit.h"
#include "saml/answer.h"
#include "saml/desk.h"
#include "saml/logout_wait.h"
#include "saml/session_index.h"
#include "saml/sign_on.h"
#include "store/db.h"
#include "store/grants.h"
#include "store/replay.h"
#include "store/saml.h"
#include "store/snapshot.h"

#define TICKET_LIFETIME 120
#define NAMED_MAX       64 /* sessions of one name at one app, as many as are read */

/* A LogoutRequest that is signed, fresh and an app's. */
struct asked {
	struct received in;
	const struct client *client;
	const struct service *service;
	const char *sids[NAMED_MAX + 1]; /* of the sessions that it means, in one practice; ends with NULL */
	size_t sid_count;                /* 0: none that is left */
};

/* Core 3.7.1, D12: signed in any case, not too old, and once. */
static enum err check(struct work *w, struct asked *asked)
{
	bool fresh = true;

	TRY(saml_app_find(w, asked->in.issuer, &asked->client, &asked->service));
	TRY(desk_verify(w, asked->service, &asked->in, true));
	if (asked->in.not_on_or_after && asked->in.not_on_or_after + SAML_SKEW <= w->now)
		return fault(w, ERR_SAML_STALE, "logout request of %s", asked->in.issuer);
	TRY(replay_once(w, "saml_logout", arena_print(w->arena, "%s %s", asked->in.issuer, asked->in.id),
			asked->in.issue_instant + SAML_REQUEST_LIFETIME + 2 * SAML_SKEW, &fresh));
	return fresh ? OK
		     : fault(w, ERR_SAML_REPLAYED, "logout request %s of %s", asked->in.id, asked->in.issuer);
}

/* The index was given to this app, for this name: it cannot end what is another's. */
static enum err find_indexed(struct work *w, struct asked *asked, const char *index)
{
	struct saml_session known;
	int64_t number;
	bool found = false;
	const struct practice *practice =
		session_index_parse(index, &number) ? snapshot_practice_number(w->snapshot, number) : NULL;

	if (!practice || (asked->sid_count && !text_equal(practice->id, w->practice)))
		return fault(w, ERR_SAML_LOGOUT, "%s named an index that is not ours, or of two practices",
			     asked->in.issuer);
	w->practice = practice->id;
	TRY(saml_sessions_find(w, index, asked->in.issuer, &known, &found));
	if (!found)
		return OK; /* over already: what was asked for is so */
	if (!text_equal(known.name_id, asked->in.name_id))
		return fault(w, ERR_SAML_LOGOUT, "%s named another person's session", asked->in.issuer);
	asked->sids[asked->sid_count++] = known.sid;
	return OK;
}

/* Without an index: this browser's session, when the name is its own at this app; else all sessions that the
 * name has in the app's only practice (Core 3.7.3.2). */
static enum err find_named(struct request *rq, struct asked *asked)
{
	struct work *w = &rq->w;
	const char *const *practices = asked->client->practices;
	struct saml_session *rows;
	size_t count = 0;

	w->practice = rq->session                     ? rq->session->practice->id
		      : practices[0] && !practices[1] ? practices[0]
						      : NULL;
	if (!w->practice || !client_serves(asked->client, w->practice))
		return fault(w, ERR_SAML_LOGOUT, "%s named no session", asked->in.issuer);
	TRY(saml_sessions_named(w, asked->in.issuer, asked->in.name_id, &rows, &count));
	for (size_t i = 0; i < count && asked->sid_count < NAMED_MAX; i++)
		if (!rq->session || text_equal(rows[i].sid, rq->session->sid))
			asked->sids[asked->sid_count++] = rows[i].sid;
	return OK;
}

static enum err find(struct request *rq, struct asked *asked)
{
	const char *const *indexes = asked->in.session_indexes;

	if (!indexes || !indexes[0])
		return find_named(rq, asked);
	for (; *indexes && asked->sid_count < NAMED_MAX; indexes++)
		TRY(find_indexed(&rq->w, asked, *indexes));
	return OK;
}

static enum err read_asked(struct request *rq, const struct arrival *arrival, struct asked *out)
{
	const char *word = NULL;
	enum err err = received_read(&rq->w, arrival, LOGOUT_REQUEST, &out->in, &word);

	if (err == OK)
		err = check(&rq->w, out);
	if (err == OK)
		err = find(rq, out);
	return err == OK ? OK : saml_refused(rq, out->in.issuer, word, err);
}

/* The one that this browser shows the end of: its own, else the first. *live false: it ended already. */
static enum err find_session(struct request *rq, const struct asked *asked, struct session *out, bool *live)
{
	const char *sid = asked->sid_count ? asked->sids[0] : NULL;

	for (size_t i = 0; rq->session && i < asked->sid_count; i++)
		if (text_equal(asked->sids[i], rq->session->sid))
			sid = asked->sids[i];
	enum err err = sid ? session_by_sid(&rq->w, sid, out) : ERR_SESSION_ENDED;

	*live = err == OK;
	return err == ERR_SESSION_ENDED ? OK : err;
}

/* All that are meant, but for one that a page shows the end of. */
static enum err end_sessions(struct work *w, const struct asked *asked, const char *but)
{
	AUTO(tx_end) struct tx tx = tx_begin(w);

	for (size_t i = 0; i < asked->sid_count; i++) {
		if (text_equal(asked->sids[i], but))
			continue;
		TRY(session_end(w, asked->sids[i]));
		TRY(audit(w, &(struct audit_note){ .event = EVENT_LOGOUT,
						   .target_kind = "client",
						   .target_id = asked->in.issuer,
						   .session_sid = asked->sids[i] }));
	}
	return tx_commit(&tx);
}

/* ---- in the browser ---- */

/* What the last step needs to answer the app. */
static enum err write_ticket(struct request *rq, const struct asked *asked, const char **address)
{
	struct work *w = &rq->w;
	AUTO(secret_wipe) struct secret ticket = secret_new();
	AUTO(json_done) json_t *body = json_object();
	AUTO_BUF url = BUF(8 * KB);

	json_set_text(body, "id", asked->in.id);
	json_set_text(body, "relay", asked->in.relay_state);
	json_set_text(body, "binding", saml_binding_uri(asked->in.binding));
	if (asked->sid_count)
		json_set(body, "sids", json_list(asked->sids));
	json_set_text(body, "practice", w->practice);
	TRY(pushed_insert(w, secret_hash(w->arena, "saml_logout", ticket.text), asked->in.issuer,
			  json_text(w->arena, body), w->now + TICKET_LIFETIME));
	buf_print(&url, PATH_SAML_SLO_DONE "?ticket=%s&sp=", ticket.text);
	percent_encode(&url, asked->in.issuer);
	*address = arena_text(w->arena, buf_str(&url));
	return OK;
}

static enum err end_in_browser(struct request *rq, const struct arrival *arrival)
{
	struct work *w = &rq->w;
	struct asked asked = { 0 };
	struct session session;
	const char *onward;
	bool live;

	TRY(read_asked(rq, arrival, &asked));
	TRY(find_session(rq, &asked, &session, &live));
	TRY(write_ticket(rq, &asked, &onward));
	w->actor = (struct actor){ .kind = ACTOR_CLIENT, .id = asked.in.issuer, .address = w->actor.address };
	if (asked.sid_count > live)
		TRY(end_sessions(w, &asked, live ? session.sid : NULL));
	if (!live)
		return respond_redirect(rq, onward);
	return logout_end(rq, &session,
			  &(struct logout_start){ .post_logout_redirect_uri = onward,
						  .client_name = asked.client->name });
}

/* Where and how the app takes answers: by the binding it asked with, if it can. */
static enum saml_binding answer_binding(const struct service *service, enum saml_binding asked)
{
	static const enum saml_binding bindings[] = { BINDING_REDIRECT, BINDING_POST };

	if (service_slo(service, asked))
		return asked;
	for (size_t i = 0; i < COUNT(bindings); i++)
		if (service_slo(service, bindings[i]))
			return bindings[i];
	return BINDING_NONE;
}

static enum err answer(struct request *rq, const struct service *service, const json_t *ticket, bool all)
{
	struct outgoing message = { 0 };
	const char *relay_state = json_get_text(ticket, "relay");
	enum saml_binding binding =
		answer_binding(service, saml_binding_of(json_get_text(ticket, "binding")));

	/* an app that takes no answer leaves the person with us, signed out */
	if (binding == BINDING_NONE)
		return respond_redirect(rq, "/logged-out");
	TRY(desk_logout_response(&rq->w,
				 &(struct logout_answer){ .service = service,
							  .binding = binding,
							  .in_response_to = json_get_text(ticket, "id"),
							  .status = "Success",
							  .sub_status = all ? NULL : "PartialLogout",
							  .relay_state = relay_state },
				 &message));
	return answer_outgoing(rq, &message, relay_state);
}

enum err saml_slo_done(struct request *rq)
{
	struct work *w = &rq->w;
	const char *handle = request_parameter(rq, "ticket"), *entity_id = request_parameter(rq, "sp");
	const char *text = NULL;
	const char *const *sids;
	const struct service *service;
	bool all = true;
	int64_t number;

	if (handle && entity_id && secret_parse(handle, &number))
		TRY(pushed_take(w, secret_hash(w->arena, "saml_logout", handle), entity_id, &text));
	if (!text) /* the way back was gone already, or is too old */
		return respond_redirect(rq, "/logged-out");
	AUTO(json_done) json_t *ticket = json_read(text, strlen(text));

	TRY(saml_app_find(w, entity_id, &rq->client, &service));
	w->practice = json_get_text(ticket, "practice");
	sids = json_get_list(w->arena, ticket, "sids");
	if (sids && w->practice)
		TRY(logout_wait(w, sids, entity_id, &all));
	return answer(rq, service, ticket, all);
}

/* ---- an app confirms ---- */

static enum err read_confirmed(struct request *rq, const struct arrival *arrival, struct received *in)
{
	struct work *w = &rq->w;
	const struct service *service;
	const char *word = NULL;
	enum err err = received_read(w, arrival, LOGOUT_RESPONSE, in, &word);

	if (err == OK)
		err = saml_app_find(w, in->issuer, &rq->client, &service);
	if (err == OK)
		err = desk_verify(w, service, in, true);
	return err == OK ? OK : saml_refused(rq, in->issuer, word, err);
}

/* "_" and the handle of the request that it answers. */
static const struct practice *practice_of_request(const struct work *w, const char *request_id)
{
	int64_t number;

	return request_id && request_id[0] == '_' && secret_parse(request_id + 1, &number)
		       ? snapshot_practice_number(w->snapshot, number)
		       : NULL;
}

static enum err confirm(struct request *rq, const struct arrival *arrival)
{
	struct work *w = &rq->w;
	struct received in = { 0 };
	bool won = false;

	TRY(read_confirmed(rq, arrival, &in));
	const struct practice *practice = practice_of_request(w, in.in_response_to);

	if (!practice)
		return saml_refused(
			rq, in.issuer, NULL,
			fault(w, ERR_SAML_LOGOUT, "%s answers a request that is not ours", in.issuer));
	w->practice = practice->id;
	if (text_equal(in.status, "Success") || text_equal(in.sub_status, "UnknownPrincipal"))
		TRY(saml_sessions_confirm(w, in.in_response_to, in.issuer, &won));
	return respond_redirect(rq, "/logged-out");
}

/* ---- the doors ---- */

static enum err take(struct request *rq, enum saml_binding binding, const struct form *fields)
{
	const struct arrival arrival = { .binding = binding,
					 .fields = fields,
					 .raw_query = rq->raw_query,
					 .address = arena_print(rq->w.arena, "%s" PATH_SAML_SLO,
								rq->w.app->config->issuer) };
	bool request = form_get(fields, "SAMLRequest"), response = form_get(fields, "SAMLResponse");

	if (request == response)
		return saml_refused(
			rq, NULL, request ? "parameter_odd" : "parameter_missing",
			fault(&rq->w, ERR_SAML_MALFORMED, "SAMLRequest or SAMLResponse is expected"));
	return request ? end_in_browser(rq, &arrival) : confirm(rq, &arrival);
}

enum err saml_slo(struct request *rq)
{
	return take(rq, BINDING_REDIRECT, &rq->query);
}

enum err saml_slo_post(struct request *rq)
{
	return take(rq, BINDING_POST, &rq->form);
}

/* From server to server: whoever is told only by a browser cannot be told now. */
static enum err end_by_app(struct request *rq, const struct asked *asked, bool *all)
{
	struct work *w = &rq->w;

	*all = true;
	if (!asked->sid_count)
		return OK;
	w->actor =
		(struct actor){ .kind = ACTOR_CLIENT, .id = asked->in.issuer, .address = w->actor.address };
	TRY(end_sessions(w, asked, NULL));
	return logout_wait(w, asked->sids, asked->in.issuer, all);
}

enum err saml_slo_soap(struct request *rq)
{
	struct work *w = &rq->w;
	struct asked asked = { 0 };
	struct outgoing message = { 0 };
	bool all;
	const struct arrival arrival = {
		.binding = BINDING_SOAP,
		.body = rq->body,
		.address = arena_print(w->arena, "%s" PATH_SAML_SLO_SOAP, w->app->config->issuer),
	};

	TRY(read_asked(rq, &arrival, &asked));
	rq->client = asked.client;
	TRY(end_by_app(rq, &asked, &all));
	/* those who were told stand on the shelf now, maybe in its place */
	TRY(saml_app_find(w, asked.in.issuer, &asked.client, &asked.service));
	TRY(desk_logout_response(w,
				 &(struct logout_answer){ .service = asked.service,
							  .binding = BINDING_SOAP,
							  .in_response_to = asked.in.id,
							  .status = "Success",
							  .sub_status = all ? NULL : "PartialLogout" },
				 &message));
	return answer_soap(rq, message.soap);
}
