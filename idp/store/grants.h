/* grants.h: rows of what was granted: codes (codes.c), refresh families (families.c), consents
 * (consents.c), pushed requests (pushed.c), and access tokens revoked before their time
 * (revoked_tokens.c).
 *
 * Everything but pushed requests and revoked tokens stands behind the wall: work->practice is the
 * practice, set from the open number of the handle before the first statement. What may happen once
 * (spending a code, rotating a family, taking a pushed request) is one statement each; *won says
 * whether this caller was the one. Texts of a row live in the work's arena. */
#ifndef STORE_GRANTS_H
#define STORE_GRANTS_H

#include "base/base.h"
#include "store/accounts.h"
#include "store/sessions.h"

struct work;

/* Only the hash of a code is kept. family_id is decided when the code is made, so that a code that
 * comes back can revoke what it gave before anyone looks anything up. */
struct code_row {
	const char *hash, *client_id, *account_id, *sid;
	const char *redirect_uri;
	bool redirect_given;   /* redirect_uri was a parameter: it must be given again (RFC 6749 4.1.3) */
	const char *challenge; /* PKCE S256, or NULL */
	const char *scope, *nonce, *claims, *resource, *location_id, *family_id;
	int64_t auth_time, expires_at;
};
/* Inside a transaction; rides with it. */
enum err codes_insert(struct work *work, const struct code_row *row) MUST_USE;
/* Inside a transaction, in one round trip: the code is spent, and read with it who stands behind it. Not won:
 * no such live code of this client; out is untouched. practice_epoch: what this node knows. */
struct spent_code {
	struct code_row code;
	bool session_live;
	struct session_row session; /* these two only with a live one */
	struct subject_rows subject;
};
enum err codes_spend(struct work *work, const char *hash, const char *client_id, int64_t practice_epoch,
		     struct spent_code *out, bool *won) MUST_USE;
/* What is known of a code that could not be spent. */
struct code_facts {
	const char *client_id, *account_id, *family_id;
	bool spent;
};
enum err codes_find(struct work *work, const char *hash, struct code_facts *out, bool *found) MUST_USE;
/* Inside a transaction: spends it for nobody, if it is not spent. */
enum err codes_burn(struct work *work, const char *hash) MUST_USE;

/* One grant living on. generation is the one refresh token that is good now (RFC 9700 4.14.2). */
struct family_row {
	const char *id, *client_id, *account_id, *sid, *scope, *claims, *resource, *location_id, *acr;
	const char *amr; /* space-separated */
	bool offline;    /* lives on without its session */
	int64_t auth_time, generation, rotated_at, account_epoch, practice_epoch, expires_at, revoked_at;
};
/* The family with what decides over its life, read by one statement. */
struct family_state {
	struct family_row row;
	bool account_on;  /* there, not disabled, of the family's epoch */
	bool practice_on; /* the same of the practice */
	bool session_on;  /* not ended, not idle, not over by work->now */
	int64_t session_ends_at, session_seen_at, session_idle_seconds;
	struct subject_rows subject; /* when the account is there */
};
/* Inside a transaction; rides with it. */
enum err families_insert(struct work *work, const struct family_row *row) MUST_USE;
enum err families_find(struct work *work, const char *id, struct family_state *out, bool *found) MUST_USE;
/* Not revoked, not expired; account and practice on; session on unless offline. */
bool family_is_live(const struct family_state *state, int64_t now);
/* Inside a transaction, in one round trip: presented becomes presented + 1, once, while the family itself is
 * on; then the family is read. The caller asks family_is_live before it commits. */
enum err families_rotate(struct work *work, const char *id, const char *client_id, int64_t presented,
			 struct family_state *after, bool *won) MUST_USE;
/* Ends it for good. *won false: it was ended before, or there is none. */
enum err families_revoke(struct work *work, const char *id, bool *won) MUST_USE;
/* Also those with offline access, which outlive a sign-out: of a session whose person is gone over there, and
 * of all that ever came by a connection. Inside a transaction. */
enum err families_revoke_session(struct work *work, const char *sid) MUST_USE;
enum err families_revoke_connection(struct work *work, const char *connection_id) MUST_USE;

/* The remembered scopes, or NULL. */
enum err consents_find(struct work *work, const char *account_id, const char *client_id,
		       const char **scope) MUST_USE;
/* Inside a transaction; rides with it. Replaces what was remembered. */
enum err consents_put(struct work *work, const char *account_id, const char *client_id,
		      const char *scope) MUST_USE;

/* parameters: form-encoded. */
enum err pushed_insert(struct work *work, const char *hash, const char *client_id, const char *parameters,
		       int64_t expires_at) MUST_USE;
/* Takes it away: once. *parameters is NULL when there is no live one of this client. */
enum err pushed_take(struct work *work, const char *hash, const char *client_id,
		     const char **parameters) MUST_USE;

/* Access tokens without a family (client_credentials), by jti, until they expire by themselves. */
enum err revoked_tokens_add(struct work *work, const char *jti, int64_t expires_at) MUST_USE;
enum err revoked_tokens_have(struct work *work, const char *jti, bool *revoked) MUST_USE;

#endif
