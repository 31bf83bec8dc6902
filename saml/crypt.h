/* crypt.h: XML signatures and encryption of our own making, by libxmlsec1, for what lasso does not do: signed
 * metadata, a signed response around an encrypted assertion, AES-GCM. Behind desk.h; XML nodes stay inside.
 */
#ifndef SAML_CRYPT_H
#define SAML_CRYPT_H

#include <libxml/tree.h>

#include "base/base.h"

struct work;
struct certificate;

/* Once, by saml_library_start (cabinet.h), after lasso_init has initialized xmlsec: xmlsec opens neither
 * files nor connections. */
void crypt_start(void);

/* Signs an element of its document with our active XML key: enveloped, exclusive C14N, RSA-SHA256, the
 * Signature right behind `after` (an element child; NULL: as the first child), KeyInfo with our certificate.
 * The element's ID attribute is `ID`; it must be the only one with that value. The key is kept by the thread
 * as long as it is the active one. */
enum err crypt_sign(struct work *work, xmlNode *element, xmlNode *after) MUST_USE;

/* Puts an EncryptedAssertion in the place of the Assertion, which is freed: AES-256-GCM, the key wrapped by
 * RSA-OAEP: rsa-oaep-mgf1p with SHA-1, for Debian's libxmlsec1 1.2.37 has no other (XML Encryption 1.1 5.5.2;
 * as mask and label hash SHA-1 needs no resistance to collisions, and it is what every service provider
 * reads). The EncryptedKey stands in the EncryptedData's KeyInfo. Namespaces that the assertion has from its
 * ancestors are declared on it first: it is decrypted where they are not; exclusive C14N keeps its signature
 * valid. */
enum err crypt_encrypt(struct work *work, xmlNode *assertion, const struct certificate *to) MUST_USE;

#endif
