/* test_account.c: people declared, changed, switched off, deleted. */
#include "world.h"
#include "clinic.h"

#include "keys/secret.h"
#include "people/credential.h"

static enum err apply(struct hand *hand, const struct account_change *change, bool *created, bool *changed)
{
	const char *id = NULL;

	return in_tx(hand, account_apply(&hand->w, change, &id, created, changed));
}

static void a_person_is_created_once_and_then_found(UNUSED void **state)
{
	struct account_change change = { .email = "ada@north.example",
					 .given_name = "Ada",
					 .family_name = "Okafor",
					 .npi = "1234567893",
					 .disabled = -1 };
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "acc-create");
	assert_ok(&hand, apply(&hand, &change, &created, &changed));
	assert_true(created && changed);
	assert_ok(&hand, apply(&hand, &change, &created, &changed));
	assert_false(created || changed);
	change.family_name = "Brown";
	assert_ok(&hand, apply(&hand, &change, &created, &changed));
	assert_true(!created && changed);
	change.npi = "";
	assert_ok(&hand, apply(&hand, &change, &created, &changed));
	struct account *list = NULL;
	size_t count = 0;

	assert_ok(&hand, accounts_list(&hand.w, &list, &count));
	assert_int_equal(count, 1);
	assert_string_equal(list[0].family_name, "Brown");
	assert_string_equal(list[0].class_, "staff");
	assert_null(list[0].npi);
	assert_int_equal(list[0].epoch, 1);
	assert_true(text_starts(list[0].id, "u_"));
}

static void what_is_wrong_is_refused_by_name(UNUSED void **state)
{
	const struct {
		struct account_change change;
		const char *names;
	} cases[] = {
		{ { .email = "ada" }, "email" },
		{ { .email = "a@b.example", .class_ = "king" }, "class" },
		{ { .email = "a@b.example", .given_name = "A\nB" }, "given_name" },
		{ { .email = "a@b.example", .family_name = "\xff" }, "family_name" },
		{ { .email = "a@b.example", .npi = "12-34" }, "npi" },
		{ { .email = "a@b.example", .password_hash = "$9$x" }, "password_hash" },
	};
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "acc-wrong");
	for (size_t i = 0; i < COUNT(cases); i++)
		if (apply(&hand, &cases[i].change, &created, &changed) != ERR_DOCUMENT ||
		    !strstr(hand.w.reason, cases[i].names))
			fail_msg("case %zu: %s", i, hand.w.reason);
	hand.w.practice = "nowhere";
	assert_int_equal(apply(&hand, &(struct account_change){ .email = "a@b.example" }, &created, &changed),
			 ERR_NO_PRACTICE);
}

static void a_profile_is_sealed_and_checked(UNUSED void **state)
{
	static const struct {
		const char *json;
		enum err err;
	} cases[] = {
		{ "{\"phone_number\":\"+13125550100\",\"phone_number_verified\":true,\"address\":{"
		  "\"locality\":\"Chicago\"},\"birthdate\":\"0000-02-29\"}",
		  OK },
		{ "{\"zoneinfo\":\"Europe/Berlin\",\"locale\":\"de-DE\",\"website\":\"https://ada.example/"
		  "x\"}",
		  OK },
		{ "{\"taxonomy\":[\"207Q00000X\"],\"license\":[{\"number\":\"036.1\",\"jurisdiction\":\"IL\"}"
		  "]}",
		  OK },
		{ "{\"address\":{\"formatted\":\"12 Main "
		  "Street\\r\\nChicago\",\"street_address\":\"a\\nb\"}}",
		  OK },
		{ "{\"phone_number\":\"312 555 0100\"}", ERR_DOCUMENT },
		{ "{\"phone_number\":\"+0125550100\"}", ERR_DOCUMENT },
		{ "{\"birthdate\":\"2000-13-01\"}", ERR_DOCUMENT },
		{ "{\"birthdate\":20000101}", ERR_DOCUMENT },
		{ "{\"locale\":\"en_US\"}", ERR_DOCUMENT },
		{ "{\"zoneinfo\":\"Mars\"}", ERR_DOCUMENT },
		{ "{\"picture\":\"javascript:alert(1)\"}", ERR_DOCUMENT },
		{ "{\"picture\":\"data:x\"}", ERR_DOCUMENT },
		{ "{\"address\":{\"planet\":\"Mars\"}}", ERR_DOCUMENT },
		{ "{\"address\":\"Chicago\"}", ERR_DOCUMENT },
		{ "{\"address\":{\"formatted\":\"a\\u001b[31m\"}}", ERR_DOCUMENT },
		{ "{\"taxonomy\":[\"x\"]}", ERR_DOCUMENT },
		{ "{\"license\":[{\"type\":\"MD\"}]}", ERR_DOCUMENT },
		{ "{\"ssn\":\"078-05-1120\"}", ERR_DOCUMENT },
		{ "{\"email_verified\":true}", ERR_DOCUMENT },
		{ "[]", ERR_DOCUMENT },
	};
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "acc-profile");
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(json_done) json_t *profile = json_read(cases[i].json, strlen(cases[i].json));
		const struct account_change change = { .email = "ada@north.example",
						       .profile = profile,
						       .disabled = -1 };

		if (apply(&hand, &change, &created, &changed) != cases[i].err)
			fail_msg("%s: %s", cases[i].json, hand.w.reason ? hand.w.reason : "accepted");
	}
	struct account *list = NULL;
	size_t count = 0;

	assert_ok(&hand, accounts_list(&hand.w, &list, &count));
	assert_string_equal(json_get_text(list[0].profile, "phone_number"), "+13125550100");
	assert_true(json_get_bool(list[0].profile, "phone_number_verified", false));
	assert_string_equal(json_get_text(list[0].profile, "locale"), "de-DE");
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND body LIKE '%5550100%'",
			 V_TEXT("acc-profile")),
		0);
}

static void a_new_number_is_not_verified_and_null_removes(UNUSED void **state)
{
	static const char *const steps[] = {
		"{\"phone_number\":\"+13125550100\",\"phone_number_verified\":true,\"nickname\":\"Adi\"}",
		"{\"phone_number\":\"+13125550199\",\"nickname\":null}",
	};
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "acc-phone");
	for (size_t i = 0; i < COUNT(steps); i++) {
		AUTO(json_done) json_t *profile = json_read(steps[i], strlen(steps[i]));

		assert_ok(&hand,
			  apply(&hand,
				&(struct account_change){
					.email = "ada@north.example", .profile = profile, .disabled = -1 },
				&created, &changed));
		assert_true(changed);
		assert_ok(&hand,
			  apply(&hand,
				&(struct account_change){
					.email = "ada@north.example", .profile = profile, .disabled = -1 },
				&created, &changed));
		assert_false(changed);
	}
	struct account *list = NULL;
	size_t count = 0;

	assert_ok(&hand, accounts_list(&hand.w, &list, &count));
	assert_string_equal(json_canonical(hand.arena, list[0].profile),
			    "{\"phone_number\":\"+13125550199\"}");
}

static void a_profile_of_another_row_does_not_open(UNUSED void **state)
{
	AUTO(json_done) json_t *profile = json_pack("{s:s}", "nickname", "Adi");
	struct subject subject;
	bool created = false, changed = false;
	AUTO_HAND hand;

	world_practice(&hand, "acc-moved");
	assert_ok(&hand, apply(&hand,
			       &(struct account_change){
				       .email = "ada@north.example", .profile = profile, .disabled = -1 },
			       &created, &changed));
	const char *bob = world_person(&hand, "bob@north.example", NULL, NULL);
	static const char move[] = "UPDATE account SET profile = (SELECT b.profile FROM account b WHERE "
				   "b.practice_id = $1 AND b.email = $3)"
				   " WHERE practice_id = $1 AND id = $2";

	assert_ok(&hand,
		  db_run(&hand.w, NULL, move, V_TEXT("acc-moved"), V_TEXT(bob), V_TEXT("ada@north.example")));
	assert_int_equal(subject_load(&hand.w, bob, &subject), ERR_SEAL);
}

static void status_class_and_password_move_the_epoch(UNUSED void **state)
{
	struct subject subject;
	bool created = false, changed = false;
	char *hash = NULL;
	AUTO_HAND hand;

	world_practice(&hand, "acc-epoch");
	const char *id = world_person(&hand, "ada@north.example", NULL, NULL);
	int64_t expected = 1;

	assert_ok(&hand, apply(&hand,
			       &(struct account_change){
				       .email = "ada@north.example", .given_name = "A", .disabled = -1 },
			       &created, &changed));
	assert_ok(&hand, subject_load(&hand.w, id, &subject));
	assert_int_equal(subject.account.epoch, expected);
	assert_ok(&hand, apply(&hand,
			       &(struct account_change){
				       .email = "ada@north.example", .class_ = "external", .disabled = -1 },
			       &created, &changed));
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, id, true)));
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, id, true)));
	assert_ok(&hand, in_tx(&hand, account_set_disabled(&hand.w, id, false)));
	assert_int_equal(password_hash(world.app.passwords, hand.arena, PASSWORD, &hash), OK);
	assert_ok(&hand, in_tx(&hand, account_set_password(&hand.w, id, hash, true)));
	assert_ok(&hand, subject_load(&hand.w, id, &subject));
	assert_int_equal(subject.account.epoch, expected + 4);
	assert_true(subject.account.must_change);
	assert_int_equal(in_tx(&hand, account_set_password(&hand.w, "u_nobody", hash, true)), ERR_NOT_FOUND);
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type IN"
				  " ('account.disable', 'account.enable', 'account.password.set')",
				  V_TEXT("acc-epoch")),
			 3);
}

static void a_declared_password_never_resets_one(UNUSED void **state)
{
	struct account_match match[4];
	size_t count = 0;
	int64_t wait = 0;
	AUTO_HAND hand;

	world_practice(&hand, "acc-password");
	world_person(&hand, "ada@north.example", PASSWORD, NULL);
	world_person(&hand, "ada@north.example", OTHER_PASSWORD, NULL);
	assert_ok(&hand, credential_password(&hand.w, "acc-password", "ada@north.example", PASSWORD, match, 4,
					     &count, &wait));
	assert_int_equal(credential_password(&hand.w, "acc-password", "ada@north.example", OTHER_PASSWORD,
					     match, 4, &count, &wait),
			 ERR_SIGN_IN_FAILED);
	struct account_change weak = { .email = "bob@north.example", .password = "short" }, both = {
		.email = "bob@north.example", .password = PASSWORD, .password_hash = "x"
	};

	assert_int_equal(account_prepare(&hand.w, &weak), ERR_PASSWORD_WEAK);
	assert_int_equal(account_prepare(&hand.w, &both), ERR_DOCUMENT);
}

/* Deleted: gone with all that is its own; the audit keeps its id. */
static void a_deleted_person_leaves_only_the_audit(UNUSED void **state)
{
	static const char insert_session[] =
		"INSERT INTO session (practice_id, hash, sid, account_id, started_at, seen_at, idle_seconds, "
		"ends_at, auth_time, acr, amr,"
		" account_epoch, practice_epoch) VALUES ($1, 'h', 's_del', $2, 0, 0, 0, 0, 0, '', '', 1, 1)";
	struct subject subject;
	struct account_match match[4];
	size_t count = 9;
	AUTO_HAND hand;

	world_practice(&hand, "acc-delete");
	const char *id = world_person(&hand, "ada@north.example", PASSWORD, "billing");

	assert_ok(&hand, db_run(&hand.w, NULL, insert_session, V_TEXT("acc-delete"), V_TEXT(id)));
	assert_ok(&hand, in_tx(&hand, account_delete(&hand.w, id)));
	assert_int_equal(subject_load(&hand.w, id, &subject), ERR_NOT_FOUND);
	assert_ok(&hand, accounts_find(&hand.w, "ada@north.example", "acc-delete", match, 4, &count));
	assert_int_equal(count, 0);
	assert_int_equal(
		count_of(&hand,
			 "SELECT (SELECT COUNT(*) FROM password WHERE practice_id = $1) + (SELECT COUNT(*) "
			 "FROM assignment"
			 " WHERE practice_id = $1) + (SELECT COUNT(*) FROM session WHERE practice_id = $1)",
			 V_TEXT("acc-delete")),
		0);
	assert_true(count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND target = $2",
			     V_TEXT("acc-delete"), V_TEXT(id)) >= 3);
	assert_string_not_equal(world_person(&hand, "ada@north.example", NULL, NULL), id);
	assert_int_equal(in_tx(&hand, account_delete(&hand.w, id)), ERR_NOT_FOUND);
}

static void a_person_of_one_practice_is_nobody_in_another(UNUSED void **state)
{
	struct subject subject;
	AUTO_HAND one;
	AUTO_HAND two;

	world_practice(&one, "acc-wall-a");
	world_practice(&two, "acc-wall-b");
	const char *id = world_person(&one, "ada@north.example", NULL, "owner");

	assert_int_equal(subject_load(&two.w, id, &subject), ERR_NOT_FOUND);
	assert_int_equal(in_tx(&two, account_set_disabled(&two.w, id, true)), ERR_NOT_FOUND);
	assert_int_equal(in_tx(&two, account_delete(&two.w, id)), ERR_NOT_FOUND);
	assert_string_not_equal(world_person(&two, "ada@north.example", NULL, NULL), id);
	two.w.practice = NULL;
	assert_int_equal(subject_load(&two.w, id, &subject), ERR_NOT_FOUND);
}

static void every_door_asks_the_same_question(UNUSED void **state)
{
	static const char *const serves[] = { "northside", NULL }, *const others[] = { "southside", NULL },
				 *const owners[] = { "owner", NULL }, *const billers[] = { "billing", NULL };
	const struct assignment list[] = { { .role_id = "billing", .locations = LIST("main") } };
	const struct {
		bool practice_off, account_off;
		struct client client;
		enum err err;
	} cases[] = {
		{ false, false, { .client_id = "a", .practices = serves }, OK },
		{ false, false, { .client_id = "a", .practices = serves, .roles = billers }, OK },
		{ true, false, { .client_id = "a", .practices = serves }, ERR_ACCOUNT_DISABLED },
		{ false, true, { .client_id = "a", .practices = serves }, ERR_ACCOUNT_DISABLED },
		{ false, false, { .client_id = "a", .practices = serves, .disabled = true }, ERR_NO_ACCESS },
		{ false, false, { .client_id = "a", .practices = others }, ERR_NO_ACCESS },
		{ false, false, { .client_id = "a" }, ERR_NO_ACCESS },
		{ false, false, { .client_id = "a", .practices = serves, .roles = owners }, ERR_NO_ACCESS },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work w = { .arena = arena };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct practice *practice = clinic_make(arena, "medium", NULL);
		struct subject subject = { .practice = practice,
					   .account = { .id = "u_ada", .disabled = cases[i].account_off } };

		practice->disabled = cases[i].practice_off;
		standing_of(arena, practice, list, 1, 1000, &subject.standing);
		if (subject_may(&w, &subject, &cases[i].client) != cases[i].err)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_person_is_created_once_and_then_found),
		cmocka_unit_test(what_is_wrong_is_refused_by_name),
		cmocka_unit_test(a_profile_is_sealed_and_checked),
		cmocka_unit_test(a_new_number_is_not_verified_and_null_removes),
		cmocka_unit_test(a_profile_of_another_row_does_not_open),
		cmocka_unit_test(status_class_and_password_move_the_epoch),
		cmocka_unit_test(a_declared_password_never_resets_one),
		cmocka_unit_test(a_deleted_person_leaves_only_the_audit),
		cmocka_unit_test(a_person_of_one_practice_is_nobody_in_another),
		cmocka_unit_test(every_door_asks_the_same_question),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
