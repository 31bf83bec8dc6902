/* xml_key.h: the RSA key and certificate that SAML messages are signed with, and providers encrypt to.
 *
 * A key of its own, never the one of tokens. Rows of signing_key with alg "SAML": sealed is the PKCS#8
 * private key, public_jwk is the certificate (base64 DER). States as in keyring.h (next, active, retired,
 * compromised), but it rotates by command alone: apps pin certificates. The certificate is self-signed (RFC
 * 5280), ten years, CN the issuer's host, random serial; it is made with the key and the same on all nodes.
 */
#ifndef KEYS_XML_KEY_H
#define KEYS_XML_KEY_H

#include "base/base.h"

struct work;

#define XML_KEY_ALG "SAML"

struct xml_key {
	const char *kid;         /* SHA-256 of the certificate, hex */
	const char *state;       /* "active", "next" */
	const char *certificate; /* base64 DER, no line breaks */
	int64_t not_after;
};
/* The published ones, active first; next is published too, so that apps that read metadata know it before it
 * signs. Makes what is missing (safe on several nodes). Kept in the keyring's picture: no statement and no
 * copy when nothing changed; what is answered lives as long as the work's arena. Not the first time ever
 * inside a transaction or without a store: what is missing cannot be made there (ERR_INTERNAL). */
enum err xml_keys(struct work *work, const struct xml_key **out, size_t *count) MUST_USE;
/* The active private key as PEM, for saml/cabinet.c and saml/crypt.c alone, in memory of its own: wipe it
 * with xml_key_release. kid and certificate_pem live as long as the work's arena. */
enum err xml_key_private(struct work *work, const char **kid, char **pem, char **certificate_pem) MUST_USE;
/* The one that was active before, so that what was encrypted to it can still be read: a row that is retired,
 * not compromised. From the store. *pem NULL: there is none (any more). Released as above. */
enum err xml_key_before(struct work *work, char **pem) MUST_USE;
void xml_key_release(char *pem);

#endif
