/* app_registry.h: apps as they are declared (RFC 7591 names), checked strictly: redirect addresses by
 * scheme allowlist (https; http for loopback only; private-use schemes with a dot for native apps), no
 * wildcard, no fragment, no userinfo; lower-cased before the check, at write time and again at use. */
#ifndef PEOPLE_APP_REGISTRY_H
#define PEOPLE_APP_REGISTRY_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct client;

/* Checks a declared app (the apply document's fields, without client_secret) together with what is declared
 * of it already: a member not named stays as it is, null is "as by default". *message begins with the field's
 * name, and for an unknown one tells the nearest known. The fields: app_fields in store/apps.h. */
enum err app_check(struct work *work, const json_t *declared, const char **message) MUST_USE;
/* Creates or changes in the caller's transaction. secret NULL: as it is. Deleted ids are never given again.
 */
enum err app_apply(struct work *work, const json_t *declared, const char *secret, bool *created,
		   bool *changed) MUST_USE;
enum err app_set_secret(struct work *work, const char *client_id, const char *secret) MUST_USE;
enum err app_delete(struct work *work,
		    const char *client_id) MUST_USE; /* its families and codes die with it */

/* Is uri acceptable as a redirect address for this kind of app at all? http to a loopback literal for native
 * apps, or under development; http://localhost under development alone. */
bool redirect_uri_is_sound(const char *uri, const char *application_type, bool development);
/* Byte for byte one of the list; for a native app's loopback literal the port may differ (RFC 8252 7.3). */
bool redirect_uri_matches(const struct client *client, const char *uri);

#endif
