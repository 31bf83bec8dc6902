/* clinic_claim.h: the claims about practice, places and roles; see claims.h. For this room. */
#ifndef PEOPLE_CLINIC_CLAIM_H
#define PEOPLE_CLINIC_CLAIM_H

#include <jansson.h>

#include "base/base.h"
#include "people/claims.h"

struct work;
struct place;
struct subject;

/* New values. place: where they work now, or NULL. */
json_t *clinic_claim(struct work *work, const struct subject *subject, const struct place *place,
		     enum claims_for for_);
json_t *groups_claim(struct work *work, const struct subject *subject, const struct place *place,
		     enum claims_for for_);

#endif
