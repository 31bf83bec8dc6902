/* cabinet.h: what this thread keeps for lasso and libxmlsec: our signing key, and the keys of the apps whose
 * signatures it checks, each parsed once. For the desk*.c and paper.c alone.
 *
 * No LassoServer and no LassoProvider: signing needs our key alone, so an answer costs the same with one
 * registered app and with thousands, and nothing of the libraries is shared between threads. */
#ifndef SAML_CABINET_H
#define SAML_CABINET_H

#include "base/base.h"

struct work;
struct service;
typedef struct _LassoKey LassoKey;
typedef struct _xmlSecKey xmlSecKey;

/* Once in main, before any thread and before any other use of OpenSSL, libxml2 or lasso: SSL_CERT_FILE and
 * SSL_CERT_DIR lead nowhere (else every key that lasso reads loads the system's CA bundle; libcurl and libpq
 * have their CA file of their own), what lasso takes from the environment is removed (LASSO_FLAG can turn
 * verification off), lasso and xmlsec are initialized, messages of glib, libxml2 and xmlsec go to base/log.h.
 */
void saml_library_start(void);

/* Our active XML key. Both belong to the thread and live until the next call of a function of this header on
 * it; another key once it was rotated. */
struct signer {
	LassoKey *key;           /* signs RSA-SHA256 */
	const char *certificate; /* base64 DER */
};
enum err cabinet_signer(struct work *work, struct signer *out) MUST_USE;

/* The app's keys for signing, public, without their certificates. Made on first use, anew when the service's
 * version changes; the least recently used app goes first. Lives as above. Bounded: 64 apps a thread. */
struct verifier {
	xmlSecKey *const *keys;
	size_t count; /* 0: its metadata has none */
};
enum err cabinet_verifier(struct work *work, const struct service *service, struct verifier *out) MUST_USE;
/* Frees this thread's cabinet (a thread key's destructor does so by itself). */
void cabinet_close(void);

#endif
