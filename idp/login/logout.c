/* logout.c: signing out in the browser, for a person or for an app (OpenID Connect RP-Initiated Logout 1.0,
 * Front-Channel Logout 1.0). */
#include "base/base.h"

#include <jansson.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/response.h"
#include "login/logout.h"
#include "login/logout_upstream.h"
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "people/audit.h"
#include "store/db.h"
#include "store/flows.h"
#include "store/outbox.h"
#include "store/sessions.h"
#include "store/snapshot.h"

/* Seconds that apps in frames have before the browser goes on by itself. */
#define ONWARD_SECONDS 3

/* "https://app.example" of an address; NULL when it has none that a policy header could name. */
static const char *origin_of(struct arena *arena, const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;

	if (!host)
		return NULL;

	size_t scheme = (size_t)(host - url), size = strcspn(host + 3, "/?#");

	if (strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != scheme || size == 0 ||
	    strspn(host + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]") < size)
		return NULL;
	return arena_textn(arena, url, scheme + 3 + size);
}

/* ---- the signed-out page ---- */

static const char *frame_address(const json_t *frame)
{
	return json_is_string(frame) ? json_string_value(frame) : json_get_text(frame, "address");
}

/* Where the frame leads: a form of ours in it leaves for the app. */
static const char *frame_target(const json_t *frame)
{
	return json_is_string(frame) ? json_string_value(frame) : json_get_text(frame, "to");
}

/* An app in a frame may come back to us there (SAML single logout). */
static const char *frame_sources(struct request *rq, const json_t *urls)
{
	AUTO_BUF text = BUF(8 * KB);

	if (json_array_size(urls) > 0)
		buf_text(&text, rq->w.app->config->issuer);
	for (size_t i = 0; i < json_array_size(urls); i++) {
		const char *origin = origin_of(rq->w.arena, frame_target(json_array_get(urls, i)));

		if (origin && text.size > 0)
			buf_char(&text, ' ');
		if (origin)
			buf_text(&text, origin);
	}
	return text.size > 0 ? arena_text(rq->w.arena, text.data) : NULL;
}

static enum err signed_out_page(struct request *rq, const struct logout_start *start, const char *onward,
				const json_t *urls)
{
	size_t count = json_array_size(urls);
	struct page_logged_out_frames *frames =
		arena_array(rq->w.arena, struct page_logged_out_frames, count + 1);
	AUTO_BUF page = BUF(256 * KB);

	for (size_t i = 0; i < count; i++)
		frames[i].address = frame_address(json_array_get(urls, i));
	page_logged_out(&page, &(struct page_logged_out){
				       .frame = page_frame(rq),
				       .app = start->client_name,
				       .onward = onward,
				       .frames = frames,
				       .frames_count = count,
			       });
	if (page.full)
		return fault(&rq->w, ERR_INTERNAL, "the page is larger than its ceiling");
	if (onward)
		response_header(rq, "Refresh",
				arena_print(rq->w.arena, "%d;url=%s", count ? ONWARD_SECONDS : 0, onward));
	return respond_page(rq, 200, &page, NULL, frame_sources(rq, urls));
}

/* A page where there are frames, or where the way leads over a provider: a redirect of the form before to
 * another origin would be blocked by its policy. */
static enum err go_on(struct request *rq, const struct logout_start *start, const char *over,
		      const json_t *urls)
{
	if (over)
		return signed_out_page(rq, start, over, urls);
	if (json_array_size(urls) > 0)
		return signed_out_page(rq, start, start->post_logout_redirect_uri, urls);
	return respond_redirect(rq, start->post_logout_redirect_uri ? start->post_logout_redirect_uri
								    : "/logged-out");
}

enum err logged_out_show(struct request *rq)
{
	const char *uri;

	TRY(logout_upstream_back(rq, &uri));
	if (uri)
		return respond_redirect(rq, uri);
	return signed_out_page(rq, &(struct logout_start){ 0 }, NULL, NULL);
}

/* ---- telling ---- */

enum err logout_told(struct work *work, const struct outbox_row *row, const char *sid, const char *reason)
{
	work->practice = row->practice_id;
	work->actor = (struct actor){ .kind = ACTOR_SYSTEM };
	metric_add(reason ? METRIC_LOGOUT_FAILED : METRIC_LOGOUT_SENT, 1);
	return audit(work, &(struct audit_note){ .event = reason ? EVENT_LOGOUT_FAILED : EVENT_LOGOUT_SENT,
						 .outcome = reason ? OUTCOME_FAIL : OUTCOME_OK,
						 .reason = reason,
						 .target_kind = "client",
						 .target_id = row->target,
						 .session_sid = sid });
}

/* ---- ending ---- */

static enum err collect_frames(struct request *rq, const struct session *session, json_t *urls)
{
	const struct participant *const *list = rq->w.app->participants;
	const char *const *apps;

	TRY(sessions_apps(&rq->w, session->sid, &apps));
	for (; list && *list; list++)
		for (size_t i = 0; (*list)->frames && apps[i]; i++)
			TRY((*list)->frames(&rq->w, session, apps[i], urls));
	return OK;
}

static enum err end(struct request *rq, const struct session *session)
{
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	TRY(session_end(&rq->w, session->sid));
	TRY(audit(&rq->w, &(struct audit_note){
				  .event = EVENT_LOGOUT,
				  .target_kind = "account",
				  .target_id = session->account_id,
				  .session_sid = session->sid,
			  }));
	return tx_commit(&tx);
}

enum err logout_end(struct request *rq, const struct session *session, const struct logout_start *start)
{
	AUTO(json_done) json_t *urls = json_array();
	const char *over;

	rq->w.practice = session->practice->id;
	TRY(collect_frames(rq, session, urls));
	TRY(logout_upstream_plan(rq, session, start, &over));
	TRY(end(rq, session));
	if (rq->session && text_equal(rq->session->sid, session->sid)) {
		cookie_clear(rq, COOKIE_SESSION);
		rq->session = NULL;
	}
	return go_on(rq, start, over, urls);
}

static enum err sign_out(struct request *rq, const struct logout_start *start)
{
	AUTO(json_done) json_t *nothing = json_array();

	return rq->session ? logout_end(rq, rq->session, start) : go_on(rq, start, NULL, nothing);
}

/* ---- asking ---- */

static enum err ask(struct request *rq, const struct logout_start *start)
{
	const char *target = origin_of(rq->w.arena, start->post_logout_redirect_uri);
	AUTO_BUF page = BUF(64 * KB);

	page_logout_confirm(&page, &(struct page_logout_confirm){
					   .frame = page_frame(rq),
					   .flow = rq->flow ? rq->flow->id : NULL,
					   .csrf = page_csrf(rq),
					   .email = rq->session->email,
					   .practice = rq->session->practice->name,
					   .app = start->client_name,
				   });
	if (page.full)
		return fault(&rq->w, ERR_INTERNAL, "the page is larger than its ceiling");
	return respond_page(rq, 200, &page, target, NULL);
}

static bool needs_no_question(const struct request *rq, const struct logout_start *start)
{
	return !rq->session || (start->hinted_sid && text_equal(start->hinted_sid, rq->session->sid));
}

/* What the app asked waits in a row of this browser while the person is asked. */
static enum err remember(struct request *rq, const struct logout_start *start)
{
	AUTO(json_done) json_t *wanted = json_object();
	struct flow flow = { .kind = "logout", .return_to = "/logout", .ask = wanted };

	json_set_text(wanted, "uri", start->post_logout_redirect_uri);
	json_set_text(wanted, "app", start->client_name);
	json_set_text(wanted, "sid", start->hinted_sid);
	TRY(flow_insert(rq, &flow));
	return respond_redirect(rq, arena_print(rq->w.arena, "/logout?flow=%s", flow.id));
}

/* A form posted by the app comes without our cookies (SameSite=Lax): look again in a GET of our own. */
enum err logout_begin(struct request *rq, const struct logout_start *start)
{
	if (rq->method == METHOD_POST && !rq->session)
		return remember(rq, start);
	return needs_no_question(rq, start) ? sign_out(rq, start) : remember(rq, start);
}

/* ---- our own addresses ---- */

/* Reads what an app asked, when there is a row; a row that is gone only loses the way back. */
static enum err recall(struct request *rq, struct logout_start *out)
{
	struct flow *flow = NULL;
	enum flow_standing standing;

	*out = (struct logout_start){ 0 };
	TRY(flow_look(rq, &flow, &standing));
	if (standing != FLOW_LIVE || !text_equal(flow->kind, "logout"))
		return OK;
	rq->flow = flow;
	out->post_logout_redirect_uri = json_get_text(flow->ask, "uri");
	out->client_name = json_get_text(flow->ask, "app");
	out->hinted_sid = json_get_text(flow->ask, "sid");
	return OK;
}

enum err logout_show(struct request *rq)
{
	struct logout_start start;

	TRY(recall(rq, &start));
	return needs_no_question(rq, &start) ? sign_out(rq, &start) : ask(rq, &start);
}

enum err logout_submit(struct request *rq)
{
	struct logout_start start;
	bool won;

	TRY(recall(rq, &start));
	/* Whoever finished it, this person wants to be signed out. */
	if (rq->flow)
		TRY(flows_finish(&rq->w, rq->flow->id, rq->flow->version, &won));
	return sign_out(rq, &start);
}
