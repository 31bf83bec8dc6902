/* provision.h: an upstream person becomes or updates an account of a practice. One place for three callers:
 * sign-in (JIT), directory sync, SCIM.
 *
 * Who it is: (practice, connection, issuer, subject), never the e-mail address (security.md B1). A person
 * that is not known and whose address is an account's already is nobody until a link is made with proof on
 * both sides (link_*). Reserved claims cannot be mapped: an account's id, class of tokens, acr, amr are never
 * taken from outside. */
#ifndef PEOPLE_PROVISION_H
#define PEOPLE_PROVISION_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct connection;
struct practice;

/* Out of one signed document, or two that name the same subject. Texts live in the arena. */
struct upstream_person {
	const struct connection *connection;
	const char *issuer, *subject;
	const char *email;   /* NULL: none; as the provider wrote it */
	bool email_verified; /* by the provider's word of this address, or the connection's trust_email where
				the provider says nothing; false where it says false */
	const char *given_name, *family_name;
	json_t *claims; /* all that the documents say; for the mapping */
	/* Strength (already judged: trust_upstream_mfa). */
	bool mfa;
	const char *const *amr; /* registered values alone (RFC 8176); empty when not trusted */
	int64_t auth_time;      /* 0: not said */
	int64_t ends_at;        /* the session there ends, or what was signed does; 0: open */
	/* For logout. */
	const char *upstream_sid; /* sid, SessionIndex; NULL */
	struct bytes logout_hint; /* ID token, or NameID; at NULL: none. In the clear */
	/* What the protocol asks the provider with whether this person still is let in; at NULL: it is not
	 * asked. In the clear. */
	struct bytes refresh;
	bool is_recheck; /* nobody signs in: the provider was asked about a session that goes on */
};

/* The key of upstream_link, for work->practice. */
const char *subject_key(struct work *work, const char *connection_id, const char *issuer,
			const char *subject);

enum provision_verdict {
	PROVISION_SIGNED_IN, /* account_id may go on, as of epoch */
	PROVISION_HELD,      /* waits for approval */
	PROVISION_LINK,      /* an account has this address: proof is needed; account_id is that account */
	PROVISION_REFUSED    /* reason */
};
struct provisioned {
	enum provision_verdict verdict;
	const char *account_id;
	int64_t epoch;
	const char *subject_key;
	bool created, changed;
	const char *reason; /* stable word: "unmapped", "creation_off", "email_missing", "email_unverified",
			       "account_disabled", "connection_disabled", "practice_disabled"; "unlinked" of a
			       recheck: nobody is made or linked by one */
};
/* In work->practice = the connection's. One transaction of its own: account, link, assignments of source
 * "mapping" of this connection (hand-given ones stay; roles are taken away when the group went), class, names
 * and address, audit. The connection and the practice are looked at again inside (security.md B8). A refusal
 * is a verdict, not an error, and is audited. */
enum err provision(struct work *work, const struct upstream_person *person, struct provisioned *out) MUST_USE;
/* What provision would do, written nowhere, also by a connection that is off or not stored: {"verdict":
 * "signed_in" | "held" | "link" | "refused", "reason", "created": flag, "account": {"id" (not of a new one),
 * "email", "given_name", "family_name"} or null, "class", "roles": [{"role", "locations": [...] or "all",
 * "source"}], "applied": [rule numbers], "changes": {"field": [old, new]}, "kept_email": why another address
 * was not taken}. A new object. */
enum err provision_preview(struct work *work, const struct upstream_person *person, json_t **out) MUST_USE;

/* Both sides proven in one flow: the person over there (an upstream_person whose provision said
 * PROVISION_LINK) and the account here (its password, as of epoch). Inside the caller's transaction; the link
 * is made once. ERR_CONFLICT when either side moved meanwhile. On link, nothing else of the account changes.
 */
enum err link_make(struct work *work, const struct connection *connection, const char *issuer,
		   const char *subject, const char *account_id, int64_t epoch) MUST_USE;
/* By an administrator. Unlinking ends the sessions that came by it (the caller, by sessions_end_account). */
enum err link_remove(struct work *work, const char *account_id, const char *connection_id) MUST_USE;
/* A held account is let in; roles given before, or after, by hand. */
enum err provision_approve(struct work *work, const char *account_id) MUST_USE;
/* May this account use its password now? Accounts that no enabled connection has linked: always. Linked ones
 * by the connection's local_sign_in: always | outage (only while down) | never; owners as `always`.
 * ERR_SIGN_IN_ELSEWHERE. *continuity: it may because of the outage alone. down: is this connection down, by
 * login/reach.h; NULL: an outage counts for nothing here. */
enum err password_may(struct work *work, const char *account_id,
		      bool (*down)(const struct work *work, const char *connection_id),
		      bool *continuity) MUST_USE;

#endif
