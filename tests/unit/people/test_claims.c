/* test_claims.c: what is said about a person, where, and to whom (OpenID Connect Core 5; RFC 9068). */
#include "clinic.h"

#include "people/account.h"
#include "people/claims.h"

enum { NOW = 1800000000 };

/* Ada, with every standard claim stored, in the practice of clinic.h. */
static const char profile_text[] =
	"{\"middle_name\":\"Chi\",\"nickname\":\"Adi\",\"preferred_username\":\"ada.o\",\"profile\":\"https:/"
	"/a.example/ada\","
	"\"picture\":\"https://a.example/ada.png\",\"website\":\"https://"
	"ada.example\",\"gender\":\"female\",\"birthdate\":\"1980-02-29\","
	"\"zoneinfo\":\"America/"
	"Chicago\",\"locale\":\"en-US\",\"phone_number\":\"+13125550100\",\"phone_number_verified\":true,"
	"\"address\":{\"locality\":\"Chicago\",\"country\":\"US\"},\"taxonomy\":[\"207Q00000X\"]}";

static const char *const scheduler_scopes[] = { "openid",  "profile", "email",  "phone",
						"address", "clinic",  "groups", NULL };

struct scene {
	struct arena *arena;
	struct app app;
	struct work w;
	struct subject subject;
	struct client client;
};

static void scene_end(struct scene *s)
{
	arena_done(&s->arena);
}

static void scene_begin(struct scene *s, const struct assignment *list, size_t count)
{
	*s = (struct scene){ .arena = arena_new() };
	s->w = (struct work){
		.arena = s->arena, .app = &s->app, .now = NOW, .now_us = INT64_C(1000000) * NOW
	};
	json_t *profile = json_read(profile_text, strlen(profile_text));

	arena_defer(s->arena, release_json, profile);
	s->subject = (struct subject){
		.practice = clinic_make(s->arena, "medium", NULL),
		.assignments = list,
		.assignment_count = count,
		.account = { .id = "u_ada",
			     .email = "Ada@north.example",
			     .given_name = "Ada",
			     .family_name = "Okafor",
			     .class_ = "staff",
			     .npi = "1234567893",
			     .profile = profile,
			     .email_verified = true,
			     .updated_at = 1700000000 },
	};
	s->w.practice = s->subject.practice->id;
	standing_of(s->arena, s->subject.practice, list, count, NOW, &s->subject.standing);
	s->client = (struct client){ .client_id = "scheduler", .scopes = scheduler_scopes };
}
#define AUTO_SCENE AUTO(scene_end) struct scene

static const char *said(struct scene *s, const struct claims_ask *ask, enum claims_for for_)
{
	struct claims_ask whole = *ask;
	json_t *claims = NULL;

	whole.client = whole.client ? whole.client : &s->client;
	assert_int_equal(claims_build(&s->w, &s->subject, &whole, for_, &claims), OK);
	const char *text = json_canonical(s->arena, claims);

	json_decref(claims);
	return text;
}

static const struct assignment provider_and_manager[] = {
	{ .id = "asg_1",
	  .role_id = "provider",
	  .source = "base",
	  .locations = (const char *const[]){ "main", NULL } },
	{ .id = "asg_2",
	  .role_id = "manager",
	  .source = "base",
	  .locations = (const char *const[]){ "west", NULL },
	  .valid_until = NOW + 600 },
};

static void an_id_token_says_nothing_unasked(UNUSED void **state)
{
	AUTO_SCENE s;

	scene_begin(&s, provider_and_manager, 2);
	assert_string_equal(said(&s, &(struct claims_ask){ .scope = "openid profile email phone address" },
				 CLAIMS_ID_TOKEN),
			    "{\"sub\":\"u_ada\"}");
	assert_string_equal(said(&s,
				 &(struct claims_ask){ .scope = "openid",
						       .sid = "s_1",
						       .acr = "urn:lanyard:acr:1fa",
						       .amr = LIST("pwd"),
						       .auth_time = 5,
						       .session_expiry = 9 },
				 CLAIMS_ID_TOKEN),
			    "{\"acr\":\"urn:lanyard:acr:1fa\",\"amr\":[\"pwd\"],\"auth_time\":5,\"sid\":\"s_"
			    "1\",\"sub\":\"u_ada\"}");
}

static void manager_at_one_place_and_provider_at_another_is_nowhere_both(UNUSED void **state)
{
	AUTO_SCENE s;

	scene_begin(&s, provider_and_manager, 2);
	/* No active location: no role is held at both. */
	assert_string_equal(
		said(&s, &(struct claims_ask){ .scope = "openid clinic", .session_expiry = 9 },
		     CLAIMS_ID_TOKEN),
		"{\"clinic\":{\"assignment\":{\"exp\":1800000600,\"id\":\"asg_2\",\"src\":\"base\"},"
		"\"locations\":[{\"id\":\"main\",\"name\":\"Main Street\",\"roles\":[\"provider\"]},"
		"{\"id\":\"west\",\"name\":\"West Side\",\"roles\":[\"manager\"]}],"
		"\"person\":{\"npi\":\"1234567893\",\"taxonomy\":[\"207Q00000X\"]},"
		"\"practice\":{\"id\":\"northside\",\"name\":\"Northside Family Clinic\"},\"v\":1},"
		"\"roles\":[],\"session_expiry\":9,\"sub\":\"u_ada\",\"tenant\":\"northside\"}");
	/* At west: manager alone, and until the assignment ends. */
	assert_string_equal(said(&s, &(struct claims_ask){ .scope = "clinic", .location_id = "west" },
				 CLAIMS_ACCESS_TOKEN),
			    "{\"clinic\":{\"assignment\":{\"exp\":1800000600,\"id\":\"asg_2\",\"src\":"
			    "\"base\"},\"location\":{\"id\":\"west\"},"
			    "\"locations\":[{\"id\":\"main\",\"roles\":[\"provider\"]},{\"id\":\"west\","
			    "\"roles\":[\"manager\"]}],"
			    "\"practice\":{\"id\":\"northside\"},\"v\":1},\"roles\":[\"manager\"],\"sub\":"
			    "\"u_ada\",\"tenant\":\"northside\"}");
	/* At main: provider alone, without an end. */
	assert_string_equal(said(&s, &(struct claims_ask){ .scope = "clinic roles", .location_id = "main" },
				 CLAIMS_ACCESS_TOKEN),
			    "{\"clinic\":{\"location\":{\"id\":\"main\"},"
			    "\"locations\":[{\"id\":\"main\",\"roles\":[\"provider\"]},{\"id\":\"west\","
			    "\"roles\":[\"manager\"]}],"
			    "\"practice\":{\"id\":\"northside\"},\"v\":1},\"roles\":[\"provider\"],\"sub\":"
			    "\"u_ada\",\"tenant\":\"northside\"}");
	/* A place that is not held is not said. */
	assert_string_equal(
		said(&s, &(struct claims_ask){ .scope = "roles", .location_id = "south" }, CLAIMS_ID_TOKEN),
		"{\"roles\":[],\"sub\":\"u_ada\"}");
}

static void the_active_location_carries_its_own_time_zone(UNUSED void **state)
{
	AUTO_SCENE s;

	scene_begin(&s, provider_and_manager, 2);
	assert_non_null(strstr(
		said(&s, &(struct claims_ask){ .scope = "clinic", .location_id = "west" }, CLAIMS_ID_TOKEN),
		"\"location\":{\"id\":\"west\",\"name\":\"West Side\",\"tz\":\"America/Denver\"}"));
}

static void scopes_and_claims_go_where_they_belong(UNUSED void **state)
{
	const struct {
		const char *scope;
		enum claims_for for_;
		const char *claims;
	} cases[] = {
		{ "openid", CLAIMS_USERINFO, "{\"sub\":\"u_ada\"}" },
		{ "openid email", CLAIMS_USERINFO,
		  "{\"email\":\"Ada@north.example\",\"email_verified\":true,\"sub\":\"u_ada\"}" },
		{ "openid phone", CLAIMS_USERINFO,
		  "{\"phone_number\":\"+13125550100\",\"phone_number_verified\":true,\"sub\":\"u_ada\"}" },
		{ "openid address", CLAIMS_USERINFO,
		  "{\"address\":{\"country\":\"US\",\"locality\":\"Chicago\"},\"sub\":\"u_ada\"}" },
		{ "openid profile", CLAIMS_USERINFO,
		  "{\"birthdate\":\"1980-02-29\",\"family_name\":\"Okafor\",\"gender\":\"female\",\"given_"
		  "name\":\"Ada\",\"locale\":\"en-US\","
		  "\"middle_name\":\"Chi\",\"name\":\"Ada "
		  "Okafor\",\"nickname\":\"Adi\",\"picture\":\"https://a.example/ada.png\","
		  "\"preferred_username\":\"ada.o\",\"profile\":\"https://a.example/"
		  "ada\",\"sub\":\"u_ada\",\"updated_at\":1700000000,"
		  "\"website\":\"https://ada.example\",\"zoneinfo\":\"America/Chicago\"}" },
		{ "openid profile email", CLAIMS_ACCESS_TOKEN,
		  "{\"sub\":\"u_ada\",\"tenant\":\"northside\"}" },
		{ "openid profile email", CLAIMS_INTROSPECTION,
		  "{\"sub\":\"u_ada\",\"tenant\":\"northside\"}" },
		{ "openid groups", CLAIMS_ID_TOKEN,
		  "{\"groups\":[\"main:provider\",\"west:manager\"],\"sub\":\"u_ada\"}" },
		{ "openid groups", CLAIMS_ACCESS_TOKEN, "{\"sub\":\"u_ada\",\"tenant\":\"northside\"}" },
		{ "openid roles", CLAIMS_USERINFO, "{\"roles\":[],\"sub\":\"u_ada\"}" },
		{ "openid emails profiles clinics", CLAIMS_USERINFO, "{\"sub\":\"u_ada\"}" },
		{ NULL, CLAIMS_USERINFO, "{\"sub\":\"u_ada\"}" },
	};
	AUTO_SCENE s;

	scene_begin(&s, provider_and_manager, 2);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!text_equal(said(&s, &(struct claims_ask){ .scope = cases[i].scope }, cases[i].for_),
				cases[i].claims))
			fail_msg("case %zu: %s", i,
				 said(&s, &(struct claims_ask){ .scope = cases[i].scope }, cases[i].for_));
}

static void claims_can_be_asked_for_by_name_within_what_the_app_is_registered_for(UNUSED void **state)
{
	const struct {
		const char *requested;
		enum claims_for for_;
		const char *claims;
	} cases[] = {
		{ "{\"id_token\":{\"email\":null}}", CLAIMS_ID_TOKEN,
		  "{\"email\":\"Ada@north.example\",\"sub\":\"u_ada\"}" },
		{ "{\"id_token\":{\"email\":{\"essential\":true},\"nickname\":{\"value\":\"Zoe\"}}}",
		  CLAIMS_ID_TOKEN,
		  "{\"email\":\"Ada@north.example\",\"nickname\":\"Adi\",\"sub\":\"u_ada\"}" },
		{ "{\"userinfo\":{\"email\":null}}", CLAIMS_ID_TOKEN, "{\"sub\":\"u_ada\"}" },
		{ "{\"userinfo\":{\"given_name\":null}}", CLAIMS_USERINFO,
		  "{\"given_name\":\"Ada\",\"sub\":\"u_ada\"}" },
		{ "{\"id_token\":{\"moon\":null,\"sub\":{\"value\":\"u_bob\"},\"iss\":null}}",
		  CLAIMS_ID_TOKEN, "{\"sub\":\"u_ada\"}" },
		{ "{\"id_token\":{\"tenant\":null}}", CLAIMS_ID_TOKEN,
		  "{\"sub\":\"u_ada\",\"tenant\":\"northside\"}" },
		{ "{\"id_token\":{\"email\":null}}", CLAIMS_ACCESS_TOKEN,
		  "{\"sub\":\"u_ada\",\"tenant\":\"northside\"}" },
		{ "[]", CLAIMS_ID_TOKEN, "{\"sub\":\"u_ada\"}" },
		{ "{\"id_token\":[\"email\"]}", CLAIMS_ID_TOKEN, "{\"sub\":\"u_ada\"}" },
		{ "{\"id_token\":7}", CLAIMS_ID_TOKEN, "{\"sub\":\"u_ada\"}" },
	};
	AUTO_SCENE s;

	scene_begin(&s, provider_and_manager, 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(json_done) json_t *requested = json_read(cases[i].requested, strlen(cases[i].requested));
		const struct claims_ask ask = { .scope = "openid", .requested = requested };

		if (!text_equal(said(&s, &ask, cases[i].for_), cases[i].claims))
			fail_msg("%s: %s", cases[i].requested, said(&s, &ask, cases[i].for_));
	}
	AUTO(json_done) json_t *phone = json_read("{\"id_token\":{\"phone_number\":null}}", 34);
	const struct client narrow = { .client_id = "narrow", .scopes = LIST("openid", "email") };

	assert_string_equal(
		said(&s, &(struct claims_ask){ .scope = "openid", .requested = phone, .client = &narrow },
		     CLAIMS_ID_TOKEN),
		"{\"sub\":\"u_ada\"}");
}

static void an_app_can_ask_for_id_token_claims_for_good(UNUSED void **state)
{
	AUTO_SCENE s;

	scene_begin(&s, provider_and_manager, 2);
	s.client.id_token_claims = LIST("email", "name");
	assert_string_equal(said(&s, &(struct claims_ask){ .scope = "openid" }, CLAIMS_ID_TOKEN),
			    "{\"email\":\"Ada@north.example\",\"name\":\"Ada Okafor\",\"sub\":\"u_ada\"}");
	assert_string_equal(said(&s, &(struct claims_ask){ .scope = "openid" }, CLAIMS_USERINFO),
			    "{\"sub\":\"u_ada\"}");
}

static void beyond_twelve_locations_a_token_carries_the_active_one(UNUSED void **state)
{
	const struct assignment all[] = { { .id = "asg_1", .role_id = "owner", .source = "base" } };
	struct location many[13];
	char ids[13][8];
	AUTO_SCENE s;

	for (int i = 0; i < 13; i++) {
		snprintf(ids[i], sizeof(ids[i]), "site-%d", i);
		many[i] = (struct location){ .id = ids[i], .name = ids[i], .timezone = "UTC" };
	}
	scene_begin(&s, all, 1);
	struct practice practice = *s.subject.practice;

	practice.locations = many;
	s.subject.practice = &practice;
	for (size_t count = 12; count <= 13; count++) {
		json_t *claims = NULL;

		practice.location_count = count;
		standing_of(s.arena, &practice, all, 1, NOW, &s.subject.standing);
		for (enum claims_for for_ = CLAIMS_ID_TOKEN; for_ <= CLAIMS_INTROSPECTION; for_++) {
			bool token = for_ == CLAIMS_ID_TOKEN || for_ == CLAIMS_ACCESS_TOKEN;
			size_t expected = count == 13 && token ? 1 : count;

			assert_int_equal(claims_build(&s.w, &s.subject,
						      &(struct claims_ask){ .scope = "clinic groups",
									    .client = &s.client,
									    .location_id = "site-3" },
						      for_, &claims),
					 OK);
			const json_t *clinic = json_object_get(claims, "clinic");

			assert_int_equal(json_array_size(json_object_get(clinic, "locations")), expected);
			assert_int_equal(json_is_true(json_object_get(clinic, "locations_truncated")),
					 expected == 1);
			assert_string_equal(
				json_string_value(json_array_get(json_object_get(claims, "roles"), 0)),
				"owner");
			if (for_ != CLAIMS_ACCESS_TOKEN)
				assert_int_equal(json_array_size(json_object_get(claims, "groups")),
						 expected);
			json_decref(claims);
		}
	}
	assert_non_null(strstr(said(&s, &(struct claims_ask){ .scope = "clinic" }, CLAIMS_ID_TOKEN),
			       "\"locations\":[],\"locations_truncated\":true"));
	assert_non_null(strstr(said(&s, &(struct claims_ask){ .scope = "clinic" }, CLAIMS_ID_TOKEN),
			       "\"roles\":[\"owner\"]"));
}

static void what_is_not_stored_is_left_out(UNUSED void **state)
{
	AUTO_SCENE s;

	scene_begin(&s, NULL, 0);
	s.subject.account =
		(struct account){ .id = "u_bob", .email = "bob@north.example", .class_ = "external" };
	assert_string_equal(
		said(&s, &(struct claims_ask){ .scope = "openid profile email phone address roles groups" },
		     CLAIMS_USERINFO),
		"{\"email\":\"bob@north.example\",\"email_verified\":false,\"groups\":[],\"roles\":[],"
		"\"sub\":\"u_bob\"}");
	assert_non_null(strstr(said(&s, &(struct claims_ask){ .scope = "clinic" }, CLAIMS_ID_TOKEN),
			       "\"person\":{\"external\":true}"));
	s.subject.account.family_name = "Brown";
	assert_non_null(strstr(said(&s, &(struct claims_ask){ .scope = "profile" }, CLAIMS_USERINFO),
			       "\"name\":\"Brown\""));
}

static void a_client_for_itself_is_no_person(UNUSED void **state)
{
	json_t *claims = NULL;
	AUTO_SCENE s;

	scene_begin(&s, NULL, 0);
	assert_int_equal(claims_of_client(&s.w, &s.client, &claims), OK);
	assert_string_equal(json_canonical(s.arena, claims),
			    "{\"sub\":\"scheduler\",\"tenant\":\"northside\"}");
	json_decref(claims);
}

static void what_discovery_lists_is_what_is_built(UNUSED void **state)
{
	for (const char *const *name = claims_supported(); *name; name++)
		assert_true(claim_is_released(*name) || claims_reserved(*name));
	assert_true(text_list_has(claims_supported(), "birthdate") &&
		    text_list_has(claims_supported(), "updated_at"));
	for (size_t i = 0; i < 7; i++)
		assert_true(claims_reserved(
			((const char *const[]){ "sub", "iss", "aud", "tenant", "roles", "acr", "amr" })[i]));
	assert_false(claims_reserved("nickname"));
	assert_true(text_list_has(scopes_supported(), "offline_access"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_token_says_nothing_unasked),
		cmocka_unit_test(manager_at_one_place_and_provider_at_another_is_nowhere_both),
		cmocka_unit_test(the_active_location_carries_its_own_time_zone),
		cmocka_unit_test(scopes_and_claims_go_where_they_belong),
		cmocka_unit_test(claims_can_be_asked_for_by_name_within_what_the_app_is_registered_for),
		cmocka_unit_test(an_app_can_ask_for_id_token_claims_for_good),
		cmocka_unit_test(beyond_twelve_locations_a_token_carries_the_active_one),
		cmocka_unit_test(what_is_not_stored_is_left_out),
		cmocka_unit_test(a_client_for_itself_is_no_person),
		cmocka_unit_test(what_discovery_lists_is_what_is_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
