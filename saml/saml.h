/* saml.h: the words that the files of this room share: names of SAML 2.0 and our addresses. */
#ifndef SAML_SAML_H
#define SAML_SAML_H

#include "base/base.h"

/* Paths under the issuer; metadata publishes them, routes.c serves them. The entity id is issuer +
 * PATH_METADATA. */
#define PATH_SAML_METADATA "/saml/metadata"
#define PATH_SAML_SSO      "/saml/sso"          /* HTTP-Redirect and HTTP-POST */
#define PATH_SAML_ASKED    "/saml/sso/asked"    /* where a posted request goes on by GET, with our cookies */
#define PATH_SAML_CONTINUE "/saml/sso/continue" /* after the sign-in pages */
#define PATH_SAML_START    "/saml/sso/start"    /* ?sp=ENTITY_ID[&RelayState=]: IdP-initiated */
#define PATH_SAML_ECP      "/saml/ecp"          /* SOAP, HTTP Basic */
#define PATH_SAML_SLO      "/saml/slo"          /* HTTP-Redirect and HTTP-POST */
#define PATH_SAML_SLO_SOAP "/saml/slo/soap"
#define PATH_SAML_SLO_DONE "/saml/slo/done"  /* the last step of a logout that an app asked for */
#define PATH_SAML_FRAME    "/saml/slo/frame" /* a form for an app, in a frame of the signed-out page */
#define PATH_SAML_ARTIFACT "/saml/artifact"  /* SOAP */

/* As a service provider of a connection: /saml/sp/{connection}/metadata is the entity id, too. */
#define PATH_SP_METADATA "/saml/sp/{connection}/metadata"
#define PATH_SP_ACS      "/saml/sp/{connection}/acs" /* HTTP-POST */
#define PATH_SP_ARRIVED                                                                                      \
	"/saml/sp/{connection}/arrived" /* where a posted answer goes on by GET, with our cookies */
#define PATH_SP_SLO      "/saml/sp/{connection}/slo" /* HTTP-Redirect and HTTP-POST */
#define PATH_SP_SLO_SOAP "/saml/sp/{connection}/slo/soap"
struct work;
/* The absolute address of one of these for a connection, in the work's arena. */
char *sp_address(const struct work *work, const char *path, const char *connection_id);

/* SAML Bindings 2.0. */
enum saml_binding {
	BINDING_NONE,
	BINDING_REDIRECT,
	BINDING_POST,
	BINDING_ARTIFACT,
	BINDING_SOAP,
	BINDING_PAOS
};
const char *saml_binding_uri(enum saml_binding binding); /* NULL for BINDING_NONE */
enum saml_binding saml_binding_of(const char *uri);      /* BINDING_NONE: not one of these */

/* SAML Core 8.3. */
enum name_id_format { NAME_ID_UNSPECIFIED, NAME_ID_PERSISTENT, NAME_ID_TRANSIENT, NAME_ID_EMAIL };
const char *name_id_uri(enum name_id_format format);
bool name_id_of(const char *uri, enum name_id_format *out); /* false: none that we give */
const char *name_id_word(enum name_id_format format);       /* "persistent", as an app is declared */

/* Seconds. */
#define SAML_SKEW              180 /* clocks of apps */
#define SAML_REQUEST_LIFETIME  300 /* from IssueInstant; beyond it, and SAML_SKEW, a request is stale */
#define SAML_ARTIFACT_LIFETIME 60
#define SAML_RELAY_MAX         2048 /* bytes of RelayState; the standard says 80, apps send more */

#endif
