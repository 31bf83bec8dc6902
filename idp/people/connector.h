/* connector.h: what the room of a protocol does for connections: oidc and saml fill one each, main.c puts
 * them into app->connectors. Knows work, not HTTP requests; arrivals are routes of the protocol's room, which
 * call login/connect.h. */
#ifndef PEOPLE_CONNECTOR_H
#define PEOPLE_CONNECTOR_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct connection;
struct metadata_row;
struct upstream_person;

struct connect_ask {
	const struct connection *connection;
	const char *state;      /* comes back unchanged: OIDC state, SAML RelayState; at most 80 bytes of
				   [A-Za-z0-9_.-].      Nonce, code_verifier, request id are derived from it with
				   vault_mac_text, so that      nothing else is kept and none of them can be of
				   another      sign-in */
	const char *login_hint; /* NULL */
	bool fresh;             /* authenticate again (prompt=login, ForceAuthn) */
	bool mfa;               /* a second factor is needed */
};
/* Where the browser goes: url by redirect, or a form that posts field=value and RelayState=relay_state. */
struct departure {
	const char *url;
	const char *field, *value, *relay_state; /* field NULL: redirect */
};

/* What a test or a preview found: {"check", "outcome": "ok"|"warn"|"fail", "why", "mend"} rows. */
struct connector {
	const char *protocol; /* "oidc" | "saml" */
	/* What is wrong with the declaration as a whole, or NULL; begins with the field's name. metadata: of
	 * a SAML connection, declared or fetched; NULL: not there yet. known: it stands already. */
	const char *(*trouble)(struct work *work, const json_t *whole, const char *metadata, bool known);
	/* Asks metadata_url now, outside of a transaction (SAML; NULL for OIDC). */
	enum err (*fetch)(struct work *work, const char *url, struct metadata_row *out) MUST_USE;
	/* ERR_FETCH, ERR_UPSTREAM_DOWN: the provider cannot be reached or does not answer as one. */
	enum err (*start)(struct work *work, const struct connect_ask *ask, struct departure *out) MUST_USE;
	/* Is it there? Bounded as every fetch is. OK, ERR_UPSTREAM_DOWN. */
	enum err (*probe)(struct work *work, const struct connection *connection) MUST_USE;
	/* Reads what an administrator pasted (an ID token; a Response or Assertion, XML or base64; a JSON
	 * object of claims) as a sign-in would, but goes on behind a failed check: each is a row in findings
	 * (a new array). ERR_DOCUMENT: not readable at all. */
	enum err (*read)(struct work *work, const struct connection *connection, const char *pasted,
			 struct upstream_person *out, json_t **findings) MUST_USE;
	/* `connection test`, `doctor`: discovery or metadata, keys, clock, days left: a new array of rows. */
	enum err (*examine)(struct work *work, const struct connection *connection,
			    json_t **findings) MUST_USE;
	/* For people: {"redirect_uri": ...} or {"acs", "entity_id", "metadata": ...}: what the provider's
	 * administrator has to enter. A new object. */
	json_t *(*ours)(struct work *work, const struct connection *connection);
	/* Signing out here signs out there (upstream_logout): where the browser goes. hint: of
	 * upstream_session, in the clear; at NULL: none. return_to: an address of ours. *url NULL: the
	 * provider has no such thing. */
	enum err (*leave)(struct work *work, const struct connection *connection, struct bytes hint,
			  const char *return_to, const char **url) MUST_USE;
};
/* Of the protocol; asserts that there is one. */
const struct connector *connector_of(const struct work *work, const char *protocol);

#endif
