/* fetched.h: documents that other servers publish (key sets, provider metadata), kept for a while.
 *
 * One is kept as long as its Cache-Control says (5 minutes to a day). When it cannot be fetched again it
 * stays in use for a day more: another server being away for a minute must not lock anybody out. A failed
 * fetch is remembered for a minute. A document that did not serve (a signature that none of its keys made) is
 * fetched anew at most once a minute, whatever strangers send. One fetch per address at a time. At most 256
 * addresses; the one tried longest ago makes room. */
#ifndef OIDC_FETCHED_H
#define OIDC_FETCHED_H

#include "base/base.h"

struct work;
struct fetched;

struct fetched_kind {
	const char *accept;
	size_t size_max;
	void *(*read)(const char *text,
		      size_t size); /* NULL: not such a document, as if there was no answer */
	void (*forget)(void *thing);
};
struct fetched *fetched_new(const struct fetched_kind *kind);
void fetched_free(struct fetched *fetched);

/* One document, shared by all who hold it; never changed. */
struct fetched_item {
	void *thing;
	unsigned holders; /* fetched.c's */
};
struct fetched_ask {
	const char *address;
	const struct fetched_item *unless; /* held, and did not serve: a newer one is wanted; NULL: any */
	bool fresh;                        /* as it is right now: fetched in any case */
	bool patient; /* waits when somebody else fetches it right now (REMOTE lane); else uses what is there
		       */
};
/* NULL: not to be had now; work->reason says why when it was tried. */
struct fetched_item *fetched_hold(struct work *work, struct fetched *fetched, const struct fetched_ask *ask);
void fetched_let_go(struct fetched *fetched, struct fetched_item *item); /* NULL is fine */

#endif
