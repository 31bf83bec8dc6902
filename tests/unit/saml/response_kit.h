/* response_kit.h: answers of an identity provider, made and signed with libxml2, libxmlsec and OpenSSL alone.
 */
#ifndef TEST_RESPONSE_KIT_H
#define TEST_RESPONSE_KIT_H

#include "desk_kit.h"

#include <openssl/rsa.h>
#include <xmlsec/templates.h>

#include "base/buf.h"
#include "base/json.h"
#include "saml/provider.h"
#include "saml/response.h"
#include "saml/tree.h"
#include "saml/words.h"
#include "store/snapshot.h"

#define NOW_AT  INT64_C(1893456000) /* 2030-01-01T00:00:00Z */
#define NOW_IS  "2030-01-01T00:00:00Z"
#define IDP     "https://idp.example/saml"
#define SP      "https://id.example/saml/sp/hospital/metadata"
#define ACS     "https://id.example/saml/sp/hospital/acs"
#define REQUEST "id-request-0123456789"
#define GOOD_ID "ada@hospital.example"
#define NS_ENC  "http://www.w3.org/2001/04/xmlenc#"
#define NS_E11  "http://www.w3.org/2009/xmlenc11#"

#define HEAD                                                                                                 \
	"<samlp:Response xmlns:samlp=\"" NS_PROTOCOL "\" xmlns:saml=\"" NS_ASSERTION "\""                    \
	" ID=\"_response-0123456789\" Version=\"2.0\" IssueInstant=\"2030-01-01T00:00:01Z\" "                \
	"Destination=\"" ACS "\" InResponseTo=\"" REQUEST "\"><saml:Issuer>" IDP "</saml:Issuer>"
#define STATUS                                                                                               \
	"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"             \
	"</samlp:Status>"
#define ASSERTION                                                                                            \
	"<saml:Assertion xmlns:saml=\"" NS_ASSERTION "\" ID=\"_assertion-0123456789\" Version=\"2.0\""       \
	" IssueInstant=\"" NOW_IS "\"><saml:Issuer>" IDP "</saml:Issuer>"                                    \
	"<saml:Subject><saml:NameID "                                                                        \
	"Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">" GOOD_ID "</saml:NameID>"        \
	"<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"                        \
	"<saml:SubjectConfirmationData InResponseTo=\"" REQUEST "\" Recipient=\"" ACS                        \
	"\" NotOnOrAfter=\"2030-01-01T00:05:02Z\"/></saml:SubjectConfirmation></saml:Subject>"               \
	"<saml:Conditions NotBefore=\"2029-12-31T23:59:58Z\" NotOnOrAfter=\"2030-01-01T00:05:00Z\">"         \
	"<saml:AudienceRestriction><saml:Audience>" SP "</saml:Audience></saml:AudienceRestriction>"         \
	"<saml:OneTimeUse/></saml:Conditions>"                                                               \
	"<saml:AuthnStatement AuthnInstant=\"2029-12-31T23:59:00Z\" SessionIndex=\"_session-1\""             \
	" SessionNotOnOrAfter=\"2030-01-01T08:00:00Z\"><saml:AuthnContext><saml:AuthnContextClassRef>"       \
	"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>"      \
	"</saml:AuthnContext></saml:AuthnStatement>"                                                         \
	"<saml:AttributeStatement>"                                                                          \
	"<saml:Attribute Name=\"urn:oid:2.5.4.42\" FriendlyName=\"givenName\"><saml:AttributeValue>Ada"      \
	"</saml:AttributeValue></saml:Attribute>"                                                            \
	"<saml:Attribute Name=\"groups\"><saml:AttributeValue>Doctors</saml:AttributeValue>"                 \
	"<saml:AttributeValue>Night &amp; Day</saml:AttributeValue></saml:Attribute>"                        \
	"</saml:AttributeStatement></saml:Assertion>"
#define TAIL "</samlp:Response>"

static const char good_response[] = HEAD STATUS ASSERTION TAIL;

/* --- changing and signing ---------------------------------------------------------------------------- */

/* The nth (from 0) "from" becomes "to". */
UNUSED static char *swapped(struct arena *arena, const char *text, const char *from, const char *to, int nth)
{
	const char *at = strstr(text, from);

	for (; at && nth > 0; nth--)
		at = strstr(at + 1, from);
	if (!at)
		fail_msg("%s is not there", from);
	return arena_print(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static char *written(struct arena *arena, xmlDoc *doc)
{
	xmlChar *text = NULL;
	int size = 0;

	xmlDocDumpMemory(doc, &text, &size);
	char *copy = arena_textn(arena, (const char *)text, (size_t)size);

	xmlFree(text);
	return copy;
}

static xmlNode *child_named(xmlNode *parent, const char *name)
{
	for (xmlNode *child = xmlFirstElementChild(parent); child; child = xmlNextElementSibling(child))
		if (xmlStrEqual(child->name, BAD_CAST name))
			return child;
	return NULL;
}

static xmlSecKey *signing_key(const struct app_key *by)
{
	xmlSecKey *key =
		xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *)by->pem, (xmlSecSize)strlen(by->pem),
					     xmlSecKeyDataFormatPem, NULL, NULL, NULL);

	assert_non_null(key);
	return key;
}

struct signing {
	xmlSecTransformId method, digest;
};

/* Behind the Issuer, or first where there is none. */
static void sign_node(xmlNode *node, const struct app_key *by, struct signing how)
{
	static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
	xmlDoc *doc = node->doc;
	xmlChar *id = xmlGetProp(node, BAD_CAST "ID");
	xmlNode *signature = xmlSecTmplSignatureCreate(doc, xmlSecTransformExclC14NId, how.method, NULL);
	char uri[200];

	(void)snprintf(uri, sizeof uri, "#%s", (const char *)id);
	xmlNode *reference = xmlSecTmplSignatureAddReference(signature, how.digest, NULL, BAD_CAST uri, NULL);
	xmlNode *first = xmlFirstElementChild(node);
	xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);

	xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId);
	xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId);
	if (xmlStrEqual(first->name, BAD_CAST "Issuer"))
		xmlAddNextSibling(first, signature);
	else
		xmlAddPrevSibling(first, signature);
	xmlSecAddIDs(doc, xmlDocGetRootElement(doc), ids);
	context->signKey = signing_key(by);
	assert_int_equal(xmlSecDSigCtxSign(context, signature), 0);
	xmlSecDSigCtxDestroy(context);
	xmlFree(id);
}

enum { SIGN_ASSERTION = 1, SIGN_RESPONSE = 2, SIGN_BOTH = 3 };

static char *signed_how(struct arena *arena, const char *xml, unsigned what, const struct app_key *by,
			struct signing how)
{
	xmlDoc *doc = parsed(xml);
	xmlNode *root = xmlDocGetRootElement(doc);
	xmlNode *assertion =
		xmlStrEqual(root->name, BAD_CAST "Assertion") ? root : child_named(root, "Assertion");

	if (what & SIGN_ASSERTION)
		sign_node(assertion, by, how);
	if (what & SIGN_RESPONSE)
		sign_node(root, by, how);
	char *text = written(arena, doc);

	xmlFreeDoc(doc);
	/* xmlDocDumpMemory ends with a line end */
	return text;
}

UNUSED static char *signed_by(struct arena *arena, const char *xml, unsigned what, const struct app_key *by)
{
	const struct signing sha256 = { xmlSecTransformRsaSha256Id, xmlSecTransformSha256Id };

	return signed_how(arena, xml, what, by, sha256);
}

/* --- encrypting, by OpenSSL alone -------------------------------------------------------------------- */

struct sealing {
	const char *cipher;        /* "aes256-gcm" ... */
	const char *wrap;          /* "rsa-oaep-mgf1p", "rsa-oaep", "rsa-1_5" */
	const char *digest, *mask; /* URIs, "sha256"; NULL */
	bool beside;               /* the EncryptedKey stands behind the EncryptedData */
};

static const EVP_MD *md_named(const char *name)
{
	return name && strstr(name, "256")   ? EVP_sha256()
	       : name && strstr(name, "384") ? EVP_sha384()
	       : name && strstr(name, "512") ? EVP_sha512()
					     : EVP_sha1();
}

static const char *wrapped_key(struct arena *arena, const char *certificate, const struct sealing *how,
			       const uint8_t *key, size_t size)
{
	uint8_t der[4096], out[1024];
	size_t length = sizeof out;
	int der_size = EVP_DecodeBlock(der, (const unsigned char *)certificate, (int)strlen(certificate));
	const uint8_t *at = der;
	X509 *x = d2i_X509(NULL, &at, der_size);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(X509_get0_pubkey(x), NULL);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	if (strstr(how->wrap, "1_5")) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	} else {
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
		EVP_PKEY_CTX_set_rsa_oaep_md(context, md_named(how->digest));
		EVP_PKEY_CTX_set_rsa_mgf1_md(context, md_named(how->mask));
	}
	assert_int_equal(EVP_PKEY_encrypt(context, out, &length, key, size), 1);
	EVP_PKEY_CTX_free(context);
	X509_free(x);
	return base64_encode(arena, (struct bytes){ out, length });
}

/* IV, ciphertext, tag. */
static const char *ciphered(struct arena *arena, const char *clear, const struct sealing *how,
			    const uint8_t *key)
{
	bool gcm = strstr(how->cipher, "gcm"), big = strstr(how->cipher, "256");
	size_t size = strlen(clear), iv = gcm ? 12 : 16;
	uint8_t *out = arena_alloc(arena, size + 64);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int length = 0, last = 0;

	random_bytes(out, iv);
	assert_int_equal(EVP_EncryptInit_ex2(context,
					     gcm   ? big ? EVP_aes_256_gcm() : EVP_aes_128_gcm()
					       : big ? EVP_aes_256_cbc()
						   : EVP_aes_128_cbc(),
					     key, out, NULL),
			 1);
	assert_int_equal(EVP_EncryptUpdate(context, out + iv, &length, (const uint8_t *)clear, (int)size), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, out + iv + length, &last), 1);
	size_t all = iv + (size_t)length + (size_t)last;

	if (gcm) {
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + all);
		all += 16;
	}
	EVP_CIPHER_CTX_free(context);
	return base64_encode(arena, (struct bytes){ out, all });
}

/* An EncryptedAssertion of a wrapped key and a body, each base64, whatever is in them. */
static char *envelope_of(struct arena *arena, const struct sealing *how, const char *key, const char *body)
{
	bool gcm = strstr(how->cipher, "gcm"), new_wrap = text_equal(how->wrap, "rsa-oaep");
	const char *digest =
		how->digest ? arena_print(arena,
					  "<ds:DigestMethod xmlns:ds=\"" NS_SIGNATURE "\" Algorithm=\"%s\"/>",
					  how->digest)
			    : "";
	const char *mask =
		how->mask ? arena_print(arena, "<e11:MGF xmlns:e11=\"" NS_E11 "\" Algorithm=\"%s\"/>",
					how->mask)
			  : "";
	const char *wrapped = arena_print(
		arena,
		"<xenc:EncryptedKey xmlns:xenc=\"" NS_ENC "\"><xenc:EncryptionMethod Algorithm=\"%s%s\">%s%s"
		"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></"
		"xenc:CipherData>"
		"</xenc:EncryptedKey>",
		new_wrap ? NS_E11 : NS_ENC, how->wrap, digest, mask, key);

	return arena_print(
		arena,
		"<saml:EncryptedAssertion xmlns:saml=\"" NS_ASSERTION
		"\"><xenc:EncryptedData xmlns:xenc=\"" NS_ENC "\" Type=\"" NS_ENC
		"Element\"><xenc:EncryptionMethod Algorithm=\"%s%s\"/>"
		"<ds:KeyInfo xmlns:ds=\"" NS_SIGNATURE
		"\">%s</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>%s"
		"</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>%s</saml:EncryptedAssertion>",
		gcm ? NS_E11 : NS_ENC, how->cipher, how->beside ? "" : wrapped, body,
		how->beside ? wrapped : "");
}

/* With this text in it. */
UNUSED static char *sealed_as(struct arena *arena, const char *clear, const char *certificate,
			      const struct sealing *how)
{
	uint8_t key[32];

	random_bytes(key, sizeof key);
	return envelope_of(arena, how,
			   wrapped_key(arena, certificate, how, key, strstr(how->cipher, "256") ? 32 : 16),
			   ciphered(arena, clear, how, key));
}

/* --- reading ----------------------------------------------------------------------------------------- */

static struct connection kit_connection = {
	.id = "hospital", .practice_id = "northside", .protocol = "saml", .trust_email = true
};
static const struct endpoint kit_sso[] = { { .binding = BINDING_REDIRECT,
					     .location = "https://idp.example/sso" } };

UNUSED static struct provider provider_with(const struct app_key *key, const char *version)
{
	struct provider provider = { .entity = app_with(key, version), .sso = kit_sso, .sso_count = 1 };

	provider.entity.entity_id = IDP;
	return provider;
}

UNUSED static struct response_ask ask_of(const struct provider *provider)
{
	return (struct response_ask){ .connection = &kit_connection,
				      .provider = provider,
				      .acs = ACS,
				      .audience = SP,
				      .request_id = REQUEST };
}

struct try_ {
	struct response_said said;
	const char *word;
	enum err err;
};

UNUSED static struct try_ read_with(struct hand *hand, const char *xml, const struct response_ask *ask)
{
	struct try_ t = { 0 };

	hand->w.now = NOW_AT;
	t.err = response_read(&hand->w, BYTES_OF(xml), ask, &t.said, &t.word);
	return t;
}

UNUSED static struct try_ read_it(struct hand *hand, const char *xml)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	const struct response_ask ask = ask_of(&provider);

	return read_with(hand, xml, &ask);
}

UNUSED static void assert_fine(struct hand *hand, const struct try_ *t)
{
	if (t->err != OK)
		fail_msg("%s", hand->w.reason);
	assert_null(t->word);
	assert_string_equal(t->said.name_id, GOOD_ID);
}

UNUSED static void assert_word(const char *what, const struct try_ *t, const char *word)
{
	if (!text_equal(t->word, word))
		fail_msg("%.200s: %s, not %s", what,
			 t->word        ? t->word
			 : t->err == OK ? "accepted"
					: "another fault",
			 word);
	assert_int_equal(t->err, saml_words[saml_word_of(word)].err);
}

#endif
