/* sign_on.h: a sign-on that an app asked for (AuthnRequest) or that begins here, checked and carried through
 * the sign-in as JSON (SAML Profiles 4.1, 4.2).
 *
 * Order is meaning: until `answerable` is true nothing says where an answer may go, and a fault is shown to
 * the person; afterwards it goes to acs_url, an address of the app's metadata, as a Response with a status.
 */
#ifndef SAML_SIGN_ON_H
#define SAML_SIGN_ON_H

#include <jansson.h>

#include "base/base.h"
#include "saml/received.h"
#include "saml/service.h"

struct request;
struct client;
struct practice;
struct session;
struct subject;

struct sign_on {
	const struct client *client;
	const struct service *service;
	const char *entity_id, *request_id; /* request_id NULL: nobody asked */
	const char *relay_state;
	int64_t issued; /* IssueInstant of the request */
	const char *acs_url;
	enum saml_binding acs_binding; /* POST, ARTIFACT, PAOS */
	enum name_id_format format;
	const char *subject; /* NameID that the app wants it to be; NULL: whoever it is */
	bool force_authn, is_passive;
	struct requested_context context;
	const char *need_acr;
	const struct practice *practice; /* the app's only one; NULL: open */
	bool answerable;
};

/* An AuthnRequest as it came: read, its app found, its signature verified, and what it asks looked at. Faults
 * before it is answerable are on record (saml_refused) when this returns. */
enum err sign_on_read(struct request *rq, const struct arrival *arrival, struct sign_on *on) MUST_USE;
/* Without a request: only for apps that allow it. */
enum err sign_on_unasked(struct request *rq, const char *entity_id, const char *relay_state,
			 struct sign_on *on) MUST_USE;

/* Through the sign-in. Reading looks again at everything that may have changed: app, metadata, address. */
json_t *sign_on_to_json(const struct sign_on *on); /* new */
enum err sign_on_from_json(struct work *work, const json_t *json, struct sign_on *on) MUST_USE;

/* May this session have what is asked? since: when the sign-in began, for force_authn; 0: no sign-in was
 * shown. */
struct permission {
	struct subject *subject;
	const char *location_id;
};
enum err sign_on_permit(struct request *rq, const struct sign_on *on, const struct session *session,
			int64_t since, struct permission *out) MUST_USE;

/* The answers (answer.c): by the binding that was asked for. */
enum err sign_on_answer(struct request *rq, const struct sign_on *on, const struct session *session,
			const struct permission *permission) MUST_USE;
/* With a status for the code; before it is answerable, or with the store away, the code itself. */
enum err sign_on_refuse(struct request *rq, const struct sign_on *on, enum err code) MUST_USE;

/* The app that an entity id means: registered, on, serving somebody, its metadata sound. */
enum err saml_app_find(struct work *work, const char *entity_id, const struct client **client,
		       const struct service **service) MUST_USE;

/* A refused message on record: the word in the audit, bounded in number (a flood leaves log lines and a
 * metric). Returns code, or the fault that kept it from being recorded. */
enum err saml_refused(struct request *rq, const char *entity_id, const char *word, enum err code) MUST_USE;

/* Handlers of routes.c. */
enum err saml_sso(struct request *rq);
enum err saml_sso_post(struct request *rq);
enum err saml_sso_asked(struct request *rq);
enum err saml_sso_continue(struct request *rq);
enum err saml_sso_start(struct request *rq);
enum err saml_ecp(struct request *rq);

#endif
