/* desk.h: what an app is told: signed where asked, about the right person, and nothing in a name becomes
 * markup. */
#include "desk_kit.h"

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <time.h>

#define ASSERTION "/samlp:Response/saml:Assertion"

static const struct saml_value first_values[] = { { .text = "clinician" }, { .text = "billing" } };
static const struct saml_value purpose[] = { { .element = "PurposeOfUse",
					       .code = "TREATMENT",
					       .code_system = "2.16.840.1.113883.3.18.7.1",
					       .code_system_name = "nhin-purpose",
					       .display_name = "Treatment <&\">" } };
#define BASIC "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
static const struct saml_attribute two_attributes[] = {
	{ .name = "roles",
	  .friendly_name = "Roles",
	  .format = BASIC,
	  .values = first_values,
	  .value_count = 2 },
	{ .name = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse",
	  .format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
	  .values = purpose,
	  .value_count = 1 },
};

static struct statement statement_to(const struct service *service)
{
	return (struct statement){
		.service = service,
		.in_response_to = "_request_0123456789abcdef",
		.acs_url = APP_ACS,
		.name_id = { .format = NAME_ID_PERSISTENT, .value = "p-17", .sp_name_qualifier = APP_ENTITY },
		.session_index = "3.kPqSessionIndex",
		.context_class = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
		.auth_time = 1793491200,       /* 2026-11-01T00:00:00Z */
		.session_ends_at = 1793520000, /* 2026-11-01T08:00:00Z */
		.lifetime = 300,
		.attributes = two_attributes,
		.attribute_count = COUNT(two_attributes),
		.sign_assertion = true,
	};
}

static const char *respond(struct hand *hand, const struct statement *statement)
{
	const char *xml = NULL;

	assert_ok(hand, desk_response(&hand->w, statement, &xml, NULL));
	return xml;
}

/* --- what it says ------------------------------------------------------------------------------------ */

static void a_response_says_who_for_whom_and_how_long(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = statement_to(&service);
	const char *xml, *id;

	ours_begin(&hand);
	hand.w.now = 1793500000; /* 2026-11-01T02:26:40Z */
	assert_ok(&hand, desk_response(&hand.w, &statement, &xml, &id));

	const struct {
		const char *path, *value;
	} expected[] = {
		{ "/samlp:Response/@Destination", APP_ACS },
		{ "/samlp:Response/@InResponseTo", "_request_0123456789abcdef" },
		{ "/samlp:Response/@Version", "2.0" },
		{ "/samlp:Response/@IssueInstant", "2026-11-01T02:26:40Z" },
		{ "/samlp:Response/saml:Issuer", OUR_ENTITY },
		{ "count(/samlp:Response/saml:Assertion)", "1" },
		{ "/samlp:Response/samlp:Status/samlp:StatusCode/@Value",
		  "urn:oasis:names:tc:SAML:2.0:status:Success" },
		{ "count(//samlp:StatusCode)", "1" },
		{ ASSERTION "/@ID", id },
		{ ASSERTION "/saml:Issuer", OUR_ENTITY },
		{ ASSERTION "/saml:Subject/saml:NameID", "p-17" },
		{ ASSERTION "/saml:Subject/saml:NameID/@Format",
		  "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" },
		{ ASSERTION "/saml:Subject/saml:NameID/@NameQualifier", OUR_ENTITY },
		{ ASSERTION "/saml:Subject/saml:NameID/@SPNameQualifier", APP_ENTITY },
		{ "//saml:SubjectConfirmation/@Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer" },
		{ "//saml:SubjectConfirmationData/@Recipient", APP_ACS },
		{ "//saml:SubjectConfirmationData/@InResponseTo", "_request_0123456789abcdef" },
		{ "//saml:SubjectConfirmationData/@NotOnOrAfter", "2026-11-01T02:31:40Z" },
		{ "count(//saml:SubjectConfirmationData/@NotBefore)", "0" },
		{ "//saml:Conditions/@NotBefore", "2026-11-01T02:25:40Z" },
		{ "//saml:Conditions/@NotOnOrAfter", "2026-11-01T02:31:40Z" },
		{ "//saml:Conditions/saml:AudienceRestriction/saml:Audience", APP_ENTITY },
		{ "//saml:AuthnStatement/@AuthnInstant", "2026-11-01T00:00:00Z" },
		{ "//saml:AuthnStatement/@SessionIndex", "3.kPqSessionIndex" },
		{ "//saml:AuthnStatement/@SessionNotOnOrAfter", "2026-11-01T08:00:00Z" },
		{ "//saml:AuthnContextClassRef", statement.context_class },
		{ "count(//saml:Attribute)", "2" },
		{ "//saml:Attribute[1]/@Name", "roles" },
		{ "//saml:Attribute[1]/@FriendlyName", "Roles" },
		{ "//saml:Attribute[1]/@NameFormat", BASIC },
		{ "//saml:Attribute[1]/saml:AttributeValue[1]", "clinician" },
		{ "//saml:Attribute[1]/saml:AttributeValue[2]", "billing" },
		{ "count(//saml:Attribute[2]/@FriendlyName)", "0" },
		{ "//saml:Attribute[2]/saml:AttributeValue/hl7:PurposeOfUse/@code", "TREATMENT" },
		{ "//hl7:PurposeOfUse/@xsi:type", "CE" },
		{ "//hl7:PurposeOfUse/@codeSystem", "2.16.840.1.113883.3.18.7.1" },
		{ "//hl7:PurposeOfUse/@codeSystemName", "nhin-purpose" },
		{ "//hl7:PurposeOfUse/@displayName", "Treatment <&\">" },
	};

	for (size_t i = 0; i < COUNT(expected); i++)
		if (!text_equal(seen(hand.arena, xml, expected[i].path), expected[i].value))
			fail_msg("%s: %s", expected[i].path, seen(hand.arena, xml, expected[i].path));
}

static void nobody_asked_means_no_in_response_to(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = statement_to(&service);

	ours_begin(&hand);
	statement.in_response_to = NULL;
	statement.attribute_count = 0;
	statement.name_id = (struct saml_name_id){ .format = NAME_ID_EMAIL, .value = "a@b.example" };

	const char *xml = respond(&hand, &statement);

	assert_int_equal(times(xml, "//@InResponseTo"), 0);
	assert_int_equal(times(xml, "//saml:AttributeStatement"), 0);
	assert_int_equal(times(xml, "//saml:NameID/@NameQualifier | //saml:NameID/@SPNameQualifier"), 0);
	assert_string_equal(seen(hand.arena, xml, "//saml:NameID"), "a@b.example");
	assert_string_equal(seen(hand.arena, xml, "//saml:NameID/@Format"),
			    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
}

static void ids_are_ncnames_of_160_bits_and_never_come_twice(UNUSED void **state)
{
	enum { ROUNDS = 20 };
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	const struct statement statement = statement_to(&service);
	const char *ids[2 * ROUNDS];

	ours_begin(&hand);
	for (size_t i = 0; i < ROUNDS; i++) {
		const char *xml = respond(&hand, &statement);

		ids[2 * i] = seen(hand.arena, xml, "/samlp:Response/@ID");
		ids[2 * i + 1] = seen(hand.arena, xml, ASSERTION "/@ID");
	}
	for (size_t i = 0; i < COUNT(ids); i++) {
		assert_int_equal(strlen(ids[i]), 41);
		assert_int_equal(ids[i][0], '_');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

/* --- signatures -------------------------------------------------------------------------------------- */

static void signatures_stand_where_they_are_asked_for(UNUSED void **state)
{
	static const struct {
		bool assertion, response;
	} rows[] = { { true, false }, { false, true }, { true, true } };
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = statement_to(&service);

	ours_begin(&hand);

	const char *ours = our_certificate(&hand);

	for (size_t i = 0; i < COUNT(rows); i++) {
		statement.sign_assertion = rows[i].assertion;
		statement.sign_response = rows[i].response;

		const char *xml = respond(&hand, &statement);

		assert_int_equal(is_signed_by(xml, ASSERTION, ours), rows[i].assertion);
		assert_int_equal(is_signed_by(xml, "/samlp:Response", ours), rows[i].response);
		assert_int_equal(times(xml, "//ds:Signature"), rows[i].assertion + rows[i].response);
		/* Right behind the Issuer, as the schema has it. */
		assert_int_equal(times(xml, "//saml:Issuer/following-sibling::*[1][self::ds:Signature]"),
				 rows[i].assertion + rows[i].response);
		assert_int_equal(times(xml, "//ds:X509Certificate"), rows[i].assertion + rows[i].response);
		assert_string_equal(seen(hand.arena, xml, "//ds:X509Certificate"), ours);
		assert_string_equal(seen(hand.arena, xml, "//ds:SignatureMethod/@Algorithm"),
				    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
		assert_string_equal(seen(hand.arena, xml, "//ds:DigestMethod/@Algorithm"),
				    "http://www.w3.org/2001/04/xmlenc#sha256");
		assert_false(is_signed_by(xml, "//*[ds:Signature][1]", app_one.certificate));
	}
}

static void the_key_that_was_rotated_in_signs_the_next_response(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	const struct statement statement = statement_to(&service);

	ours_begin(&hand);

	const char *before = our_certificate(&hand);

	assert_true(is_signed_by(respond(&hand, &statement), ASSERTION, before));
	assert_ok(&hand, keyring_rotate(&hand.w, XML_KEY_ALG, false));
	assert_ok(&hand, keyring_refresh(&hand.w));

	const char *after = our_certificate(&hand);
	const char *xml = respond(&hand, &statement);

	assert_string_not_equal(before, after);
	assert_true(is_signed_by(xml, ASSERTION, after));
	assert_false(is_signed_by(xml, ASSERTION, before));
	assert_string_equal(seen(hand.arena, xml, "//ds:X509Certificate"), after);
}

/* --- as a service provider reads it ------------------------------------------------------------------ */

static char *app_metadata(struct arena *arena)
{
	return arena_print(
		arena, "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' entityID='" APP_ENTITY
		       "'><SPSSODescriptor WantAssertionsSigned='true'"
		       " protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>"
		       "<AssertionConsumerService index='0' Location='" APP_ACS
		       "' Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'/>"
		       "</SPSSODescriptor></EntityDescriptor>");
}

static char *our_metadata(struct hand *hand)
{
	return arena_print(
		hand->arena,
		"<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' entityID='" OUR_ENTITY
		"'><IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>"
		"<KeyDescriptor><KeyInfo xmlns='http://www.w3.org/2000/09/xmldsig#'><X509Data>"
		"<X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
		"<SingleSignOnService Location='https://id.example/saml/sso'"
		" Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'/>"
		"</IDPSSODescriptor></EntityDescriptor>",
		our_certificate(hand));
}

/* What lasso as the app says of it, and whom it takes it to be about. */
static int read_as_app(struct hand *hand, const char *xml, const char **name)
{
	LassoServer *server =
		lasso_server_new_from_buffers(app_metadata(hand->arena), app_one.pem, NULL, NULL);

	assert_non_null(server);
	assert_int_equal(lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP,
							       our_metadata(hand), NULL, NULL),
			 0);

	LassoLogin *login = lasso_login_new(server);
	int verdict =
		lasso_login_process_authn_response_msg(login, base64_encode(hand->arena, BYTES_OF(xml)));
	LassoNode *name_id = LASSO_PROFILE(login)->nameIdentifier;

	*name = LASSO_IS_SAML2_NAME_ID(name_id)
			? arena_text(hand->arena, LASSO_SAML2_NAME_ID(name_id)->content)
			: NULL;
	g_object_unref(login);
	g_object_unref(server);
	return verdict;
}

static void a_service_provider_reads_the_name_and_the_signature(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = statement_to(&service);
	const char *name;

	ours_begin(&hand);
	for (int both = 0; both < 2; both++) {
		statement.sign_response = both;

		char *xml = arena_text(hand.arena, respond(&hand, &statement));

		assert_int_equal(read_as_app(&hand, xml, &name), 0);
		assert_string_equal(name, "p-17");
		memcpy(strstr(xml, ">p-17<"), ">p-18<", 6);
		assert_int_not_equal(read_as_app(&hand, xml, &name), 0);
	}
}

/* --- hostile texts ----------------------------------------------------------------------------------- */

static void a_text_is_never_markup(UNUSED void **state)
{
	static const char *const texts[] = {
		"</saml:Subject><saml:Subject>",
		"</saml:NameID></saml:Subject></saml:Assertion>",
		"<!-- -->admin",
		"a<!---->b",
		"]]><![CDATA[x",
		"&amp;&lt;&#65;&undefined;",
		"\"'><x y=\"",
		"<?pi?>",
		"line\r\nbreak\tand tab",
		"J\xc3\xbcrgen \xe2\x82\xac \xf0\x9d\x84\x9e",
		" edges ",
	};
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = statement_to(&service);

	ours_begin(&hand);

	const char *ours = our_certificate(&hand);

	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct saml_value value[] = { { .text = texts[i] },
						    { .element = "Role", .code = texts[i] } };
		const struct saml_attribute attribute = { .name = texts[i],
							  .friendly_name = texts[i],
							  .format = BASIC,
							  .values = value,
							  .value_count = 2 };

		statement.name_id.value = texts[i];
		statement.session_index = texts[i];
		statement.attributes = &attribute;
		statement.attribute_count = 1;
		statement.sign_response = true;

		const char *xml = respond(&hand, &statement);
		const char *name;

		assert_string_equal(seen(hand.arena, xml, "//saml:NameID"), texts[i]);
		assert_string_equal(seen(hand.arena, xml, "//saml:AuthnStatement/@SessionIndex"), texts[i]);
		assert_string_equal(seen(hand.arena, xml, "//saml:Attribute/@Name"), texts[i]);
		assert_string_equal(seen(hand.arena, xml, "//saml:Attribute/@FriendlyName"), texts[i]);
		assert_string_equal(seen(hand.arena, xml, "//saml:AttributeValue[1]"), texts[i]);
		assert_string_equal(seen(hand.arena, xml, "//hl7:Role/@code"), texts[i]);
		assert_int_equal(times(xml, "//saml:Subject"), 1);
		assert_int_equal(times(xml, "//comment() | //processing-instruction()"), 0);
		assert_true(is_signed_by(xml, ASSERTION, ours));
		assert_true(is_signed_by(xml, "/samlp:Response", ours));
		assert_int_equal(read_as_app(&hand, xml, &name), 0);
		assert_string_equal(name, texts[i]);
	}
}

static void what_xml_cannot_carry_is_refused(UNUSED void **state)
{
	static const char *const texts[] = {
		"bell\a",       "\x01", "esc\x1b[0m", "\xef\xbf\xbe", /* U+FFFE */
		"\xef\xbf\xbf",                                       /* U+FFFF */
		"\xed\xa0\x80",                                       /* a surrogate */
		"\xff",         "\xc3", "\xc0\x80",
	};
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *xml = NULL;

		for (int where = 0; where < 7; where++) {
			struct statement statement = statement_to(&service);
			struct saml_value value = { .text = where == 0 ? texts[i] : "x" };
			struct saml_attribute attribute = { .name = where == 1 ? texts[i] : "x",
							    .friendly_name = where == 2 ? texts[i] : "x",
							    .format = BASIC,
							    .values = &value,
							    .value_count = 1 };

			if (where == 3)
				value = (struct saml_value){ .element = "Role", .code = texts[i] };
			if (where == 4)
				statement.name_id.value = texts[i];
			if (where == 5)
				statement.name_id.sp_name_qualifier = texts[i];
			if (where == 6)
				statement.in_response_to = texts[i];
			statement.attributes = &attribute;
			statement.attribute_count = 1;
			assert_int_equal(desk_response(&hand.w, &statement, &xml, NULL), ERR_INTERNAL);
			assert_null(xml);
		}
	}
}

/* --- refusals ---------------------------------------------------------------------------------------- */

static void a_refusal_is_signed_and_says_why(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(NULL, "1");
	struct saml_refusal refusal = { .service = &service,
					.in_response_to = "_request_0123456789abcdef",
					.acs_url = APP_ACS,
					.status = "Responder",
					.sub_status = "NoPassive",
					.message = "Nobody is <signed> in." };
	const char *xml;

	ours_begin(&hand);
	assert_ok(&hand, desk_refusal(&hand.w, &refusal, &xml));
	assert_true(is_signed_by(xml, "/samlp:Response", our_certificate(&hand)));
	assert_int_equal(times(xml, "//saml:Assertion"), 0);
	assert_string_equal(seen(hand.arena, xml, "/samlp:Response/samlp:Status/samlp:StatusCode/@Value"),
			    "urn:oasis:names:tc:SAML:2.0:status:Responder");
	assert_string_equal(seen(hand.arena, xml, "//samlp:StatusCode/samlp:StatusCode/@Value"),
			    "urn:oasis:names:tc:SAML:2.0:status:NoPassive");
	assert_string_equal(seen(hand.arena, xml, "//samlp:StatusMessage"), "Nobody is <signed> in.");

	refusal.sub_status = refusal.message = refusal.in_response_to = NULL;
	assert_ok(&hand, desk_refusal(&hand.w, &refusal, &xml));
	assert_int_equal(times(xml, "//samlp:StatusCode"), 1);
	assert_int_equal(times(xml, "//samlp:StatusMessage | //@InResponseTo"), 0);
}

static void an_address_that_left_the_metadata_gets_nothing(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = statement_to(&service);
	struct saml_refusal refusal = { .service = &service, .status = "Requester" };
	const char *xml = NULL;

	ours_begin(&hand);
	refusal.acs_url = statement.acs_url = APP_ACS "/old";
	assert_int_equal(desk_response(&hand.w, &statement, &xml, NULL), ERR_SAML_ACS);
	assert_int_equal(desk_refusal(&hand.w, &refusal, &xml), ERR_SAML_ACS);
	assert_null(xml);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_says_who_for_whom_and_how_long),
		cmocka_unit_test(nobody_asked_means_no_in_response_to),
		cmocka_unit_test(ids_are_ncnames_of_160_bits_and_never_come_twice),
		cmocka_unit_test(signatures_stand_where_they_are_asked_for),
		cmocka_unit_test(the_key_that_was_rotated_in_signs_the_next_response),
		cmocka_unit_test(a_service_provider_reads_the_name_and_the_signature),
		cmocka_unit_test(a_text_is_never_markup),
		cmocka_unit_test(what_xml_cannot_carry_is_refused),
		cmocka_unit_test(a_refusal_is_signed_and_says_why),
		cmocka_unit_test(an_address_that_left_the_metadata_gets_nothing),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
