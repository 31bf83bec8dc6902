/* test_audit.c: one row for each event, whatever its fields hold (security.md I4). */
#include "world.h"

#include "people/audit.h"
#include "store/events.h"

static const struct event_row *newest(struct hand *hand)
{
	struct event_row *rows = NULL;
	size_t count = 0;

	assert_ok(hand, events_list(&hand->w, NULL, 0, 1, &rows, &count));
	assert_int_equal(count, 1);
	return &rows[0];
}

static void an_event_says_who_did_what_to_whom(UNUSED void **state)
{
	AUTO(json_done) json_t *change = json_pack("{s:[s,s]}", "name", "old", "new");
	AUTO_HAND hand;

	world_practice(&hand, "audit-who");
	snprintf(hand.w.request_id, sizeof(hand.w.request_id), "AAAA-BBBB-CCCC");
	hand.w.now_us += 1000000;
	hand.w.actor = (struct actor){ .kind = ACTOR_ACCOUNT,
				       .id = "u_ada",
				       .sid = "s_1",
				       .client_id = "scheduler",
				       .address = "192.0.2.7",
				       .user_agent = "Firefox \"140\" \\ <b>" };
	assert_ok(&hand, audit(&hand.w, &(struct audit_note){ .event = EVENT_TOKEN_ISSUED,
							      .outcome = OUTCOME_OK,
							      .jti = "jti-1",
							      .target_kind = "account",
							      .target_id = "u_bob",
							      .change = change }));
	const struct event_row *row = newest(&hand);
	AUTO(json_done) json_t *body = json_read(row->body, strlen(row->body));

	assert_string_equal(row->type, "token.issue");
	assert_string_equal(row->actor, "u_ada");
	assert_string_equal(row->target, "u_bob");
	assert_int_equal(row->at_us, hand.w.now_us);
	assert_non_null(body);
	assert_string_equal(json_get_text(body, "id"), row->id);
	json_object_del(body, "id");
	json_object_del(body, "ts");
	assert_string_equal(json_canonical(hand.arena, body),
			    "{\"actor\":{\"kind\":\"account\",\"sid\":\"s_1\",\"sub\":\"u_ada\"},\"change\":{"
			    "\"name\":[\"old\",\"new\"]},"
			    "\"client\":{\"id\":\"scheduler\"},\"corr\":{\"jti\":\"jti-1\",\"request_id\":"
			    "\"AAAA-BBBB-CCCC\"},"
			    "\"net\":{\"ip\":\"192.0.2.7\",\"ua\":\"Firefox \\\"140\\\" \\\\ "
			    "<b>\"},\"outcome\":\"ok\",\"schema\":1,"
			    "\"target\":{\"id\":\"u_bob\",\"kind\":\"account\"},\"tenant\":\"audit-who\","
			    "\"type\":\"token.issue\"}");
}

/* 100 KB of anything in every field: the row is there, and is JSON. */
static void no_field_can_keep_a_row_from_being_written(UNUSED void **state)
{
	static const struct {
		const char *says, *piece;
	} cases[] = {
		{ "letters", "a" },
		{ "emoji", "\xf0\x9f\x98\x80" },
		{ "invalid UTF-8", "\xff\xfe" },
		{ "cut UTF-8", "\xf0\x9f" },
		{ "control characters", "\x01\x02\n\r\t\x1b" },
		{ "quotes", "\"" },
		{ "backslashes", "\\" },
		{ "DEL", "\x7f" },
		{ "line separators", "\xe2\x80\xa8" },
		{ "surrogates", "\xed\xa0\x80" },
		{ "overlong", "\xc0\x80" },
		{ "markup", "</script>" },
	};
	enum { SIZE = 100 * 1024 };
	AUTO_HAND hand;

	world_practice(&hand, "audit-fields");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = arena_alloc(hand.arena, SIZE + 16);
		size_t piece = strlen(cases[i].piece);
		int before = count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1",
				      V_TEXT("audit-fields"));

		for (size_t at = 0; at + piece <= SIZE; at += piece)
			memcpy(text + at, cases[i].piece, piece);
		AUTO(json_done) json_t *detail = json_pack("{s:s%}", "text", text, (size_t)SIZE);

		hand.w.now_us += 1000000;
		hand.w.actor = (struct actor){ .kind = ACTOR_CLIENT,
					       .id = text,
					       .sid = text,
					       .client_id = text,
					       .address = text,
					       .user_agent = text };
		assert_ok(&hand, audit(&hand.w, &(struct audit_note){ .event = EVENT_SIGN_IN_FAILED,
								      .outcome = OUTCOME_FAIL,
								      .reason = text,
								      .target_kind = text,
								      .target_id = text,
								      .session_sid = text,
								      .jti = text,
								      .change = detail,
								      .extra = detail }));
		const struct event_row *row = newest(&hand);
		AUTO(json_done) json_t *body = json_read(row->body, strlen(row->body));

		assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1",
					  V_TEXT("audit-fields")),
				 before + 1);
		if (!body || strlen(row->body) > 65535)
			fail_msg("%s: %zu bytes", cases[i].says, strlen(row->body));
		assert_true(strlen(json_get_text(json_object_get(body, "net"), "ua")) <= 330);
	}
}

static void detail_that_is_too_long_is_replaced_whole(UNUSED void **state)
{
	AUTO(json_done) json_t *detail = json_array();
	AUTO_HAND hand;

	for (int i = 0; i < 20000; i++)
		json_array_append_new(detail, json_string("row"));
	world_practice(&hand, "audit-detail");
	hand.w.now_us += 1000000;
	assert_ok(&hand,
		  audit(&hand.w, &(struct audit_note){ .event = EVENT_ACCOUNT_CHANGED, .change = detail }));
	assert_non_null(strstr(newest(&hand)->body, "\"change\":{\"truncated\":true}"));
}

static void a_row_lives_and_dies_with_its_change(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "audit-tx");
	int before = count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1", V_TEXT("audit-tx"));
	{
		AUTO(tx_end) struct tx tx = tx_begin(&hand.w);

		assert_ok(&hand, audit(&hand.w, &(struct audit_note){ .event = EVENT_ACCOUNT_CHANGED }));
	}
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1", V_TEXT("audit-tx")),
		before);
	assert_ok(&hand,
		  in_tx(&hand, audit(&hand.w, &(struct audit_note){ .event = EVENT_ACCOUNT_CHANGED })));
	assert_int_equal(
		count_of(&hand, "SELECT COUNT(*) FROM event WHERE practice_id = $1", V_TEXT("audit-tx")),
		before + 1);
}

static void what_concerns_the_deployment_stands_under_no_practice(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "audit-none");
	hand.w.now_us += 3600000000;
	assert_ok(&hand, in_tx(&hand, audit(&hand.w, &(struct audit_note){ .event = EVENT_KEYS_ROTATED,
									   .target_id = "kid-1" })));
	assert_string_equal(hand.w.practice, "audit-none");
	assert_int_equal(count_of(&hand,
				  "SELECT COUNT(*) FROM event WHERE practice_id = $1 AND type = 'key.rotate'",
				  V_TEXT("audit-none")),
			 0);
	hand.w.practice = NULL;
	assert_string_equal(newest(&hand)->target, "kid-1");
}

static void each_event_has_a_type_of_its_own(UNUSED void **state)
{
	for (enum event a = 0; a < EVENT_COUNT; a++) {
		assert_non_null(event_type(a));
		for (enum event b = 0; b < a; b++)
			assert_string_not_equal(event_type(a), event_type(b));
	}
	assert_true(event_is_critical(EVENT_ROLE_GRANTED));
	assert_false(event_is_critical(EVENT_TOKEN_ISSUED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_says_who_did_what_to_whom),
		cmocka_unit_test(no_field_can_keep_a_row_from_being_written),
		cmocka_unit_test(detail_that_is_too_long_is_replaced_whole),
		cmocka_unit_test(a_row_lives_and_dies_with_its_change),
		cmocka_unit_test(what_concerns_the_deployment_stands_under_no_practice),
		cmocka_unit_test(each_event_has_a_type_of_its_own),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
