/* shelf.h: the apps and identity providers whose metadata this thread has read, so that it reads each text
 * once.
 */
#ifndef SAML_SHELF_H
#define SAML_SHELF_H

#include "base/base.h"
#include "saml/provider.h"
#include "saml/service.h"

struct work;
struct client;
struct connection;

/* The service of a SAML app, by the metadata that the work's picture has. It stays valid as long as
 * the work. ERR_SAML_METADATA: there is none yet, it has expired, or it cannot be read. */
enum err shelf_service(struct work *work, const struct client *client, const struct service **out) MUST_USE;
/* The same for the provider of a SAML connection, also of one that is no more than a draft.
 * ERR_UPSTREAM_DOWN. */
enum err shelf_provider(struct work *work, const struct connection *connection,
			const struct provider **out) MUST_USE;

#endif
