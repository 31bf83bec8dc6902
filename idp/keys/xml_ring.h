/* xml_ring.h: the XML keys of one picture (ring.h) and the making of new ones; xml_key.h is the door. For
 * this room. */
#ifndef KEYS_XML_RING_H
#define KEYS_XML_RING_H

#include "base/base.h"
#include "keys/xml_key.h"

struct vault;
struct work;
struct signing_key;

enum { XML_RING_KEYS = 2 }; /* active, next */

struct xml_ring {
	struct arena *arena; /* texts */
	struct xml_key keys[XML_RING_KEYS];
	size_t count;
	char *private_pem;           /* of the active key; wiped with the ring */
	const char *certificate_pem; /* of the active key */
};

/* Out of the rows with alg "SAML"; others are passed over. An empty ring when there are none. ERR_SEAL: a row
 * does not open, or is not what was sealed. */
enum err xml_ring_build(struct vault *vault, const struct signing_key *rows, size_t count,
			struct xml_ring **out) MUST_USE;
void xml_ring_free(struct xml_ring *ring);
/* NULL: there is none. */
const struct xml_key *xml_ring_active(const struct xml_ring *ring);

/* A new key and its certificate as a row. */
enum err xml_key_make(struct work *work, const char *state, struct signing_key *out) MUST_USE;

#endif
