/* saml.h: rows of the SAML identity provider: who has an assertion of a session (saml_session, walled),
 * answers that wait to be fetched (saml_artifact). */
#ifndef STORE_SAML_H
#define STORE_SAML_H

#include "base/base.h"

struct work;

/* What an app knows a session as. One row for each session, app and kind of name; the practice's number
 * stands in the open in session_index and request_id, so that the wall is known before the first statement.
 */
struct saml_session {
	const char *session_index, *sid, *client_id, *account_id;
	const char *name_id, *name_id_format; /* the URI */
	const char *sp_name_qualifier;        /* NULL */
	int64_t ends_at;                      /* of the session */
	const char *request_id;               /* of the LogoutRequest under way to this app; NULL */
};
/* Inside a transaction. The first sign-on of this session at this app under this name_id_format makes the
 * row; later ones find it: *out is what stands. A name that was given is never another one. */
enum err saml_sessions_join(struct work *work, const struct saml_session *row,
			    struct saml_session *out) MUST_USE;
/* In work->practice. *found false: none, or the app is not client_id. */
enum err saml_sessions_find(struct work *work, const char *session_index, const char *client_id,
			    struct saml_session *out, bool *found) MUST_USE;
/* By what an app may name instead (Core 3.7.1: without SessionIndex all sessions of the principal): rows of
 * that client and name id in work->practice, at most 64. */
enum err saml_sessions_named(struct work *work, const char *client_id, const char *name_id,
			     struct saml_session **out, size_t *count) MUST_USE;
/* Of a session at an app: one for each kind of name. */
enum err saml_sessions_of(struct work *work, const char *sid, const char *client_id,
			  struct saml_session **out, size_t *count) MUST_USE;
/* All apps of a session that have not confirmed that it ended. */
enum err saml_sessions_open(struct work *work, const char *sid, struct saml_session **out,
			    size_t *count) MUST_USE;
/* Notes the id of the LogoutRequest that goes to the app. */
enum err saml_sessions_asked(struct work *work, const char *session_index, const char *request_id) MUST_USE;
/* The app confirmed, or asked itself: the row goes, once. By session_index, or by the request that it answers
 * (and client_id: another app's answer counts for nothing). *won false: nothing like that. */
enum err saml_sessions_close(struct work *work, const char *session_index, bool *won) MUST_USE;
enum err saml_sessions_confirm(struct work *work, const char *request_id, const char *client_id,
			       bool *won) MUST_USE;

/* Only the hash of an artifact is kept; message: sealed by the caller. */
enum err artifacts_insert(struct work *work, const char *hash, const char *client_id, struct bytes message,
			  int64_t expires_at) MUST_USE;
/* Takes it away: once. message->at NULL: none that lives, for this client. */
enum err artifacts_take(struct work *work, const char *hash, const char *client_id,
			struct bytes *message) MUST_USE;

#endif
