/* desk_kit.h: an app with keys, a node with ours, and XML looked at with libxml2 and libxmlsec alone, so that
 * the tests do not ask the code under test what is right. */
#ifndef TEST_DESK_KIT_H
#define TEST_DESK_KIT_H

/* The libraries first: their headers use names that base.h poisons. */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlenc.h>
#include <xmlsec/crypto.h>

#include "kit/store_kit.h"

#include "base/config.h"
#include "keys/keyring.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "saml/cabinet.h"
#include "saml/desk.h"

#define OUR_ENTITY "https://id.example/saml/metadata"
#define APP_ENTITY "https://app.example/metadata"
#define APP_ACS    "https://app.example/acs"
#define APP_SLO    "https://app.example/slo"

/* --- keys ------------------------------------------------------------------------------------------------
 */

struct app_key {
	EVP_PKEY *key;
	char pem[4096];
	char certificate[4096]; /* base64 DER */
};

static void pem_of(EVP_PKEY *key, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *at;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);

	long length = BIO_get_mem_data(bio, &at);

	assert_true(length > 0 && (size_t)length < size);
	memcpy(out, at, (size_t)length);
	out[length] = '\0';
	BIO_free(bio);
}

static void certify(struct app_key *app)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, app->key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"app",
				   -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, app->key, EVP_sha256()) > 0);

	int size = i2d_X509(x, &der);

	assert_true(size > 0 && size < 3000);
	EVP_EncodeBlock((unsigned char *)app->certificate, der, size);
	OPENSSL_free(der);
	X509_free(x);
}

static void app_key_make(struct app_key *app)
{
	app->key = EVP_RSA_gen(2048);
	pem_of(app->key, app->pem, sizeof app->pem);
	certify(app);
}

/* --- a node of ours ---------------------------------------------------------------------------------- */

static struct config kit_config = { .issuer = "https://id.example", .issuer_host = "id.example" };
static struct vault *kit_vault;
static struct keyring *kit_keyring;
static struct app_key app_one, app_other;

static void ours_begin(struct hand *hand)
{
	hand_begin(hand, NULL);
	hand->app.config = &kit_config;
	hand->app.vault = kit_vault;
	hand->app.keyring = kit_keyring;
}

/* For AUTO. */
#define AUTO_OURS AUTO(hand_end) struct hand

static int begin_desk(void **state)
{
	uint8_t master[32] = { 7 };
	struct hand hand;

	begin_sqlite(state);
	kit_vault = vault_open((struct bytes){ master, sizeof master });
	ours_begin(&hand);
	assert_ok(&hand, keyring_open(&hand.w, &hand.app.keyring));
	kit_keyring = hand.app.keyring;
	hand_end(&hand);
	app_key_make(&app_one);
	app_key_make(&app_other);
	return 0;
}

static int end_desk(void **state)
{
	cabinet_close();
	keyring_close(kit_keyring);
	vault_close(kit_vault);
	EVP_PKEY_free(app_one.key);
	EVP_PKEY_free(app_other.key);
	return end_sqlite(state);
}

UNUSED static const char *our_certificate(struct hand *hand)
{
	const struct xml_key *keys = NULL;
	size_t count = 0;

	assert_ok(hand, xml_keys(&hand->w, &keys, &count));
	assert_true(count > 0);
	assert_string_equal(keys[0].state, "active");
	return keys[0].certificate;
}

/* --- an app ------------------------------------------------------------------------------------------ */

static const struct endpoint app_acs[] = {
	{ .binding = BINDING_POST, .location = APP_ACS, .index = 0, .is_default = true },
};
static const struct endpoint app_slo[] = {
	{ .binding = BINDING_REDIRECT, .location = APP_SLO "?tenant=1", .index = -1 },
	{ .binding = BINDING_POST, .location = APP_SLO, .response_location = APP_SLO "/done", .index = -1 },
	{ .binding = BINDING_SOAP, .location = APP_SLO "/soap", .index = -1 },
};
UNUSED static struct certificate app_certificate;

/* The app with this key for all uses; NULL: with none. */
UNUSED static struct service app_with(const struct app_key *key, const char *version)
{
	if (key)
		app_certificate = (struct certificate){ .base64 = key->certificate,
							.subject = "CN=app",
							.fingerprint = "",
							.signing = true,
							.encryption = true,
							.rsa = true };
	return (struct service){ .entity_id = APP_ENTITY,
				 .acs = app_acs,
				 .acs_count = COUNT(app_acs),
				 .slo = app_slo,
				 .slo_count = COUNT(app_slo),
				 .certificates = &app_certificate,
				 .certificate_count = key ? 1 : 0,
				 .version = version };
}

/* --- looking at XML ---------------------------------------------------------------------------------- */

static void register_names(xmlXPathContext *context)
{
	static const struct {
		const char *prefix, *uri;
	} names[] = {
		{ "saml", "urn:oasis:names:tc:SAML:2.0:assertion" },
		{ "samlp", "urn:oasis:names:tc:SAML:2.0:protocol" },
		{ "ds", "http://www.w3.org/2000/09/xmldsig#" },
		{ "xenc", "http://www.w3.org/2001/04/xmlenc#" },
		{ "soap", "http://schemas.xmlsoap.org/soap/envelope/" },
		{ "ecp", "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" },
		{ "hl7", "urn:hl7-org:v3" },
		{ "xsi", "http://www.w3.org/2001/XMLSchema-instance" },
	};

	for (size_t i = 0; i < COUNT(names); i++)
		xmlXPathRegisterNs(context, BAD_CAST names[i].prefix, BAD_CAST names[i].uri);
}

static xmlXPathObject *look(xmlDoc *doc, const char *path)
{
	xmlXPathContext *context = xmlXPathNewContext(doc);

	register_names(context);

	xmlXPathObject *found = xmlXPathEvalExpression(BAD_CAST path, context);

	xmlXPathFreeContext(context);
	assert_non_null(found);
	return found;
}

static xmlDoc *parsed(const char *xml)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET);

	assert_non_null(doc);
	return doc;
}

/* The value of an XPath expression as text. */
UNUSED static const char *seen(struct arena *arena, const char *xml, const char *path)
{
	xmlDoc *doc = parsed(xml);
	xmlXPathObject *found = look(doc, path);
	xmlChar *text = xmlXPathCastToString(found);
	const char *copy = arena_text(arena, (const char *)text);

	xmlFree(text);
	xmlXPathFreeObject(found);
	xmlFreeDoc(doc);
	return copy;
}

UNUSED static int times(const char *xml, const char *path)
{
	xmlDoc *doc = parsed(xml);
	xmlXPathObject *found = look(doc, path);
	int count = found->nodesetval ? found->nodesetval->nodeNr : 0;

	xmlXPathFreeObject(found);
	xmlFreeDoc(doc);
	return count;
}

static xmlSecKey *public_key(const char *certificate)
{
	unsigned char der[4096];
	int size = EVP_DecodeBlock(der, (const unsigned char *)certificate, (int)strlen(certificate));

	assert_true(size > 0);

	xmlSecKey *key = xmlSecCryptoAppKeyLoadMemory(der, (xmlSecSize)size, xmlSecKeyDataFormatCertDer, NULL,
						      NULL, NULL);

	assert_non_null(key);
	return key;
}

static bool holds(xmlNode *element, const char *certificate)
{
	xmlNode *signature = xmlSecFindChild(element, xmlSecNodeSignature, xmlSecDSigNs);

	if (!signature)
		return false;

	xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);

	context->signKey = public_key(certificate);

	bool good = xmlSecDSigCtxVerify(context, signature) == 0 &&
		    context->status == xmlSecDSigStatusSucceeded &&
		    xmlSecPtrListGetSize(&context->signedInfoReferences) == 1;

	xmlSecDSigCtxDestroy(context);
	return good;
}

/* Whether the element has a signature of its own that holds by this certificate. */
UNUSED static bool is_signed_by(const char *xml, const char *path, const char *certificate)
{
	static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
	xmlDoc *doc = parsed(xml);

	xmlSecAddIDs(doc, xmlDocGetRootElement(doc), ids);

	xmlXPathObject *found = look(doc, path);
	bool good = found->nodesetval && found->nodesetval->nodeNr == 1 &&
		    holds(found->nodesetval->nodeTab[0], certificate);

	xmlXPathFreeObject(found);
	xmlFreeDoc(doc);
	return good;
}

#endif
