/* crypt.c: XML signatures and encryption by libxmlsec1 (XML Signature 1.1, XML Encryption 1.1). */
/* The library first: its headers use names that base.h poisons. */
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <libxml/xmlmemory.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlenc.h>
#include <xmlsec/templates.h>
#include <xmlsec/crypto.h>
#include <xmlsec/io.h>
#include <xmlsec/keys.h>
#include <xmlsec/keysmngr.h>

#include "base/base.h"

#include <pthread.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/xml_key.h"
#include "saml/crypt.h"
#include "saml/service.h"

#define X(text) ((const xmlChar *)(text))

enum { RSA_MIN_BITS = 2048, AES_BITS = 256 };

void crypt_start(void)
{
	/* Every reader of an address that there is: what is not registered is not opened. */
	xmlSecIOCleanupCallbacks();
}

/* --- our key, kept by the thread: parsing it costs more than signing -------------------------------- */

struct kept {
	char kid[65];
	xmlSecKeyPtr key;
};

static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void kept_free(void *thing)
{
	struct kept *kept = thing;

	if (kept->key)
		xmlSecKeyDestroy(kept->key);
	free(kept);
}

static void make_kept_key(void)
{
	int failed = pthread_key_create(&kept_key, kept_free);

	assert(!failed);
}

static struct kept *kept_of_thread(void)
{
	pthread_once(&kept_once, make_kept_key);
	struct kept *kept = pthread_getspecific(kept_key);

	if (kept)
		return kept;
	kept = calloc(1, sizeof *kept);
	assert(kept);
	int failed = pthread_setspecific(kept_key, kept);

	assert(!failed);
	return kept;
}

static enum err load_key(struct work *work, struct kept *kept)
{
	const char *kid;
	char *pem, *certificate;

	TRY(xml_key_private(work, &kid, &pem, &certificate));
	xmlSecKeyPtr key = xmlSecCryptoAppKeyLoadMemory(X(pem), (xmlSecSize)strlen(pem),
							xmlSecKeyDataFormatPem, NULL, NULL, NULL);

	xml_key_release(pem);
	if (!key)
		return fault(work, ERR_INTERNAL, "xmlsec does not read our key");
	if (kept->key)
		xmlSecKeyDestroy(kept->key);
	kept->key = key;
	snprintf(kept->kid, sizeof kept->kid, "%s", kid);
	return OK;
}

/* The active key (lent, as long as the thread signs nothing else) and its certificate. */
static enum err our_key(struct work *work, xmlSecKeyPtr *key, const char **certificate)
{
	struct kept *kept = kept_of_thread();
	const struct xml_key *keys;
	size_t count;

	TRY(xml_keys(work, &keys, &count));
	if (!text_equal(kept->kid, keys[0].kid))
		TRY(load_key(work, kept));
	*key = kept->key;
	*certificate = keys[0].certificate;
	return OK;
}

/* --- signing ---------------------------------------------------------------------------------------- */

/* The element's ID becomes one that a Reference finds; false when another element has it too. */
static bool register_id(xmlNode *element, char **id)
{
	xmlAttr *attribute = xmlHasProp(element, X("ID"));
	xmlChar *value = attribute ? xmlNodeListGetString(element->doc, attribute->children, 1) : NULL;

	if (!value)
		return false;
	if (!xmlGetID(element->doc, value))
		(void)xmlAddID(NULL, element->doc, value, attribute); /* what failed is seen below */
	bool ours = xmlGetID(element->doc, value) == attribute;

	*id = (char *)value;
	return ours;
}

/* Signature with one enveloped Reference to "#id" (SAML Core 5.4). */
static xmlNode *signature_template(xmlDoc *document, const char *id)
{
	char uri[300];
	int size = snprintf(uri, sizeof uri, "#%s", id);
	xmlNode *signature = xmlSecTmplSignatureCreateNsPref(document, xmlSecTransformExclC14NId,
							     xmlSecTransformRsaSha256Id, NULL, X("ds"));
	xmlNode *reference = signature && size > 1 && size < (int)sizeof uri
				     ? xmlSecTmplSignatureAddReference(signature, xmlSecTransformSha256Id,
								       NULL, X(uri), NULL)
				     : NULL;

	if (reference && xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId) &&
	    xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId))
		return signature;
	xmlFreeNode(signature);
	return NULL;
}

static void place(xmlNode *element, xmlNode *after, xmlNode *signature)
{
	if (after)
		(void)xmlAddNextSibling(after, signature);
	else if (element->children)
		(void)xmlAddPrevSibling(element->children, signature);
	else
		(void)xmlAddChild(element, signature);
}

/* By hand, after the signing: it is in no digest, and xmlsec would parse the certificate for it each time. */
static bool add_key_info(xmlNode *signature, const char *certificate)
{
	xmlNode *info = xmlNewChild(signature, signature->ns, X("KeyInfo"), NULL);
	xmlNode *data = info ? xmlNewChild(info, signature->ns, X("X509Data"), NULL) : NULL;

	return data && xmlNewTextChild(data, signature->ns, X("X509Certificate"), X(certificate));
}

static void signing_done(xmlSecDSigCtxPtr *context)
{
	if (!*context)
		return;
	(*context)->signKey = NULL; /* the thread's */
	xmlSecDSigCtxDestroy(*context);
}

static bool sign(xmlNode *signature, xmlSecKeyPtr key)
{
	AUTO(signing_done) xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);

	if (!context)
		return false;
	context->signKey = key;
	context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
	return xmlSecDSigCtxSign(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded;
}

static void text_done(char **text)
{
	xmlFree(*text);
}

enum err crypt_sign(struct work *work, xmlNode *element, xmlNode *after)
{
	AUTO(text_done) char *id = NULL;
	const char *certificate;
	xmlSecKeyPtr key;

	assert(!after || after->parent == element);
	TRY(our_key(work, &key, &certificate));
	if (!register_id(element, &id))
		return fault(work, ERR_INTERNAL,
			     "the ID of what is to be signed is missing or not the only one");
	xmlNode *signature = signature_template(element->doc, id);

	if (!signature)
		return fault(work, ERR_INTERNAL, "cannot make the signature of %s", id);
	place(element, after, signature);
	if (!sign(signature, key) || !add_key_info(signature, certificate))
		return fault(work, ERR_INTERNAL, "xmlsec cannot sign %s", id);
	return OK;
}

/* --- encrypting ------------------------------------------------------------------------------------- */

static void manager_done(xmlSecKeysMngrPtr *manager)
{
	if (*manager)
		xmlSecKeysMngrDestroy(*manager);
}

static void encryption_done(xmlSecEncCtxPtr *context)
{
	if (*context)
		xmlSecEncCtxDestroy(*context);
}

static void key_done(xmlSecKeyPtr *key)
{
	if (*key)
		xmlSecKeyDestroy(*key);
}

/* NULL: no certificate of an RSA key that is long enough. */
static xmlSecKeyPtr their_key(struct work *work, const struct certificate *to)
{
	struct bytes der;

	if (!base64_decode(work->arena, to->base64, strlen(to->base64), &der))
		return NULL;
	AUTO(key_done)
	xmlSecKeyPtr key = xmlSecCryptoAppKeyLoadMemory(der.at, (xmlSecSize)der.size,
							xmlSecKeyDataFormatCertDer, NULL, NULL, NULL);
	xmlSecKeyDataPtr value = key ? xmlSecKeyGetValue(key) : NULL;

	if (!value || !xmlSecKeyDataCheckId(value, xmlSecKeyDataRsaId) ||
	    xmlSecKeyDataGetSize(value) < RSA_MIN_BITS)
		return NULL;
	return TAKE(key);
}

/* A manager with this key alone: no store of certificates, which would read the system's bundle. */
static xmlSecKeysMngrPtr manager_of(xmlSecKeyPtr *key)
{
	AUTO(manager_done) xmlSecKeysMngrPtr manager = xmlSecKeysMngrCreate();
	xmlSecKeyStorePtr store = xmlSecKeyStoreCreate(xmlSecSimpleKeysStoreId);

	if (!manager || !store || xmlSecKeysMngrAdoptKeysStore(manager, store) < 0) {
		if (store)
			xmlSecKeyStoreDestroy(store);
		return NULL;
	}
	if (xmlSecSimpleKeysStoreAdoptKey(store, *key) < 0)
		return NULL;
	*key = NULL; /* the store's */
	manager->getKey = xmlSecKeysMngrGetKey;
	return TAKE(manager);
}

/* EncryptedData with the EncryptedKey in its KeyInfo (SAML Core 2.3.4, 6.1; XML Encryption 3.5). */
static xmlNode *encryption_template(xmlDoc *document)
{
	xmlNode *data = xmlSecTmplEncDataCreate(document, xmlSecTransformAes256GcmId, NULL,
						xmlSecTypeEncElement, NULL, NULL);
	xmlNode *info = data && xmlSecTmplEncDataEnsureCipherValue(data)
				? xmlSecTmplEncDataEnsureKeyInfo(data, NULL)
				: NULL;
	xmlNode *key =
		info ? xmlSecTmplKeyInfoAddEncryptedKey(info, xmlSecTransformRsaOaepId, NULL, NULL, NULL)
		     : NULL;

	if (key && xmlSecTmplEncDataEnsureCipherValue(key))
		return data;
	xmlFreeNode(data);
	return NULL;
}

/* Replaces element by the encrypted data; a fresh key each time. */
static bool encrypt(xmlNode *element, xmlSecKeysMngrPtr manager)
{
	AUTO(encryption_done) xmlSecEncCtxPtr context = xmlSecEncCtxCreate(manager);
	xmlNode *data = encryption_template(element->doc);

	if (context && data) {
		context->encKey = xmlSecKeyGenerate(xmlSecKeyDataAesId, AES_BITS, xmlSecKeyDataTypeSession);
		if (context->encKey && xmlSecEncCtxXmlEncrypt(context, data, element) == 0)
			return true;
	}
	if (data && !data->parent)
		xmlFreeNode(data);
	return false;
}

static bool is_declared(const xmlNode *element, const xmlNs *wanted)
{
	for (const xmlNs *ns = element->nsDef; ns; ns = ns->next)
		if (xmlStrEqual(ns->prefix, wanted->prefix))
			return true;
	return false;
}

static bool declare_inherited(xmlNode *element)
{
	xmlNs **all = xmlGetNsList(element->doc, element);
	bool done = true;

	for (size_t i = 0; all && all[i]; i++)
		if (!is_declared(element, all[i]))
			done = xmlNewNs(element, all[i]->href, all[i]->prefix) && done;
	xmlFree(all);
	return done;
}

/* An EncryptedAssertion of the same namespace takes the assertion's place and the assertion in. */
static bool wrap(xmlNode *assertion)
{
	xmlNs *ns = assertion->parent
			    ? xmlSearchNsByHref(assertion->doc, assertion->parent, assertion->ns->href)
			    : NULL;
	xmlNode *wrapper = xmlNewDocNode(assertion->doc, ns, X("EncryptedAssertion"), NULL);

	if (!wrapper)
		return false;
	if (!ns)
		xmlSetNs(wrapper, xmlNewNs(wrapper, assertion->ns->href, assertion->ns->prefix));
	(void)xmlReplaceNode(assertion, wrapper);
	return xmlAddChild(wrapper, assertion) != NULL;
}

enum err crypt_encrypt(struct work *work, xmlNode *assertion, const struct certificate *to)
{
	AUTO(key_done) xmlSecKeyPtr key = their_key(work, to);

	assert(assertion->parent && assertion->ns);
	if (!key)
		return fault(work, ERR_SAML_METADATA,
			     "its certificate to encrypt to is not one of an RSA key");
	AUTO(manager_done) xmlSecKeysMngrPtr manager = manager_of(&key);

	if (!manager || !declare_inherited(assertion) || !wrap(assertion) || !encrypt(assertion, manager))
		return fault(work, ERR_INTERNAL, "xmlsec cannot encrypt the assertion");
	return OK;
}
