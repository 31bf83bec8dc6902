/* response.h: what an identity provider says of a person: a Response with one Assertion, or nothing of it
 * (SAML Profiles 4.1.4.2, 4.1.4.3, 4.1.5).
 *
 * Bytes are scanned, parsed once, looked at for their form, verified with the keys of the connection's
 * metadata, opened when they are encrypted (then scanned and parsed as anything else), verified again, and
 * weighed row by row (response_checks.c). What is read is read from the tree that was verified. Everything is
 * flat afterwards. */
#ifndef SAML_RESPONSE_H
#define SAML_RESPONSE_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct connection;
struct provider;

struct response_ask {
	const struct connection *connection;
	const struct provider *provider;
	const char *acs;        /* our address, Destination and Recipient */
	const char *audience;   /* our entity id */
	const char *request_id; /* that is answered; NULL: nobody asked, and nothing may say so */
	int64_t fresh_since;    /* signed in not before; 0: whenever */
	/* For people who paste one: every check is a row {"check", "outcome", "why", "mend"}, the next
	 * follows whatever came of it, and any request may be answered; an Assertion alone will do. NULL: the
	 * first that fails refuses. */
	json_t *findings;
};

/* Texts live in the work's arena. */
struct response_said {
	const char *issuer, *assertion_id;
	int64_t keep_until; /* nobody may show it again until then */
	const char *name_id, *name_id_format, *name_qualifier, *sp_name_qualifier; /* NULL: not there */
	const char *session_index, *context_class;                                 /* NULL */
	int64_t auth_time, session_ends_at;                                        /* 0: open */
	json_t *attributes; /* {Name: [text, ...]}, and by FriendlyName where no Name is so; in the arena */
	bool was_encrypted;
};

/* ERR_UPSTREAM_ANSWER, ERR_UPSTREAM_DENIED, and others by words.def; *word is the stable word. With findings
 * OK unless it cannot be read at all (ERR_DOCUMENT). */
enum err response_read(struct work *work, struct bytes xml, const struct response_ask *ask,
		       struct response_said *out, const char **word) MUST_USE;

/* A look at what came, before it is known whose it is: is it a Response at all, and which request does it say
 * it answers (NULL: none)? Nothing of it is trusted. */
enum err response_peek(struct work *work, struct bytes xml, const char **in_response_to,
		       const char **word) MUST_USE;

#endif
