/* verify.c: signatures in messages by libxmlsec1, with keys that are given and nothing of what stands in
 * KeyInfo. */
/* The libraries first: their headers use names that base.h poisons. */
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>

#include "saml/verify.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/tree.h"

/* What libxmlsec may meet: SHA-256 and better, exclusive canonicalization, enveloped (Core 5.4.2 to 5.4.4).
 */
static bool dsig_limit(xmlSecDSigCtx *dsig)
{
	const xmlSecTransformId methods[] = {
		xmlSecTransformExclC14NId,    xmlSecTransformRsaSha256Id,   xmlSecTransformRsaSha384Id,
		xmlSecTransformRsaSha512Id,   xmlSecTransformEcdsaSha256Id, xmlSecTransformEcdsaSha384Id,
		xmlSecTransformEcdsaSha512Id,
	};
	const xmlSecTransformId transforms[] = {
		xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId, xmlSecTransformSha256Id,
		xmlSecTransformSha384Id,    xmlSecTransformSha512Id,
	};

	for (size_t i = 0; i < COUNT(methods); i++)
		if (xmlSecDSigCtxEnableSignatureTransform(dsig, methods[i]) != 0)
			return false;
	for (size_t i = 0; i < COUNT(transforms); i++)
		if (xmlSecDSigCtxEnableReferenceTransform(dsig, transforms[i]) != 0)
			return false;
	dsig->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
	return true;
}

/* One reference, to this id: what is signed is what is read. */
static bool dsig_covers(xmlSecDSigCtx *dsig, const char *id)
{
	if (xmlSecPtrListGetSize(&dsig->signedInfoReferences) != 1)
		return false;

	const xmlSecDSigReferenceCtx *reference = xmlSecPtrListGetItem(&dsig->signedInfoReferences, 0);
	const char *uri = reference ? (const char *)reference->uri : NULL;

	return uri && uri[0] == '#' && text_equal(uri + 1, id);
}

static void dsig_done(xmlSecDSigCtx **dsig)
{
	if (*dsig)
		xmlSecDSigCtxDestroy(*dsig);
}

static bool holds(xmlNode *signature, const char *id, xmlSecKey *key)
{
	AUTO(dsig_done) xmlSecDSigCtx *dsig = xmlSecDSigCtxCreate(NULL);

	if (!dsig || !dsig_limit(dsig))
		return false;
	dsig->signKey = xmlSecKeyDuplicate(key); /* with it KeyInfo is not looked at */
	return dsig->signKey && xmlSecDSigCtxVerify(dsig, signature) == 0 &&
	       dsig->status == xmlSecDSigStatusSucceeded && dsig_covers(dsig, id);
}

/* The element's ID is the only one that a reference can mean: a second one with it is not found, or refused.
 */
static bool register_id(xmlNode *element, const char *id)
{
	xmlAttr *attribute = xmlHasNsProp(element, BAD_CAST "ID", NULL);
	xmlAttr *known = xmlGetID(element->doc, BAD_CAST id);

	return known ? known == attribute : xmlAddID(NULL, element->doc, BAD_CAST id, attribute) != NULL;
}

bool verify_element(struct arena *arena, xmlNode *element, const struct verifier *by)
{
	xmlNode *signature = xmlSecFindChild(element, xmlSecNodeSignature, xmlSecDSigNs);
	const char *id = tree_attribute(arena, element, "ID");

	if (!signature || !id || !register_id(element, id))
		return false;
	for (size_t i = 0; i < by->count; i++)
		if (holds(signature, id, by->keys[i]))
			return true;
	return false;
}
