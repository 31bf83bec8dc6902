/* service.h: metadata of service providers as they publish it is read; what is odd is refused with a reason
 * for the administrator. */
#include "service_kit.h"

/* --- what is read --- */

static void what_real_service_providers_publish_is_read(void **state)
{
	struct service s = read_fine(*state, rich(*state));

	assert_string_equal(s.entity_id, ENTITY);
	assert_string_equal(s.name, "Billing");
	assert_true(s.requests_signed && s.wants_assertions_signed);
	assert_int_equal(s.valid_until, NOW + 151 * 86400); /* the role's is earlier */
	assert_int_equal(s.cache_seconds, 26 * 3600);
	assert_int_equal(s.acs_count, 3);
	assert_int_equal(s.acs[1].index, 1);
	assert_true(s.acs[1].is_default && s.acs[1].binding == BINDING_POST);
	assert_int_equal(s.slo_count, 2);
	assert_string_equal(service_slo(&s, BINDING_REDIRECT)->response_location,
			    "https://sp.example/slo/answer");
	assert_null(service_slo(&s, BINDING_SOAP)->response_location);
	assert_null(service_slo(&s, BINDING_POST));
	assert_int_equal(s.format_count, 2);
	assert_int_equal(s.formats[0], NAME_ID_TRANSIENT);
	assert_int_equal(s.formats[1], NAME_ID_EMAIL);
	assert_int_equal(strlen(s.version), 64);
}

static void a_certificate_for_both_uses_is_one(void **state)
{
	struct service s = read_fine(*state, rich(*state));
	const struct certificate *one = &s.certificates[0];

	assert_int_equal(s.certificate_count, 2);
	assert_true(one->signing && one->encryption && one->rsa);
	assert_string_equal(one->base64, rsa);
	assert_string_equal(one->subject, "CN = sp.example");
	assert_int_equal(one->not_before, NOW - YEAR);
	assert_int_equal(one->not_after, NOW + YEAR);
	assert_int_equal(strlen(one->fingerprint), 32 * 3 - 1);
	assert_int_equal(service_expires(&s), NOW + YEAR);
	assert_string_equal(service_encryption(&s, NOW)->base64, rsa_later);
	/* what has ended is encrypted to all the same: clear text would be worse */
	assert_string_equal(service_encryption(&s, NOW + 5 * YEAR)->base64, rsa_later);
	assert_false(certificate_is_valid(service_encryption(&s, NOW + 5 * YEAR), NOW + 5 * YEAR));
}

static void the_least_metadata_has_nothing_else(void **state)
{
	struct service s = read_fine(*state, SP(ACS("")));

	assert_null(s.name);
	assert_true(!s.requests_signed && !s.wants_assertions_signed);
	assert_int_equal(s.valid_until + s.cache_seconds + service_expires(&s), 0);
	assert_int_equal(s.certificate_count + s.slo_count + s.format_count, 0);
	assert_null(service_encryption(&s, NOW));
}

static void a_curve_signs_but_is_not_encrypted_to(void **state)
{
	struct service s = read_fine(*state, with_key(*state, "", p256));

	assert_true(s.certificates[0].signing && !s.certificates[0].rsa);
	assert_null(service_encryption(&s, NOW));
}

static void another_text_is_another_version(void **state)
{
	struct service a = read_fine(*state, SP(ACS(""))), b = read_fine(*state, SP(ACS(" "))),
		       c = read_fine(*state, SP(ACS("")));

	assert_string_not_equal(a.version, b.version);
	assert_string_equal(a.version, c.version);
}

static void any_entity_id_is_taken_when_none_is_expected(void **state)
{
	struct service s;
	const char *trouble = NULL, *xml = SP(ACS(""));

	assert_int_equal(service_read(*state, xml, strlen(xml), NULL, NOW, false, &s, &trouble), OK);
	assert_string_equal(s.entity_id, ENTITY);
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = {
		{ "PT1H", 3600 },      { "P7D", 7 * 86400 }, { "P0Y0M30DT0H0M0.000S", 30 * 86400 },
		{ "PT36000S", 36000 }, { "P1Y", YEAR },      { "PT1M30S", 90 },
		{ "P", -1 },           { "1D", -1 },         { "P1", -1 },
		{ "PT", -1 },          { "P1H", -1 },        { "PT1D", -1 },
		{ "-P1D", -1 },        { "PT1S1M", -1 },     { "P99999999999D", -1 },
		{ "PT1.5H", -1 },      { "P1D ", -1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *trouble = NULL;
		struct service s;
		char *xml = arena_print(*state,
					"<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" entityID=\"" ENTITY
					"\" cacheDuration=\"%s\">" ROLE("", ACS("")) "</md:EntityDescriptor>",
					rows[i].text);
		enum err err = read_at(*state, xml, false, &s, &trouble);

		if (rows[i].seconds < 0)
			assert_int_equal(err, ERR_DOCUMENT);
		else if (err != OK || s.cache_seconds != rows[i].seconds)
			fail_msg("%s: %s", rows[i].text, trouble ? trouble : "another number");
	}
}

/* --- what is refused --- */

static void assert_trouble(struct arena *arena, const char *xml, const char *part)
{
	struct service s = { .entity_id = "untouched" };
	const char *trouble = NULL;
	enum err err = read_at(arena, xml, false, &s, &trouble);

	if (err != ERR_DOCUMENT || trouble == NULL || strstr(trouble, part) == NULL)
		fail_msg("%.200s: %s, not \"%s\"", xml, trouble ? trouble : "accepted", part);
	assert_string_equal(s.entity_id, "untouched");
}

static void metadata_that_is_odd_is_refused_with_what_to_do(void **state)
{
	static const struct {
		const char *xml, *part;
	} rows[] = {
		{ "", "xml_empty" },
		{ "not xml", "xml_outside" },
		{ "<!DOCTYPE html><html></html>", "web page" },
		{ "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
		  "xml_doctype" },
		{ "<md:EntityDescriptor entityID='x'/>", "well-formed" },
		{ "<EntityDescriptor entityID=\"" ENTITY "\"/>", "not EntityDescriptor" },
		{ "<x:html xmlns:x=\"urn:x\"/>", "the root is html" },
		{ "<EntitiesDescriptor xmlns=\"" NS_METADATA "\"/>", "list of many" },
		{ "<EntityDescriptor xmlns=\"" NS_METADATA "\"/>", "entityID is missing" },
		{ "<EntityDescriptor xmlns=\"" NS_METADATA "\" entityID=\"a b\"/>", "has blanks" },
		{ "<EntityDescriptor xmlns=\"" NS_METADATA "\" entityID=\"https://other.example\"/>",
		  "\"https://other.example\", not \"" ENTITY "\"" },
		{ ROOT("", ""), "no SPSSODescriptor" },
		{ ROOT("", "<md:IDPSSODescriptor " PROTO "/>"), "identity provider" },
		{ ROOT("", "<md:SPSSODescriptor "
			   "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\">" ACS(
				   "") "</md:SPSSODescriptor>"),
		  "SAML 2.0" },
		{ ROOT("", ROLE("", ACS("")) ROLE("", ACS(""))), "two SPSSODescriptors" },
		{ ROOT("validUntil=\"2029-12-31T23:59:59Z\"", ROLE("", ACS(""))), "valid until 2029-12-31" },
		{ ROOT("validUntil=\"2030-01-01T00:00:00Z\"", ROLE("", ACS(""))), "valid until" },
		{ ROOT("validUntil=\"2031-01-01\"", ROLE("", ACS(""))), "no time in UTC" },
		{ ROOT("", ROLE("validUntil=\"2001-01-01T00:00:00Z\"", ACS(""))), "valid until" },
		{ ROOT("", ROLE("AuthnRequestsSigned=\"-1\"", ACS(""))), "true or false" },
		{ ROOT("", ROLE("AuthnRequestsSigned=\"true\"", ACS(""))), "no KeyDescriptor for signing" },
		{ SP(""), "no AssertionConsumerService" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-Redirect\" Location=\"https://sp.example/\"/>"),
		  "no AssertionConsumerService" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING "HTTP-POST\" index=\"0\"/>"),
		  "no Location" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"http://sp.example/\"/>"),
		  "AssertionConsumerService[0]: http is accepted for loopback alone" },
		{ SP(ACS("") "<md:AssertionConsumerService Binding=\"" BINDING
			     "HTTP-POST\" Location=\"http://localhost/\" index=\"1\"/>"),
		  "AssertionConsumerService[1]: http is accepted for loopback alone" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"javascript:alert(1)\"/>"),
		  "is no address" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"https://a@b.example/\"/>"),
		  "is no address" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"https://sp.example/&quot;&gt;\"/>"),
		  "is no address" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"//sp.example/\"/>"),
		  "is no address" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"https://sp.example/#x\"/>"),
		  "with #" },
		{ SP(ACS("") ACS("")), "index 0 is there already" },
		{ SP("<md:AssertionConsumerService Binding=\"" BINDING
		     "HTTP-POST\" Location=\"https://sp.example/\" index=\"one\"/>"),
		  "index is a number" },
		{ SP(ACS(" isDefault=\"yes\"")), "isDefault" },
		{ SP(SLO("SOAP", "http://sp.example/slo") ACS("")), "SingleLogoutService[0]: http" },
		{ SP("<md:SingleLogoutService Binding=\"" BINDING "SOAP\" Location=\"https://sp.example/\""
		     " ResponseLocation=\"http://sp.example/\"/>" ACS("")),
		  "SingleLogoutService[0]: http" },
		{ SP("<md:KeyDescriptor use=\"both\"/>" ACS("")), "use is signing or encryption" },
		{ SP("<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>-----BEGIN"
		     "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>" ACS("")),
		  "BEGIN and END" },
		{ SP("<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>QUJD"
		     "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>" ACS("")),
		  "is no certificate" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_trouble(*state, rows[i].xml, rows[i].part);
}

static void weak_and_odd_keys_are_refused(void **state)
{
	assert_trouble(*state, with_key(*state, "", rsa_small), "RSA key of 1024 bits");
	assert_trouble(*state, with_key(*state, "", k256), "another key than RSA, P-256 or P-384");
	assert_trouble(*state, with_key(*state, "", arena_print(*state, "%sAAAA", rsa)), "certificate");
	/* a comment would split the text in two */
	assert_trouble(*state, with_key(*state, "", arena_print(*state, "%.400s<!-- -->%s", rsa, rsa + 400)),
		       "X509Certificate");
}

static void http_to_loopback_is_fine_in_development_alone(void **state)
{
	static const char xml[] = SP("<md:AssertionConsumerService Binding=\"" BINDING
				     "HTTP-POST\" Location=\"http://localhost:8000/acs\" index=\"0\"/>");
	struct service s;
	const char *trouble = NULL;

	assert_int_equal(read_at(*state, xml, true, &s, &trouble), OK);
	assert_int_equal(read_at(*state, xml, false, &s, &trouble), ERR_DOCUMENT);
	assert_int_equal(read_at(*state,
				 SP("<md:AssertionConsumerService Binding=\"" BINDING
				    "HTTP-POST\" Location=\"http://localhost.example/acs\"/>"),
				 true, &s, &trouble),
			 ERR_DOCUMENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
	const struct CMUnitTest tests[] = {
		TEST(what_real_service_providers_publish_is_read),
		TEST(a_certificate_for_both_uses_is_one),
		TEST(the_least_metadata_has_nothing_else),
		TEST(a_curve_signs_but_is_not_encrypted_to),
		TEST(another_text_is_another_version),
		TEST(any_entity_id_is_taken_when_none_is_expected),
		TEST(durations_are_read),
		TEST(metadata_that_is_odd_is_refused_with_what_to_do),
		TEST(weak_and_odd_keys_are_refused),
		TEST(http_to_loopback_is_fine_in_development_alone),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
