/* verify.h: does the signature of this very element hold? For desk.c and response.c, which have looked at its
 * form (signature.c) and its IDs (structure.c) before. */
#ifndef SAML_VERIFY_H
#define SAML_VERIFY_H

#include <libxml/tree.h>

#include "base/base.h"
#include "saml/cabinet.h"

struct arena;

/* The Signature is a child of the element and its one Reference means the element's ID. What holds is the
 * tree: who reads on reads from it, and parses nothing again. */
bool verify_element(struct arena *arena, xmlNode *element, const struct verifier *by) MUST_USE;

#endif
