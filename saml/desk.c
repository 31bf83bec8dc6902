/* desk.c: whose signature is it (SAML Core 5.4, Bindings 3.4.4.1)?
 *
 * One way for all kinds of messages: libxmlsec and OpenSSL with the keys of the app's metadata, algorithms of
 * a short list, KeyInfo never read. Not lasso's own way, for reasons found in its source (2.8.1) and by
 * tests: it accepts SHA-1 and HMAC and no ECDSA; its check of a query believes the last of two fields of one
 * name, parts fields at ';' too, so that a RelayState can bring an old signed message along, and leaks the
 * signature's bytes each time; a variable of the environment turns it off. */
/* The libraries first: their headers use names that base.h poisons. */
#include <libxml/tree.h>
#include <openssl/evp.h>
#include <xmlsec/crypto.h>
#include <xmlsec/openssl/evp.h>

#include "saml/desk.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "saml/cabinet.h"
#include "saml/tree.h"
#include "saml/verify.h"

/* --- a Signature in the message ---------------------------------------------------------------------- */

/* The bytes that received.c read, parsed the same way. */
static bool message_holds(struct work *work, const char *xml, const struct verifier *app)
{
	xmlDoc *doc = tree_parse(work->arena, BYTES_OF(xml));
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

	return root && verify_element(work->arena, root, app);
}

/* --- the Signature of a query ------------------------------------------------------------------------ */

#define MORE "http://www.w3.org/2001/04/xmldsig-more#"

struct query_method {
	const char *uri;
	int key_type;
	const EVP_MD *(*digest)(void);
};
/* ECDSA in DER, as it comes from OpenSSL and Java. */
static const struct query_method query_methods[] = {
	{ MORE "rsa-sha256", EVP_PKEY_RSA, EVP_sha256 },  { MORE "rsa-sha384", EVP_PKEY_RSA, EVP_sha384 },
	{ MORE "rsa-sha512", EVP_PKEY_RSA, EVP_sha512 },  { MORE "ecdsa-sha256", EVP_PKEY_EC, EVP_sha256 },
	{ MORE "ecdsa-sha384", EVP_PKEY_EC, EVP_sha384 }, { MORE "ecdsa-sha512", EVP_PKEY_EC, EVP_sha512 },
};

/* Taken apart: the bytes that are signed, and what follows them. */
struct signed_query {
	struct bytes bytes, signature;
	const struct query_method *method;
};

static const struct query_method *method_of(const char *uri)
{
	for (size_t i = 0; i < COUNT(query_methods); i++)
		if (text_equal(query_methods[i].uri, uri))
			return &query_methods[i];
	return NULL;
}

/* SAMLRequest=..[&RelayState=..]&SigAlg=..&Signature=.., each once and in this order (Bindings 3.4.4.1). */
static bool query_is_plain(const char *query)
{
	static const char *const order[] = { "RelayState=", "SigAlg=", "Signature=" };
	size_t next = 0;

	if (!text_starts(query, "SAMLRequest=") && !text_starts(query, "SAMLResponse="))
		return false;
	for (const char *at = strchr(query, '&'); at; at = strchr(at + 1, '&')) {
		if (next == 0 && !text_starts(at + 1, order[0]))
			next = 1;
		if (next >= COUNT(order) || !text_starts(at + 1, order[next++]))
			return false;
	}
	return next == COUNT(order);
}

static bool query_split(struct arena *arena, const char *query, struct signed_query *out)
{
	char *method = NULL, *signature = NULL;

	if (!query_is_plain(query))
		return false;

	const char *name = strstr(query, "&SigAlg=") + strlen("&SigAlg=");
	const char *end = strstr(query, "&Signature=");
	const char *value = end + strlen("&Signature=");

	if (!percent_decode(arena, name, (size_t)(end - name), false, &method) ||
	    !percent_decode(arena, value, strlen(value), false, &signature) ||
	    !base64_decode(arena, signature, strlen(signature), &out->signature))
		return false;
	out->bytes = (struct bytes){ (const uint8_t *)query, (size_t)(end - query) };
	out->method = method_of(method);
	return out->method != NULL;
}

static bool query_holds_by(const struct signed_query *query, xmlSecKey *key)
{
	EVP_PKEY *pkey = xmlSecOpenSSLEvpKeyDataGetEvp(xmlSecKeyGetValue(key)); /* stays the key's */

	if (!pkey || EVP_PKEY_get_base_id(pkey) != query->method->key_type)
		return false;

	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context &&
		    EVP_DigestVerifyInit(context, NULL, query->method->digest(), NULL, pkey) == 1 &&
		    EVP_DigestVerify(context, query->signature.at, query->signature.size, query->bytes.at,
				     query->bytes.size) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static bool query_holds(struct work *work, const char *text, const struct verifier *app)
{
	struct signed_query query = { 0 };

	if (!query_split(work->arena, text, &query))
		return false;
	for (size_t i = 0; i < app->count; i++)
		if (query_holds_by(&query, app->keys[i]))
			return true;
	return false;
}

/* --- both -------------------------------------------------------------------------------------------- */

enum err desk_verify(struct work *work, const struct service *service, const struct received *message,
		     bool must_be_signed)
{
	bool is_signed = message->has_signature || message->signed_query;
	struct verifier app;
	bool good;

	if (!text_equal(message->issuer, service->entity_id))
		return fault(work, ERR_SAML_SIGNATURE, "signature_issuer: not %s", service->entity_id);
	if (!is_signed && must_be_signed)
		return fault(work, ERR_SAML_SIGNATURE, "signature_missing: %s must sign", service->entity_id);
	if (!is_signed)
		return OK;
	TRY(cabinet_verifier(work, service, &app));
	if (app.count == 0)
		return fault(work, ERR_SAML_SIGNATURE, "signature_key: the metadata of %s has none",
			     service->entity_id);
	/* On a redirect the signature of the query is the only one there is: one inside of the message would
	 * leave RelayState open (Bindings 3.4.4.1). */
	if (message->binding == BINDING_REDIRECT)
		good = message->signed_query && query_holds(work, message->signed_query, &app);
	else
		good = message_holds(work, message->xml, &app);
	if (!good)
		return fault(work, ERR_SAML_SIGNATURE, "signature_wrong: by no key of %s",
			     service->entity_id);
	return OK;
}
