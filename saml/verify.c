/* verify.c: signatures in messages by libxmlsec1, with keys that are given and nothing of what stands in
 * KeyInfo. */
/* The libraries first: their headers use names that base.h poisons. */
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <xmlsec/crypto.h>
#include <xmlsec/transforms.h>
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

/* One signature, tried with one key after the other. What is signed costs as much to write canonically and to
 * digest as a stranger likes to send, and is the same for all keys: with a digest that is wrong no key is
 * right, and with one that is right the others are asked about the text of SignedInfo first (security.md G1).
 */
struct attempt {
	struct arena *arena;
	xmlNode *signature;
	const char *id;
	xmlSecTransformId method;
	struct bytes text; /* SignedInfo as it is signed; empty: not written yet */
	bool digest_wrong;
};

static void transforms_done(xmlSecTransformCtx *context)
{
	xmlSecTransformCtxFinalize(context);
}

/* Is the key of the method's kind, and did it sign this text, where it is known? */
static bool key_fits(const struct attempt *a, xmlSecKey *key)
{
	AUTO(transforms_done) xmlSecTransformCtx context;

	if (xmlSecTransformCtxInitialize(&context) != 0)
		return false;
	xmlNode *value = xmlSecFindChild(a->signature, xmlSecNodeSignatureValue, xmlSecDSigNs);
	xmlSecTransform *method = xmlSecTransformCtxCreateAndAppend(&context, a->method);

	if (!method || !value)
		return false;
	method->operation = xmlSecTransformOperationVerify;
	if (xmlSecTransformSetKey(method, key) != 0)
		return false;
	if (!a->text.size)
		return true;
	return xmlSecTransformCtxBinaryExecute(&context, a->text.at, (xmlSecSize)a->text.size) == 0 &&
	       xmlSecTransformVerifyNodeContent(method, value, &context) == 0 &&
	       method->status == xmlSecTransformStatusOk;
}

static void note_text(struct attempt *a, xmlSecDSigCtx *dsig)
{
	const xmlSecDSigReferenceCtx *reference = xmlSecPtrListGetItem(&dsig->signedInfoReferences, 0);
	xmlSecBuffer *text = xmlSecDSigCtxGetPreSignBuffer(dsig);

	a->digest_wrong = reference && reference->status == xmlSecDSigStatusInvalid;
	if (text && xmlSecBufferGetSize(text) > 0)
		a->text = (struct bytes){ (const uint8_t *)arena_textn(
						  a->arena, (const char *)xmlSecBufferGetData(text),
						  xmlSecBufferGetSize(text)),
					  xmlSecBufferGetSize(text) };
}

static bool holds(struct attempt *a, xmlSecKey *key)
{
	AUTO(dsig_done) xmlSecDSigCtx *dsig = xmlSecDSigCtxCreate(NULL);

	if (!dsig || !dsig_limit(dsig))
		return false;
	dsig->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNATURE;
	dsig->signKey = xmlSecKeyDuplicate(key); /* with it KeyInfo is not looked at */
	if (!dsig->signKey || xmlSecDSigCtxVerify(dsig, a->signature) != 0)
		return false;
	note_text(a, dsig);
	return dsig->status == xmlSecDSigStatusSucceeded && dsig_covers(dsig, a->id);
}

static bool holds_by_any(struct attempt *a, const struct verifier *by)
{
	for (size_t i = 0; i < by->count && !a->digest_wrong; i++)
		if (key_fits(a, by->keys[i]) && holds(a, by->keys[i]))
			return true;
	return false;
}

static xmlSecTransformId method_of(struct arena *arena, const xmlNode *signature)
{
	const xmlNode *info = tree_child(signature, NS_SIGNATURE, "SignedInfo");
	const xmlNode *node = info ? tree_child(info, NS_SIGNATURE, "SignatureMethod") : NULL;
	const char *uri = node ? tree_attribute(arena, node, "Algorithm") : NULL;

	return uri ? xmlSecTransformIdListFindByHref(xmlSecTransformIdsGet(), BAD_CAST uri,
						     xmlSecTransformUsageSignatureMethod)
		   : xmlSecTransformIdUnknown;
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
	struct attempt attempt = {
		.arena = arena, .signature = signature, .id = id, .method = method_of(arena, signature)
	};

	return attempt.method != xmlSecTransformIdUnknown && holds_by_any(&attempt, by);
}
