/* service.h: what a SAML app's metadata says, read strictly into a flat struct (SAML Metadata 2.0).
 *
 * No DTD, no entity beyond the five, bounded size, elements and depth; one EntityDescriptor with the entity
 * id expected (an EntitiesDescriptor is refused by name, with what to do); one SPSSODescriptor that speaks
 * SAML 2.0; every endpoint https (http to loopback under development alone), no fragment; certificates of RSA
 * >= 2048 bits or a P-256/P-384 key; validUntil not passed. Nothing else ever sees the bytes that came from
 * outside: lasso is given values of this struct. */
#ifndef SAML_SERVICE_H
#define SAML_SERVICE_H

#include "base/base.h"
#include "saml/saml.h"

struct arena;

struct endpoint {
	enum saml_binding binding;
	const char *location;
	const char *response_location; /* NULL: location */
	int64_t index;                 /* of an assertion consumer service; -1: none */
	bool is_default;
};

struct certificate {
	const char *base64; /* DER in base64 without blanks */
	const char *subject;
	const char *fingerprint; /* SHA-256 as hex pairs with colons */
	int64_t not_before, not_after;
	bool signing, encryption; /* KeyDescriptor use; without one both */
	bool rsa;
};

struct service {
	const char *entity_id;
	const char *name;             /* mdui DisplayName, else OrganizationDisplayName; NULL */
	bool requests_signed;         /* AuthnRequestsSigned */
	bool wants_assertions_signed; /* the assertion is signed, whatever is declared */
	int64_t valid_until;          /* 0: no end */
	int64_t cache_seconds;        /* cacheDuration; 0: none */
	const struct endpoint *acs;
	size_t acs_count;
	const struct endpoint *slo;
	size_t slo_count;
	const struct certificate *certificates;
	size_t certificate_count;
	const enum name_id_format *formats; /* that it lists and we give, in its order */
	size_t format_count;
	const char *version; /* digest of what it was read from: another text, another version */
};

/* Reads it. entity_id: what must stand in it; NULL: any. ERR_DOCUMENT without fault(): *trouble says what is
 * wrong and what to do, for an administrator ("AssertionConsumerService[2]: http is accepted for loopback
 * alone"). now: for validUntil. development: http to loopback is fine. Texts live in the arena. */
enum err service_read(struct arena *arena, const char *xml, size_t size, const char *entity_id, int64_t now,
		      bool development, struct service *out, const char **trouble) MUST_USE;

/* The assertion consumer service meant by a request (SAML Core 3.4.1): by URL (exact, with the binding asked
 * for when one is), by index, or the default. NULL: none is registered like that. url NULL, index -1, binding
 * NONE: not given. Only POST, ARTIFACT and, where it is asked for, PAOS are ever
 * chosen. */
const struct endpoint *service_acs(const struct service *service, const char *url, int64_t index,
				   enum saml_binding binding);
/* The logout endpoint of the binding, or NULL. */
const struct endpoint *service_slo(const struct service *service, enum saml_binding binding);
/* A certificate to encrypt to: RSA, for encryption, valid now if there is such a one; the one that ends last.
 * One that has ended is better than clear text: its key is trusted because it stands in the metadata. NULL:
 * none. */
const struct certificate *service_encryption(const struct service *service, int64_t now);
bool certificate_is_valid(const struct certificate *certificate, int64_t now);
/* When the first of its certificates ends; 0: it has none. */
int64_t service_expires(const struct service *service);

#endif
