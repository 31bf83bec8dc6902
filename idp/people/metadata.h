/* metadata.h: which metadata a declared app or connection would have: what stands in the declaration, what
 * was fetched from its metadata_url just now, or what is kept from there. */
#ifndef PEOPLE_METADATA_H
#define PEOPLE_METADATA_H

#include <jansson.h>

#include "base/base.h"
#include "store/metadata.h"

struct work;

struct metadata_choice {
	enum metadata_side side;
	const char *owner;
	const json_t *whole, *stored;              /* as it would stand; as it stands, or NULL */
	const struct metadata_row *kept, *fetched; /* from the address of whole; NULL: not yet, not now */
};

/* Fills in kept: the answer of its metadata_url, when that is the address it was fetched from. */
enum err metadata_remember(struct work *work, struct metadata_choice *choice) MUST_USE;
/* The text; NULL: not fetched yet, or none. *known: it stands already. */
const char *metadata_chosen(const struct metadata_choice *choice, bool *known);
/* The row of what was fetched stands where there is an address, and only there. */
enum err metadata_write(struct work *work, const struct metadata_choice *choice) MUST_USE;

#endif
