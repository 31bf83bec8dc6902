/* statement.h: what one connection keeps of the statements it has seen, found by the address of
 * their text (open addressing; a few hundred entries at most, since statements are static). */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include "base/base.h"

enum { STATEMENT_VALUES = 64 };

struct statement {
	const char *sql;
	void *handle;    /* SQLite: the compiled statement */
	unsigned number; /* PostgreSQL: names it on this connection */
	bool asked;      /* PostgreSQL: being prepared in the exchange under way */
	bool ready;      /* prepared */
	bool writes;
	size_t params;                   /* the highest $n in the text */
	uint8_t order[STATEMENT_VALUES]; /* SQLite: which value its i-th parameter takes */
};

struct statements {
	struct statement **at;
	size_t room, count;
};

/* Never NULL: a new one is added, not ready. */
struct statement *statements_get(struct statements *statements, const char *sql);
/* Forgets all; release (may be NULL) is given each handle. */
void statements_forget(struct statements *statements, void (*release)(void *handle));

/* The highest $n outside quoted text. */
size_t statement_params(const char *sql);

#endif
