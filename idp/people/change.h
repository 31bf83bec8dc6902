/* change.h: what every declared change has in common: is the name fine, what differs, how it is told. */
#ifndef PEOPLE_CHANGE_H
#define PEOPLE_CHANGE_H

#include <jansson.h>

#include "base/base.h"

struct arena;

/* 1 to 200 bytes of UTF-8 without control characters, not only blanks. */
bool name_is_fine(const char *name);
/* An IANA time zone that this machine knows. */
bool timezone_is_known(const char *name);
/* Ids with spaces between; "" for none. */
char *list_join(struct arena *arena, const char *const *list);

/* Adds "field": [old, new] when they differ; for the audit, so never with a secret. */
void change_note(json_t *change, const char *field, const char *old, const char *new_);
void change_note_flag(json_t *change, const char *field, bool old, bool new_);

/* "colour: unknown field, did you mean color?" known ends with NULL. */
const char *field_unknown(struct arena *arena, const char *name, const char *const *known);
/* What stands with what is declared now; null takes a member away. Of metadata and metadata_url the one
 * declared now takes the place of the other. In the arena. */
json_t *document_merge(struct arena *arena, const json_t *before, const json_t *declared);
/* A declaration for the audit: XML by its digest. NULL gives NULL. */
const char *document_shown(struct arena *arena, const char *document);

#endif
