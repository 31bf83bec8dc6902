/* trouble.c: faults told to the caller: the row's text, a stable word and the reference; never the reason. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response_make.h"
#include "http/trouble.h"
#include "pages.h"

#define PAGE_MAX (64 * KB)

/* RFC 6749 5.2; by status where a row names none. */
static const char *oauth_word(const struct error_row *row)
{
	return row->oauth ? row->oauth : row->http >= 500 ? "server_error" : "invalid_request";
}

static void tell_page(struct request *rq, const struct error_row *row)
{
	AUTO_BUF page = BUF(PAGE_MAX);
	struct page_error error = { .frame = page_frame(rq), .code = row->word };

	error.message = catalog_text(error.frame.messages, arena_print(rq->w.arena, "error.%s", row->word));
	if (!error.message)
		error.message = row->text; /* a row that no page was thought to show */
	page_error(&page, &error);
	(void)respond_page(rq, row->http, &page, NULL, NULL); /* makes an answer in any case */
}

static void tell_json(struct request *rq, const struct error_row *row)
{
	AUTO(json_done)
	json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "error", oauth_word(row), "error_description",
				 row->text, "code", row->word, "reference", rq->w.request_id);

	assert(body);
	(void)respond_json(rq, row->http, body); /* makes an answer in any case */
}

/* RFC 6749 5.2: a client that tried the Authorization header is answered with its scheme. */
static void tell_oauth(struct request *rq, const struct error_row *row)
{
	if (row->http == 401 && rq->authorization)
		response_header(rq, "WWW-Authenticate", "Basic realm=\"lanyard\"");
	tell_json(rq, row);
}

/* RFC 6750 3: without a token there is no error word in the challenge. */
static void tell_bearer(struct request *rq, const struct error_row *row, enum err code)
{
	const char *challenge = "Bearer realm=\"lanyard\"";

	if (code != ERR_BEARER_MISSING)
		challenge = arena_print(rq->w.arena, "%s, error=\"%s\", error_description=\"%s\"%s",
					challenge, oauth_word(row), row->text,
					code == ERR_BEARER_SCOPE ? ", scope=\"openid\"" : "");
	if (row->http == 400 || row->http == 401 || row->http == 403)
		response_header(rq, "WWW-Authenticate", challenge);
	tell_json(rq, row);
}

static void tell_text(struct request *rq, const struct error_row *row)
{
	const char *text =
		arena_print(rq->w.arena, "%s (%s, reference %s)\n", row->text, row->word, rq->w.request_id);

	(void)respond_body(rq, row->http, "text/plain; charset=utf-8",
			   BYTES_OF(text)); /* makes an answer in any case */
}

static enum route_speaks language_of(const struct request *rq)
{
	if (rq->route)
		return rq->route->speaks;
	return rq->accept && strstr(rq->accept, "text/html") ? SPEAKS_HTML : SPEAKS_JSON;
}

/* RFC 9110 10.2.3, RFC 6585 4. A handler that knows better has set it before. */
static void say_when_to_retry(struct request *rq, const struct error_row *row)
{
	if (row->http != 429 && row->http != 503)
		return;
	for (const struct response_field *field = rq->response ? rq->response->fields : NULL; field;
	     field = field->next)
		if (text_equal_nocase(field->name, "Retry-After"))
			return;
	response_header(rq, "Retry-After", row->http == 429 ? "60" : "1");
}

void answer_fault(struct request *rq, enum err code)
{
	const struct error_row *row = error_row(code);

	say_when_to_retry(rq, row);
	switch (language_of(rq)) {
	case SPEAKS_HTML:
		tell_page(rq, row);
		break;
	case SPEAKS_OAUTH:
		tell_oauth(rq, row);
		break;
	case SPEAKS_BEARER:
		tell_bearer(rq, row, code);
		break;
	case SPEAKS_JSON:
		tell_json(rq, row);
		break;
	case SPEAKS_TEXT:
		tell_text(rq, row);
		break;
	}
}
