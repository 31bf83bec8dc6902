/* logout.h: single logout (SAML Core 3.7, Profiles 4.4): apps that sign people out, and apps that are told.
 */
#ifndef SAML_LOGOUT_H
#define SAML_LOGOUT_H

#include "base/base.h"

struct request;
struct participant;

/* How SAML apps are told that a session ended: by SOAP where they have such an endpoint (from the outbox,
 * tried again), else in a frame of the signed-out page. */
extern const struct participant saml_participant;

/* Handlers of routes.c. */
enum err saml_slo(struct request *rq);
enum err saml_slo_post(struct request *rq);
enum err saml_slo_soap(struct request *rq);
enum err saml_slo_done(struct request *rq);
enum err saml_slo_frame(struct request *rq);

#endif
