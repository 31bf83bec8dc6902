/* logout.h: ending a session in the browser, and telling the apps.
 *
 * Protocols register a participant (main.c): session_end calls tell() for each app of the session inside the
 * transaction (it puts a message into the outbox), jobs call send() for due messages. */
#ifndef LOGIN_LOGOUT_H
#define LOGIN_LOGOUT_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct request;
struct client;
struct session;
struct outbox_row;

struct participant {
	const char *kind; /* outbox kind: "oidc_backchannel_logout" */
	/* Inside the transaction that ends the session: client_id took part in it. */
	enum err (*tell)(struct work *work, const struct session *session, const char *client_id);
	/* Sends one due message; OK: delivered (or can never be); ERR_FETCH: later. In jobs. */
	enum err (*send)(struct work *work, const struct outbox_row *row);
	/* What to load in frames on the signed-out page; adds URLs to the array, or, for a page of ours that
	 * goes on to an app, {"address": our page, "to": URL of the app}: the policy of the page around
	 * names all that a frame may show (CSP 3 6.1). May be NULL. */
	enum err (*frames)(struct work *work, const struct session *session, const char *client_id,
			   json_t *urls);
};

/* For send(): how a message to an app ended, on record in its practice. reason NULL: the app knows. */
enum err logout_told(struct work *work, const struct outbox_row *row, const char *sid,
		     const char *reason) MUST_USE;

struct logout_start {
	const char *post_logout_redirect_uri; /* validated; NULL: our own page. state is already in it */
	const char *client_name;
	const char *hinted_sid; /* of a verified id_token_hint: the session's own is not asked about */
};
/* RP-initiated: asks (button#logout-confirm) or ends at once; then the signed-out page (h1#logged-out) with
 * front-channel frames, or 303 to the address. Without a session it goes on at once. */
enum err logout_begin(struct request *rq, const struct logout_start *start) MUST_USE;
/* A protocol has shown that this session is to end (an app's signed request): nobody is asked. Ends it, tells
 * the apps, and goes on as logout_begin does. */
enum err logout_end(struct request *rq, const struct session *session,
		    const struct logout_start *start) MUST_USE;

#endif
