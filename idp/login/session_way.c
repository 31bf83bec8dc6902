/* session_way.c: a session that came by another provider: while the connection is on, no longer than the one
 * over there, and remembered so that the end there is one here. */
#include "login/session_way.h"

#include <jansson.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "http/request.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/flow.h"
#include "login/session.h"
#include "store/connections.h"
#include "store/sessions.h"
#include "store/snapshot.h"

bool way_is_on(const struct work *work, const char *connection_id)
{
	const struct connection *connection = snapshot_connection(work->snapshot, connection_id);

	return !connection_id || (connection && !connection->disabled && !connection->deleted);
}

/* Asked of the row, in the transaction that makes the session (security.md B8). */
enum err way_check(struct work *work, const struct session_start *start)
{
	const char *id = json_get_text(start->via, "connection");
	struct connection_row row;
	bool found = false;

	if (!start->via)
		return OK;
	if (id)
		TRY(connections_find(work, id, &row, &found));
	if (!found || row.disabled || row.deleted || !text_equal(row.practice_id, start->practice->id))
		return fault(work, ERR_CONNECTION_OFF, "connection %s", id ? id : "without a name");
	return OK;
}

/* By the local way while it is down: as long as the strictest of the account's connections allows. */
static enum err continuity_end(struct work *work, const struct session_start *start, int64_t *ends_at)
{
	struct upstream_link *links;
	size_t count;

	TRY(links_of(work, start->account_id, &links, &count));
	for (size_t i = 0; i < count; i++) {
		const struct connection *connection =
			snapshot_connection(work->snapshot, links[i].connection_id);

		if (connection && !connection->disabled && !connection->deleted &&
		    work->now + connection->continuity_seconds < *ends_at)
			*ends_at = work->now + connection->continuity_seconds;
	}
	return OK;
}

enum err way_bound(struct work *work, const struct session_start *start, struct session_row *row)
{
	int64_t theirs = json_get_int(start->via, "ends_at", 0);

	if (start->continuity)
		TRY(continuity_end(work, start, &row->ends_at));
	if (theirs && theirs < row->ends_at)
		row->ends_at = theirs;
	if (row->ends_at <= work->now)
		return fault(work, ERR_UPSTREAM_ANSWER, "the session there has ended already");
	return OK;
}

/* Out of the flow's keeping into the session's. */
static enum err move_sealed(struct request *rq, const char *text, const char *purpose, const char *sid,
			    struct bytes *out)
{
	struct vault *vault = rq->w.app->vault;
	struct arena *arena = rq->w.arena;
	struct bytes sealed, clear;

	*out = (struct bytes){ 0 };
	if (!text)
		return OK;
	if (!rq->flow || !base64url_decode(arena, text, strlen(text), &sealed) ||
	    unseal(vault, arena, purpose, arena_print(arena, "flow/%s", rq->flow->id), sealed, &clear) != OK)
		return fault(&rq->w, ERR_INTERNAL, "%s of a sign-in is not readable", purpose);
	*out = seal(vault, arena, purpose, arena_print(arena, "upstream_session/%s", sid), clear);
	bytes_wipe(clear);
	return OK;
}

static int64_t recheck_of(const struct work *work, const char *connection_id)
{
	const struct connection *connection = snapshot_connection(work->snapshot, connection_id);

	return connection ? connection->recheck_seconds : 0;
}

/* What the provider is asked with again; without it the session goes on unasked, as with any other
 * connection, which somebody should know. */
static enum err move_refresh(struct request *rq, const struct session_start *start,
			     struct upstream_session *there)
{
	const char *text = json_get_text(start->via, "refresh");
	int64_t every = recheck_of(&rq->w, there->connection_id);

	if (!every)
		return OK;
	if (!text)
		log_event(LOG_WARN, "recheck.without", "connection", there->connection_id, "reason",
			  "the provider gave no refresh token at sign-in", NULL);
	TRY(move_sealed(rq, text, "upstream_refresh", there->sid, &there->refresh));
	there->check_at = there->refresh.at ? rq->w.now + every : 0;
	return OK;
}

enum err way_record(struct request *rq, const struct session_start *start, const struct session_row *row)
{
	struct upstream_session there = {
		.sid = row->sid,
		.connection_id = row->connection_id,
		.subject_key = json_get_text(start->via, "subject_key"),
		.upstream_sid = json_get_text(start->via, "sid"),
		.ends_at = row->ends_at,
	};

	if (!start->via)
		return OK;
	if (!there.subject_key)
		return fault(&rq->w, ERR_INTERNAL, "a proof without its subject");
	TRY(move_sealed(rq, json_get_text(start->via, "hint"), "upstream_hint", row->sid, &there.hint));
	TRY(move_refresh(rq, start, &there));
	return upstream_sessions_put(&rq->w, &there);
}
