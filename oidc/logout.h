/* logout.h: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0); backchannel.c tells the other apps.
 */
#ifndef OIDC_LOGOUT_H
#define OIDC_LOGOUT_H

#include "base/base.h"

struct request;

enum err oidc_logout(struct request *rq);      /* GET /oauth2/logout */
enum err oidc_logout_post(struct request *rq); /* POST: the same by 303, so that Lax cookies come along */

#endif
