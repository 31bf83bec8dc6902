/* app_registry.h: apps as they are declared (RFC 7591 names; a SAML service provider by its metadata),
 * checked strictly: fields by their row (store/apps.h), of the app's own type alone; redirect addresses by
 * scheme allowlist (https; http for loopback only; private-use schemes with a dot for native apps), no
 * wildcard, no fragment, no userinfo; lower-cased before the check, at write time and again at use. */
#ifndef PEOPLE_APP_REGISTRY_H
#define PEOPLE_APP_REGISTRY_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct client;
struct metadata_row; /* store/metadata.h */

/* What the room of a protocol knows about its apps and this one cannot: how to read their metadata. A text
 * that says what is wrong begins with the member's name. */
struct app_protocol {
	const char *type; /* "saml" */
	/* What is wrong with the app as a whole, or NULL. metadata: NULL while it was not fetched; known: it
	 * stands already, so that it may have ended meanwhile. */
	const char *(*trouble)(struct work *work, const json_t *whole, const char *metadata, bool known);
	/* Asks the address now; outside of any transaction. entity_id: what must stand in it; NULL: any. On
	 * failure the reason says why and what to do. Sets all but client_id. */
	enum err (*fetch)(struct work *work, const char *url, const char *entity_id,
			  struct metadata_row *out) MUST_USE;
	/* Who the metadata is of; *name may be NULL. ERR_DOCUMENT. */
	enum err (*learn)(struct work *work, const char *metadata, const char **id,
			  const char **name) MUST_USE;
	/* For people, new objects: of an app {"endpoints": [...], "certificates": [{..., "days_left"}],
	 * "warnings":
	 * [{"why", "mend"}], ...}; of ours, what its administrator has to be told. */
	enum err (*facts)(struct work *work, const struct client *client, json_t **out) MUST_USE;
	enum err (*ours)(struct work *work, json_t **out) MUST_USE;
	/* What the app would be told of these claims (every scope), as it would be told: a new object. */
	json_t *(*tell)(struct work *work, const struct client *client, const json_t *claims);
};
/* Of the apps of this type; NULL: none, or a type that needs none. */
const struct app_protocol *app_protocol_of(const struct work *work, const char *type);

/* Checks a declared app (the apply document's fields, without client_secret) together with what is declared
 * of it already: a member not named stays as it is, null is "as by default". *message begins with the field's
 * name, and for an unknown one tells the nearest known. The fields: app_fields in store/apps.h. */
enum err app_check(struct work *work, const json_t *declared, const char **message) MUST_USE;
/* A declared app on its way. secret NULL: as it is. */
struct app_change {
	const json_t *declared;
	const char *secret;
	const struct metadata_row *fetched; /* by app_prepare, where the app has a new metadata_url */
};
/* Before the transaction: app_check, and what its metadata_url answers. */
enum err app_prepare(struct work *work, struct app_change *change, const char **message) MUST_USE;
/* Creates or changes in the caller's transaction. Deleted ids are never given again. */
enum err app_apply_change(struct work *work, const struct app_change *change, bool *created,
			  bool *changed) MUST_USE;
/* The same for what needed no preparation. */
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
