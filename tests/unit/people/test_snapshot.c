/* test_snapshot.c: the picture of practices, locations, roles and apps. */
#include "world.h"

#include "people/app_registry.h"

static enum err declare(struct hand *hand, const char *text)
{
	bool created = false, changed = false;
	AUTO(json_done) json_t *declared = json_read(text, strlen(text));

	assert_non_null(declared);
	return in_tx(hand, app_apply(&hand->w, declared, "a secret of an app", &created, &changed));
}

static void the_picture_has_what_was_declared(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "snap-all");
	assert_ok(&hand,
		  declare(&hand,
			  "{\"client_id\":\"snap-app\",\"name\":\"Scheduler\",\"practices\":[\"snap-all\"],"
			  "\"redirect_uris\":[\"https://app.example/"
			  "cb\"],\"access_token_lifetime\":\"5m\",\"scopes\":[\"openid\",\"clinic\"]}"));
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "snap-all");
	const struct client *client = snapshot_client(hand.w.snapshot, "snap-app");

	assert_string_equal(practice->name, "Test Clinic");
	assert_ptr_equal(snapshot_practice_number(hand.w.snapshot, practice->number), practice);
	assert_int_equal(practice->location_count, 2);
	assert_string_equal(practice->locations[0].id, "main");
	assert_string_equal(practice_location(practice, "west")->timezone, "America/Chicago");
	assert_true(practice_role(practice, "owner")->built_in);
	assert_true(practice_role(practice, "assigned-biller")->additive);
	assert_string_equal(client->name, "Scheduler");
	assert_string_equal(client->token_endpoint_auth_method, "client_secret_basic");
	assert_string_equal(client->id_token_signed_response_alg, "ES256");
	assert_string_equal(client->application_type, "web");
	assert_int_equal(client->access_token_lifetime, 300);
	assert_int_equal(client->refresh_token_lifetime, 43200);
	assert_true(client->require_pkce && !client->first_party && client->secret_hash);
	assert_true(text_list_has(client->grant_types, "authorization_code") &&
		    !text_list_has(client->grant_types, "refresh_token"));
	assert_null(client->roles);
	assert_true(client_serves(client, "snap-all") && !client_serves(client, "snap-other") &&
		    !client_serves(client, NULL));
	assert_null(snapshot_practice(hand.w.snapshot, "nowhere"));
	assert_null(snapshot_practice(hand.w.snapshot, NULL));
	assert_null(snapshot_practice_number(hand.w.snapshot, 0));
	assert_null(snapshot_client(hand.w.snapshot, "nothing"));
	assert_null(practice_location(practice, "moon"));
	assert_null(practice_role(practice, NULL));
	assert_null(snapshot_practice(NULL, "snap-all"));
}

static void a_work_keeps_its_picture_while_others_change_it(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND reader;
	AUTO_HAND writer;

	world_practice(&reader, "snap-hold");
	world_hand(&writer, "snap-hold");
	assert_ok(&writer, in_tx(&writer, practice_apply(&writer.w,
							 &(struct practice_change){ .id = "snap-hold",
										    .name = "Renamed" },
							 &changed)));
	assert_ok(&writer, snapshot_renew(&writer.w));
	assert_string_equal(snapshot_practice(reader.w.snapshot, "snap-hold")->name, "Test Clinic");
	assert_string_equal(snapshot_practice(writer.w.snapshot, "snap-hold")->name, "Renamed");
	assert_ok(&reader, snapshot_renew(&reader.w));
	assert_string_equal(snapshot_practice(reader.w.snapshot, "snap-hold")->name, "Renamed");
}

static void nothing_is_loaded_again_when_nothing_moved(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "snap-still");
	const struct snapshot *before = hand.w.snapshot;

	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_ptr_equal(hand.w.snapshot, before);
	assert_ok(&hand, in_tx(&hand, snapshot_touch(&hand.w)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_true(hand.w.snapshot->version > 0);
	assert_ptr_not_equal(hand.w.snapshot, before);
	before = hand.w.snapshot;
	assert_ok(&hand, snapshots_refresh(&hand.w, true));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_ptr_not_equal(hand.w.snapshot, before);
}

static void a_domain_leads_to_its_one_practice(UNUSED void **state)
{
	static const char *const domains[] = { "one.example", "shared.example", NULL };
	static const char *const others[] = { "shared.example", NULL };
	bool changed = false;
	AUTO_HAND hand;
	AUTO_HAND other;

	world_practice(&hand, "snap-domain");
	world_practice(&other, "snap-domain-b");
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w,
						     &(struct practice_change){ .id = "snap-domain",
										.domains = domains },
						     &changed)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_string_equal(snapshot_practice_domain(hand.w.snapshot, "shared.example")->id, "snap-domain");
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w,
						     &(struct practice_change){ .id = "snap-domain-b",
										.domains = others },
						     &changed)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_string_equal(snapshot_practice_domain(hand.w.snapshot, "one.example")->id, "snap-domain");
	assert_null(snapshot_practice_domain(hand.w.snapshot, "shared.example"));
	assert_null(snapshot_practice_domain(hand.w.snapshot, "none.example"));
	assert_null(snapshot_practice_domain(hand.w.snapshot, NULL));
}

static void a_deleted_practice_is_found_closed_and_its_id_is_not_given_again(UNUSED void **state)
{
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "snap-gone");
	int64_t epoch = snapshot_practice(hand.w.snapshot, "snap-gone")->epoch;

	world_person(&hand, "ada@gone.example", NULL, NULL);
	assert_ok(&hand, in_tx(&hand, practice_delete(&hand.w, "snap-gone")));
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM account_finder WHERE practice_id = $1",
				  V_TEXT("snap-gone")),
			 0);
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "snap-gone");

	assert_true(practice->disabled && practice->deleted && practice->epoch == epoch + 1);
	assert_int_equal(in_tx(&hand, practice_apply(&hand.w, &(struct practice_change){ .id = "snap-gone" },
						     &changed)),
			 ERR_CONFLICT);
	assert_int_equal(in_tx(&hand, practice_delete(&hand.w, "snap-gone")), ERR_NO_PRACTICE);
}

static void logging_everyone_out_moves_the_epoch(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "snap-epoch");
	int64_t epoch = snapshot_practice(hand.w.snapshot, "snap-epoch")->epoch;

	assert_ok(&hand, in_tx(&hand, practice_log_out_everyone(&hand.w, "snap-epoch")));
	assert_int_equal(in_tx(&hand, practice_log_out_everyone(&hand.w, "nowhere")), ERR_NO_PRACTICE);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_int_equal(snapshot_practice(hand.w.snapshot, "snap-epoch")->epoch, epoch + 1);
}

static void practices_and_locations_are_checked_and_the_same_twice_changes_nothing(UNUSED void **state)
{
	const struct {
		struct practice_change change;
		enum err err;
	} cases[] = {
		{ { .id = "Snap" }, ERR_DOCUMENT },
		{ { .id = "snap-check", .timezone = "Moon/Base" }, ERR_DOCUMENT },
		{ { .id = "snap-check", .timezone = "../../etc/passwd" }, ERR_DOCUMENT },
		{ { .id = "snap-check", .template = "huge" }, ERR_DOCUMENT },
		{ { .id = "snap-check", .name = " " }, ERR_DOCUMENT },
		{ { .id = "snap-check", .name = "a\nb" }, ERR_DOCUMENT },
		{ { .id = "snap-check", .domains = (const char *const[]){ "North.Example", NULL } },
		  ERR_DOCUMENT },
		{ { .id = "snap-check", .domains = (const char *const[]){ "10.0.0.1", NULL } },
		  ERR_DOCUMENT },
		{ { .id = "snap-check", .name = "Checked", .timezone = "Europe/Berlin" }, OK },
	};
	bool changed = false;
	AUTO_HAND hand;

	world_hand(&hand, "snap-check");
	for (size_t i = 0; i < COUNT(cases); i++)
		if (in_tx(&hand, practice_apply(&hand.w, &cases[i].change, &changed)) != cases[i].err)
			fail_msg("case %zu: %s", i, hand.w.reason);
	assert_true(changed);
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w, &cases[COUNT(cases) - 1].change, &changed)));
	assert_false(changed);
}

static enum err place(struct hand *hand, struct location_change change, bool *changed)
{
	return in_tx(hand, location_apply(&hand->w, &change, changed));
}

static void locations_form_a_tree(UNUSED void **state)
{
	static const char *const networks[] = { "103.171.247.*", "2001:db8::/32", NULL }, *const bad[] = {
		"1.*.3.4", NULL
	};
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "snap-tree");
	assert_ok(&hand,
		  place(&hand, (struct location_change){ .id = "region", .name = "Region", .position = 2 },
			&changed));
	assert_ok(&hand,
		  place(&hand,
			(struct location_change){ .id = "main", .parent_id = "region", .networks = networks },
			&changed));
	assert_ok(&hand, place(&hand, (struct location_change){ .id = "main" }, &changed));
	assert_false(changed);
	assert_int_equal(place(&hand,
			       (struct location_change){ .id = "region", .parent_id = "main", .position = 2 },
			       &changed),
			 ERR_DOCUMENT);
	assert_int_equal(
		place(&hand, (struct location_change){ .id = "region", .parent_id = "region", .position = 2 },
		      &changed),
		ERR_DOCUMENT);
	assert_int_equal(
		place(&hand, (struct location_change){ .id = "west", .parent_id = "moon" }, &changed),
		ERR_DOCUMENT);
	assert_int_equal(place(&hand, (struct location_change){ .id = "west", .networks = bad }, &changed),
			 ERR_DOCUMENT);
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct practice *practice = snapshot_practice(hand.w.snapshot, "snap-tree");

	assert_true(location_covers(practice, "region", "main") &&
		    !location_covers(practice, "region", "west"));
	assert_string_equal(practice_location(practice, "main")->networks_text[0], "103.171.247.*");
	assert_int_equal(practice_location(practice, "main")->network_count, 2);
	assert_ok(&hand,
		  place(&hand, (struct location_change){ .id = "main", .parent_id = "", .archived = true },
			&changed));
	assert_ok(&hand, snapshot_renew(&hand.w));
	practice = snapshot_practice(hand.w.snapshot, "snap-tree");
	assert_true(practice_location(practice, "main")->archived &&
		    !practice_location(practice, "main")->parent_id);
}

static void a_policy_is_checked_field_by_field(UNUSED void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "{}", NULL },
		{ "{\"session\":{\"idle\":\"30m\",\"absolute\":\"12h\"}}", NULL },
		{ "{\"password\":{\"preset\":\"classic\",\"min_length\":8}}", NULL },
		{ "{\"password\":{\"min_length\":20}}", NULL },
		{ "{\"sesion\":{}}", "policy: unknown field sesion, did you mean session?" },
		{ "{\"session\":{\"idel\":\"30m\"}}",
		  "policy: unknown field session.idel, did you mean idle?" },
		{ "{\"session\":{\"idle\":\"10s\"}}", "policy.session.idle: 1m to 24h is expected" },
		{ "{\"session\":{\"idle\":true}}", "policy.session.idle: 1m to 24h is expected" },
		{ "{\"session\":{\"idle\":\"13h\"}}", "policy.session: idle is longer than absolute" },
		{ "{\"session\":7}", "policy.session: an object is expected" },
		{ "{\"password\":{\"preset\":\"weak\"}}",
		  "policy.password.preset: nist-2025 or classic is expected" },
		{ "{\"password\":{\"min_length\":8}}",
		  "policy.password.min_length: less than 15 needs preset: classic" },
		{ "{\"password\":{\"preset\":\"classic\",\"min_length\":4}}",
		  "policy.password.min_length: 8 to 64 is expected" },
		{ "[]", "policy: an object is expected" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(json_done) json_t *policy = json_read(cases[i].json, strlen(cases[i].json));
		const char *message = "unset";
		enum err err = policy_check(arena, policy, &message);

		if (!text_equal(message, cases[i].message) || (err == OK) != !cases[i].message)
			fail_msg("%s: %s", cases[i].json, message ? message : "(none)");
	}
}

static void a_policy_has_defaults(UNUSED void **state)
{
	const struct policy none = { 0 }, classic = { .password_preset = "classic" },
			    set = { .session_idle = 60, .session_absolute = 600, .password_min_length = 20 };

	assert_int_equal(policy_session_idle(&none), 1800);
	assert_int_equal(policy_session_absolute(&none), 43200);
	assert_int_equal(policy_password_min(&none), 15);
	assert_int_equal(policy_password_min(&classic), 8);
	assert_int_equal(
		policy_session_idle(&set) + policy_session_absolute(&set) + policy_password_min(&set), 680);
}

static void a_declared_policy_reaches_the_picture(UNUSED void **state)
{
	AUTO(json_done)
	json_t *policy = json_pack("{s:{s:s, s:s}, s:{s:s}}", "session", "idle", "15m", "absolute", "8h",
				   "password", "preset", "classic");
	bool changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "snap-policy");
	assert_ok(&hand, in_tx(&hand, practice_apply(&hand.w,
						     &(struct practice_change){ .id = "snap-policy",
										.policy = policy },
						     &changed)));
	assert_ok(&hand, snapshot_renew(&hand.w));
	const struct policy *got = &snapshot_practice(hand.w.snapshot, "snap-policy")->policy;

	assert_int_equal(policy_session_idle(got), 900);
	assert_int_equal(policy_session_absolute(got), 28800);
	assert_string_equal(got->password_preset, "classic");
}

/* Readers and a writer at once; under TSan and ASan this is where a wrong count shows. */
static void hold_and_renew(struct hand *hand, int number, UNUSED void *context)
{
	bool changed = false;

	hand->w.app = &world.app;
	for (int i = 0; i < 20; i++) {
		if (number == 0 &&
		    in_tx(hand, practice_apply(&hand->w,
					       &(struct practice_change){ .id = "snap-crew",
									  .name = i % 2 ? "Odd" : "Even" },
					       &changed)) != OK)
			abort();
		if (snapshot_renew(&hand->w) != OK || !snapshot_practice(hand->w.snapshot, "snap-crew"))
			abort();
	}
}

static void many_threads_hold_and_renew_at_once(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "snap-crew");
	crew_run(8, "snap-crew", hold_and_renew, NULL);
	assert_ok(&hand, snapshot_renew(&hand.w));
	assert_string_equal(snapshot_practice(hand.w.snapshot, "snap-crew")->name, "Odd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_picture_has_what_was_declared),
		cmocka_unit_test(a_work_keeps_its_picture_while_others_change_it),
		cmocka_unit_test(nothing_is_loaded_again_when_nothing_moved),
		cmocka_unit_test(a_domain_leads_to_its_one_practice),
		cmocka_unit_test(a_deleted_practice_is_found_closed_and_its_id_is_not_given_again),
		cmocka_unit_test(logging_everyone_out_moves_the_epoch),
		cmocka_unit_test(practices_and_locations_are_checked_and_the_same_twice_changes_nothing),
		cmocka_unit_test(locations_form_a_tree),
		cmocka_unit_test(a_policy_is_checked_field_by_field),
		cmocka_unit_test(a_policy_has_defaults),
		cmocka_unit_test(a_declared_policy_reaches_the_picture),
		cmocka_unit_test(many_threads_hold_and_renew_at_once),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
