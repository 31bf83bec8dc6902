/* sp_logout.c: a provider ends a session, or is told of its end (SAML Core 3.7, Profiles 4.4). */
#include "saml/sp.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/request.h"
#include "http/response.h"
#include "login/connect.h"
#include "saml/answer.h"
#include "saml/desk.h"
#include "saml/paper.h"
#include "saml/provider.h"
#include "saml/received.h"
#include "saml/refused.h"
#include "saml/saml.h"
#include "saml/shelf.h"
#include "saml/words.h"
#include "store/db.h"
#include "store/replay.h"
#include "store/snapshot.h"

/* --- from there -------------------------------------------------------------------------------------- */

/* A LogoutRequest of the connection's provider. */
struct asked {
	const struct connection *connection;
	const struct provider *provider;
	struct received in;
};

/* Its address is in it, by whichever way it came: what names none could have been for another connection, or
 * another service, of the same provider. */
static enum err check(struct work *w, struct asked *asked)
{
	if (!asked->in.destination)
		return fault(w, ERR_SAML_DESTINATION, "%s: by SOAP",
			     saml_words[WORD_DESTINATION_MISSING].word);
	TRY(shelf_provider(w, asked->connection, &asked->provider));
	return desk_verify(w, &asked->provider->entity, &asked->in, true);
}

/* Of the person all sessions, or those that are named (Core 3.7.3.2). Who is known by an attribute is not in
 * the message: there a session must be named. */
static enum err end_sessions(struct work *w, const struct asked *asked)
{
	const char *const *index = asked->in.session_indexes;
	const char *subject = NULL;
	size_t count = 0;

	TRY(sp_logout_subject(w, asked->connection, &asked->in, &subject));
	if (index && index[0]) {
		for (; *index; index++)
			TRY(connect_logged_out(w, asked->connection, asked->in.issuer, subject, *index,
					       &count));
		return OK;
	}
	if (!subject)
		return fault(w, ERR_SAML_LOGOUT, "%s named neither a person nor a session", asked->in.issuer);
	return connect_logged_out(w, asked->connection, asked->in.issuer, subject, NULL, &count);
}

/* Signed in any case, not too old, and once (security.md D12), in one transaction with what it is for: a
 * request that ended nothing is not spent. */
static enum err end_once(struct work *w, const struct asked *asked)
{
	const struct received *in = &asked->in;
	const char *id = arena_print(w->arena, "%s %s", asked->connection->id, in->id);
	bool fresh = false;
	AUTO(tx_end) struct tx tx = tx_begin(w);

	TRY(replay_once(w, "saml_logout", id, in->issue_instant + SAML_REQUEST_LIFETIME + 2 * SAML_SKEW,
			&fresh));
	if (!fresh)
		return fault(w, ERR_SAML_REPLAYED, "logout request %s of %s", in->id, in->issuer);
	TRY(end_sessions(w, asked));
	return tx_commit(&tx);
}

static enum err take_request(struct request *rq, const struct arrival *arrival, struct asked *asked)
{
	struct work *w = &rq->w;
	const char *word = NULL;
	enum err err = received_read(w, arrival, LOGOUT_REQUEST, &asked->in, &word);

	if (err == OK)
		err = check(w, asked);
	if (err == OK)
		err = end_once(w, asked);
	return err == OK ? OK : saml_sp_refused(rq, asked->connection, word, err);
}

/* Where and how the provider takes answers: by the binding it asked with, if it can. */
static enum saml_binding answer_binding(const struct service *entity, enum saml_binding asked)
{
	static const enum saml_binding bindings[] = { BINDING_REDIRECT, BINDING_POST };

	if (asked == BINDING_SOAP || service_slo(entity, asked))
		return asked;
	for (size_t i = 0; i < COUNT(bindings); i++)
		if (service_slo(entity, bindings[i]))
			return bindings[i];
	return BINDING_NONE;
}

/* What ended here has ended; our apps are told from the outbox. */
static enum err answer(struct request *rq, const struct asked *asked)
{
	struct work *w = &rq->w;
	const struct service *entity = &asked->provider->entity;
	enum saml_binding binding = answer_binding(entity, asked->in.binding);
	struct outgoing message = { 0 };

	if (binding == BINDING_NONE)
		return respond_redirect(rq, "/logged-out");
	TRY(desk_logout_response(
		w,
		&(struct logout_answer){ .service = entity,
					 .binding = binding,
					 .in_response_to = asked->in.id,
					 .status = "Success",
					 .relay_state = asked->in.relay_state,
					 .issuer = sp_address(w, PATH_SP_METADATA, asked->connection->id) },
		&message));
	return answer_outgoing(rq, &message, asked->in.relay_state);
}

static enum err end_there(struct request *rq, const struct arrival *arrival,
			  const struct connection *connection)
{
	struct asked asked = { .connection = connection };

	TRY(take_request(rq, arrival, &asked));
	return answer(rq, &asked);
}

static enum err take(struct request *rq, enum saml_binding binding, const struct form *fields)
{
	const struct connection *connection;

	TRY(sp_connection(rq, &connection));
	const struct arrival arrival = { .binding = binding,
					 .fields = fields,
					 .raw_query = rq->raw_query,
					 .address = sp_address(&rq->w, PATH_SP_SLO, connection->id) };

	/* An answer to ours changes nothing: the person is signed out here, and sees that. */
	if (form_get(fields, "SAMLResponse") && !form_get(fields, "SAMLRequest"))
		return respond_redirect(rq, "/logged-out");
	return end_there(rq, &arrival, connection);
}

enum err saml_sp_slo(struct request *rq)
{
	return take(rq, BINDING_REDIRECT, &rq->query);
}

enum err saml_sp_slo_post(struct request *rq)
{
	return take(rq, BINDING_POST, &rq->form);
}

enum err saml_sp_slo_soap(struct request *rq)
{
	const struct connection *connection;

	TRY(sp_connection(rq, &connection));
	const struct arrival arrival = { .binding = BINDING_SOAP,
					 .body = rq->body,
					 .address = sp_address(&rq->w, PATH_SP_SLO_SOAP, connection->id) };

	return end_there(rq, &arrival, connection);
}

/* --- from here --------------------------------------------------------------------------------------- */

/* The name goes back as it came; without one there is nothing to say there. */
enum err sp_leave(struct work *w, const struct connection *connection, struct bytes hint,
		  const char *return_to, const char **url)
{
	AUTO(json_done) json_t *kept = hint.at ? json_read((const char *)hint.at, hint.size) : NULL;
	const struct foreign_name name = { .value = json_get_text(kept, "name_id"),
					   .format = json_get_text(kept, "format"),
					   .name_qualifier = json_get_text(kept, "name_qualifier"),
					   .sp_name_qualifier = json_get_text(kept, "sp_name_qualifier") };
	const struct provider *provider;
	struct outgoing message = { 0 };

	(void)return_to; /* our address for answers is in our metadata, and leads there */
	*url = NULL;
	TRY(shelf_provider(w, connection, &provider));
	if (!name.value || !service_slo(&provider->entity, BINDING_REDIRECT))
		return OK;
	TRY(desk_logout_request(
		w,
		&(struct logout_order){ .service = &provider->entity,
					.binding = BINDING_REDIRECT,
					.id = paper_id(w->arena),
					.session_index = json_get_text(kept, "session_index"),
					.issuer = sp_address(w, PATH_SP_METADATA, connection->id),
					.their_name = &name },
		&message));
	*url = message.url;
	return OK;
}
