/* upstream_checks.h: what must hold of an ID token of a provider, and of a logout token: a row for each
 * check, with its stable word (in the audit) and where it is written. Nothing turns a row off.
 *
 * Before the rows the signature was verified (upstream_provider.h: "structure", "algorithm", "key",
 * "signature"). A row judges untrusted JSON of any shape. */
#ifndef OIDC_UPSTREAM_CHECKS_H
#define OIDC_UPSTREAM_CHECKS_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct connection;

struct shown_token {
	struct arena *arena;
	const struct connection *connection;
	int64_t now;
	const char *alg, *typ;    /* of the header; typ: NULL */
	const json_t *claims;     /* an object */
	const char *nonce;        /* NULL: pasted by an administrator, there is none to compare with */
	const char *access_token; /* NULL: not there */
	const json_t *userinfo;   /* NULL: not asked */
	int64_t fresh_since;      /* when authentication again was asked for; 0: it was not */
};
struct token_check {
	const char *word, *where;
	bool ages; /* may fail of a good token that is old */
	const char *(*wrong)(
		const struct shown_token *); /* what is wrong, without what came; NULL: it holds */
};
extern const struct token_check id_token_checks[], logout_token_checks[]; /* end with word NULL */

/* The first row that does not hold; NULL: all do. */
const struct token_check *token_check_failed(const struct token_check *checks,
					     const struct shown_token *token, const char **why);
/* Who it is there: sub; at Entra tid/oid. NULL: it does not say. */
const char *upstream_subject(struct arena *arena, const struct connection *connection, const json_t *claims);

#endif
