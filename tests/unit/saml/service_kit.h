/* service_kit.h: metadata of service providers, with certificates made for the tests. */
#ifndef TESTS_SAML_SERVICE_KIT_H
#define TESTS_SAML_SERVICE_KIT_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "saml/scan.h"
#include "saml/service.h"
#include "saml/tree.h"

#define NOW     INT64_C(1893456000) /* 2030-01-01T00:00:00Z */
#define YEAR    (INT64_C(365) * 86400)
#define PROTO   "protocolSupportEnumeration=\"" NS_PROTOCOL "\""
#define BINDING "urn:oasis:names:tc:SAML:2.0:bindings:"
#define ENTITY  "https://sp.example/saml"
#define ACS(more)                                                                                            \
	"<md:AssertionConsumerService Binding=\"" BINDING                                                    \
	"HTTP-POST\" Location=\"https://sp.example/acs\" index=\"0\"" more "/>"
#define SLO(binding, location)                                                                               \
	"<md:SingleLogoutService Binding=\"" BINDING binding "\" Location=\"" location "\"/>"
#define ROOT(attributes, inner)                                                                              \
	"<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE "\" entityID=\"" ENTITY \
	"\" " attributes ">" inner "</md:EntityDescriptor>"
#define ROLE(attributes, inner) "<md:SPSSODescriptor " PROTO " " attributes ">" inner "</md:SPSSODescriptor>"
#define SP(inner)               ROOT("", ROLE("", inner))

/* Made once: keys take their time. */
static struct arena *lasting;
static UNUSED const char *rsa, *rsa_later, *rsa_small, *p256, *k256;

static const char *certificate_of(EVP_PKEY *key, const char *name, int64_t from, int64_t to)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	uint8_t *der = NULL;

	assert_non_null(key);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
	assert_int_equal(
		X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0),
		1);
	X509_set_issuer_name(certificate, subject);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)to));
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	int size = i2d_X509(certificate, &der);
	const char *text = base64_encode(lasting, (struct bytes){ der, (size_t)size });

	OPENSSL_free(der);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return text;
}

static UNUSED int make_certificates(void **state)
{
	(void)state;
	lasting = arena_new();
	rsa = certificate_of(EVP_RSA_gen(2048), "sp.example", NOW - YEAR, NOW + YEAR);
	rsa_later = certificate_of(EVP_RSA_gen(2048), "later", NOW - YEAR, NOW + 2 * YEAR);
	rsa_small = certificate_of(EVP_RSA_gen(1024), "small", NOW - YEAR, NOW + YEAR);
	p256 = certificate_of(EVP_EC_gen("P-256"), "curve", NOW - YEAR, NOW + YEAR / 2);
	k256 = certificate_of(EVP_EC_gen("secp256k1"), "coin", NOW - YEAR, NOW + YEAR);
	return 0;
}

static UNUSED int drop_certificates(void **state)
{
	(void)state;
	arena_done(&lasting);
	return 0;
}

static UNUSED int open_arena(void **state)
{
	*state = arena_new();
	return 0;
}

static UNUSED int close_arena(void **state)
{
	arena_done((struct arena **)state);
	return 0;
}

static UNUSED enum err read_at(struct arena *arena, const char *xml, bool development, struct service *out,
			       const char **trouble)
{
	return service_read(arena, xml, strlen(xml), ENTITY, NOW, development, out, trouble);
}

static UNUSED struct service read_fine(struct arena *arena, const char *xml)
{
	struct service service;
	const char *trouble = NULL;

	if (read_at(arena, xml, false, &service, &trouble) != OK)
		fail_msg("%.200s: %s", xml, trouble);
	assert_null(trouble);
	return service;
}

/* As some write it: in lines of 64, indented. */
static char *key_lines(struct arena *arena, const char *attributes, const char *base64)
{
	AUTO_BUF text = BUF(64 * KB);

	buf_print(
		&text,
		"<md:KeyDescriptor%s><ds:KeyInfo><ds:KeyName>k</ds:KeyName><ds:X509Data><ds:X509SubjectName>"
		"CN=x</ds:X509SubjectName><ds:X509Certificate>\n",
		attributes);
	for (const char *at = base64; *at; at += strnlen(at, 64))
		buf_print(&text, "  %.64s\r\n\t", at);
	buf_text(&text,
		 "</ds:X509Certificate></ds:X509Data></ds:KeyInfo><md:EncryptionMethod Algorithm=\"urn:x\"/>"
		 "</md:KeyDescriptor>");
	return arena_text(arena, buf_str(&text));
}

static UNUSED char *with_key(struct arena *arena, const char *attributes, const char *base64)
{
	return arena_print(arena, "%s%s%s",
			   "<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE
			   "\" entityID=\"" ENTITY "\"><md:SPSSODescriptor " PROTO ">",
			   key_lines(arena, attributes, base64),
			   ACS("") "</md:SPSSODescriptor></md:EntityDescriptor>");
}

/* Everything that Shibboleth, SimpleSAMLphp, mod_auth_mellon and pysaml2 put into theirs. */
static UNUSED char *rich(struct arena *arena)
{
	return arena_print(
		arena,
		"\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->\n"
		"<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE
		"\" xmlns:mdui=\"" NS_MDUI "\" ID=\"_x\" entityID=\"" ENTITY
		"\" validUntil=\"2031-01-01T00:00:00Z\" cacheDuration=\"P1DT2H\">"
		"<ds:Signature><ds:SignedInfo/></ds:Signature>"
		"<md:Extensions><alg:DigestMethod xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\""
		" Algorithm=\"urn:x\"/></md:Extensions>"
		"<md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"1\""
		" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol " NS_PROTOCOL "\""
		" validUntil=\"2030-06-01T00:00:00Z\">"
		"<md:Extensions><mdui:UIInfo><mdui:DisplayName xml:lang=\"de\">Abrechnung</mdui:DisplayName>"
		"<mdui:DisplayName xml:lang=\"en\"> Billing </mdui:DisplayName></mdui:UIInfo></md:Extensions>"
		"%s%s%s"
		"<md:ArtifactResolutionService Binding=\"" BINDING
		"SOAP\" Location=\"https://sp.example/ars\" index=\"1\"/>"
		"<md:SingleLogoutService Binding=\"" BINDING
		"SOAP\" Location=\"https://sp.example/slo/soap\"/>"
		"<md:SingleLogoutService Binding=\"" BINDING
		"HTTP-Redirect\" Location=\"https://sp.example/slo\""
		" ResponseLocation=\"https://sp.example/slo/answer\"/>"
		"<md:SingleLogoutService Binding=\"" BINDING
		"HTTP-Artifact\" Location=\"http://sp.example/odd\"/>"
		"<md:ManageNameIDService Binding=\"" BINDING "SOAP\" Location=\"https://sp.example/mni\"/>"
		"<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>"
		"<md:NameIDFormat>\n "
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\n</md:NameIDFormat>"
		"<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName</md:NameIDFormat>"
		"<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>"
		"<md:AssertionConsumerService Binding=\"" BINDING
		"HTTP-POST-SimpleSign\" Location=\"https://sp.example/simple\" index=\"9\"/>"
		"<md:AssertionConsumerService Binding=\"" BINDING
		"HTTP-Artifact\" Location=\"https://sp.example/acs\" index=\"3\"/>"
		"<md:AssertionConsumerService Binding=\"" BINDING
		"HTTP-POST\" Location=\"https://sp.example/acs\" index=\"1\" isDefault=\"true\"/>"
		"<md:AssertionConsumerService Binding=\"" BINDING
		"PAOS\" Location=\"https://sp.example/ecp\" index=\"4\"/>"
		"<md:AttributeConsumingService index=\"1\"><md:ServiceName xml:lang=\"en\">x</md:ServiceName>"
		"</md:AttributeConsumingService></md:SPSSODescriptor>"
		"<md:Organization><md:OrganizationDisplayName "
		"xml:lang=\"en\">Clinic</md:OrganizationDisplayName>"
		"</md:Organization><md:ContactPerson contactType=\"technical\"><md:GivenName>A</md:GivenName>"
		"</md:ContactPerson></md:EntityDescriptor>\n",
		key_lines(arena, " use=\"signing\"", rsa), key_lines(arena, " use=\"encryption\"", rsa),
		key_lines(arena, "", rsa_later));
}

#endif
