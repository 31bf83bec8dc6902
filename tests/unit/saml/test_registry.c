/* test_registry.c: a declared SAML app against its metadata, and what is told about it. */
#include "service_kit.h"

#include "kit/store_kit.h"

#include "base/config.h"
#include "base/json.h"
#include "http/fetch.h"
#include "saml/refresh.h"
#include "saml/registry.h"
#include "store/apps.h"
#include "store/saml.h"
#include "store/snapshot.h"

static struct config config = { .issuer = "https://id.example" };
static struct app app = { .config = &config };

static void begin(struct hand *hand)
{
	clock_freeze_us(NOW * 1000000);
	hand_begin(hand, NULL);
	hand->w.app = &app;
}

static const char *trouble(struct hand *hand, const char *more, const char *metadata)
{
	char *text = arena_print(hand->arena, "{\"entity_id\": \"" ENTITY "\", \"type\": \"saml\"%s}", more);
	json_t *whole = json_read(text, strlen(text));

	assert_non_null(whole);
	const char *said = saml_protocol.trouble(&hand->w, whole, metadata, false);

	said = arena_text(hand->arena, said);
	json_decref(whole);
	return said;
}

static void what_is_declared_needs_its_part_in_the_metadata(UNUSED void **state)
{
	AUTO_HAND hand;

	begin(&hand);
	const char *plain = SP(ACS("")), *signing = with_key(hand.arena, " use=\"signing\"", rsa),
		   *both = with_key(hand.arena, "", rsa), *curve = with_key(hand.arena, "", p256);
	const struct {
		const char *more, *metadata, *said; /* NULL: it is fine */
	} cases[] = {
		{ "", plain, NULL },
		{ "", both, NULL },
		{ "", rich(hand.arena), NULL },
		{ "", NULL, NULL },
		{ "", "<x/>", "metadata: this is no SAML metadata" },
		{ ", \"metadata_url\": \"https://sp.example/\"", "<x/>",
		  "metadata_url: this is no SAML metadata" },
		{ ", \"encrypt\": \"always\"", both, NULL },
		{ ", \"encrypt\": \"auto\"", plain, NULL },
		{ ", \"encrypt\": \"always\"", plain, "encrypt: the metadata has no RSA certificate" },
		{ ", \"encrypt\": \"always\"", signing, "encrypt: the metadata has no RSA certificate" },
		{ ", \"encrypt\": \"always\"", curve, "encrypt: the metadata has no RSA certificate" },
		{ ", \"require_signed_requests\": true", signing, NULL },
		{ ", \"require_signed_requests\": true", plain,
		  "require_signed_requests: the metadata has no" },
		{ ", \"allow_ecp\": true", rich(hand.arena), NULL },
		{ ", \"allow_ecp\": true", plain, "allow_ecp: the metadata has no" },
		{ ", \"attributes\": [{\"preset\": \"flat\"}]", plain, NULL },
		{ ", \"attributes\": [{\"preset\": \"clinic\"}, {\"preset\": \"nothing\"}]", NULL,
		  "attributes[1]" },
		{ ", \"attributes\": [{\"claim\": \"npi\"}]", plain, "attributes[0]" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *said = trouble(&hand, cases[i].more, cases[i].metadata);

		if (cases[i].said ? !said || !text_starts(said, cases[i].said) : said != NULL)
			fail_msg("case %zu: %s", i, said ? said : "(fine)");
	}
}

static void metadata_that_stands_may_end(UNUSED void **state)
{
	AUTO_HAND hand;

	begin(&hand);
	hand.w.now = NOW + 200 * INT64_C(86400);
	AUTO(json_done) json_t *whole = json_pack("{s:s, s:s}", "entity_id", ENTITY, "type", "saml");
	const char *fresh = saml_protocol.trouble(&hand.w, whole, rich(hand.arena), false);

	assert_string_equal(fresh, "metadata: it was valid until 2030-06-01T00:00:00Z: ask for new metadata");
	assert_null(saml_protocol.trouble(&hand.w, whole, rich(hand.arena), true));
}

static void who_it_is_stands_in_the_metadata(UNUSED void **state)
{
	const char *id = NULL, *name = "before";
	AUTO_HAND hand;

	begin(&hand);
	assert_int_equal(saml_protocol.learn(&hand.w, rich(hand.arena), &id, &name), OK);
	assert_string_equal(id, ENTITY);
	assert_string_equal(name, "Billing");
	assert_int_equal(saml_protocol.learn(&hand.w, SP(ACS("")), &id, &name), OK);
	assert_null(name);
	assert_int_equal(saml_protocol.learn(&hand.w, "hello", &id, &name), ERR_DOCUMENT);
	assert_non_null(strstr(hand.w.reason, "xml_"));
}

static json_t *told(struct hand *hand, const char *metadata, int64_t at)
{
	const struct client client = { .client_id = ENTITY, .type = "saml", .saml.metadata = metadata };
	json_t *out = NULL;

	hand->w.now = at;
	assert_int_equal(saml_protocol.facts(&hand->w, &client, &out), OK);
	return out;
}

static const char *why(const json_t *facts, size_t at)
{
	const char *text = json_get_text(json_array_get(json_object_get(facts, "warnings"), at), "why");

	return text ? text : "";
}

static void facts_warn_of_what_ends_soon(UNUSED void **state)
{
	AUTO_HAND hand;

	begin(&hand);
	const char *metadata = with_key(hand.arena, " use=\"signing\"", rsa);
	AUTO(json_done)
	json_t *early = told(&hand, metadata, NOW), *soon = told(&hand, metadata, NOW + YEAR - 29 * 86400),
	       *late = told(&hand, metadata, NOW + YEAR + 1), *none = told(&hand, NULL, NOW);
	AUTO(json_done) json_t *over = told(&hand, rich(hand.arena), NOW + 200 * INT64_C(86400));
	const json_t *certificate = json_array_get(json_object_get(early, "certificates"), 0);

	assert_int_equal(json_array_size(json_object_get(early, "warnings")), 0);
	assert_int_equal(json_get_int(certificate, "days_left", 0), 365);
	assert_string_equal(json_get_text(certificate, "certificate"), "signing");
	assert_string_equal(why(soon, 0), "a certificate ends in 29 days");
	assert_string_equal(why(late, 0), "a certificate of its metadata has ended");
	assert_string_equal(why(none, 0), "metadata: it was not fetched yet");
	/* What has ended is told all the same. */
	assert_string_equal(why(over, 0),
			    "metadata: it was valid until 2030-06-01T00:00:00Z: ask for new metadata");
	assert_true(json_array_size(json_object_get(over, "endpoints")) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_declared_needs_its_part_in_the_metadata),
		cmocka_unit_test(metadata_that_stands_may_end),
		cmocka_unit_test(who_it_is_stands_in_the_metadata),
		cmocka_unit_test(facts_warn_of_what_ends_soon),
	};

	make_certificates(NULL);
	int failed = run_on_engines(tests, COUNT(tests));
	drop_certificates(NULL);
	return failed;
}
