/* refused.h: messages of providers that were refused, on record. Those of apps: sign_on.h. */
#ifndef SAML_REFUSED_H
#define SAML_REFUSED_H

#include "base/base.h"

struct request;
struct connection;

/* As saml_refused: bounded in number; word NULL: the code's own. Returns code. */
enum err saml_sp_refused(struct request *rq, const struct connection *connection, const char *word,
			 enum err code) MUST_USE;

#endif
