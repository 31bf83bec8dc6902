/* trouble.h: a fault in the caller's language: a page, RFC 6749 5.2, RFC 6750 3, plain JSON or text,
 * as the route's row says; before a route is known, a page for whoever accepts one, else JSON. */
#ifndef HTTP_TROUBLE_H
#define HTTP_TROUBLE_H

#include "base/base.h"

struct request;

/* Makes the answer; does not log. Cookies and headers set before stay. */
void answer_fault(struct request *rq, enum err code);

#endif
