/* replay.h: what may be seen once until it expires: the jti of a client assertion (RFC 7523 3).
 *
 * Ask only after the signature was checked, or strangers could use up other people's ids. */
#ifndef STORE_REPLAY_H
#define STORE_REPLAY_H

#include "base/base.h"

struct work;

enum { REPLAY_ID_MAX = 1024 };

/* *fresh false: seen before and not yet expired. The id is what the sender made unique, with the
 * sender in it ("client_id jti"); ERR_TOO_LARGE above REPLAY_ID_MAX bytes. */
enum err replay_once(struct work *work, const char *kind, const char *id, int64_t expires_at,
		     bool *fresh) MUST_USE;

#endif
