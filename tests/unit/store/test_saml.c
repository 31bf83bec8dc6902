/* test_saml.c: what an app knows a session as, answers that wait. */
#include "kit/store_kit.h"

#include "store/saml.h"

#define APP        "https://sp.example/metadata"
#define OTHER      "https://other.example/metadata"
#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define TRANSIENT  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

static struct saml_session row_of(struct hand *hand, const char *index, const char *sid, const char *app)
{
	return (struct saml_session){ .session_index = index,
				      .sid = sid,
				      .client_id = app,
				      .account_id = "acc",
				      .name_id = arena_print(hand->arena, "name of %s", index),
				      .name_id_format = PERSISTENT,
				      .ends_at = hand->w.now + 3600 };
}

static struct saml_session join(struct hand *hand, const struct saml_session *row)
{
	struct saml_session out = { 0 };
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

	assert_ok(hand, saml_sessions_join(&hand->w, row, &out));
	assert_ok(hand, tx_commit(&tx));
	return out;
}

static void the_second_sign_on_of_a_session_at_an_app_finds_the_first(UNUSED void **state)
{
	struct saml_session found, *list = NULL;
	size_t count = 0;
	bool there = false;
	AUTO_HAND hand;

	hand_begin(&hand, "again");
	struct saml_session first = row_of(&hand, "i1", "s1", APP), second = row_of(&hand, "i2", "s1", APP);
	struct saml_session out = join(&hand, &first);

	assert_string_equal(out.session_index, "i1");
	assert_null(out.request_id);
	assert_null(out.sp_name_qualifier);
	assert_ok(&hand, saml_sessions_asked(&hand.w, "i1", "_request"));
	second.ends_at += 60;
	out = join(&hand, &second);
	assert_string_equal(out.session_index, "i1");
	assert_string_equal(out.name_id, "name of i1");
	assert_null(out.request_id); /* an answer to the logout before ends nothing new */
	assert_int_equal(out.ends_at, second.ends_at);
	second.name_id_format =
		TRANSIENT; /* another kind of name is another row: the first one stays as it was given */
	second.sp_name_qualifier = "group";
	out = join(&hand, &second);
	assert_string_equal(out.session_index, "i2");
	assert_string_equal(out.name_id, "name of i2");
	assert_string_equal(out.sp_name_qualifier, "group");
	assert_ok(&hand, saml_sessions_of(&hand.w, "s1", APP, &list, &count));
	assert_int_equal(count, 2);
	assert_ok(&hand, saml_sessions_find(&hand.w, "i1", APP, &found, &there));
	assert_true(there);
	assert_string_equal(found.name_id, "name of i1");
	assert_ok(&hand, saml_sessions_find(&hand.w, "i2", "urn:other", &found, &there));
	assert_false(there);
}

static void a_session_is_found_by_its_app_in_its_practice_alone(UNUSED void **state)
{
	struct saml_session found, *list = NULL;
	size_t count = 9;
	bool there = true;
	AUTO_HAND hand;

	hand_begin(&hand, "walls");
	struct saml_session row = row_of(&hand, "w1", "s2", APP);

	(void)join(&hand, &row);
	assert_ok(&hand, saml_sessions_find(&hand.w, "w1", OTHER, &found, &there));
	assert_false(there);
	assert_ok(&hand, saml_sessions_named(&hand.w, OTHER, row.name_id, &list, &count));
	assert_int_equal(count, 0);
	hand.w.practice = "elsewhere";
	assert_ok(&hand, saml_sessions_find(&hand.w, "w1", APP, &found, &there));
	assert_false(there);
	assert_ok(&hand, saml_sessions_named(&hand.w, APP, row.name_id, &list, &count));
	assert_int_equal(count, 0);
	assert_ok(&hand, saml_sessions_open(&hand.w, "s2", &list, &count));
	assert_int_equal(count, 0);
	assert_ok(&hand, saml_sessions_close(&hand.w, "w1", &there));
	assert_false(there);
	hand.w.practice = "walls";
	assert_ok(&hand, saml_sessions_find(&hand.w, "w1", APP, &found, &there));
	assert_true(there);
	assert_string_equal(found.account_id, "acc");
}

static void all_sessions_of_a_name_are_found_up_to_64(UNUSED void **state)
{
	struct saml_session *list = NULL;
	size_t count = 0;
	AUTO_HAND hand;

	hand_begin(&hand, "named");
	for (int i = 0; i < 70; i++) {
		struct saml_session row = row_of(&hand, arena_print(hand.arena, "n%d", i),
						 arena_print(hand.arena, "sid%d", i), APP);
		row.name_id = "ada";
		(void)join(&hand, &row);
	}
	assert_ok(&hand, saml_sessions_named(&hand.w, APP, "ada", &list, &count));
	assert_int_equal(count, 64);
	assert_ok(&hand, saml_sessions_named(&hand.w, APP, "eve", &list, &count));
	assert_int_equal(count, 0);
}

static void an_app_confirms_its_own_logout_once(UNUSED void **state)
{
	struct saml_session *list = NULL;
	size_t count = 0;
	bool won = true;
	AUTO_HAND hand;

	hand_begin(&hand, "confirm");
	struct saml_session one = row_of(&hand, "c1", "s3", APP), two = row_of(&hand, "c2", "s3", OTHER);

	(void)join(&hand, &one);
	(void)join(&hand, &two);
	assert_ok(&hand, saml_sessions_asked(&hand.w, "c1", "_r1"));
	assert_ok(&hand, saml_sessions_asked(&hand.w, "c2", "_r2"));
	assert_ok(&hand, saml_sessions_confirm(&hand.w, "_r1", OTHER, &won));
	assert_false(won);
	assert_ok(&hand, saml_sessions_confirm(&hand.w, "_unknown", APP, &won));
	assert_false(won);
	assert_ok(&hand, saml_sessions_confirm(&hand.w, "_r1", APP, &won));
	assert_true(won);
	assert_ok(&hand, saml_sessions_confirm(&hand.w, "_r1", APP, &won));
	assert_false(won);
	assert_ok(&hand, saml_sessions_open(&hand.w, "s3", &list, &count));
	assert_int_equal(count, 1);
	assert_string_equal(list[0].client_id, OTHER);
	assert_string_equal(list[0].request_id, "_r2");
	assert_ok(&hand, saml_sessions_close(&hand.w, "c2", &won));
	assert_true(won);
	assert_ok(&hand, saml_sessions_close(&hand.w, "c2", &won));
	assert_false(won);
}

struct tally {
	_Atomic int won, wrong;
};

static void take_artifact(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	struct bytes message = { 0 };

	tally->wrong += artifacts_take(&hand->w, "hash", APP, &message) != OK;
	tally->won += message.at != NULL && message.size == 6 && memcmp(message.at, "sealed", 6) == 0;
}

static void an_artifact_is_taken_by_its_app_once_while_it_lives(UNUSED void **state)
{
	const struct bytes sealed = BYTES_OF("sealed");
	struct bytes message = { 0 };
	struct tally tally = { 0 };
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, artifacts_insert(&hand.w, "hash", APP, sealed, hand.w.now + 60));
	assert_ok(&hand, artifacts_insert(&hand.w, "late", APP, sealed, hand.w.now));
	assert_ok(&hand, artifacts_take(&hand.w, "hash", OTHER, &message));
	assert_null(message.at);
	assert_ok(&hand, artifacts_take(&hand.w, "late", APP, &message));
	assert_null(message.at);
	crew_run(16, NULL, take_artifact, &tally);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.won, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_sign_on_of_a_session_at_an_app_finds_the_first),
		cmocka_unit_test(a_session_is_found_by_its_app_in_its_practice_alone),
		cmocka_unit_test(all_sessions_of_a_name_are_found_up_to_64),
		cmocka_unit_test(an_app_confirms_its_own_logout_once),
		cmocka_unit_test(an_artifact_is_taken_by_its_app_once_while_it_lives),
	};

	return run_on_engines(tests, COUNT(tests));
}
