/* connect.h: a sign-in that goes to another identity provider and comes back.
 *
 *	/login/upstream --connector->start--> provider --> the protocol's callback --connect_return-->
 *	connector's own checks --connect_finish--> people/provision --> proof in the flow --> /login
 *
 * The state that travels is "FLOWID.SECRET"; the row keeps the secret's hash and the connection's id. It
 *comes back once: connect_return takes it out of the row by compare-and-swap before anything else is done
 *with what came (security.md B13), in the browser whose cookie began the flow. */
#ifndef LOGIN_CONNECT_H
#define LOGIN_CONNECT_H

#include <jansson.h>

#include "base/base.h"

struct request;
struct connection;
struct upstream_person;

/* A protocol's arrival, with our cookies: state as it came, connection_id of the path. Sets rq->flow and
 * work->practice; *connection is enabled, of this flow, and the only one whose keys count now.
 * ERR_FLOW_GONE, ERR_FLOW_OTHER_BROWSER, ERR_UPSTREAM_STATE (none of this flow, or used already: audited). */
enum err connect_return(struct request *rq, const char *connection_id, const char *state,
			const struct connection **connection) MUST_USE;
/* An unsolicited answer (SAML, allow_idp_initiated): begins a flow that ends at home, or at a registered
 * initiate_login_uri of the app that relay_state names (its client_id). ERR_CONNECTION_OFF: not allowed. */
enum err connect_unsolicited(struct request *rq, const char *connection_id, const char *relay_state,
			     const struct connection **connection) MUST_USE;
/* The person, all checks of the protocol made. Provisions, proves, answers (303 to the dispatcher, or a page:
 * held, linking, refused, the result of a test). */
enum err connect_finish(struct request *rq, const struct upstream_person *person) MUST_USE;
/* The provider said no, cannot be reached, or what came failed a check: audited with the stable word, told on
 * a page that says what to do. word: "nonce", "signature", "access_denied" ...; detail for audit alone,
 * bounded. */
enum err connect_refused(struct request *rq, const struct connection *connection, enum err err,
			 const char *word, const char *detail) MUST_USE;
/* Too many wait for this provider (reach_enter said so, before connect_return): a page that comes again by
 * itself with the same answer. */
enum err connect_busy(struct request *rq, const char *connection_id) MUST_USE;
/* The provider ended a session (verified by the protocol): ends ours of this person there, and of this
 * session when it is named; adds to *count how many. Inside a transaction, with what makes the message count
 * once, in work->practice = the connection's. Audited. */
struct work;
enum err connect_logged_out(struct work *work, const struct connection *connection, const char *issuer,
			    const char *subject, const char *upstream_sid, size_t *count) MUST_USE;

/* The provider, asked about a session, lets its person in no more: ends it with all that apps were given for
 * it, also what outlives a sign-out. In work->practice. Audited with the reason's word. *ended false: it had
 * ended before. */
enum err connect_let_in_no_more(struct work *work, const struct connection *connection, const char *sid,
				const char *reason, bool *ended) MUST_USE;

#endif
