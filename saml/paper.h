/* paper.h: a message of ours while it is written: lasso's nodes become an XML tree, the tree is signed by
 * lasso's key and becomes text. For the desk*.c alone.
 *
 * Trees here have no document: lasso signs an element by giving it one for a moment. */
#ifndef SAML_PAPER_H
#define SAML_PAPER_H

#include <libxml/tree.h>

#include "base/base.h"
#include "saml/cabinet.h"

struct arena;
typedef struct _LassoNode LassoNode;
typedef struct _LassoSaml2NameID LassoSaml2NameID;
typedef struct _LassoSamlp2Status LassoSamlp2Status;
typedef struct _LassoSamlp2StatusResponse LassoSamlp2StatusResponse;
struct saml_name_id;

void node_done(LassoNode **node); /* for AUTO */
void tree_done(xmlNode **tree);   /* for AUTO */

/* "_" and 160 random bits as hex: an NCName. lasso's own come from a Mersenne Twister, which whoever sees
 * enough of them can foretell (Core 1.3.4 asks for no more than unique; ours are unguessable too). */
char *paper_id(struct arena *arena);
/* Our entity id as an identity provider. */
char *paper_issuer(struct work *work);
/* True when XML 1.0 can carry the text (2.2 Char); NULL too. */
bool paper_carries(const char *text);

/* New nodes; the caller's. */
/* by NULL: as an identity provider. */
LassoSaml2NameID *paper_issuer_node(struct work *work, const char *by);
LassoSaml2NameID *paper_name_id(struct work *work, const struct saml_name_id *name_id);
/* status and sub_status: the last parts of the URIs; sub_status, message NULL: none. */
LassoSamlp2Status *paper_status(const char *status, const char *sub_status, const char *message);
/* ID, Version, IssueInstant, Issuer (as an identity provider) and what is given; NULL: absent. */
void paper_head_response(struct work *work, LassoSamlp2StatusResponse *response, const char *in_response_to,
			 const char *destination);

/* The node's tree, unsigned. */
enum err paper_tree(struct work *work, LassoNode *node, xmlNode **out) MUST_USE;
/* Signs the element, a tree of its own: enveloped, exclusive C14N, RSA-SHA256, the Signature right behind the
 * Issuer, our certificate in KeyInfo. */
enum err paper_sign(struct work *work, const struct signer *signer, xmlNode *tree) MUST_USE;
/* XML that we wrote, read again. */
enum err paper_read(struct work *work, const char *xml, xmlNode **out) MUST_USE;
/* The tree as text in the arena. */
const char *paper_text(struct arena *arena, xmlNode *tree);
/* A SOAP 1.1 envelope. header may be NULL; both go into it. */
xmlNode *paper_envelope(xmlNode *header, xmlNode *content);

#endif
