/* upstream_sign_in.h: the steps of one sign-in at a provider. */
#ifndef OIDC_UPSTREAM_SIGN_IN_H
#define OIDC_UPSTREAM_SIGN_IN_H

#include <jansson.h>

#include "base/base.h"

struct connect_ask;
struct connection;
struct departure;
struct published;
struct upstream_person;
struct work;

/* What stopped it: for connect_refused (login/connect.h). word NULL: a failure of our own, told as any. */
struct upstream_refusal {
	const char *word;   /* stable */
	const char *detail; /* for audit alone; what came from outside is bounded */
};
/* Notes both; returns err. */
enum err upstream_refuse(struct work *work, struct upstream_refusal *out, enum err err, const char *word,
			 const char *detail) MUST_USE;

/* --- going */
enum err upstream_start(struct work *work, const struct connect_ask *ask, struct departure *out) MUST_USE;
const char *upstream_redirect_uri(struct work *work, const struct connection *connection);
/* Derived from the state, so of this sign-in alone (people/connector.h). */
const char *upstream_nonce(struct work *work, const char *state);
const char *upstream_verifier(struct work *work, const char *state);

/* --- coming back */
struct upstream_tokens {
	const char *id_token, *access_token; /* id_token: NULL after a refresh that said none */
	const char *refresh_token;           /* NULL: none */
};
/* At the token endpoint (RFC 6749 4.1.3): one try, never again, since a code is good once. */
enum err upstream_redeem(struct work *work, const struct connection *connection,
			 const struct published *published, const char *code, const char *verifier,
			 struct upstream_tokens *out, struct upstream_refusal *why) MUST_USE;
/* The same with a refresh token (RFC 6749 6). why->word "invalid_grant": the provider itself says that it is
 * good no more, and nothing else has that word. */
enum err upstream_refresh(struct work *work, const struct connection *connection,
			  const struct published *published, const char *refresh_token,
			  struct upstream_tokens *out, struct upstream_refusal *why) MUST_USE;
/* Would the client be let in? A code that cannot be one is shown: *word is what the provider says to it. */
enum err upstream_try_client(struct work *work, const struct connection *connection,
			     const struct published *published, const char **word) MUST_USE;
/* Do they answer at all? Asked with nothing that came from a browser: a code, a token that cannot be one. */
bool upstream_token_answers(struct work *work, const struct connection *connection,
			    const struct published *published);
bool upstream_userinfo_answers(struct work *work, const struct published *published);
/* Core 5.3: *out is an object. Whose it is, is not checked here (row userinfo_sub). */
enum err upstream_userinfo(struct work *work, const struct published *published, const char *access_token,
			   json_t **out, struct upstream_refusal *why) MUST_USE;

/* Claims that were verified: of the ID token, and of userinfo (NULL: not asked), which never overrides it.
 * Refuses groups that were left out (Entra's overage) where the mapping reads them. */
enum err upstream_person_of(struct work *work, const struct connection *connection, const json_t *id_token,
			    const json_t *userinfo, struct upstream_person *out,
			    struct upstream_refusal *why) MUST_USE;

#endif
