/* error.h: the closed list of faults (errors.def) and how each is shown.
 *
 * A row has two audiences: its text goes to the caller and never carries data; the reason given
 * where the fault arose (fault() in base/app.h) goes to the log and the audit alone. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum err {
	OK = 0,
#define ERR(name, http, oauth, text, where) ERR_##name,
#include "base/errors.def"
#undef ERR
	ERR_COUNT,
};

struct error_row {
	const char *word;  /* stable, lower case: "pkce_mismatch"; code#error-code, JSON "code" */
	int http;          /* status */
	const char *oauth; /* RFC 6749 5.2 / OpenID Connect error word; NULL: "invalid_request" by status */
	const char *text;  /* for the caller: what happened and what to do; no data in it */
	const char *where; /* the section that asks for it */
};

/* Never NULL; an unknown value is our own mistake and asserts. */
const struct error_row *error_row(enum err code);

#endif
