/* mint.h: what was granted becomes tokens: access token (RFC 9068), ID token (OpenID Connect Core 2), refresh
 * token; and the answer that carries them (RFC 6749 5.1).
 *
 *	grant_settle(...)      who it is for and what they hold right now, asked anew at each issue (D10)
 *	grant_answer(...)      after the commit: signs and answers
 *
 * Signing happens outside every transaction; what the audit must name (jti) is decided before. */
#ifndef OIDC_MINT_H
#define OIDC_MINT_H

#include <jansson.h>

#include "base/base.h"
#include "people/account.h"

struct request;
struct work;
struct client;

struct grant {
	const struct client *client;
	struct subject subject;
	const char *family_id, *jti;
	const char *scope;       /* of these tokens */
	const char *location_id; /* active location, or NULL */
	const char *resource;    /* aud of the access token; NULL: the client */
	const char *nonce, *sid, *acr;
	const char *const *amr;
	const json_t *claims_asked;
	int64_t auth_time;
	int64_t session_expiry; /* when the session ends; 0: the grant lives on without it */
	int64_t generation;
	bool refreshable; /* a refresh token goes with it */
};

/* Reads the subject (store/accounts.h) and asks subject_may; keeps the location while the person stands
 * there, faults when the app needs one and it is gone. ERR_ACCOUNT_DISABLED, ERR_NO_ACCESS, ERR_NOT_FOUND. */
struct subject_rows;
enum err grant_settle(struct work *work, struct grant *grant, const struct subject_rows *subject,
		      const char *location_id) MUST_USE;
/* The `claims` text of a row as the arena's value; NULL for NULL. */
const json_t *grant_claims(struct work *work, const char *text);
/* RFC 8707 2.2: a resource named at the token endpoint must be the granted one if there was one; and whatever
 * it is for must be registered still (D10). *out: what the access token is for, NULL: the client. */
enum err grant_resource(struct request *rq, const char *granted, const char **out) MUST_USE;
/* family "." random: finds the grant again with no index of its own. */
char *grant_jti(struct work *work, const char *family_id);
enum err grant_answer(struct request *rq, const struct grant *grant) MUST_USE;

/* Not beyond the session nor the next change of what the person holds. */
int64_t access_token_expiry(const struct client *client, int64_t session_expiry, int64_t next_change,
			    int64_t now);
enum err mint_access_token(struct work *work, const struct grant *grant, char **token,
			   int64_t *expires_at) MUST_USE;
enum err mint_id_token(struct work *work, const struct grant *grant, const char *access_token,
		       char **token) MUST_USE;

#endif
