/* roles.h: rows of role and assignment, of work->practice. Rules live in people/role.h. */
#ifndef STORE_ROLES_H
#define STORE_ROLES_H

#include "base/base.h"

struct work;

struct role_row {
	const char *id, *name;
	const char *inherits;    /* ids with spaces between */
	const char *permissions; /* JSON */
	bool built_in, additive, deleted;
};
enum err roles_of(struct work *work, struct role_row **out, size_t *count) MUST_USE; /* also deleted ones */
enum err roles_put(struct work *work, const struct role_row *row) MUST_USE;
enum err roles_retire(struct work *work, const char *id) MUST_USE;

#define ALL_LOCATIONS "*"
struct assignment_row {
	const char *id, *account_id, *role_id;
	const char *locations; /* ids with spaces between, or ALL_LOCATIONS */
	const char *source, *reason;
	int64_t valid_from, valid_until; /* 0: open */
};
enum err assignments_of(struct work *work, const char *account_id, struct assignment_row **out,
			size_t *count) MUST_USE;
enum err assignments_find(struct work *work, const char *id, struct assignment_row *out,
			  bool *found) MUST_USE;
enum err assignments_insert(struct work *work, const struct assignment_row *row) MUST_USE;
enum err assignments_delete(struct work *work, const char *id) MUST_USE;
enum err assignments_name_role(struct work *work, const char *role_id, bool *any) MUST_USE;
/* Does an active account hold one of two roles everywhere now? */
enum err assignments_cover_all(struct work *work, const char *role, const char *other_role,
			       bool *any) MUST_USE;
/* The same without one assignment. */
enum err assignments_cover_all_but(struct work *work, const char *role, const char *other_role,
				   const char *assignment_id, bool *any) MUST_USE;

#endif
