/* pages.c: what the pages of a sign-in share: the frame, the trouble on top, the answer. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "http/request.h"
#include "http/response.h"
#include "login/steps.h"
#include "store/snapshot.h"

#define LOCK_MINUTES 60

struct page_frame sign_in_frame(struct request *rq)
{
	struct page_frame frame = page_frame(rq);
	const char *id = rq->flow ? rq->flow->practice_id : rq->w.practice;
	const struct practice *practice = snapshot_practice(rq->w.snapshot, id);

	frame.practice_name = practice ? practice->name : NULL;
	frame.app_name = rq->client ? rq->client->name : NULL;
	frame.reference = rq->w.request_id;
	return frame;
}

/* A wait that is told as an hour has no end of its own (people/credential.c). */
int64_t trouble_minutes(const struct trouble *trouble)
{
	int64_t minutes = (trouble->retry_after + 59) / 60;

	if (trouble->code != ERR_LOCKED || minutes >= LOCK_MINUTES)
		return 0;
	return minutes < 2 ? 2 : minutes;
}

const char *trouble_word(const struct trouble *trouble)
{
	return trouble->code == OK ? NULL : error_row(trouble->code)->word;
}

const char *trouble_text(const struct request *rq, const struct trouble *trouble)
{
	if (trouble->code == OK)
		return NULL;

	const char *key =
		trouble->key ? trouble->key : arena_print(rq->w.arena, "error.%s", trouble_word(trouble));
	const char *text = catalog_text(rq->messages, key);

	return text ? text : error_row(trouble->code)->text;
}

/* 401 would have to name an HTTP authentication scheme (RFC 9110 15.5.2); a form is none. */
static int status_of(const struct trouble *trouble)
{
	int status = trouble->code == OK ? 200 : error_row(trouble->code)->http;

	return status == 401 ? 403 : status;
}

enum err sign_in_page(struct request *rq, const struct buf *page, const struct trouble *trouble)
{
	if (page->full)
		return fault(&rq->w, ERR_INTERNAL, "the page is larger than its ceiling");
	if (trouble->retry_after > 0)
		response_header(rq, "Retry-After",
				arena_print(rq->w.arena, "%" PRId64, trouble->retry_after));
	return respond_page(rq, status_of(trouble), page, rq->flow ? rq->flow->form_target : NULL, NULL);
}
