/* response.h: an answer counts when every row of the table holds; one thing wrong in a signed one is enough.
 */
#include "response_kit.h"

/* --- what is taken ----------------------------------------------------------------------------------- */

static void an_answer_signed_at_either_place_or_both_is_taken(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	for (unsigned what = SIGN_ASSERTION; what <= SIGN_BOTH; what++) {
		const struct try_ t = read_it(&hand, signed_by(hand.arena, good_response, what, &app_one));

		assert_fine(&hand, &t);
	}
}

static void what_it_says_is_read(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const struct try_ t = read_it(&hand, signed_by(hand.arena, good_response, SIGN_ASSERTION, &app_one));

	assert_fine(&hand, &t);
	assert_string_equal(t.said.issuer, IDP);
	assert_string_equal(t.said.assertion_id, "_assertion-0123456789");
	assert_string_equal(t.said.name_id_format, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
	assert_string_equal(t.said.session_index, "_session-1");
	assert_int_equal(t.said.auth_time, NOW_AT - 60);
	assert_int_equal(t.said.session_ends_at, NOW_AT + 8 * 3600);
	assert_true(t.said.keep_until >= NOW_AT + 302 + SAML_SKEW);
	assert_string_equal(json_canonical(hand.arena, t.said.attributes),
			    "{\"givenName\":[\"Ada\"],\"groups\":[\"Doctors\",\"Night & Day\"],"
			    "\"urn:oid:2.5.4.42\":[\"Ada\"]}");
}

/* As long as it would be taken, a day at most beyond what its age allows (security.md H6). */
static void it_is_kept_as_long_as_it_could_be_shown_again(UNUSED void **state)
{
	static const struct {
		const char *data_end;
		int64_t keep; /* seconds from now */
	} rows[] = {
		{ "NotOnOrAfter=\"2030-01-01T00:00:05Z\"", SAML_REQUEST_LIFETIME + 2 * SAML_SKEW },
		{ "NotOnOrAfter=\"2030-01-01T00:30:00Z\"", 1800 + SAML_SKEW },
		{ "NotOnOrAfter=\"2030-01-02T00:00:00Z\"", 86400 + SAML_SKEW },
		{ "NotOnOrAfter=\"2039-01-01T00:00:00Z\"", 86400 + SAML_SKEW },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *xml = swapped(hand.arena, good_response, "NotOnOrAfter=\"2030-01-01T00:05:02Z\"",
				    rows[i].data_end, 0);
		const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_one));

		assert_fine(&hand, &t);
		assert_int_equal(t.said.keep_until, NOW_AT + rows[i].keep);
	}
}

static void a_session_index_that_cannot_be_kept_is_none(UNUSED void **state)
{
	char fits[1025], longer[1026];
	const struct {
		const char *index, *kept;
	} rows[] = { { "", NULL }, { fits, fits }, { longer, NULL } };
	AUTO_OURS hand;

	memset(fits, 'i', sizeof fits);
	memset(longer, 'i', sizeof longer);
	fits[sizeof fits - 1] = longer[sizeof longer - 1] = '\0';
	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *xml = swapped(hand.arena, good_response, "\"_session-1\"",
				    arena_print(hand.arena, "\"%s\"", rows[i].index), 0);
		const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_one));

		assert_fine(&hand, &t);
		if (rows[i].kept)
			assert_string_equal(t.said.session_index, rows[i].kept);
		else
			assert_null(t.said.session_index);
	}
}

static void a_look_tells_which_request_is_answered_and_what_is_no_response(UNUSED void **state)
{
	const struct {
		const char *xml, *request_id, *word;
	} rows[] = {
		{ good_response, REQUEST, NULL },
		{ HEAD STATUS TAIL, REQUEST, NULL },
		{ "<samlp:Response xmlns:samlp=\"" NS_PROTOCOL "\"/>", NULL, NULL },
		{ ASSERTION, NULL, "root_unexpected" },
		{ "<Response/>", NULL, "root_unexpected" },
		{ "<!DOCTYPE x><x/>", NULL, "xml_doctype" },
		{ "", NULL, "xml_empty" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *request_id = NULL, *word = "none";
		enum err err = response_peek(&hand.w, BYTES_OF(rows[i].xml), &request_id, &word);

		if (!text_equal(word, rows[i].word) || !text_equal(request_id, rows[i].request_id))
			fail_msg("%.100s: %s", rows[i].xml, word ? word : "(taken)");
		assert_int_equal(err == OK, !rows[i].word);
	}
}

static void values_that_are_nil_empty_or_elements_are_left_out(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	char *xml = swapped(hand.arena, good_response, "<saml:AttributeValue>Doctors</saml:AttributeValue>",
			    "<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
			    " xsi:nil=\"true\">Owners</saml:AttributeValue><saml:AttributeValue/>"
			    "<saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue>",
			    0);
	const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_one));

	assert_fine(&hand, &t);
	assert_string_equal(json_canonical(hand.arena, json_object_get(t.said.attributes, "groups")),
			    "[\"Night & Day\"]");
}

static void a_friendly_name_does_not_add_to_a_name(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	char *xml = swapped(hand.arena, good_response, "FriendlyName=\"givenName\"",
			    "FriendlyName=\"groups\"", 0);
	const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_one));

	assert_fine(&hand, &t);
	assert_string_equal(json_canonical(hand.arena, json_object_get(t.said.attributes, "groups")),
			    "[\"Doctors\",\"Night & Day\"]");
}

/* --- the table: each row alone ----------------------------------------------------------------------- */

#define DATA_NOT_AFTER    "NotOnOrAfter=\"2030-01-01T00:05:02Z\""
#define NOT_AFTER         "NotOnOrAfter=\"2030-01-01T00:05:00Z\""
#define INSTANT           "AuthnInstant=\"2029-12-31T23:59:00Z\""
#define SESSION_NOT_AFTER "SessionNotOnOrAfter=\"2030-01-01T08:00:00Z\""
#define AUDIENCES         "<saml:AudienceRestriction><saml:Audience>" SP "</saml:Audience></saml:AudienceRestriction>"

static const struct wrong {
	const char *from, *to;
	int nth;
	const char *word;
	unsigned sign;
} wrongs[] = {
	{ "status:Success", "status:Responder", 0, "response_status", SIGN_BOTH },
	{ "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>", "", 0,
	  "response_status", SIGN_BOTH },
	{ "Destination=\"" ACS "\"", "Destination=\"https://id.example/saml/sp/other/acs\"", 0,
	  "response_destination", SIGN_BOTH },
	{ " Destination=\"" ACS "\"", "", 0, "response_destination", SIGN_RESPONSE },
	{ "InResponseTo=\"" REQUEST "\"", "InResponseTo=\"id-other-0123456789\"", 0,
	  "response_in_response_to", SIGN_BOTH },
	{ " InResponseTo=\"" REQUEST "\"", "", 0, "response_in_response_to", SIGN_BOTH },
	{ "<saml:Issuer>" IDP "<", "<saml:Issuer>https://evil.example<", 0, "response_issuer", SIGN_BOTH },
	{ "IssueInstant=\"2030-01-01T00:00:01Z\"", "IssueInstant=\"2029-12-31T23:50:00Z\"", 0,
	  "response_time", SIGN_BOTH },
	{ "IssueInstant=\"2030-01-01T00:00:01Z\"", "IssueInstant=\"2030-01-01T00:04:00Z\"", 0,
	  "response_time", SIGN_BOTH },
	{ "IssueInstant=\"2030-01-01T00:00:01Z\"", "IssueInstant=\"yesterday\"", 0, "issue_instant",
	  SIGN_BOTH },
	{ " IssueInstant=\"2030-01-01T00:00:01Z\"", "", 0, "issue_instant", SIGN_BOTH },
	{ "Version=\"2.0\"", "Version=\"1.1\"", 0, "version", SIGN_BOTH },
	{ "Version=\"2.0\"", "Version=\"1.1\"", 1, "version", SIGN_BOTH },
	{ "<saml:Issuer>" IDP "<", "<saml:Issuer>https://evil.example<", 1, "assertion_issuer", SIGN_BOTH },
	{ "IssueInstant=\"" NOW_IS "\"", "IssueInstant=\"2029-12-31T23:50:00Z\"", 0, "assertion_time",
	  SIGN_BOTH },
	{ "IssueInstant=\"" NOW_IS "\"", "IssueInstant=\"2030-01-01T00:04:00Z\"", 0, "assertion_time",
	  SIGN_BOTH },
	{ "<saml:OneTimeUse/>", "<saml:OneTimeUse/><saml:OneTimeUse/>", 0, "conditions", SIGN_BOTH },
	{ "<saml:OneTimeUse/>", "<saml:ProxyRestriction Count=\"0\"/>", 0, "conditions", SIGN_BOTH },
	{ "<saml:OneTimeUse/>", "<x:Weekday xmlns:x=\"urn:x\"/>", 0, "conditions", SIGN_BOTH },
	{ "NotBefore=\"2029-12-31T23:59:58Z\"", "NotBefore=\"2030-01-01T00:04:00Z\"", 0,
	  "conditions_not_before", SIGN_BOTH },
	{ "NotBefore=\"2029-12-31T23:59:58Z\"", "NotBefore=\"soon\"", 0, "conditions_not_before", SIGN_BOTH },
	{ NOT_AFTER, "NotOnOrAfter=\"2029-12-31T23:56:00Z\"", 0, "conditions_not_on_or_after", SIGN_BOTH },
	{ NOT_AFTER, "NotOnOrAfter=\"never\"", 0, "conditions_not_on_or_after", SIGN_BOTH },
	/* our clock's zero is a time as any other */
	{ NOT_AFTER, "NotOnOrAfter=\"1970-01-01T00:00:00Z\"", 0, "conditions_not_on_or_after", SIGN_BOTH },
	{ AUDIENCES, "", 0, "audience", SIGN_BOTH },
	{ AUDIENCES, AUDIENCES AUDIENCES, 0, "audience", SIGN_BOTH },
	{ "<saml:Audience>" SP, "<saml:Audience>https://id.example/saml/sp/other/metadata", 0, "audience",
	  SIGN_BOTH },
	{ "<saml:Audience>" SP "</saml:Audience>", "", 0, "audience", SIGN_BOTH },
	{ "cm:bearer", "cm:holder-of-key", 0, "confirmation", SIGN_BOTH },
	{ "Recipient=\"" ACS "\"", "Recipient=\"https://id.example/saml/sp/other/acs\"", 0,
	  "confirmation_recipient", SIGN_BOTH },
	{ "Recipient=\"" ACS "\"", "", 0, "confirmation_recipient", SIGN_BOTH },
	{ DATA_NOT_AFTER, "NotOnOrAfter=\"2029-12-31T23:56:00Z\"", 0, "confirmation_not_on_or_after",
	  SIGN_BOTH },
	{ DATA_NOT_AFTER, "", 0, "confirmation_not_on_or_after", SIGN_BOTH },
	{ DATA_NOT_AFTER, DATA_NOT_AFTER " NotBefore=\"2029-12-31T23:59:00Z\"", 0, "confirmation_not_before",
	  SIGN_BOTH },
	{ "InResponseTo=\"" REQUEST "\"", "InResponseTo=\"id-other-0123456789\"", 1,
	  "confirmation_in_response_to", SIGN_BOTH },
	{ "InResponseTo=\"" REQUEST "\"", "", 1, "confirmation_in_response_to", SIGN_BOTH },
	{ " AuthnInstant=\"2029-12-31T23:59:00Z\"", "", 0, "authn_statement", SIGN_BOTH },
	{ "AuthnInstant=\"2029-12-31T23:59:00Z\"", "AuthnInstant=\"2030-01-01T00:04:00Z\"", 0,
	  "authn_instant", SIGN_BOTH },
	{ "SessionNotOnOrAfter=\"2030-01-01T08:00:00Z\"", "SessionNotOnOrAfter=\"2029-12-31T23:59:59Z\"", 0,
	  "session_not_on_or_after", SIGN_BOTH },
	{ "SessionNotOnOrAfter=\"2030-01-01T08:00:00Z\"", "SessionNotOnOrAfter=\"1970-01-01T00:00:00Z\"", 0,
	  "session_not_on_or_after", SIGN_BOTH },
	{ "SessionNotOnOrAfter=\"2030-01-01T08:00:00Z\"", "SessionNotOnOrAfter=\"late\"", 0,
	  "session_not_on_or_after", SIGN_BOTH },
	{ ">" GOOD_ID "<", "><saml:b xmlns:saml=\"urn:x\">ada</saml:b><", 0, "name_id", SIGN_BOTH },
	{ " Name=\"groups\"", "", 0, "attribute", SIGN_BOTH },
	{ ">Doctors<", "><ds:Signature xmlns:ds=\"" NS_SIGNATURE "\"/><", 0, "signature_place", SIGN_BOTH },
	{ "ID=\"_assertion-0123456789\"", "ID=\"_response-0123456789\"", 0, "id_repeated", 0 },
	{ "ID=\"_assertion-0123456789\"", "ID=\"short\"", 0, "id", 0 },
	{ "<saml:Subject>", "<!-- x --><saml:Subject>", 0, "xml_comment", 0 },
	{ GOOD_ID, "ada@<!-- -->hospital.example", 0, "xml_comment", 0 },
	{ GOOD_ID, "ada@<?x?>hospital.example", 0, "xml_instruction", 0 },
	{ GOOD_ID, "<![CDATA[x]]>", 0, "xml_cdata", 0 },
	{ "<samlp:Response", "<!DOCTYPE x><samlp:Response", 0, "xml_doctype", 0 },
	{ "samlp:Response", "samlp:Answer", 0, "xml_unbalanced", 0 },
	{ "<saml:AttributeStatement>", "<saml:AuthzDecisionStatement/><saml:AttributeStatement>", 0,
	  "child_unexpected", 0 },
};

static void one_thing_wrong_in_a_signed_answer_is_enough(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		const struct wrong *row = &wrongs[i];
		const char *xml = swapped(hand.arena, good_response, row->from, row->to, row->nth);

		if (row->sign)
			xml = signed_by(hand.arena, xml, row->sign, &app_one);
		const struct try_ t = read_it(&hand, xml);

		assert_word(row->to, &t, row->word);
	}
}

static void clocks_may_differ_by_the_skew_and_no_more(UNUSED void **state)
{
	static const struct {
		const char *from, *to, *word;
	} rows[] = {
		{ NOT_AFTER, "NotOnOrAfter=\"2029-12-31T23:57:01Z\"", NULL },
		{ NOT_AFTER, "NotOnOrAfter=\"2029-12-31T23:57:00Z\"", "conditions_not_on_or_after" },
		{ DATA_NOT_AFTER, "NotOnOrAfter=\"2029-12-31T23:57:01Z\"", NULL },
		{ DATA_NOT_AFTER, "NotOnOrAfter=\"2029-12-31T23:57:00Z\"", "confirmation_not_on_or_after" },
		{ "NotBefore=\"2029-12-31T23:59:58Z\"", "NotBefore=\"2030-01-01T00:03:00Z\"", NULL },
		{ "NotBefore=\"2029-12-31T23:59:58Z\"", "NotBefore=\"2030-01-01T00:03:01Z\"",
		  "conditions_not_before" },
		{ "IssueInstant=\"" NOW_IS "\"", "IssueInstant=\"2030-01-01T00:03:00.500Z\"", NULL },
		{ "IssueInstant=\"" NOW_IS "\"", "IssueInstant=\"2029-12-31T23:52:00Z\"", NULL },
		{ "IssueInstant=\"" NOW_IS "\"", "IssueInstant=\"2029-12-31T23:51:59Z\"", "assertion_time" },
		{ INSTANT, "AuthnInstant=\"2030-01-01T00:03:00Z\"", NULL },
		{ INSTANT, "AuthnInstant=\"2030-01-01T00:03:01Z\"", "authn_instant" },
		/* without skew: it is not on the second itself */
		{ SESSION_NOT_AFTER, "SessionNotOnOrAfter=\"2030-01-01T00:00:01Z\"", NULL },
		{ SESSION_NOT_AFTER, "SessionNotOnOrAfter=\"" NOW_IS "\"", "session_not_on_or_after" },
		/* these may be missing (Core 2.5.1, 2.7.2) */
		{ " NotBefore=\"2029-12-31T23:59:58Z\"", "", NULL },
		{ " " NOT_AFTER, "", NULL },
		{ " " SESSION_NOT_AFTER, "", NULL },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *xml = swapped(hand.arena, good_response, rows[i].from, rows[i].to, 0);
		const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_one));

		if (rows[i].word)
			assert_word(rows[i].to, &t, rows[i].word);
		else
			assert_fine(&hand, &t);
	}
}

/* What stands between two tags goes. */
static char *without(struct arena *arena, const char *xml, const char *from, const char *to)
{
	const char *begin = strstr(xml, from), *end = begin ? strstr(begin, to) : NULL;

	assert_non_null(end);
	return arena_print(arena, "%.*s%s", (int)(begin - xml), xml, end + strlen(to));
}

static void a_part_that_is_missing_is_refused(UNUSED void **state)
{
	static const struct {
		const char *from, *to, *word;
	} rows[] = {
		{ "<saml:Conditions", "</saml:Conditions>", "conditions" },
		{ "<saml:Subject>", "</saml:Subject>", "confirmation" },
		{ "<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>", "confirmation" },
		{ "<saml:SubjectConfirmationData", "/>", "confirmation" },
		{ "<saml:AuthnStatement", "</saml:AuthnStatement>", "authn_statement" },
		{ "<saml:AuthnContext>", "</saml:AuthnContext>", "authn_statement" },
		{ "<samlp:Status>", "</samlp:Status>", "child_unexpected" },
		{ "<saml:Assertion", "</saml:Assertion>", "assertion_count" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *xml = without(hand.arena, good_response, rows[i].from, rows[i].to);
		unsigned what = strstr(xml, "<saml:Assertion") ? SIGN_BOTH : SIGN_RESPONSE;
		const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, what, &app_one));

		assert_word(rows[i].from, &t, rows[i].word);
	}
}

static void a_part_that_stands_twice_is_refused(UNUSED void **state)
{
	static const struct {
		const char *from, *to, *word;
	} rows[] = {
		{ "<saml:AuthnStatement", "</saml:AuthnStatement>", "authn_statement" },
		{ "<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>", "confirmation" },
		{ "<saml:NameID", "</saml:NameID>", "confirmation" },
		{ "<saml:Conditions", "</saml:Conditions>", "child_unexpected" },
		{ "<samlp:Status>", "</samlp:Status>", "child_unexpected" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *begin = strstr(good_response, rows[i].from), *end = strstr(begin, rows[i].to);
		const char *part = arena_textn(hand.arena, begin, (size_t)(end - begin) + strlen(rows[i].to));
		const char *xml = arena_print(hand.arena, "%.*s%s%s", (int)(begin - good_response),
					      good_response, part, begin);
		const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_one));

		assert_word(rows[i].from, &t, rows[i].word);
	}
}

static void an_unsigned_response_may_go_without_issuer_and_destination(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	char *xml = swapped(hand.arena, good_response, "<saml:Issuer>" IDP "</saml:Issuer>", "", 0);
	const struct try_ t = read_it(
		&hand, signed_by(hand.arena, swapped(hand.arena, xml, " Destination=\"" ACS "\"", "", 0),
				 SIGN_ASSERTION, &app_one));

	assert_fine(&hand, &t);
}

static void what_nobody_asked_for_may_not_answer_a_request(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct response_ask ask = ask_of(&provider);
	AUTO_OURS hand;

	ours_begin(&hand);
	ask.request_id = NULL;
	struct try_ t = read_with(&hand, signed_by(hand.arena, good_response, SIGN_BOTH, &app_one), &ask);

	assert_word("both", &t, "response_in_response_to");
	char *outside = swapped(hand.arena, good_response, " InResponseTo=\"" REQUEST "\"", "", 0);

	t = read_with(&hand, signed_by(hand.arena, outside, SIGN_BOTH, &app_one), &ask);
	assert_word("inside", &t, "confirmation_in_response_to");
	char *neither = swapped(hand.arena, outside, "InResponseTo=\"" REQUEST "\"", "", 0);

	t = read_with(&hand, signed_by(hand.arena, neither, SIGN_BOTH, &app_one), &ask);
	assert_fine(&hand, &t);
}

static void a_fresh_sign_in_is_one_after_we_asked(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct response_ask ask = ask_of(&provider);
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = signed_by(hand.arena, good_response, SIGN_BOTH, &app_one);

	ask.fresh_since = NOW_AT - 60 + SAML_SKEW;
	struct try_ t = read_with(&hand, xml, &ask);

	assert_fine(&hand, &t);
	ask.fresh_since++;
	t = read_with(&hand, xml, &ask);
	assert_word("older", &t, "authn_instant");
}

/* --- signatures -------------------------------------------------------------------------------------- */

static void nothing_signed_is_nothing_said(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const struct try_ t = read_it(&hand, good_response);

	assert_word("unsigned", &t, "assertion_unsigned");
}

static void every_signature_that_is_there_must_hold(UNUSED void **state)
{
	static const struct {
		unsigned what;
		const char *word;
	} rows[] = { { SIGN_ASSERTION, "assertion_signature" },
		     { SIGN_RESPONSE, "response_signature" },
		     { SIGN_BOTH, "response_signature" } };
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct try_ t =
			read_it(&hand, signed_by(hand.arena, good_response, rows[i].what, &app_other));

		assert_word("a foreign key", &t, rows[i].word);
	}
	/* the assertion by a stranger, the response around it by the provider */
	const char *inner = signed_by(hand.arena, good_response, SIGN_ASSERTION, &app_other);
	const struct try_ t = read_it(&hand, signed_by(hand.arena, inner, SIGN_RESPONSE, &app_one));

	assert_word("inner", &t, "assertion_signature");
	/* the other way round */
	inner = signed_by(hand.arena, good_response, SIGN_ASSERTION, &app_one);
	const struct try_ other = read_it(&hand, signed_by(hand.arena, inner, SIGN_RESPONSE, &app_other));

	assert_word("outer", &other, "response_signature");
}

static void a_changed_text_holds_no_more(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	for (unsigned what = SIGN_ASSERTION; what <= SIGN_BOTH; what++) {
		const char *good = signed_by(hand.arena, good_response, what, &app_one);
		const struct try_ t =
			read_it(&hand, swapped(hand.arena, good, GOOD_ID, "eve@hospital.example", 0));

		assert_word("changed", &t,
			    what & SIGN_RESPONSE ? "response_signature" : "assertion_signature");
	}
}

static void of_two_keys_of_a_provider_either_counts(UNUSED void **state)
{
	struct provider provider = provider_with(&app_one, "idp rollover");
	struct certificate both[] = { app_certificate, app_certificate };
	const struct response_ask ask = ask_of(&provider);
	AUTO_OURS hand;

	ours_begin(&hand);
	both[1].base64 = app_other.certificate;
	provider.entity.certificates = both;
	provider.entity.certificate_count = 2;
	struct try_ t = read_with(&hand, signed_by(hand.arena, good_response, SIGN_BOTH, &app_one), &ask);

	assert_fine(&hand, &t);
	t = read_with(&hand, signed_by(hand.arena, good_response, SIGN_BOTH, &app_other), &ask);
	assert_fine(&hand, &t);
}

static void sha1_is_refused(UNUSED void **state)
{
	static const char *const words[] = { "signature_algorithm", "digest_algorithm" };
	const struct signing hows[] = { { xmlSecTransformRsaSha1Id, xmlSecTransformSha256Id },
					{ xmlSecTransformRsaSha256Id, xmlSecTransformSha1Id } };
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(hows); i++)
		for (unsigned what = SIGN_ASSERTION; what <= SIGN_RESPONSE; what++) {
			const struct try_ t = read_it(
				&hand, signed_how(hand.arena, good_response, what, &app_one, hows[i]));

			assert_word("SHA-1", &t, words[i]);
		}
}

/* --- for people -------------------------------------------------------------------------------------- */

static const char *outcome_of(const json_t *rows, const char *check)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (text_equal(json_get_text(row, "check"), check))
			return json_get_text(row, "outcome");
	}
	return NULL;
}

static void with_findings_every_check_has_a_row(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct response_ask ask = ask_of(&provider);
	AUTO(json_done) json_t *rows = json_array();
	AUTO_OURS hand;

	ours_begin(&hand);
	ask.findings = rows;
	char *xml = swapped(hand.arena, good_response, "<saml:Audience>" SP, "<saml:Audience>urn:other", 0);

	xml = swapped(hand.arena, xml, NOT_AFTER, "NotOnOrAfter=\"2029-01-01T00:00:00Z\"", 0);
	const struct try_ t = read_with(&hand, signed_by(hand.arena, xml, SIGN_ASSERTION, &app_other), &ask);

	assert_fine(&hand, &t);
	assert_string_equal(outcome_of(rows, "assertion_signature"), "fail");
	assert_string_equal(outcome_of(rows, "assertion_unsigned"), "fail");
	assert_string_equal(outcome_of(rows, "audience"), "fail");
	assert_string_equal(outcome_of(rows, "conditions_not_on_or_after"), "warn");
	assert_string_equal(outcome_of(rows, "confirmation_recipient"), "ok");
	assert_string_equal(outcome_of(rows, "response_status"), "ok");
	assert_true(json_array_size(rows) >= 21);
	const json_t *row;
	size_t at;

	json_array_foreach (rows, at, row) /* how it is mended stands where something is wrong alone */
		assert_int_equal(!json_get_text(row, "mend"),
				 text_equal(json_get_text(row, "outcome"), "ok"));
}

static void an_assertion_alone_is_read_for_people_only(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct response_ask ask = ask_of(&provider);
	AUTO(json_done) json_t *rows = json_array();
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = signed_by(hand.arena, ASSERTION, SIGN_ASSERTION, &app_one);
	struct try_ t = read_with(&hand, xml, &ask);

	assert_word("alone", &t, "root_unexpected");
	ask.findings = rows;
	t = read_with(&hand, xml, &ask);
	assert_fine(&hand, &t);
	assert_string_equal(outcome_of(rows, "assertion_signature"), "ok");
	t = read_with(&hand, "<x/>", &ask);
	assert_int_equal(t.err, ERR_DOCUMENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_signed_at_either_place_or_both_is_taken),
		cmocka_unit_test(what_it_says_is_read),
		cmocka_unit_test(it_is_kept_as_long_as_it_could_be_shown_again),
		cmocka_unit_test(a_session_index_that_cannot_be_kept_is_none),
		cmocka_unit_test(a_look_tells_which_request_is_answered_and_what_is_no_response),
		cmocka_unit_test(values_that_are_nil_empty_or_elements_are_left_out),
		cmocka_unit_test(a_friendly_name_does_not_add_to_a_name),
		cmocka_unit_test(one_thing_wrong_in_a_signed_answer_is_enough),
		cmocka_unit_test(clocks_may_differ_by_the_skew_and_no_more),
		cmocka_unit_test(a_part_that_is_missing_is_refused),
		cmocka_unit_test(a_part_that_stands_twice_is_refused),
		cmocka_unit_test(an_unsigned_response_may_go_without_issuer_and_destination),
		cmocka_unit_test(what_nobody_asked_for_may_not_answer_a_request),
		cmocka_unit_test(a_fresh_sign_in_is_one_after_we_asked),
		cmocka_unit_test(nothing_signed_is_nothing_said),
		cmocka_unit_test(every_signature_that_is_there_must_hold),
		cmocka_unit_test(a_changed_text_holds_no_more),
		cmocka_unit_test(of_two_keys_of_a_provider_either_counts),
		cmocka_unit_test(sha1_is_refused),
		cmocka_unit_test(with_findings_every_check_has_a_row),
		cmocka_unit_test(an_assertion_alone_is_read_for_people_only),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
