/* refresh.h: metadata that stands at an address: fetched when the app or the connection is declared, and
 * again before it gets old (SAML Metadata 2.0 4.3). */
#ifndef SAML_REFRESH_H
#define SAML_REFRESH_H

#include "base/base.h"

struct work;
struct metadata_row; /* store/metadata.h */

/* Whose metadata it has to be. */
struct metadata_meant {
	bool provider;         /* of an identity provider; else of an app */
	const char *entity_id; /* NULL: any app; the only provider */
};
/* Asks the address; outside of a transaction. before: what is here already (its ETag goes along); NULL:
 * nothing. On success *out is what to keep, with before's owner (texts in the arena); on failure the reason
 * says why and what to do. */
enum err metadata_fetch(struct work *work, const char *url, const struct metadata_meant *meant,
			const struct metadata_row *before, struct metadata_row *out) MUST_USE;

/* A job: the apps and connections that are due, a few at a time. What fails is tried again in an hour and
 * keeps what is there, which is good until its validUntil. */
enum err metadata_refresh_due(struct work *work) MUST_USE;

#endif
