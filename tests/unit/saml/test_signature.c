/* received.h: the form of an embedded signature, before any key is asked (SAML Core 5.4). */
#include "base/base.h"

#include "incoming.h"

#define DS        "<ds:Signature xmlns:ds=\"" NS_SIGNATURE "\">"
#define C14N      "<ds:CanonicalizationMethod Algorithm=\"" NS_EXCLUSIVE "\"/>"
#define METHOD    "<ds:SignatureMethod Algorithm=\"" MORE "rsa-sha256\"/>"
#define ENVELOPED "<ds:Transform Algorithm=\"" NS_SIGNATURE "enveloped-signature\"/>"
#define EXCLUSIVE "<ds:Transform Algorithm=\"" NS_EXCLUSIVE "\"/>"
#define DIGEST                                                                                               \
	"<ds:DigestMethod "                                                                                  \
	"Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>QUJD</ds:DigestValue>"
#define REFERENCE                                                                                            \
	"<ds:Reference URI=\"#" ID "\"><ds:Transforms>" ENVELOPED EXCLUSIVE "</ds:Transforms>" DIGEST        \
	"</ds:Reference>"
#define VALUE "<ds:SignatureValue>\nQUJD\nQUJD\n</ds:SignatureValue>"
#define KEY                                                                                                  \
	"<ds:KeyInfo><ds:KeyName>k</ds:KeyName><ds:X509Data><ds:X509Certificate>QUJD</ds:X509Certificate></" \
	"ds:X509Data>"                                                                                       \
	"</ds:KeyInfo>"
#define INFO(inner) "<ds:SignedInfo>" inner "</ds:SignedInfo>"
#define SIGNED(inner)                                                                                        \
	REQUEST " Destination=\"" HERE "\">" ISSUER inner "<samlp:NameIDPolicy/></samlp:AuthnRequest>"
#define SIGNATURE DS INFO(C14N METHOD REFERENCE) VALUE KEY "</ds:Signature>"

static void a_signature_of_the_usual_form_passes(void **state)
{
	static const char *const forms[] = {
		SIGNED(SIGNATURE),
		SIGNED(DS INFO(C14N METHOD REFERENCE) VALUE "</ds:Signature>"),
		SIGNED(DS INFO(
			"<ds:CanonicalizationMethod Algorithm=\"" NS_EXCLUSIVE
			"\"/><ds:SignatureMethod Algorithm=\"" MORE "ecdsa-sha384\"/><ds:Reference URI=\"#" ID
			"\"><ds:Transforms>" ENVELOPED "<ds:Transform Algorithm=\"" NS_EXCLUSIVE
			"\"><InclusiveNamespaces xmlns=\"" NS_EXCLUSIVE
			"\" PrefixList=\"xs xsi\"/></ds:Transform></ds:Transforms><ds:DigestMethod "
			"Algorithm=\"" MORE "sha384\"/><ds:DigestValue>QUJD</ds:DigestValue></ds:Reference>")
			       VALUE "</ds:Signature>"),
	};
	struct try *t = *state;

	for (size_t i = 0; i < COUNT(forms); i++) {
		(void)try_form(t, AUTHN_REQUEST, forms[i]);
		assert_fine(t, forms[i]);
		assert_true(t->out.has_signature && !t->out.signed_query);
		(void)try_soap(t, AUTHN_REQUEST, in_envelope(t->arena, "", forms[i]));
		assert_fine(t, forms[i]);
		assert_true(t->out.has_signature);
		(void)try_query(t, AUTHN_REQUEST, forms[i]);
		assert_refused(t, forms[i], "signature_embedded");
	}
}

#define WITH_METHOD(uri)                                                                                     \
	SIGNED(DS INFO(C14N "<ds:SignatureMethod Algorithm=\"" uri "\"/>" REFERENCE) VALUE "</"              \
											   "ds:Signature>")
#define WITH_DIGEST(uri)                                                                                     \
	SIGNED(DS INFO(C14N METHOD "<ds:Reference URI=\"#" ID "\"><ds:Transforms>" ENVELOPED EXCLUSIVE       \
				   "</ds:Transforms><ds:DigestMethod Algorithm=\"" uri                       \
				   "\"/><ds:DigestValue>QUJD</ds:DigestValue></ds:Reference>") VALUE         \
	       "</ds:Signature>")
#define WITH_C14N(uri)                                                                                       \
	SIGNED(DS INFO("<ds:CanonicalizationMethod Algorithm=\"" uri "\"/>" METHOD REFERENCE) VALUE          \
	       "</ds:Signature>")
#define WITH_TRANSFORMS(inner)                                                                               \
	SIGNED(DS INFO(C14N METHOD "<ds:Reference URI=\"#" ID "\"><ds:Transforms>" inner                     \
				   "</ds:Transforms>" DIGEST "</ds:Reference>") VALUE "</ds:Signature>")
#define WITH_URI(attribute)                                                                                  \
	SIGNED(DS INFO(C14N METHOD "<ds:Reference " attribute "><ds:Transforms>" ENVELOPED EXCLUSIVE         \
				   "</ds:Transforms>" DIGEST "</ds:Reference>") VALUE "</ds:Signature>")

static void a_signature_of_another_form_is_refused(void **state)
{
	static const struct {
		const char *xml, *word;
	} rows[] = {
		{ SIGNED(SIGNATURE SIGNATURE), "signature_twice" },
		{ SIGNED("<samlp:Extensions>" SIGNATURE "</samlp:Extensions>"), "signature_place" },
		{ SIGNED("<samlp:Extensions/>" SIGNATURE), "signature_place" },
		{ REQUEST "><saml:Issuer>a" SIGNATURE "</saml:Issuer></samlp:AuthnRequest>", "issuer" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) VALUE "<ds:Object>" SIGNATURE
							      "</ds:Object></ds:Signature>"),
		  "signature_twice" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) VALUE "<ds:Object/></ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) INFO(C14N METHOD REFERENCE) VALUE "</ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) VALUE VALUE "</ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) "<ds:SignatureValue/></ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(
			  C14N METHOD REFERENCE) "<ds:SignatureValue>QUI</ds:SignatureValue></ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) "</ds:Signature>"), "signature_structure" },
		{ SIGNED(DS "</ds:Signature>"), "signature_structure" },
		{ SIGNED(DS INFO(METHOD REFERENCE) VALUE "</ds:Signature>"), "signature_structure" },
		{ SIGNED(DS INFO(C14N C14N METHOD REFERENCE) VALUE "</ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD METHOD REFERENCE) VALUE "</ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE) VALUE
			 "<ds:KeyInfo><ds:RetrievalMethod "
			 "URI=\"http://attacker.example/\"/></ds:KeyInfo></ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N "<ds:SignatureMethod Algorithm=\"" MORE
				      "rsa-sha256\"><ds:HMACOutputLength>1</ds:HMACOutputLength></"
				      "ds:SignatureMethod>" REFERENCE) VALUE "</ds:Signature>"),
		  "signature_structure" },
		{ SIGNED(DS INFO(C14N METHOD REFERENCE REFERENCE) VALUE "</ds:Signature>"),
		  "signature_reference" },
		{ SIGNED(DS INFO(C14N METHOD) VALUE "</ds:Signature>"), "signature_reference" },
		{ WITH_URI(""), "signature_reference" },
		{ WITH_URI("URI=\"\""), "signature_reference" },
		{ WITH_URI("URI=\"#\""), "signature_reference" },
		{ WITH_URI("URI=\"#_other567890123456\""), "signature_reference" },
		{ WITH_URI("URI=\"" ID "\""), "signature_reference" },
		{ WITH_URI("URI=\"#xpointer(id('" ID "'))\""), "signature_reference" },
		{ WITH_URI("URI=\"http://attacker.example/#" ID "\""), "signature_reference" },
		{ WITH_METHOD("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), "signature_algorithm" },
		{ WITH_METHOD("http://www.w3.org/2000/09/xmldsig#dsa-sha1"), "signature_algorithm" },
		{ WITH_METHOD("http://www.w3.org/2000/09/xmldsig#hmac-sha1"), "signature_algorithm" },
		{ WITH_METHOD("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), "signature_algorithm" },
		{ WITH_METHOD("http://www.w3.org/2001/04/xmldsig-more#rsa-md5"), "signature_algorithm" },
		{ WITH_METHOD("http://www.w3.org/2001/04/xmldsig-more#rsa-sha224"), "signature_algorithm" },
		{ WITH_METHOD(""), "signature_algorithm" },
		{ WITH_DIGEST("http://www.w3.org/2000/09/xmldsig#sha1"), "digest_algorithm" },
		{ WITH_DIGEST("http://www.w3.org/2001/04/xmldsig-more#md5"), "digest_algorithm" },
		{ WITH_DIGEST("http://www.w3.org/2001/04/xmldsig-more#sha224"), "digest_algorithm" },
		{ WITH_C14N("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"), "canonicalization" },
		{ WITH_C14N("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"), "canonicalization" },
		{ WITH_C14N("http://www.w3.org/TR/1999/REC-xslt-19991116"), "canonicalization" },
		{ WITH_TRANSFORMS(ENVELOPED), "transform" },
		{ WITH_TRANSFORMS(EXCLUSIVE), "transform" },
		{ WITH_TRANSFORMS(EXCLUSIVE ENVELOPED), "transform" },
		{ WITH_TRANSFORMS(ENVELOPED ENVELOPED), "transform" },
		{ WITH_TRANSFORMS(ENVELOPED EXCLUSIVE EXCLUSIVE), "transform" },
		{ WITH_TRANSFORMS(ENVELOPED
				  "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">"
				  "<ds:XPath>self::x</ds:XPath></ds:Transform>"),
		  "transform" },
		{ WITH_TRANSFORMS(
			  ENVELOPED
			  "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>"),
		  "transform" },
		{ WITH_TRANSFORMS(ENVELOPED "<ds:Transform Algorithm=\"" NS_EXCLUSIVE
					    "\"><ds:XPath>self::x</ds:XPath></ds:Transform>"),
		  "signature_structure" },
	};
	struct try *t = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)try_form(t, AUTHN_REQUEST, rows[i].xml);
		assert_refused(t, rows[i].xml, rows[i].word);
	}
}

static void try_prefixes(struct try *t, const char *prefixes)
{
	(void)try_form(t, AUTHN_REQUEST,
		       arena_print(t->arena,
				   REQUEST
				   " Destination=\"" HERE "\">" ISSUER DS
				   "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" NS_EXCLUSIVE
				   "\"><c:InclusiveNamespaces xmlns:c=\"" NS_EXCLUSIVE
				   "\" PrefixList=\"%s\"/></ds:CanonicalizationMethod>" METHOD REFERENCE
				   "</ds:SignedInfo>" VALUE "</ds:Signature></samlp:AuthnRequest>",
				   prefixes));
}

static void a_long_list_of_prefixes_is_refused(void **state)
{
	static const char sixteen[] = "a b c d e f g h a b c d e f g\th";
	struct try *t = *state;
	char prefixes[300];

	memset(prefixes, 'p', sizeof(prefixes) - 1);
	prefixes[sizeof(prefixes) - 1] = '\0';
	try_prefixes(t, prefixes);
	assert_refused(t, "prefixes", "signature_structure");
	try_prefixes(t, sixteen);
	assert_null(t->word);
	try_prefixes(t, arena_print(t->arena, "%s #default", sixteen));
	assert_refused(t, "prefixes", "signature_structure");
}

static void a_signed_message_over_the_browser_names_its_address(void **state)
{
	struct try *t = *state;
	const char *xml = REQUEST ">" ISSUER SIGNATURE "</samlp:AuthnRequest>";
	char *query = packed_query(t->arena, "SAMLRequest", BYTES_OF(REQUEST ">" END_REQUEST));
	struct arrival arrival = by_query(t->arena, arena_print(t->arena, "%s&SigAlg=%s&Signature=QUJD",
								query, percent(t->arena, MORE "rsa-sha256")));

	(void)try_form(t, AUTHN_REQUEST, xml);
	assert_refused(t, xml, "destination_missing");
	(void)try_arrival(t, &arrival, AUTHN_REQUEST);
	assert_refused(t, query, "destination_missing");
	(void)try_soap(t, AUTHN_REQUEST, in_envelope(t->arena, "", xml));
	assert_fine(t, xml);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_try, close_try)
	const struct CMUnitTest tests[] = {
		TEST(a_signature_of_the_usual_form_passes),
		TEST(a_signature_of_another_form_is_refused),
		TEST(a_long_list_of_prefixes_is_refused),
		TEST(a_signed_message_over_the_browser_names_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
