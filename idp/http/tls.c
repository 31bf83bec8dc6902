/* tls.c: reading certificate and key. */
#include "base/base.h"

#include <gnutls/gnutls.h>

#include "base/config.h"
#include "http/tls.h"
#include "keys/secret.h"

#define PEM_MAX (64 * KB)

static enum err fail(const char *path, const char *why, char *message, size_t size)
{
	(void)snprintf(message, size, "tls %s: %s", path, why); /* cut when long */
	return ERR_CONFIG;
}

static enum err read_pem(const char *path, char **out, char *message, size_t size)
{
	FILE *file = fopen(path, "re");
	char *text = file ? calloc(1, PEM_MAX + 1) : NULL;

	if (!file)
		return fail(path, strerror(errno), message, size);
	assert(text);
	size_t n = fread(text, 1, PEM_MAX, file);
	bool good = n > 0 && n < PEM_MAX && !ferror(file) && memchr(text, '\0', n) == NULL;

	fclose(file);
	if (!good) {
		wipe(text, PEM_MAX);
		free(text);
		return fail(path, "not a PEM file", message, size);
	}
	*out = text;
	return OK;
}

static gnutls_datum_t datum(char *text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)text, .size = (unsigned)strlen(text) };
}

/* GnuTLS compares the two; libmicrohttpd would only say that it could not start. */
static int try_pair(const struct tls *tls)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t certificate = datum(tls->certificate), key = datum(tls->key);
	int rc = gnutls_certificate_allocate_credentials(&credentials);

	if (rc != GNUTLS_E_SUCCESS)
		return rc;
	rc = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	return rc;
}

enum err tls_read(const struct config *config, struct tls *out, char *message, size_t message_size)
{
	*out = (struct tls){ NULL, NULL };
	if (!config->tls_certificate)
		return OK;
	enum err err = read_pem(config->tls_certificate, &out->certificate, message, message_size);
	if (err == OK)
		err = read_pem(config->tls_key, &out->key, message, message_size);
	if (err != OK) {
		tls_done(out);
		return err;
	}
	int rc = try_pair(out);
	if (rc < 0) {
		tls_done(out);
		return fail(config->tls_certificate, gnutls_strerror(rc), message, message_size);
	}
	return OK;
}

void tls_done(struct tls *tls)
{
	if (tls->key)
		wipe(tls->key, strlen(tls->key));
	free(tls->key);
	free(tls->certificate);
	*tls = (struct tls){ NULL, NULL };
}
