/* received.h: a protocol message as it came, decoded, scanned, parsed once and checked in all that needs no
 * key (SAML Bindings 3.2 to 3.5, Core 3.2, 3.4, 3.7, 3.5).
 *
 * Refused before a signature is looked at: base64 that is not canonical (line ends are fine in a POST), a
 * deflate stream above the cap or with bytes behind it, what xml_scan refuses, another root than expected (in
 * SOAP: than the one child of Body), Version other than 2.0, an ID that is no NCName of 16 to 256 characters
 * or occurs twice, an Issuer that is missing or no plain entity id, several Signatures, a Signature elsewhere
 * than right behind the Issuer, more than one SignedInfo or Reference, a Reference that is not "#" + the
 * root's ID, algorithms beyond RSA/ECDSA with SHA-256, SHA-384, SHA-512 (digest: SHA-256 up;
 * canonicalization: exclusive; transforms: enveloped and exclusive, once each), SigAlg of a redirect
 * likewise, a text value that is not one text node, a NameID or Issuer with elements in it, an IssueInstant
 * that is stale or to come (beyond SAML_SKEW), a Destination that is not the address it came to (missing is
 * fine when unsigned; a signed message over a front channel must have it, Bindings 3.4.5.2, 3.5.5.2). */
#ifndef SAML_RECEIVED_H
#define SAML_RECEIVED_H

#include "base/base.h"
#include "saml/saml.h"

struct work;
struct form;

enum saml_message { AUTHN_REQUEST, LOGOUT_REQUEST, LOGOUT_RESPONSE, ARTIFACT_RESOLVE };

/* What came in. */
struct arrival {
	enum saml_binding binding; /* REDIRECT, POST, SOAP (PAOS comes in as SOAP) */
	const struct form *fields; /* the parsed query of a REDIRECT, the form of a POST */
	const char *raw_query;     /* REDIRECT: the bytes that were signed */
	struct bytes body;         /* SOAP */
	const char *address;       /* absolute URL of ours that it came to */
};

struct requested_context {
	const char *comparison;     /* "exact" when missing; NULL: no RequestedAuthnContext */
	const char *const *classes; /* at most 16 */
};

/* Flat; texts live in the work's arena. */
struct received {
	enum saml_message message;
	enum saml_binding binding;
	const char *xml; /* the message itself, without envelope */
	const char
		*signed_query; /* REDIRECT with a signature: SAMLxxx=..&RelayState=..&SigAlg=..&Signature=..,
				  the raw values in the order that is signed (Bindings 3.4.4.1); else NULL */
	bool has_signature;    /* of either kind; whether it is right desk.h says */
	const char *id, *issuer, *destination, *relay_state; /* NULL: not there */
	int64_t issue_instant;

	/* AuthnRequest */
	const char *acs_url;           /* AssertionConsumerServiceURL */
	int64_t acs_index;             /* -1 */
	enum saml_binding acs_binding; /* ProtocolBinding */
	const char *protocol_binding;  /* as written, when it is none of ours; NULL */
	const char *name_id_policy;    /* Format; NULL */
	const char *sp_name_qualifier;
	bool force_authn, is_passive;
	struct requested_context context;
	const char *subject; /* a NameID of Subject that the request asks for; NULL */

	/* LogoutRequest */
	const char *name_id, *name_id_format, *name_qualifier, *name_sp_qualifier;
	const char *const *session_indexes; /* at most 16; ends with NULL */
	int64_t not_on_or_after;            /* 0: none */

	/* LogoutResponse */
	const char *in_response_to;
	const char *status, *sub_status; /* the last part of SAML's own URIs ("Success"), else as written */

	/* ArtifactResolve */
	const char *artifact;
};

/* SAMLRequest or SAMLResponse, whatever `expected` says. On refusal fault(w, ERR_SAML_..., "<stable word>:
 * details") with a word of words.def: ERR_SAML_MALFORMED, ERR_SAML_TOO_LARGE, ERR_SAML_ALGORITHM,
 * ERR_SAML_STALE, ERR_SAML_DESTINATION. *word (may be NULL) is set to the stable word for the audit, and *out
 * is filled as far as it was read (issuer NULL: not known). */
enum err received_read(struct work *work, const struct arrival *arrival, enum saml_message expected,
		       struct received *out, const char **word) MUST_USE;

#endif
