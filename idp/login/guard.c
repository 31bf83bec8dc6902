/* guard.c: what a route row demands, in one place and one order. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "login/flow.h"
#include "login/guard.h"
#include "login/session.h"
#include "login/steps.h"

static bool is_safe(const struct request *rq)
{
	return rq->method == METHOD_GET || rq->method == METHOD_HEAD;
}

static bool is_page(const struct request *rq)
{
	return rq->route->speaks == SPEAKS_HTML;
}

/* RFC 6749 3.1: parameters are not sent more than once. Which of two would be meant is nobody's guess. */
static enum err check_repeats(struct request *rq, bool *answered)
{
	const char *name = rq->query.repeated ? rq->query.repeated : rq->form.repeated;

	(void)answered;
	if (name && !(rq->route->needs & MAY_REPEAT))
		return fault(&rq->w, ERR_PARAMETER_REPEATED, "%s", name);
	return OK;
}

static enum err send_to_sign_in(struct request *rq, bool *answered)
{
	const char *id = flow_id_given(rq);

	*answered = true;
	if ((rq->route->needs & NEEDS_FLOW) && id)
		return flow_redirect(rq, id, false);
	return flow_begin(rq, &(struct flow_start){ .kind = "home", .return_to = rq->path });
}

static enum err check_session(struct request *rq, bool *answered)
{
	if (!(rq->route->needs & (NEEDS_SESSION | MAY_SESSION)))
		return OK;

	enum err err = session_find(rq);

	if (err != ERR_SESSION_ENDED || !(rq->route->needs & NEEDS_SESSION))
		return err == ERR_SESSION_ENDED ? OK : err;
	if (is_page(rq) && is_safe(rq))
		return send_to_sign_in(rq, answered);
	return fault(&rq->w, ERR_SESSION_ENDED, "no live session");
}

/* Pages send no referrer, so their forms post with Origin: null; then the token alone decides. */
static enum err check_origin(struct request *rq, bool *answered)
{
	(void)answered;
	if (!(rq->route->needs & NEEDS_CSRF) || is_safe(rq) || !rq->origin || text_equal(rq->origin, "null"))
		return OK;
	if (!text_equal(rq->origin, rq->w.app->config->issuer_origin))
		return fault(&rq->w, ERR_ORIGIN, "from another origin");
	return OK;
}

/* The token of a flow is a MAC over browser and flow id: it holds even when the row is gone. */
static enum err check_token(struct request *rq, bool *answered)
{
	(void)answered;
	if (!(rq->route->needs & NEEDS_CSRF) || is_safe(rq))
		return OK;

	bool of_flow = rq->route->needs & NEEDS_FLOW;
	const char *expected = of_flow ? flow_csrf_of(rq, flow_id_given(rq)) : page_csrf(rq);

	if (!secret_equal(expected, form_get(&rq->form, "csrf")))
		return fault(&rq->w, ERR_FORM_TOKEN, "missing or of another form");
	return OK;
}

/* A step of a sign-in that was left open is no error: it starts anew, with what was typed. */
static enum err renew(struct request *rq, bool *answered)
{
	TRY(check_origin(rq, answered));
	TRY(check_token(rq, answered));
	*answered = true;
	return flow_renew(rq);
}

static enum err check_flow(struct request *rq, bool *answered)
{
	if (!(rq->route->needs & NEEDS_FLOW))
		return OK;

	enum err err = flow_load(rq);

	if (err == ERR_FLOW_GONE && text_starts(rq->route->path, "/login"))
		return renew(rq, answered);
	return err;
}

/* Order is meaning: nothing is looked up by a repeated name, and a token needs the flow it belongs to. */
static enum err (*const checks[])(struct request *rq, bool *answered) = {
	check_repeats, check_session, check_flow, check_origin, check_token,
};

enum err guard_check(struct request *rq, bool *answered)
{
	*answered = false;
	for (size_t i = 0; i < COUNT(checks) && !*answered; i++)
		TRY(checks[i](rq, answered));
	return OK;
}
