/* fetch_target.h: inside this room: which addresses a fetch may go to. */
#ifndef HTTP_FETCH_TARGET_H
#define HTTP_FETCH_TARGET_H

#include "base/base.h"

struct address;
struct arena;
struct config;
struct url;

/* By its form: https (http to loopback in development), no user information, no odd spelling of an
 * address, no private literal. Reads it into out. */
bool target_form_allowed(const struct config *config, struct arena *arena, const char *text,
			 struct url *out) MUST_USE;
/* By the address the name led to, on the very socket: a name may lead elsewhere each time. */
bool target_address_allowed(const struct config *config, const char *host, const struct address *address);

#endif
