/* shelf.h: the services whose metadata this thread has read, so that it reads each text once. */
#ifndef SAML_SHELF_H
#define SAML_SHELF_H

#include "base/base.h"
#include "saml/service.h"

struct work;
struct client;

/* The service of a SAML app, by the metadata that the work's picture has. It stays valid until this thread
 * has asked for 64 others. ERR_SAML_METADATA: there is none yet, it has expired, or it cannot be read. */
enum err shelf_service(struct work *work, const struct client *client, const struct service **out) MUST_USE;

#endif
