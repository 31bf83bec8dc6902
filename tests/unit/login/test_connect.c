/* test_connect.c: a sign-in goes to another provider and comes back, once, in the browser that began it. */
#include "provider.h"

/* ---- the way there ---- */

static void an_address_of_a_connections_domain_leads_to_its_provider_and_back(UNUSED void **state)
{
	struct browser b = { 0 };
	char sub[64];

	arrive(&b);
	assert_at(&b, "/login/identify");
	assert_true(body_has(&b, "data-connection=\"okta\""));
	assert_true(body_has(&b, "data-connection=\"keycloak\""));
	type_address(&b, "grace%40northside.example");
	assert_int_equal(b.status, 200);
	assert_true(strstr(b.refresh, "0;url=/login/upstream?flow=") == b.refresh);
	go_to_provider(&b);
	assert_string_equal(provider.hint, "grace@northside.example");
	assert_false(provider.fresh || provider.mfa);
	come_back(&b);
	sub_of(&b, sub);
	assert_string_not_equal(sub, "");
	assert_true(body_has(&b, "urn:lanyard:acr:1fa") && body_has(&b, "north"));
}

/* What differs in any two answers. */
static void mask(struct browser *b)
{
	static const char *const marks[] = { "name=\"csrf\" value=\"", "Reference: ", "flow_", "value=\"" };

	for (size_t i = 0; i < COUNT(marks); i++)
		for (char *at = strstr(b->body, marks[i]); at; at = strstr(at, marks[i]))
			for (at += strlen(marks[i]); *at && !strchr("\"<&", *at); at++)
				*at = '#';
}

static void known_and_unknown_people_see_the_same(UNUSED void **state)
{
	static const char *const pairs[][2] = {
		{ "solo%40clinic.example", "nobo%40clinic.example" },
		{ "solo%40northside.example", "nobo%40northside.example" },
	};
	static struct browser known, unknown;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		known = unknown = (struct browser){ 0 };
		arrive(&known);
		arrive(&unknown);
		type_address(&known, pairs[i][0]);
		type_address(&unknown, pairs[i][1]);
		assert_int_equal(known.status, i == 0 ? 303 : 200);
		follow(&known);
		follow(&unknown);
		assert_int_equal(known.status, unknown.status);
		mask(&known);
		mask(&unknown);
		assert_string_equal(known.body, unknown.body);
	}
}

static void hints_skip_the_first_page(UNUSED void **state)
{
	static const struct {
		struct flow_start ask;
		const char *hint;
	} cases[] = {
		{ { .domain_hint = "Northside.Example" }, "" },
		{ { .login_hint = "Grace@Northside.Example" }, "grace@northside.example" },
		{ { .login_hint = "grace@northside.example", .fresh = true }, "grace@northside.example" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct browser b = { 0 };

		world.ask = cases[i].ask;
		arrive(&b);
		go_to_provider(&b);
		assert_string_equal(provider.hint, cases[i].hint);
		assert_int_equal(provider.fresh, cases[i].ask.fresh);
	}
}

static void a_person_who_chooses_an_account_is_asked_first(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.login_hint = "grace@northside.example";
	world.ask.select_account = true;
	arrive(&b);
	assert_at(&b, "/login/identify");
	assert_true(body_has(&b, "value=\"grace@northside.example\""));
}

static void a_practice_is_shown_its_own_connections_alone(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.practice_id = "south";
	arrive(&b);
	assert_at(&b, "/login/password");
	assert_false(body_has(&b, "idp-button"));
	press_button(&b, "okta");
	assert_string_equal(b.word, "connection_off");
	press_button(&b, "nothing");
	assert_string_equal(b.word, "connection_off");
	assert_int_equal(provider.starts, 0);
	world.ask = (struct flow_start){ .practice_id = "south", .domain_hint = "northside.example" };
	arrive(&b);
	assert_at(&b, "/login/password");
}

static void a_provider_may_be_asked_by_form(UNUSED void **state)
{
	struct browser b = { 0 };

	provider.by_form = true;
	arrive(&b);
	press_button(&b, "okta");
	assert_int_equal(b.status, 200);
	assert_true(body_has(&b, "action=\"" ISSUER "/authorize\""));
	assert_true(body_has(&b, "name=\"RelayState\"") && body_has(&b, provider.state));
	assert_true(strstr(b.policy, "form-action 'self' " ISSUER) != NULL);
	come_back(&b);
	assert_at(&b, "/test/continue");
}

/* ---- the way back ---- */

struct race {
	struct browser at;
	char path[300];
	_Atomic int won, lost;
};

static void come_one(struct hand *hand, UNUSED int number, void *context)
{
	struct race *race = context;
	struct browser *b = malloc(sizeof *b);

	assert(b);
	*b = race->at;
	request_as(b, hand, race->path, NULL);
	if (b->status == 303)
		race->won++;
	else if (strcmp(b->word, "upstream_state") == 0)
		race->lost++;
	free(b);
}

static void an_answer_counts_once_however_many_bring_it(UNUSED void **state)
{
	static struct race race;

	race = (struct race){ 0 };
	arrive(&race.at);
	press_button(&race.at, "okta");
	go_to_provider(&race.at);
	snprintf(race.path, sizeof race.path, "/test/callback?connection=okta&state=%s", provider.state);
	crew_run(64, NULL, come_one, &race);
	assert_int_equal(race.won, 1);
	assert_int_equal(race.lost, 63);
}

static void an_answer_counts_for_its_own_sign_in_alone(UNUSED void **state)
{
	struct browser b = { 0 }, other = { 0 };
	char state_there[128], odd[160];

	arrive(&b);
	press_button(&b, "okta");
	go_to_provider(&b);
	snprintf(state_there, sizeof state_there, "%s", provider.state);

	arrive(&other);
	come_back_by(&other, "okta", state_there);
	assert_string_equal(other.word, "flow_other_browser");
	come_back_by(&b, "keycloak", state_there); /* another connection's address (security.md B11) */
	assert_string_equal(b.word, "upstream_state");
	static const char *const not_states[] = { "", "x", ".", "flow_x.y", "a.b.c" };
	for (size_t i = 0; i < COUNT(not_states); i++) {
		come_back_by(&b, "okta", not_states[i]);
		assert_string_equal(b.word, "upstream_state");
	}
	snprintf(odd, sizeof odd, "%.*s.%s", (int)strcspn(state_there, "."), state_there,
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	come_back_by(&b, "okta", odd);
	assert_string_equal(b.word, "upstream_state");
	come_back_by(&b, "okta", state_there); /* none of these has used it up */
	assert_int_equal(b.status, 303);
}

static void a_second_departure_makes_the_first_answer_void(UNUSED void **state)
{
	struct browser b = { 0 };
	char first[128];

	arrive(&b);
	press_button(&b, "okta");
	snprintf(first, sizeof first, "%s", provider.state);
	press_button(&b, "okta");
	come_back_by(&b, "okta", first);
	assert_string_equal(b.word, "upstream_state");
	come_back(&b);
	assert_at(&b, "/test/continue");
}

static void what_a_check_refused_signs_nobody_in(UNUSED void **state)
{
	struct browser b = { 0 };

	provider.refuses = "signature";
	sign_in_there(&b);
	assert_int_equal(b.status, 502);
	assert_string_equal(b.word, "upstream_answer");
	assert_true(body_has(&b, "id=\"try-again\"") && body_has(&b, "id=\"another-way\""));
	assert_false(is_signed_in(&b));
	come_back(&b); /* the state went first */
	assert_string_equal(b.word, "upstream_state");
}

static void a_proof_counts_in_the_browser_that_gave_it(UNUSED void **state)
{
	struct browser b = { 0 }, thief;
	char target[200];

	arrive(&b);
	press_button(&b, "okta");
	thief = b; /* read the flow cookie off a shared computer before */
	come_back_by(&b, "okta", provider.state);
	snprintf(target, sizeof target, "%s", b.at);
	get(&thief, target);
	follow(&thief);
	assert_string_equal(thief.at, ISSUER "/authorize");
	assert_false(is_signed_in(&thief));
	follow(&b); /* asked again, at worst */
	go_to_provider(&b);
	come_back(&b);
	assert_at(&b, "/test/continue");
}

/* ---- switched off meanwhile ---- */

static void a_connection_that_is_off_lets_nobody_in_at_any_step(UNUSED void **state)
{
	for (int stage = 0; stage < 4; stage++) {
		struct browser b = { 0 };

		arrive(&b);
		if (stage == 0)
			set_off("okta", true);
		press_button(&b, "okta");
		if (stage == 1)
			set_off("okta", true);
		if (stage > 0)
			come_back_by(&b, "okta", provider.state);
		if (stage == 2)
			set_off("okta", true);
		follow(&b);
		if (stage == 3) {
			assert_true(is_signed_in(&b));
			set_off("okta", true);
		} else {
			assert_string_equal(b.word, "connection_off");
		}
		assert_false(is_signed_in(&b));
		set_off("okta", false);
		assert_false(is_signed_in(&b));
	}
}

/* ---- what provision says ---- */

static void the_same_person_is_the_same_account_again(UNUSED void **state)
{
	struct browser first = { 0 }, second = { 0 };
	char one[64], two[64];

	provider.subject = "00u-again";
	provider.email = "again@northside.example";
	sign_in_there(&first);
	sub_of(&first, one);
	sign_in_there(&second);
	sub_of(&second, two);
	assert_string_equal(one, two);
}

static void an_account_of_that_address_is_linked_by_its_password_alone(UNUSED void **state)
{
	struct browser b = { 0 }, again = { 0 }, before;
	char sub[64];

	provider.subject = "00u-solo";
	provider.email = "solo@clinic.example";
	sign_in_there(&b);
	assert_at(&b, "/login/link");
	assert_true(body_has(&b, "value=\"solo@clinic.example\""));
	assert_false(is_signed_in(&b));
	post(&b, "/login/link", "password=not-the-password");
	assert_string_equal(b.word, "sign_in_failed");
	post(&b, "/login/link", "");
	assert_string_equal(b.word, "sign_in_failed");
	before = b;
	post(&b, "/login/link", "password=" PASSWORD);
	follow(&b);
	sub_of(&b, sub);
	assert_string_equal(sub, world.solo);
	post(&before, "/login/link", "password=" PASSWORD); /* the proof of the person there is used up */
	follow(&before);
	assert_false(is_signed_in(&before));
	sign_in_there(&again);
	sub_of(&again, sub);
	assert_string_equal(sub, world.solo);
}

static void a_link_is_not_made_in_another_browser(UNUSED void **state)
{
	struct browser b = { 0 }, thief;

	provider.subject = "00u-ada";
	provider.email = "ada@clinic.example";
	arrive(&b);
	press_button(&b, "okta");
	thief = b;
	come_back(&b);
	assert_at(&b, "/login/link");
	snprintf(thief.csrf, sizeof thief.csrf, "%s", b.csrf);
	post(&thief, "/login/link", "password=" PASSWORD);
	follow(&thief);
	assert_string_equal(thief.at, ISSUER "/authorize");
	assert_false(is_signed_in(&thief));
}

static void an_address_that_nobody_vouches_for_is_refused_whether_known_or_not(UNUSED void **state)
{
	static struct browser known, unknown;

	known = unknown = (struct browser){ 0 };
	provider.unverified = true;
	provider.subject = "00u-rogue";
	provider.email = "temp@clinic.example";
	sign_in_there(&known);
	provider.subject = "00u-other";
	provider.email = "tempo@clinic.example";
	sign_in_there(&unknown);
	assert_string_equal(known.word, "email_unverified");
	assert_int_equal(known.status, 403);
	mask(&known);
	mask(&unknown);
	assert_string_equal(known.body, unknown.body);
}

static void who_waits_for_approval_is_told_so(UNUSED void **state)
{
	struct browser b = { 0 };

	declare("holding", "north", NULL,
		json_pack("{s:{s:s}, s:n}", "provision", "on_unmapped", "hold", "default_grant"));
	provider.subject = "00u-held";
	provider.email = "held@northside.example";
	arrive(&b);
	press_button(&b, "holding");
	come_back_by(&b, "holding", provider.state);
	assert_int_equal(b.status, 403);
	assert_string_equal(b.word, "held");
	assert_true(body_has(&b, "held@northside.example"));
	assert_false(is_signed_in(&b));
}

static void the_app_s_own_person_is_not_replaced_by_another(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.expected_sub = world.solo;
	world.ask.domain_hint = "northside.example";
	arrive(&b);
	go_to_provider(&b);
	come_back(&b);
	assert_string_equal(b.word, "other_person");
	assert_false(is_signed_in(&b));
}

static void who_may_not_use_the_app_is_told_so(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask_client = "billing";
	sign_in_there(&b);
	assert_string_equal(b.word, "no_access");
	assert_false(is_signed_in(&b));
}

/* ---- strength and time ---- */

static void a_second_factor_there_counts_as_one_here(UNUSED void **state)
{
	struct browser b = { 0 };
	char sid[64], sid_after[64];

	sign_in_there(&b);
	go_to_app(&b);
	assert_true(body_has(&b, "urn:lanyard:acr:1fa"));
	find_between(b.body, "\"sid\":\"", '"', sid, sizeof sid);
	world.ask.need_acr = "urn:lanyard:acr:mfa";
	arrive(&b);
	go_to_provider(&b); /* by itself: the provider that said who it is is asked for more */
	assert_true(provider.mfa);
	assert_string_equal(provider.hint, "grace@northside.example");
	come_back(&b);
	go_to_app(&b);
	assert_string_equal(b.word, "unmet_acr");
	arrive(&b);
	go_to_provider(&b);
	provider.says_mfa = true;
	come_back(&b);
	go_to_app(&b);
	assert_true(body_has(&b, "urn:lanyard:acr:mfa"));
	find_between(b.body, "\"sid\":\"", '"', sid_after, sizeof sid_after);
	assert_string_equal(sid_after, sid);
}

static void a_provider_that_was_asked_again_has_to_have_asked_again(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.fresh = true;
	provider.auth_time = day_us / 1000000 - 3600;
	sign_in_there(&b);
	assert_true(provider.fresh);
	assert_string_equal(b.word, "upstream_answer");
	provider.auth_time = day_us / 1000000;
	sign_in_there(&b);
	assert_at(&b, "/test/continue");
}

/* An app that asks for max_age counts from here: never from the future, nor from before it asked. */
static void when_the_provider_authenticated_counts_by_our_clock(UNUSED void **state)
{
	static const struct {
		int64_t said, kept; /* seconds from now */
		bool fresh;
	} rows[] = { { -600, -600, false }, { 30, 0, false }, { -30, 0, true }, { 0, 0, true } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct browser b = { 0 };
		char kept[40];

		world.ask.fresh = rows[i].fresh;
		provider.auth_time = day_us / 1000000 + rows[i].said;
		sign_in_there(&b);
		go_to_app(&b);
		find_between(b.body, "\"auth_time\":", ',', kept, sizeof kept);
		assert_int_equal(strtoll(kept, NULL, 10), day_us / 1000000 + rows[i].kept);
	}
}

static void a_session_ends_no_later_than_the_one_there(UNUSED void **state)
{
	struct browser b = { 0 };

	provider.ends_at = day_us / 1000000 + 600;
	sign_in_there(&b);
	assert_true(is_signed_in(&b));
	seconds_pass(599);
	assert_true(is_signed_in(&b));
	seconds_pass(2);
	assert_false(is_signed_in(&b));
	provider.ends_at = day_us / 1000000 - 1;
	sign_in_there(&b);
	assert_string_equal(b.word, "upstream_answer");
}

/* ---- the local way ---- */

static void link_solo(void)
{
	struct browser b = { 0 };

	provider.subject = "00u-solo";
	provider.email = "solo@clinic.example";
	sign_in_there(&b);
	if (is_at(&b, "/login/link"))
		post(&b, "/login/link", "password=" PASSWORD);
}

static void type_locally(struct browser *b, const char *email)
{
	char target[200];

	arrive(b);
	snprintf(target, sizeof target, "/login/password?flow=%s&way=local", b->flow_id);
	get(b, target);
	type_password(b, email, PASSWORD);
	follow(b);
}

static void a_linked_account_uses_its_password_only_while_its_provider_is_down(UNUSED void **state)
{
	struct browser b = { 0 }, down = { 0 };
	struct session *list;
	struct hand hand;
	size_t count;

	link_solo();
	type_locally(&b, "solo%40clinic.example");
	assert_string_equal(b.word, "sign_in_elsewhere");
	assert_true(body_has(&b, "id=\"elsewhere\""));
	type_locally(&b, "solo2%40clinic.example");
	assert_string_equal(b.word, "sign_in_failed");

	seconds_pass(60);
	provider.down = true;
	arrive(&down);
	press_button(&down, "okta");
	assert_int_equal(down.status, 503);
	assert_string_equal(down.word, "upstream_down");
	assert_true(body_has(&down, "id=\"another-way\""));
	type_locally(&down, "solo%40clinic.example");
	assert_at(&down, "/test/continue");
	hand_open(&hand, "north");
	assert_ok(&hand, sessions_list(&hand.w, world.solo, &list, &count));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i].continuity, list[i].connection_id == NULL);
	assert_true(count >= 1 && list[0].continuity);
	assert_int_equal(list[0].ends_at - list[0].started_at, 4 * 3600);
	hand_end(&hand);

	provider.down = false;
	seconds_pass(6);
	hand_open(&hand, NULL);
	assert_ok(&hand, reach_follow(&hand.w));
	hand_end(&hand);
	b = (struct browser){ 0 };
	type_locally(&b, "solo%40clinic.example");
	assert_string_equal(b.word, "sign_in_elsewhere");
}

static void another_way_leads_to_the_password_and_stays_there(UNUSED void **state)
{
	struct browser b = { 0 };
	char target[200];

	world.ask.domain_hint = "northside.example";
	arrive(&b);
	go_to_provider(&b);
	snprintf(target, sizeof target, "/login/password?flow=%s&way=local", b.flow_id);
	get(&b, target);
	assert_int_equal(b.status, 200);
	snprintf(target, sizeof target, "/login?flow=%s", b.flow_id);
	get(&b, target);
	follow(&b);
	assert_at(&b, "/login/password");
	come_back_by(&b, "okta", provider.state); /* what was under way there is void */
	assert_string_equal(b.word, "upstream_state");
}

/* ---- the end ---- */

/* As a protocol does: one transaction for each message. */
static enum err told(struct hand *hand, const char *issuer, const char *subject, const char *sid,
		     size_t *count)
{
	const struct connection *okta = snapshot_connection(hand->w.snapshot, "okta");

	*count = 0;
	hand->w.practice = okta->practice_id;
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

	TRY(connect_logged_out(&hand->w, okta, issuer, subject, sid, count));
	return tx_commit(&tx);
}

static void the_provider_ends_what_came_from_it(UNUSED void **state)
{
	struct browser one = { 0 }, two = { 0 }, other = { 0 };
	struct hand hand;
	size_t count;

	provider.sid = "there-1";
	sign_in_there(&one);
	provider.sid = "there-2";
	sign_in_there(&two);
	provider.subject = "00u2";
	provider.email = "alan@northside.example";
	sign_in_there(&other);

	hand_open(&hand, NULL);
	assert_ok(&hand, told(&hand, ISSUER, "00u1", "there-9", &count));
	assert_int_equal(count, 0);
	assert_ok(&hand, told(&hand, "https://other.example", "00u1", NULL, &count));
	assert_int_equal(count, 0);
	assert_int_equal(told(&hand, ISSUER, NULL, NULL, &count), ERR_UPSTREAM_ANSWER);
	assert_ok(&hand, told(&hand, ISSUER, NULL, "there-1", &count));
	assert_int_equal(count, 1);
	assert_false(is_signed_in(&one));
	assert_true(is_signed_in(&two));
	assert_ok(&hand, told(&hand, ISSUER, "00u1", NULL, &count));
	assert_int_equal(count, 1);
	assert_false(is_signed_in(&two));
	assert_true(is_signed_in(&other));
	hand_end(&hand);
}

/* ---- asked again ---- */

static void declare_recheck(const char *every)
{
	declare("okta", "north", "northside.example",
		every ? json_pack("{s:s}", "recheck", every) : json_pack("{s:n}", "recheck"));
}

/* The newest session's row of what the provider is asked with. */
static struct upstream_session asked_with(struct hand *hand, const char *subject)
{
	struct upstream_session *list;
	size_t count = 0;
	const char *key = subject_key(&hand->w, "okta", ISSUER, subject);

	assert_ok(hand, upstream_sessions_named(&hand->w, "okta", key, NULL, &list, &count));
	assert_true(count > 0);
	return list[count - 1];
}

static void assert_asked_with(const char *subject, const char *expected)
{
	AUTO_HAND hand;
	struct bytes clear;

	hand_open(&hand, "north");
	struct upstream_session row = asked_with(&hand, subject);

	assert_int_equal(row.refresh.at != NULL, row.check_at != 0);
	assert_int_equal(expected != NULL, row.refresh.at != NULL);
	if (!expected)
		return;
	assert_true(row.check_at >= hand.w.now + 590 && row.check_at <= hand.w.now + 600);
	const char *seal_row = arena_print(hand.arena, "upstream_session/%s", row.sid);

	assert_int_equal(
		unseal(world.app.vault, hand.arena, "upstream_refresh", seal_row, row.refresh, &clear), OK);
	assert_int_equal(clear.size, strlen(expected));
	assert_memory_equal(clear.at, expected, clear.size);
}

static void what_a_provider_is_asked_with_again_stays_with_the_session(UNUSED void **state)
{
	struct browser b = { 0 }, linked = { 0 }, unasked = { 0 };

	declare_recheck("10m");
	provider.refresh = "what-it-gave";
	provider.subject = "00u-again";
	provider.email = "again@northside.example";
	sign_in_there(&b);
	assert_true(is_signed_in(&b));
	assert_asked_with("00u-again", "what-it-gave");

	provider.subject = "00u-linked"; /* also over the page that asks for a password */
	provider.email = "ada@clinic.example";
	sign_in_there(&linked);
	assert_at(&linked, "/login/link");
	post(&linked, "/login/link", "password=" PASSWORD);
	follow(&linked);
	assert_true(is_signed_in(&linked));
	assert_asked_with("00u-linked", "what-it-gave");
	meanwhile("north", link_remove(&hand.w, world.ada, "okta"));

	declare_recheck(NULL);
	provider.subject = "00u-unasked";
	provider.email = "unasked@northside.example";
	sign_in_there(&unasked);
	assert_true(is_signed_in(&unasked));
	assert_asked_with("00u-unasked", NULL);
	assert_asked_with("00u-again", NULL);
}

static void who_is_let_in_there_no_more_is_signed_out_once(UNUSED void **state)
{
	struct browser b = { 0 };
	AUTO_HAND hand;
	bool ended;

	provider.subject = "00u-out";
	provider.email = "out@northside.example";
	sign_in_there(&b);
	assert_true(is_signed_in(&b));
	hand_open(&hand, "north");
	const struct connection *okta = snapshot_connection(hand.w.snapshot, "okta");
	const char *sid = asked_with(&hand, "00u-out").sid;

	assert_ok(&hand, connect_let_in_no_more(&hand.w, okta, sid, "refresh_refused", &ended));
	assert_true(ended);
	assert_false(is_signed_in(&b));
	assert_ok(&hand, connect_let_in_no_more(&hand.w, okta, sid, "refresh_refused", &ended));
	assert_false(ended);
}

static void signing_out_here_signs_out_there_where_that_is_wanted(UNUSED void **state)
{
	struct browser b = { 0 };
	char target[300];

	declare("okta", "north", "northside.example", json_pack("{s:b}", "upstream_logout", true));
	world.logout.post_logout_redirect_uri = "https://app.example/bye";
	for (int down = 0; down < 2; down++) {
		provider.down = false;
		sign_in_there(&b);
		get(&b, "/test/logout");
		follow(&b);
		post(&b, "/logout", "");
		assert_int_equal(b.status, 200);
		assert_false(is_signed_in(&b));
		snprintf(target, sizeof target, "%s", strstr(b.refresh, "url=") + 4);
		assert_int_equal(strncmp(target, "/logout/upstream?flow=", 22), 0);
		provider.down = down;
		get(&b, target);
		assert_string_equal(provider.left, "the-id-token http://localhost:8080/logged-out");
		if (!down) {
			assert_string_equal(b.at, ISSUER "/logout");
			get(&b, "/logged-out");
		}
		assert_string_equal(b.at, "https://app.example/bye");
		get(&b, "/logged-out");
		assert_int_equal(b.status, 200);
	}
	declare("okta", "north", "northside.example", json_pack("{s:b}", "upstream_logout", false));
}

/* ---- what nobody asked for, and what nobody gets ---- */

static void make_app_that_begins(const char *client_id, const char *practice)
{
	AUTO(json_done)
	json_t *declared =
		json_pack("{s:s, s:s, s:s, s:[s], s:[s], s:b, s:s, s:[s], s:s}", "client_id", client_id,
			  "name", "Beginner", "type", "oidc", "practices", practice, "redirect_uris",
			  "https://begin.example/cb", "first_party", true, "token_endpoint_auth_method",
			  "none", "scopes", "openid", "initiate_login_uri", "https://begin.example/start");
	bool created, changed;

	meanwhile(NULL, app_apply(&hand.w, declared, NULL, &created, &changed));
}

static void an_answer_that_was_not_asked_for_needs_the_connection_s_consent(UNUSED void **state)
{
	static const struct {
		const char *connection, *relay, *ends_at;
	} cases[] = {
		{ "okta", "", NULL },
		{ "nothing", "", NULL },
		{ "hospital", "", "/" },
		{ "hospital", "https%3A%2F%2Fevil.example", "/" },
		{ "hospital", "scheduler", "/" }, /* has no address to begin at */
		{ "hospital", "south-beginner", "/" },
		{ "hospital", "beginner", "https://begin.example/start?iss=http%3A%2F%2Flocalhost%3A8080" },
		{ "asked-only", "beginner", NULL },
	};

	declare_saml("hospital", "north", true);
	declare_saml("asked-only", "north", false);
	make_app_that_begins("beginner", "north");
	make_app_that_begins("south-beginner", "south");
	provider.subject = "saml-1";
	provider.email = "saml@northside.example";
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct browser b = { 0 };
		char target[300];

		snprintf(target, sizeof target, "/test/unsolicited?connection=%s&relay=%s",
			 cases[i].connection, cases[i].relay);
		get(&b, target);
		follow(&b);
		assert_int_equal(is_signed_in(&b), cases[i].ends_at != NULL);
		if (cases[i].ends_at)
			assert_string_equal(b.at, cases[i].ends_at);
		else
			assert_string_equal(b.word, "connection_off");
	}
}

static void a_test_makes_nothing_and_signs_nobody_in(UNUSED void **state)
{
	static const char *const steps[] = { "/login/password", "/login/identify", "/login/link",
					     "/login/practice", "/login/change",   "/login/location" };
	char target[200];
	struct browser b = { 0 };
	struct hand hand;
	int before, after;

	hand_open(&hand, "north");
	before = count_of(&hand, "SELECT COUNT(*) FROM account WHERE practice_id = $1", V_TEXT("north"));
	provider.subject = "00u-tested";
	provider.email = "tested@northside.example";
	for (int off = 0; off < 2; off++) {
		set_off("okta", off);
		get(&b, "/test/try-out");
		follow(&b);
		assert_string_equal(b.at, ISSUER "/authorize");
		for (size_t i = 0; i < COUNT(steps); i++) { /* no other step is one of a test */
			snprintf(target, sizeof target, "%s?flow=%s&way=local", steps[i], b.flow_id);
			get(&b, target);
			follow(&b);
			assert_string_equal(b.at, ISSUER "/authorize");
		}
		come_back(&b);
		assert_int_equal(b.status, 200);
		assert_true(body_has(&b, "id=\"upstream-test\"") && body_has(&b, "tested@northside.example"));
		assert_true(body_has(&b, "<code id=\"verdict\">signed_in</code>"));
		assert_true(body_has(&b, "<code>provider</code>"));
		assert_false(is_signed_in(&b));
	}
	set_off("okta", false);
	provider.refuses = "nonce";
	get(&b, "/test/try-out");
	follow(&b);
	come_back(&b);
	assert_true(body_has(&b, "<code id=\"reason\">nonce</code>"));
	after = count_of(&hand, "SELECT COUNT(*) FROM account WHERE practice_id = $1", V_TEXT("north"));
	assert_int_equal(after, before);
	hand_end(&hand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		cmocka_unit_test(the_provider_opens),
		VISIT(an_address_of_a_connections_domain_leads_to_its_provider_and_back),
		VISIT(known_and_unknown_people_see_the_same),
		VISIT(hints_skip_the_first_page),
		VISIT(a_person_who_chooses_an_account_is_asked_first),
		VISIT(a_practice_is_shown_its_own_connections_alone),
		VISIT(a_provider_may_be_asked_by_form),
		VISIT(an_answer_counts_once_however_many_bring_it),
		VISIT(an_answer_counts_for_its_own_sign_in_alone),
		VISIT(a_second_departure_makes_the_first_answer_void),
		VISIT(what_a_check_refused_signs_nobody_in),
		VISIT(a_proof_counts_in_the_browser_that_gave_it),
		VISIT(a_connection_that_is_off_lets_nobody_in_at_any_step),
		VISIT(the_same_person_is_the_same_account_again),
		VISIT(an_account_of_that_address_is_linked_by_its_password_alone),
		VISIT(a_link_is_not_made_in_another_browser),
		VISIT(an_address_that_nobody_vouches_for_is_refused_whether_known_or_not),
		VISIT(who_waits_for_approval_is_told_so),
		VISIT(the_app_s_own_person_is_not_replaced_by_another),
		VISIT(who_may_not_use_the_app_is_told_so),
		VISIT(a_second_factor_there_counts_as_one_here),
		VISIT(a_provider_that_was_asked_again_has_to_have_asked_again),
		VISIT(when_the_provider_authenticated_counts_by_our_clock),
		VISIT(a_session_ends_no_later_than_the_one_there),
		VISIT(a_linked_account_uses_its_password_only_while_its_provider_is_down),
		VISIT(another_way_leads_to_the_password_and_stays_there),
		VISIT(the_provider_ends_what_came_from_it),
		VISIT(what_a_provider_is_asked_with_again_stays_with_the_session),
		VISIT(who_is_let_in_there_no_more_is_signed_out_once),
		VISIT(signing_out_here_signs_out_there_where_that_is_wanted),
		VISIT(an_answer_that_was_not_asked_for_needs_the_connection_s_consent),
		VISIT(a_test_makes_nothing_and_signs_nobody_in),
		cmocka_unit_test(the_provider_closes),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
