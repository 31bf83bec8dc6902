/* connections.h: rows of connection (outside the wall: read into the snapshot), and of upstream_link and
 * upstream_session (walled: work->practice). Rules live in people/connection.h and people/provision.h. */
#ifndef STORE_CONNECTIONS_H
#define STORE_CONNECTIONS_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct connection;

struct connection_row {
	const char *id, *practice_id, *protocol, *name;
	const char *declaration; /* JSON, as declared, without the secret */
	struct bytes secret;     /* sealed client_secret; at NULL: none */
	bool disabled, deleted;
};
enum err connections_all(struct work *work, struct connection_row **out,
			 size_t *count) MUST_USE; /* also deleted ones, by id */
enum err connections_find(struct work *work, const char *id, struct connection_row *out,
			  bool *found) MUST_USE;
/* Makes or changes; the practice of an id never changes. secret.at NULL: as it is. */
enum err connections_put(struct work *work, const struct connection_row *row) MUST_USE;
enum err connections_retire(struct work *work, const char *id) MUST_USE;
/* Fills a picture from its declaration, with the defaults; texts are borrowed from the declaration and the
 * arena. Also for a declaration that was not stored (a draft under test). */
struct arena;
void connection_fill(struct arena *arena, json_t *declaration, struct connection *out);

/* The fields that a connection may declare (docs/reference/apply.md prints them). */
enum connection_kind {
	CONNECTION_TEXT,
	CONNECTION_ID,
	CONNECTION_WORD,
	CONNECTION_FLAG,
	CONNECTION_TEXTS,
	CONNECTION_DOMAINS,
	CONNECTION_ADDRESS, /* https */
	CONNECTION_XML,
	CONNECTION_SECONDS,
	CONNECTION_SECRET,
	CONNECTION_DATE,
	CONNECTION_OBJECT, /* provision, claims, default_grant: checked by people/connection.c */
	CONNECTION_MAPPING
};
enum connection_of { CONNECTION_OF_BOTH, CONNECTION_OF_OIDC, CONNECTION_OF_SAML };
struct connection_field {
	const char *name;
	enum connection_kind kind;
	enum connection_of of;
	const char *words;    /* the choices of CONNECTION_WORD, the bounds of CONNECTION_SECONDS: "a b" */
	const char *fallback; /* when missing; NULL: none */
	const char *help;
};
extern const struct connection_field connection_fields[]; /* ends with name NULL */

struct upstream_link {
	const char *subject_key, *connection_id, *issuer, *subject, *account_id;
	bool held;
	int64_t created_at, seen_at;
};
enum err links_find(struct work *work, const char *subject_key, struct upstream_link *out,
		    bool *found) MUST_USE;
/* Once: won false when this person over there is somebody here already. */
enum err links_insert(struct work *work, const struct upstream_link *row, bool *won) MUST_USE;
enum err links_seen(struct work *work, const char *subject_key) MUST_USE;
enum err links_hold(struct work *work, const char *subject_key) MUST_USE;   /* waits for approval, again */
enum err links_release(struct work *work, const char *account_id) MUST_USE; /* held no more */
enum err links_delete(struct work *work, const char *account_id, const char *connection_id,
		      size_t *count) MUST_USE; /* connection_id NULL: all of the account */
enum err links_of(struct work *work, const char *account_id, struct upstream_link **out,
		  size_t *count) MUST_USE; /* account_id NULL: all of the practice, by account */

struct upstream_session {
	const char *sid, *connection_id, *subject_key, *upstream_sid; /* upstream_sid: NULL */
	struct bytes hint;                                            /* sealed; at NULL: none */
	int64_t ends_at;
	struct bytes refresh; /* sealed: the provider is asked again with it ... */
	int64_t check_at;     /* ... at this time; 0: never */
};
/* Inside the transaction that starts the session. */
enum err upstream_sessions_put(struct work *work, const struct upstream_session *row) MUST_USE;
enum err upstream_sessions_find(struct work *work, const char *sid, struct upstream_session *out,
				bool *found) MUST_USE;
/* Those that have not ended: of a person over there and, when given, of one session there; of a whole
 * connection (subject_key NULL). */
enum err upstream_sessions_named(struct work *work, const char *connection_id, const char *subject_key,
				 const char *upstream_sid, struct upstream_session **out,
				 size_t *count) MUST_USE;
/* One of the connection's that has to be asked about, leased over all nodes: check_at becomes lease. *found
 * false: none, or another node has just taken it. */
enum err upstream_sessions_take(struct work *work, const char *connection_id, int64_t lease,
				struct upstream_session *out, bool *found) MUST_USE;
/* While the lease stands: when it is asked about next, and with what (refresh.at NULL: as it is). */
enum err upstream_sessions_keep(struct work *work, const char *sid, int64_t lease, int64_t check_at,
				struct bytes refresh, bool *won) MUST_USE;
/* No more of this one; of all of a connection, whose sessions ended or are not asked about any more. */
enum err upstream_sessions_forget(struct work *work, const char *sid) MUST_USE;
enum err upstream_sessions_forget_all(struct work *work, const char *connection_id) MUST_USE;
/* None of the connection's later than that: it is asked more often from now on. */
enum err upstream_sessions_hasten(struct work *work, const char *connection_id, int64_t check_at) MUST_USE;

#endif
