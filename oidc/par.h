/* par.h: pushed authorization requests (RFC 9126). */
#ifndef OIDC_PAR_H
#define OIDC_PAR_H

#include "base/base.h"

struct request;

enum err oidc_par(struct request *rq); /* POST /oauth2/par */
/* The handle in a request_uri that this endpoint gave out; NULL when it has another form. */
const char *par_handle(const char *request_uri);

#endif
