/* logout_wait.h: who else took part in sessions that ended, and whether they know (SAML Core 3.7.3.2). */
#ifndef SAML_LOGOUT_WAIT_H
#define SAML_LOGOUT_WAIT_H

#include "base/base.h"

struct work;

/* Some seconds at most, on the SLOW lane, in work->practice, until every app of these sessions but the asker
 * has confirmed or has its message. *all false: one has not; the answer says PartialLogout. sids ends with
 * NULL. */
enum err logout_wait(struct work *work, const char *const *sids, const char *asker, bool *all) MUST_USE;

#endif
