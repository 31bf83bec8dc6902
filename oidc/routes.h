/* routes.h: the addresses of OAuth 2.0 and OpenID Connect, and the life of the provider. */
#ifndef OIDC_ROUTES_H
#define OIDC_ROUTES_H

#include "http/router.h"

struct app;
struct participant;
struct work;

extern const struct route oidc_routes[];
extern const struct participant oidc_participant;
/* Once after the keyring is open: builds the discovery document and app->oidc. */
enum err oidc_start(struct work *work) MUST_USE;
/* After the lanes are stopped; fine when it never started. */
void oidc_stop(struct app *app);

#endif
