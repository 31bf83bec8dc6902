/* commands_app.h: between commands_app.c and commands_saml_app.c alone: apps declared on the command line. */
#ifndef ADMIN_COMMANDS_APP_H
#define ADMIN_COMMANDS_APP_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct client;
struct app_change;

/* The declaration that stands, or an empty one. In the arena. */
json_t *app_declaration(struct work *work, const struct client *client);
/* What options say, into the declaration. */
void app_fill(struct work *work, json_t *declared, const json_t *arguments);
/* Ids are never given again: ERR_CONFLICT. */
enum err app_id_is_free(struct work *work, const char *id) MUST_USE;
/* Checks, fetches and writes it. */
enum err app_write(struct work *work, struct app_change *change, bool *changed) MUST_USE;

enum err saml_app_add(struct work *work, const json_t *arguments, json_t **result,
		      const char **message) MUST_USE;
/* --metadata, of a file or an address. */
void saml_metadata_fill(json_t *declared, const json_t *arguments);
/* What is known of it beside its declaration; its XML shrinks to its size. */
enum err saml_app_show(struct work *work, const struct client *client, json_t *shown) MUST_USE;

#endif
