/* routes.h: the addresses of sign-in and sign-out. */
#ifndef LOGIN_ROUTES_H
#define LOGIN_ROUTES_H

#include "http/router.h"

extern const struct route login_routes[];

#endif
