/* desk_send.h: a tree of ours, signed and made for its binding. For the desk*.c alone. */
#ifndef SAML_DESK_SEND_H
#define SAML_DESK_SEND_H

#include <libxml/tree.h>

#include "base/base.h"
#include "saml/desk.h"

struct work;

struct way {
	enum saml_binding binding; /* REDIRECT, POST, SOAP */
	const char *location, *field, *relay_state;
	bool is_unsigned;
};
/* Takes the tree for SOAP. */
enum err desk_send(struct work *work, const struct way *way, xmlNode **tree, struct outgoing *out) MUST_USE;

#endif
