/* flow.h: a sign-in in progress, and the dispatcher that decides its next page.
 *
 * A protocol asks (flow_begin), people answer pages, the dispatcher (GET /login?flow=ID) looks at the row and
 * the session and sends the browser to the first step that is needed; when none is, it goes back to the
 * protocol (return_to?flow=ID). Steps only ever return to /login. The row is bound to the browser's flow
 * cookie (its hash stands in the row), carries a version (compare and swap), and is finished once. */
#ifndef LOGIN_FLOW_H
#define LOGIN_FLOW_H

#include <jansson.h>

#include "base/base.h"

struct request;
struct client;
struct practice;
struct session;

struct flow_start {
	const char *kind;            /* "oidc", "home" */
	const char *return_to;       /* our path: "/oauth2/authorize/continue" */
	const json_t *ask;           /* the protocol's own state, opaque here */
	const struct client *client; /* for the frame and for who may sign in; NULL: none */
	const char *practice_id;     /* from `tenant`, or the app's only practice; NULL: open */
	const char *login_hint, *ui_locales, *location_id;
	const char *form_target;  /* origin of the validated redirect_uri */
	bool fresh;               /* prompt=login or max_age passed: authenticate again even with a session */
	bool select_account;      /* prompt=select_account */
	bool need_location;       /* `location` asked or the app's require_location */
	const char *need_acr;     /* NULL: any */
	const char *expected_sub; /* id_token_hint: another person is refused */
	const char *domain_hint;  /* an e-mail domain: leads to the connection that has it */
};
/* Makes the row (10 minutes) and the cookie, answers 303 to /login?flow=ID. */
enum err flow_begin(struct request *rq, const struct flow_start *start) MUST_USE;
/* Would this ask show a page, or does the session (rq->session) satisfy it as it is? For prompt=none: begin a
 * flow only when not (it settles a location that needs no asking). Reads the session's subject. */
enum err flow_would_ask(struct request *rq, const struct flow_start *start, bool *asks) MUST_USE;

/* What steps have shown so far; the row's state. */
struct flow {
	const char *id, *kind, *return_to, *form_target;
	json_t *ask;
	int64_t version, created_at;
	const char *client_id, *practice_id, *login_hint, *ui_locales, *location_id, *need_acr, *expected_sub;
	bool fresh, select_account, need_location;
	/* shown by steps */
	const char *username;   /* typed */
	json_t *matches;        /* [[practice, account, epoch, must change]] whose password it was */
	const char *account_id; /* proven, in practice_id; gone again when it became a session */
	json_t *amr;
	int64_t proved_at, epoch; /* epoch: of the account then; a change since voids the proof */
	const char *proof_hash;   /* of the proof cookie: a proof counts only in the browser that gave it */
	const char *old_password; /* PHC hash of what was typed, when it must be changed */
	const char *sid;          /* the session that this flow began */
	/* another identity provider */
	const char *domain_hint;   /* asked */
	const char *connection_id; /* chosen; gone when another way is */
	const char *state_hash;    /* of the state that is under way there; NULL: none, or it came back */
	json_t *via;     /* what the session takes from there: {connection, subject_key, mfa, auth_time,
			    ends_at, sid, hint (sealed)}; with the proof */
	json_t *link;    /* a person there who wants to be an account here: {connection, issuer,
			    subject, subject_key, account_id}; until the password is shown */
	bool local;      /* signs in here though the address leads elsewhere */
	bool continuity; /* the proof was let in because the connection is down */
	bool must_change, finished;
	bool practice_open;   /* practice_id is not what was asked for but what was proven */
	bool location_chosen; /* the same of location_id */
	bool renewed;         /* took the place of one that had expired */
	bool ready;           /* seen in this request: nothing is left to ask */
};
/* Loads ?flow= (or the form's `flow` field) for this browser: rq->flow. ERR_FLOW_GONE,
 * ERR_FLOW_OTHER_BROWSER. The guard NEEDS_FLOW calls it. */
enum err flow_load(struct request *rq) MUST_USE;
/* Writes what a step changed, if nobody else did meanwhile: ERR_CONFLICT. */
enum err flow_save(struct request *rq) MUST_USE;
/* 303 to the dispatcher. */
enum err flow_next(struct request *rq) MUST_USE;
/* Does the session satisfy the flow, is nothing left to ask? A protocol's continue address asks this first
 * (it can be called before the steps are done) and answers flow_next when not. ERR_UNMET_ACR: what was shown
 * is less than need_acr, and the app is to be told. Route needs: NEEDS_FLOW | MAY_SESSION. */
enum err flow_is_ready(struct request *rq, bool *ready) MUST_USE;
/* Once, for a protocol's last step; inside its transaction. ERR_FLOW_GONE when it was finished already,
 * ERR_SESSION_ENDED when it is not ready. */
enum err flow_finish(struct request *rq) MUST_USE;
/* The form's own token for this flow and browser: put it into every form as `csrf`. */
const char *flow_csrf(struct request *rq);
/* For forms outside a flow (sign-out, home): bound to the session cookie or the flow cookie. */
const char *page_csrf(struct request *rq);

#endif
