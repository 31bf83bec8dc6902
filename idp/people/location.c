/* location.c: the sites of a practice and their tree. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/cidr.h"
#include "base/json.h"
#include "base/text.h"
#include "people/audit.h"
#include "people/change.h"
#include "people/practice.h"
#include "store/practices.h"
#include "store/snapshot.h"

/* A tree has no way longer than its size: more steps would be a circle. */
bool location_covers(const struct practice *practice, const char *above, const char *below)
{
	const struct location *at = practice_location(practice, below);

	if (!above || !practice_location(practice, above))
		return false;
	for (size_t steps = 0; at && steps <= practice->location_count; steps++) {
		if (text_equal(at->id, above))
			return true;
		at = practice_location(practice, at->parent_id);
	}
	return false;
}

static const struct location_row *row_find(const struct location_row *rows, size_t count, const char *id)
{
	for (size_t i = 0; id && i < count; i++)
		if (text_equal(rows[i].id, id))
			return &rows[i];
	return NULL;
}

static enum err parent_check(struct work *work, const struct location_row *rows, size_t count,
			     const struct location_row *wanted)
{
	const struct location_row *at = row_find(rows, count, wanted->parent_id);

	if (!wanted->parent_id)
		return OK;
	if (!at)
		return fault(work, ERR_DOCUMENT, "location %s: parent: there is no such location",
			     wanted->id);
	for (size_t steps = 0; at && steps <= count; steps++) {
		if (text_equal(at->id, wanted->id))
			return fault(work, ERR_DOCUMENT, "location %s: parent: it lies below this location",
				     wanted->id);
		at = row_find(rows, count, at->parent_id);
	}
	return OK;
}

static enum err networks_check(struct work *work, const struct location_change *change)
{
	size_t count = 0;
	struct network network;

	for (const char *const *text = change->networks; text && *text; text++)
		if (!network_parse(*text, &network) || ++count > 100)
			return fault(work, ERR_DOCUMENT,
				     "location %s: networks: an address, 1.2.3.0/24 or 1.2.3.* is expected",
				     change->id);
	return OK;
}

static enum err location_check(struct work *work, const struct location_change *change)
{
	if (!text_is_slug(change->id))
		return fault(work, ERR_DOCUMENT,
			     "location: id: lower-case letters, digits and - are expected");
	if (change->name && !name_is_fine(change->name))
		return fault(work, ERR_DOCUMENT,
			     "location %s: name: 1 to 200 bytes of plain text are expected", change->id);
	if (!text_is_empty(change->timezone) && !timezone_is_known(change->timezone))
		return fault(work, ERR_DOCUMENT, "location %s: timezone: not a time zone known here",
			     change->id);
	return networks_check(work, change);
}

/* NULL keeps, "" takes away. */
static const char *kept(const char *wanted, const char *had)
{
	if (!wanted)
		return had;
	return *wanted ? wanted : NULL;
}

static struct location_row wanted_row(struct work *work, const struct location_change *change,
				      const struct location_row *old)
{
	struct location_row row =
		old ? *old : (struct location_row){ .id = change->id, .name = change->id, .networks = "[]" };

	row.name = change->name ? change->name : row.name;
	row.parent_id = kept(change->parent_id, row.parent_id);
	row.timezone = kept(change->timezone, row.timezone);
	row.archived = change->archived;
	row.position = change->position;
	if (change->networks) {
		AUTO(json_done) json_t *list = json_list(change->networks);

		row.networks = json_text(work->arena, list);
	}
	return row;
}

static void location_differences(json_t *differences, const struct location_row *old,
				 const struct location_row *row)
{
	char before[24], after[24];

	snprintf(before, sizeof(before), "%" PRId64, old ? old->position : 0);
	snprintf(after, sizeof(after), "%" PRId64, row->position);
	change_note(differences, "name", old ? old->name : NULL, row->name);
	change_note(differences, "parent", old ? old->parent_id : NULL, row->parent_id);
	change_note(differences, "timezone", old ? old->timezone : NULL, row->timezone);
	change_note(differences, "networks", old ? old->networks : NULL, row->networks);
	change_note(differences, "position", before, after);
	change_note_flag(differences, "archived", old && old->archived, row->archived);
}

enum err location_apply(struct work *work, const struct location_change *change, bool *changed)
{
	struct location_row *rows = NULL;
	size_t count = 0;

	TRY(location_check(work, change));
	TRY(locations_of(work, &rows, &count));
	const struct location_row *old = row_find(rows, count, change->id);
	const struct location_row row = wanted_row(work, change, old);
	AUTO(json_done) json_t *differences = json_object();

	TRY(parent_check(work, rows, count, &row));
	location_differences(differences, old, &row);
	*changed = json_object_size(differences) > 0;
	if (!*changed)
		return OK;
	TRY(locations_put(work, &row));
	TRY(snapshot_touch(work));
	return audit(work, &(struct audit_note){ .event = EVENT_LOCATION_CHANGED,
						 .target_kind = "location",
						 .target_id = row.id,
						 .change = differences });
}
