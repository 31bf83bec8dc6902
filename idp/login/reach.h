/* reach.h: can a connection's provider be reached? Kept by this process in a table of fixed size.
 *
 * Asked before a browser is sent there: after 30 s the next who comes probes (one at a time; the others go by
 * what is known), and every fetch that fails on the way back counts. Down: two failures in a row, or one
 * probe that failed, until one succeeds; what is down is looked at every 5 s, by who comes and by a job, so
 * that nobody's outage outlives the provider's. Moving is audited. Where no server runs (app->reach NULL) all
 * is up. */
#ifndef LOGIN_REACH_H
#define LOGIN_REACH_H

#include "base/base.h"

struct reaches;
struct work;
struct connection;

struct reaches *reach_new(void);
void reach_free(struct reaches *reach);
/* Probes when it is time. False: down. REMOTE lane. */
bool reach_ask(struct work *work, const struct connection *connection);
/* What is known, without asking. */
bool reach_is_down(const struct work *work, const char *connection_id);
void reach_note(struct work *work, const char *connection_id, bool answered);
/* One that is down and was not asked for 5 s is probed; in jobs. */
enum err reach_follow(struct work *work) MUST_USE;
/* A bulkhead: at most half of the REMOTE lane's threads wait inside one connection's fetches, so that a
 * provider that hangs holds up nobody else's. Where visits come and go, the next one waits 0.3 s for its
 * turn. ERR_UNAVAILABLE: too many wait. A scope: AUTO(reach_leave) struct reach_visit visit = { 0 };
 * TRY(reach_enter(w, connection_id, &visit)); */
struct reach_visit {
	struct reaches *reach; /* NULL: not inside */
	size_t at;
};
enum err reach_enter(struct work *work, const char *connection_id, struct reach_visit *out) MUST_USE;
void reach_leave(struct reach_visit *visit);
/* For `connection show` and metrics: since when it is down (0: it is not), when it was asked last (0: never).
 */
void reach_facts(const struct work *work, const char *connection_id, int64_t *down_since, int64_t *asked_at);

#endif
