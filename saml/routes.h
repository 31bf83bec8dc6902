/* routes.h: the room's addresses. */
#ifndef SAML_ROUTES_H
#define SAML_ROUTES_H

#include "http/router.h"

extern const struct route saml_routes[]; /* ends with a row without method */

#endif
