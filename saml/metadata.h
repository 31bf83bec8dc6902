/* metadata.h: what we say about ourselves to apps (SAML Metadata 2.0), signed.
 *
 * GET /saml/metadata. The same bytes on all nodes as long as the keys are the same; valid
 * until the first of its certificates ends, to be asked for again after an hour. Both certificates are in it,
 * the active one first: an app that reads it knows the next key before it signs. Needs a lane with a store
 * (QUICK): the keys may have to be made. */
#ifndef SAML_METADATA_H
#define SAML_METADATA_H

#include "base/base.h"

struct request;
struct work;

enum err saml_metadata(struct request *rq) MUST_USE;
/* The document and its entity tag (without quotes), in the work's arena: for the route, the command line and
 * tests. Built and signed once for a key set, then kept. */
enum err metadata_document(struct work *work, const char **xml, const char **etag) MUST_USE;

#endif
