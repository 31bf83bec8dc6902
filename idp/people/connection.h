/* connection.h: an upstream identity provider of a practice: how it is declared, checked and changed.
 *
 * Declared with the fields of store/connections.h. There is no field that turns a check off. The caller's
 * transaction, audited there, snapshot_touch called; disabling and deleting end what came by it: the caller
 * calls sessions_end_connection (login/session.h) in the same transaction. */
#ifndef PEOPLE_CONNECTION_H
#define PEOPLE_CONNECTION_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct connection;
struct metadata_row;
struct practice;

/* Checks a declared connection together with what is declared of it already (as app_check). *message begins
 * with the field's name. Roles and locations of mapping and default_grant must exist in the practice:
 * practice NULL: not checked (a practice that the same document makes; apply_names checks those). */
enum err connection_check(struct work *work, const struct practice *practice, const json_t *declared,
			  const char **message) MUST_USE;

struct connection_change {
	const json_t *declared;             /* members to set; null: as by default */
	const char *secret;                 /* NULL: as it is */
	const struct metadata_row *fetched; /* by connection_prepare, for a new metadata_url */
};
/* Before the transaction: connection_check, the protocol's own word, and what its metadata_url answers. */
enum err connection_prepare(struct work *work, struct connection_change *change,
			    const char **message) MUST_USE;
/* Creates or changes in work->practice. An id of another practice or of a deleted connection: ERR_CONFLICT.
 */
enum err connection_apply(struct work *work, const struct connection_change *change, bool *created,
			  bool *changed) MUST_USE;
enum err connection_set_disabled(struct work *work, const char *id, bool disabled) MUST_USE;
enum err connection_delete(struct work *work, const char *id) MUST_USE; /* its links go too */
/* The clear secret, in the arena, for oidc/upstream*.c alone: wipe it when done. NULL: it has none. */
enum err connection_secret(struct work *work, const struct connection *connection, char **secret) MUST_USE;

/* For a sign-in without side effects, begun by a link: connection, end, MAC. Read once before it ends (replay
 * table, kind "connection_test"): ERR_NOT_FOUND when it is not one of this connection, ended, or was used. */
char *connection_ticket(struct work *work, const char *connection_id, int64_t expires_at);
enum err connection_ticket_use(struct work *work, const char *connection_id, const char *ticket) MUST_USE;

/* Where people with this canonical address sign in: the enabled connection of the practice (practice NULL: of
 * the one practice whose checked domain it is) that has their domain. NULL: here. Looks at the domain alone,
 * never at accounts (security.md C5). */
const struct connection *connection_for_address(const struct work *work, const struct practice *practice,
						const char *address);
/* The same by a domain ("domain_hint"). */
const struct connection *connection_for_domain(const struct work *work, const struct practice *practice,
					       const char *domain);

#endif
