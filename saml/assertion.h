/* assertion.h: the Assertion of a statement as a tree (SAML Core 2, Profiles 4.1.4.2). For desk_response.c.
 */
#ifndef SAML_ASSERTION_H
#define SAML_ASSERTION_H

#include <libxml/tree.h>

#include "base/base.h"

struct work;
struct statement;

/* Unsigned. ERR_INTERNAL when a text is none that XML can carry. */
enum err assertion_tree(struct work *work, const struct statement *statement, const char *id,
			xmlNode **out) MUST_USE;

#endif
