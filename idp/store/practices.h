/* practices.h: rows of practice, practice_domain and location. Rules live in people/practice.h. */
#ifndef STORE_PRACTICES_H
#define STORE_PRACTICES_H

#include "base/base.h"

struct work;

struct practice_row {
	const char *id, *name, *timezone, *template;
	const char *policy; /* JSON */
	int64_t number, epoch;
	bool disabled, deleted;
};
/* Also deleted ones: their ids are never given again. */
enum err practices_find(struct work *work, const char *id, struct practice_row *out, bool *found) MUST_USE;
enum err practices_all(struct work *work, struct practice_row **out, size_t *count) MUST_USE;
/* Takes the next number; row->number is not read. */
enum err practices_insert(struct work *work, const struct practice_row *row) MUST_USE;
/* The epoch is the store's own: it moves when the practice closes, so what was open then stays dead when it
 * opens again. */
enum err practices_update(struct work *work, const struct practice_row *row) MUST_USE;
enum err practices_retire(struct work *work, const char *id) MUST_USE; /* tombstone, epoch + 1 */
enum err practices_next_epoch(struct work *work, const char *id, bool *found) MUST_USE;
/* Holds the row until the transaction ends: two of them cannot both believe they leave an owner behind. */
enum err practices_lock(struct work *work, const char *id) MUST_USE;
/* Notes that this piece of work met an owner, and asks whether it did. */
enum err practices_note_owner(struct work *work, const char *id) MUST_USE;
enum err practices_noted_owner(struct work *work, const char *id, bool *noted) MUST_USE;

struct domain_row {
	const char *domain, *practice_id;
	const char *checked; /* who vouches for it: DOMAIN_BY_OPERATOR, DOMAIN_BY_DNS; NULL: nobody yet */
	const char *token;   /* what its TXT record has to say; NULL: never asked for */
	int64_t checked_at;
};
#define DOMAIN_BY_OPERATOR "operator"
#define DOMAIN_BY_DNS      "dns"
enum err domains_all(struct work *work, struct domain_row **out, size_t *count) MUST_USE;
/* Those that somebody vouches for. */
enum err domains_of(struct work *work, const char *practice_id, const char *const **out) MUST_USE;
/* The operator vouches for it, also when its check is under way. */
enum err domains_add(struct work *work, const char *practice_id, const char *domain) MUST_USE;
/* A check begins, or begins again: what was vouched for before stays so. */
enum err domains_begin_check(struct work *work, const char *practice_id, const char *domain,
			     const char *token) MUST_USE;
/* Somebody vouches now; the caller calls snapshot_touch. ERR_NOT_FOUND: the practice has no such domain. */
enum err domains_checked(struct work *work, const char *practice_id, const char *domain,
			 const char *how) MUST_USE;
enum err domains_remove(struct work *work, const char *practice_id, const char *domain) MUST_USE;

/* Of work->practice. */
struct location_row {
	const char *id, *parent_id, *name, *timezone;
	const char *networks; /* JSON list, as typed */
	bool archived;
	int64_t position;
};
enum err locations_of(struct work *work, struct location_row **out,
		      size_t *count) MUST_USE; /* in declared order */
enum err locations_put(struct work *work, const struct location_row *row) MUST_USE;

#endif
