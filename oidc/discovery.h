/* discovery.h: what this provider says about itself: OpenID Connect Discovery 1.0 and RFC 8414, one document;
 * and its public keys. Both prebuilt, served from memory on the INLINE lane. */
#ifndef OIDC_DISCOVERY_H
#define OIDC_DISCOVERY_H

#include <jansson.h>

#include "base/base.h"

struct request;
struct config;

/* Exactly what works. New. */
json_t *discovery_document(const struct config *config);

enum err oidc_discovery(struct request *rq);
enum err oidc_jwks(struct request *rq);

#endif
