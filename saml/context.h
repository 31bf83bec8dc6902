/* context.h: authentication context classes of SAML (SAML Authentication Context 3.4; REFEDS) beside our acr.
 */
#ifndef SAML_CONTEXT_H
#define SAML_CONTEXT_H

#include "base/base.h"
#include "saml/received.h"

/* What a request asks for: the weakest acr that satisfies it. False: none of the classes can be reached here
 * (Core 3.3.2.2.1: NoAuthnContext). *need NULL: any. */
bool context_need(const struct requested_context *asked, const char **need) MUST_USE;
/* The class to assert for a session of this acr: one that was asked for, where there is one, else the acr's
 * own. */
const char *context_class(const struct requested_context *asked, const char *acr);

#endif
