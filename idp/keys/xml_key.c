/* xml_key.c: the RSA key and certificate of SAML, made and kept (RFC 5280 4.1, 4.2; RFC 5958).
 *
 * The store is not trusted: a kid is the digest of its certificate, the private half is sealed under that
 * kid, and it fits the certificate or the row is refused. */
/* OpenSSL first: its headers use names that base.h poisons. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "keys/keyring.h"
#include "keys/ring.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "keys/xml_ring.h"
#include "store/db.h"
#include "store/signing_keys.h"

enum { RSA_BITS = 2048, SERIAL_BYTES = 16, DAY = 24 * 3600, COMMON_NAME_MAX = 64 };
static const int64_t certificate_seconds = 3653LL * DAY; /* ten years */

static void key_done(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void certificate_done(X509 **certificate)
{
	X509_free(*certificate);
}

static void bio_done(BIO **bio)
{
	BIO_free(*bio);
}

#define AUTO_KEY         AUTO(key_done) EVP_PKEY
#define AUTO_CERTIFICATE AUTO(certificate_done) X509
#define AUTO_BIO         AUTO(bio_done) BIO

/* --- making ---------------------------------------------------------------------------------------- */

/* Positive and not zero (RFC 5280 4.1.2.2): the first bits are 01. */
static bool put_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_BYTES];

	random_bytes(bytes, sizeof bytes);
	bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
	BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	return done;
}

/* The host without its port; a longer one than a name may be (RFC 5280 A.1) is not said. */
static char *common_name(struct arena *arena, const char *host)
{
	size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	return size > COMMON_NAME_MAX ? arena_text(arena, "lanyard") : arena_textn(arena, host, size);
}

static bool put_names(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
					  0) &&
	       X509_set_issuer_name(certificate, subject);
}

/* A day back: an app's clock may be behind ours. */
static bool put_times(X509 *certificate, int64_t now)
{
	return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(now - DAY)) &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(now + certificate_seconds));
}

static bool put_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool done = extension && X509_add_ext(certificate, extension, -1);

	X509_EXTENSION_free(extension);
	return done;
}

static X509 *make_certificate(EVP_PKEY *key, const char *name, int64_t now)
{
	AUTO_CERTIFICATE *certificate = X509_new();
	bool done = certificate && X509_set_version(certificate, X509_VERSION_3) && put_serial(certificate) &&
		    put_names(certificate, name) && put_times(certificate, now) &&
		    X509_set_pubkey(certificate, key) &&
		    put_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
		    put_extension(certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
		    put_extension(certificate, NID_subject_key_identifier, "hash") &&
		    X509_sign(certificate, key, EVP_sha256()) > 0;

	return done ? TAKE(certificate) : NULL;
}

/* OpenSSL's memory of a DER encoding becomes the arena's. */
static struct bytes der_kept(struct arena *arena, unsigned char *der, int size)
{
	struct bytes none = { NULL, 0 };

	if (size <= 0)
		return none;
	struct bytes kept = arena_bytes(arena, (struct bytes){ der, (size_t)size });

	OPENSSL_clear_free(der, (size_t)size);
	return kept;
}

static struct bytes certificate_der(struct arena *arena, const X509 *certificate)
{
	unsigned char *der = NULL;
	int size = i2d_X509(certificate, &der);

	return der_kept(arena, der, size);
}

/* PKCS#8 (RFC 5958). The caller wipes it. */
static struct bytes private_der(struct arena *arena, const EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

	PKCS8_PRIV_KEY_INFO_free(info);
	return der_kept(arena, der, size);
}

static char *kid_of(struct arena *arena, struct bytes certificate)
{
	return hex_encode(arena, sha256(arena, certificate));
}

enum err xml_key_make(struct work *work, const char *state, struct signing_key *out)
{
	struct arena *arena = work->arena;
	AUTO_KEY *key = EVP_RSA_gen(RSA_BITS);
	AUTO_CERTIFICATE *certificate =
		key ? make_certificate(key, common_name(arena, work->app->config->issuer_host), work->now)
		    : NULL;

	if (!certificate)
		return fault(work, ERR_INTERNAL, "cannot make a key and certificate for SAML");
	struct bytes clear = private_der(arena, key), der = certificate_der(arena, certificate);

	assert(clear.at && der.at);
	const char *kid = kid_of(arena, der);

	*out = (struct signing_key){
		.kid = kid,
		.alg = XML_KEY_ALG,
		.state = state,
		.public_jwk = base64_encode(arena, der),
		.sealed = seal(work->app->vault, arena, RING_PURPOSE, ring_row_name(arena, kid), clear),
		.created_at = work->now,
		.activated_at = text_equal(state, "active") ? work->now : 0,
	};
	bytes_wipe(clear);
	return OK;
}

/* --- the rows of the store -------------------------------------------------------------------------- */

/* Whole: nothing behind it. */
static X509 *read_certificate(struct bytes der)
{
	const unsigned char *at = der.at;
	AUTO_CERTIFICATE *certificate = d2i_X509(NULL, &at, (long)der.size);

	return certificate && at == der.at + der.size ? TAKE(certificate) : NULL;
}

static EVP_PKEY *read_private(struct bytes der)
{
	const unsigned char *at = der.at;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.size);
	AUTO_KEY *key = info && at == der.at + der.size ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS ? TAKE(key) : NULL;
}

static bool time_of(const ASN1_TIME *time, int64_t *out)
{
	struct tm parts;

	if (!ASN1_TIME_to_tm(time, &parts))
		return false;
	*out = timegm(&parts);
	return true;
}

/* What a BIO of memory has, as text of the arena's, or NULL. */
static char *bio_text(struct arena *arena, BIO *bio)
{
	char *data = NULL;
	long size = BIO_get_mem_data(bio, &data);

	return size > 0 ? arena_textn(arena, data, (size_t)size) : NULL;
}

/* OpenSSL wipes the memory of a BIO when it is freed. */
static char *private_pem(const EVP_PKEY *key)
{
	AUTO_BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return NULL;
	long size = BIO_get_mem_data(bio, &data);

	return size > 0 ? strndup(data, (size_t)size) : NULL;
}

static char *certificate_pem(struct arena *arena, X509 *certificate)
{
	AUTO_BIO *bio = BIO_new(BIO_s_mem());

	return bio && PEM_write_bio_X509(bio, certificate) ? bio_text(arena, bio) : NULL;
}

/* One row while it is opened. */
struct opened {
	X509 *certificate;
	EVP_PKEY *key;
};

static void opened_done(struct opened *opened)
{
	X509_free(opened->certificate);
	EVP_PKEY_free(opened->key);
}

static enum err open_private(struct vault *vault, struct arena *scratch, const struct signing_key *row,
			     EVP_PKEY **out)
{
	struct bytes clear;

	TRY(unseal(vault, scratch, RING_PURPOSE, ring_row_name(scratch, row->kid), row->sealed, &clear));
	*out = read_private(clear);
	bytes_wipe(clear);
	return *out ? OK : ERR_SEAL;
}

/* Is the row the key that it says it is? */
static enum err open_row(struct vault *vault, struct arena *scratch, const struct signing_key *row,
			 struct opened *out)
{
	struct bytes der;

	if (!row->public_jwk || !base64_decode(scratch, row->public_jwk, strlen(row->public_jwk), &der) ||
	    !text_equal(kid_of(scratch, der), row->kid))
		return ERR_SEAL;
	out->certificate = read_certificate(der);
	TRY(open_private(vault, scratch, row, &out->key));
	if (!out->certificate || X509_check_private_key(out->certificate, out->key) != 1)
		return ERR_SEAL;
	return OK;
}

static enum err add_row(struct vault *vault, struct arena *scratch, const struct signing_key *row,
			struct xml_ring *ring)
{
	AUTO(opened_done) struct opened opened = { NULL, NULL };
	struct xml_key *key = &ring->keys[ring->count];

	TRY(open_row(vault, scratch, row, &opened));
	*key = (struct xml_key){ .kid = arena_text(ring->arena, row->kid),
				 .state = arena_text(ring->arena, row->state),
				 .certificate = arena_text(ring->arena, row->public_jwk) };
	if (!time_of(X509_get0_notAfter(opened.certificate), &key->not_after))
		return ERR_SEAL;
	ring->count++;
	if (!text_equal(row->state, "active"))
		return OK;
	/* Only an active key keeps its private half in memory. */
	ring->private_pem = private_pem(opened.key);
	ring->certificate_pem = certificate_pem(ring->arena, opened.certificate);
	return ring->private_pem && ring->certificate_pem ? OK : ERR_SEAL;
}

static enum err add_state(struct vault *vault, const struct signing_key *rows, size_t count,
			  const char *state, struct xml_ring *ring)
{
	AUTO(arena_done) struct arena *scratch = arena_new();

	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].alg, XML_KEY_ALG) && text_equal(rows[i].state, state))
			/* the unique index allows one in a state; a second is not from us */
			return add_row(vault, scratch, &rows[i], ring);
	return OK;
}

enum err xml_ring_build(struct vault *vault, const struct signing_key *rows, size_t count,
			struct xml_ring **out)
{
	struct xml_ring *ring = calloc(1, sizeof *ring);

	assert(ring);
	ring->arena = arena_new();
	enum err err = add_state(vault, rows, count, "active", ring);

	if (err == OK)
		err = add_state(vault, rows, count, "next", ring);
	if (err == OK)
		*out = ring;
	else
		xml_ring_free(ring);
	return err;
}

void xml_ring_free(struct xml_ring *ring)
{
	if (!ring)
		return;
	xml_key_release(ring->private_pem);
	arena_done(&ring->arena);
	free(ring);
}

const struct xml_key *xml_ring_active(const struct xml_ring *ring)
{
	return ring->private_pem ? &ring->keys[0] : NULL;
}

/* --- use -------------------------------------------------------------------------------------------- */

static void drop(void *ring)
{
	ring_drop(ring);
}

/* The picture as long as the work's arena lives. */
static const struct xml_ring *held(struct work *work)
{
	struct ring *ring = keyring_hold(work->app->keyring);

	arena_defer(work->arena, drop, ring);
	return ring->xml;
}

static bool is_whole(const struct xml_ring *ring)
{
	return ring->count == XML_RING_KEYS;
}

/* Whoever comes second makes a key in vain: the unique index keeps the first. */
static enum err make_missing(struct work *work, const struct xml_ring *ring)
{
	static const char *const states[] = { "active", "next" };
	struct signing_key key;
	bool first;

	/* Others would see at once in the ring what may yet be rolled back. */
	if (!work->db || tx_is_open(work))
		return fault(work, ERR_INTERNAL, "the keys of SAML cannot be made here");
	for (size_t state = 0; state < COUNT(states); state++) {
		bool is_active = state == 0;

		if (is_active ? xml_ring_active(ring) != NULL
			      : ring->count > (xml_ring_active(ring) ? 1U : 0U))
			continue;
		TRY(xml_key_make(work, states[state], &key));
		TRY(signing_key_insert(work, &key, &first));
	}
	return keyring_refresh(work);
}

static enum err current(struct work *work, const struct xml_ring **out)
{
	const struct xml_ring *ring = held(work);

	if (!is_whole(ring)) {
		TRY(make_missing(work, ring));
		ring = held(work);
	}
	if (!xml_ring_active(ring))
		return fault(work, ERR_INTERNAL, "the store has no active key for SAML");
	*out = ring;
	return OK;
}

enum err xml_keys(struct work *work, const struct xml_key **out, size_t *count)
{
	const struct xml_ring *ring;

	TRY(current(work, &ring));
	*out = ring->keys;
	*count = ring->count;
	return OK;
}

enum err xml_key_private(struct work *work, const char **kid, char **pem, char **certificate)
{
	const struct xml_ring *ring;

	TRY(current(work, &ring));
	*kid = xml_ring_active(ring)->kid;
	*certificate = arena_text(work->arena, ring->certificate_pem);
	*pem = strdup(ring->private_pem);
	assert(*pem);
	return OK;
}

static const struct signing_key *last_retired(const struct signing_key *rows, size_t count)
{
	const struct signing_key *last = NULL;

	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].alg, XML_KEY_ALG) && text_equal(rows[i].state, "retired") &&
		    (!last || rows[i].retired_at > last->retired_at))
			last = &rows[i];
	return last;
}

enum err xml_key_before(struct work *work, char **pem)
{
	AUTO(opened_done) struct opened opened = { NULL, NULL };
	struct signing_key *rows;
	size_t count = 0;

	*pem = NULL;
	TRY(signing_keys_all(work, &rows, &count));
	const struct signing_key *row = last_retired(rows, count);

	if (!row)
		return OK;
	if (open_row(work->app->vault, work->arena, row, &opened) != OK)
		return fault(work, ERR_SEAL, "the retired key %s of SAML does not open", row->kid);
	*pem = private_pem(opened.key);
	return *pem ? OK
		    : fault(work, ERR_INTERNAL, "the retired key %s of SAML cannot be written", row->kid);
}

void xml_key_release(char *pem)
{
	if (pem)
		wipe(pem, strlen(pem));
	free(pem);
}
