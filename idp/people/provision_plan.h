/* provision_plan.h: what provision would do, before anything is done. For this room: provision.c writes it or
 * describes it. */
#ifndef PEOPLE_PROVISION_PLAN_H
#define PEOPLE_PROVISION_PLAN_H

#include <jansson.h>

#include "base/base.h"
#include "people/mapping.h"
#include "people/provision.h"
#include "store/accounts.h"
#include "store/connections.h"
#include "store/snapshot.h"

struct plan {
	const struct upstream_person *person;
	struct connection connection;    /* as it stands now */
	const struct practice *practice; /* the picture: its roles and locations */
	const char *subject_key;
	enum provision_verdict verdict;
	const char *reason; /* refused */
	bool known;         /* link has somebody */
	struct upstream_link link;
	bool creates, holds; /* an account; it waits for approval from now on */
	struct account_row old, account;
	bool maps; /* assignments of this connection's mapping become these */
	struct mapped mapped;
	bool changes, moves_email; /* names, class, status; the address or whether it is verified */
	const char
		*kept_email; /* why another address over there was not taken: "unverified", "taken"; NULL */
};

/* The practice and the connection as the store has them now: inside provision's transaction. */
enum err plan_now(struct work *work, const struct upstream_person *person, struct plan *p) MUST_USE;
/* The connection as it was given, also one that is off or was never stored. */
enum err plan_draft(struct work *work, const struct upstream_person *person, struct plan *p) MUST_USE;

#endif
