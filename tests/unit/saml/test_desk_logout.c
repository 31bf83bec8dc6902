/* desk.h: logout messages, artifacts and envelopes leave signed, each as its binding wants it. */
#include "desk_kit.h"

#include <zlib.h>

#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"

static struct logout_order order_to(const struct service *service, enum saml_binding binding)
{
	return (struct logout_order){
		.service = service,
		.binding = binding,
		.id = "_3.kPqLogoutRequest0123456789",
		.session_index = "3.kPqSessionIndex",
		.name_id = { .format = NAME_ID_PERSISTENT, .value = "p-17", .sp_name_qualifier = APP_ENTITY },
	};
}

/* --- taking apart ------------------------------------------------------------------------------------ */

static char *unescaped(struct arena *arena, const char *text)
{
	char *out = NULL;

	assert_true(percent_decode(arena, text, strlen(text), false, &out));
	return out;
}

static char *decoded(struct arena *arena, const char *base64)
{
	struct bytes bytes;

	assert_true(base64_decode(arena, base64, strlen(base64), &bytes));
	return arena_textn(arena, (const char *)bytes.at, bytes.size);
}

static char *inflated(struct arena *arena, const char *base64)
{
	struct bytes bytes;
	static uint8_t out[64 * 1024];
	z_stream stream = { .next_out = out, .avail_out = sizeof out };

	assert_true(base64_decode(arena, base64, strlen(base64), &bytes));
	stream.next_in = (Bytef *)(uintptr_t)bytes.at;
	stream.avail_in = (uInt)bytes.size;
	assert_int_equal(inflateInit2(&stream, -MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	return arena_textn(arena, (const char *)out, stream.total_out);
}

/* The raw value of a query's field. */
static char *field(struct arena *arena, const char *query, const char *name)
{
	const char *at = strstr(query, arena_print(arena, "%s=", name));

	assert_non_null(at);
	at += strlen(name) + 1;
	return arena_textn(arena, at, strcspn(at, "&"));
}

/* Whether the query's Signature is ours over the bytes before it. */
static bool query_holds(struct arena *arena, const char *query, const char *certificate)
{
	struct bytes der, signature;
	const char *end = strstr(query, "&Signature=");
	const char *base64 = unescaped(arena, field(arena, query, "Signature"));

	assert_true(base64_decode(arena, certificate, strlen(certificate), &der));
	assert_true(base64_decode(arena, base64, strlen(base64), &signature));

	const unsigned char *at = der.at;
	X509 *x = d2i_X509(NULL, &at, (long)der.size);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)) == 1 &&
		    EVP_DigestVerify(context, signature.at, signature.size, (const unsigned char *)query,
				     (size_t)(end - query)) == 1;

	EVP_MD_CTX_free(context);
	X509_free(x);
	return good;
}

/* --- logout ------------------------------------------------------------------------------------------ */

static void assert_order(struct hand *hand, const char *xml, const char *destination)
{
	struct arena *arena = hand->arena;

	assert_int_equal(times(xml, "/samlp:LogoutRequest"), 1);
	assert_string_equal(seen(arena, xml, "/samlp:LogoutRequest/@ID"), "_3.kPqLogoutRequest0123456789");
	assert_string_equal(seen(arena, xml, "/samlp:LogoutRequest/@Destination"), destination);
	assert_string_equal(seen(arena, xml, "/samlp:LogoutRequest/@Version"), "2.0");
	assert_string_equal(seen(arena, xml, "/samlp:LogoutRequest/saml:Issuer"), OUR_ENTITY);
	assert_string_equal(seen(arena, xml, "/samlp:LogoutRequest/saml:NameID"), "p-17");
	assert_string_equal(seen(arena, xml, "//saml:NameID/@NameQualifier"), OUR_ENTITY);
	assert_string_equal(seen(arena, xml, "//saml:NameID/@SPNameQualifier"), APP_ENTITY);
	assert_string_equal(seen(arena, xml, "/samlp:LogoutRequest/samlp:SessionIndex"), "3.kPqSessionIndex");
}

static void a_logout_request_by_redirect_is_signed_in_its_query(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct logout_order order = order_to(&service, BINDING_REDIRECT);
	struct outgoing out;

	ours_begin(&hand);
	order.relay_state = "back to & <x>;y=1";
	assert_ok(&hand, desk_logout_request(&hand.w, &order, &out));
	assert_null(out.field);
	assert_null(out.value);
	assert_null(out.soap);
	/* The app's own query stays in front. */
	assert_true(text_starts(out.url, APP_SLO "?tenant=1&SAMLRequest="));

	const char *query = strstr(out.url, "SAMLRequest=");
	const char *xml =
		inflated(hand.arena, unescaped(hand.arena, field(hand.arena, query, "SAMLRequest")));

	assert_order(&hand, xml, APP_SLO "?tenant=1");
	assert_int_equal(times(xml, "//ds:Signature"), 0);
	assert_string_equal(unescaped(hand.arena, field(hand.arena, query, "RelayState")), order.relay_state);
	assert_string_equal(unescaped(hand.arena, field(hand.arena, query, "SigAlg")),
			    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
	assert_true(query_holds(hand.arena, query, our_certificate(&hand)));
}

static void a_logout_request_by_post_or_soap_is_signed_in_itself(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct logout_order order = order_to(&service, BINDING_POST);
	struct outgoing out;

	ours_begin(&hand);
	assert_ok(&hand, desk_logout_request(&hand.w, &order, &out));
	assert_string_equal(out.url, APP_SLO);
	assert_string_equal(out.field, "SAMLRequest");
	assert_null(out.soap);

	const char *xml = decoded(hand.arena, out.value);

	assert_order(&hand, xml, APP_SLO);
	assert_true(is_signed_by(xml, "/samlp:LogoutRequest", our_certificate(&hand)));
	assert_int_equal(times(xml, "//saml:Issuer/following-sibling::*[1][self::ds:Signature]"), 1);

	order.binding = BINDING_SOAP;
	assert_ok(&hand, desk_logout_request(&hand.w, &order, &out));
	assert_null(out.url);
	assert_null(out.value);
	assert_string_equal(
		seen(hand.arena, out.soap, "/soap:Envelope/soap:Body/samlp:LogoutRequest/@Destination"),
		APP_SLO "/soap");
	assert_true(is_signed_by(out.soap, "/soap:Envelope/soap:Body/samlp:LogoutRequest",
				 our_certificate(&hand)));
}

static void a_logout_response_goes_to_the_response_location(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct logout_answer answer = { .service = &service,
					.binding = BINDING_POST,
					.in_response_to = "_of_the_app_0123456789",
					.status = "Success",
					.sub_status = "PartialLogout",
					.relay_state = "r" };
	struct outgoing out;

	ours_begin(&hand);
	assert_ok(&hand, desk_logout_response(&hand.w, &answer, &out));
	assert_string_equal(out.url, APP_SLO "/done");
	assert_string_equal(out.field, "SAMLResponse");

	const char *xml = decoded(hand.arena, out.value);

	assert_true(is_signed_by(xml, "/samlp:LogoutResponse", our_certificate(&hand)));
	assert_string_equal(seen(hand.arena, xml, "/samlp:LogoutResponse/@Destination"), APP_SLO "/done");
	assert_string_equal(seen(hand.arena, xml, "/samlp:LogoutResponse/@InResponseTo"),
			    "_of_the_app_0123456789");
	assert_string_equal(seen(hand.arena, xml, "/*/samlp:Status/samlp:StatusCode/@Value"),
			    STATUS "Success");
	assert_string_equal(seen(hand.arena, xml, "//samlp:StatusCode/samlp:StatusCode/@Value"),
			    STATUS "PartialLogout");

	answer.binding = BINDING_REDIRECT;
	answer.sub_status = NULL;
	assert_ok(&hand, desk_logout_response(&hand.w, &answer, &out));

	const char *query = strstr(out.url, "SAMLResponse=");

	assert_true(query_holds(hand.arena, query, our_certificate(&hand)));
	xml = inflated(hand.arena, unescaped(hand.arena, field(hand.arena, query, "SAMLResponse")));
	assert_int_equal(times(xml, "//samlp:StatusCode"), 1);

	answer.binding = BINDING_SOAP;
	assert_ok(&hand, desk_logout_response(&hand.w, &answer, &out));
	assert_int_equal(times(out.soap, "//@Destination"), 0);
	assert_true(is_signed_by(out.soap, "//samlp:LogoutResponse", our_certificate(&hand)));
}

static void without_an_endpoint_there_is_no_message(UNUSED void **state)
{
	static const enum saml_binding none[] = { BINDING_NONE, BINDING_ARTIFACT, BINDING_PAOS,
						  BINDING_POST };
	AUTO_OURS hand;
	struct service service = app_with(&app_one, "1");
	struct outgoing out;

	ours_begin(&hand);
	service.slo_count = 1; /* REDIRECT alone */
	for (size_t i = 0; i < COUNT(none); i++) {
		const struct logout_order order = order_to(&service, none[i]);
		const struct logout_answer answer = { .service = &service,
						      .binding = none[i],
						      .status = "Success" };

		assert_int_equal(desk_logout_request(&hand.w, &order, &out), ERR_INTERNAL);
		assert_int_equal(desk_logout_response(&hand.w, &answer, &out), ERR_INTERNAL);
	}
}

/* --- artifacts, ECP ---------------------------------------------------------------------------------- */

static void an_artifact_names_us_and_cannot_be_guessed(UNUSED void **state)
{
	AUTO_OURS hand;
	const char *one, *two;
	struct bytes bytes;
	uint8_t source[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	ours_begin(&hand);
	assert_ok(&hand, desk_artifact_new(&hand.w, &one));
	assert_ok(&hand, desk_artifact_new(&hand.w, &two));
	assert_true(base64_decode(hand.arena, one, strlen(one), &bytes));
	assert_int_equal(bytes.size, 44);
	assert_memory_equal(bytes.at, "\0\4\0\0", 4);
	EVP_Digest(OUR_ENTITY, strlen(OUR_ENTITY), source, &size, EVP_sha1(), NULL);
	assert_memory_equal(bytes.at + 4, source, 20);
	assert_int_equal(strncmp(one, two, 32), 0); /* the first 24 bytes */
	assert_string_not_equal(one, two);
}

static const char *a_response(struct hand *hand, const struct service *service)
{
	const struct statement statement = { .service = service,
					     .acs_url = APP_ACS,
					     .name_id = { .format = NAME_ID_TRANSIENT, .value = "t-<1>" },
					     .session_index = "s",
					     .context_class = "urn:x",
					     .lifetime = 300,
					     .sign_assertion = true,
					     .sign_response = true };
	const char *xml;

	assert_ok(hand, desk_response(&hand->w, &statement, &xml, NULL));
	return xml;
}

static void an_artifact_response_carries_the_response_unchanged(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	const char *soap;

	ours_begin(&hand);

	const char *ours = our_certificate(&hand);

	assert_ok(&hand, desk_artifact_response(&hand.w, &service, "_resolve_0123456789",
						a_response(&hand, &service), &soap));
	assert_int_equal(times(soap, "/soap:Envelope/soap:Body/samlp:ArtifactResponse/samlp:Response"), 1);
	assert_true(is_signed_by(soap, "//samlp:ArtifactResponse", ours));
	assert_true(is_signed_by(soap, "//samlp:Response", ours));
	assert_true(is_signed_by(soap, "//saml:Assertion", ours));
	assert_string_equal(seen(hand.arena, soap, "//samlp:ArtifactResponse/@InResponseTo"),
			    "_resolve_0123456789");
	assert_string_equal(seen(hand.arena, soap, "//saml:NameID"), "t-<1>");

	/* Nothing (any more) behind the artifact: an empty success (Core 3.5.2). */
	assert_ok(&hand, desk_artifact_response(&hand.w, &service, "_resolve_0123456789", NULL, &soap));
	assert_int_equal(times(soap, "//samlp:Response"), 0);
	assert_true(is_signed_by(soap, "//samlp:ArtifactResponse", ours));
	assert_string_equal(seen(hand.arena, soap, "//samlp:StatusCode/@Value"), STATUS "Success");
}

static void an_ecp_envelope_says_where_the_response_goes(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	const char *soap;

	ours_begin(&hand);
	assert_ok(&hand,
		  desk_ecp_response(&hand.w, APP_ACS "?a=1&b=<\">", a_response(&hand, &service), &soap));
	assert_string_equal(seen(hand.arena, soap,
				 "/soap:Envelope/soap:Header/ecp:Response/@AssertionConsumerServiceURL"),
			    APP_ACS "?a=1&b=<\">");
	assert_string_equal(seen(hand.arena, soap, "//ecp:Response/@soap:mustUnderstand"), "1");
	assert_string_equal(seen(hand.arena, soap, "//ecp:Response/@soap:actor"),
			    "http://schemas.xmlsoap.org/soap/actor/next");
	assert_true(is_signed_by(soap, "/soap:Envelope/soap:Body/samlp:Response", our_certificate(&hand)));
	assert_true(is_signed_by(soap, "//saml:Assertion", our_certificate(&hand)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_logout_request_by_redirect_is_signed_in_its_query),
		cmocka_unit_test(a_logout_request_by_post_or_soap_is_signed_in_itself),
		cmocka_unit_test(a_logout_response_goes_to_the_response_location),
		cmocka_unit_test(without_an_endpoint_there_is_no_message),
		cmocka_unit_test(an_artifact_names_us_and_cannot_be_guessed),
		cmocka_unit_test(an_artifact_response_carries_the_response_unchanged),
		cmocka_unit_test(an_ecp_envelope_says_where_the_response_goes),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
