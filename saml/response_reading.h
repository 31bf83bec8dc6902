/* response_reading.h: a Response while it is read; between the response*.c alone. */
#ifndef SAML_RESPONSE_READING_H
#define SAML_RESPONSE_READING_H

#include <libxml/tree.h>

#include "base/base.h"
#include "saml/reading.h"
#include "saml/response.h"

/* One of the two elements that have Issuer, ID and Signature. */
struct signed_part {
	struct received head; /* id, issuer, issue_instant, destination, in_response_to */
	xmlNode *node;        /* NULL: it is not there */
	xmlNode *signature;   /* NULL */
	bool holds;           /* its signature does, by a key of the provider */
};

struct response_reading {
	struct work *work;
	const struct response_ask *ask;
	struct response_said *out;
	struct reading r; /* whichever part is looked at, for the readers of all messages */
	struct signed_part response, assertion;
	xmlNode *status, *encrypted;
	xmlNode *subject, *conditions, *confirmation, *confirmation_data, *authn;
};

/* response_checks.c: the table. part: of the Response, of the Assertion. */
enum response_part { OF_RESPONSE, OF_ASSERTION };
enum err response_check(struct response_reading *a, enum response_part part) MUST_USE;
/* One step more or less: with findings it becomes a row, and the next one follows. */
enum err response_weigh(struct response_reading *a, enum saml_word word, enum err err) MUST_USE;

/* response_values.c: what it says. */
enum err response_values(struct response_reading *a) MUST_USE;

#endif
