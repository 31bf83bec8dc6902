/* response.c: answers and the headers that protect them. */
#include "base/base.h"

#include <microhttpd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response_make.h"
#include "http/url.h"

/* No inline script or style, no foreign source at all. A form of ours may end at one other origin:
 * Chromium applies form-action to the redirect after a POST too. */
#define POLICY_FIXED                                                                                         \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "         \
	"frame-ancestors %s; require-trusted-types-for 'script'; trusted-types 'none'; form-action 'self'"
#define FOREVER "max-age=31536000"

static struct response *response_of(struct request *rq)
{
	if (!rq->response)
		rq->response = arena_new_of(rq->w.arena, struct response);
	return rq->response;
}

/* What handlers added stays; the rest is said anew. */
static enum err answer(struct request *rq, const struct response *with)
{
	struct response *response = response_of(rq);
	struct response_field *fields = response->fields;

	assert(with->status >= 200 && with->status < 600);
	*response = *with;
	response->fields = fields;
	return OK;
}

/* A byte that could end the line would begin a header of its own (RFC 9110 5.5). */
static void assert_is_value(const char *value)
{
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		assert(*p >= 0x20 && *p != 0x7f);
}

/* ---- for handlers ---- */

enum err respond_json(struct request *rq, int status, const json_t *body)
{
	const char *text = json_text(rq->w.arena, body);

	if (rq->route && rq->route->speaks == SPEAKS_OAUTH)
		response_header(rq, "Pragma", "no-cache"); /* RFC 6749 5.1 */
	return answer(rq, &(struct response){ .status = status,
					      .content_type = "application/json",
					      .cache_control = "no-store",
					      .body = BYTES_OF(text) });
}

enum err respond_body(struct request *rq, int status, const char *content_type, struct bytes body)
{
	return answer(rq, &(struct response){ .status = status,
					      .content_type = content_type,
					      .cache_control = "no-store",
					      .body = arena_bytes(rq->w.arena, body) });
}

/* If-None-Match: a list of tags, weak or not, or "*" (RFC 9110 13.1.2: weak comparison). */
static bool is_known_to_client(const char *if_none_match, const char *etag)
{
	size_t size = strlen(etag);

	if (!if_none_match)
		return false;
	if (text_equal(if_none_match, "*"))
		return true;
	for (const char *p = if_none_match; (p = strchr(p, '"')); p++) {
		const char *end = strchr(p + 1, '"');

		if (!end)
			return false;
		if ((size_t)(end - p - 1) == size && memcmp(p + 1, etag, size) == 0)
			return true;
		p = end;
	}
	return false;
}

enum err respond_static(struct request *rq, const char *content_type, struct bytes body, const char *etag,
			const char *cache_control)
{
	bool known = is_known_to_client(rq->if_none_match, etag);

	assert_is_value(etag);
	assert(!strchr(etag, '"'));
	return answer(rq, &(struct response){ .status = known ? 304 : 200,
					      .content_type = known ? NULL : content_type,
					      .cache_control = cache_control,
					      .etag = etag,
					      .body = known ? (struct bytes){ NULL, 0 } : body });
}

enum err respond_cached(struct request *rq, const char *content_type, const char *body, const char *etag,
			int64_t max_age)
{
	struct arena *arena = rq->w.arena;

	return respond_static(rq, content_type, arena_bytes(arena, BYTES_OF(body)), arena_text(arena, etag),
			      arena_print(arena, "public, max-age=%" PRId64, max_age));
}

enum err respond_empty(struct request *rq, int status)
{
	return answer(rq, &(struct response){ .status = status, .cache_control = "no-store" });
}

enum err respond_redirect(struct request *rq, const char *location)
{
	for (const unsigned char *p = (const unsigned char *)location; *p; p++)
		assert(*p > 0x20 && *p < 0x7f);
	/* "//host" would be another site. */
	assert(location[0] != '/' || (location[1] != '/' && location[1] != '\\'));
	return answer(rq, &(struct response){ .status = 303,
					      .cache_control = "no-store",
					      .location = arena_text(rq->w.arena, location) });
}

/* A native app's own scheme ("com.example.app:", RFC 8252 7.1) is a source as it stands. */
static bool is_app_scheme(const char *word)
{
	size_t size = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789.-+");

	return size > 0 && word[0] >= 'a' && memchr(word, '.', size) && word[size] == ':' &&
	       word[size + 1] == '\0';
}

/* The sources among the words; what is neither an http(s) address nor such a scheme is left out: it could
 * only be a mistake. */
static const char *sources_of(struct arena *arena, const char *words)
{
	const char *list = "";
	char **word = words ? text_split(arena, words, ' ', NULL) : NULL;

	for (; word && *word; word++) {
		const char *source = is_app_scheme(*word) ? *word : url_origin(arena, *word);

		if (source)
			list = arena_print(arena, "%s %s", list, source);
	}
	return list;
}

static enum err answer_page(struct request *rq, int status, const struct buf *page, const char *ancestors,
			    const char *form_target, const char *frame_sources)
{
	struct arena *arena = rq->w.arena;
	const char *frames = sources_of(arena, frame_sources);

	assert(!page->full);
	response_header(rq, "Referrer-Policy", "no-referrer");
	return answer(rq, &(struct response){
				  .status = status,
				  .content_type = "text/html; charset=utf-8",
				  .cache_control = "no-store",
				  .policy = arena_print(arena, POLICY_FIXED "%s%s%s", ancestors,
							sources_of(arena, form_target),
							*frames ? "; frame-src" : "", frames),
				  .body = arena_bytes(arena, (struct bytes){ (const uint8_t *)buf_str(page),
									     page->size }) });
}

enum err respond_page(struct request *rq, int status, const struct buf *page, const char *form_target,
		      const char *frame_sources)
{
	return answer_page(rq, status, page, "'none'", form_target, frame_sources);
}

enum err respond_frame(struct request *rq, const struct buf *page, const char *form_target)
{
	return answer_page(rq, 200, page, "'self'", form_target, NULL);
}

static void set_field(struct request *rq, const char *name, const char *value,
		      bool (*same)(const char *, const char *), const char *key)
{
	struct response_field **at = &response_of(rq)->fields;

	assert_is_value(value);
	for (; *at; at = &(*at)->next)
		if (text_equal_nocase((*at)->name, name) && (!same || same((*at)->value, key)))
			break;
	if (!*at)
		*at = arena_new_of(rq->w.arena, struct response_field);
	(*at)->name = arena_text(rq->w.arena, name);
	(*at)->value = arena_text(rq->w.arena, value);
}

void response_header(struct request *rq, const char *name, const char *value)
{
	set_field(rq, name, value, NULL, NULL);
}

static bool is_cookie_line_of(const char *line, const char *name)
{
	size_t size = strlen(name);

	return !strncmp(line, name, size) && line[size] == '=';
}

void response_cookie(struct request *rq, const char *name, const char *line)
{
	set_field(rq, "Set-Cookie", line, is_cookie_line_of, name);
}

/* ---- to libmicrohttpd ---- */

static void put(struct MHD_Response *made, const char *name, const char *value)
{
	if (!value)
		return;
	enum MHD_Result added = MHD_add_response_header(made, name, value);

	assert(added == MHD_YES);
}

static void put_protection(struct MHD_Response *made, const struct request *rq)
{
	put(made, "X-Content-Type-Options", "nosniff");
	put(made, "Content-Security-Policy", rq->response->policy);
	if (!rq->w.app->config->development)
		put(made, "Strict-Transport-Security", FOREVER);
	if (rq->route && (rq->route->needs & ANY_ORIGIN))
		put(made, "Access-Control-Allow-Origin", "*");
}

struct MHD_Response *response_make(const struct request *rq, bool close)
{
	const struct response *response = rq->response;
	/* The bytes live in the connection's arena until its next request; nothing is copied or freed. */
	struct MHD_Response *made = MHD_create_response_from_buffer(
		response->body.size, (void *)(uintptr_t)response->body.at, MHD_RESPMEM_PERSISTENT);

	assert(made != NULL);
	put(made, "Content-Type", response->content_type);
	put(made, "Cache-Control", response->cache_control);
	put(made, "Location", response->location);
	if (response->etag)
		put(made, "ETag", arena_print(rq->w.arena, "\"%s\"", response->etag));
	put_protection(made, rq);
	for (const struct response_field *field = response->fields; field; field = field->next)
		put(made, field->name, field->value);
	if (close)
		put(made, "Connection", "close");
	return made;
}
