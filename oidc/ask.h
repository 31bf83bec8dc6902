/* ask.h: an authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1): read once, checked by
 * a table, carried through the sign-in as JSON.
 *
 *	ask_read(w, form, &ask)              parameters as text: known ones, once, bounded
 *	ask_check(w, &ask, ASK_AUTHORIZE)    the matrix of ask_checks.c fills the second half
 *	ask_to_json / ask_from_json          for the flow row; ask_check(w, &ask, ASK_CONTINUE) afterwards
 *
 * Order is meaning: until ask.answerable is true a fault is shown to the person, because nothing says
 * yet where it may be sent; afterwards it goes to return_uri, the only address any answer may have. */
#ifndef OIDC_ASK_H
#define OIDC_ASK_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct form;
struct client;
struct practice;

enum ask_stage { ASK_AUTHORIZE = 1 << 0, ASK_PUSHED = 1 << 1, ASK_CONTINUE = 1 << 2 };
enum ask_prompt {
	PROMPT_NONE = 1 << 0,
	PROMPT_LOGIN = 1 << 1,
	PROMPT_CONSENT = 1 << 2,
	PROMPT_SELECT = 1 << 3
};

struct ask {
	/* As sent; NULL when absent or empty. */
	const char *client_id, *redirect_uri, *response_type, *scope, *state, *nonce, *code_challenge,
		*code_challenge_method, *response_mode, *prompt, *max_age, *login_hint, *id_token_hint,
		*acr_values, *claims, *ui_locales, *tenant, *location, *resource, *request, *request_uri,
		*domain_hint;
	bool pushed; /* came through the pushed authorization endpoint */

	/* Found by the checks. */
	const struct client *client;
	const char *return_uri; /* the one validated redirect address: every answer takes it from here */
	bool answerable;        /* a fault may be sent to return_uri */
	bool form_post;
	unsigned prompts;         /* enum ask_prompt */
	int64_t max_age_seconds;  /* -1: not asked */
	const char *granted;      /* scope, narrowed to what the app may have */
	const char *released;     /* granted, with the scopes of claims asked for by name: for consent */
	json_t *claims_asked;     /* of `claims`; released with the arena */
	const char *expected_sub; /* id_token_hint or claims.id_token.sub */
	const char *need_acr;     /* the weakest class that `claims` calls essential; NULL: any */
	const struct practice *practice; /* of `tenant`, or the app's only one; NULL: open */
};

/* ERR_PARAMETER_REPEATED, ERR_PARAMETER_MALFORMED (too long). Unknown parameters are ignored. */
enum err ask_read(struct work *work, const struct form *form, struct ask *out) MUST_USE;
/* The rows of this stage, in order, until one faults. */
enum err ask_check(struct work *work, struct ask *ask, enum ask_stage stage) MUST_USE;
/* The next parameter's name and value for writing a request out again; false past the end. */
bool ask_parameter(const struct ask *ask, size_t at, const char **name, const char **value);

json_t *ask_to_json(const struct ask *ask); /* new */
void ask_from_json(struct work *work, const json_t *json, struct ask *out);

#endif
