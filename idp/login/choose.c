/* choose.c: at which practice? Asked only among those whose password it was. */
#include "base/base.h"

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/request.h"
#include "login/steps.h"
#include "pages.h"
#include "store/snapshot.h"

static enum err draw(struct request *rq, const struct trouble *trouble)
{
	const json_t *matches = rq->flow->matches;
	size_t count = json_array_size(matches), shown = 0;
	struct page_choose_practice_practices *rows =
		arena_array(rq->w.arena, struct page_choose_practice_practices, count + 1);
	AUTO_BUF page = BUF(64 * KB);

	for (size_t i = 0; i < count; i++) {
		const char *id = json_string_value(json_array_get(json_array_get(matches, i), 0));
		const struct practice *practice = snapshot_practice(rq->w.snapshot, id);

		if (practice && !practice->disabled)
			rows[shown++] = (struct page_choose_practice_practices){ .id = practice->id,
										 .name = practice->name };
	}
	page_choose_practice(&page, &(struct page_choose_practice){
					    .frame = sign_in_frame(rq),
					    .flow = rq->flow->id,
					    .csrf = flow_csrf(rq),
					    .message = trouble_text(rq, trouble),
					    .code = trouble_word(trouble),
					    .practices = rows,
					    .practices_count = shown,
				    });
	return sign_in_page(rq, &page, trouble);
}

enum err choose_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "practice", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &(struct trouble){ 0 });
}

/* false: not one of the matches. */
static bool choose(struct request *rq, const char *id)
{
	const json_t *matches = rq->flow->matches;

	for (size_t i = 0; id && i < json_array_size(matches); i++) {
		const json_t *match = json_array_get(matches, i);
		const char *match_id = json_string_value(json_array_get(match, 0));
		const struct practice *practice = snapshot_practice(rq->w.snapshot, match_id);

		if (!practice || !text_equal(practice->id, id))
			continue;
		flow_prove(rq->flow, practice->id, json_string_value(json_array_get(match, 1)),
			   json_integer_value(json_array_get(match, 2)),
			   json_is_true(json_array_get(match, 3)));
		rq->flow->continuity = json_is_true(json_array_get(match, 4));
		return true;
	}
	return false;
}

enum err choose_submit(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "practice", &visit, &elsewhere));
	if (elsewhere)
		return OK;
	if (!choose(rq, form_get(&rq->form, "practice")))
		return draw(rq, &(struct trouble){ .code = ERR_PARAMETER_MALFORMED,
						   .key = "choose_practice.missing" });
	return step_done(rq);
}
