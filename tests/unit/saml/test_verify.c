/* verify.h: by itself, whatever let the message through before: a signature holds for the one element it
 * names, by the keys that are given, with what is allowed. */
#include "app_hand.h"

#include "saml/tree.h"
#include "saml/verify.h"

#define DSIG(inner) "<ds:Signature xmlns:ds=\"" NS_SIGNATURE "\">" inner "</ds:Signature>"
#define SIGN(c14n, method, references)                                                                       \
	DSIG("<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" c14n "\"/><ds:SignatureMethod "        \
	     "Algorithm=\"" method "\"/>" references "</ds:SignedInfo><ds:SignatureValue/>")
#define REF(uri, transforms, digest)                                                                         \
	"<ds:Reference " uri "><ds:Transforms>" transforms                                                   \
	"</ds:Transforms><ds:DigestMethod Algorithm=\"" digest "\"/><ds:DigestValue/></ds:Reference>"
#define TRANSFORM(uri) "<ds:Transform Algorithm=\"" uri "\"/>"
#define ENVELOPED      TRANSFORM(NS_SIGNATURE "enveloped-signature")
#define USUAL          ENVELOPED TRANSFORM(NS_EXCLUSIVE)
#define RSA_256        MORE "rsa-sha256"
#define SHA_256        "http://www.w3.org/2001/04/xmlenc#sha256"
#define OUTER          "URI=\"#outer\""
#define USUAL_REF      REF(OUTER, USUAL, SHA_256)
#define WITH_REF(...)  SIGN(NS_EXCLUSIVE, RSA_256, __VA_ARGS__)
#define OF(signature)  "<m ID=\"outer\"><a ID=\"inner\">who</a>" signature "</m>"
#define C14N           "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"

static void doc_done(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}
#define AUTO_DOC AUTO(doc_done) xmlDoc

static void key_done(xmlSecKey **key)
{
	xmlSecKeyDestroy(*key);
}
#define AUTO_KEY AUTO(key_done) xmlSecKey

/* Fills in the first Signature of the text, wherever it stands. */
static xmlDoc *signed_with(const char *xml, xmlSecKey *key)
{
	static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
	xmlDoc *doc = parsed(xml);
	xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);

	xmlSecAddIDs(doc, xmlDocGetRootElement(doc), ids);
	context->signKey = xmlSecKeyDuplicate(key);
	if (xmlSecDSigCtxSign(context, xmlSecFindNode(xmlDocGetRootElement(doc), xmlSecNodeSignature,
						      xmlSecDSigNs)) != 0)
		fail_msg("cannot be signed: %s", xml);
	xmlSecDSigCtxDestroy(context);
	return doc;
}

static bool holds_by(xmlDoc *doc, xmlSecKey *key)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	xmlSecKey *const keys[] = { key };

	return verify_element(arena, xmlDocGetRootElement(doc), &(struct verifier){ keys, 1 });
}

/* What is not allowed is well signed all the same: the library itself takes it when it may. */
static bool library_takes(xmlDoc *doc, xmlSecKey *key)
{
	xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
	xmlNode *signature = xmlSecFindNode(xmlDocGetRootElement(doc), xmlSecNodeSignature, xmlSecDSigNs);

	context->signKey = xmlSecKeyDuplicate(key);
	bool taken =
		xmlSecDSigCtxVerify(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded;

	xmlSecDSigCtxDestroy(context);
	return taken;
}

static void what_is_allowed_holds(UNUSED void **state)
{
	static const char *const texts[] = {
		OF(WITH_REF(USUAL_REF)),
		OF(SIGN(NS_EXCLUSIVE, MORE "rsa-sha384", USUAL_REF)),
		OF(SIGN(NS_EXCLUSIVE, MORE "rsa-sha512", USUAL_REF)),
		OF(WITH_REF(REF(OUTER, USUAL, MORE "sha384"))),
		OF(WITH_REF(REF(OUTER, USUAL, "http://www.w3.org/2001/04/xmlenc#sha512"))),
	};
	AUTO_KEY *key = private_key(&app_one);

	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_DOC *doc = signed_with(texts[i], key);

		if (!holds_by(doc, key))
			fail_msg("it does not hold: %s", texts[i]);
	}
}

static void what_means_anything_else_does_not(UNUSED void **state)
{
	static const char *const texts[] = {
		/* another element, the whole text, or ours beside another */
		OF(WITH_REF(REF("URI=\"#inner\"", TRANSFORM(NS_EXCLUSIVE), SHA_256))),
		OF(WITH_REF(REF("URI=\"\"", USUAL, SHA_256))),
		OF(WITH_REF(REF("URI=\"#xpointer(/)\"", USUAL, SHA_256))),
		OF(WITH_REF(REF("URI=\"#xpointer(id('outer'))\"", USUAL, SHA_256))),
		OF(WITH_REF(USUAL_REF REF("URI=\"#inner\"", TRANSFORM(NS_EXCLUSIVE), SHA_256))),
		OF(WITH_REF(REF("URI=\"#inner\"", TRANSFORM(NS_EXCLUSIVE), SHA_256) USUAL_REF)),
		/* in another form, or after it was changed on the way */
		OF(SIGN(C14N, RSA_256, USUAL_REF)),
		OF(SIGN(NS_EXCLUSIVE "WithComments", RSA_256, USUAL_REF)),
		OF(WITH_REF(REF(OUTER, ENVELOPED TRANSFORM(C14N), SHA_256))),
		OF(WITH_REF(REF(OUTER, ENVELOPED TRANSFORM(NS_EXCLUSIVE "WithComments"), SHA_256))),
		OF(WITH_REF(REF(OUTER,
				ENVELOPED
				"<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
				"REC-xpath-19991116\"><ds:XPath>not(self::a)</ds:XPath></ds:Transform>",
				SHA_256))),
		/* broken or of another kind */
		OF(SIGN(NS_EXCLUSIVE, NS_SIGNATURE "rsa-sha1", USUAL_REF)),
		OF(WITH_REF(REF(OUTER, USUAL, NS_SIGNATURE "sha1"))),
		OF(SIGN(NS_EXCLUSIVE, MORE "rsa-sha224", USUAL_REF)),
		OF(WITH_REF(REF(OUTER, USUAL, MORE "sha224"))),
	};
	AUTO_KEY *key = private_key(&app_one);

	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_DOC *doc = signed_with(texts[i], key);

		if (!library_takes(doc, key))
			fail_msg("it is no case: %s", texts[i]);
		if (holds_by(doc, key))
			fail_msg("it holds: %s", texts[i]);
	}
}

static void it_is_the_elements_own_child_or_none(UNUSED void **state)
{
	static const char *const texts[] = {
		"<m ID=\"outer\"><a ID=\"inner\">" WITH_REF(USUAL_REF) "</a></m>",
		"<m><a ID=\"outer\">" WITH_REF(USUAL_REF) "</a></m>",
		"<m><a ID=\"outer\"/>" WITH_REF(USUAL_REF) "</m>",
	};
	AUTO_KEY *key = private_key(&app_one);

	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_DOC *doc = signed_with(texts[i], key);

		assert_true(library_takes(doc, key));
		if (holds_by(doc, key))
			fail_msg("it holds: %s", texts[i]);
	}
	AUTO_DOC *bare = parsed("<m ID=\"outer\"/>");
	AUTO_DOC *unfilled = parsed(OF(WITH_REF(USUAL_REF)));

	assert_false(holds_by(bare, key));
	assert_false(holds_by(unfilled, key));
}

/* The reference would lead to the first of the two, the reader reads the other. */
static void an_id_that_is_there_twice_is_none(UNUSED void **state)
{
	AUTO_KEY *key = private_key(&app_one);
	AUTO_DOC *doc = signed_with("<r><m ID=\"outer\"><a>who</a>" WITH_REF(USUAL_REF) "</m></r>", key);
	AUTO(arena_done) struct arena *arena = arena_new();
	xmlSecKey *const keys[] = { key };
	const struct verifier by = { keys, 1 };
	xmlNode *root = xmlDocGetRootElement(doc), *honest = xmlFirstElementChild(root);
	xmlNode *forged = xmlCopyNode(honest, 1);

	assert_true(verify_element(arena, honest, &by));
	xmlNodeSetContent(xmlFirstElementChild(forged), BAD_CAST "another");
	xmlAddChild(root, forged);
	assert_false(verify_element(arena, forged, &by));
}

static void it_holds_by_the_keys_that_are_given(UNUSED void **state)
{
	AUTO_KEY *key = private_key(&app_one), *other = private_key(&app_other);
	AUTO_DOC *doc = signed_with(OF(WITH_REF(USUAL_REF)), key);
	/* with the certificate of whoever signed beside it */
	AUTO_DOC *carried =
		signed_with(OF("<ds:Signature xmlns:ds=\"" NS_SIGNATURE
			       "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" NS_EXCLUSIVE
			       "\"/><ds:SignatureMethod Algorithm=\"" RSA_256 "\"/>" USUAL_REF
			       "</ds:SignedInfo><ds:SignatureValue/>"
			       "<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></"
			       "ds:Signature>"),
			    other);
	AUTO(arena_done) struct arena *arena = arena_new();
	xmlSecKey *const both[] = { other, key };
	xmlNode *root = xmlDocGetRootElement(doc);

	assert_true(library_takes(carried, other));
	assert_false(holds_by(carried, key));
	assert_false(holds_by(doc, other));
	assert_true(verify_element(arena, root, &(struct verifier){ both, 2 }));
	assert_false(verify_element(arena, root, &(struct verifier){ both, 1 }));
	assert_false(verify_element(arena, root, &(struct verifier){ both, 0 }));
	xmlNodeSetContent(xmlFirstElementChild(root), BAD_CAST "another");
	assert_false(holds_by(doc, key));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allowed_holds),
		cmocka_unit_test(what_means_anything_else_does_not),
		cmocka_unit_test(it_is_the_elements_own_child_or_none),
		cmocka_unit_test(an_id_that_is_there_twice_is_none),
		cmocka_unit_test(it_holds_by_the_keys_that_are_given),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
