/* registry.h: what this room knows about SAML service providers as registered apps (people/app_registry.h).
 */
#ifndef SAML_REGISTRY_H
#define SAML_REGISTRY_H

#include "people/app_registry.h"

extern const struct app_protocol saml_protocol;

#endif
