/* test_tls.c: our own TLS listener, spoken to by our own door out. */
/* Before base.h, whose poisoned names OpenSSL declares. */
#include <gnutls/gnutls.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "unit/http/rig.h"

#include "http/fetch.h"

static char folder[] = "/tmp/tls-test-XXXXXX", certificate[64], key[64], other_key[64];

static void write_key(const char *path, EVP_PKEY *pair)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

/* Self-signed for localhost, an hour long. */
static void write_certificate(const char *path, EVP_PKEY *pair)
{
	X509 *x = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
	FILE *file = fopen(path, "w");

	assert_true(x && names && file);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, pair);
	X509_add_ext(x, names, -1);
	assert_true(X509_sign(x, pair, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(file, x), 1);
	fclose(file);
	X509_EXTENSION_free(names);
	X509_free(x);
}

static int make_files(void **state)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");

	(void)state;
	assert_true(pair && other && mkdtemp(folder));
	snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
	snprintf(key, sizeof key, "%s/key.pem", folder);
	snprintf(other_key, sizeof other_key, "%s/other.pem", folder);
	write_key(key, pair);
	write_key(other_key, other);
	write_certificate(certificate, pair);
	EVP_PKEY_free(pair);
	EVP_PKEY_free(other);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	return remove(certificate) | remove(key) | remove(other_key) | remove(folder);
}

static struct config tls_config(void)
{
	struct config config = rig_config();

	config.tls_certificate = certificate;
	config.tls_key = key;
	config.outbound.ca_file = certificate;
	return config;
}

static enum err get(struct rig *rig, struct fetch_answer *answer, struct arena *arena)
{
	struct work work;

	work_begin(&work, &rig->app, NULL, arena);
	return fetch(
		&work,
		&(struct fetch_ask){ .url = arena_print(arena, "https://localhost:%u/quick", rig->port) },
		answer);
}

static void our_listener_and_our_door_out_speak_tls(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct fetch_answer answer;
	struct rig rig;

	(void)state;
	rig_start(&rig, tls_config(), 1);
	rig.app.fetcher = fetcher_new(&rig.config);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get(&rig, &answer, arena), OK);
		assert_int_equal(answer.status, 200);
	}
	rig.config.outbound.ca_file = NULL; /* the system's authorities do not know us */
	fetcher_free(rig.app.fetcher);
	rig.app.fetcher = fetcher_new(&rig.config);
	assert_int_equal(get(&rig, &answer, arena), ERR_FETCH);
	fetcher_free(rig.app.fetcher);
	rig_stop(&rig);
}

static int handshake(uint16_t port, const char *priorities)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int fd = rig_connect(port), rc;

	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_init(&session, GNUTLS_CLIENT);
	assert_int_equal(gnutls_priority_set_direct(session, priorities, NULL), GNUTLS_E_SUCCESS);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	close(fd);
	return rc;
}

static void tls_begins_at_1_2(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, tls_config(), 1);
	assert_int_equal(handshake(rig.port, "NORMAL:-VERS-ALL:+VERS-TLS1.3"), GNUTLS_E_SUCCESS);
	assert_int_equal(handshake(rig.port, "NORMAL:-VERS-ALL:+VERS-TLS1.2"), GNUTLS_E_SUCCESS);
	assert_true(handshake(rig.port, "NORMAL:-VERS-ALL:+VERS-TLS1.1") < 0);
	rig_stop(&rig);
}

static void a_handshake_that_never_comes_is_cut(void **state)
{
	static struct talk talk;
	struct rig rig;

	(void)state;
	rig_start(&rig, tls_config(), 1);
	int fd = rig_connect(rig.port);
	rig_send(fd, "\x16\x03\x01", 3);
	rig_read(fd, &talk, 4000);
	assert_true(talk.closed && talk.took < 2);
	close(fd);
	rig_stop(&rig);
}

static void a_pair_that_does_not_fit_stops_the_start_with_a_reason(void **state)
{
	const struct {
		const char *certificate, *key, *says;
	} rows[] = { { certificate, other_key, "tls" },
		     { "/nowhere/x.pem", key, "No such file" },
		     { certificate, certificate, "tls" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config config = tls_config();
		struct app app = { .config = &config };
		struct server *server = NULL;
		char message[256] = "";
		struct router *router = router_new(rig_tables);

		config.tls_certificate = rows[i].certificate;
		config.tls_key = rows[i].key;
		struct server_plan plan = { .app = &app, .router = router, .hooks = { rig_handle } };
		assert_int_equal(server_start(&plan, &server, message, sizeof message), ERR_CONFIG);
		assert_null(server);
		if (!strstr(message, rows[i].says))
			fail_msg("%s", message);
		router_free(router);
	}
}

static void an_address_in_use_is_said(void **state)
{
	char address[32], message[256] = "";
	const char *const listen[] = { address, NULL };
	struct config config = rig_config();
	struct app app = { .config = &config };
	struct server *server = NULL;
	struct rig rig;

	(void)state;
	rig_start(&rig, rig_config(), 1);
	snprintf(address, sizeof address, "127.0.0.1:%u", rig.port);
	config.listen = listen;
	struct server_plan plan = { .app = &app, .router = rig.router, .hooks = { rig_handle } };
	assert_int_equal(server_start(&plan, &server, message, sizeof message), ERR_CONFIG);
	assert_non_null(strstr(message, address));
	assert_non_null(strstr(message, "in use"));
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_listener_and_our_door_out_speak_tls),
		cmocka_unit_test(tls_begins_at_1_2),
		cmocka_unit_test(a_handshake_that_never_comes_is_cut),
		cmocka_unit_test(a_pair_that_does_not_fit_stops_the_start_with_a_reason),
		cmocka_unit_test(an_address_in_use_is_said),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
