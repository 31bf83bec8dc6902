/* sp.h, upstream.h: who an assertion is about, what we ask of a provider, and what we say about ourselves to
 * it. */
#include "response_kit.h"

#include "people/connector.h"
#include "people/provision.h"
#include "saml/inflate.h"
#include "saml/received.h"
#include "saml/shelf.h"
#include "saml/sp.h"
#include "saml/upstream.h"
#include "http/form.h"
#include "http/url.h"

#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define TRANSIENT  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
#define STATE      "flow_abc.0123456789"

/* {"name": ["value", ...]} as JSON. */
static struct response_said said_with(struct hand *hand, const char *attributes)
{
	json_t *json = json_read(attributes, strlen(attributes));

	assert_non_null(json);
	return (struct response_said){ .issuer = IDP,
				       .assertion_id = "_assertion-0123456789",
				       .name_id = "ada",
				       .name_id_format = PERSISTENT,
				       .session_index = "_session-1",
				       .context_class = "https://refeds.org/profile/mfa",
				       .auth_time = NOW_AT - 60,
				       .attributes = json,
				       .session_ends_at = hand->w.now };
}

static struct upstream_person person_with(struct hand *hand, const struct connection *connection,
					  struct response_said said)
{
	struct upstream_person person = { 0 };
	const char *word = NULL;

	assert_ok(hand, sp_person(&hand->w, connection, &said, &person, &word));
	return person;
}

/* --- who --------------------------------------------------------------------------------------------- */

static void the_subject_is_the_name_with_what_it_is_a_name_of(UNUSED void **state)
{
	static const struct {
		const char *format, *by, *at, *subject;
	} rows[] = {
		{ PERSISTENT, NULL, NULL, "persistent!!!ada" },
		/* what is so by default is not said */
		{ PERSISTENT, IDP, SP, "persistent!!!ada" },
		{ NULL, NULL, NULL, "unspecified!!!ada" },
		{ "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", NULL, NULL, "email!!!ada" },
		{ PERSISTENT, "https://other.example", NULL, "persistent!https://other.example!!ada" },
		{ PERSISTENT, NULL, "https://other.example", "persistent!!https://other.example!ada" },
		{ "urn:x", NULL, NULL, "urn:x!!!ada" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct response_said said = said_with(&hand, "{}");

		said.name_id_format = rows[i].format;
		said.name_qualifier = rows[i].by;
		said.sp_name_qualifier = rows[i].at;
		struct upstream_person person = person_with(&hand, &kit_connection, said);

		assert_string_equal(person.subject, rows[i].subject);
		assert_string_equal(person.issuer, IDP);
		json_decref(said.attributes);
	}
}

static void a_name_that_is_nobodys_for_good_is_refused(UNUSED void **state)
{
	static const struct {
		const char *name, *format, *by, *word;
	} rows[] = {
		{ "ada", TRANSIENT, NULL, "name_id_transient" },
		{ NULL, NULL, NULL, "name_id_missing" },
		{ "ada", "urn:x!", NULL, "name_id_qualifier" },
		/* our words and attributes are no formats of theirs */
		{ "ada", "persistent", NULL, "name_id_qualifier" },
		{ "ada", "", NULL, "name_id_qualifier" },
		{ "ada", "=uid=urn:x", NULL, "name_id_qualifier" },
		{ "ada", PERSISTENT, "https://x.example/!y", "name_id_qualifier" },
		{ "ada", PERSISTENT, "https://x.example y", "name_id_qualifier" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct response_said said = said_with(&hand, "{}");
		struct upstream_person person = { 0 };
		const char *word = NULL;

		said.name_id = rows[i].name;
		said.name_id_format = rows[i].format;
		said.name_qualifier = rows[i].by;
		assert_int_equal(sp_person(&hand.w, &kit_connection, &said, &person, &word),
				 ERR_UPSTREAM_ANSWER);
		assert_string_equal(word, rows[i].word);
		json_decref(said.attributes);
	}
}

static void an_attribute_can_be_the_subject_when_it_has_one_value(UNUSED void **state)
{
	static const struct {
		const char *attributes, *subject; /* NULL: refused */
	} rows[] = {
		{ "{\"uid\": [\"7\"]}", "=uid=7" },
		{ "{\"uid\": [\"7\", \"8\"]}", NULL },
		{ "{\"uid\": []}", NULL },
		{ "{\"other\": [\"7\"]}", NULL },
	};
	struct connection connection = kit_connection;
	AUTO_OURS hand;

	ours_begin(&hand);
	connection.subject_attribute = "uid";
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct response_said said = said_with(&hand, rows[i].attributes);
		struct upstream_person person = { 0 };
		const char *word = NULL;

		said.name_id_format = TRANSIENT;
		enum err err = sp_person(&hand.w, &connection, &said, &person, &word);

		if (rows[i].subject)
			assert_string_equal(person.subject, rows[i].subject);
		else
			assert_int_equal(err, ERR_UPSTREAM_ANSWER);
		json_decref(said.attributes);
	}
}

static void the_address_is_one_value_under_a_usual_or_the_declared_name(UNUSED void **state)
{
	static const struct {
		const char *attributes, *declared, *email;
		bool verified;
	} rows[] = {
		{ "{\"email\": [\"a@x.example\"]}", NULL, "a@x.example", true },
		{ "{\"mail\": [\"a@x.example\"]}", NULL, "a@x.example", true },
		{ "{\"urn:oid:0.9.2342.19200300.100.1.3\": [\"a@x.example\"]}", NULL, "a@x.example", true },
		{ "{\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\": "
		  "[\"a@x.example\"]}",
		  NULL, "a@x.example", true },
		{ "{\"email\": [\"a@x.example\", \"b@x.example\"]}", NULL, NULL, false },
		{ "{\"email\": [\"a@x.example\"]}", "work", NULL, false },
		{ "{\"email\": [\"a@x.example\"], \"work\": [\"b@x.example\"]}", "work", "b@x.example",
		  true },
		{ "{\"email\": [\"a@x.example\"], \"email_verified\": [\"false\"]}", NULL, "a@x.example",
		  false },
		{ "{\"email\": [\"a@x.example\"], \"email_verified\": [\"true\"]}", NULL, "a@x.example",
		  true },
		{ "{\"email\": [\"a@x.example\"], \"email_verified\": [\"true\", \"false\"]}", NULL,
		  "a@x.example", false },
		{ "{}", NULL, NULL, false },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct connection connection = kit_connection;
		struct response_said said = said_with(&hand, rows[i].attributes);

		connection.email_claim = rows[i].declared;
		struct upstream_person person = person_with(&hand, &connection, said);

		if (!text_equal(person.email, rows[i].email) || person.email_verified != rows[i].verified)
			fail_msg("%s: %s", rows[i].attributes, person.email ? person.email : "(none)");
		json_decref(said.attributes);
	}
}

static void a_name_that_is_an_address_is_one(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	struct response_said said = said_with(&hand, "{\"sn\": [\"Okafor\"], \"givenName\": [\"Ada\"]}");

	said.name_id = GOOD_ID;
	said.name_id_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
	struct upstream_person person = person_with(&hand, &kit_connection, said);

	assert_string_equal(person.email, GOOD_ID);
	assert_string_equal(person.given_name, "Ada");
	assert_string_equal(person.family_name, "Okafor");
	assert_int_equal(person.auth_time, NOW_AT - 60);
	assert_string_equal(person.upstream_sid, "_session-1");
	json_decref(said.attributes);
}

static void a_second_factor_counts_where_it_is_trusted_and_declared(UNUSED void **state)
{
	static const char *const refeds[] = { "mfa", "https://refeds.org/profile/mfa", NULL };
	static const char *const other[] = { "mfa", NULL };
	static const struct {
		const char *const *values;
		bool trusted, mfa;
	} rows[] = { { refeds, true, true },
		     { refeds, false, false },
		     { other, true, false },
		     { NULL, true, false } };
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct connection connection = kit_connection;
		struct response_said said = said_with(&hand, "{}");

		connection.mfa_values = rows[i].values;
		connection.trust_upstream_mfa = rows[i].trusted;
		struct upstream_person person = person_with(&hand, &connection, said);

		assert_true(person.mfa == rows[i].mfa && !person.amr[0]);
		json_decref(said.attributes);
	}
}

static void what_the_mapping_asks_of_us_cannot_be_sent(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	struct response_said said = said_with(
		&hand, "{\"name_id\": [\"eve\"], \"authn_context\": [\"urn:x\"], \"groups\": [\"a\"]}");

	said.context_class = NULL;
	struct upstream_person person = person_with(&hand, &kit_connection, said);

	assert_string_equal(json_get_text(person.claims, "name_id"), "ada");
	assert_null(json_object_get(person.claims, "authn_context"));
	assert_int_equal(json_array_size(json_object_get(person.claims, "groups")), 1);
	json_decref(said.attributes);
}

static void a_logout_names_the_same_subject_as_the_answer_did(UNUSED void **state)
{
	struct connection connection = kit_connection;
	const char *subject;
	AUTO_OURS hand;

	ours_begin(&hand);
	struct received in = { .issuer = IDP, .name_id = "ada", .name_id_format = PERSISTENT };

	assert_ok(&hand, sp_logout_subject(&hand.w, &connection, &in, &subject));
	assert_string_equal(subject, "persistent!!!ada");
	in.name_qualifier = IDP;
	in.name_sp_qualifier = SP;
	assert_ok(&hand, sp_logout_subject(&hand.w, &connection, &in, &subject));
	assert_string_equal(subject, "persistent!!!ada");
	in.name_id_format = TRANSIENT;
	assert_ok(&hand, sp_logout_subject(&hand.w, &connection, &in, &subject));
	assert_null(subject);
	in.name_id_format = PERSISTENT;
	connection.subject_attribute = "uid";
	assert_ok(&hand, sp_logout_subject(&hand.w, &connection, &in, &subject));
	assert_null(subject);
}

/* --- what we ask ------------------------------------------------------------------------------------- */

/* Metadata with this key and these addresses. */
static const char *metadata_of(struct hand *hand, const char *more, const char *endpoints)
{
	return arena_print(hand->arena,
			   "<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE
			   "\" entityID=\"" IDP
			   "\"><md:IDPSSODescriptor protocolSupportEnumeration=\"" NS_PROTOCOL
			   "\" %s><md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s"
			   "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>%s"
			   "</md:IDPSSODescriptor></md:EntityDescriptor>",
			   more, app_one.certificate, endpoints);
}

#define B "urn:oasis:names:tc:SAML:2.0:bindings:"
#define BY_REDIRECT                                                                                          \
	"<md:SingleSignOnService Binding=\"" B "HTTP-Redirect\" Location=\"https://idp.example/sso?a=1\"/>"
#define BY_POST "<md:SingleSignOnService Binding=\"" B "HTTP-POST\" Location=\"https://idp.example/post\"/>"
#define SLO_HERE                                                                                             \
	"<md:SingleLogoutService Binding=\"" B "HTTP-Redirect\" Location=\"https://idp.example/slo\"/>"

static struct connection connection_with(struct hand *hand, const char *endpoints)
{
	struct connection connection = kit_connection;

	connection.metadata = metadata_of(hand, "", endpoints);
	connection.sign_requests = true;
	connection.preset = "other";
	return connection;
}

static const char *field_of_url(struct hand *hand, const char *url, const char *name)
{
	const char *query = strchr(url, '?') + 1;
	struct form form;

	assert_int_equal(form_parse(hand->arena, query, strlen(query), 20, &form), OK);
	return form_get(&form, name);
}

/* The message in a redirect. */
static const char *message_of(struct hand *hand, const char *url)
{
	const char *value = field_of_url(hand, url, "SAMLRequest");
	struct bytes packed, xml;

	assert_non_null(value);
	assert_int_equal(unpack_base64(hand->arena, value, false, &packed), WORD_NONE);
	assert_int_equal(unpack_deflate(hand->arena, packed, &xml), WORD_NONE);
	return arena_textn(hand->arena, (const char *)xml.at, xml.size);
}

static struct departure start_with(struct hand *hand, const struct connect_ask *ask)
{
	struct departure out = { 0 };

	hand->w.now = NOW_AT;
	assert_ok(hand, saml_connector.start(&hand->w, ask, &out));
	return out;
}

static void a_request_by_redirect_is_signed_and_tied_to_the_state(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	struct connection connection = connection_with(&hand, BY_REDIRECT BY_POST);
	struct departure out =
		start_with(&hand, &(struct connect_ask){ .connection = &connection, .state = STATE });
	const char *xml = message_of(&hand, out.url);

	assert_true(text_starts(out.url, "https://idp.example/sso?a=1&SAMLRequest="));
	assert_null(out.field);
	assert_string_equal(field_of_url(&hand, out.url, "RelayState"), STATE);
	assert_non_null(field_of_url(&hand, out.url, "Signature"));
	assert_string_equal(field_of_url(&hand, out.url, "SigAlg"),
			    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
	assert_string_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/@ID"), sp_request_id(&hand.w, STATE));
	assert_string_not_equal(sp_request_id(&hand.w, STATE), sp_request_id(&hand.w, "flow_abc.0123456788"));
	assert_string_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/@AssertionConsumerServiceURL"), ACS);
	assert_string_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/@ProtocolBinding"), B "HTTP-POST");
	assert_string_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/@Destination"),
			    "https://idp.example/sso?a=1");
	assert_string_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/saml:Issuer"), SP);
	assert_int_equal(times(xml, "//samlp:RequestedAuthnContext | //samlp:NameIDPolicy"), 0);
	assert_string_not_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/@ForceAuthn"), "true");
}

static void a_request_by_form_has_its_signature_inside(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	struct connection connection = connection_with(&hand, BY_REDIRECT BY_POST);
	struct bytes xml;

	connection.force_post = true;
	struct departure out =
		start_with(&hand, &(struct connect_ask){ .connection = &connection, .state = STATE });

	assert_string_equal(out.url, "https://idp.example/post");
	assert_string_equal(out.field, "SAMLRequest");
	assert_string_equal(out.relay_state, STATE);
	assert_true(base64_decode(hand.arena, out.value, strlen(out.value), &xml));
	assert_true(is_signed_by(arena_textn(hand.arena, (const char *)xml.at, xml.size),
				 "/samlp:AuthnRequest", our_certificate(&hand)));
}

static void what_is_asked_for_is_in_the_request(UNUSED void **state)
{
	static const struct {
		const char *preset, *acr, *class;
	} rows[] = {
		{ "other", NULL, "https://refeds.org/profile/mfa" },
		{ "adfs", NULL, "http://schemas.microsoft.com/claims/multipleauthn" },
		{ "entra", NULL, "http://schemas.microsoft.com/claims/multipleauthn" },
		{ "adfs", "urn:x:strong", "urn:x:strong" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct connection connection = connection_with(&hand, BY_REDIRECT);

		connection.preset = rows[i].preset;
		connection.acr_mfa = rows[i].acr;
		connection.name_id_format = "persistent";
		connection.sign_requests = false;
		struct departure out = start_with(&hand, &(struct connect_ask){ .connection = &connection,
										.state = STATE,
										.fresh = true,
										.mfa = true });
		const char *xml = message_of(&hand, out.url);

		assert_null(field_of_url(&hand, out.url, "Signature"));
		assert_string_equal(seen(hand.arena, xml, "//saml:AuthnContextClassRef"), rows[i].class);
		assert_string_equal(seen(hand.arena, xml, "//samlp:NameIDPolicy/@Format"), PERSISTENT);
		assert_string_equal(seen(hand.arena, xml, "/samlp:AuthnRequest/@ForceAuthn"), "true");
	}
}

/* A logout asks for the metadata of each app that is told, and then answers the provider. */
static void a_provider_stays_while_others_are_looked_at(UNUSED void **state)
{
	const struct provider *first, *other;
	AUTO_OURS hand;

	ours_begin(&hand);
	struct connection connection = connection_with(&hand, BY_REDIRECT);

	assert_ok(&hand, shelf_provider(&hand.w, &connection, &first));
	for (int i = 0; i < 200; i++) {
		struct connection next = connection;

		next.id = arena_print(hand.arena, "other%d", i);
		assert_ok(&hand, shelf_provider(&hand.w, &next, &other));
		assert_ptr_not_equal(first, other);
	}
	assert_string_equal(first->entity.entity_id, IDP);
	assert_string_equal(first->sso[0].location, "https://idp.example/sso?a=1");
}

static void without_metadata_the_provider_is_down(UNUSED void **state)
{
	struct connection connection = kit_connection;
	struct departure out;
	AUTO_OURS hand;

	ours_begin(&hand);
	assert_int_equal(
		saml_connector.start(
			&hand.w, &(struct connect_ask){ .connection = &connection, .state = STATE }, &out),
		ERR_UPSTREAM_DOWN);
	assert_int_equal(saml_connector.probe(&hand.w, &connection), ERR_UPSTREAM_DOWN);
}

static void a_logout_there_names_who_the_provider_named(UNUSED void **state)
{
	static const char hint[] = "{\"name_id\": \"ada & co\", \"format\": \"" TRANSIENT
				   "\", \"name_qualifier\": \"" IDP "\", \"session_index\": \"_session-1\"}";
	const char *url = NULL;
	AUTO_OURS hand;

	ours_begin(&hand);
	hand.w.now = NOW_AT;
	struct connection connection = connection_with(&hand, SLO_HERE BY_REDIRECT);

	assert_ok(&hand, saml_connector.leave(&hand.w, &connection, BYTES_OF(hint), "/logged-out", &url));
	const char *xml = message_of(&hand, url);

	assert_true(text_starts(url, "https://idp.example/slo?"));
	assert_non_null(field_of_url(&hand, url, "Signature"));
	assert_string_equal(seen(hand.arena, xml, "//saml:NameID"), "ada & co");
	assert_string_equal(seen(hand.arena, xml, "//saml:NameID/@Format"), TRANSIENT);
	assert_string_equal(seen(hand.arena, xml, "//saml:NameID/@NameQualifier"), IDP);
	assert_string_equal(seen(hand.arena, xml, "//samlp:SessionIndex"), "_session-1");
	assert_string_equal(seen(hand.arena, xml, "//saml:Issuer"), SP);
	assert_ok(&hand,
		  saml_connector.leave(&hand.w, &connection, (struct bytes){ 0 }, "/logged-out", &url));
	assert_null(url);
	connection = connection_with(&hand, BY_REDIRECT);
	assert_ok(&hand, saml_connector.leave(&hand.w, &connection, BYTES_OF(hint), "/logged-out", &url));
	assert_null(url);
}

/* --- declared ---------------------------------------------------------------------------------------- */

static void a_declaration_that_its_metadata_cannot_meet_is_refused(UNUSED void **state)
{
	static const struct {
		const char *declared, *more, *endpoints, *part; /* part NULL: fine */
	} rows[] = {
		{ "{}", "", BY_REDIRECT, NULL },
		{ "{\"sign_requests\": false}", "WantAuthnRequestsSigned=\"true\"", BY_REDIRECT,
		  "sign_requests:" },
		{ "{\"force_post\": true}", "", BY_REDIRECT, "force_post:" },
		{ "{\"upstream_logout\": true}", "", BY_REDIRECT, "upstream_logout:" },
		{ "{\"upstream_logout\": true}", "", SLO_HERE BY_REDIRECT, NULL },
		{ "{\"name_id_format\": \"transient\"}", "", BY_REDIRECT, "name_id_format:" },
		{ "{\"name_id_format\": \"transient\", \"subject_attribute\": \"uid\"}", "", BY_REDIRECT,
		  NULL },
		{ "{\"entity_id\": \"https://other.example\"}", "", BY_REDIRECT, "metadata: entityID" },
		{ "{\"metadata_url\": \"https://idp.example/md\"}", "", "", "metadata_url: no SingleSignOn" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(json_done) json_t *whole = json_read(rows[i].declared, strlen(rows[i].declared));

		json_set_text(whole, "id", "hospital");
		json_set_text(whole, "protocol", "saml");
		const char *trouble = saml_connector.trouble(
			&hand.w, whole, metadata_of(&hand, rows[i].more, rows[i].endpoints), false);

		if (rows[i].part ? !trouble || !strstr(trouble, rows[i].part) : trouble != NULL)
			fail_msg("%s: %s", rows[i].declared, trouble ? trouble : "fine");
	}
}

static void our_metadata_is_an_entity_of_its_own_for_each_connection(UNUSED void **state)
{
	const char *xml, *etag, *again, *etag_again, *other;
	struct connection second = kit_connection;
	AUTO_OURS hand;

	ours_begin(&hand);
	second.id = "second";
	assert_ok(&hand, sp_metadata_document(&hand.w, &kit_connection, &xml, &etag));
	assert_ok(&hand, sp_metadata_document(&hand.w, &kit_connection, &again, &etag_again));
	assert_string_equal(xml, again);
	assert_string_equal(etag, etag_again);
	assert_ok(&hand, sp_metadata_document(&hand.w, &second, &other, &etag_again));
	assert_string_not_equal(etag, etag_again);
	assert_string_equal(seen(hand.arena, xml, "/*/@entityID"), SP);
	assert_string_equal(seen(hand.arena, xml, "//*[local-name()='AssertionConsumerService']/@Location"),
			    ACS);
	assert_int_equal(times(xml, "//*[local-name()='KeyDescriptor'][@use='signing']"), 2);
	assert_string_equal(seen(hand.arena, xml,
				 "//*[local-name()='KeyDescriptor'][@use='encryption']//ds:X509Certificate"),
			    our_certificate(&hand));
	assert_int_equal(times(xml, "//*[local-name()='SingleLogoutService']"), 3);
	assert_string_equal(
		seen(hand.arena, xml, "//*[local-name()='SPSSODescriptor']/@WantAssertionsSigned"), "true");
	assert_true(is_signed_by(xml, "/*", our_certificate(&hand)));
	/* ADFS would encrypt by CBC */
	second.preset = "adfs";
	assert_ok(&hand, sp_metadata_document(&hand.w, &second, &other, &etag_again));
	assert_int_equal(times(other, "//*[local-name()='KeyDescriptor'][@use='encryption']"), 0);
	second.allow_legacy_encryption = true;
	assert_ok(&hand, sp_metadata_document(&hand.w, &second, &other, &etag_again));
	assert_int_equal(times(other, "//*[local-name()='KeyDescriptor'][@use='encryption']"), 1);
	/* an identity provider of our own kind can read it */
	struct service service;
	const char *trouble = NULL;

	assert_int_equal(
		service_read(hand.arena, xml, strlen(xml), SP, hand.w.now, false, &service, &trouble), OK);
	assert_non_null(service_encryption(&service, hand.w.now));
	AUTO(json_done) json_t *told = saml_connector.ours(&hand.w, &kit_connection);

	assert_string_equal(json_get_text(told, "acs"), ACS);
	assert_string_equal(json_get_text(told, "entity_id"), SP);
}

/* --- pasted ------------------------------------------------------------------------------------------ */

static void a_pasted_answer_is_read_as_xml_or_base64(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	hand.w.now = NOW_AT;
	struct connection connection = connection_with(&hand, BY_REDIRECT);
	const char *xml = signed_by(hand.arena, good_response, SIGN_ASSERTION, &app_one);
	const char *pasted[] = { xml, arena_print(hand.arena, " \n%.76s\n%s\n",
						  base64_encode(hand.arena, BYTES_OF(xml)),
						  base64_encode(hand.arena, BYTES_OF(xml)) + 76) };

	for (size_t i = 0; i < COUNT(pasted); i++) {
		struct upstream_person person = { 0 };
		json_t *rows = NULL;

		assert_ok(&hand, saml_connector.read(&hand.w, &connection, pasted[i], &person, &rows));
		assert_string_equal(person.subject, "email!!!" GOOD_ID);
		assert_null(strstr(json_text(hand.arena, rows), "\"fail\""));
		json_decref(rows);
	}
	struct upstream_person person = { 0 };
	json_t *rows = NULL;

	assert_int_equal(saml_connector.read(&hand.w, &connection, "hello!", &person, &rows), ERR_DOCUMENT);
	assert_int_equal(saml_connector.read(&hand.w, &connection, "<html/>", &person, &rows), ERR_DOCUMENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_subject_is_the_name_with_what_it_is_a_name_of),
		cmocka_unit_test(a_name_that_is_nobodys_for_good_is_refused),
		cmocka_unit_test(an_attribute_can_be_the_subject_when_it_has_one_value),
		cmocka_unit_test(the_address_is_one_value_under_a_usual_or_the_declared_name),
		cmocka_unit_test(a_name_that_is_an_address_is_one),
		cmocka_unit_test(a_second_factor_counts_where_it_is_trusted_and_declared),
		cmocka_unit_test(what_the_mapping_asks_of_us_cannot_be_sent),
		cmocka_unit_test(a_logout_names_the_same_subject_as_the_answer_did),
		cmocka_unit_test(a_request_by_redirect_is_signed_and_tied_to_the_state),
		cmocka_unit_test(a_request_by_form_has_its_signature_inside),
		cmocka_unit_test(what_is_asked_for_is_in_the_request),
		cmocka_unit_test(a_provider_stays_while_others_are_looked_at),
		cmocka_unit_test(without_metadata_the_provider_is_down),
		cmocka_unit_test(a_logout_there_names_who_the_provider_named),
		cmocka_unit_test(a_declaration_that_its_metadata_cannot_meet_is_refused),
		cmocka_unit_test(our_metadata_is_an_entity_of_its_own_for_each_connection),
		cmocka_unit_test(a_pasted_answer_is_read_as_xml_or_base64),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
