/* attributes.h: what an assertion says about a person: the one claims builder's claims (people/claims.h)
 * under the names that an app wants (requirements: claims.md 1.4).
 *
 * Presets: "clinic" (urn:lanyard:attr:practice_id ... roles_at), "flat" (the same as short basic names:
 * practice_id, practice_name, location_id, location_ids, location_names, role, roles, roles_by_location,
 * email, given_name, family_name, name, npi), "microsoft"
 * (http://schemas.xmlsoap.org/ws/2005/05/identity/claims/... and
 * .../ws/2008/06/identity/claims/role), "okta" (firstName lastName email login displayName groups), "xua"
 * (IHE XUA: XSPA and HL7 CE for role and purpose of use). Beside presets single lines {claim, name, format?,
 * friendly_name?}. The rows are attribute_rows.h's. */
#ifndef SAML_ATTRIBUTES_H
#define SAML_ATTRIBUTES_H

#include <jansson.h>

#include "base/base.h"
#include "saml/desk.h"

struct work;
struct client;

extern const char *const attribute_presets[]; /* names, ends with NULL */
/* NULL: the declared list is sound. Else what is wrong ("attributes[1]: ..."). */
const char *attributes_trouble(struct arena *arena, const json_t *declared);
/* claims: of claims_build with every scope. In the order of the app's list (default: preset clinic), a name
 * once (the first wins), values without what XML 1.0 cannot carry (U+FFFD stands for it), nothing empty.
 * Texts live in the arena. */
void attributes_build(struct work *work, const struct client *client, const json_t *claims,
		      const struct saml_attribute **out, size_t *count);
/* The reference page (docs/reference/saml-attributes.md), from the rows. */
char *attributes_reference(struct arena *arena);

#endif
