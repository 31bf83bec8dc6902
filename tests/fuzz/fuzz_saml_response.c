/* fuzz_saml_response.c: a provider's signed answer, changed in any way, says what it said, or nothing; and
 * any XML at all as an answer is refused. */
/* The libraries first: their headers use names that base.h poisons. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <xmlsec/crypto.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "saml/cabinet.h"
#include "saml/provider.h"
#include "saml/response.h"
#include "saml/tree.h"
#include "store/snapshot.h"

#define NOW  INT64_C(1893456000) /* 2030-01-01T00:00:00Z */
#define IDP  "https://idp.example/saml"
#define SP   "https://id.example/saml/sp/hospital/metadata"
#define ACS  "https://id.example/saml/sp/hospital/acs"
#define WHO  "ada@hospital.example"
#define ROOM (300 * KB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nobody asked for it: an encrypted one is not opened, which would need a store. */
static const char answer[] =
	"<samlp:Response xmlns:samlp=\"" NS_PROTOCOL "\" xmlns:saml=\"" NS_ASSERTION
	"\" ID=\"_response-0123456789\""
	" Version=\"2.0\" IssueInstant=\"2030-01-01T00:00:00Z\" Destination=\"" ACS "\"><saml:Issuer>" IDP
	"</saml:Issuer><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
	"</samlp:Status><saml:Assertion ID=\"_assertion-0123456789\" Version=\"2.0\""
	" IssueInstant=\"2030-01-01T00:00:00Z\"><saml:Issuer>" IDP
	"</saml:Issuer><saml:Subject><saml:NameID>" WHO
	"</saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
	"<saml:SubjectConfirmationData Recipient=\"" ACS "\" NotOnOrAfter=\"2030-01-01T00:05:00Z\"/>"
	"</saml:SubjectConfirmation></"
	"saml:Subject><saml:Conditions><saml:AudienceRestriction><saml:Audience>" SP
	"</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement"
	" AuthnInstant=\"2030-01-01T00:00:00Z\" SessionIndex=\"_session-1\"><saml:AuthnContext>"
	"<saml:AuthnContextClassRef>urn:x</saml:AuthnContextClassRef></saml:AuthnContext></"
	"saml:AuthnStatement>"
	"<saml:AttributeStatement><saml:Attribute "
	"Name=\"groups\"><saml:AttributeValue>Doctors</saml:AttributeValue>"
	"</saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>";

static struct arena *lasting;
static const char *certificate;
static const char *answers[3]; /* signed: the assertion, the response, both */

static const char *certificate_of(EVP_PKEY *key)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;

	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	assert(X509_sign(x, key, EVP_sha256()) > 0);
	int size = i2d_X509(x, &der);

	assert(size > 0);
	const char *text = base64_encode(lasting, (struct bytes){ der, (size_t)size });

	OPENSSL_free(der);
	X509_free(x);
	return text;
}

static xmlSecKey *secret_of(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;

	assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	long size = BIO_get_mem_data(bio, &pem);
	xmlSecKey *read = xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *)pem, (xmlSecSize)size,
						       xmlSecKeyDataFormatPem, NULL, NULL, NULL);

	assert(read);
	BIO_free(bio);
	return read;
}

static void sign(xmlNode *node, EVP_PKEY *key, const char *uri)
{
	static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
	xmlNode *signature = xmlSecTmplSignatureCreate(node->doc, xmlSecTransformExclC14NId,
						       xmlSecTransformRsaSha256Id, NULL);
	xmlNode *reference =
		xmlSecTmplSignatureAddReference(signature, xmlSecTransformSha256Id, NULL, BAD_CAST uri, NULL);
	xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);

	xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId);
	xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId);
	xmlAddNextSibling(xmlFirstElementChild(node), signature);
	xmlSecAddIDs(node->doc, xmlDocGetRootElement(node->doc), ids);
	context->signKey = secret_of(key);
	int failed = xmlSecDSigCtxSign(context, signature);

	assert(!failed);
	xmlSecDSigCtxDestroy(context);
}

static const char *signed_answer(EVP_PKEY *key, unsigned what)
{
	xmlDoc *doc = xmlReadMemory(answer, (int)strlen(answer), NULL, NULL, XML_PARSE_NONET);
	xmlNode *root = xmlDocGetRootElement(doc);
	xmlChar *text = NULL;
	int size = 0;

	if (what & 1)
		sign(xmlLastElementChild(root), key, "#_assertion-0123456789");
	if (what & 2)
		sign(root, key, "#_response-0123456789");
	xmlDocDumpMemory(doc, &text, &size);
	const char *copy = arena_textn(lasting, (const char *)text, (size_t)size);

	xmlFree(text);
	xmlFreeDoc(doc);
	return copy;
}

static void begin(void)
{
	saml_library_start();
	lasting = arena_new();
	EVP_PKEY *key = EVP_RSA_gen(2048);

	assert(key);
	certificate = certificate_of(key);
	for (unsigned what = 1; what <= 3; what++)
		answers[what - 1] = signed_answer(key, what);
	EVP_PKEY_free(key);
}

static bool read_bytes(struct arena *arena, struct bytes xml, struct response_said *said)
{
	static const struct connection connection = { .id = "hospital", .practice_id = "northside" };
	const struct certificate key = { .base64 = certificate, .signing = true, .rsa = true };
	const struct provider provider = { .entity = { .entity_id = IDP,
						       .certificates = &key,
						       .certificate_count = 1,
						       .version = "idp 1" } };
	const struct response_ask ask = {
		.connection = &connection, .provider = &provider, .acs = ACS, .audience = SP
	};
	struct work work = { .arena = arena, .now = NOW };
	const char *word = NULL;
	enum err err = response_read(&work, xml, &ask, said, &word);

	assert((err == OK) == (word == NULL));
	return err == OK;
}

/* Edits of a signed answer: where (2 bytes, scaled), how much goes (1), how much comes (1), that. */
static struct bytes edited(struct arena *arena, const char *from, const uint8_t *data, size_t size)
{
	size_t length = strlen(from);
	char *text = arena_alloc(arena, ROOM);

	memcpy(text, from, length);
	while (size >= 4) {
		size_t at = (size_t)(data[0] << 8 | data[1]) % (length + 1), gone = data[2], come = data[3];

		data += 4;
		size -= 4;
		gone = gone > length - at ? length - at : gone;
		come = come > size ? size : come;
		if (length - gone + come > ROOM)
			break;
		memmove(text + at + come, text + at + gone, length - at - gone);
		memcpy(text + at, data, come);
		length = length - gone + come;
		data += come;
		size -= come;
	}
	return (struct bytes){ (const uint8_t *)text, length };
}

static void check_said(struct arena *arena, const struct response_said *said)
{
	assert(text_equal(said->name_id, WHO) && text_equal(said->issuer, IDP) && !said->name_id_format);
	assert(text_equal(said->session_index, "_session-1") && !said->was_encrypted);
	assert(text_equal(said->context_class, "urn:x") && said->auth_time == NOW);
	assert(text_equal(json_canonical(arena, said->attributes), "{\"groups\":[\"Doctors\"]}"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct response_said said;

	if (!lasting)
		begin();
	if (size == 0)
		return 0;
	if (data[0] == '<') {
		/* nobody can make a signature of this provider's */
		bool taken = read_bytes(arena, (struct bytes){ data, size }, &said);

		assert(!taken);
		return 0;
	}
	if (read_bytes(arena, edited(arena, answers[data[0] % 3], data + 1, size - 1), &said))
		check_said(arena, &said);
	return 0;
}
