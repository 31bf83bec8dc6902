/* metadata.h: what was fetched last from the addresses where apps and identity providers keep their metadata
 * (the tables app_metadata and connection_metadata; outside the wall: read into the snapshot). */
#ifndef STORE_METADATA_H
#define STORE_METADATA_H

#include "base/base.h"

struct work;

enum metadata_side { METADATA_OF_APP, METADATA_OF_CONNECTION };

struct metadata_row {
	const char *owner;      /* client_id of the app, id of the connection */
	const char *xml, *etag; /* NULL before the first fetch */
	int64_t fetched_at, next_at, valid_until;
	const char *trouble; /* of the last try; NULL: it went well */
};

enum err metadata_find(struct work *work, enum metadata_side side, const char *owner,
		       struct metadata_row *out, bool *found) MUST_USE;
enum err metadata_all(struct work *work, enum metadata_side side, struct metadata_row **out,
		      size_t *count) MUST_USE; /* by owner */
/* In a list of metadata_all; NULL: it is not there. */
const struct metadata_row *metadata_in(const struct metadata_row *list, size_t count, const char *owner);
enum err metadata_put(struct work *work, enum metadata_side side, const struct metadata_row *row) MUST_USE;
enum err metadata_delete(struct work *work, enum metadata_side side, const char *owner) MUST_USE;
/* One that is due, leased for a minute to this caller over all nodes: out->next_at is the lease. */
enum err metadata_take(struct work *work, enum metadata_side side, struct metadata_row *out,
		       bool *found) MUST_USE;
/* What came of it, while the lease stands: *won false when the owner was declared anew or deleted meanwhile.
 */
enum err metadata_keep(struct work *work, enum metadata_side side, const struct metadata_row *row,
		       int64_t lease, bool *won) MUST_USE;

#endif
