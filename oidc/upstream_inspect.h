/* upstream_inspect.h: a connection under the eyes of an administrator (people/connector.h: trouble, ours,
 * read, examine). Findings are rows of {"check", "outcome": "ok"|"warn"|"fail", "why", "mend"}. */
#ifndef OIDC_UPSTREAM_INSPECT_H
#define OIDC_UPSTREAM_INSPECT_H

#include <jansson.h>

#include "base/base.h"

struct connection;
struct upstream_person;
struct work;

const char *upstream_trouble(struct work *work, const json_t *whole, const char *metadata, bool known);
json_t *upstream_ours(struct work *work, const struct connection *connection);
enum err upstream_read(struct work *work, const struct connection *connection, const char *pasted,
		       struct upstream_person *out, json_t **findings) MUST_USE;
enum err upstream_examine(struct work *work, const struct connection *connection, json_t **findings) MUST_USE;

/* One row; why and mend may be NULL. */
void upstream_finding(json_t *findings, const char *check, const char *outcome, const char *why,
		      const char *mend);

#endif
