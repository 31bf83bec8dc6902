/* token.h: POST /oauth2/token (RFC 6749 3.2) and the grants behind it, one file each. Each is entered with
 * rq->client authenticated and registered for the grant. */
#ifndef OIDC_TOKEN_H
#define OIDC_TOKEN_H

#include "base/base.h"

struct request;

enum err oidc_token(struct request *rq);

enum err oidc_grant_code(struct request *rq) MUST_USE;    /* RFC 6749 4.1.3 */
enum err oidc_grant_refresh(struct request *rq) MUST_USE; /* RFC 6749 6 */
enum err oidc_grant_client(struct request *rq) MUST_USE;  /* RFC 6749 4.4 */

#endif
