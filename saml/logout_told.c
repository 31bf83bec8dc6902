/* logout_told.c: SAML apps are told that a session ended (SAML Profiles 4.4.3.3). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/metrics.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"
#include "keys/secret.h"
#include "login/logout.h"
#include "login/session.h"
#include "pages.h"
#include "saml/desk.h"
#include "saml/logout.h"
#include "saml/session_index.h"
#include "saml/sign_on.h"
#include "store/outbox.h"
#include "store/saml.h"
#include "store/snapshot.h"

#define KIND          "saml_logout"
#define GIVE_UP_AFTER 86400 /* by then the app's own session is over as well */

/* One of the names that an app knows a session by; service NULL: it is not to be told (any more). */
struct told {
	const struct client *client;
	const struct service *service;
	struct saml_session known;
};

/* An app whose metadata is gone cannot be told: its rows stay, and say so to whoever asks. */
static struct told app_of(struct work *w, const char *client_id)
{
	struct told told = { .client = snapshot_saml(w->snapshot, client_id) };

	if (!told.client || told.client->disabled ||
	    saml_app_find(w, client_id, &told.client, &told.service) != OK)
		told.service = NULL;
	return told;
}

/* An app that asked for several kinds of name is told each. */
static enum err each(struct work *w, const struct session *session, const char *client_id,
		     enum err (*tell_one)(struct work *w, const struct told *told, void *thing), void *thing)
{
	struct saml_session *rows;
	size_t count = 0;

	if (!snapshot_saml(w->snapshot, client_id))
		return OK;
	TRY(saml_sessions_of(w, session->sid, client_id, &rows, &count));
	struct told told = count ? app_of(w, client_id) : (struct told){ 0 };

	for (size_t i = 0; told.service && i < count; i++) {
		told.known = rows[i];
		TRY(tell_one(w, &told, thing));
	}
	return OK;
}

/* The wall's number stands in the id that the answer will name. */
static const char *request_id_new(struct work *w)
{
	const struct practice *practice = snapshot_practice(w->snapshot, w->practice);
	AUTO(secret_wipe) struct secret id = secret_new_in(practice->number);

	return arena_print(w->arena, "_%s", id.text);
}

static enum err order(struct work *w, const struct told *told, enum saml_binding binding, const char *id,
		      struct outgoing *out)
{
	struct logout_order order = { .service = told->service,
				      .binding = binding,
				      .id = id,
				      .session_index = told->known.session_index,
				      .name_id = { .value = told->known.name_id,
						   .sp_name_qualifier = told->known.sp_name_qualifier } };

	if (!name_id_of(told->known.name_id_format, &order.name_id.format))
		return fault(w, ERR_INTERNAL, "a name of format %s", told->known.name_id_format);
	return desk_logout_request(w, &order, out);
}

/* The app that asked for the logout knows of it. */
static bool has_asked(const struct work *w, const char *client_id)
{
	return w->actor.kind == ACTOR_CLIENT && text_equal(w->actor.id, client_id);
}

/* ---- from server to server ---- */

static enum err tell_one(struct work *w, const struct told *told, UNUSED void *thing)
{
	const char *client_id = told->client->client_id;
	bool won;

	if (has_asked(w, client_id))
		return saml_sessions_close(w, told->known.session_index, &won);
	if (!service_slo(told->service, BINDING_SOAP))
		return OK;
	AUTO(json_done)
	json_t *body = json_pack("{s:s, s:s}", "index", told->known.session_index, "sid", told->known.sid);

	assert(body);
	return outbox_add(w, &(struct outbox_row){ .id = id_new(w->arena, "message"),
						   .practice_id = w->practice,
						   .kind = KIND,
						   .target = client_id,
						   .body = json_text(w->arena, body) });
}

static enum err tell(struct work *w, const struct session *session, const char *client_id)
{
	return each(w, session, client_id, tell_one, NULL);
}

/* Core 3.7.3: done, or nothing there to be done. */
static bool is_done(const struct received *answer)
{
	return text_equal(answer->status, "Success") || text_equal(answer->sub_status, "UnknownPrincipal");
}

/* The connection says who answers; a signature that is there must be right all the same. */
static enum err read_answer(struct work *w, const struct told *told, const struct fetch_answer *answer,
			    const char *id, bool *done)
{
	const struct arrival arrival = { .binding = BINDING_SOAP, .body = answer->body };
	struct received in = { 0 };

	TRY(received_read(w, &arrival, LOGOUT_RESPONSE, &in, NULL));
	if (!text_equal(in.issuer, told->client->client_id) || !text_equal(in.in_response_to, id))
		return fault(w, ERR_SAML_MALFORMED, "the answer is of %s to another request", in.issuer);
	TRY(desk_verify(w, told->service, &in, false));
	*done = is_done(&in);
	return OK;
}

static enum err post(struct work *w, const struct told *told, bool *done)
{
	struct outgoing message = { 0 };
	struct fetch_answer answer = { 0 };
	const char *id = request_id_new(w);

	*done = false;
	TRY(order(w, told, BINDING_SOAP, id, &message));
	TRY(fetch(w,
		  &(struct fetch_ask){ .url = service_slo(told->service, BINDING_SOAP)->location,
				       .content_type = "text/xml",
				       .body = BYTES_OF(message.soap) },
		  &answer));
	if (answer.status != 200)
		return fault(w, ERR_FETCH, "logout of %s: status %ld", told->client->client_id,
			     answer.status);
	return read_answer(w, told, &answer, id, done);
}

static enum err send_logout(struct work *w, const struct outbox_row *row)
{
	AUTO(json_done) json_t *message = json_read(row->body, strlen(row->body));
	const char *sid = json_get_text(message, "sid"), *index = json_get_text(message, "index");
	struct told told = app_of(w, row->target);
	bool done = false, found = false, won;

	w->practice = row->practice_id;
	if (!sid || !index || !told.service || !service_slo(told.service, BINDING_SOAP))
		return OK; /* an app that is gone, or takes no such messages any more */
	TRY(saml_sessions_find(w, index, row->target, &told.known, &found));
	if (!found)
		return OK; /* confirmed meanwhile */
	enum err err = post(w, &told, &done);

	if (err == OK && done) {
		TRY(saml_sessions_close(w, told.known.session_index, &won));
		return logout_told(w, row, sid, NULL);
	}
	if (err == OK)
		return logout_told(w, row, sid, "refused_by_app");
	if (w->now - row->created_at > GIVE_UP_AFTER)
		return logout_told(w, row, sid, "given_up");
	metric_add(METRIC_LOGOUT_FAILED, 1);
	return ERR_FETCH;
}

/* ---- in the browser ---- */

static enum err by_redirect(struct work *w, const struct told *told, json_t *urls)
{
	const char *id = request_id_new(w);
	struct outgoing message = { 0 };

	TRY(order(w, told, BINDING_REDIRECT, id, &message));
	TRY(saml_sessions_asked(w, told->known.session_index, id));
	(void)json_array_append_new(urls, json_string(message.url));
	return OK;
}

/* A form needs a page of ours in the frame, which is asked for with what the app knows the session as. */
static void by_form(const struct told *told, json_t *urls)
{
	AUTO_BUF url = BUF(8 * KB);

	buf_text(&url, PATH_SAML_FRAME "?index=");
	percent_encode(&url, told->known.session_index);
	buf_text(&url, "&sp=");
	percent_encode(&url, told->client->client_id);
	json_t *frame = json_object();

	json_set_text(frame, "address", buf_str(&url));
	json_set_text(frame, "to", service_slo(told->service, BINDING_POST)->location);
	(void)json_array_append_new(urls, frame);
}

static enum err frame_one(struct work *w, const struct told *told, void *urls)
{
	if (has_asked(w, told->client->client_id) || service_slo(told->service, BINDING_SOAP))
		return OK;
	if (service_slo(told->service, BINDING_REDIRECT))
		return by_redirect(w, told, urls);
	if (service_slo(told->service, BINDING_POST))
		by_form(told, urls);
	return OK;
}

static enum err frames(struct work *w, const struct session *session, const char *client_id, json_t *urls)
{
	return each(w, session, client_id, frame_one, urls);
}

/* Whoever names an index that nobody can guess is the browser whose page has the frame; what leaves is a
 * message that ends a session at the app, once it has ended here. */
static enum err frame_meant(struct request *rq, struct told *out)
{
	struct work *w = &rq->w;
	const char *index = request_parameter(rq, "index"), *entity_id = request_parameter(rq, "sp");
	const struct practice *practice;
	struct session session;
	bool found = false;
	int64_t number;

	practice = entity_id && session_index_parse(index, &number)
			   ? snapshot_practice_number(w->snapshot, number)
			   : NULL;
	if (!practice)
		return fault(w, ERR_SAML_LOGOUT, "no session index of ours");
	w->practice = practice->id;
	TRY(saml_sessions_find(w, index, entity_id, &out->known, &found));
	enum err live = found ? session_by_sid(w, out->known.sid, &session) : OK;

	if (live == OK)
		return fault(w, ERR_SAML_LOGOUT, "index of %s is told already, or lives", entity_id);
	if (live != ERR_SESSION_ENDED)
		return live;
	return saml_app_find(w, entity_id, &out->client, &out->service);
}

enum err saml_slo_frame(struct request *rq)
{
	struct work *w = &rq->w;
	struct told told = { 0 };
	struct outgoing message = { 0 };
	struct page_form_post_fields field = { .name = "SAMLRequest" };
	AUTO_BUF page = BUF(64 * KB);

	TRY(frame_meant(rq, &told));
	const char *id = request_id_new(w);

	TRY(order(w, &told, BINDING_POST, id, &message));
	TRY(saml_sessions_asked(w, told.known.session_index, id));
	field.value = message.value;
	page_form_post(&page, &(struct page_form_post){ .frame = page_frame(rq),
							.action = message.url,
							.fields = &field,
							.fields_count = 1 });
	if (page.full)
		return fault(w, ERR_TOO_LARGE, "logout of %s", told.client->client_id);
	return respond_frame(rq, &page, url_origin(w->arena, message.url));
}

const struct participant saml_participant = {
	.kind = KIND,
	.tell = tell,
	.send = send_logout,
	.frames = frames,
};
