/* metadata.h: what apps read about us: signed, valid for a week, the same on all nodes. */
#include "desk_kit.h"

#include "http/request.h"
#include "http/response_make.h"
#include "saml/attribute_rows.h"
#include "saml/metadata.h"
#include "saml/saml.h"

/* md is none of the kit's prefixes. */
#define MD(name) "*[local-name()='" name "' and namespace-uri()='urn:oasis:names:tc:SAML:2.0:metadata']"
#define ROLE     "/" MD("EntityDescriptor") "/" MD("IDPSSODescriptor")

static const char *document(struct hand *hand)
{
	const char *xml, *etag;

	assert_ok(hand, metadata_document(&hand->w, &xml, &etag));
	return xml;
}

/* Of the certificates in it. */
static int64_t first_end(struct hand *hand)
{
	const struct xml_key *keys;
	size_t count;
	int64_t end = INT64_MAX;

	assert_ok(hand, xml_keys(&hand->w, &keys, &count));
	for (size_t i = 0; i < count; i++)
		end = keys[i].not_after < end ? keys[i].not_after : end;
	return end;
}

static void it_says_who_we_are_and_until_when(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	hand.w.now = 1795280600; /* 2026-11-21T17:03:20Z */
	const char *xml = document(&hand);

	assert_string_equal(seen(hand.arena, xml, "/*/@entityID"), OUR_ENTITY);
	assert_string_equal(seen(hand.arena, xml, "/*/@validUntil"),
			    clock_rfc3339(hand.arena, first_end(&hand)));
	assert_string_equal(seen(hand.arena, xml, "/*/@cacheDuration"), "PT1H");
	assert_int_equal(times(xml, ROLE), 1);
	assert_string_equal(seen(hand.arena, xml, ROLE "/@WantAuthnRequestsSigned"), "false");
	assert_string_equal(seen(hand.arena, xml, ROLE "/@protocolSupportEnumeration"),
			    "urn:oasis:names:tc:SAML:2.0:protocol");
	assert_int_equal(times(xml, "//" MD("Organization")), 0);
}

static void it_is_signed_by_the_active_key(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = document(&hand);

	assert_true(is_signed_by(xml, "/" MD("EntityDescriptor"), our_certificate(&hand)));
	assert_int_equal(times(xml, "/*/*[1][self::ds:Signature]"), 1);
	char *forged = arena_text(hand.arena, xml), *at = strstr(forged, "/saml/sso\"");

	assert_non_null(at);
	at[1] = 'x';
	assert_false(is_signed_by(forged, "/" MD("EntityDescriptor"), our_certificate(&hand)));
}

static void both_certificates_are_in_it_the_active_one_first(UNUSED void **state)
{
	const struct xml_key *keys;
	size_t count;
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = document(&hand);

	assert_ok(&hand, xml_keys(&hand.w, &keys, &count));
	assert_int_equal(times(xml, ROLE "/" MD("KeyDescriptor") "[@use='signing']"), 2);
	assert_string_equal(seen(hand.arena, xml, ROLE "/" MD("KeyDescriptor") "[1]//ds:X509Certificate"),
			    keys[0].certificate);
	assert_string_equal(seen(hand.arena, xml, ROLE "/" MD("KeyDescriptor") "[2]//ds:X509Certificate"),
			    keys[1].certificate);
}

static void the_endpoints_are_ours_in_the_order_of_the_schema(UNUSED void **state)
{
	static const struct {
		const char *element, *binding, *path;
	} rows[] = {
		{ "ArtifactResolutionService", "SOAP", PATH_SAML_ARTIFACT },
		{ "SingleLogoutService", "HTTP-Redirect", PATH_SAML_SLO },
		{ "SingleLogoutService", "HTTP-POST", PATH_SAML_SLO },
		{ "SingleLogoutService", "SOAP", PATH_SAML_SLO_SOAP },
		{ "SingleSignOnService", "HTTP-Redirect", PATH_SAML_SSO },
		{ "SingleSignOnService", "HTTP-POST", PATH_SAML_SSO },
		{ "SingleSignOnService", "SOAP", PATH_SAML_ECP },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = document(&hand);

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = arena_print(hand.arena, "(" ROLE "/*[@Location])[%zu]", i + 1);

		assert_string_equal(seen(hand.arena, xml, arena_print(hand.arena, "local-name(%s)", path)),
				    rows[i].element);
		assert_string_equal(
			seen(hand.arena, xml, arena_print(hand.arena, "%s/@Binding", path)),
			arena_print(hand.arena, "urn:oasis:names:tc:SAML:2.0:bindings:%s", rows[i].binding));
		assert_string_equal(seen(hand.arena, xml, arena_print(hand.arena, "%s/@Location", path)),
				    arena_print(hand.arena, "https://id.example%s", rows[i].path));
	}
	assert_int_equal(times(xml, ROLE "/*[@Location]"), COUNT(rows));
	assert_string_equal(seen(hand.arena, xml, "//" MD("ArtifactResolutionService") "/@index"), "0");
	assert_int_equal(times(xml, "//" MD("NameIDFormat")), 4);
	assert_int_equal(times(xml, "//" MD("NameIDFormat") "/following-sibling::" MD("SingleLogoutService")),
			 0);
	assert_int_equal(times(xml, "//" MD("NameIDFormat") "/preceding-sibling::" MD("SingleSignOnService")),
			 0);
}

static void apps_are_told_to_sign_with_sha256_first_and_never_with_sha1(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = document(&hand);

	assert_int_equal(times(xml, "/*/" MD("IDPSSODescriptor") "/preceding-sibling::" MD("Extensions")), 1);
	assert_int_equal(times(xml, "/*/" MD("Extensions") "/*[local-name()='SigningMethod']"), 6);
	assert_int_equal(times(xml, "/*/" MD("Extensions") "/*[local-name()='DigestMethod']"), 3);
	assert_string_equal(seen(hand.arena, xml, "(//*[local-name()='SigningMethod'])[1]/@Algorithm"),
			    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
	assert_string_equal(seen(hand.arena, xml, "(//*[local-name()='DigestMethod'])[1]/@Algorithm"),
			    "http://www.w3.org/2001/04/xmlenc#sha256");
	assert_int_equal(times(xml, "/*/" MD("Extensions") "/*[contains(@Algorithm, 'sha1')]"), 0);
}

static void the_attributes_are_those_of_the_default_preset(UNUSED void **state)
{
	size_t count = 0;
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = document(&hand);

	for (const struct attribute_row *row = attribute_rows; row->preset; row++) {
		if (!text_equal(row->preset, "clinic"))
			continue;
		count++;
		assert_int_equal(
			times(xml, arena_print(hand.arena,
					       ROLE "/saml:Attribute[@Name='%s' and @NameFormat='%s' and "
						    "@FriendlyName='%s']",
					       row->name, row->format, row->friendly_name)),
			1);
	}
	assert_int_equal(times(xml, ROLE "/saml:Attribute"), count);
}

static void it_is_the_same_as_long_as_the_keys_are(UNUSED void **state)
{
	const char *first, *later, *etag, *same;
	AUTO_OURS hand;

	ours_begin(&hand);
	hand.w.now = 1795280600;
	assert_ok(&hand, metadata_document(&hand.w, &first, &etag));
	hand.w.now += 40 * 24 * 3600;
	assert_ok(&hand, metadata_document(&hand.w, &later, &same));
	assert_string_equal(first, later);
	assert_string_equal(etag, same);
}

static void a_rotation_is_in_it_at_once(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *before = document(&hand);

	assert_ok(&hand, keyring_rotate(&hand.w, XML_KEY_ALG, false));
	const char *after = document(&hand);

	assert_string_not_equal(before, after);
	assert_true(is_signed_by(after, "/" MD("EntityDescriptor"), our_certificate(&hand)));
	assert_string_equal(seen(hand.arena, after, ROLE "/" MD("KeyDescriptor") "[1]//ds:X509Certificate"),
			    seen(hand.arena, before, ROLE "/" MD("KeyDescriptor") "[2]//ds:X509Certificate"));
}

static void another_issuer_has_its_own(UNUSED void **state)
{
	struct config other = { .issuer = "http://localhost:8080", .issuer_host = "localhost:8080" };
	AUTO_OURS hand;

	ours_begin(&hand);
	(void)document(&hand);
	hand.app.config = &other;
	assert_string_equal(seen(hand.arena, document(&hand), "/*/@entityID"),
			    "http://localhost:8080/saml/metadata");
}

static void the_answer_has_the_media_type_and_an_entity_tag(UNUSED void **state)
{
	AUTO_OURS hand;
	struct request rq = { 0 };
	const char *xml, *etag;

	ours_begin(&hand);
	assert_ok(&hand, metadata_document(&hand.w, &xml, &etag));
	rq.w = hand.w;
	assert_int_equal(saml_metadata(&rq), OK);
	assert_int_equal(rq.response->status, 200);
	assert_string_equal(rq.response->content_type, "application/samlmetadata+xml");
	rq.response = NULL;
	rq.if_none_match = arena_print(hand.arena, "\"%s\"", etag);
	assert_int_equal(saml_metadata(&rq), OK);
	assert_int_equal(rq.response->status, 304);
}

/* For the tools of others (xmllint --schema, xmlsec1 --verify): LANYARD_TEST_METADATA names a file to write.
 */
static void it_can_be_shown_to_other_tools(UNUSED void **state)
{
	const char *path = getenv("LANYARD_TEST_METADATA");
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = document(&hand);

	assert_true(text_starts(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
	if (!path)
		return;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(xml, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_who_we_are_and_until_when),
		cmocka_unit_test(it_is_signed_by_the_active_key),
		cmocka_unit_test(both_certificates_are_in_it_the_active_one_first),
		cmocka_unit_test(the_endpoints_are_ours_in_the_order_of_the_schema),
		cmocka_unit_test(apps_are_told_to_sign_with_sha256_first_and_never_with_sha1),
		cmocka_unit_test(the_attributes_are_those_of_the_default_preset),
		cmocka_unit_test(it_is_the_same_as_long_as_the_keys_are),
		cmocka_unit_test(a_rotation_is_in_it_at_once),
		cmocka_unit_test(another_issuer_has_its_own),
		cmocka_unit_test(the_answer_has_the_media_type_and_an_entity_tag),
		cmocka_unit_test(it_can_be_shown_to_other_tools),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
