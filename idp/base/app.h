/* app.h: the server (struct app) and one piece of work in it (struct work).
 *
 * A request contains a work, a job contains a work, a command contains a work; store and people
 * take a struct work * and so never see HTTP. */
#ifndef BASE_APP_H
#define BASE_APP_H

#include "base/base.h"

struct app {
	const struct config *config;
	struct store *store;         /* store/db.h */
	struct vault *vault;         /* keys/seal.h: what the master key derives */
	struct keyring *keyring;     /* keys/keyring.h */
	struct snapshots *snapshots; /* store/snapshot.h */
	struct server *server;       /* http/server.h; NULL for commands that work on the store directly */
	struct lane *quick;          /* base/workers.h */
	struct lane *slow;
	struct lane *remote;
	struct passwords *passwords; /* keys/password.h: the Argon2 gate */
	struct fetcher *fetcher;     /* http/fetch.h */
	struct crowd *crowd;         /* login/crowd.h; NULL where no server runs */
	struct oidc *oidc;           /* oidc/provider.h; NULL where no server runs */
	const struct participant *const
		*participants; /* login/logout.h: who tells apps of a logout; ends with NULL */
	const struct app_protocol *const
		*protocols; /* people/app_registry.h: who can read what an app declares; ends with NULL */
	const struct connector *const *connectors; /* people/connector.h; ends with NULL */
	struct reaches *reach;                     /* login/reach.h; NULL where no server runs */
	struct upstreams
		*upstreams; /* oidc/upstream.h: what providers published; NULL where no server runs */
};

enum actor_kind { ACTOR_NOBODY, ACTOR_ACCOUNT, ACTOR_CLIENT, ACTOR_OPERATOR, ACTOR_SYSTEM };

/* Who does this, for the audit. Texts live as long as the work. */
struct actor {
	enum actor_kind kind;
	const char *id;         /* sub, client_id, or the operator's local user name */
	const char *sid;        /* session, public id */
	const char *client_id;  /* the app in whose name it happens */
	const char *address;    /* of the peer, after trusted proxies */
	const char *user_agent; /* bounded */
};

struct work {
	struct arena *arena;
	struct app *app;
	struct db *db;                   /* this thread's connection; NULL on the INLINE lane */
	struct append *noted;            /* rows that wait for db_settle (store/db.h) ... */
	bool collects;                   /* ... since db_collect */
	const struct snapshot *snapshot; /* held for the whole work; NULL before the first load */
	int64_t now;                     /* unix seconds by the store's clock, taken once */
	int64_t now_us;                  /* the same instant in microseconds */
	const char *practice;            /* id; the wall: NULL until known */
	struct actor actor;
	char request_id[24]; /* the reference people read to support: "7F3K-92QD-..." */

	enum err err;       /* the last fault() ... */
	const char *reason; /* ... and its reason, for log and audit only */
};

/* Notes the fault and returns it: return fault(w, ERR_PKCE_MISMATCH, "client %s", id); */
enum err fault(struct work *work, enum err code, const char *reason, ...) PRINTF(3, 4);
#ifdef __clang_analyzer__
/* The analyzer reads one file at a time: here it sees that fault() answers the code it was given. */
#define fault(work, code, ...)                                                                               \
	({                                                                                                   \
		enum err code_ = (code);                                                                     \
		(void)(fault)((work), code_, __VA_ARGS__);                                                   \
		code_;                                                                                       \
	})
#endif

/* Begins a piece of work: arena, clock offset of the store, snapshot held, request id made.
 * db may be NULL (then now is the machine's clock corrected by the last known offset). */
void work_begin(struct work *work, struct app *app, struct db *db, struct arena *arena);
/* Drops the snapshot; the arena stays the caller's. */
void work_end(struct work *work);

#endif
