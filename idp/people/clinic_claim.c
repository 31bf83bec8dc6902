/* clinic_claim.c: which practice, which places, which roles at each (requirements: claims 1.3). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/clinic_claim.h"
#include "store/snapshot.h"

enum {
	SCHEMA_VERSION = 1,
	PLACES_MAX = 12
}; /* more would burst header limits of the apps that carry tokens */

/* Tokens are carried around; userinfo and introspection are asked for. */
static bool is_token(enum claims_for for_)
{
	return for_ == CLAIMS_ID_TOKEN || for_ == CLAIMS_ACCESS_TOKEN;
}

static bool is_truncated(const struct standing *standing, enum claims_for for_)
{
	return is_token(for_) && standing->place_count > PLACES_MAX;
}

/* An access token is slim: ids, not names. */
static json_t *named(const char *id, const char *name, enum claims_for for_)
{
	json_t *object = json_object();

	json_set_text(object, "id", id);
	if (for_ != CLAIMS_ACCESS_TOKEN)
		json_set_text(object, "name", name);
	return object;
}

static json_t *active_location(const struct location *location, enum claims_for for_)
{
	json_t *object = named(location->id, location->name, for_);

	if (for_ != CLAIMS_ACCESS_TOKEN)
		json_set_text(object, "tz", location->timezone);
	return object;
}

static json_t *locations(const struct standing *standing, const struct place *active, enum claims_for for_)
{
	bool truncated = is_truncated(standing, for_);
	json_t *list = json_array();

	for (size_t i = 0; i < standing->place_count; i++) {
		const struct place *place = &standing->places[i];

		if (truncated && (!active || place != active))
			continue;
		json_t *entry = named(place->location->id, place->location->name, for_);

		json_set(entry, "roles", json_list(place->roles));
		json_array_append_new(list, entry);
	}
	return list;
}

/* The assignment in force here that ends first: what is said does not hold longer. */
static const struct assignment *ends_first(const struct subject *subject, const struct place *place,
					   int64_t now)
{
	const struct assignment *first = NULL;

	for (size_t i = 0; i < subject->assignment_count; i++) {
		const struct assignment *one = &subject->assignments[i];
		bool here = !place || assignment_covers(subject->practice, one, place->location->id);
		bool holds = one->valid_from <= now && one->valid_until > now;

		if (here && holds && (!first || one->valid_until < first->valid_until))
			first = one;
	}
	return first;
}

static json_t *assignment_of(const struct assignment *assignment)
{
	json_t *object = json_object();

	json_set_text(object, "id", assignment->id);
	json_set_text(object, "src", assignment->source);
	json_set(object, "exp", json_integer(assignment->valid_until));
	return object;
}

static json_t *person_of(const struct account *account)
{
	json_t *object = json_object();
	json_t *taxonomy = json_object_get(account->profile, "taxonomy"),
	       *license = json_object_get(account->profile, "license");

	json_set_text(object, "npi", account->npi);
	if (json_array_size(taxonomy))
		json_set(object, "taxonomy", json_deep_copy(taxonomy));
	if (json_array_size(license))
		json_set(object, "license", json_deep_copy(license));
	if (text_equal(account->class_, "external"))
		json_set(object, "external", json_true());
	return object;
}

json_t *clinic_claim(struct work *work, const struct subject *subject, const struct place *place,
		     enum claims_for for_)
{
	const struct assignment *limit = ends_first(subject, place, work->now);
	json_t *clinic = json_object();
	AUTO(json_done) json_t *person = for_ == CLAIMS_ACCESS_TOKEN ? NULL : person_of(&subject->account);

	json_set(clinic, "v", json_integer(SCHEMA_VERSION));
	json_set(clinic, "practice", named(subject->practice->id, subject->practice->name, for_));
	if (place)
		json_set(clinic, "location", active_location(place->location, for_));
	json_set(clinic, "locations", locations(&subject->standing, place, for_));
	if (is_truncated(&subject->standing, for_))
		json_set(clinic, "locations_truncated", json_true());
	if (limit)
		json_set(clinic, "assignment", assignment_of(limit));
	if (json_object_size(person))
		json_set(clinic, "person", TAKE(person));
	return clinic;
}

/* "location:role", for apps that read only flat texts. */
json_t *groups_claim(struct work *work, const struct subject *subject, const struct place *place,
		     enum claims_for for_)
{
	const struct standing *standing = &subject->standing;
	bool truncated = is_truncated(standing, for_);
	json_t *list = json_array();

	for (size_t i = 0; i < standing->place_count; i++) {
		const struct place *at = &standing->places[i];

		if (truncated && at != place)
			continue;
		for (const char *const *role = at->roles; *role; role++)
			json_array_append_new(list, json_string(arena_print(work->arena, "%s:%s",
									    at->location->id, *role)));
	}
	return list;
}
