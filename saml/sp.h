/* sp.h: this server as the service provider of its connections: the addresses under /saml/sp/{connection}/.
 *
 * A provider posts its answer from another site, so without our cookies (SameSite=Lax): it is looked at, laid
 * aside sealed for a moment, and read in a GET of our own, where the cookie of the sign-in is. */
#ifndef SAML_SP_H
#define SAML_SP_H

#include <jansson.h>

#include "base/base.h"

struct request;
struct work;
struct connection;
struct upstream_person;
struct response_said;
struct received;

/* Handlers of routes.c. */
enum err saml_sp_metadata(struct request *rq);
enum err saml_sp_acs(struct request *rq);
enum err saml_sp_arrived(struct request *rq);
enum err saml_sp_slo(struct request *rq);
enum err saml_sp_slo_post(struct request *rq);
enum err saml_sp_slo_soap(struct request *rq);

/* The SAML connection of the path, also one that is off; its practice becomes the work's. ERR_NOT_FOUND. */
enum err sp_connection(struct request *rq, const struct connection **out) MUST_USE;
/* The request id that goes with a state: "id-" and a MAC of it. */
const char *sp_request_id(struct work *work, const char *state);
/* Our metadata for one connection, and its entity tag. */
enum err sp_metadata_document(struct work *work, const struct connection *connection, const char **xml,
			      const char **etag) MUST_USE;

/* sp_person.c: what was said becomes a person. ERR_UPSTREAM_ANSWER and *word: it does not say who. */
enum err sp_person(struct work *work, const struct connection *connection, const struct response_said *said,
		   struct upstream_person *out, const char **word) MUST_USE;
/* The subject that a logout names; NULL: its name is none that we know people by (an attribute is the
 * subject). */
enum err sp_logout_subject(struct work *work, const struct connection *connection, const struct received *in,
			   const char **subject) MUST_USE;

/* sp_logout.c: `leave` of the connector. */
enum err sp_leave(struct work *work, const struct connection *connection, struct bytes hint,
		  const char *return_to, const char **url) MUST_USE;

#endif
