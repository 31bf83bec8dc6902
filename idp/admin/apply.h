/* apply.h: the document that declares practices, staff, roles and apps: read it, compare it with what
 * is there, carry the difference out, and write it.
 *
 *	text --apply_read--> document --apply_plan--> plan --apply_run--> store
 *	                              picture_take ^                      |
 *	                                           '----------------------'
 *
 * A picture is what is there, in the document's own form; export prints it. So a document that was
 * exported and is applied again makes an empty plan, and so does any document the second time.
 * What a document does not name stays as it is; pruning removes what a written-out list leaves out. */
#ifndef ADMIN_APPLY_H
#define ADMIN_APPLY_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;
struct yaml_document;

/* apply_fields.c: one row a field; apps and connections have the rows of store/apps.h and store/connections.h
 * besides. */
enum apply_kind {
	APPLY_TEXT,
	APPLY_LINES, /* text that may have line breaks */
	APPLY_SLUG,
	APPLY_EMAIL,
	APPLY_WORD,
	APPLY_FLAG,
	APPLY_DATE,
	APPLY_PHONE,
	APPLY_NPI,
	APPLY_TIMEZONE,
	APPLY_SECRET, /* text that is never shown */
	APPLY_TEXTS,
	APPLY_SLUGS,
	APPLY_NETWORKS,
	APPLY_LOCATIONS, /* "all" or a list of location ids */
	APPLY_OBJECT,    /* its fields stand in rows below this path */
	APPLY_OBJECTS,   /* a list of such */
	APPLY_FREE,      /* an object that its own room checks */
};
enum apply_need { OPTIONAL, AT_CREATION, REQUIRED };
struct apply_field {
	const char *path; /* "practices.staff.email" */
	enum apply_kind kind;
	enum apply_need need;
	const char *words; /* APPLY_WORD: the choices, with spaces between */
	const char *help;
	bool profile; /* of an account: stands in its profile */
};
extern const struct apply_field apply_fields[]; /* ends with path NULL */
/* The row of this member, or NULL. */
const struct apply_field *apply_field_find(const char *path, const char *member);
/* The member's name when the row stands right below the path, else NULL. */
const char *apply_field_below(const struct apply_field *field, const char *path);

struct apply_document {
	const char *file; /* for messages; may be NULL */
	struct yaml_document *yaml;
	json_t *practices, *apps; /* all of them, over the documents of the text */
	bool names_practices, names_apps;
};
/* Reads and checks each field by its row. ERR_DOCUMENT: the reason is "line 3, column 5: ...". */
enum err apply_read(struct work *work, const char *file, const char *text, size_t size,
		    struct apply_document *out) MUST_USE;
/* apply_files.c: what `metadata_file` names becomes the metadata of the app or connection. files: texts by
 * the name that the document writes, read by the command on its own machine (NULL: none); no door of the
 * server reads a file by name. */
enum err apply_files(struct work *work, const struct apply_document *document, const json_t *files) MUST_USE;
/* Notes ERR_DOCUMENT about a member (key NULL: the object itself). */
enum err apply_complain(struct work *work, const struct apply_document *document, const json_t *object,
			const char *key, const char *what, ...) PRINTF(5, 6);

/* export.c: what is there. Hashes of passwords and client secrets only when asked for. */
enum err picture_take(struct work *work, bool with_hashes, json_t **out) MUST_USE;

enum thing { THING_PRACTICE, THING_LOCATION, THING_ROLE, THING_CONNECTION, THING_STAFF, THING_APP };
enum verb { VERB_CREATE, VERB_CHANGE, VERB_REMOVE };
struct step {
	enum thing thing;
	enum verb verb;
	const char *practice, *id; /* id: slug, e-mail address, client_id or entity_id */
	json_t *declared;          /* NULL when it is removed; borrowed from the document */
	json_t *merged;            /* what is there, overlaid with what is declared */
	json_t *fields;            /* {"name": ["old", "new"]}, secrets masked */
	int64_t position;          /* of a location */
};
struct plan {
	struct step *steps;
	size_t count, room;
};
struct plan_how {
	bool prune;           /* remove what a written-out list leaves out */
	bool prune_practices; /* practices too: only when the operator said yes */
};
/* Checks names that point to each other, then compares. Of the store only apps and connections are read, by
 * app_check and connection_check. */
enum err apply_plan(struct work *work, const struct apply_document *document, const json_t *picture,
		    const struct plan_how *how, struct plan *out) MUST_USE;
/* apply_names.c: what a document's names point to, with the snapshot's; part of apply_plan. */
enum err apply_names_check(struct work *work, const struct apply_document *document,
			   const json_t *picture) MUST_USE;
/* The entries of a list so that what they point to (member: one id or a list of ids) stands before them;
 * NULL when they go in a circle. Ends with NULL. */
json_t **apply_ordered(struct arena *arena, const json_t *list, const char *member);
/* What the entry is found by: its member; an app's client_id or, of a SAML app, its entity_id. */
const char *entry_id(const json_t *entry, const char *member);
/* The entry of this id (e-mail addresses: in canonical form), or NULL. */
json_t *entry_find(struct arena *arena, const json_t *list, const char *member, const char *id);
json_t *plan_describe(const struct plan *plan); /* a new array, for people and programs */

/* All or nothing per practice, apps together after them; passwords are hashed before each transaction.
 * On failure *done says what was carried out before it. */
enum err apply_run(struct work *work, const struct plan *plan, size_t *done) MUST_USE;

/* apply_docs.c: docs/reference/apply.md and apply.schema.json, from the rows. */
char *apply_reference(struct arena *arena);
char *apply_schema(struct arena *arena);

#endif
