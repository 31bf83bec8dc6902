/* received.h: a message that is hostile or odd is refused by its word before any key is asked. */
#include "base/base.h"

#include "incoming.h"

static void a_request_that_is_odd_is_refused(void **state)
{
	static const struct {
		const char *xml, *word;
	} rows[] = {
		{ "<!DOCTYPE x>" REQUEST ">" END_REQUEST, "xml_doctype" },
		{ REQUEST "><saml:Issuer>https://sp.example<!-- "
			  "-->.attacker.example</saml:Issuer></samlp:AuthnRequest>",
		  "xml_comment" },
		{ REQUEST "><saml:Issuer>https://sp.example<?x?></saml:Issuer></samlp:AuthnRequest>",
		  "xml_instruction" },
		{ REQUEST "><saml:Issuer><![CDATA[https://sp.example]]></saml:Issuer></samlp:AuthnRequest>",
		  "xml_cdata" },
		{ REQUEST "><saml:Issuer>&sp;</saml:Issuer></samlp:AuthnRequest>", "xml_entity" },
		{ REQUEST " undeclared:x=\"1\">" END_REQUEST, "xml_parser" },
		{ LOGOUT ">" ISSUER "</samlp:LogoutRequest>", "root_unexpected" },
		{ "<AuthnRequest " COMMON "/>", "root_unexpected" },
		{ "<s:AuthnRequest xmlns:s=\"urn:oasis:names:tc:SAML:1.0:protocol\" " COMMON "/>",
		  "root_unexpected" },
		{ "<samlp:authnRequest " SAMLP " " COMMON ">" ISSUER "</samlp:authnRequest>",
		  "root_unexpected" },
		{ REQUEST "></samlp:AuthnRequest>", "issuer" },
		{ REQUEST "><samlp:NameIDPolicy/>" END_REQUEST, "issuer" },
		{ REQUEST "><saml:Issuer/></samlp:AuthnRequest>", "issuer" },
		{ REQUEST "><saml:Issuer> https://sp.example</saml:Issuer></samlp:AuthnRequest>", "issuer" },
		{ REQUEST "><saml:Issuer>a&#10;b</saml:Issuer></samlp:AuthnRequest>", "issuer" },
		{ REQUEST "><saml:Issuer>a<b/>b</saml:Issuer></samlp:AuthnRequest>", "issuer" },
		{ REQUEST "><saml:Issuer Format=\"urn:x\">a</saml:Issuer></samlp:AuthnRequest>", "issuer" },
		{ REQUEST "><saml:Issuer NameQualifier=\"x\">a</saml:Issuer></samlp:AuthnRequest>",
		  "issuer" },
		{ REQUEST "><saml:Issuer SPProvidedID=\"x\">a</saml:Issuer></samlp:AuthnRequest>", "issuer" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID "\" IssueInstant=\"" TIMES "\">" END_REQUEST,
		  "version" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID "\" Version=\"1.1\" IssueInstant=\"" TIMES
		  "\">" END_REQUEST,
		  "version" },
		{ "<samlp:AuthnRequest " SAMLP " Version=\"2.0\" IssueInstant=\"" TIMES "\">" END_REQUEST,
		  "id" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"_123456789abcde\" Version=\"2.0\">" END_REQUEST, "id" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"0123456789abcdef\" Version=\"2.0\">" END_REQUEST,
		  "id" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"_123456789 abcdef\" Version=\"2.0\">" END_REQUEST,
		  "id" },
		{ "<samlp:AuthnRequest " SAMLP " samlp:ID=\"" ID "\" Version=\"2.0\">" END_REQUEST, "id" },
		{ REQUEST " xml:id=\"" ID "\">" END_REQUEST, "id_repeated" },
		{ REQUEST ">" ISSUER "<samlp:Extensions><x Id=\"" ID
			  "\"/></samlp:Extensions></samlp:AuthnRequest>",
		  "id_repeated" },
		{ REQUEST
		  ">" ISSUER
		  "<samlp:Extensions><x id=\"a\"/><y ID=\"a\"/></samlp:Extensions></samlp:AuthnRequest>",
		  "id_repeated" },
		{ REQUEST ">" ISSUER
			  "<samlp:Extensions><saml:Assertion/></samlp:Extensions></samlp:AuthnRequest>",
		  "assertion_unexpected" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID "\" Version=\"2.0\">" END_REQUEST,
		  "issue_instant" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2030-01-01\">" END_REQUEST,
		  "issue_instant" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2030-01-01T00:00:00+00:00\">" END_REQUEST,
		  "issue_instant" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2030-02-30T00:00:00Z\">" END_REQUEST,
		  "issue_instant" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2029-12-31T23:51:59Z\">" END_REQUEST,
		  "stale" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2001-01-01T00:00:00Z\">" END_REQUEST,
		  "stale" },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2030-01-01T00:03:01Z\">" END_REQUEST,
		  "future" },
		{ REQUEST " Destination=\"https://other.example/saml/sso\">" END_REQUEST, "destination" },
		{ REQUEST " Destination=\"" HERE "/\">" END_REQUEST, "destination" },
		{ REQUEST " Destination=\"\">" END_REQUEST, "destination" },
		{ REQUEST ">" ISSUER ISSUER "</samlp:AuthnRequest>", "child_unexpected" },
		{ REQUEST ">" ISSUER "text</samlp:AuthnRequest>", "child_unexpected" },
		{ REQUEST ">" ISSUER "<samlp:NameIDPolicy/><samlp:NameIDPolicy/></samlp:AuthnRequest>",
		  "child_unexpected" },
		{ REQUEST ">" ISSUER "<samlp:NameIDPolicy/><samlp:Extensions/></samlp:AuthnRequest>",
		  "child_unexpected" },
		{ REQUEST ">" ISSUER "<saml:NameIDPolicy/></samlp:AuthnRequest>", "child_unexpected" },
		{ REQUEST ">" ISSUER "<samlp:NameIDPolicy><x/></samlp:NameIDPolicy></samlp:AuthnRequest>",
		  "child_unexpected" },
		{ REQUEST " ForceAuthn=\"yes\">" END_REQUEST, "value_malformed" },
		{ REQUEST " ForceAuthn=\"\">" END_REQUEST, "value_malformed" },
		{ REQUEST " IsPassive=\"-1\">" END_REQUEST, "value_malformed" },
		{ REQUEST " IsPassive=\"TRUE\">" END_REQUEST, "value_malformed" },
		{ REQUEST " AssertionConsumerServiceIndex=\"-1\">" END_REQUEST, "value_malformed" },
		{ REQUEST " AssertionConsumerServiceIndex=\"65536\">" END_REQUEST, "value_malformed" },
		{ REQUEST " AttributeConsumingServiceIndex=\"x\">" END_REQUEST, "value_malformed" },
		{ REQUEST ">" ISSUER "<samlp:NameIDPolicy AllowCreate=\"maybe\"/></samlp:AuthnRequest>",
		  "value_malformed" },
		{ REQUEST " AssertionConsumerServiceIndex=\"1\" "
			  "AssertionConsumerServiceURL=\"https://sp.example/\">" END_REQUEST,
		  "acs_ambiguous" },
		{ REQUEST ">" ISSUER "<saml:Subject><saml:EncryptedID/></saml:Subject></samlp:AuthnRequest>",
		  "subject" },
		{ REQUEST
		  ">" ISSUER
		  "<saml:Subject><saml:NameID>a</saml:NameID><saml:SubjectConfirmation Method=\"urn:x\"/>"
		  "</saml:Subject></samlp:AuthnRequest>",
		  "subject" },
		{ REQUEST
		  ">" ISSUER
		  "<saml:Subject><saml:NameID>a<b/></saml:NameID></saml:Subject></samlp:AuthnRequest>",
		  "subject" },
		{ REQUEST ">" ISSUER "<samlp:RequestedAuthnContext/></samlp:AuthnRequest>", "context" },
		{ REQUEST ">" ISSUER
			  "<samlp:RequestedAuthnContext Comparison=\"most\"><saml:AuthnContextClassRef>a"
			  "</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>",
		  "context" },
		{ REQUEST ">" ISSUER "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef/>"
			  "</samlp:RequestedAuthnContext></samlp:AuthnRequest>",
		  "context" },
	};
	struct try *t = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)try_form(t, AUTHN_REQUEST, rows[i].xml);
		assert_refused(t, rows[i].xml, rows[i].word);
		(void)try_query(t, AUTHN_REQUEST, rows[i].xml);
		assert_refused(t, rows[i].xml, rows[i].word);
	}
}

static void the_issuer_is_known_even_of_what_is_refused_later(void **state)
{
	struct try *t = *state;

	(void)try_form(t, AUTHN_REQUEST, REQUEST " Destination=\"https://other.example/\">" END_REQUEST);
	assert_int_equal(t->err, ERR_SAML_DESTINATION);
	assert_string_equal(t->out.issuer, "https://sp.example/saml");
	assert_string_equal(t->out.id, ID);
}

static void a_logout_message_that_is_odd_is_refused(void **state)
{
	static const struct {
		enum saml_message message;
		const char *xml, *word;
	} rows[] = {
		{ LOGOUT_REQUEST, LOGOUT ">" ISSUER "</samlp:LogoutRequest>", "name_id" },
		{ LOGOUT_REQUEST, LOGOUT ">" ISSUER "<saml:NameID/></samlp:LogoutRequest>", "name_id" },
		{ LOGOUT_REQUEST, LOGOUT ">" ISSUER "<saml:NameID>a<b/>c</saml:NameID></samlp:LogoutRequest>",
		  "name_id" },
		{ LOGOUT_REQUEST,
		  LOGOUT ">" ISSUER "<saml:NameID>a<!-- -->b</saml:NameID></samlp:LogoutRequest>",
		  "xml_comment" },
		{ LOGOUT_REQUEST,
		  LOGOUT ">" ISSUER "<saml:NameID>a&#13;b</saml:NameID></samlp:LogoutRequest>", "name_id" },
		{ LOGOUT_REQUEST, LOGOUT ">" ISSUER "<saml:EncryptedID/></samlp:LogoutRequest>",
		  "child_unexpected" },
		{ LOGOUT_REQUEST,
		  LOGOUT ">" ISSUER "<saml:NameID>a</saml:NameID><samlp:SessionIndex/></samlp:LogoutRequest>",
		  "session_index" },
		{ LOGOUT_REQUEST,
		  LOGOUT " NotOnOrAfter=\"2029-12-31T23:57:00Z\">" ISSUER
			 "<saml:NameID>a</saml:NameID></samlp:LogoutRequest>",
		  "expired" },
		{ LOGOUT_REQUEST,
		  LOGOUT " NotOnOrAfter=\"1970-01-01T00:00:00Z\">" ISSUER
			 "<saml:NameID>a</saml:NameID></samlp:LogoutRequest>",
		  "value_malformed" },
		{ LOGOUT_REQUEST,
		  LOGOUT " NotOnOrAfter=\"never\">" ISSUER
			 "<saml:NameID>a</saml:NameID></samlp:LogoutRequest>",
		  "value_malformed" },
		{ LOGOUT_RESPONSE,
		  ANSWER
		  ">" ISSUER
		  "<samlp:Status><samlp:StatusCode Value=\"x\"/></samlp:Status></samlp:LogoutResponse>",
		  "in_response_to" },
		{ LOGOUT_RESPONSE, ANSWER " InResponseTo=\"_x\">" ISSUER "</samlp:LogoutResponse>",
		  "child_unexpected" },
		{ LOGOUT_RESPONSE,
		  ANSWER " InResponseTo=\"_x\">" ISSUER "<samlp:Status/></samlp:LogoutResponse>", "status" },
		{ LOGOUT_RESPONSE,
		  ANSWER " InResponseTo=\"_x\">" ISSUER
			 "<samlp:Status><samlp:StatusCode/></samlp:Status></samlp:LogoutResponse>",
		  "status" },
		{ ARTIFACT_RESOLVE, RESOLVE ">" ISSUER "<samlp:Artifact/></samlp:ArtifactResolve>",
		  "artifact" },
		{ ARTIFACT_RESOLVE, RESOLVE ">" ISSUER "</samlp:ArtifactResolve>", "child_unexpected" },
	};
	struct try *t = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)try_form(t, rows[i].message, rows[i].xml);
		assert_refused(t, rows[i].xml, rows[i].word);
	}
}

static void lists_hold_sixteen(void **state)
{
	struct try *t = *state;

	for (size_t count = 16; count <= 17; count++) {
		AUTO_BUF xml = BUF(64 * KB);

		buf_text(&xml, LOGOUT ">" ISSUER "<saml:NameID>a</saml:NameID>");
		for (size_t i = 0; i < count; i++)
			buf_text(&xml, "<samlp:SessionIndex>s</samlp:SessionIndex>");
		buf_text(&xml, "</samlp:LogoutRequest>");
		(void)try_form(t, LOGOUT_REQUEST, buf_str(&xml));
		if (count == 16)
			assert_fine(t, "16 sessions");
		else
			assert_refused(t, "17 sessions", "session_index");
	}
}

static void an_envelope_that_is_odd_is_refused(void **state)
{
	struct try *t = *state;
	const char *message = RESOLVE ">" ISSUER "<samlp:Artifact>A</samlp:Artifact></samlp:ArtifactResolve>";
	const struct {
		const char *soap, *word;
	} rows[] = {
		{ "", "xml_empty" },
		{ message, "soap_envelope" },
		{ in_envelope(t->arena, "", ""), "soap_envelope" },
		{ in_envelope(t->arena, "", arena_print(t->arena, "%s%s", message, message)),
		  "soap_envelope" },
		{ in_envelope(t->arena, "<S:Header/><S:Header/>", message), "soap_envelope" },
		{ in_envelope(t->arena, "<x/>", message), "soap_envelope" },
		{ in_envelope(t->arena, "<S:Header><x S:mustUnderstand=\"1\"/></S:Header>", message),
		  "soap_header" },
		{ in_envelope(t->arena, "<S:Header><x S:mustUnderstand=\"true\"/></S:Header>", message),
		  "soap_header" },
		{ in_envelope(t->arena, "", "<S:Fault/>"), "root_unexpected" },
		{ "<Envelope xmlns=\"http://www.w3.org/2003/05/soap-envelope\"><Body/></Envelope>",
		  "soap_envelope" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)try_soap(t, ARTIFACT_RESOLVE, rows[i].soap);
		assert_refused(t, rows[i].soap, rows[i].word);
	}
	(void)try_soap(t, ARTIFACT_RESOLVE, in_envelope(t->arena, "<S:Header/>", message));
	assert_fine(t, message);
}

static void an_answer_within_the_limits_may_come_late_or_early(void **state)
{
	static const struct {
		int64_t at;
		const char *word;
	} rows[] = {
		{ NOW + SAML_SKEW, NULL },
		{ NOW + SAML_SKEW + 1, "future" },
		{ NOW - SAML_SKEW - SAML_REQUEST_LIFETIME, NULL },
		{ NOW - SAML_SKEW - SAML_REQUEST_LIFETIME - 1, "stale" },
	};
	struct try *t = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)try_form(t, AUTHN_REQUEST,
			       arena_print(t->arena,
					   "<samlp:AuthnRequest " SAMLP " ID=\"" ID
					   "\" Version=\"2.0\" IssueInstant=\"%s\">" END_REQUEST,
					   clock_rfc3339(t->arena, rows[i].at)));
		if (rows[i].word)
			assert_refused(t, "time", rows[i].word);
		else
			assert_fine(t, "time");
	}
}

static void each_kind_of_refusal_gives_its_error(void **state)
{
	static const struct {
		const char *xml;
		enum err err;
	} rows[] = {
		{ "<a/>", ERR_SAML_MALFORMED },
		{ "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
		  ERR_SAML_TOO_LARGE },
		{ REQUEST
		  ">" ISSUER "<ds:Signature xmlns:ds=\"" NS_SIGNATURE "\"><ds:SignedInfo>"
		  "<ds:CanonicalizationMethod Algorithm=\"urn:x\"/><ds:SignatureMethod Algorithm=\"urn:x\"/>"
		  "</ds:SignedInfo><ds:SignatureValue>QUJD</ds:SignatureValue></ds:Signature></"
		  "samlp:AuthnRequest>",
		  ERR_SAML_ALGORITHM },
		{ "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		  "\" Version=\"2.0\" IssueInstant=\"2001-01-01T00:00:00Z\">" END_REQUEST,
		  ERR_SAML_STALE },
		{ REQUEST " Destination=\"https://other.example/\">" END_REQUEST, ERR_SAML_DESTINATION },
	};
	struct try *t = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(try_form(t, AUTHN_REQUEST, rows[i].xml), rows[i].err);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_try, close_try)
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_is_odd_is_refused),
		TEST(the_issuer_is_known_even_of_what_is_refused_later),
		TEST(a_logout_message_that_is_odd_is_refused),
		TEST(lists_hold_sixteen),
		TEST(an_envelope_that_is_odd_is_refused),
		TEST(an_answer_within_the_limits_may_come_late_or_early),
		TEST(each_kind_of_refusal_gives_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
