/* place.c: at which location is this person working now? */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/request.h"
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "store/db.h"
#include "store/snapshot.h"

/* "Provider, Manager": the names of the roles held there. */
static const char *roles_at(struct request *rq, const struct practice *practice, const struct place *place)
{
	AUTO_BUF text = BUF(4 * KB);

	for (size_t i = 0; place->roles && place->roles[i]; i++) {
		const struct role *role = practice_role(practice, place->roles[i]);

		if (i > 0)
			buf_text(&text, ", ");
		buf_text(&text, role ? role->name : place->roles[i]);
	}
	return arena_text(rq->w.arena, buf_str(&text));
}

static enum err draw(struct request *rq, const struct visit *visit, const struct trouble *trouble)
{
	const struct standing *standing = &visit->subject.standing;
	struct page_choose_location_locations *rows =
		arena_array(rq->w.arena, struct page_choose_location_locations, standing->place_count + 1);
	AUTO_BUF page = BUF(256 * KB);

	for (size_t i = 0; i < standing->place_count; i++) {
		const struct location *location = standing->places[i].location;

		rows[i] = (struct page_choose_location_locations){
			.id = location->id,
			.name = location->name,
			.roles = roles_at(rq, visit->practice, &standing->places[i]),
			.active = text_equal(location->id, rq->session->location_id),
		};
	}
	page_choose_location(&page, &(struct page_choose_location){
					    .frame = sign_in_frame(rq),
					    .flow = rq->flow->id,
					    .csrf = flow_csrf(rq),
					    .message = trouble_text(rq, trouble),
					    .code = trouble_word(trouble),
					    .locations = rows,
					    .locations_count = standing->place_count,
				    });
	return sign_in_page(rq, &page, trouble);
}

enum err place_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "location", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &visit, &(struct trouble){ 0 });
}

static enum err save_place(struct request *rq, const char *location_id)
{
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	rq->flow->location_id = location_id;
	rq->flow->location_chosen = true;
	TRY(session_set_location(rq, location_id));
	TRY(flow_save(rq));
	return tx_commit(&tx);
}

enum err place_submit(struct request *rq)
{
	const char *id = form_get(&rq->form, "location");
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "location", &visit, &elsewhere));
	if (elsewhere)
		return OK;

	const struct place *place = id ? standing_at(&visit.subject.standing, id) : NULL;

	if (!place)
		return draw(rq, &visit,
			    &(struct trouble){ .code = ERR_PARAMETER_MALFORMED,
					       .key = "choose_location.missing" });

	enum err err = save_place(rq, place->location->id);

	return err == OK || err == ERR_CONFLICT ? flow_next(rq) : err;
}
