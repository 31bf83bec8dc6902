/* upstream.h: SAML identity providers that people of a practice sign in with (people/connector.h). sp.h is
 * where they come to. */
#ifndef SAML_UPSTREAM_H
#define SAML_UPSTREAM_H

#include <jansson.h>

#include "base/base.h"

struct connector;
struct connection;
struct work;

extern const struct connector saml_connector;

/* For upstream*.c: what it looks like to an administrator. */
enum err saml_examine(struct work *work, const struct connection *connection, json_t **findings) MUST_USE;
void saml_finding(json_t *findings, const char *check, const char *outcome, const char *why,
		  const char *mend);

#endif
