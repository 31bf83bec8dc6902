/* routes.h: the addresses of this room: GET /assets/{name}. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "http/router.h"

extern const struct route http_routes[];

#endif
