/* test_connection.c: connections in documents and by commands: checked, applied once, exported without
 * secrets; domains that somebody vouches for; links and approvals. */
#include "tests/unit/admin/clinic.h"

#include "admin/commands_connection.h"
#include "admin/domain_txt.h"
#include "base/yaml.h"
#include "people/account.h"
#include "people/connection.h"
#include "people/role.h"
#include "store/connections.h"
#include "people/provision.h"
#include "store/practices.h"

static struct clinic clinic;

static int fresh(void **state)
{
	(void)state;
	clinic_demo(&clinic);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	clinic_close(&clinic);
	return 0;
}

#define P "practices: [ { id: northside, connections: [ "
#define OKTA                                                                                                 \
	"{ id: okta, name: Okta, protocol: oidc, preset: okta, issuer: \"https://okta.example\", "           \
	"client_id: "                                                                                        \
	"c1, "

/* clang-format off */
static const struct {
	const char *text, *message;
} broken[] = {
	{ P "{ id: okta, nme: Okta } ] } ]", "line 1, column 58: unknown field practices.connections.nme (did you mean name?)" },
	{ P "{ id: okta, metadata_file: a.xml, metadata_url: \"https://a.example\" } ] } ]",
	  "line 1, column 94: practices.connections.metadata_url: only one of metadata_file and metadata_url can be given" },
	{ P "{ id: okta, metadata_file: a.xml } ] } ]",
	  "line 1, column 73: practices.connections.metadata_file: files are read by the command lanyard apply" },
	{ P OKTA "mapping: [ { when: { claim: groups, contains: D }, grant: { role: providr, locations: [main] } } ] } ] } ]",
	  "line 1, column 213: there is no role providr in this practice (did you mean provider?)" },
	{ P OKTA "mapping: [ { when: { claim: groups, contains: D }, grant: { role: provider, locations: [mian] } } ] } ] } ]",
	  "line 1, column 235: there is no location mian in this practice (did you mean main?)" },
	{ P OKTA "default_grant: { role: ownr, locations: all } } ] } ]", "line 1, column 170: there is no role ownr in this practice (did you mean owner?)" },
	{ P OKTA "protocl: oidc } ] } ]", "line 1, column 147: unknown field practices.connections.protocl (did you mean protocol?)" },
	{ P OKTA "button: 7 } ] } ]", "line 1, column 155: practices.connections.button: expected: true or false" },
	{ P OKTA "claims: { sub: uid } } ] } ]", "line 1, column 155: practices.connections.claims.sub: reserved" },
	{ P OKTA "client_secret: 7 } ] } ]", "line 1, column 162: practices.connections.client_secret must be text: put it in quotes" },
	{ P OKTA "}, { id: okta } ] } ]", "line 1, column 156: the connection okta is declared twice" },
	{ P OKTA "} ] }, { id: riverside, connections: [ { id: okta } ] } ]", "line 1, column 52: the connection okta is declared in two practices" },
};
/* clang-format on */

static void a_wrong_connection_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		const char *message = NULL;
		int code = clinic_apply(&clinic, broken[i].text, &message);

		assert_int_not_equal(code, EXIT_OK);
		if (!text_starts(message, broken[i].message))
			fail_msg("%s\n said: %s", broken[i].text, message);
	}
}

static const char whole[] =
	"practices:\n"
	"  - id: northside\n"
	"    connections:\n"
	"      - id: okta\n"
	"        name: Northside Okta\n"
	"        protocol: oidc\n"
	"        preset: okta\n"
	"        issuer: https://okta.example\n"
	"        client_id: c1\n"
	"        client_secret: first-secret-of-okta\n"
	"        domains: [staff.northside.example]\n"
	"        button: false\n"
	"        continuity: 2h\n"
	"        provision: { on_unmapped: default }\n"
	"        default_grant: { role: front-desk, locations: [main] }\n"
	"        mapping: [ { when: { claim: groups, contains: Doctors }, grant: { role: provider, "
	"locations: all } } ]\n"
	"      - { id: hospital, name: Hospital, protocol: saml, metadata: \"<a/>\", trust_email: false }\n";

static json_t *changes(const char *text)
{
	json_t *result = NULL;
	const char *message = NULL;
	int code = clinic_run(&clinic, "apply", NULL, json_pack("{s:s}", "text", text), &result, &message);

	if (code != EXIT_OK)
		fail_msg("%s", message);
	return result;
}

static const struct connection *standing(const char *id)
{
	return snapshot_connection(clinic_work(&clinic)->snapshot, id);
}

static void a_document_is_applied_once(void **state)
{
	(void)state;
	AUTO(json_done) json_t *first = changes(whole);
	AUTO(json_done) json_t *second = changes(whole);

	assert_int_equal(json_array_size(first), 3); /* the practice's domains, and two connections */
	if (json_array_size(second))
		fail_msg("%s", json_text(clinic.arena, second));
	const struct connection *okta = standing("okta");

	assert_string_equal(okta->practice_id, "northside");
	assert_false(okta->button);
	assert_int_equal(okta->continuity_seconds, 7200);
	assert_int_equal(okta->on_unmapped, UNMAPPED_DEFAULT);
	assert_false(standing("hospital")->trust_email);
	char *secret = NULL;

	assert_int_equal(connection_secret(clinic_work(&clinic), standing("okta"), &secret), OK);
	assert_string_equal(secret, "first-secret-of-okta");
}

static void domains_of_a_connection_are_the_practices_own(void **state)
{
	(void)state;
	const struct practice *practice = snapshot_practice(clinic_work(&clinic)->snapshot, "northside");

	assert_true(text_list_has(practice->domains, "northside.example"));
	assert_true(text_list_has(practice->domains, "staff.northside.example"));
	/* A list that does not name it keeps it while a connection does. */
	AUTO(json_done)
	json_t *same = changes("practices: [ { id: northside, domains: [northside.example] } ]");

	assert_int_equal(json_array_size(same), 0);
}

/* Words in other order, a duration in other words: the same. */
static void what_says_the_same_changes_nothing(void **state)
{
	static const char *const same[] = {
		"continuity: 120m",
		"continuity: 7200",
		"domains: [staff.northside.example]",
		"disabled: false",
		"client_secret: first-secret-of-okta",
		"button: false",
		"mapping: [ { grant: { locations: all, role: provider }, when: { contains: Doctors, claim: "
		"groups } } ]",
	};
	static const char *const other[] = {
		"continuity: 3h", "button: true",  "client_secret: second-secret-of-okta",
		"mapping: []",    "button: false", /* back again, as each of these */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		AUTO(json_done)
		json_t *none = changes(arena_print(clinic.arena, P "{ id: okta, %s } ] } ]", same[i]));
		if (json_array_size(none))
			fail_msg("%s: %s", same[i], json_text(clinic.arena, none));
	}
	for (size_t i = 0; i < COUNT(other); i++) {
		AUTO(json_done)
		json_t *one = changes(arena_print(clinic.arena, P "{ id: okta, %s } ] } ]", other[i]));
		if (json_array_size(one) != 1)
			fail_msg("%s: %s", other[i], json_text(clinic.arena, one));
	}
	AUTO(json_done) json_t *back = changes(whole);

	assert_true(json_array_size(back) > 0);
}

static void a_secret_is_shown_nowhere(void **state)
{
	json_t *result = NULL;
	const char *message = NULL;

	(void)state;
	assert_int_equal(clinic_run(&clinic, "diff", NULL,
				    json_pack("{s:s}", "text",
					      P "{ id: okta, client_secret: another-secret-of-okta } ] } ]"),
				    &result, &message),
			 EXIT_DIFFERENT);
	const char *difference = json_text(clinic.arena, result);

	json_decref(result);
	assert_non_null(strstr(difference, "(secret)"));
	assert_null(strstr(difference, "another-secret"));
	for (int with_hashes = 0; with_hashes < 2; with_hashes++) {
		assert_int_equal(clinic_run(&clinic, "export", NULL,
					    json_pack("{s:b}", "with-hashes", with_hashes), &result,
					    &message),
				 EXIT_OK);
		assert_null(strstr(json_text(clinic.arena, result), "secret-of-okta"));
		json_decref(result);
	}
	assert_int_equal(clinic_run(&clinic, "connection", "show", json_pack("{s:s}", "connection", "okta"),
				    &result, &message),
			 EXIT_OK);
	assert_null(strstr(json_text(clinic.arena, result), "secret-of-okta"));
	assert_true(json_is_true(json_object_get(result, "has_secret")));
	json_decref(result);
}

static void an_export_makes_the_same_connections_elsewhere(void **state)
{
	struct clinic copy;
	json_t *result = NULL;
	const char *message = NULL;

	(void)state;
	assert_int_equal(clinic_run(&clinic, "export", NULL, json_object(), &result, &message), EXIT_OK);
	const char *text = yaml_write(clinic.arena, result);

	json_decref(result);
	clinic_open(&copy);
	if (clinic_apply(&copy, text, &message) != EXIT_OK)
		fail_msg("%s", message);
	assert_int_equal(
		clinic_do(&copy, "diff", NULL, json_pack("{s:s, s:b}", "text", text, "prune", 1), NULL),
		EXIT_OK);
	const struct connection *okta = snapshot_connection(clinic_work(&copy)->snapshot, "okta");

	assert_string_equal(okta->issuer, "https://okta.example");
	assert_null(okta->sealed_secret.at);
	clinic_close(&copy);
}

static void pruning_removes_what_a_written_list_leaves_out_and_its_id_is_gone(void **state)
{
	const char *message = NULL;
	static const char one[] = P "{ id: okta } ] } ]";

	(void)state;
	AUTO(json_done) json_t *kept = changes(one);

	assert_int_equal(json_array_size(kept), 0);
	assert_false(standing("hospital")->deleted);
	assert_int_equal(
		clinic_do(&clinic, "apply", NULL, json_pack("{s:s, s:b}", "text", one, "prune", 1), &message),
		EXIT_OK);
	assert_true(!standing("hospital") || standing("hospital")->deleted);
	assert_int_not_equal(clinic_apply(&clinic, whole, &message), EXIT_OK);
	assert_non_null(strstr(message, "there is or was a connection hospital"));
}

/* clang-format off */
static const struct {
	const char *arguments, *declared; /* declared NULL: refused */
} options[] = {
	{ "{\"map\":[\"groups=Clinic Providers:provider@main,west\"]}",
	  "{\"mapping\":[{\"grant\":{\"locations\":[\"main\",\"west\"],\"role\":\"provider\"},\"when\":{\"claim\":\"groups\",\"contains\":\"Clinic Providers\"}}]}" },
	{ "{\"map\":[\"http://schemas.example/claims/groups=urn:x:y:owner@all\"]}",
	  "{\"mapping\":[{\"grant\":{\"locations\":\"all\",\"role\":\"owner\"},\"when\":{\"claim\":\"http://schemas.example/claims/groups\",\"contains\":\"urn:x:y\"}}]}" },
	{ "{\"map\":[\"groups=a=b:owner@all\"]}",
	  "{\"mapping\":[{\"grant\":{\"locations\":\"all\",\"role\":\"owner\"},\"when\":{\"claim\":\"groups\",\"contains\":\"a=b\"}}]}" },
	{ "{\"map\":[\"groups=Doctors\"]}", NULL },
	{ "{\"map\":[\"groups=Doctors:provider\"]}", NULL },
	{ "{\"map\":[\"groups=Doctors:provider@\"]}", NULL },
	{ "{\"map\":[\"groups=Doctors:provider@,\"]}", NULL },
	{ "{\"map\":[\"groups=Doctors:@main\"]}", NULL },
	{ "{\"map\":[\"groups=:provider@main\"]}", NULL },
	{ "{\"map\":[\"=Doctors:provider@main\"]}", NULL },
	{ "{\"map\":[\"\"]}", NULL },
	{ "{\"default-role\":\"front-desk\",\"default-location\":[\"main\"]}", "{\"default_grant\":{\"locations\":[\"main\"],\"role\":\"front-desk\"}}" },
	{ "{\"default-role\":\"front-desk\",\"default-location\":[\"all\"]}", "{\"default_grant\":{\"locations\":\"all\",\"role\":\"front-desk\"}}" },
	{ "{\"default-role\":\"front-desk\",\"default-location\":[\"all\",\"main\"]}", NULL },
	{ "{\"default-role\":\"front-desk\"}", NULL },
	{ "{\"default-location\":[\"main\"]}", NULL },
	{ "{\"claim\":[\"email=mail\"]}", "{\"claims\":{\"email\":\"mail\",\"given_name\":\"first\"}}" },
	{ "{\"claim\":[\"email\"]}", NULL },
	{ "{\"claim\":[\"email=\"]}", NULL },
	{ "{\"on-unmapped\":\"hold\"}", "{\"provision\":{\"create\":false,\"on_unmapped\":\"hold\"}}" },
	{ "{\"create\":true}", "{\"provision\":{\"create\":true}}" },
	{ "{\"trust-mfa\":true,\"no-button\":true}", "{\"button\":false,\"trust_upstream_mfa\":true}" },
	{ "{\"button\":true,\"no-button\":true}", NULL },
	{ "{\"metadata\":\"https://a.example/m\"}", "{\"metadata\":null,\"metadata_url\":\"https://a.example/m\"}" },
	{ "{\"metadata\":\"m.xml\",\"metadata_text\":\"<a/>\"}", "{\"metadata\":\"<a/>\",\"metadata_url\":null}" },
	{ "{\"domain\":[\"a.example\",\"b.example\"],\"continuity\":\"2h\"}", "{\"continuity\":\"2h\",\"domains\":[\"a.example\",\"b.example\"]}" },
};
/* clang-format on */

static void options_become_members_and_leave_the_others_of_an_object(void **state)
{
	AUTO(json_done)
	json_t *there =
		json_pack("{s:{s:s}, s:{s:b}}", "claims", "given_name", "first", "provision", "create", 0);

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		AUTO(json_done)
		json_t *arguments = json_read(options[i].arguments, strlen(options[i].arguments));
		AUTO(json_done) json_t *declared = json_object();
		enum err err = connection_options(clinic_work(&clinic), arguments, there, declared);

		if ((err == OK) != (options[i].declared != NULL))
			fail_msg("%s: %d", options[i].arguments, err);
		if (options[i].declared)
			assert_string_equal(json_canonical(clinic.arena, declared), options[i].declared);
		else
			assert_int_equal(err, ERR_PARAMETER_MALFORMED);
	}
}

static json_t *newcomer(const char *kind, const char *id)
{
	return json_pack("{s:s, s:s, s:s}", "kind", kind, "connection", id, "practice", "northside");
}

static void a_connection_by_command_goes_its_whole_life(void **state)
{
	const char *message = NULL;
	json_t *arguments = newcomer("entra", "entra"), *result = NULL;

	(void)state;
	json_set_text(arguments, "tid", "6f2b3f6e-2b7c-4a59-9a0e-0d3c6f6a7b10");
	json_set_text(arguments, "client-id", "c");
	assert_int_equal(clinic_do(&clinic, "connection", "add", json_deep_copy(arguments), &message),
			 EXIT_USAGE);
	assert_non_null(strstr(message, "the client secret is missing"));
	json_set(arguments, "client-secret-stdin", json_true());
	json_set_text(arguments, "client_secret", "entra-secret");
	json_set(arguments, "domain", json_pack("[s]", "entra.example"));
	if (clinic_run(&clinic, "connection", "add", arguments, &result, &message) != EXIT_OK)
		fail_msg("%s", message);
	assert_string_equal(json_get_text(result, "redirect_uri"),
			    "http://localhost:8080/federation/entra/callback");
	json_decref(result);
	assert_string_equal(standing("entra")->issuer,
			    "https://login.microsoftonline.com/6f2b3f6e-2b7c-4a59-9a0e-0d3c6f6a7b10/v2.0");
	assert_true(text_list_has(snapshot_practice(clinic.work.snapshot, "northside")->domains,
				  "entra.example"));
	assert_int_equal(
		clinic_do(&clinic, "domain", "remove",
			  json_pack("{s:s, s:s}", "domain", "entra.example", "practice", "northside"),
			  &message),
		EXIT_CONFLICT);
	assert_int_equal(clinic_do(&clinic, "connection", "disable",
				   json_pack("{s:s}", "connection", "entra"), &message),
			 EXIT_OK);
	assert_true(standing("entra")->disabled);
	assert_int_equal(clinic_do(&clinic, "connection", "enable", json_pack("{s:s}", "connection", "entra"),
				   &message),
			 EXIT_OK);
	assert_false(standing("entra")->disabled);
	assert_int_equal(clinic_do(&clinic, "connection", "delete",
				   json_pack("{s:s, s:s}", "connection", "entra", "confirm", "entra"),
				   &message),
			 EXIT_OK);
	assert_int_equal(
		clinic_do(&clinic, "connection", "show", json_pack("{s:s}", "connection", "entra"), NULL),
		EXIT_NOT_FOUND);
	arguments = newcomer("keycloak", "entra");
	json_set_text(arguments, "issuer", "https://k.example");
	assert_int_equal(clinic_do(&clinic, "connection", "add", arguments, &message), EXIT_CONFLICT);
}

static void what_the_protocol_or_the_practice_cannot_have_is_refused(void **state)
{
	static const struct {
		const char *kind, *id, *more;
		int code;
	} cases[] = {
		{ "oktaa", "k1", "{}", EXIT_USAGE },
		{ "saml", "k1", "{\"metadata\":\"m\",\"metadata_text\":\"<a/>\"}", EXIT_USAGE }, /* no name */
		{ "saml", "k1", "{\"name\":\"K\",\"metadata\":\"m\",\"metadata_text\":\"broken\"}",
		  EXIT_USAGE },
		{ "saml", "k1", "{\"name\":\"K\",\"metadata\":\"https://a.example/\"}",
		  EXIT_USAGE }, /* no answer */
		{ "saml", "k1",
		  "{\"name\":\"K\",\"metadata\":\"m\",\"metadata_text\":\"<a/"
		  ">\",\"map\":[\"a=b:nobody@main\"]}",
		  EXIT_USAGE },
		{ "saml", "K1", "{\"name\":\"K\",\"metadata\":\"m\",\"metadata_text\":\"<a/>\"}",
		  EXIT_USAGE },
		{ "saml", "k1",
		  "{\"name\":\"K\",\"metadata\":\"m\",\"metadata_text\":\"<a/>\",\"domain\":[\"No Domain\"]}",
		  EXIT_USAGE },
		{ "saml", "okta", "{\"name\":\"K\",\"metadata\":\"m\",\"metadata_text\":\"<a/>\"}",
		  EXIT_CONFLICT },
		{ "google", "k1", "{\"client-id\":\"c\",\"auth-method\":\"private_key_jwt\"}",
		  EXIT_USAGE }, /* no hd */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *message = NULL;
		json_t *arguments = newcomer(cases[i].kind, cases[i].id);
		AUTO(json_done) json_t *more = json_read(cases[i].more, strlen(cases[i].more));
		assert_int_equal(json_object_update(arguments, more), 0);
		int code = clinic_do(&clinic, "connection", "add", arguments, &message);
		if (code != cases[i].code)
			fail_msg("%zu: %d %s", i, code, message ? message : "");
		assert_null(standing("k1"));
	}
	clinic.work.practice = NULL;
	AUTO(json_done) json_t *rows = NULL;
	const char *message = NULL;

	/* The wall: another practice's connection is not there. */
	assert_int_equal(clinic_run(&clinic, "connection", "show",
				    json_pack("{s:s, s:s}", "connection", "okta", "practice", "riverside"),
				    &rows, &message),
			 EXIT_NOT_FOUND);
}

static json_t *domain(const char *name)
{
	return json_pack("{s:s, s:s}", "domain", name, "practice", "northside");
}

static const char *vouched(const char *name)
{
	AUTO(json_done) json_t *rows = NULL;
	const char *message = NULL;

	assert_int_equal(clinic_run(&clinic, "domain", "list", json_pack("{s:s}", "practice", "northside"),
				    &rows, &message),
			 EXIT_OK);
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (text_equal(json_get_text(json_array_get(rows, i), "domain"), name))
			return arena_text(clinic.arena, json_get_text(json_array_get(rows, i), "vouched_by"));
	return NULL;
}

static void a_domain_leads_nowhere_before_somebody_vouches(void **state)
{
	AUTO(json_done) json_t *record = NULL;
	AUTO(json_done) json_t *again = NULL;
	const char *message = NULL;

	(void)state;
	assert_int_equal(clinic_run(&clinic, "domain", "add", domain("Wait.Example"), &record, &message),
			 EXIT_OK);
	assert_string_equal(json_get_text(record, "record"), "_lanyard.wait.example");
	assert_true(text_starts(json_get_text(record, "value"), "lanyard-verification=d_"));
	assert_int_equal(clinic_run(&clinic, "domain", "add", domain("wait.example"), &again, &message),
			 EXIT_OK);
	assert_string_equal(json_get_text(again, "value"), json_get_text(record, "value"));
	assert_string_equal(vouched("wait.example"), "nobody");
	assert_false(text_list_has(snapshot_practice(clinic_work(&clinic)->snapshot, "northside")->domains,
				   "wait.example"));
	/* A connection may name it already; its people go nowhere yet. */
	assert_int_equal(clinic_do(&clinic, "connection", "set",
				   json_pack("{s:s, s:[s]}", "connection", "okta", "domain", "wait.example"),
				   &message),
			 EXIT_OK);
	assert_null(connection_for_domain(clinic_work(&clinic), NULL, "wait.example"));
	/* Saying the same again vouches for nothing. */
	AUTO(json_done) json_t *same = changes(P "{ id: okta, domains: [wait.example] } ] } ]");

	assert_int_equal(json_array_size(same), 0);
	assert_string_equal(vouched("wait.example"), "nobody");
	assert_int_equal(clinic_do(&clinic, "domain", "verify",
				   json_pack("{s:s, s:s, s:b}", "domain", "wait.example", "practice",
					     "northside", "offline", 1),
				   &message),
			 EXIT_USAGE);
	assert_int_equal(clinic_do(&clinic, "domain", "verify",
				   json_pack("{s:s, s:s, s:b, s:s}", "domain", "wait.example", "practice",
					     "northside", "offline", 1, "reason", "no DNS"),
				   &message),
			 EXIT_OK);
	assert_string_equal(vouched("wait.example"), "operator");
	assert_string_equal(connection_for_domain(clinic_work(&clinic), NULL, "wait.example")->id, "okta");
}

/* A DNS answer: one question, then these records. */
struct message {
	uint8_t at[600];
	size_t size;
};

static void add(struct message *m, const void *bytes, size_t size)
{
	assert_true(m->size + size <= sizeof m->at);
	memcpy(m->at + m->size, bytes, size);
	m->size += size;
}

static struct message answer_with(uint8_t count)
{
	const uint8_t head[] = { 0, 7, 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0 };
	static const char name[] = "\1a\7example";
	struct message m = { .size = 0 };

	add(&m, head, sizeof head);
	add(&m, name, sizeof name); /* with the root's zero */
	add(&m, "\0\20\0\1", 4);
	return m;
}

static void add_txt(struct message *m, uint8_t type, const char *data, uint8_t size)
{
	add(m, "\300\14\0", 3);
	add(m, &type, 1);
	add(m, "\0\1\0\0\0\36\0", 7);
	add(m, &size, 1);
	add(m, data, size);
}

static void a_record_proves_only_what_it_says_exactly(void **state)
{
	static const struct {
		uint8_t type, size;
		const char *data;
		bool says;
	} records[] = {
		{ 16, 8, "\7token=1", true },
		{ 16, 9, "\3tok\4en=1", true },
		{ 16, 10, "\0\7token=1\0", true },
		{ 16, 9, "\10token=12", false },
		{ 16, 7, "\6token=", false },
		{ 16, 8, "\7Token=1", false },
		{ 16, 8, "\10token=1", false }, /* its length lies */
		{ 16, 0, "", false },
		{ 99, 8, "\7token=1", false }, /* SPF's own type */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct message m = answer_with(1);
		add_txt(&m, records[i].type, records[i].data, records[i].size);
		if (domain_txt_says(m.at, m.size, "token=1") != records[i].says)
			fail_msg("record %zu", i);
		for (size_t cut = 0; cut < m.size; cut++)
			assert_false(domain_txt_says(m.at, cut, "token=1"));
	}
	struct message second = answer_with(2);

	add_txt(&second, 16, "\5other", 6);
	add_txt(&second, 16, "\7token=1", 8);
	assert_true(domain_txt_says(second.at, second.size, "token=1"));
}

/* "nora" as Okta tells of her; groups: what stands in the list. */
static json_t *preview_of(const char *claims, int *code)
{
	json_t *result = NULL;
	const char *message = NULL;

	*code = clinic_run(
		&clinic, "connection", "preview",
		json_pack("{s:s, s:s, s:s}", "connection", "okta", "token", "-", "token_text", claims),
		&result, &message);
	return result;
}

static size_t people_count(void)
{
	struct account *accounts = NULL;
	size_t count = 0;
	struct work *work = clinic_work(&clinic);

	work->practice = "northside";
	assert_int_equal(accounts_list(work, &accounts, &count), OK);
	return count;
}

static void a_preview_tells_what_would_be_and_writes_nothing(void **state)
{
	static const char nora[] =
		"{\"sub\":\"n1\",\"email\":\"nora@northside.example\",\"email_verified\":true,"
		"\"groups\":[\"Doctors\"]}";
	int code = 0;
	size_t before = people_count();

	(void)state;
	AUTO(json_done) json_t *told = preview_of(nora, &code);

	assert_int_equal(code, EXIT_OK);
	assert_string_equal(json_get_text(told, "subject"), "n1");
	assert_string_equal(json_get_text(json_array_get(json_object_get(told, "roles"), 0), "role"),
			    "provider");
	AUTO(json_done) json_t *late = preview_of("{\"sub\":\"n1\",\"late\":true}", &code);

	assert_int_equal(code, EXIT_NOT_ALLOWED);
	AUTO(json_done) json_t *none = preview_of("not readable", &code);

	assert_int_equal(code, EXIT_USAGE);
	assert_null(none);
	assert_int_equal(people_count(), before);
}

static void a_test_says_what_fails_and_gives_a_link(void **state)
{
	AUTO(json_done) json_t *told = NULL;
	const char *message = NULL;
	json_t *arguments = newcomer("saml", "down");

	(void)state;
	assert_int_equal(clinic_run(&clinic, "connection", "test", json_pack("{s:s}", "connection", "okta"),
				    &told, &message),
			 EXIT_OK);
	const char *link = json_get_text(told, "link");
	static const char prefix[] = "http://localhost:8080/federation/okta/test?ticket=";

	assert_true(text_starts(link, prefix));
	assert_int_equal(connection_ticket_use(clinic_work(&clinic), "okta", link + strlen(prefix)), OK);
	assert_int_equal(connection_ticket_use(clinic_work(&clinic), "okta", link + strlen(prefix)),
			 ERR_NOT_FOUND);
	json_set_text(arguments, "name", "Down");
	json_set_text(arguments, "metadata", "m");
	json_set_text(arguments, "metadata_text", "<a/>");
	assert_int_equal(clinic_do(&clinic, "connection", "add", arguments, &message), EXIT_OK);
	assert_int_equal(
		clinic_do(&clinic, "connection", "test", json_pack("{s:s}", "connection", "down"), NULL),
		EXIT_UNHEALTHY);
	AUTO(json_done) json_t *rows = NULL;

	(void)clinic_run(&clinic, "doctor", NULL, json_object(), &rows,
			 &message); /* other rows fail here, too */
	bool said = false;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		said |= text_equal(json_get_text(row, "check"), "connection down") &&
			text_equal(json_get_text(row, "why"), "discovery: no answer");
	}
	assert_true(said);
}

static json_t *linking(const char *user, const char *subject)
{
	return json_pack("{s:s, s:s, s:s}", "user", user, "connection", "okta", "subject", subject);
}

static void one_person_there_is_one_account_here(void **state)
{
	AUTO(json_done) json_t *shown = NULL;
	const char *message = NULL;

	(void)state;
	if (clinic_do(&clinic, "user", "link", linking("ada@northside.example", "00u1"), &message) != EXIT_OK)
		fail_msg("%s", message);
	assert_int_equal(
		clinic_do(&clinic, "user", "link", linking("bilal@northside.example", "00u1"), &message),
		EXIT_CONFLICT);
	assert_int_equal(
		clinic_do(&clinic, "user", "link", linking("henry@riverside.example", "00u2"), &message),
		EXIT_NOT_FOUND); /* the connection is another practice's */
	assert_int_equal(clinic_run(&clinic, "user", "show",
				    json_pack("{s:s}", "user", "ada@northside.example"), &shown, &message),
			 EXIT_OK);
	const json_t *link = json_array_get(json_object_get(shown, "links"), 0);

	assert_string_equal(json_get_text(link, "connection"), "okta");
	assert_string_equal(json_get_text(link, "subject"), "00u1");
	assert_string_equal(json_get_text(link, "state"), "linked");
	json_t *unlink_ = json_pack("{s:s, s:s}", "user", "ada@northside.example", "connection", "okta");

	assert_int_equal(clinic_do(&clinic, "user", "unlink", json_incref(unlink_), &message), EXIT_OK);
	assert_int_equal(clinic_do(&clinic, "user", "unlink", unlink_, &message), EXIT_NOT_FOUND);
}

/* As a sign-in leaves somebody whom no rule lets in. */
static const char *hold_somebody(void)
{
	struct provisioned out = { 0 };
	AUTO(json_done) json_t *claims = json_pack("{s:s}", "groups", "Nobody");
	struct work *work = clinic_work(&clinic);
	const struct connection *okta = snapshot_connection(work->snapshot, "okta");
	const struct upstream_person held = { .connection = okta,
					      .issuer = okta->issuer,
					      .subject = "held-1",
					      .email = "held@northside.example",
					      .email_verified = true,
					      .claims = claims };

	work->practice = "northside";
	assert_int_equal(provision(work, &held, &out), OK);
	assert_int_equal(out.verdict, PROVISION_HELD);
	return out.account_id;
}

static const char *status_listed(const char *email)
{
	AUTO(json_done) json_t *rows = NULL;
	const char *message = NULL;

	assert_int_equal(clinic_run(&clinic, "user", "list", json_pack("{s:s}", "practice", "northside"),
				    &rows, &message),
			 EXIT_OK);
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (text_equal(json_get_text(json_array_get(rows, i), "email"), email))
			return arena_text(clinic.arena, json_get_text(json_array_get(rows, i), "status"));
	return NULL;
}

static void somebody_who_waits_is_let_in_by_approval(void **state)
{
	AUTO(json_done) json_t *told = NULL;
	const char *message = NULL;

	(void)state;
	assert_int_equal(clinic_do(&clinic, "connection", "set",
				   json_pack("{s:s, s:s}", "connection", "okta", "on-unmapped", "hold"),
				   &message),
			 EXIT_OK);
	(void)hold_somebody(); /* found by its address below */
	assert_string_equal(status_listed("held@northside.example"), "waits for approval");
	int code = clinic_run(&clinic, "user", "approve",
			      json_pack("{s:s, s:[s], s:[s]}", "user", "held@northside.example", "role",
					"front-desk", "location", "main"),
			      &told, &message);

	if (code != EXIT_OK)
		fail_msg("%s", message);
	assert_string_equal(json_string_value(json_array_get(json_object_get(told, "roles"), 0)),
			    "front-desk@main");
	assert_string_equal(status_listed("held@northside.example"), "active");
	assert_int_not_equal(clinic_do(&clinic, "user", "approve",
				       json_pack("{s:s}", "user", "held@northside.example"), &message),
			     EXIT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_connection_is_refused_with_its_place),
		cmocka_unit_test(a_document_is_applied_once),
		cmocka_unit_test(domains_of_a_connection_are_the_practices_own),
		cmocka_unit_test(what_says_the_same_changes_nothing),
		cmocka_unit_test(a_secret_is_shown_nowhere),
		cmocka_unit_test(an_export_makes_the_same_connections_elsewhere),
		cmocka_unit_test(options_become_members_and_leave_the_others_of_an_object),
		cmocka_unit_test(a_connection_by_command_goes_its_whole_life),
		cmocka_unit_test(what_the_protocol_or_the_practice_cannot_have_is_refused),
		cmocka_unit_test(a_domain_leads_nowhere_before_somebody_vouches),
		cmocka_unit_test(a_record_proves_only_what_it_says_exactly),
		cmocka_unit_test(a_preview_tells_what_would_be_and_writes_nothing),
		cmocka_unit_test(a_test_says_what_fails_and_gives_a_link),
		cmocka_unit_test(one_person_there_is_one_account_here),
		cmocka_unit_test(somebody_who_waits_is_let_in_by_approval),
		cmocka_unit_test(pruning_removes_what_a_written_list_leaves_out_and_its_id_is_gone),
	};

	return cmocka_run_group_tests(tests, fresh, gone);
}
