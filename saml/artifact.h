/* artifact.h: answers that wait for their app to fetch them. */
#ifndef SAML_ARTIFACT_H
#define SAML_ARTIFACT_H

#include "base/base.h"

struct work;
struct request;

/* Sealed, for one app, for SAML_ARTIFACT_LIFETIME seconds; in the caller's transaction when one is open. sid:
 * of the session in work->practice that must live when it is fetched; NULL: it is of none. */
enum err artifact_keep(struct work *work, const char *entity_id, const char *artifact, const char *xml,
		       const char *sid) MUST_USE;

enum err saml_artifact(struct request *rq);

#endif
