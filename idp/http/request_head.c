/* request_head.c: what a request says in its line and fields, copied into its arena. */
#include "base/base.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/forwarded.h"
#include "http/guard.h"
#include "http/page.h"
#include "http/request.h"
#include "http/request_head.h"

#define AGENT_MAX 256

/* X-Forwarded-For may come in several lines; together they are one list (RFC 9110 5.3). */
static const char *join_forwarded(struct arena *arena, const struct head *head)
{
	const char *joined = head->known[FIELD_FOR];

	for (size_t i = 0; joined && i < head->count; i++) {
		const struct header *header = &head->headers[i];

		if (header->value != head->known[FIELD_FOR] &&
		    text_equal_nocase(header->name, "X-Forwarded-For"))
			joined = arena_print(arena, "%s,%s", joined, header->value);
	}
	return joined;
}

/* "Text/HTML; charset=utf-8" -> "text/html". */
static const char *media_type(struct arena *arena, const char *value)
{
	return value ? text_lower(arena, text_trim(arena, arena_textn(arena, value, strcspn(value, ";"))))
		     : NULL;
}

/* 00-32 hex-16 hex-2 hex, in lower case (W3C Trace Context 3.2); anything else is not passed on. */
static const char *trace_parent(struct arena *arena, const char *value)
{
	static const char shape[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";

	if (!value || strlen(value) != strlen(shape))
		return NULL;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'h' ? !strchr("0123456789abcdef", value[i]) : value[i] != shape[i])
			return NULL;
	return arena_text(arena, value);
}

static const char *trimmed(struct arena *arena, const char *value)
{
	return value ? text_trim(arena, value) : NULL;
}

static void take_target(struct request *rq, struct arena *arena, const char *target)
{
	const char *question = strchr(target, '?');

	rq->path = question ? arena_textn(arena, target, (size_t)(question - target)) : target;
	rq->raw_query = question ? question + 1 : NULL;
}

static void take_fields(struct request *rq, struct arena *arena, const struct head *head)
{
	const char *const *known = head->known;
	const char *agent = known[FIELD_AGENT];

	rq->content_type = media_type(arena, known[FIELD_TYPE]);
	rq->authorization = trimmed(arena, known[FIELD_AUTHORIZATION]);
	rq->origin = trimmed(arena, known[FIELD_ORIGIN]);
	rq->user_agent = agent ? text_bounded(arena, agent, strlen(agent), AGENT_MAX) : NULL;
	rq->if_none_match = trimmed(arena, known[FIELD_NONE_MATCH]);
	rq->traceparent = trace_parent(arena, known[FIELD_TRACE]);
	rq->cookie_count = cookies_parse(arena, known[FIELD_COOKIE], &rq->cookies);
}

void request_take_head(struct request *rq, struct arena *arena, const struct config *config,
		       const struct address *socket_peer, const struct head *head, const char *target)
{
	rq->method = method_read(head->method);
	rq->path = "";
	rq->peer = *socket_peer;
	rq->accept = trimmed(arena, head->known[FIELD_ACCEPT]);
	rq->accept_language = trimmed(arena, head->known[FIELD_LANGUAGE]);
	rq->messages = catalog_choose(NULL, NULL, rq->accept_language);
	if (!target)
		return;
	take_target(rq, arena, target);
	take_fields(rq, arena, head);
	rq->peer = forwarded_client(config, socket_peer, join_forwarded(arena, head));
	rq->secure = forwarded_secure(config, socket_peer, head->known[FIELD_PROTO]);
}
