/* subject.c: an account with what it holds, as every issuing endpoint loads it, and the one question whether
 * anything may be issued (security.md B9: asked at each door, not at sign-in alone). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "people/account.h"
#include "people/account_row.h"
#include "people/profile.h"
#include "store/accounts.h"
#include "store/roles.h"
#include "store/snapshot.h"

enum err account_open(struct work *work, const struct account_row *row, struct account *out)
{
	*out = (struct account){
		.id = row->id,
		.email = row->email,
		.given_name = row->given_name,
		.family_name = row->family_name,
		.class_ = row->class_,
		.npi = row->npi,
		.email_verified = row->email_verified,
		.disabled = row->disabled,
		.must_change = row->must_change,
		.epoch = row->epoch,
		.created_at = row->created_at,
		.updated_at = row->updated_at,
		.last_login_at = row->last_login_at,
	};
	return profile_open(work, row->id, row->profile, &out->profile);
}

static const struct assignment *assignments_from(struct arena *arena, const struct assignment_row *rows,
						 size_t count)
{
	struct assignment *list = arena_array(arena, struct assignment, count + 1);

	for (size_t i = 0; i < count; i++)
		list[i] = (struct assignment){
			.id = rows[i].id,
			.role_id = rows[i].role_id,
			.source = rows[i].source,
			.reason = rows[i].reason,
			.valid_from = rows[i].valid_from,
			.valid_until = rows[i].valid_until,
			.locations = text_equal(rows[i].locations, ALL_LOCATIONS)
					     ? NULL
					     : (const char *const *)text_split(arena, rows[i].locations, ' ',
									       NULL),
		};
	return list;
}

enum err subject_read(struct work *work, const struct subject_rows *from, struct subject *out)
{
	struct subject subject = { .practice = snapshot_practice(work->snapshot, work->practice) };
	struct account_row row;
	struct assignment_row *assignments;

	if (!subject.practice)
		return fault(work, ERR_NOT_FOUND, "practice %s is not known here",
			     work->practice ? work->practice : "(none)");
	if (from->rows.count == 0)
		return fault(work, ERR_NOT_FOUND, "no such account in practice %s", work->practice);
	subject_rows_read(work, from, &row, &assignments, &subject.assignment_count);
	TRY(account_open(work, &row, &subject.account));
	subject.assignments = assignments_from(work->arena, assignments, subject.assignment_count);
	standing_of(work->arena, subject.practice, subject.assignments, subject.assignment_count, work->now,
		    &subject.standing);
	*out = subject;
	return OK;
}

enum err subject_load(struct work *work, const char *account_id, struct subject *out)
{
	struct subject_rows rows;

	TRY(accounts_subject(work, account_id, &rows));
	return subject_read(work, &rows, out);
}

enum err subject_may(struct work *work, const struct subject *subject, const struct client *client)
{
	const struct practice *practice = subject->practice;

	if (practice->disabled)
		return fault(work, ERR_ACCOUNT_DISABLED, "practice %s is disabled", practice->id);
	if (subject->account.disabled)
		return fault(work, ERR_ACCOUNT_DISABLED, "account %s is disabled", subject->account.id);
	if (!client)
		return OK;
	if (client->disabled)
		return fault(work, ERR_NO_ACCESS, "app %s is disabled", client->client_id);
	if (!client_serves(client, practice->id))
		return fault(work, ERR_NO_ACCESS, "app %s does not serve practice %s", client->client_id,
			     practice->id);
	if (client->roles && !standing_has_role(&subject->standing, client->roles))
		return fault(work, ERR_NO_ACCESS, "account %s holds no role that may use app %s",
			     subject->account.id, client->client_id);
	return OK;
}
