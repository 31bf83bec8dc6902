/* desk.h: a message is its app's when the keys of the app's metadata say so, and by nothing else. */
#include "app_hand.h"

#include "saml/service.h"

#define NS "urn:oasis:names:tc:SAML:2.0:protocol"

static const char request_xml[] =
	"<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
	"ID=\"_0123456789abcdef0123\""
	" Version=\"2.0\" IssueInstant=\"2026-11-01T00:00:00Z\" AssertionConsumerServiceURL=\"" APP_ACS "\">"
	"<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">" APP_ENTITY "</saml:Issuer>"
	"</samlp:AuthnRequest>";

/* Bytes "from" (in the text) become "to", of the same length. */
static char *with(struct arena *arena, const char *text, const char *from, const char *to)
{
	char *copy = arena_text(arena, text);
	char *at = strstr(copy, from);

	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	return copy;
}

static struct received posted(enum saml_message message, const char *xml)
{
	return (struct received){ .message = message,
				  .binding = BINDING_POST,
				  .xml = xml,
				  .has_signature = strstr(xml, "SignatureValue") != NULL,
				  .issuer = APP_ENTITY };
}

static struct received redirected(const char *query)
{
	return (struct received){ .message = AUTHN_REQUEST,
				  .binding = BINDING_REDIRECT,
				  .xml = request_xml,
				  .signed_query = query,
				  .has_signature = query != NULL,
				  .issuer = APP_ENTITY };
}

#define assert_refused(expression) assert_int_equal((expression), ERR_SAML_SIGNATURE)

/* --- posted ------------------------------------------------------------------------------------------ */

static void a_message_of_each_kind_is_verified(UNUSED void **state)
{
	static const struct {
		enum saml_message message;
		const char *name;
	} rows[] = { { AUTHN_REQUEST, "AuthnRequest" },
		     { LOGOUT_REQUEST, "LogoutRequest" },
		     { LOGOUT_RESPONSE, "LogoutResponse" },
		     { ARTIFACT_RESOLVE, "ArtifactResolve" } };
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *xml = arena_print(
			hand.arena,
			"<samlp:%s xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\""
			" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_0123456789abcdef0123\""
			" Version=\"2.0\"><saml:Issuer>" APP_ENTITY
			"</saml:Issuer><samlp:X>one</samlp:X></samlp:%s>",
			rows[i].name, rows[i].name);
		const char *good = sign_as(hand.arena, &app_one, xml);
		const char *foreign = sign_as(hand.arena, &app_other, xml);
		struct received message = posted(rows[i].message, good);

		assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
		message.binding = BINDING_SOAP;
		assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
		message = posted(rows[i].message, with(hand.arena, good, ">one<", ">two<"));
		assert_refused(desk_verify(&hand.w, &service, &message, false));
		message = posted(rows[i].message, with(hand.arena, good, "_0123456789abcdef0123\" V",
						       "_0123456789abcdef0124\" V"));
		assert_refused(desk_verify(&hand.w, &service, &message, false));
		message = posted(rows[i].message, foreign); /* with a certificate in it that fits */
		assert_refused(desk_verify(&hand.w, &service, &message, false));
	}
}

static void a_changed_signature_value_is_refused(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");

	ours_begin(&hand);

	char *xml = sign_as(hand.arena, &app_one, request_xml);
	char *at = strstr(xml, "SignatureValue>");
	struct received message = posted(AUTHN_REQUEST, xml);

	assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
	at[40] = at[40] == 'A' ? 'B' : 'A';
	assert_refused(desk_verify(&hand.w, &service, &message, false));
}

static void unsigned_is_fine_where_nobody_must_sign_alone(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct received message = posted(AUTHN_REQUEST, request_xml);

	ours_begin(&hand);
	assert_ok(&hand, desk_verify(&hand.w, &service, &message, false));
	assert_refused(desk_verify(&hand.w, &service, &message, true));
	/* Told that there is one, where there is none. */
	message.has_signature = true;
	assert_refused(desk_verify(&hand.w, &service, &message, false));
}

static void without_keys_in_its_metadata_no_signature_holds(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(NULL, "none");
	struct received message;

	ours_begin(&hand);
	message = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_one, request_xml));
	assert_refused(desk_verify(&hand.w, &service, &message, false));
	message = redirected(sign_query(hand.arena, &app_one, "SAMLRequest=abc"));
	assert_refused(desk_verify(&hand.w, &service, &message, false));
}

static void a_message_of_another_issuer_is_refused(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct received message;

	ours_begin(&hand);
	message = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_one, request_xml));
	message.issuer = APP_ENTITY "/other";
	assert_refused(desk_verify(&hand.w, &service, &message, false));
	message.issuer = NULL;
	assert_refused(desk_verify(&hand.w, &service, &message, false));
}

static void new_metadata_brings_new_keys(UNUSED void **state)
{
	AUTO_OURS hand;
	struct service service = app_with(&app_one, "1");
	struct received first, second;

	ours_begin(&hand);
	first = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_one, request_xml));
	second = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_other, request_xml));
	assert_ok(&hand, desk_verify(&hand.w, &service, &first, true));
	assert_refused(desk_verify(&hand.w, &service, &second, true));
	service = app_with(&app_other, "2");
	assert_ok(&hand, desk_verify(&hand.w, &service, &second, true));
	assert_refused(desk_verify(&hand.w, &service, &first, true));
}

static void during_a_rollover_both_keys_of_an_app_count(UNUSED void **state)
{
	AUTO_OURS hand;
	struct service service = app_with(&app_one, "rollover");
	struct certificate both[] = { app_certificate, app_certificate };
	struct received message;

	ours_begin(&hand);
	both[1].base64 = app_other.certificate;
	service.certificates = both;
	service.certificate_count = 2;
	message = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_one, request_xml));
	assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
	message = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_other, request_xml));
	assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
	message = redirected(sign_query(hand.arena, &app_other, "SAMLRequest=abc"));
	assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
	/* A key for encryption alone is none for signatures. */
	both[1].signing = false;
	service.version = "rollover-2";
	message = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_other, request_xml));
	assert_refused(desk_verify(&hand.w, &service, &message, true));
}

/* --- redirected -------------------------------------------------------------------------------------- */

static void a_query_is_verified_as_its_bytes_are(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");

	ours_begin(&hand);

	const char *good = sign_query(hand.arena, &app_one, "SAMLRequest=abc%2Bd%2f&RelayState=to%20me");
	const char *bare = sign_query(hand.arena, &app_one, "SAMLRequest=abc%2Bd%2f");
	const char *response = sign_query(hand.arena, &app_one, "SAMLResponse=abc");
	const char *old = sign_query(hand.arena, &app_one, "SAMLRequest=old&RelayState=x");
	const char *rest = strstr(old, "&SigAlg");
	const struct {
		const char *query;
		bool holds;
	} rows[] = {
		{ good, true },
		{ bare, true },
		{ response, true },
		{ sign_query(hand.arena, &app_one, "SAMLRequest=a&RelayState=x;SAMLRequest=b"), true },
		{ sign_query(hand.arena, &app_other, "SAMLRequest=abc"), false },
		{ with(hand.arena, good, "abc", "abd"), false },
		{ with(hand.arena, good, "%2f", "%2F"), false }, /* the same value, other bytes */
		{ with(hand.arena, good, "to%20me", "to%20us"), false },
		{ with(hand.arena, good, "&RelayState=to%20me", "&XelayState=to%20me"), false },
		{ with(hand.arena, good, "rsa-sha256", "rsa-sha512"), false },
		{ with(hand.arena, good, "rsa-sha256", "hmacsha256"), false },
		{ with(hand.arena, good, "&Signature=", "&Xignature="), false },
		{ with(hand.arena, bare, "SAMLRequest=", "SAMLReqxest="), false },
		{ arena_print(hand.arena, "%s&RelayState=added", bare), false },
		{ arena_print(hand.arena, "RelayState=first&%s", bare), false },
		{ arena_print(hand.arena, "%s&Signature=AAAA", good), false },
		/* lasso would verify the old message, not the one that was read. */
		{ arena_print(hand.arena, "SAMLRequest=new&RelayState=x;SAMLRequest=old%s", rest), false },
		{ arena_print(hand.arena, "SAMLRequest=new&RelayState=x;SAMLRequest=old;RelayState=x%s",
			      rest),
		  false },
		{ arena_print(hand.arena, "SAMLRequest=new&SAMLRequest=old&RelayState=x%s", rest), false },
		{ arena_print(hand.arena, "SAMLResponse=new&%s", old), false },
		{ "", false },
		{ "SAMLRequest=abc", false },
		{ "SAMLRequest=abc&SigAlg=&Signature=", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct received message = redirected(rows[i].query);

		if (desk_verify(&hand.w, &service, &message, true) !=
		    (rows[i].holds ? OK : ERR_SAML_SIGNATURE))
			fail_msg("row %zu: %s", i, rows[i].query);
	}
}

static void on_a_redirect_a_signature_inside_of_the_message_is_none(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct received message = redirected(NULL);

	ours_begin(&hand);
	assert_ok(&hand, desk_verify(&hand.w, &service, &message, false));
	assert_refused(desk_verify(&hand.w, &service, &message, true));
	message.xml = sign_as(hand.arena, &app_one, request_xml);
	message.has_signature = true;
	assert_refused(desk_verify(&hand.w, &service, &message, false));
}

/* --- algorithms -------------------------------------------------------------------------------------- */

static void sha_2_with_rsa_and_ecdsa_is_what_holds(UNUSED void **state)
{
	static const char sha1[] = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
	AUTO_OURS hand;
	struct app_key ec = { .key = EVP_EC_gen("P-256") };

	pem_of(ec.key, ec.pem, sizeof ec.pem);
	certify(&ec);
	ours_begin(&hand);

	const struct {
		const struct app_key *app;
		xmlSecTransformId method, digest;
		const char *uri;
		const EVP_MD *md;
		bool holds;
	} rows[] = {
		{ &app_one, xmlSecTransformRsaSha256Id, xmlSecTransformSha256Id, MORE "rsa-sha256",
		  EVP_sha256(), true },
		{ &app_one, xmlSecTransformRsaSha384Id, xmlSecTransformSha384Id, MORE "rsa-sha384",
		  EVP_sha384(), true },
		{ &app_one, xmlSecTransformRsaSha512Id, xmlSecTransformSha512Id, MORE "rsa-sha512",
		  EVP_sha512(), true },
		{ &ec, xmlSecTransformEcdsaSha256Id, xmlSecTransformSha256Id, MORE "ecdsa-sha256",
		  EVP_sha256(), true },
		{ &ec, xmlSecTransformEcdsaSha384Id, xmlSecTransformSha384Id, MORE "ecdsa-sha384",
		  EVP_sha384(), true },
		{ &app_one, xmlSecTransformRsaSha1Id, xmlSecTransformSha256Id, sha1, EVP_sha1(), false },
		{ &app_one, xmlSecTransformRsaSha256Id, xmlSecTransformSha1Id, MORE "rsa-md5", EVP_md5(),
		  false },
		{ &ec, xmlSecTransformEcdsaSha1Id, xmlSecTransformSha1Id, MORE "ecdsa-sha1", EVP_sha1(),
		  false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct service service = app_with(rows[i].app, rows[i].app->certificate);
		enum err expected = rows[i].holds ? OK : ERR_SAML_SIGNATURE;
		struct received message = posted(AUTHN_REQUEST, sign_by(hand.arena, rows[i].app, request_xml,
									rows[i].method, rows[i].digest));

		assert_int_equal(desk_verify(&hand.w, &service, &message, false), expected);
		message = redirected(
			sign_query_by(hand.arena, rows[i].app, "SAMLRequest=abc", rows[i].uri, rows[i].md));
		assert_int_equal(desk_verify(&hand.w, &service, &message, false), expected);
	}
	EVP_PKEY_free(ec.key);
}

/* The metadata's certificate is public: it must never do as a secret. */
static void an_hmac_with_the_public_key_is_no_signature(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct app_key hmac = app_one;

	ours_begin(&hand);
	hmac.key = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, (const uint8_t *)app_one.certificate,
						strlen(app_one.certificate));

	const struct received message = redirected(
		sign_query_by(hand.arena, &hmac, "SAMLRequest=abc", MORE "hmac-sha256", EVP_sha256()));

	assert_refused(desk_verify(&hand.w, &service, &message, false));
	EVP_PKEY_free(hmac.key);
}

/* --- what is signed ---------------------------------------------------------------------------------- */

/* The signed message in another's clothes: XSW 1 to 8 come down to these. */
static void a_signature_covers_the_root_or_nothing(UNUSED void **state)
{
	static const char *const shells[] = {
		"<samlp:AuthnRequest xmlns:samlp=\"" NS
		"\" ID=\"_evil0123456789abcdef\">%s%s</samlp:AuthnRequest>",
		"<samlp:AuthnRequest xmlns:samlp=\"" NS
		"\" ID=\"_0123456789abcdef0123\">%s%s</samlp:AuthnRequest>",
		"<samlp:AuthnRequest xmlns:samlp=\"" NS "\" ID=\"_evil0123456789abcdef\">%s"
		"<samlp:Extensions>%s</samlp:Extensions></samlp:AuthnRequest>",
		"<samlp:AuthnRequest xmlns:samlp=\"" NS "\" xml:id=\"_0123456789abcdef0123\""
		" ID=\"_0123456789abcdef0123\">%s%s</samlp:AuthnRequest>",
	};
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");

	ours_begin(&hand);

	const char *good = sign_as(hand.arena, &app_one, request_xml);
	const char *begin = strstr(good, "<Signature"), *end = strstr(good, "</Signature>") + 12;
	const char *signature = arena_textn(hand.arena, begin, (size_t)(end - begin));
	const char *inner = strstr(good, "<samlp:AuthnRequest");

	for (size_t i = 0; i < COUNT(shells); i++) {
		struct received message = { .binding = BINDING_POST,
					    .has_signature = true,
					    .issuer = APP_ENTITY };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		message.xml = arena_print(hand.arena, shells[i], signature, inner);
#pragma GCC diagnostic pop
		assert_refused(desk_verify(&hand.w, &service, &message, false));
	}
}

/* --- the library ------------------------------------------------------------------------------------- */

/* main() has set it before the start. */
static void the_environment_cannot_turn_verification_off(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct received message;

	ours_begin(&hand);
	assert_null(getenv("LASSO_FLAG"));
	message = posted(AUTHN_REQUEST, sign_as(hand.arena, &app_other, request_xml));
	assert_refused(desk_verify(&hand.w, &service, &message, false));
}

static void two_hundred_apps_are_served_by_one_thread(UNUSED void **state)
{
	enum { APPS = 200 };
	AUTO_OURS hand;
	struct service service = app_with(&app_one, "1");

	ours_begin(&hand);
	for (int i = 0; i < 2 * APPS; i++) {
		int number = i % APPS;
		const char *entity = arena_print(hand.arena, "https://app-%d.example/metadata", number);
		const char *query = sign_query(hand.arena, &app_one, "SAMLRequest=abc");
		struct received message = redirected(query);

		service.entity_id = message.issuer = entity;
		assert_ok(&hand, desk_verify(&hand.w, &service, &message, true));
		message = redirected(with(hand.arena, query, "abc", "abd"));
		message.issuer = entity;
		assert_refused(desk_verify(&hand.w, &service, &message, true));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_of_each_kind_is_verified),
		cmocka_unit_test(a_changed_signature_value_is_refused),
		cmocka_unit_test(unsigned_is_fine_where_nobody_must_sign_alone),
		cmocka_unit_test(without_keys_in_its_metadata_no_signature_holds),
		cmocka_unit_test(a_message_of_another_issuer_is_refused),
		cmocka_unit_test(new_metadata_brings_new_keys),
		cmocka_unit_test(during_a_rollover_both_keys_of_an_app_count),
		cmocka_unit_test(a_query_is_verified_as_its_bytes_are),
		cmocka_unit_test(on_a_redirect_a_signature_inside_of_the_message_is_none),
		cmocka_unit_test(sha_2_with_rsa_and_ecdsa_is_what_holds),
		cmocka_unit_test(an_hmac_with_the_public_key_is_no_signature),
		cmocka_unit_test(a_signature_covers_the_root_or_nothing),
		cmocka_unit_test(the_environment_cannot_turn_verification_off),
		cmocka_unit_test(two_hundred_apps_are_served_by_one_thread),
	};

	setenv("LASSO_FLAG", "no-verify-signature", 1);
	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
