/* flows.h: sign-ins in progress. Any node can serve the next step: the row is all there is.
 *
 * state changes by compare-and-swap on version, so two tabs cannot both go on from one state.
 * Without wall: the practice is not known yet; whoever reads a flow compares browser_hash with the
 * cookie first. */
#ifndef STORE_FLOWS_H
#define STORE_FLOWS_H

#include "base/base.h"

struct work;

struct flow_row {
	const char *id;
	const char *browser_hash; /* of the flow cookie */
	const char *kind;         /* what goes on after it: "oidc", ... */
	const char *ask;          /* JSON: what was asked for, never changed */
	const char *state;        /* JSON: what is known so far */
	int64_t version;          /* 1 at first */
	int64_t created_at, expires_at;
	int64_t finished_at; /* 0: still going on */
};

/* version and created_at are set here. */
enum err flows_insert(struct work *work, const struct flow_row *flow) MUST_USE;
/* found false: no such flow, or expired. A finished one is found, to be told apart. */
enum err flows_find(struct work *work, const char *id, struct flow_row *out, bool *found) MUST_USE;
/* won false: someone else changed it since version, or it is finished or expired. */
enum err flows_update(struct work *work, const char *id, int64_t version, const char *state,
		      bool *won) MUST_USE;
/* Exactly one caller ever wins. In the transaction that makes what the flow was for. */
enum err flows_finish(struct work *work, const char *id, int64_t version, bool *won) MUST_USE;

#endif
