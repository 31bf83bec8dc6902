/* apps.h: rows of app and app_practice, and the table of fields that an app can declare.
 *
 * The table is the one description: what is checked (people/app_registry.h), how struct client is
 * filled, and what docs/reference/apply.md says. */
#ifndef STORE_APPS_H
#define STORE_APPS_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct client;

enum app_kind {
	APP_TEXT,      /* plain text, bounded by max bytes */
	APP_ID,        /* letters, digits and . _ : - */
	APP_WORD,      /* one of words */
	APP_WORDS,     /* a list of some of words */
	APP_SLUGS,     /* a list of ids: practices, roles */
	APP_CLAIMS,    /* a list of claims */
	APP_REDIRECTS, /* a list of redirect addresses */
	APP_RESOURCES, /* a list of absolute URIs without fragment (RFC 8707 2) */
	APP_ADDRESS,   /* one https address without fragment */
	APP_FLAG,
	APP_SECONDS,    /* a number or "5m", from min to max */
	APP_KEYS,       /* a JWK Set */
	APP_ENTITY,     /* an entity id: an absolute URI of visible ASCII (SAML Core 8.3.6) */
	APP_XML,        /* SAML metadata as text */
	APP_ATTRIBUTES, /* a list of objects that the protocol's room checks */
};
/* Which apps have the field. */
enum app_type { APP_OF_OIDC = 1, APP_OF_SAML = 2, APP_OF_BOTH = APP_OF_OIDC | APP_OF_SAML };
struct app_field {
	const char *name;
	enum app_kind kind;
	enum app_type of;
	const char *words;    /* allowed, with spaces between */
	const char *fallback; /* default: a word, words, "true", seconds; NULL: none */
	int64_t min, max;
	size_t at; /* in struct client; APP_NOWHERE: a column of its own */
	const char *help;
};
#define APP_NOWHERE ((size_t)-1)
extern const struct app_field app_fields[]; /* ends with name NULL */
/* "oidc" when it says none. */
enum app_type app_type_of(const json_t *declared);
const char *app_type_word(enum app_type type); /* "oidc", "saml", "oidc, saml" */
/* What the app is found by: a SAML app's entity_id, another's client_id; NULL: it names none. */
const char *app_declared_id(const json_t *declared);

/* From a document that was checked when it was declared. Texts are borrowed from metadata. */
void client_fill(struct arena *arena, const json_t *metadata, struct client *out);

struct app_row {
	const char *client_id, *type, *name, *metadata, *secret_hash;
	bool disabled, deleted;
};
enum err apps_find(struct work *work, const char *client_id, struct app_row *out, bool *found) MUST_USE;
enum err apps_all(struct work *work, struct app_row **out,
		  size_t *count) MUST_USE; /* by client_id; also deleted ones */
enum err apps_insert(struct work *work, const struct app_row *row) MUST_USE;
enum err apps_update(struct work *work, const struct app_row *row) MUST_USE;
enum err apps_retire(struct work *work, const char *client_id) MUST_USE;

struct app_practice_row {
	const char *client_id, *practice_id;
};
enum err app_practices_all(struct work *work, struct app_practice_row **out,
			   size_t *count) MUST_USE; /* by client_id, practice_id */
enum err app_practices_set(struct work *work, const char *client_id, const char *const *practices) MUST_USE;
/* What the app was given in work->practice ends: families and codes. */
enum err apps_end_grants(struct work *work, const char *client_id) MUST_USE;

#endif
