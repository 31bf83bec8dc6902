/* audit.c: the table of events, and the one writer of their rows (requirements: audit schema; HIPAA
 * 164.312(b)). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/audit.h"
#include "store/events.h"

enum { BODY_MAX = 65535, FIELD_MAX = 1024, AGENT_MAX = 300, DETAIL_MAX = 20 * 1024 };

static const struct {
	const char *type;
	bool critical;   /* waits for the sequencer once there is one */
	bool deployment; /* stands under no practice */
} events[] = {
	[EVENT_SIGN_IN_OK] = { "auth.login.ok", false, false },
	[EVENT_SIGN_IN_FAILED] = { "auth.login.fail", false, false },
	[EVENT_SIGN_IN_LOCKED] = { "auth.login.locked", false, false },
	[EVENT_SESSION_STARTED] = { "session.start", false, false },
	[EVENT_SESSION_ENDED] = { "session.end", false, false },
	[EVENT_LOGOUT] = { "auth.logout", false, false },
	[EVENT_LOGOUT_ALL] = { "auth.logout.all", true, false },
	[EVENT_CODE_ISSUED] = { "code.issue", false, false },
	[EVENT_TOKEN_ISSUED] = { "token.issue", false, false },
	[EVENT_TOKEN_REFRESHED] = { "token.refresh", false, false },
	[EVENT_TOKEN_REVOKED] = { "token.revoke", false, false },
	[EVENT_CODE_REUSED] = { "code.reuse", false, false },
	[EVENT_REFRESH_REUSED] = { "token.refresh.reuse", false, false },
	[EVENT_CLIENT_TOKEN] = { "token.client", false, false },
	[EVENT_CLIENT_AUTH_FAILED] = { "client.auth.fail", false, false },
	[EVENT_CONSENT_GIVEN] = { "consent.give", false, false },
	[EVENT_CONSENT_DENIED] = { "consent.deny", false, false },
	[EVENT_ACCESS_DENIED] = { "authz.deny", false, false },
	[EVENT_PUSHED_REQUEST] = { "request.push", false, false },
	[EVENT_LOGOUT_SENT] = { "logout.send.ok", false, false },
	[EVENT_LOGOUT_FAILED] = { "logout.send.fail", false, false },
	[EVENT_PRACTICE_CHANGED] = { "config.change.practice", true, false },
	[EVENT_PRACTICE_DELETED] = { "config.delete.practice", true, false },
	[EVENT_LOCATION_CHANGED] = { "config.change.location", true, false },
	[EVENT_ROLE_CHANGED] = { "role.change", true, false },
	[EVENT_ROLE_DELETED] = { "role.delete", true, false },
	[EVENT_ACCOUNT_CREATED] = { "account.create", false, false },
	[EVENT_ACCOUNT_CHANGED] = { "account.change", false, false },
	[EVENT_ACCOUNT_DISABLED] = { "account.disable", false, false },
	[EVENT_ACCOUNT_ENABLED] = { "account.enable", false, false },
	[EVENT_ACCOUNT_DELETED] = { "account.delete", true, false },
	[EVENT_PASSWORD_SET] = { "account.password.set", false, false },
	[EVENT_ACCOUNT_UNLOCKED] = { "account.unlock", false, false },
	[EVENT_ROLE_GRANTED] = { "role.grant", true, false },
	[EVENT_ROLE_REVOKED] = { "role.revoke", true, false },
	[EVENT_APP_CHANGED] = { "config.change.app", true, true },
	[EVENT_APP_DELETED] = { "config.delete.app", true, true },
	[EVENT_APP_METADATA_REFRESHED] = { "app.metadata.refresh", true, true },
	[EVENT_APP_METADATA_FAILED] = { "app.metadata.fail", false, true },
	[EVENT_SECRET_ROTATED] = { "config.change.secret", true, true },
	[EVENT_KEYS_ROTATED] = { "key.rotate", true, true },
	[EVENT_ASSERTION_ISSUED] = { "assertion.issue", false, false },
	[EVENT_SAML_REFUSED] = { "saml.request.deny", false, false },
	[EVENT_CONNECTION_CHANGED] = { "config.change.connection", true, false },
	[EVENT_CONNECTION_DELETED] = { "config.delete.connection", true, false },
	[EVENT_CONNECTION_METADATA_REFRESHED] = { "connection.metadata.refresh", true, false },
	[EVENT_CONNECTION_METADATA_FAILED] = { "connection.metadata.fail", false, false },
	[EVENT_CONNECTION_DOWN] = { "connection.down", false, false },
	[EVENT_CONNECTION_UP] = { "connection.up", false, false },
	[EVENT_UPSTREAM_REFUSED] = { "upstream.deny", false, false },
	[EVENT_UPSTREAM_SIGN_IN] = { "upstream.login.ok", false, false },
	[EVENT_UPSTREAM_LOGOUT] = { "upstream.logout", false, false },
	[EVENT_ACCOUNT_LINKED] = { "account.link", true, false },
	[EVENT_ACCOUNT_UNLINKED] = { "account.unlink", true, false },
	[EVENT_ACCOUNT_HELD] = { "account.hold", false, false },
	[EVENT_ACCOUNT_APPROVED] = { "account.approve", true, false },
	[EVENT_CONTINUITY] = { "auth.login.continuity", false, false },
	[EVENT_DOMAIN_CHECKED] = { "config.change.domain", true, false },
};
static_assert(COUNT(events) == EVENT_COUNT, "a row for each event");

static const char *const outcome_words[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_FAIL] = "fail",
	[OUTCOME_DENY] = "deny",
	[OUTCOME_ERROR] = "error",
};
static const char *const actor_words[] = {
	[ACTOR_NOBODY] = "nobody",     [ACTOR_ACCOUNT] = "account", [ACTOR_CLIENT] = "client",
	[ACTOR_OPERATOR] = "operator", [ACTOR_SYSTEM] = "system",
};

const char *event_type(enum event event)
{
	assert(event < EVENT_COUNT);
	return events[event].type;
}

bool event_is_critical(enum event event)
{
	assert(event < EVENT_COUNT);
	return events[event].critical;
}

/* Past text_bounded there are no control characters and no broken UTF-8 left (RFC 8259 7). */
static void add_string(struct buf *out, struct arena *arena, const char *text, size_t max)
{
	const char *bounded = text_bounded(arena, text, strlen(text), max);

	buf_char(out, '"');
	for (size_t plain; *bounded; bounded += plain) {
		plain = strcspn(bounded, "\"\\");
		buf_add(out, bounded, plain);
		if (bounded[plain]) {
			buf_char(out, '\\');
			buf_char(out, bounded[plain++]);
		}
	}
	buf_char(out, '"');
}

/* One object of named texts; those that are NULL are left out, an empty object too. */
struct named {
	const char *name, *text;
	size_t max;
};

static void add_object(struct buf *out, struct arena *arena, const char *name, const struct named *list,
		       size_t count)
{
	bool open = false;

	for (size_t i = 0; i < count; i++) {
		if (!list[i].text)
			continue;
		if (open)
			buf_char(out, ',');
		else
			buf_print(out, ",\"%s\":{", name);
		open = true;
		buf_print(out, "\"%s\":", list[i].name);
		add_string(out, arena, list[i].text, list[i].max ? list[i].max : FIELD_MAX);
	}
	if (open)
		buf_char(out, '}');
}
#define ADD_OBJECT(out, arena, name, ...)                                                                    \
	add_object((out), (arena), (name), (const struct named[]){ __VA_ARGS__ },                            \
		   COUNT(((const struct named[]){ __VA_ARGS__ })))

static int add_chunk(const char *chunk, size_t size, void *out)
{
	buf_add(out, chunk, size);
	return 0;
}

/* Too much detail is replaced, never cut in the middle of JSON; the row itself is always written. */
static void add_json(struct buf *out, const char *name, const json_t *value)
{
	AUTO_BUF text = BUF(DETAIL_MAX);

	if (!value)
		return;
	int failed = json_dump_callback(value, add_chunk, &text, JSON_COMPACT | JSON_ENCODE_ANY);

	buf_print(out, ",\"%s\":%s", name, failed || text.full ? "{\"truncated\":true}" : buf_str(&text));
}

static void add_field(struct buf *out, struct arena *arena, const char *name, const char *text)
{
	if (!text)
		return;
	buf_print(out, ",\"%s\":", name);
	add_string(out, arena, text, FIELD_MAX);
}

static void body(struct buf *out, const struct work *work, const struct audit_note *note,
		 const char *practice, const char *id)
{
	const struct actor *actor = &work->actor;
	struct arena *arena = work->arena;
	const char *client = actor->kind == ACTOR_CLIENT ? actor->id : actor->client_id;

	buf_print(out, "{\"schema\":1,\"id\":\"%s\",\"ts\":%" PRId64 ",\"type\":\"%s\",\"outcome\":\"%s\"",
		  id, work->now_us, event_type(note->event), outcome_words[note->outcome]);
	add_field(out, arena, "tenant", practice);
	add_field(out, arena, "reason", note->reason);
	ADD_OBJECT(out, arena, "actor", { "kind", actor_words[actor->kind], 0 }, { "sub", actor->id, 0 },
		   { "sid", note->session_sid ? note->session_sid : actor->sid, 0 });
	ADD_OBJECT(out, arena, "target", { "kind", note->target_kind, 0 }, { "id", note->target_id, 0 });
	ADD_OBJECT(out, arena, "client", { "id", client, 0 });
	ADD_OBJECT(out, arena, "net", { "ip", actor->address, 64 }, { "ua", actor->user_agent, AGENT_MAX });
	ADD_OBJECT(out, arena, "corr", { "request_id", work->request_id[0] ? work->request_id : NULL, 0 },
		   { "jti", note->jti, 0 });
	add_json(out, "change", note->change);
	add_json(out, "ext", note->extra);
	buf_char(out, '}');
}

static const char *bounded(struct arena *arena, const char *text)
{
	return text ? text_bounded(arena, text, strlen(text), FIELD_MAX) : NULL;
}

enum err audit(struct work *work, const struct audit_note *note)
{
	const char *outer = work->practice;
	const char *practice = events[note->event].deployment ? NULL : outer;
	const char *id = id_new(work->arena, "ev");
	AUTO_BUF text = BUF(BODY_MAX);

	body(&text, work, note, practice ? practice : "", id);
	assert(!text.full); /* each part is bounded so that the whole is */
	work->practice = practice;
	enum err err = events_add(work, &(struct event_row){ .id = id,
							     .at_us = work->now_us,
							     .type = event_type(note->event),
							     .outcome = outcome_words[note->outcome],
							     .actor = bounded(work->arena, work->actor.id),
							     .target = bounded(work->arena, note->target_id),
							     .body = buf_str(&text) });

	work->practice = outer;
	return err;
}
