/* decrypt.h: an EncryptedAssertion becomes the bytes of an Assertion (XML Encryption 1.1).
 *
 * AES-GCM and RSA-OAEP alone, unless the connection records that AES-CBC and RSA 1.5 are read too. What is
 * wrong inside (key, padding, tag) is one and the same refusal, and a key that does not open is replaced by a
 * random one so that it takes the same way (RFC 8017 7.2.2 note, security.md H15). Ask only when the message
 * is tied to a sign-in that is under way. */
#ifndef SAML_DECRYPT_H
#define SAML_DECRYPT_H

#include <libxml/tree.h>

#include "base/base.h"
#include "saml/words.h"

struct work;

/* WORD_NONE: *clear is set, in the arena; nothing is known of it yet. else ENCRYPTION, ENCRYPTION_ALGORITHM,
 * DECRYPTION; *err is what is not the sender's fault (keys that cannot be had). */
enum saml_word decrypt_assertion(struct work *work, const xmlNode *encrypted, bool legacy,
				 struct bytes *clear, enum err *err) MUST_USE;

#endif
