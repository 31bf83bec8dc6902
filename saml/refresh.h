/* refresh.h: metadata that stands at an app's address: fetched when the app is registered, and again before
 * it gets old (SAML Metadata 2.0 4.3). */
#ifndef SAML_REFRESH_H
#define SAML_REFRESH_H

#include "base/base.h"

struct work;
struct app_metadata;

/* Asks the address; outside of a transaction. before: what is here already (its ETag goes along); NULL:
 * nothing. On success *out is what to keep (texts in the arena), without client_id; on failure the reason
 * says why and what to do. entity_id NULL: any. */
enum err metadata_fetch(struct work *work, const char *url, const char *entity_id,
			const struct app_metadata *before, struct app_metadata *out) MUST_USE;

/* A job: the apps that are due, a few at a time. What fails is tried again in an hour and keeps what is
 * there, which is good until its validUntil. */
enum err metadata_refresh_due(struct work *work) MUST_USE;

#endif
