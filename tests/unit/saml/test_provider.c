/* provider.h: metadata of identity providers as they publish it is read; what is odd is refused with a reason
 * for the administrator, and nothing can be imported that would leave answers unchecked (security.md H8). */
#include "service_kit.h"

#include "saml/provider.h"

#define IDP "https://idp.example/saml"
#define SSO(binding, location)                                                                               \
	"<md:SingleSignOnService Binding=\"" BINDING binding "\" Location=\"" location "\"/>"
#define SSO_OK SSO("HTTP-Redirect", "https://idp.example/sso")
#define ENTITY_OF(id, attributes, inner)                                                                     \
	"<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE "\" entityID=\"" id     \
	"\" " attributes ">" inner "</md:EntityDescriptor>"
#define IDP_ROLE(attributes, inner)                                                                          \
	"<md:IDPSSODescriptor " PROTO " " attributes ">" inner "</md:IDPSSODescriptor>"

/* The text with a KeyDescriptor where "@" stands, if it does. */
static char *keys_and(struct arena *arena, const char *text, const char *use, const char *key)
{
	size_t before = strcspn(text, "@");
	bool has = text[before] == '@';

	return arena_print(arena, "%.*s%s%s", (int)before, text, has ? key_lines(arena, use, key) : "",
			   text + before + has);
}

static enum err read_provider_at(struct arena *arena, const char *xml, const char *entity_id, int64_t now,
				 struct provider *out, const char **trouble)
{
	return provider_read(arena, xml, strlen(xml), entity_id, now, false, out, trouble);
}

static struct provider provider_fine(struct arena *arena, const char *xml, const char *entity_id)
{
	struct provider provider;
	const char *trouble = NULL;

	if (read_provider_at(arena, xml, entity_id, NOW, &provider, &trouble) != OK)
		fail_msg("%s", trouble);
	assert_null(trouble);
	return provider;
}

static void assert_trouble(struct arena *arena, const char *xml, const char *entity_id, const char *part)
{
	struct provider provider = { .sso_count = 77 };
	const char *trouble = NULL;

	assert_int_equal(read_provider_at(arena, xml, entity_id, NOW, &provider, &trouble), ERR_DOCUMENT);
	if (!trouble || !strstr(trouble, part))
		fail_msg("\"%s\" is not in: %s", part, trouble ? trouble : "(none)");
	assert_int_equal(provider.sso_count, 77);
}

/* As SimpleSAMLphp, ADFS, Shibboleth and Okta write theirs. */
static char *rich_provider(struct arena *arena)
{
	return arena_print(
		arena,
		"<?xml version=\"1.0\"?><!-- by hand -->"
		"<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE
		"\" ID=\"_x\" entityID=\"" IDP
		"\" validUntil=\"2031-01-01T00:00:00Z\" cacheDuration=\"PT6H\"><ds:Signature/>"
		"<RoleDescriptor xmlns=\"" NS_METADATA "\"/>"
		"<md:SPSSODescriptor " PROTO "><md:AssertionConsumerService/></md:SPSSODescriptor>"
		"<md:IDPSSODescriptor WantAuthnRequestsSigned=\"1\" " PROTO
		" validUntil=\"2030-06-01T00:00:00Z\">%s%s%s"
		"<md:SingleLogoutService Binding=\"" BINDING
		"HTTP-Redirect\" Location=\"https://idp.example/slo\" "
		"ResponseLocation=\"https://idp.example/slo/done\"/>"
		"<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>" SSO(
			"HTTP-POST-SimpleSign", "https://idp.example/simple")
			SSO("SOAP", "https://idp.example/ecp") SSO_OK SSO(
				"HTTP-POST",
				"https://idp.example/post") "</"
							    "md:IDPSSODescriptor><md:Organization><md:"
							    "OrganizationDisplayName xml:lang=\"en\">St. Ada"
							    "</md:OrganizationDisplayName></"
							    "md:Organization></md:EntityDescriptor>",
		key_lines(arena, " use=\"signing\"", rsa), key_lines(arena, " use=\"signing\"", rsa_later),
		key_lines(arena, " use=\"encryption\"", p256));
}

static void what_real_providers_publish_is_read(void **state)
{
	struct provider p = provider_fine(*state, rich_provider(*state), NULL);

	assert_string_equal(p.entity.entity_id, IDP);
	assert_string_equal(p.entity.name, "St. Ada");
	assert_true(p.wants_requests_signed);
	assert_int_equal(p.sso_count, 2);
	assert_string_equal(provider_sso(&p, BINDING_REDIRECT)->location, "https://idp.example/sso");
	assert_string_equal(provider_sso(&p, BINDING_POST)->location, "https://idp.example/post");
	assert_null(provider_sso(&p, BINDING_SOAP));
	assert_string_equal(service_slo(&p.entity, BINDING_REDIRECT)->response_location,
			    "https://idp.example/slo/done");
	assert_int_equal(p.entity.certificate_count, 3);
	assert_true(p.entity.certificates[1].signing && !p.entity.certificates[2].signing);
	assert_int_equal(p.entity.valid_until, NOW + 151 * 86400);
	assert_int_equal(p.entity.cache_seconds, 6 * 3600);
	assert_int_equal(p.entity.formats[0], NAME_ID_PERSISTENT);
}

/* One text may have both roles: keys kept for the app are not keys of the provider. */
static void its_version_is_never_an_apps(void **state)
{
	struct provider p = provider_fine(*state, rich_provider(*state), NULL);

	assert_true(text_starts(p.entity.version, "idp "));
}

static char *listed(struct arena *arena, const char *attributes)
{
	return arena_print(arena,
			   "<md:EntitiesDescriptor xmlns:md=\"" NS_METADATA "\" %s>" ENTITY_OF(
				   "https://sp.example", "",
				   "%s") "<md:EntitiesDescriptor>" ENTITY_OF("https://one.example", "", "%s")
				   ENTITY_OF("https://two.example", "",
					     "%s") "</md:EntitiesDescriptor></md:EntitiesDescriptor>",
			   attributes, ROLE("", ACS("")), keys_and(arena, IDP_ROLE("", "@" SSO_OK), "", rsa),
			   keys_and(arena, IDP_ROLE("", "@" SSO("HTTP-Redirect", "https://two.example/sso")),
				    "", rsa_later));
}

static void of_a_list_the_one_that_is_named_is_read(void **state)
{
	struct provider p = provider_fine(*state, listed(*state, ""), "https://two.example");

	assert_string_equal(p.entity.entity_id, "https://two.example");
	assert_string_equal(p.entity.certificates[0].base64, rsa_later);
	p = provider_fine(*state, listed(*state, ""), PROVIDER_ANY);
	assert_string_equal(p.entity.entity_id, "https://one.example");
	assert_trouble(*state, listed(*state, ""), NULL, "https://one.example, https://two.example");
	assert_trouble(*state, listed(*state, ""), "https://sp.example", "none of the identity providers");
	assert_trouble(*state, listed(*state, ""), "https://three.example", "none of the identity providers");
}

static void a_list_that_ended_ends_what_is_in_it(void **state)
{
	struct provider p = provider_fine(*state, listed(*state, "validUntil=\"2030-02-01T00:00:00Z\""),
					  "https://two.example");

	assert_int_equal(p.entity.valid_until, NOW + 31 * 86400);
	assert_trouble(*state, listed(*state, "validUntil=\"2029-02-01T00:00:00Z\""), "https://two.example",
		       "it was valid until");
}

static void one_entity_must_be_the_one_that_is_meant(void **state)
{
	(void)provider_fine(*state, rich_provider(*state), IDP);
	assert_trouble(*state, rich_provider(*state), "https://other.example", "entityID is");
}

/* For people: what has ended can still be read. */
static void without_a_clock_what_ended_is_read(void **state)
{
	struct provider p;
	const char *trouble = NULL, *xml = listed(*state, "validUntil=\"2029-02-01T00:00:00Z\"");

	assert_int_equal(read_provider_at(*state, xml, "https://one.example", 0, &p, &trouble), OK);
}

static void odd_metadata_is_refused_with_a_reason(void **state)
{
	const struct {
		const char *text; /* with @ for a key */
		const char *use, *key, *part;
	} rows[] = {
		{ ENTITY_OF(IDP, "", IDP_ROLE("", SSO_OK "")), "", rsa, "could not be checked" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), " use=\"encryption\"", rsa,
		  "could not be checked" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), " use=\"both\"", rsa,
		  "use is signing or encryption" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), "", rsa_small, "RSA key of 1024 bits" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), "", k256, "another key than RSA" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), "", "AAAA", "is no certificate" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), "", "*", "not base64" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@")), "", rsa, "no SingleSignOnService" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO("SOAP", "https://idp.example/ecp"))), "", rsa,
		  "no SingleSignOnService" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO("HTTP-Redirect", "http://idp.example/sso"))), "",
		  rsa, "use https" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO("HTTP-POST", "javascript:alert(1)"))), "", rsa,
		  "no address" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO("HTTP-POST", "https://idp.example/#x"))), "", rsa,
		  "#" },
		{ ENTITY_OF(IDP, "",
			    IDP_ROLE("", "@<md:SingleSignOnService Binding=\"" BINDING "HTTP-POST\"/>")),
		  "", rsa, "no Location" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SLO("HTTP-Redirect", "ftp://x") SSO_OK)), "", rsa,
		  "no address" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("WantAuthnRequestsSigned=\"-1\"", "@" SSO_OK)), "", rsa,
		  "true or false" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK) IDP_ROLE("", SSO_OK)), "", rsa,
		  "two IDPSSODescriptors" },
		{ ENTITY_OF(IDP, "", "<md:IDPSSODescriptor>@" SSO_OK "</md:IDPSSODescriptor>"), "", rsa,
		  "speaks SAML 2.0" },
		{ ENTITY_OF(IDP, "", ROLE("", "@" ACS(""))), "", rsa, "of an app" },
		{ ENTITY_OF(IDP, "validUntil=\"1970-01-01T00:00:00Z\"", IDP_ROLE("", "@" SSO_OK)), "", rsa,
		  "validUntil" },
		{ ENTITY_OF(IDP, "validUntil=\"2029-01-01T00:00:00Z\"", IDP_ROLE("", "@" SSO_OK)), "", rsa,
		  "it was valid until" },
		{ ENTITY_OF(IDP, "", IDP_ROLE("validUntil=\"2029-01-01T00:00:00Z\"", "@" SSO_OK)), "", rsa,
		  "it was valid until" },
		{ ENTITY_OF(IDP, "cacheDuration=\"soon\"", IDP_ROLE("", "@" SSO_OK)), "", rsa,
		  "no duration" },
		{ ENTITY_OF("", "", IDP_ROLE("", "@" SSO_OK)), "", rsa, "entityID is missing" },
		{ "<!DOCTYPE x>" ENTITY_OF(IDP, "", IDP_ROLE("", "@" SSO_OK)), "", rsa, "xml_doctype" },
		{ "<html>@</html>", "", rsa, "no well-formed XML" },
		{ "<html></html>", "", rsa, "no SAML metadata" },
		{ "", "", rsa, "xml_empty" },
		{ "<md:EntitiesDescriptor xmlns:md=\"" NS_METADATA "\"></md:EntitiesDescriptor>", "", rsa,
		  "none of the identity providers" },
	};

	assert_true(COUNT(rows) >= 20);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_trouble(*state, keys_and(*state, rows[i].text, rows[i].use, rows[i].key), NULL,
			       rows[i].part);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
	static const struct CMUnitTest tests[] = {
		TEST(what_real_providers_publish_is_read),      TEST(its_version_is_never_an_apps),
		TEST(of_a_list_the_one_that_is_named_is_read),  TEST(a_list_that_ended_ends_what_is_in_it),
		TEST(one_entity_must_be_the_one_that_is_meant), TEST(without_a_clock_what_ended_is_read),
		TEST(odd_metadata_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
