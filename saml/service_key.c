/* service_key.c: certificates in metadata (SAML Metadata 2.4.1.1). They are trusted for standing in it:
 * names, chains and dates are told, not judged (Metadata Interoperability Profile 2.6.1); the key's kind is.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "keys/secret.h"
#include "saml/service_reading.h"
#include "saml/tree.h"

#define SUBJECT_MAX  200
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* what a larger one costs to verify buys nothing */

static void certificate_done(X509 **certificate)
{
	X509_free(*certificate);
}

static void number_done(BIGNUM **number)
{
	BN_free(*number);
}

static void writer_done(BIO **writer)
{
	BIO_free(*writer);
}

/* With an exponent of one anybody signs. */
static bool exponent_is_sound(const EVP_PKEY *key)
{
	AUTO(number_done) BIGNUM *e = NULL;

	return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && !BN_is_one(e) &&
	       BN_num_bits(e) <= 64;
}

static bool is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") == 1;
}

static bool curve_is_ours(const EVP_PKEY *key)
{
	char name[32];
	size_t size = 0;

	return EVP_PKEY_is_a(key, "EC") == 1 &&
	       EVP_PKEY_get_group_name(key, name, sizeof(name), &size) == 1 &&
	       (text_equal(name, "prime256v1") || text_equal(name, "secp384r1"));
}

static enum err check_key(struct service_reading *r, const X509 *certificate, const char *subject, bool *rsa)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);

	if (key == NULL)
		return service_complain(r, "the certificate \"%s\" has a key that cannot be read", subject);
	*rsa = is_rsa(key);
	if (!*rsa)
		return curve_is_ours(key)
			       ? OK
			       : service_complain(r,
						  "the certificate \"%s\" has another key than RSA, P-256 "
						  "or P-384",
						  subject);
	int bits = EVP_PKEY_get_bits(key);

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX || !exponent_is_sound(key))
		return service_complain(
			r,
			"the certificate \"%s\" has an RSA key of %d bits: %d to %d with an odd "
			"exponent above 1 are accepted",
			subject, bits, RSA_BITS_MIN, RSA_BITS_MAX);
	return OK;
}

static char *subject_of(struct arena *arena, const X509 *certificate)
{
	AUTO(writer_done) BIO *writer = BIO_new(BIO_s_mem());
	char *text = NULL;

	assert(writer != NULL);
	(void)X509_NAME_print_ex(writer, X509_get_subject_name(certificate), 0,
				 XN_FLAG_ONELINE &
					 ~(unsigned long)ASN1_STRFLGS_ESC_MSB); /* -1: an empty name */
	long size = BIO_get_mem_data(writer, &text);

	return text_bounded(arena, text != NULL ? text : "", size > 0 ? (size_t)size : 0, SUBJECT_MAX);
}

static char *fingerprint_of(struct arena *arena, struct bytes der)
{
	struct bytes digest = sha256(arena, der);
	AUTO_BUF text = BUF(256);

	for (size_t i = 0; i < digest.size; i++)
		buf_print(&text, "%s%02X", i > 0 ? ":" : "", digest.at[i]);
	return arena_text(arena, buf_str(&text));
}

static bool seconds_of(const ASN1_TIME *time, int64_t *out)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(time, &parts) != 1)
		return false;
	*out = (int64_t)timegm(&parts);
	return true;
}

static enum err read_certificate(struct service_reading *r, struct bytes der, struct certificate *out)
{
	const uint8_t *at = der.at;
	AUTO(certificate_done) X509 *certificate = d2i_X509(NULL, &at, (long)der.size);

	if (certificate == NULL || at != der.at + der.size)
		return service_complain(r, "an X509Certificate is no certificate");
	const char *subject = subject_of(r->arena, certificate);

	TRY(check_key(r, certificate, subject, &out->rsa));
	if (!seconds_of(X509_get0_notBefore(certificate), &out->not_before) ||
	    !seconds_of(X509_get0_notAfter(certificate), &out->not_after))
		return service_complain(r, "the certificate \"%s\" has dates that cannot be read", subject);
	out->subject = subject;
	out->base64 = base64_encode(r->arena, der);
	out->fingerprint = fingerprint_of(r->arena, der);
	return OK;
}

/* One that is there for signing and again for encryption is one. */
static enum err note_certificate(struct service_reading *r, struct certificate *list, struct certificate one)
{
	size_t *count = &r->out->certificate_count;

	for (size_t i = 0; i < *count; i++) {
		if (text_equal(list[i].base64, one.base64)) {
			list[i].signing |= one.signing;
			list[i].encryption |= one.encryption;
			return OK;
		}
	}
	if (*count == CERTIFICATES_MAX)
		return service_complain(r, "there are more than %d certificates", CERTIFICATES_MAX);
	list[(*count)++] = one;
	return OK;
}

static enum err read_descriptor(struct service_reading *r, const xmlNode *descriptor,
				struct certificate *list)
{
	const char *use = tree_attribute(r->arena, descriptor, "use");
	const xmlNode *info = tree_child(descriptor, NS_SIGNATURE, "KeyInfo");
	struct certificate one = { .signing = !text_equal(use, "encryption"),
				   .encryption = !text_equal(use, "signing") };
	struct bytes der;

	if (use != NULL && one.signing == one.encryption)
		return service_complain(r, "a KeyDescriptor is for \"%s\": use is signing or encryption",
					service_told(r, use));
	const xmlNode *data = info != NULL ? tree_child(info, NS_SIGNATURE, "X509Data") : NULL;

	for (; data != NULL; data = tree_following(data)) {
		const xmlNode *node = tree_child(data, NS_SIGNATURE, "X509Certificate");

		for (; node != NULL; node = tree_following(node)) {
			if (!tree_base64(r->arena, node, &der))
				return service_complain(r,
							"an X509Certificate is not base64 of a certificate "
							"(without BEGIN and END lines)");
			TRY(read_certificate(r, der, &one));
			TRY(note_certificate(r, list, one));
		}
	}
	return OK;
}

bool service_has_signing_key(const struct service *service)
{
	for (size_t i = 0; i < service->certificate_count; i++) {
		if (service->certificates[i].signing)
			return true;
	}
	return false;
}

enum err service_read_keys(struct service_reading *r, const xmlNode *role)
{
	struct certificate *list = arena_array(r->arena, struct certificate, CERTIFICATES_MAX);
	const xmlNode *descriptor = tree_child(role, NS_METADATA, "KeyDescriptor");

	r->out->certificates = list;
	for (; descriptor != NULL; descriptor = tree_following(descriptor))
		TRY(read_descriptor(r, descriptor, list));
	if (r->out->requests_signed && !service_has_signing_key(r->out))
		return service_complain(
			r, "AuthnRequestsSigned is true, but no KeyDescriptor for signing has an "
			   "X509Certificate");
	return OK;
}
