/* test_saml_app.c: SAML service providers as they are declared, with a protocol that reads metadata of its
 * own kind: "<sp ID>". */
#include "world.h"

#include "keys/secret.h"
#include "people/app_registry.h"
#include "store/apps.h"
#include "store/metadata.h"

#define SP  "https://sp.example/metadata"
#define URL "https://sp.example/there.xml"

static struct {
	int fetches;
	const char *answer; /* what stands at the address; NULL: nobody is there */
	bool ended;         /* metadata, and the certificates in it */
} net;

static const char *trouble(struct work *work, const json_t *whole, const char *metadata, bool known)
{
	if (net.ended && !known)
		return "metadata: it has ended";
	if (net.ended && text_equal(json_get_text(whole, "encrypt"), "always"))
		return "encrypt: its certificate has ended";
	if (metadata && !text_equal(metadata, arena_print(work->arena, "<sp %s>", app_declared_id(whole))))
		return "metadata: it is of another app";
	return json_object_get(json_array_get(json_object_get(whole, "attributes"), 0), "claim")
		       ? "attributes[0]: name is missing"
		       : NULL;
}

static enum err fetch_one(struct work *work, UNUSED const char *url, UNUSED const char *entity_id,
			  struct metadata_row *out)
{
	net.fetches++;
	if (!net.answer)
		return fault(work, ERR_FETCH, "it could not be fetched: save the file and use metadata_file");
	*out = (struct metadata_row){ .xml = net.answer, .fetched_at = work->now, .next_at = work->now + 60 };
	return OK;
}

static const struct app_protocol protocol = { .type = "saml", .trouble = trouble, .fetch = fetch_one };
static const struct app_protocol *const protocols[] = { &protocol, NULL };

static void begin(struct hand *hand, const char *practice)
{
	world_practice(hand, practice);
	world.app.protocols = protocols;
	net.fetches = 0;
	net.answer = "<sp " SP ">";
	net.ended = false;
}

static enum err apply(struct hand *hand, const char *text, bool *created, bool *changed, const char **message)
{
	AUTO(json_done) json_t *declared = json_read(text, strlen(text));
	struct app_change change = { .declared = declared };

	assert_non_null(declared);
	*created = *changed = false;
	enum err err = app_prepare(&hand->w, &change, message);

	return err != OK ? err : in_tx(hand, app_apply_change(&hand->w, &change, created, changed));
}

#define BASE(practice)                                                                                       \
	"\"entity_id\":\"" SP "\",\"type\":\"saml\",\"name\":\"Billing\",\"practices\":[\"" practice "\"]"
#define DECLARED "\"metadata\":\"<sp " SP ">\""

static void a_declared_saml_app_is_checked_field_by_field(UNUSED void **state)
{
	static const struct {
		const char *json, *message; /* NULL: it is fine */
	} cases[] = {
		{ "{" BASE("x") "," DECLARED "}", NULL },
		{ "{" BASE("x") ",\"metadata_url\":\"" URL "\"}", NULL },
		{ "{" BASE("x") "," DECLARED ",\"sign\":\"both\",\"encrypt\":\"always\",\"name_id_format\":"
				"\"transient\",\"require_signed_requests\":true,\"allow_idp_initiated\":true,"
				"\"allow_ecp\":true,\"assertion_lifetime\":\"10m\",\"attributes\":[{"
				"\"preset\":"
				"\"xua\"}],\"require_location\":true,\"roles\":[\"provider\"],\"logo_uri\":"
				"\"https://sp.example/logo.png\"}",
		  NULL },
		{ "{" BASE("x") "}", "metadata: it is missing" },
		{ "{" BASE("x") "," DECLARED ",\"metadata_url\":\"" URL "\"}", "metadata_url: only one of" },
		{ "{" BASE("x") "," DECLARED ",\"name_id_format\":\"email\"}", NULL },
		{ "{\"entity_id\":\"https://two.example/"
		  "sp\",\"type\":\"saml\",\"name\":\"N\",\"practices\":[\"x\",\"y\"]," DECLARED
		  ",\"name_id_format\":\"email\"}",
		  "name_id_format: an address names nobody" },
		{ "{" BASE("x") ",\"metadata\":\"<sp other>\"}", "metadata: it is of another app" },
		{ "{" BASE("x") ",\"metadata\":\"\"}", "metadata: expected: XML text" },
		{ "{" BASE("x") ",\"metadata\":7}", "metadata: expected: XML text" },
		{ "{" BASE("x") ",\"metadata_url\":\"http://sp.example/m\"}",
		  "metadata_url: expected: an https" },
		{ "{" BASE("x") ",\"metadata_url\":\"https://sp.example/m#x\"}", "metadata_url: expected:" },
		{ "{" BASE("x") "," DECLARED ",\"redirect_uris\":[\"https://sp.example/cb\"]}",
		  "redirect_uris: only for type oidc" },
		{ "{" BASE("x") "," DECLARED ",\"client_id\":\"a\"}", "client_id: only for type oidc" },
		{ "{" BASE("x") "," DECLARED ",\"scopes\":[\"openid\"]}", "scopes: only for type oidc" },
		{ "{" BASE("x") "," DECLARED ",\"sign\":\"none\"}",
		  "sign: expected: assertion response both" },
		{ "{" BASE("x") "," DECLARED ",\"encrypt\":true}", "encrypt: expected:" },
		{ "{" BASE("x") "," DECLARED ",\"name_id_format\":\"urn:x\"}", "name_id_format: expected:" },
		{ "{" BASE("x") "," DECLARED ",\"assertion_lifetime\":59}", "assertion_lifetime: expected:" },
		{ "{" BASE("x") "," DECLARED ",\"assertion_lifetime\":3601}",
		  "assertion_lifetime: expected:" },
		{ "{" BASE("x") "," DECLARED ",\"allow_ecp\":\"yes\"}",
		  "allow_ecp: expected: true or false" },
		{ "{" BASE("x") "," DECLARED ",\"attributes\":{}}", "attributes: expected: a list" },
		{ "{" BASE("x") "," DECLARED ",\"attributes\":[]}", "attributes: expected: a list" },
		{ "{" BASE("x") "," DECLARED ",\"attributes\":[\"clinic\"]}",
		  "attributes: expected: a list" },
		{ "{" BASE("x") "," DECLARED ",\"attributes\":[{\"claim\":\"npi\"}]}",
		  "attributes[0]: name" },
		{ "{" BASE("x") "," DECLARED ",\"metadata_file\":\"sp.xml\"}",
		  "metadata_file: unknown field" },
		{ "{\"type\":\"saml\",\"name\":\"B\",\"practices\":[\"x\"]," DECLARED "}",
		  "entity_id: it is missing" },
		{ "{\"entity_id\":\"sp\",\"type\":\"saml\"}", "entity_id: expected: an absolute URI" },
		{ "{\"entity_id\":\"https://sp.example/a b\",\"type\":\"saml\"}", "entity_id: expected:" },
		{ "{\"entity_id\":\"https://sp.example/\\u00e9\",\"type\":\"saml\"}",
		  "entity_id: expected:" },
		{ "{\"entity_id\":\"urn:\",\"type\":\"saml\"}", "entity_id: expected:" },
		{ "{\"entity_id\":\"/metadata\",\"type\":\"saml\"}", "entity_id: expected:" },
		{ "{\"entity_id\":\"urn:x:y\"}", "entity_id: only for type saml" },
		{ "{\"client_id\":\"a\",\"name\":\"A\",\"practices\":[\"x\"],\"redirect_uris\":[\"https://"
		  "a.example/\"],"
		  "\"sign\":\"both\"}",
		  "sign: only for type saml" },
	};
	AUTO_HAND hand;

	begin(&hand, "saml-fields");
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(json_done) json_t *declared = json_read(cases[i].json, strlen(cases[i].json));
		const char *message = NULL;

		assert_non_null(declared);
		enum err err = app_check(&hand.w, declared, &message);

		if (cases[i].message
			    ? err != ERR_DOCUMENT || !message || !text_starts(message, cases[i].message)
			    : err != OK)
			fail_msg("%s: %s", cases[i].json, message ? message : "(none)");
	}
	assert_int_equal(net.fetches, 0); /* a check asks nobody */
}

static void an_entity_id_has_1024_characters_at_most(UNUSED void **state)
{
	AUTO_HAND hand;

	begin(&hand, "saml-long");
	for (size_t size = 1024; size <= 1025; size++) {
		char *id = arena_alloc(hand.arena, size + 1);
		const char *message = NULL;

		memset(id, 'x', size);
		memcpy(id, "urn:", 4);
		AUTO(json_done)
		json_t *declared = json_pack("{s:s, s:s, s:s, s:[s], s:s}", "entity_id", id, "type", "saml",
					     "name", "N", "practices", "x", "metadata_url", URL);
		assert_int_equal(app_check(&hand.w, declared, &message), size == 1024 ? OK : ERR_DOCUMENT);
	}
}

static void an_app_with_declared_metadata_stands_in_the_picture(UNUSED void **state)
{
	bool created, changed;
	const char *message = NULL;
	AUTO_HAND hand;

	begin(&hand, "saml-life");
	assert_ok(&hand, apply(&hand, "{" BASE("saml-life") "," DECLARED "}", &created, &changed, &message));
	assert_true(created && changed);
	assert_ok(&hand, apply(&hand, "{" BASE("saml-life") "," DECLARED "}", &created, &changed, &message));
	assert_false(created || changed);
	assert_int_equal(net.fetches, 0);
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct client *client = snapshot_saml(hand.w.snapshot, SP);

	assert_ptr_equal(snapshot_app(hand.w.snapshot, SP), client);
	assert_null(snapshot_client(hand.w.snapshot, SP)); /* no door of OpenID Connect knows it */
	assert_string_equal(client->name, "Billing");
	assert_string_equal(client->type, "saml");
	assert_string_equal(client->saml.metadata, "<sp " SP ">");
	assert_string_equal(client->saml.name_id_format, "persistent");
	assert_string_equal(client->saml.sign, "assertion");
	assert_string_equal(client->saml.encrypt, "auto");
	assert_int_equal(client->saml.assertion_lifetime, 300);
	assert_true(!client->saml.require_signed_requests && !client->saml.allow_idp_initiated &&
		    !client->saml.allow_ecp && !client->saml.attributes && !client->saml.metadata_url);
	assert_true(client_serves(client, "saml-life") && !client->secret_hash && !client->grant_types &&
		    !client->token_endpoint_auth_method);
	/* One member named: the rest stays. */
	assert_ok(&hand, apply(&hand, "{\"entity_id\":\"" SP "\",\"type\":\"saml\",\"sign\":\"both\"}",
			       &created, &changed, &message));
	assert_true(!created && changed);
	assert_ok(&hand, snapshot_renew(&hand.w));
	client = snapshot_saml(hand.w.snapshot, SP);
	assert_string_equal(client->saml.sign, "both");
	assert_non_null(client->saml.metadata);
	/* The audit tells that it changed, and not with hundreds of lines. */
	hand.w.practice = NULL;
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM event WHERE practice_id = '' AND target = $1 AND "
				  "body LIKE '%<sp %'",
				  V_TEXT(SP)),
			 0);
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = '' AND target = $1",
				  V_TEXT(SP)),
			 2);
	assert_int_equal(in_tx(&hand, app_set_secret(&hand.w, SP, "a long secret")), ERR_CONFLICT);
	assert_ok(&hand, in_tx(&hand, app_delete(&hand.w, SP)));
	assert_int_equal(apply(&hand, "{" BASE("saml-life") "," DECLARED "}", &created, &changed, &message),
			 ERR_CONFLICT);
	assert_string_equal(message, "entity_id: it was deleted; ids are not given again");
}

#define SECOND "urn:example:second"
#define OF_SECOND                                                                                            \
	"\"entity_id\":\"" SECOND "\",\"type\":\"saml\",\"name\":\"Second\",\"practices\":[\"saml-url\"]"
#define SECOND_BY_URL "{" OF_SECOND ",\"metadata_url\":\"" URL "\"}"

static void metadata_by_address_is_fetched_once_and_kept_with_the_app(UNUSED void **state)
{
	bool created, changed, found = true;
	const char *message = NULL;
	struct metadata_row row;
	AUTO_HAND hand;

	begin(&hand, "saml-url");
	net.answer = NULL;
	assert_int_equal(apply(&hand, SECOND_BY_URL, &created, &changed, &message), ERR_DOCUMENT);
	assert_string_equal(message,
			    "metadata_url: it could not be fetched: save the file and use metadata_file");
	net.answer = "<sp of another>";
	assert_int_equal(apply(&hand, SECOND_BY_URL, &created, &changed, &message), ERR_DOCUMENT);
	assert_string_equal(message, "metadata: it is of another app");
	net.answer = "<sp " SECOND ">";
	assert_int_equal(in_tx(&hand, ({
				 AUTO(json_done)
				 json_t *declared = json_read(SECOND_BY_URL, strlen(SECOND_BY_URL));
				 app_apply(&hand.w, declared, NULL, &created, &changed);
			 })),
			 ERR_DOCUMENT); /* what nobody fetched is not relied on */
	assert_ok(&hand, apply(&hand, SECOND_BY_URL, &created, &changed, &message));
	assert_true(created && changed);
	assert_int_equal(net.fetches, 3);
	assert_ok(&hand, apply(&hand, SECOND_BY_URL, &created, &changed, &message));
	assert_false(created || changed);
	assert_int_equal(net.fetches, 3);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_string_equal(snapshot_saml(hand.w.snapshot, SECOND)->saml.metadata, "<sp " SECOND ">");
	assert_string_equal(snapshot_saml(hand.w.snapshot, SECOND)->saml.metadata_url, URL);
	/* Declared metadata takes the place of the address. */
	assert_ok(&hand, apply(&hand, "{" OF_SECOND ",\"metadata\":\"<sp " SECOND ">\"}", &created, &changed,
			       &message));
	assert_true(changed);
	assert_ok(&hand, metadata_find(&hand.w, METADATA_OF_APP, SECOND, &row, &found));
	assert_false(found);
	assert_ok(&hand, apply(&hand, SECOND_BY_URL, &created, &changed, &message));
	assert_int_equal(net.fetches, 4);
	assert_ok(&hand, in_tx(&hand, app_delete(&hand.w, SECOND)));
	assert_ok(&hand, metadata_find(&hand.w, METADATA_OF_APP, SECOND, &row, &found));
	assert_false(found);
}

#define ENDED "\"entity_id\":\"urn:ended\",\"type\":\"saml\""
#define ENDED_AS_IT_IS                                                                                       \
	"{" ENDED ",\"name\":\"E\",\"practices\":[\"saml-ended\"],\"encrypt\":\"always\",\"metadata\":\"<"   \
	"sp urn:ended>\"}"

static void metadata_that_has_ended_holds_up_nothing_that_stands(UNUSED void **state)
{
	static const struct {
		const char *json, *message; /* NULL: it is fine */
	} cases[] = {
		{ ENDED_AS_IT_IS, NULL },
		{ "{" ENDED ",\"name\":\"Another\"}", "encrypt: its certificate has ended" },
		{ "{" ENDED ",\"disabled\":true}", NULL },
		{ "{" ENDED ",\"encrypt\":\"never\"}", NULL },
		{ "{" ENDED ",\"metadata_url\":\"" URL "\"}", "metadata: it has ended" },
	};
	bool created, changed;
	const char *message = NULL;
	AUTO_HAND hand;

	begin(&hand, "saml-ended");
	net.answer = "<sp urn:ended>";
	assert_ok(&hand, apply(&hand, ENDED_AS_IT_IS, &created, &changed, &message));
	net.ended = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum err err = apply(&hand, cases[i].json, &created, &changed, &message);

		if (cases[i].message ? err != ERR_DOCUMENT || !text_equal(message, cases[i].message)
				     : err != OK)
			fail_msg("%s: %s", cases[i].json, message);
	}
}

static void an_id_belongs_to_one_type_for_good(UNUSED void **state)
{
	bool created, changed;
	const char *message = NULL;
	AUTO_HAND hand;

	begin(&hand, "saml-types");
	assert_ok(&hand, apply(&hand,
			       "{\"client_id\":\"urn:both\",\"name\":\"O\",\"practices\":[\"saml-types\"],"
			       "\"redirect_uris\":[\"https://app.example/cb\"]}",
			       &created, &changed, &message));
	assert_int_equal(apply(&hand,
			       "{\"entity_id\":\"urn:both\",\"type\":\"saml\",\"name\":\"S\",\"practices\":"
			       "[\"saml-types\"],\"metadata\":\"<sp urn:both>\"}",
			       &created, &changed, &message),
			 ERR_CONFLICT);
	assert_true(text_starts(message, "type: there is an app of the other type"));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_null(snapshot_saml(hand.w.snapshot, "urn:both"));
	assert_non_null(snapshot_client(hand.w.snapshot, "urn:both"));
	world.app.protocols = NULL;
	assert_int_equal(apply(&hand,
			       "{\"entity_id\":\"urn:unread\",\"type\":\"saml\",\"name\":\"S\",\"practices\":"
			       "[\"saml-types\"],\"metadata\":\"<sp urn:unread>\"}",
			       &created, &changed, &message),
			 ERR_DOCUMENT); /* where nobody can read it */
	assert_true(text_starts(message, "type: apps of this type are not served here"));
}

/* 8 KB of metadata each. */
static void a_thousand_apps_load_in_well_under_two_seconds(UNUSED void **state)
{
	static const char put[] = "INSERT INTO app (client_id, type, name, metadata, disabled, created_at) "
				  "VALUES ($1, 'saml', $1, $2, TRUE, 0)";
	static const char serve[] =
		"INSERT INTO app_practice (client_id, practice_id) VALUES ($1, 'saml-many')";
	AUTO_HAND hand;

	begin(&hand, "saml-many");
	char *filling = arena_alloc(hand.arena, 8 * KB);

	memset(filling, 'm', 8 * KB - 1);
	struct tx tx = tx_begin(&hand.w);

	for (int i = 0; i < 1000; i++) {
		const char *id = arena_print(hand.arena, "https://many.example/metadata/%d", i);
		AUTO(json_done)
		json_t *document =
			json_pack("{s:s, s:s, s:s}", "type", "saml", "entity_id", id, "metadata", filling);

		assert_ok(&hand, db_run(&hand.w, NULL, put, V_TEXT(id),
					V_TEXT(json_canonical(hand.arena, document))));
		assert_ok(&hand, db_run(&hand.w, NULL, serve, V_TEXT(id)));
	}
	assert_ok(&hand, tx_commit(&tx));
	tx_end(&tx);
	int64_t began = clock_monotonic_us();

	assert_ok(&hand, snapshots_refresh(&hand.w, true));
	int64_t took = clock_monotonic_us() - began;

	print_message("1,000 apps: %" PRId64 " ms\n", took / 1000);
	assert_true(took < 2000000);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_int_equal(
		strlen(snapshot_saml(hand.w.snapshot, "https://many.example/metadata/999")->saml.metadata),
		8 * KB - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_declared_saml_app_is_checked_field_by_field),
		cmocka_unit_test(an_entity_id_has_1024_characters_at_most),
		cmocka_unit_test(an_app_with_declared_metadata_stands_in_the_picture),
		cmocka_unit_test(metadata_by_address_is_fetched_once_and_kept_with_the_app),
		cmocka_unit_test(metadata_that_has_ended_holds_up_nothing_that_stands),
		cmocka_unit_test(an_id_belongs_to_one_type_for_good),
		cmocka_unit_test(a_thousand_apps_load_in_well_under_two_seconds),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
