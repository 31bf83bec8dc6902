/* lasso.c: lasso alone, used well: an unsigned AuthnRequest read and a Response with a signed assertion of
 * seven attributes built, the server kept, the key parsed once. lasso THREADS SECONDS KEY.pem CERT.pem QUERY:
 * answers a second; QUERY is a request of https://sp.example/saml by HTTP-Redirect. */
#include <lasso/lasso.h>
#include <lasso/key.h>
#include <lasso/xml/saml-2.0/saml2_attribute.h>
#include <lasso/xml/saml-2.0/saml2_attribute_statement.h>
#include <lasso/xml/saml-2.0/saml2_attribute_value.h>
#include <lasso/xml/misc_text_node.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_long answers;
static atomic_int over;
static char *key, *certificate;

static char *read_file(const char *path)
{
	gchar *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		exit(1);
	return text;
}

/* The base64 between the lines of a PEM file. */
static char *body_of(const char *pem)
{
	const char *from = strchr(pem, '\n') + 1, *to = strstr(pem, "\n-----END");

	return g_strndup(from, (gsize)(to - from));
}

static char *idp_metadata(void)
{
	return g_strdup_printf(
		"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" "
		"entityID=\"https://idp.example/saml\">"
		"<IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"
		"<KeyDescriptor use=\"signing\"><KeyInfo "
		"xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>"
		"<X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
		"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" "
		"Location=\"https://idp.example/sso\"/></IDPSSODescriptor></EntityDescriptor>",
		body_of(certificate));
}

static const char sp_metadata[] =
	"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" "
	"entityID=\"https://sp.example/saml\">"
	"<SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"
	"<AssertionConsumerService index=\"0\" isDefault=\"true\" "
	"Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://sp.example/acs\"/>"
	"</SPSSODescriptor></EntityDescriptor>";

static void add_attributes(LassoSaml2Assertion *assertion)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g" };
	LassoSaml2AttributeStatement *statement =
		LASSO_SAML2_ATTRIBUTE_STATEMENT(lasso_saml2_attribute_statement_new());

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		LassoSaml2Attribute *attribute = LASSO_SAML2_ATTRIBUTE(lasso_saml2_attribute_new());
		LassoSaml2AttributeValue *value =
			LASSO_SAML2_ATTRIBUTE_VALUE(lasso_saml2_attribute_value_new());
		LassoMiscTextNode *text = LASSO_MISC_TEXT_NODE(lasso_misc_text_node_new());

		attribute->Name = g_strdup(names[i]);
		attribute->NameFormat = g_strdup(LASSO_SAML2_ATTRIBUTE_NAME_FORMAT_URI);
		text->content = g_strdup("a value of a clinic");
		text->text_child = TRUE;
		value->any = g_list_append(NULL, text);
		attribute->AttributeValue = g_list_append(NULL, value);
		statement->Attribute = g_list_append(statement->Attribute, attribute);
	}
	assertion->AttributeStatement = g_list_append(NULL, statement);
}

static void answer(LassoServer *server, const char *query)
{
	LassoLogin *login = lasso_login_new(server);

	if (lasso_login_process_authn_request_msg(login, query) != 0 ||
	    lasso_login_validate_request_msg(login, TRUE, FALSE) != 0 ||
	    lasso_login_build_assertion(login, LASSO_SAML2_AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT,
					"2026-01-01T00:00:00Z", NULL, NULL, NULL) != 0)
		exit(1);
	add_attributes(LASSO_SAML2_ASSERTION(lasso_login_get_assertion(login)));
	lasso_profile_set_signature_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_HINT_FORBID);
	if (lasso_login_build_authn_response_msg(login) != 0)
		exit(1);
	g_object_unref(login);
	atomic_fetch_add(&answers, 1);
}

static void *work(void *query)
{
	LassoServer *server = lasso_server_new_from_buffers(idp_metadata(), key, NULL, certificate);
	LassoKey *kept = lasso_key_new_for_signature_from_memory(key, strlen(key), NULL,
								 LASSO_SIGNATURE_METHOD_RSA_SHA256, NULL);

	server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
	lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_SP, sp_metadata, NULL, NULL);
	lasso_provider_set_server_signing_key(lasso_server_get_provider(server, "https://sp.example/saml"),
					      kept);
	while (!atomic_load(&over))
		answer(server, query);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[64];

	if (argc != 6)
		return 2;
	long threads = strtol(argv[1], NULL, 10), seconds = strtol(argv[2], NULL, 10);

	(void)setenv("SSL_CERT_FILE", "/dev/null", 1);
	(void)setenv("SSL_CERT_DIR", "/nonexistent", 1);
	if (lasso_init() != 0)
		return 1;
	(void)lasso_key_get_type(); /* before threads: lasso_init leaves it out */
	key = read_file(argv[3]);
	certificate = read_file(argv[4]);
	for (long i = 0; i < threads; i++)
		(void)pthread_create(&thread[i], NULL, work, argv[5]);
	(void)nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL);
	atomic_store(&over, 1);
	for (long i = 0; i < threads; i++)
		(void)pthread_join(thread[i], NULL);
	printf("%.1f\n", (double)answers / (double)seconds);
	return 0;
}
