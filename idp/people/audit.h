/* audit.h: one event row in the same transaction as the change it records; an operation whose row
 * cannot be written fails (security.md I4; audit.md 4.2). Fields bounded and escaped; never a secret. */
#ifndef PEOPLE_AUDIT_H
#define PEOPLE_AUDIT_H

#include <jansson.h>

#include "base/base.h"

struct work;

/* One row each in audit.c: dotted type, critical or not, what it tells. */
enum event {
	EVENT_SIGN_IN_OK,
	EVENT_SIGN_IN_FAILED,
	EVENT_SIGN_IN_LOCKED,
	EVENT_SESSION_STARTED,
	EVENT_SESSION_ENDED,
	EVENT_LOGOUT,
	EVENT_LOGOUT_ALL,
	EVENT_CODE_ISSUED,
	EVENT_TOKEN_ISSUED,
	EVENT_TOKEN_REFRESHED,
	EVENT_TOKEN_REVOKED,
	EVENT_CODE_REUSED,
	EVENT_REFRESH_REUSED,
	EVENT_CLIENT_TOKEN,
	EVENT_CLIENT_AUTH_FAILED,
	EVENT_CONSENT_GIVEN,
	EVENT_CONSENT_DENIED,
	EVENT_ACCESS_DENIED,
	EVENT_PUSHED_REQUEST,
	EVENT_LOGOUT_SENT,
	EVENT_LOGOUT_FAILED,
	EVENT_PRACTICE_CHANGED,
	EVENT_PRACTICE_DELETED,
	EVENT_LOCATION_CHANGED,
	EVENT_ROLE_CHANGED,
	EVENT_ROLE_DELETED,
	EVENT_ACCOUNT_CREATED,
	EVENT_ACCOUNT_CHANGED,
	EVENT_ACCOUNT_DISABLED,
	EVENT_ACCOUNT_ENABLED,
	EVENT_ACCOUNT_DELETED,
	EVENT_PASSWORD_SET,
	EVENT_ACCOUNT_UNLOCKED,
	EVENT_ROLE_GRANTED,
	EVENT_ROLE_REVOKED,
	EVENT_APP_CHANGED,
	EVENT_APP_DELETED,
	EVENT_APP_METADATA_REFRESHED,
	EVENT_APP_METADATA_FAILED,
	EVENT_SECRET_ROTATED,
	EVENT_KEYS_ROTATED,
	EVENT_ASSERTION_ISSUED,
	EVENT_SAML_REFUSED,
	EVENT_CONNECTION_CHANGED,
	EVENT_CONNECTION_DELETED,
	EVENT_CONNECTION_METADATA_REFRESHED,
	EVENT_CONNECTION_METADATA_FAILED,
	EVENT_CONNECTION_DOWN,
	EVENT_CONNECTION_UP,
	EVENT_UPSTREAM_REFUSED,
	EVENT_UPSTREAM_SIGN_IN,
	EVENT_UPSTREAM_LOGOUT,
	EVENT_ACCOUNT_LINKED,
	EVENT_ACCOUNT_UNLINKED,
	EVENT_ACCOUNT_HELD,
	EVENT_ACCOUNT_APPROVED,
	EVENT_CONTINUITY,
	EVENT_DOMAIN_CHECKED,
	EVENT_COUNT
};
enum outcome { OUTCOME_OK, OUTCOME_FAIL, OUTCOME_DENY, OUTCOME_ERROR };

struct audit_note {
	enum event event;
	enum outcome outcome;
	const char *reason;                  /* a stable word where it failed */
	const char *target_kind, *target_id; /* "account", id */
	const char *session_sid, *jti;
	const json_t *change; /* {"field": [old, new]} without secrets; borrowed */
	const json_t *extra;  /* borrowed */
};
/* Inside a transaction: rides with it (tx_also). Outside: its own, shared commit (db_append), on disk when it
 * returns. The practice is work->practice; deployment-wide events (apps, keys) stand under "". */
enum err audit(struct work *work, const struct audit_note *note) MUST_USE;

const char *event_type(enum event event); /* "auth.login.ok" */
bool event_is_critical(enum event event); /* who holds what, keys, configuration */

#endif
