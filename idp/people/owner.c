/* owner.c: the last active owner of a practice stays: an account that is on and holds the owner's role (admin
 * in the three-role preset) at all locations now. */
#include "base/base.h"

#include "base/app.h"
#include "base/text.h"
#include "people/account.h"
#include "people/owner.h"
#include "people/role_templates.h"
#include "store/practices.h"
#include "store/roles.h"

enum err owner_before(struct work *work)
{
	bool any = false;

	TRY(practices_lock(work, work->practice));
	TRY(assignments_cover_all(work, ROLE_OWNER, ROLE_ADMIN, &any));
	return any ? practices_note_owner(work, work->practice) : OK;
}

/* A practice that had none before (a new one, or the last one's time was up) may go on without. */
enum err account_guard_last_owner(struct work *work)
{
	bool any = false, had = false;

	TRY(assignments_cover_all(work, ROLE_OWNER, ROLE_ADMIN, &any));
	if (any)
		return OK;
	TRY(practices_noted_owner(work, work->practice, &had));
	return had ? fault(work, ERR_LAST_OWNER, "practice %s would have no active owner", work->practice)
		   : OK;
}

enum err owner_is_last(struct work *work, const struct assignment_row *row, bool *last)
{
	bool any = false, with = false;

	*last = false;
	if (!text_equal(row->locations, ALL_LOCATIONS) ||
	    (!text_equal(row->role_id, ROLE_OWNER) && !text_equal(row->role_id, ROLE_ADMIN)))
		return OK;
	TRY(assignments_cover_all_but(work, ROLE_OWNER, ROLE_ADMIN, row->id, &any));
	TRY(assignments_cover_all(work, ROLE_OWNER, ROLE_ADMIN, &with));
	*last = with && !any;
	return OK;
}
