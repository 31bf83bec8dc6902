/* lookup.h: what commands share: their arguments, and which practice or account is meant.
 *
 * A usage mistake is fault(work, ERR_PARAMETER_MALFORMED, ...): its reason is what people read. */
#ifndef ADMIN_LOOKUP_H
#define ADMIN_LOOKUP_H

#include <jansson.h>

#include "admin/command.h"
#include "base/base.h"

struct work;
struct practice;
struct subject;
struct assignment;

#define SOURCE_BASE "base" /* of assignments that people declare */

/* What a command's table needs from every file: one per noun, each ends with a row without noun. */
extern const struct command apply_commands[], app_commands[], connection_commands[], doctor_commands[],
	domain_commands[], explain_commands[], grant_commands[], keys_commands[], link_commands[],
	location_commands[], practice_commands[], role_commands[], session_commands[], user_commands[];

const char *arg(const json_t *arguments, const char *name); /* NULL when missing */
bool arg_is(const json_t *arguments, const char *name);     /* the flag was given */
const char *const *arg_list(struct work *work, const json_t *arguments,
			    const char *name); /* NULL when missing */
/* Notes what is missing. */
enum err arg_need(struct work *work, const json_t *arguments, const char *name, const char **out) MUST_USE;
/* --yes, or --confirm with exactly this text. */
enum err confirmed(struct work *work, const json_t *arguments, const char *text, const char *what) MUST_USE;

/* --practice, or the only one there is; becomes work->practice. */
enum err practice_meant(struct work *work, const json_t *arguments, const struct practice **out) MUST_USE;
/* By e-mail address in work->practice. ERR_NOT_FOUND. */
enum err account_id_of(struct work *work, const char *email, const char **id) MUST_USE;
/* The argument `user`, in --practice or in the only practice that has the address. */
enum err account_meant(struct work *work, const json_t *arguments, struct subject *out) MUST_USE;

/* --role and --location (or all) as assignments of source base; both must be there and known. */
enum err assignments_meant(struct work *work, const struct practice *practice, const json_t *arguments,
			   struct assignment **out, size_t *count) MUST_USE;
/* "provider@main,west", "owner@all" */
json_t *assignments_shown(struct work *work, const struct assignment *list, size_t count);
json_t *time_shown(struct work *work, int64_t seconds); /* RFC 3339, or null for 0 */
void append(json_t *list, json_t *entry_taken);         /* asserts that it works */

#endif
