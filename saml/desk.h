/* desk.h: the door to lasso: flat checked structs go in, verdicts and finished messages come out.
 *
 * No GObject, no XML node and no key passes it, so what is behind it can move to a process of its own. Behind
 * it each thread has our signing key, another one with the next message once it was rotated, and the keys of
 * the apps whose signatures it checks, until the service's version changes (cabinet.c). Only RSA-SHA256 is
 * signed with; the assertion once, the response too only where asked. Attribute values and names are built as
 * nodes, never as text (security.md H13); what XML 1.0 cannot carry is refused.
 *
 * saml_library_start must have run before the first thread (cabinet.h). Errors: ERR_SAML_SIGNATURE;
 * ERR_SAML_ACS when the address to answer is no longer in the metadata; ERR_INTERNAL for what the libraries
 * cannot do. */
#ifndef SAML_DESK_H
#define SAML_DESK_H

#include "base/base.h"
#include "saml/received.h"
#include "saml/service.h"

struct work;

/* Does the signature of what came hold, by the keys of this app's metadata alone? A signature that is there
 * is always verified; must_be_signed: none at all is refused too. The message's issuer is the service's
 * entity id. */
enum err desk_verify(struct work *work, const struct service *service, const struct received *message,
		     bool must_be_signed) MUST_USE;

/* --- what we say ------------------------------------------------------------------------------------- */

/* A value: text, or an element of HL7 V3 (IHE XUA: ITI TF-2 3.40.4.1.2): <element xmlns="urn:hl7-org:v3"
 * xsi:type="CE" code= codeSystem= codeSystemName= displayName=/>. */
struct saml_value {
	const char *text; /* NULL: the element */
	const char *element, *code, *code_system, *code_system_name, *display_name;
};
struct saml_attribute {
	const char *name, *friendly_name; /* friendly_name may be NULL */
	const char *format;               /* NameFormat URI */
	const struct saml_value *values;
	size_t value_count;
};

struct saml_name_id {
	enum name_id_format format;
	const char *value;
	const char *sp_name_qualifier; /* NULL: none */
};

/* A successful answer. */
struct statement {
	const struct service *service; /* also the audience */
	const char *in_response_to;    /* NULL: nobody asked */
	const char *acs_url;           /* Destination and Recipient */
	struct saml_name_id name_id;
	const char *session_index, *context_class;
	int64_t auth_time, session_ends_at; /* AuthnInstant, SessionNotOnOrAfter */
	int64_t lifetime;                   /* seconds of the assertion and its confirmation */
	const struct saml_attribute *attributes;
	size_t attribute_count;
	bool sign_assertion, sign_response; /* at least one */
	const struct certificate
		*encrypt_to; /* NULL: in the clear. AES-256-GCM, RSA-OAEP with MGF1 (XML Encryption 1.1) */
};
/* The Response as XML text. *assertion_id (may be NULL) for the audit. */
enum err desk_response(struct work *work, const struct statement *statement, const char **xml,
		       const char **assertion_id) MUST_USE;

/* A Response that says no (Core 3.2.2.2): status and sub_status are the last parts of the URIs ("Requester",
 * "RequestDenied", "NoPassive", "NoAuthnContext", "InvalidNameIDPolicy"). Signed. */
struct saml_refusal {
	const struct service *service;
	const char *in_response_to, *acs_url, *status, *sub_status,
		*message; /* sub_status, message may be NULL */
};
enum err desk_refusal(struct work *work, const struct saml_refusal *refusal, const char **xml) MUST_USE;

/* A message made for its binding; what the binding does not use is NULL. */
struct outgoing {
	const char *url;           /* REDIRECT: the whole address, signed; POST: where to */
	const char *field, *value; /* POST: "SAMLRequest" | "SAMLResponse" and base64 */
	const char *soap;          /* SOAP: the envelope */
};

/* A NameID of somebody else's making; NULL: not there. */
struct foreign_name {
	const char *value, *format, *name_qualifier, *sp_name_qualifier;
};

/* Our LogoutRequest to an app or a provider (Core 3.7.1), signed; id: of our making, an NCName. */
struct logout_order {
	const struct service *service;
	enum saml_binding binding; /* REDIRECT, POST, SOAP: with an endpoint in the service */
	const char *id, *session_index;
	struct saml_name_id name_id;
	const char *relay_state;               /* NULL */
	const char *issuer;                    /* NULL: we as an identity provider */
	const struct foreign_name *their_name; /* instead of name_id: as their provider wrote it; NULL */
};
enum err desk_logout_request(struct work *work, const struct logout_order *order,
			     struct outgoing *out) MUST_USE;

/* Our LogoutResponse (Core 3.7.2), signed. */
struct logout_answer {
	const struct service *service;
	enum saml_binding binding;
	const char *in_response_to, *status,
		*sub_status; /* "Success" | "Requester" | "Responder"; "PartialLogout" */
	const char *relay_state;
	const char *issuer; /* NULL: we as an identity provider */
};
enum err desk_logout_response(struct work *work, const struct logout_answer *answer,
			      struct outgoing *out) MUST_USE;

/* A SAML 2.0 artifact of type 0x0004 for us as issuer (Bindings 3.6.4): 44 bytes in base64, 20 of them
 * random. */
enum err desk_artifact_new(struct work *work, const char **artifact) MUST_USE;
/* The SOAP answer to an ArtifactResolve: with the response, or (xml NULL) an empty success (Core 3.5.2).
 * Signed. */
enum err desk_artifact_response(struct work *work, const struct service *service, const char *in_response_to,
				const char *xml, const char **soap) MUST_USE;
/* The envelope of a response over PAOS (SAML Profiles 4.2.4.5): ecp:Response header with the ACS address. */
enum err desk_ecp_response(struct work *work, const char *acs_url, const char *xml,
			   const char **soap) MUST_USE;

/* Our AuthnRequest to a provider (Core 3.4.1), for an answer by POST. */
struct login_order {
	const char *location;      /* of its SingleSignOnService */
	enum saml_binding binding; /* REDIRECT, POST */
	const char *issuer, *acs, *id, *relay_state;
	const char *name_id_format; /* URI; NULL: any */
	const char *context_class;  /* NULL: any */
	bool force_authn, is_unsigned;
};
enum err desk_authn_request(struct work *work, const struct login_order *order,
			    struct outgoing *out) MUST_USE;

#endif
