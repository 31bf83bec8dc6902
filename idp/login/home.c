/* home.c: the front page: who is signed in, and where. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "store/snapshot.h"

static const char *full_name(struct request *rq, const struct session *session)
{
	const char *given = session->given_name ? session->given_name : "";
	const char *family = session->family_name ? session->family_name : "";

	return text_trim(rq->w.arena, arena_print(rq->w.arena, "%s %s", given, family));
}

enum err home_show(struct request *rq)
{
	const struct session *session = rq->session;
	struct page_home home = { .frame = sign_in_frame(rq) };
	AUTO_BUF page = BUF(64 * KB);

	if (session) {
		home.csrf = page_csrf(rq);
		home.name = full_name(rq, session);
		home.email = session->email;
		home.practice = session->practice->name;
	}
	page_home(&page, &home);
	return respond_page(rq, 200, &page, NULL, NULL);
}

/* An address that can be linked to: shows the page of one known fault, or that there is nothing here. The
 * words are a closed list, so nobody can put text of his own on a page of ours. */
enum err error_show(struct request *rq)
{
	const char *word = form_get(&rq->query, "code");

	for (enum err code = OK + 1; word && code < ERR_COUNT; code++)
		if (text_equal(error_row(code)->word, word) && error_row(code)->http < 500)
			return fault(&rq->w, code, "shown by its address");
	return fault(&rq->w, ERR_NOT_FOUND, "no such error page");
}
