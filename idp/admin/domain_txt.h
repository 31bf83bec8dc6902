/* domain_txt.h: does a domain's DNS say that it is ours to use? A TXT record at _lanyard.DOMAIN, or at DOMAIN
 * itself. Asked of the machine's resolver, or of outbound.resolver; bounded at about 5 s. */
#ifndef ADMIN_DOMAIN_TXT_H
#define ADMIN_DOMAIN_TXT_H

#include "base/base.h"

struct work;

#define DOMAIN_TXT_LABEL "_lanyard."
#define DOMAIN_TXT_WORD  "lanyard-verification="

/* ERR_NOT_FOUND: there is no such record, or it says something else; ERR_FETCH: nobody answered. The reason
 * is for people. */
enum err domain_txt_check(struct work *work, const char *domain, const char *token) MUST_USE;
/* Has this answer (RFC 1035 4.1) a TXT record that is exactly the wanted text? */
bool domain_txt_says(const uint8_t *answer, size_t size, const char *wanted);

#endif
