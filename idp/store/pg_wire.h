/* pg_wire.h: one connection to PostgreSQL that never makes its thread wait longer than said:
 * connect, ask, exchange a pipeline. For this room alone.
 *
 * An exchange is one round trip: the transaction's BEGIN, the wall's setting, statements to be
 * prepared and run, COMMIT, then one sync. Nothing is ever sent twice. */
#ifndef STORE_PG_WIRE_H
#define STORE_PG_WIRE_H

#include <libpq-fe.h>

#include "base/base.h"

#include "store/driver.h"
#include "store/statement.h"

struct pg_address {
	char *url;
	char *ca_file; /* NULL: as the address says */
};

struct wire {
	PGconn *conn;           /* NULL: not connected */
	struct statements kept; /* prepared on this connection */
	char practice[128];     /* what lanyard.practice is there ... */
	bool practice_known;    /* ... when we know */
	bool in_tx;             /* BEGIN was sent and nothing has ended it */
	bool warned;            /* a WARNING came during the exchange */
};

/* as_app: stands behind the walls (SET ROLE lanyard_app) and in pipeline mode; otherwise it is the
 * owner, for migrations. On failure the wire stays unconnected and why says the reason. */
bool wire_connect(struct wire *wire, const struct pg_address *address, bool as_app, int64_t deadline_us,
		  char *why, size_t size) MUST_USE;
void wire_drop(struct wire *wire);
/* True when the other side is still there, as far as can be seen without asking. */
bool wire_is_alive(struct wire *wire);

/* Runs SQL outside pipeline mode; several statements when value is NULL. number and out may be
 * NULL: the first column of the first row. sqlstate gets five letters, "" when the server said
 * nothing. */
struct wire_answer {
	bool ok;
	char sqlstate[8];
	char text[256]; /* the answer, or why there is none */
};
struct wire_answer wire_ask(struct wire *wire, const char *sql, const char *value, int64_t deadline_us);

enum step_kind { STEP_PLAIN, STEP_PREPARE, STEP_CALL, STEP_WALL, STEP_COMMIT };
struct step {
	enum step_kind kind;
	struct statement *statement; /* of PREPARE */
	struct rows *rows;           /* of CALL; may be NULL */
};
enum { EXCHANGE_STEPS = 256, EXCHANGE_CALLS = APPEND_ROWS };
struct exchange {
	struct wire *wire;
	struct work *work;
	int64_t deadline_us;
	struct step steps[EXCHANGE_STEPS];
	size_t count;
	bool sent;            /* all of it, so far */
	bool commits;         /* its sync or COMMIT makes something durable */
	const char *standing; /* the practice in which the next call runs; NULL: unknown */
};

/* The wire is connected. deadline: monotonic. */
void exchange_begin(struct exchange *x, struct wire *wire, struct work *work, int64_t deadline_us);
/* BEGIN, COMMIT or ROLLBACK; kept prepared like every statement, by its address. */
void exchange_plain(struct exchange *x, enum step_kind kind, const char *word);
/* practice NULL: behind the wall there is nothing to see. At most EXCHANGE_CALLS of them. */
void exchange_call(struct exchange *x, const char *practice, const struct call *call);
/* Sends, reads, answers the first failure by fault(). After a lost connection or a deadline the
 * wire is dropped: the outcome is unknown. */
enum err exchange_end(struct exchange *x) MUST_USE;

/* What an SQLSTATE means to us. */
enum err pg_meaning(const char *sqlstate);
bool pg_read_rows(struct arena *arena, const PGresult *result, struct rows *out) MUST_USE;

#endif
