/* tls.h: certificate and key for our own TLS listener (libmicrohttpd speaks it through GnuTLS): TLS 1.2
 * and 1.3. A reload would read anew and hand the pair to the next daemon: nothing here is global. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/base.h"

struct config;

#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct tls {
	char *certificate, *key; /* PEM; NULL: plain HTTP */
};
/* Reads both files and checks that they belong together. */
enum err tls_read(const struct config *config, struct tls *out, char *message, size_t message_size) MUST_USE;
void tls_done(struct tls *tls); /* wipes */

#endif
