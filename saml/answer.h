/* answer.h: how a finished message leaves: by a form, a redirect, an envelope. For the files of this room. */
#ifndef SAML_ANSWER_H
#define SAML_ANSWER_H

#include "base/base.h"
#include "saml/desk.h"

struct request;

/* A page with one form; a script of ours presses its button, without script a person does. */
enum err answer_by_form(struct request *rq, const char *address, const char *field, const char *value,
			const char *relay_state) MUST_USE;
/* Whatever the binding made of it. */
enum err answer_outgoing(struct request *rq, const struct outgoing *message,
			 const char *relay_state) MUST_USE;
/* text/xml, for SOAP. */
enum err answer_soap(struct request *rq, const char *envelope) MUST_USE;

#endif
