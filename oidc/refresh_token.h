/* refresh_token.h: the text of a refresh token: "r" practice number "." family "." generation "." MAC.
 *
 * Nothing usable is stored: the MAC is made by the vault, so each family has exactly one token of each
 * generation, and the same bytes can be given again when an answer was lost. The MAC is checked before any
 * statement, so made-up tokens never reach the store. */
#ifndef OIDC_REFRESH_TOKEN_H
#define OIDC_REFRESH_TOKEN_H

#include "base/base.h"

struct work;
struct practice;

struct refresh_token {
	const struct practice *practice;
	const char *family_id;
	int64_t generation;
};
char *refresh_token_make(struct work *work, const struct practice *practice, const char *family_id,
			 int64_t generation);
/* False: not one that we made, or of a practice that is gone or off. */
bool refresh_token_read(struct work *work, const char *text, struct refresh_token *out) MUST_USE;

#endif
