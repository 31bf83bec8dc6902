/* app_hand.h: what an app sends, signed with libxmlsec and OpenSSL alone. */
#ifndef TEST_APP_HAND_H
#define TEST_APP_HAND_H

#include "desk_kit.h"

#include <xmlsec/templates.h>

#include "base/buf.h"

#define MORE "http://www.w3.org/2001/04/xmldsig-more#"

static xmlSecKey *private_key(const struct app_key *app)
{
	xmlSecKey *key =
		xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *)app->pem, (xmlSecSize)strlen(app->pem),
					     xmlSecKeyDataFormatPem, NULL, NULL, NULL);

	assert_non_null(key);
	/* Its certificate goes into KeyInfo: a verifier that trusts the message would find it there. */
	uint8_t der[4096];
	int size =
		EVP_DecodeBlock(der, (const unsigned char *)app->certificate, (int)strlen(app->certificate));

	assert_true(size > 0);
	assert_int_equal(
		xmlSecCryptoAppKeyCertLoadMemory(key, der, (xmlSecSize)size, xmlSecKeyDataFormatCertDer), 0);
	return key;
}

/* Reference to the root, the Signature behind the Issuer. */
static char *sign_by(struct arena *arena, const struct app_key *app, const char *xml,
		     xmlSecTransformId method, xmlSecTransformId digest)
{
	static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
	xmlDoc *doc = parsed(xml);
	xmlNode *root = xmlDocGetRootElement(doc);
	xmlChar *id = xmlGetProp(root, BAD_CAST "ID");
	xmlNode *signature = xmlSecTmplSignatureCreate(doc, xmlSecTransformExclC14NId, method, NULL);
	xmlNode *reference = xmlSecTmplSignatureAddReference(
		signature, digest, NULL, BAD_CAST arena_print(arena, "#%s", (const char *)id), NULL);
	xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
	xmlChar *text;
	int size;

	xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId);
	xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId);
	xmlSecTmplKeyInfoAddX509Data(xmlSecTmplSignatureEnsureKeyInfo(signature, NULL));
	xmlAddNextSibling(xmlFirstElementChild(root), signature);
	xmlSecAddIDs(doc, root, ids);
	context->signKey = private_key(app);
	assert_int_equal(xmlSecDSigCtxSign(context, signature), 0);
	xmlDocDumpMemory(doc, &text, &size);

	char *copy = arena_text(arena, (const char *)text);

	xmlFree(text);
	xmlFree(id);
	xmlSecDSigCtxDestroy(context);
	xmlFreeDoc(doc);
	return copy;
}

UNUSED static char *sign_as(struct arena *arena, const struct app_key *app, const char *xml)
{
	return sign_by(arena, app, xml, xmlSecTransformRsaSha256Id, xmlSecTransformSha256Id);
}

/* The signed form of a query: the fields as they are, SigAlg, Signature. */
static char *sign_query_by(struct arena *arena, const struct app_key *app, const char *fields,
			   const char *method, const EVP_MD *digest)
{
	AUTO_BUF query = BUF(16 * KB);
	uint8_t signature[512];
	size_t size = sizeof signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	buf_print(&query, "%s&SigAlg=", fields);
	percent_encode(&query, method);
	assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, app->key), 1);
	assert_int_equal(
		EVP_DigestSign(context, signature, &size, (const uint8_t *)buf_str(&query), query.size), 1);
	EVP_MD_CTX_free(context);
	buf_text(&query, "&Signature=");
	percent_encode(&query, base64_encode(arena, (struct bytes){ signature, size }));
	return arena_text(arena, buf_str(&query));
}

UNUSED static char *sign_query(struct arena *arena, const struct app_key *app, const char *fields)
{
	return sign_query_by(arena, app, fields, MORE "rsa-sha256", EVP_sha256());
}

#endif
