/* crypt.h: what we sign holds by our certificate alone; what we encrypt opens with the app's key alone. */
#include "desk_kit.h"

#include <xmlsec/io.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/transforms.h>

#include "saml/crypt.h"

#define SAML_NS  "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAMLP_NS "urn:oasis:names:tc:SAML:2.0:protocol"
#define SECRET   "Ada &amp; &lt;Okafor&gt; \xc3\xab"

/* The assertion has its namespaces from above. */
static const char response[] =
	"<samlp:Response xmlns:samlp=\"" SAMLP_NS "\" xmlns:saml=\"" SAML_NS "\""
	" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"_r1\"><saml:Issuer>us</saml:Issuer>"
	"<saml:Assertion ID=\"_a1\"><saml:Issuer>us</saml:Issuer><saml:Subject>" SECRET "</saml:Subject>"
	"<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
	"xsi:type=\"xs:string\">7"
	"</saml:AttributeValue></saml:Assertion></samlp:Response>";

static void doc_done(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}
#define AUTO_DOC AUTO(doc_done) xmlDoc

static const char *text_of(struct arena *arena, xmlDoc *doc)
{
	xmlChar *text = NULL;
	int size = 0;

	xmlDocDumpMemory(doc, &text, &size);
	const char *copy = arena_textn(arena, (const char *)text, (size_t)size);

	xmlFree(text);
	return copy;
}

static xmlNode *named(xmlNode *parent, const char *name)
{
	for (xmlNode *child = xmlFirstElementChild(parent); child; child = xmlNextElementSibling(child))
		if (xmlStrEqual(child->name, BAD_CAST name))
			return child;
	fail_msg("there is no %s", name);
	return NULL;
}

/* Signs the Response behind its Issuer. */
static const char *signed_response(struct hand *hand, const char *xml)
{
	AUTO_DOC *doc = parsed(xml);
	xmlNode *root = xmlDocGetRootElement(doc);

	assert_ok(hand, crypt_sign(&hand->w, root, named(root, "Issuer")));
	return text_of(hand->arena, doc);
}

static void a_signature_holds_by_our_certificate_and_stands_where_it_belongs(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = signed_response(&hand, response), *ours = our_certificate(&hand);

	assert_true(is_signed_by(xml, "/samlp:Response", ours));
	assert_false(is_signed_by(xml, "/samlp:Response", app_one.certificate));
	assert_int_equal(times(xml, "/samlp:Response/*[2][self::ds:Signature]"), 1);
	assert_int_equal(times(xml, "//ds:Signature"), 1);
	assert_int_equal(times(xml, "//ds:Reference"), 1);
	assert_string_equal(seen(hand.arena, xml, "//ds:Reference/@URI"), "#_r1");
	assert_string_equal(seen(hand.arena, xml, "//ds:X509Certificate"), ours);
	assert_string_equal(seen(hand.arena, xml, "//ds:SignatureMethod/@Algorithm"),
			    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
	assert_string_equal(seen(hand.arena, xml, "//ds:DigestMethod/@Algorithm"),
			    "http://www.w3.org/2001/04/xmlenc#sha256");
	assert_string_equal(seen(hand.arena, xml, "//ds:CanonicalizationMethod/@Algorithm"),
			    "http://www.w3.org/2001/10/xml-exc-c14n#");
	assert_int_equal(times(xml, "//ds:Transform"), 2);
	assert_string_equal(seen(hand.arena, xml, "//ds:Transform[1]/@Algorithm"),
			    "http://www.w3.org/2000/09/xmldsig#enveloped-signature");
	assert_string_equal(seen(hand.arena, xml, "//ds:Transform[2]/@Algorithm"),
			    "http://www.w3.org/2001/10/xml-exc-c14n#");
}

static void without_a_place_the_signature_is_the_first_child(UNUSED void **state)
{
	static const char *const texts[] = { response, "<samlp:x xmlns:samlp=\"" SAMLP_NS "\" ID=\"_x\"/>" };
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_DOC *doc = parsed(texts[i]);

		assert_ok(&hand, crypt_sign(&hand.w, xmlDocGetRootElement(doc), NULL));
		const char *xml = text_of(hand.arena, doc);

		assert_true(is_signed_by(xml, "/*", our_certificate(&hand)));
		assert_int_equal(times(xml, "/*/*[1][self::ds:Signature]"), 1);
	}
}

static void nothing_that_is_signed_can_be_changed(UNUSED void **state)
{
	static const struct {
		const char *part, *other;
	} rows[] = {
		{ "Okafor", "Okafur" },
		{ ">us</saml:Issuer><ds:", ">them</saml:Issuer><ds:" },
		{ "xs:string", "xs:token" },
		{ "ID=\"_a1\"", "ID=\"_a2\"" },
		{ ">7<", "><" },
		{ "</samlp:Response>", "<saml:Issuer>us</saml:Issuer></samlp:Response>" },
		{ "#_r1", "#_a1" },
		{ "DigestValue>", "DigestValue>AAAA" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = signed_response(&hand, response), *ours = our_certificate(&hand);

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *at = strstr(xml, rows[i].part);

		assert_non_null(at);
		const char *other = arena_print(hand.arena, "%.*s%s%s", (int)(at - xml), xml, rows[i].other,
						at + strlen(rows[i].part));

		if (is_signed_by(other, "/samlp:Response", ours))
			fail_msg("%s", rows[i].other);
	}
}

static void an_id_that_is_missing_or_not_the_only_one_is_not_signed(UNUSED void **state)
{
	AUTO_DOC *twice = parsed("<a><b ID=\"_x\"/><b ID=\"_x\"/></a>"), *none = parsed("<a id=\"_x\"/>");
	AUTO_OURS hand;

	ours_begin(&hand);
	xmlNode *first = xmlFirstElementChild(xmlDocGetRootElement(twice));

	assert_non_null(xmlAddID(NULL, twice, BAD_CAST "_x", xmlHasProp(first, BAD_CAST "ID")));
	assert_int_equal(crypt_sign(&hand.w, xmlNextElementSibling(first), NULL), ERR_INTERNAL);
	assert_ok(&hand, crypt_sign(&hand.w, first, NULL));
	assert_int_equal(crypt_sign(&hand.w, xmlDocGetRootElement(none), NULL), ERR_INTERNAL);
}

static void the_key_that_was_rotated_in_signs_at_once(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *before = our_certificate(&hand), *xml = signed_response(&hand, response);

	assert_ok(&hand, keyring_rotate(&hand.w, XML_KEY_ALG, false));
	const char *after = our_certificate(&hand), *next = signed_response(&hand, response);

	assert_string_not_equal(before, after);
	assert_true(is_signed_by(xml, "/samlp:Response", before));
	assert_true(is_signed_by(next, "/samlp:Response", after));
	assert_false(is_signed_by(next, "/samlp:Response", before));
}

/* --- encryption
 * --------------------------------------------------------------------------------------------- */

static struct certificate certificate_of(const struct app_key *key)
{
	return (struct certificate){ .base64 = key->certificate, .encryption = true, .rsa = true };
}

/* The Response with its assertion signed, then encrypted to the app. */
static const char *encrypted_response(struct hand *hand, const struct app_key *to)
{
	const struct certificate certificate = certificate_of(to);
	AUTO_DOC *doc = parsed(response);
	xmlNode *assertion = named(xmlDocGetRootElement(doc), "Assertion");

	assert_ok(hand, crypt_sign(&hand->w, assertion, named(assertion, "Issuer")));
	assert_ok(hand, crypt_encrypt(&hand->w, assertion, &certificate));
	return text_of(hand->arena, doc);
}

static xmlSecKeysMngr *manager_of(const struct app_key *key)
{
	xmlSecKeysMngr *manager = xmlSecKeysMngrCreate();
	xmlSecKey *private = xmlSecCryptoAppKeyLoadMemory(BAD_CAST key->pem, (xmlSecSize)strlen(key->pem),
							  xmlSecKeyDataFormatPem, NULL, NULL, NULL);

	assert_non_null(private);
	assert_int_equal(xmlSecCryptoAppDefaultKeysMngrInit(manager), 0);
	assert_int_equal(xmlSecCryptoAppDefaultKeysMngrAdoptKey(manager, private), 0);
	return manager;
}

/* What the app reads: the EncryptedAssertion's content as a document of its own; NULL: it does not open. */
static const char *opened(struct arena *arena, const char *xml, const struct app_key *key)
{
	AUTO_DOC *doc = parsed(xml);
	xmlNode *wrapper = named(xmlDocGetRootElement(doc), "EncryptedAssertion");
	xmlSecKeysMngr *manager = manager_of(key);
	xmlSecEncCtx *context = xmlSecEncCtxCreate(manager);
	/* the bytes themselves: what stands around them must not matter */
	xmlSecBuffer *clear = xmlSecEncCtxDecryptToBuffer(context, xmlFirstElementChild(wrapper));
	const char *text = clear && xmlSecBufferGetSize(clear)
				   ? arena_textn(arena, (const char *)xmlSecBufferGetData(clear),
						 xmlSecBufferGetSize(clear))
				   : NULL;

	xmlSecEncCtxDestroy(context);
	xmlSecKeysMngrDestroy(manager);
	return text;
}

static void an_encrypted_assertion_opens_and_its_signature_holds_alone(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = encrypted_response(&hand, &app_one), *assertion = opened(hand.arena, xml, &app_one);

	assert_null(strstr(xml, "Okafor"));
	assert_int_equal(times(xml, "//saml:Assertion"), 0);
	assert_int_equal(times(xml, "/samlp:Response/saml:EncryptedAssertion/xenc:EncryptedData"), 1);
	assert_non_null(assertion);
	assert_true(is_signed_by(assertion, "/saml:Assertion", our_certificate(&hand)));
	assert_string_equal(seen(hand.arena, assertion, "/saml:Assertion/saml:Subject"),
			    "Ada & <Okafor> \xc3\xab");
	/* a prefix in a value means what it meant */
	assert_string_equal(seen(hand.arena, assertion, "//saml:AttributeValue/namespace::xs"),
			    "http://www.w3.org/2001/XMLSchema");
}

static void the_algorithms_are_gcm_and_oaep(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = encrypted_response(&hand, &app_one);

	assert_string_equal(seen(hand.arena, xml, "//xenc:EncryptedData/xenc:EncryptionMethod/@Algorithm"),
			    "http://www.w3.org/2009/xmlenc11#aes256-gcm");
	assert_string_equal(seen(hand.arena, xml, "//xenc:EncryptedData/@Type"),
			    "http://www.w3.org/2001/04/xmlenc#Element");
	assert_string_equal(
		seen(hand.arena, xml,
		     "//xenc:EncryptedData/ds:KeyInfo/xenc:EncryptedKey/xenc:EncryptionMethod/@Algorithm"),
		"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p");
	assert_int_equal(times(xml, "//xenc:EncryptedKey"), 1);
}

static void no_two_encryptions_share_a_key_or_a_byte(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *one = encrypted_response(&hand, &app_one), *two = encrypted_response(&hand, &app_one);
	static const char data[] = "//xenc:EncryptedData/xenc:CipherData",
			  key[] = "//xenc:EncryptedKey/xenc:CipherData";

	assert_string_not_equal(seen(hand.arena, one, data), seen(hand.arena, two, data));
	assert_string_not_equal(seen(hand.arena, one, key), seen(hand.arena, two, key));
	assert_int_not_equal(memcmp(seen(hand.arena, one, data), seen(hand.arena, two, data), 16), 0);
}

static void another_apps_key_opens_nothing(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	assert_null(opened(hand.arena, encrypted_response(&hand, &app_one), &app_other));
}

/* security.md H15: what was changed does not open, wherever it was changed. */
static void a_changed_cipher_text_does_not_open(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = encrypted_response(&hand, &app_one);

	assert_non_null(opened(hand.arena, xml, &app_one));
	size_t length = strlen(xml), tried = 0;

	for (size_t i = 0; i < length; i++) {
		if (strncmp(xml + i, "CipherValue>", 12) != 0 || xml[i + 12] == '<' || xml[i - 1] == '/')
			continue;
		size_t end = i + 12 + strcspn(xml + i + 12, "<");

		for (size_t at = i + 12; at < end; at += 37) {
			if (xml[at] == '\n' || xml[at] == '=')
				continue;
			char *other = arena_text(hand.arena, xml);

			other[at] = other[at] == 'A' ? 'Q' : 'A';
			if (opened(hand.arena, other, &app_one))
				fail_msg("changed at %zu, it opens", at);
			tried++;
		}
	}
	assert_true(tried > 40);
}

static void only_an_rsa_key_that_is_long_enough_is_encrypted_to(UNUSED void **state)
{
	struct app_key ec = { .key = EVP_EC_gen("P-256") }, brief = { .key = EVP_RSA_gen(1024) };
	const struct {
		const char *certificate;
	} rows[] = { { "" }, { "AAAA" }, { "not base64" }, { ec.certificate }, { brief.certificate } };
	AUTO_OURS hand;

	ours_begin(&hand);
	certify(&ec);
	certify(&brief);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct certificate to = { .base64 = rows[i].certificate,
						.encryption = true,
						.rsa = true };
		AUTO_DOC *doc = parsed(response);
		xmlNode *assertion = named(xmlDocGetRootElement(doc), "Assertion");

		assert_int_equal(crypt_encrypt(&hand.w, assertion, &to), ERR_SAML_METADATA);
	}
	EVP_PKEY_free(ec.key);
	EVP_PKEY_free(brief.key);
}

static void xmlsec_opens_no_file(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *path = arena_print(arena, "%s/store.db", kit_folder);
	xmlSecTransformCtx *context = xmlSecTransformCtxCreate();

	assert_int_equal(access(path, R_OK), 0);
	assert_true(xmlSecTransformCtxUriExecute(context, BAD_CAST path) < 0);
	xmlSecTransformCtxDestroy(context);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_holds_by_our_certificate_and_stands_where_it_belongs),
		cmocka_unit_test(without_a_place_the_signature_is_the_first_child),
		cmocka_unit_test(nothing_that_is_signed_can_be_changed),
		cmocka_unit_test(an_id_that_is_missing_or_not_the_only_one_is_not_signed),
		cmocka_unit_test(the_key_that_was_rotated_in_signs_at_once),
		cmocka_unit_test(an_encrypted_assertion_opens_and_its_signature_holds_alone),
		cmocka_unit_test(the_algorithms_are_gcm_and_oaep),
		cmocka_unit_test(no_two_encryptions_share_a_key_or_a_byte),
		cmocka_unit_test(another_apps_key_opens_nothing),
		cmocka_unit_test(a_changed_cipher_text_does_not_open),
		cmocka_unit_test(only_an_rsa_key_that_is_long_enough_is_encrypted_to),
		cmocka_unit_test(xmlsec_opens_no_file),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
