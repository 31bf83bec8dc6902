/* commands_link.h: between commands_link.c and commands_user.c alone: who an account is at other providers.
 */
#ifndef ADMIN_COMMANDS_LINK_H
#define ADMIN_COMMANDS_LINK_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct upstream_link;

/* A new array: connection, issuer, subject, state, since, last_sign_in. */
enum err links_shown(struct work *work, const char *account_id, json_t **out) MUST_USE;
/* Does it wait for approval? */
bool link_is_held(const struct upstream_link *links, size_t count, const char *account_id);

#endif
