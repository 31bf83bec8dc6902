/* received.h: messages as apps send them are read into the struct, and how they are packed. */
#include "base/base.h"

#include "incoming.h"

/* --- what honest apps send --- */

static void an_authn_request_is_read_by_every_binding(void **state)
{
	static const char xml[] = REQUEST
		" Destination=\"" HERE "\" ForceAuthn=\"true\" IsPassive=\"0\""
		" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""
		" AssertionConsumerServiceURL=\"https://sp.example/acs?a=1&amp;b=2\" "
		"ProviderName=\"SP\">" ISSUER
		"<samlp:Extensions><x:y xmlns:x=\"urn:x\">z</x:y></samlp:Extensions>"
		"<saml:Subject><saml:NameID>somebody</saml:NameID></saml:Subject>"
		"<samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\""
		" SPNameQualifier=\"https://sp.example/saml\" AllowCreate=\"true\"/>"
		"<saml:Conditions><saml:AudienceRestriction><saml:Audience>urn:a</saml:Audience>"
		"</saml:AudienceRestriction></saml:Conditions>"
		"<samlp:RequestedAuthnContext Comparison=\"minimum\"><saml:AuthnContextClassRef>urn:one"
		"</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:two"
		"</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
		"<samlp:Scoping ProxyCount=\"0\"/></samlp:AuthnRequest>";
	struct try *t = *state;

	for (int binding = 0; binding < 3; binding++) {
		if (binding == 0)
			(void)try_query(t, AUTHN_REQUEST, xml);
		else if (binding == 1)
			(void)try_form(t, AUTHN_REQUEST, xml);
		else
			(void)try_soap(t, AUTHN_REQUEST, in_envelope(t->arena, "", xml));
		assert_fine(t, xml);
		const struct received *in = &t->out;

		assert_string_equal(in->id, ID);
		assert_string_equal(in->issuer, "https://sp.example/saml");
		assert_string_equal(in->destination, HERE);
		assert_int_equal(in->issue_instant, NOW);
		assert_string_equal(in->acs_url, "https://sp.example/acs?a=1&b=2");
		assert_int_equal(in->acs_index, -1);
		assert_int_equal(in->acs_binding, BINDING_POST);
		assert_null(in->protocol_binding);
		assert_true(in->force_authn && !in->is_passive && !in->has_signature && !in->signed_query);
		assert_string_equal(in->subject, "somebody");
		assert_string_equal(in->name_id_policy,
				    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient");
		assert_string_equal(in->sp_name_qualifier, "https://sp.example/saml");
		assert_string_equal(in->context.comparison, "minimum");
		assert_string_equal(in->context.classes[0], "urn:one");
		assert_string_equal(in->context.classes[1], "urn:two");
		assert_null(in->context.classes[2]);
		assert_null(in->relay_state);
	}
}

static void what_is_not_asked_for_is_not_there(void **state)
{
	struct try *t = *state;

	(void)try_form(t, AUTHN_REQUEST, REQUEST ">" ISSUER "</samlp:AuthnRequest>");
	assert_fine(t, "the least request");
	assert_true(!t->out.force_authn && !t->out.is_passive && t->out.acs_index == -1);
	assert_int_equal(t->out.acs_binding, BINDING_NONE);
	assert_null(t->out.destination);
	assert_null(t->out.acs_url);
	assert_null(t->out.name_id_policy);
	assert_null(t->out.context.comparison);
	assert_null(t->out.subject);
}

static void an_issuer_is_read_in_full_and_with_its_default_format(void **state)
{
	struct try *t = *state;

	(void)try_form(t, AUTHN_REQUEST,
		       REQUEST
		       "><saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">https://sp"
		       "&#x2e;example/?a&amp;b</saml:Issuer></samlp:AuthnRequest>");
	assert_fine(t, "issuer with references");
	assert_string_equal(t->out.issuer, "https://sp.example/?a&b");
}

static void times_have_fractions_and_requests_an_index(void **state)
{
	struct try *t = *state;

	(void)try_form(t, AUTHN_REQUEST,
		       "<samlp:AuthnRequest " SAMLP " ID=\"" ID
		       "\" Version=\"2.0\" IssueInstant=\"2029-12-31T23:59:59.1234567Z\""
		       " AssertionConsumerServiceIndex=\"7\" ProtocolBinding=\"urn:x\">" ISSUER
		       "</samlp:AuthnRequest>");
	assert_fine(t, "index");
	assert_int_equal(t->out.issue_instant, NOW - 1);
	assert_int_equal(t->out.acs_index, 7);
	assert_string_equal(t->out.protocol_binding, "urn:x");
}

static void declarations_are_a_context_without_classes(void **state)
{
	struct try *t = *state;

	(void)try_form(t, AUTHN_REQUEST,
		       REQUEST
		       ">" ISSUER "<samlp:RequestedAuthnContext><saml:AuthnContextDeclRef>urn:d"
		       "</saml:AuthnContextDeclRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>");
	assert_fine(t, "declaration");
	assert_string_equal(t->out.context.comparison, "exact");
	assert_null(t->out.context.classes[0]);
}

static void a_logout_request_is_read(void **state)
{
	struct try *t = *state;

	(void)try_query(
		t, LOGOUT_REQUEST,
		LOGOUT
		" Destination=\"" HERE "\" NotOnOrAfter=\"2030-01-01T00:05:00Z\" Reason=\"urn:r\">" ISSUER
		"<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\""
		" SPNameQualifier=\"https://sp.example/saml\">a name</saml:NameID>"
		"<samlp:SessionIndex>one</samlp:SessionIndex>\n<samlp:SessionIndex>two</samlp:SessionIndex>"
		"</samlp:LogoutRequest>");
	assert_fine(t, "logout request");
	assert_string_equal(t->out.name_id, "a name");
	assert_string_equal(t->out.name_id_format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
	assert_string_equal(t->out.session_indexes[0], "one");
	assert_string_equal(t->out.session_indexes[1], "two");
	assert_null(t->out.session_indexes[2]);
	assert_int_equal(t->out.not_on_or_after, NOW + 300);
}

static void a_logout_response_is_read(void **state)
{
	struct try *t = *state;

	(void)try_form(t, LOGOUT_RESPONSE,
		       ANSWER
		       " InResponseTo=\"_fedcba9876543210\">" ISSUER
		       "<samlp:Status><samlp:StatusCode Value=\"" STATUS
		       "Responder\"><samlp:StatusCode Value=\"" STATUS
		       "PartialLogout\"/></samlp:StatusCode><samlp:StatusMessage>m</samlp:StatusMessage>"
		       "</samlp:Status></samlp:LogoutResponse>");
	assert_fine(t, "logout response");
	assert_string_equal(t->out.in_response_to, "_fedcba9876543210");
	assert_string_equal(t->out.status, "Responder");
	assert_string_equal(t->out.sub_status, "PartialLogout");
	(void)try_form(
		t, LOGOUT_RESPONSE,
		ANSWER
		" InResponseTo=\"_fedcba9876543210\">" ISSUER
		"<samlp:Status><samlp:StatusCode Value=\"urn:x\"/></samlp:Status></samlp:LogoutResponse>");
	assert_fine(t, "logout response");
	assert_string_equal(t->out.status, "urn:x");
	assert_null(t->out.sub_status);
}

/* As ElementTree writes it: all namespaces on the envelope. */
static void an_artifact_resolve_comes_out_of_its_envelope_with_its_namespaces(void **state)
{
	struct try *t = *state;

	(void)try_soap(t, ARTIFACT_RESOLVE,
		       "<?xml version='1.0' encoding='UTF-8'?>\n<e:Envelope xmlns:e=\"" NS_SOAP
		       "\" xmlns:p=\"" NS_PROTOCOL "\" xmlns:a=\"" NS_ASSERTION
		       "\"><e:Header><h xmlns=\"urn:h\" e:mustUnderstand=\"0\"/></e:Header>"
		       "<e:Body><p:ArtifactResolve " COMMON
		       "><a:Issuer>https://sp.example/\xC3\xA9</a:Issuer>"
		       "<p:Artifact>AAQAAA==</p:Artifact></p:ArtifactResolve></e:Body></e:Envelope>");
	assert_fine(t, "artifact resolve");
	assert_string_equal(t->out.artifact, "AAQAAA==");
	assert_string_equal(t->out.issuer, "https://sp.example/\xC3\xA9");
	xmlDoc *doc = tree_parse(t->arena, BYTES_OF(t->out.xml));

	assert_non_null(doc);
	assert_true(tree_is(xmlDocGetRootElement(doc), NS_PROTOCOL, "ArtifactResolve"));
	assert_non_null(strstr(t->out.xml, "\xC3\xA9"));
}

/* --- the signature in a query --- */

static void a_signed_query_keeps_the_raw_values_in_the_signed_order(void **state)
{
	struct try *t = *state;
	const char *method = "SigAlg=http%3a%2f%2fwww.w3.org/2001/04/xmldsig-more%23rsa-sha256";
	const char *message =
		packed_query(t->arena, "SAMLRequest",
			     BYTES_OF(REQUEST " Destination=\"" HERE "\">" ISSUER "</samlp:AuthnRequest>"));
	struct arrival arrival =
		by_query(t->arena, arena_print(t->arena,
					       "&Signature=QUJD&%s&x=y&RelayState=a+b%%2fc&%s&SAMLEncoding="
					       "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE",
					       method, message));

	(void)try_arrival(t, &arrival, AUTHN_REQUEST);
	assert_fine(t, "signed query");
	assert_true(t->out.has_signature);
	assert_string_equal(t->out.relay_state, "a b/c");
	assert_string_equal(
		t->out.signed_query,
		arena_print(t->arena, "%s&RelayState=a+b%%2fc&%s&Signature=QUJD", message, method));
}

static void a_query_that_is_odd_is_refused(void **state)
{
	static const struct {
		const char *before, *after, *word;
	} rows[] = {
		{ "", "&RelayState=a&RelayState=a", "parameter_repeated" },
		{ "SAMLRequest=x&", "", "parameter_repeated" },
		{ "", "&SAMLResponse=x", "parameter_odd" },
		{ "", "&SigAlg=" MORE "rsa-sha256", "query_signature" },
		{ "", "&Signature=QUJD", "query_signature" },
		{ "", "&Signature=QUJD&SigAlg=", "signature_algorithm" },
		{ "", "&Signature=QUJD&SigAlg=http://www.w3.org/2000/09/xmldsig%23rsa-sha1",
		  "signature_algorithm" },
		{ "", "&Signature=QUJD&SigAlg=http://www.w3.org/2000/09/xmldsig%23hmac-sha1",
		  "signature_algorithm" },
		{ "", "&Signature=QUJD&SigAlg=http://www.w3.org/2001/04/xmldsig-more%23hmac-sha256",
		  "signature_algorithm" },
		{ "", "&Signature=QUJD&SigAlg=http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256%20",
		  "signature_algorithm" },
		{ "", "&Signature=&SigAlg=http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256", "base64" },
		{ "", "&Signature=QUI&SigAlg=http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256", "base64" },
		{ "", "&%53ignature=QUJD&SigAlg=http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256",
		  "parameter_odd" },
		{ "",
		  "&Signature=QUJD&Relay%53tate=x&SigAlg=http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256",
		  "parameter_odd" },
		{ "", "&SAMLEncoding=urn:x", "encoding_unknown" },
		{ "", "&SAMLEncoding=", "encoding_unknown" },
	};
	struct try *t = *state;
	char *message =
		packed_query(t->arena, "SAMLRequest",
			     BYTES_OF(REQUEST " Destination=\"" HERE "\">" ISSUER "</samlp:AuthnRequest>"));

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *query = arena_print(t->arena, "%s%s%s", rows[i].before, message, rows[i].after);
		struct arrival arrival = by_query(t->arena, query);

		(void)try_arrival(t, &arrival, AUTHN_REQUEST);
		assert_refused(t, query, rows[i].word);
	}
}

static void a_relay_state_is_bounded(void **state)
{
	struct try *t = *state;
	char *message =
		packed_form(t->arena, "SAMLRequest", BYTES_OF(REQUEST ">" ISSUER "</samlp:AuthnRequest>"));
	char filler[SAML_RELAY_MAX + 2];

	memset(filler, 'r', sizeof(filler));
	for (size_t over = 0; over < 2; over++) {
		filler[SAML_RELAY_MAX + over] = '\0';
		struct arrival arrival =
			by_form(t->arena, arena_print(t->arena, "%s&RelayState=%s", message, filler));

		(void)try_arrival(t, &arrival, AUTHN_REQUEST);
		if (over)
			assert_refused(t, "long relay state", "relay_state_too_long");
		else
			assert_fine(t, "longest relay state");
		filler[SAML_RELAY_MAX + over] = 'r';
	}
}

/* --- packing --- */

static void a_form_is_strict_base64_with_line_ends(void **state)
{
	struct try *t = *state;
	char *packed = base64_encode(t->arena, BYTES_OF(REQUEST ">" ISSUER "</samlp:AuthnRequest>"));
	const struct {
		char *value;
		const char *word;
	} rows[] = {
		{ arena_print(t->arena, "%.76s\r\n%s\n", packed, packed + 76), NULL },
		{ arena_print(t->arena, "%.76s %s", packed, packed + 76), "base64" },
		{ arena_print(t->arena, "%s=", packed), "base64" },
		{ arena_print(t->arena, "%s!", packed), "base64" },
		{ arena_print(t->arena, "%.9s", packed), "base64" },
		{ arena_print(t->arena, "QR=="), "base64" },
		{ arena_print(t->arena, "\n"), "base64" },
		{ arena_print(t->arena, "%s", ""), "parameter_missing" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arrival arrival = by_form(
			t->arena, arena_print(t->arena, "SAMLRequest=%s", percent(t->arena, rows[i].value)));

		(void)try_arrival(t, &arrival, AUTHN_REQUEST);
		if (rows[i].word)
			assert_refused(t, rows[i].value, rows[i].word);
		else
			assert_fine(t, rows[i].value);
	}
}

static void try_packed(struct try *t, struct bytes packed)
{
	char *query =
		arena_print(t->arena, "SAMLRequest=%s", percent(t->arena, base64_encode(t->arena, packed)));
	struct arrival arrival = by_query(t->arena, query);

	(void)try_arrival(t, &arrival, AUTHN_REQUEST);
}

static void a_deflate_stream_is_whole_alone_and_bounded(void **state)
{
	struct try *t = *state;
	struct bytes xml = BYTES_OF(REQUEST ">" ISSUER "</samlp:AuthnRequest>"),
		     packed = deflated(t->arena, xml);
	uint8_t *longer = arena_alloc(t->arena, packed.size + 1);

	try_packed(t, packed);
	assert_fine(t, "packed");
	memcpy(longer, packed.at, packed.size);
	try_packed(t, (struct bytes){ longer, packed.size + 1 });
	assert_refused(t, "a byte behind the stream", "deflate");
	try_packed(t, (struct bytes){ packed.at, packed.size - 1 });
	assert_refused(t, "a stream that breaks off", "deflate");
	try_packed(t, xml);
	assert_refused(t, "not packed at all", "deflate");
}

static void a_bomb_is_not_unpacked(void **state)
{
	struct try *t = *state;
	size_t size = 100 * MB;
	uint8_t *zeros = calloc(1, size);

	assert_non_null(zeros);
	try_packed(t, deflated(t->arena, (struct bytes){ zeros, size }));
	assert_refused(t, "100 MB", "message_too_large");
	try_packed(t, deflated(t->arena, (struct bytes){ zeros, 30 * MB }));
	assert_refused(t, "30 MB", "message_too_large");
	free(zeros);
}

static void a_form_of_another_signature_binding_is_refused(void **state)
{
	struct try *t = *state;
	char *message =
		packed_form(t->arena, "SAMLRequest", BYTES_OF(REQUEST ">" ISSUER "</samlp:AuthnRequest>"));
	struct arrival arrival = by_form(t->arena, arena_print(t->arena, "%s&Signature=QUJD", message));

	(void)try_arrival(t, &arrival, AUTHN_REQUEST);
	assert_refused(t, "SimpleSign", "query_signature");
	arrival = by_form(t->arena, "RelayState=x");
	(void)try_arrival(t, &arrival, AUTHN_REQUEST);
	assert_refused(t, "nothing", "parameter_missing");
	arrival = by_form(t->arena, message);
	(void)try_arrival(t, &arrival, LOGOUT_RESPONSE);
	assert_refused(t, "a request where an answer is taken", "parameter_missing");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_try, close_try)
	const struct CMUnitTest tests[] = {
		TEST(an_authn_request_is_read_by_every_binding),
		TEST(what_is_not_asked_for_is_not_there),
		TEST(an_issuer_is_read_in_full_and_with_its_default_format),
		TEST(times_have_fractions_and_requests_an_index),
		TEST(declarations_are_a_context_without_classes),
		TEST(a_logout_request_is_read),
		TEST(a_logout_response_is_read),
		TEST(an_artifact_resolve_comes_out_of_its_envelope_with_its_namespaces),
		TEST(a_signed_query_keeps_the_raw_values_in_the_signed_order),
		TEST(a_query_that_is_odd_is_refused),
		TEST(a_relay_state_is_bounded),
		TEST(a_form_is_strict_base64_with_line_ends),
		TEST(a_deflate_stream_is_whole_alone_and_bounded),
		TEST(a_bomb_is_not_unpacked),
		TEST(a_form_of_another_signature_binding_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
