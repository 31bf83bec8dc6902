/* commands_connection.h: between the files of lanyard connection and lanyard domain alone. */
#ifndef ADMIN_COMMANDS_CONNECTION_H
#define ADMIN_COMMANDS_CONNECTION_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct connection;
struct practice;

/* The argument `connection`, of any practice or of --practice; work->practice becomes its practice.
 * ERR_NOT_FOUND. */
enum err connection_of_arguments(struct work *work, const json_t *arguments,
				 const struct connection **out) MUST_USE;
/* The same by an id. */
enum err connection_named(struct work *work, const char *id, const struct connection **out) MUST_USE;
/* {"redirect_uri": ...} and its like, added to told with a prefix to each name: what the provider's
 * administrator has to enter. */
void connection_tell_ours(struct work *work, const struct connection *connection, const char *prefix,
			  json_t *told);

/* commands_connection_fill.c: what options say, as members of a declaration; standing: the one that stands,
 * or NULL. ERR_PARAMETER_MALFORMED. */
enum err connection_options(struct work *work, const json_t *arguments, const json_t *standing,
			    json_t *declared) MUST_USE;

/* commands_connection_write.c */
enum err connection_add(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code) MUST_USE;
enum err connection_set(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code) MUST_USE;

/* commands_connection_test.c */
enum err connection_test(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code) MUST_USE;
enum err connection_preview(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code) MUST_USE;

/* commands_domain.c: inside a transaction, in work->practice: domains that the practice has not yet become
 * its own by the operator's word; those that wait for their DNS record go on waiting. */
enum err domains_vouch(struct work *work, const char *const *domains) MUST_USE;

#endif
