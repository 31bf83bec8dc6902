/* email.h: the one form of an e-mail address and of a domain (security.md B10, B14). For this room;
 * what others need is in account.h; domains are declared by commands too. */
#ifndef PEOPLE_EMAIL_H
#define PEOPLE_EMAIL_H

#include "base/base.h"

/* Lower-case letters, digits and - in labels with dots between; ASCII (IDNA's A-labels), at most 253 bytes.
 */
bool domain_is_sound(const char *domain);

#endif
