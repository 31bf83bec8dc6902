/* request.c: reading a request's query, body and cookies, once. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/guard.h"
#include "http/page.h"
#include "http/request.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

static enum err read_form(struct request *rq, const char *text, size_t size, struct form *out)
{
	bool may_repeat = rq->route && (rq->route->needs & MAY_REPEAT);
	enum err err = form_parse(rq->w.arena, text, size, GUARD_ARGUMENTS, out);

	if (err != OK)
		return fault(&rq->w, err, "form of %zu bytes", size);
	/* RFC 6749 3.1: which of two would count is anybody's guess. */
	if (out->repeated && !may_repeat)
		return fault(&rq->w, ERR_PARAMETER_REPEATED, "parameter %.64s", out->repeated);
	return OK;
}

enum err request_read(struct request *rq)
{
	if (rq->raw_query)
		TRY(read_form(rq, rq->raw_query, strlen(rq->raw_query), &rq->query));
	if (rq->body.size > 0 && text_equal(rq->content_type, FORM_TYPE))
		TRY(read_form(rq, (const char *)rq->body.at, rq->body.size, &rq->form));
	rq->messages = catalog_choose(request_parameter(rq, "ui_locales"), cookie_get(rq, COOKIE_LANGUAGE),
				      rq->accept_language);
	return OK;
}

const char *request_parameter(const struct request *rq, const char *name)
{
	const char *value = form_get(rq->method == METHOD_POST ? &rq->form : &rq->query, name);

	return text_is_empty(value) ? NULL : value;
}

const char *request_cookie(const struct request *rq, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < rq->cookie_count; i++) {
		if (!text_equal(rq->cookies[i].name, name))
			continue;
		if (found && !text_equal(found, rq->cookies[i].value))
			return NULL; /* one of them was planted: neither counts */
		found = rq->cookies[i].value;
	}
	return found;
}
