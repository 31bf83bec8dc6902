/* reading.h: a message while it is read; between the files behind received.h alone. */
#ifndef SAML_READING_H
#define SAML_READING_H

#include <libxml/tree.h>

#include "base/app.h"
#include "saml/received.h"
#include "saml/words.h"

struct reading {
	struct work *work;
	const struct arrival *arrival;
	struct received *out;
	xmlNode *root;      /* of the message, without envelope */
	xmlNode *signature; /* right behind the Issuer; NULL */
	enum saml_word word;
};

/* Notes word and fault; returns the word's error. */
enum err reading_refuse(struct reading *r, enum saml_word word, const char *format, ...) PRINTF(3, 4);
#ifdef __clang_analyzer__
/* As with fault(): that a refusal is never OK stands in another file. */
#define reading_refuse(r, word, ...) ((void)(reading_refuse)((r), (word), __VA_ARGS__), ERR_SAML_MALFORMED)
#endif
/* What a stranger wrote, short enough and plain enough for a log line; NULL: "(none)". */
const char *reading_told(struct reading *r, const char *text);

/* arrival.c: from the fields to XML bytes; sets relay_state and signed_query. */
enum err arrival_unpack(struct reading *r, struct bytes *text) MUST_USE;
/* envelope.c: the one child of a SOAP body becomes a document of its own, and r->root its root. */
enum err envelope_open(struct reading *r, const xmlDoc *doc, struct bytes *text) MUST_USE;
/* structure.c: what all messages share: Issuer, ID, Version, Signature, time, Destination. */
enum err structure_check(struct reading *r) MUST_USE;
/* Its steps, for response.c: the first child as Issuer; ID and Version; no two IDs alike. */
enum err structure_issuer(struct reading *r) MUST_USE;
enum err structure_identity(struct reading *r) MUST_USE;
enum err structure_ids(struct reading *r) MUST_USE;
/* signature.c: the form of r->signature, which is in its place; the key comes later. */
enum err signature_check(struct reading *r) MUST_USE;
/* What we take, the first preferred; metadata says so too. End with NULL. */
extern const char *const signature_methods[], *const digest_methods[];
/* Is a signature method one that we take? */
bool signature_method_allowed(const char *uri);
/* message.c: "AuthnRequest" ..., and the fields of that kind. */
const char *message_name(enum saml_message message);
enum err message_read(struct reading *r) MUST_USE;

#endif
