/* test_steps.c: no step can be skipped, stolen, repeated or raced, and what is switched off meanwhile counts.
 */
#include "world.h"

static const char *const steps[] = { "/login/password", "/login/practice", "/login/change", "/login/location",
				     "/login/link" };

static void a_flow_is_refused_in_another_browser_at_every_step(UNUSED void **state)
{
	struct browser b = { 0 };

	world.ask.need_location = true;
	arrive(&b);
	for (int stage = 0; stage < 3; stage++) {
		struct browser thief = { 0 };
		char target[300];

		arrive(&thief); /* has a flow cookie of its own */
		snprintf(thief.flow_id, sizeof thief.flow_id, "%s", b.flow_id);
		for (size_t i = 0; i < COUNT(steps); i++) {
			snprintf(target, sizeof target, "%s?flow=%s", steps[i], b.flow_id);
			get(&thief, target);
			assert_string_equal(thief.word, "flow_other_browser");
			snprintf(thief.csrf, sizeof thief.csrf, "%s", b.csrf);
			post(&thief, steps[i],
			     "username=solo%40clinic.example&password=" PASSWORD
			     "&practice=north&location=main");
			assert_string_equal(thief.word, "flow_other_browser");
		}
		snprintf(target, sizeof target, "/test/continue?flow=%s", b.flow_id);
		get(&thief, target);
		assert_string_equal(thief.word, "flow_other_browser");
		snprintf(target, sizeof target, "/login?flow=%s", b.flow_id);
		get(&thief, target);
		assert_string_not_equal(thief.flow_id, b.flow_id);
		assert_string_equal(thief.session, "");
		if (stage == 0)
			type_password(&b, "ada@clinic.example", PASSWORD);
		else if (stage == 1)
			post(&b, "/login/practice", "practice=north");
		follow(&b);
	}
	assert_at(&b, "/login/location");
}

static void an_empty_post_advances_nothing_at_any_step(UNUSED void **state)
{
	static const struct {
		const char *email, *step;
	} cases[] = {
		{ NULL, "/login/password" },
		{ "ada@clinic.example", "/login/practice" },
		{ "temp@clinic.example", "/login/change" },
		{ "both", "/login/location" },
	};

	set_temporary();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct browser b = { 0 };
		bool both = i == 3;

		world.ask.need_location = both;
		world.ask.practice_id = both ? "north" : NULL;
		arrive(&b);
		if (cases[i].email)
			type_password(&b, both ? "ada@clinic.example" : cases[i].email, PASSWORD);
		follow(&b);
		assert_at(&b, cases[i].step);
		for (size_t s = 0; s <= COUNT(steps); s++) {
			char target[200];

			post(&b, s < COUNT(steps) ? steps[s] : "/login", "");
			snprintf(target, sizeof target, "/login?flow=%s", b.flow_id);
			get(&b, target);
			follow(&b);
			assert_at(&b, cases[i].step);
			assert_int_equal(is_signed_in(&b), both);
		}
	}
}

enum harm { ACCOUNT_OFF, ACCOUNT_OFF_AND_ON, NEW_PASSWORD_SET, PRACTICE_OFF, APP_OFF, HARM_COUNT };

static void set_practice(bool disabled)
{
	bool changed;

	meanwhile("north", practice_apply(&hand.w,
					  &(struct practice_change){ .id = "north",
								     .name = "Northside Clinic",
								     .timezone = "UTC",
								     .template = "medium",
								     .disabled = disabled },
					  &changed));
}

static void set_app(bool disabled)
{
	AUTO(json_done)
	json_t *declared =
		json_pack("{s:s, s:s, s:s, s:[s, s], s:[s], s:b, s:s, s:[s], s:b}", "client_id", "scheduler",
			  "name", "Scheduler & Co", "type", "oidc", "practices", "north", "south",
			  "redirect_uris", "https://app.example/cb", "first_party", true,
			  "token_endpoint_auth_method", "none", "scopes", "openid", "disabled", disabled);
	bool created, changed;

	meanwhile(NULL, app_apply(&hand.w, declared, NULL, &created, &changed));
}

static void do_harm(enum harm harm, const char *account_id)
{
	struct hand made;
	char *hash = NULL;

	switch (harm) {
	case ACCOUNT_OFF:
	case ACCOUNT_OFF_AND_ON:
		meanwhile("north", account_set_disabled(&hand.w, account_id, true));
		if (harm == ACCOUNT_OFF_AND_ON)
			meanwhile("north", account_set_disabled(&hand.w, account_id, false));
		break;
	case NEW_PASSWORD_SET:
		hand_open(&made, "north");
		assert_ok(&made, password_hash(world.passwords, made.arena, OTHER_PASSWORD, &hash));
		meanwhile("north", account_set_password(&hand.w, account_id, hash, false));
		hand_end(&made);
		break;
	case PRACTICE_OFF:
		set_practice(true);
		break;
	case APP_OFF:
		set_app(true);
		break;
	case HARM_COUNT:
		break;
	}
}

static void heal(const char *account_id)
{
	char *hash = NULL;
	struct hand made;

	set_practice(false);
	set_app(false);
	meanwhile("north", account_set_disabled(&hand.w, account_id, false));
	hand_open(&made, "north");
	assert_ok(&made, password_hash(world.passwords, made.arena, PASSWORD, &hash));
	meanwhile("north", account_set_password(&hand.w, account_id, hash, false));
	hand_end(&made);
}

/* Walks ada to a stage of her sign-in. */
static void walk_to(struct browser *b, int stage)
{
	arrive(b);
	if (stage >= 1)
		type_password(b, "ada@clinic.example", PASSWORD);
	if (stage >= 2)
		follow(b);
	if (stage >= 3)
		post(b, "/login/practice", "practice=north");
	if (stage >= 4)
		follow(b);
	if (stage >= 5)
		post(b, "/login/location", "location=main");
	if (stage >= 6)
		follow(b);
}

/* Tries to go on from there with everything right. */
static void try_to_go_on(struct browser *b)
{
	char target[200];

	follow(b);
	post(b, "/login/practice", "practice=north");
	follow(b);
	post(b, "/login/location", "location=main");
	follow(b);
	snprintf(target, sizeof target, "/test/continue?flow=%s", b->flow_id);
	get(b, target);
}

static void what_is_switched_off_midway_ends_the_sign_in_at_every_step(UNUSED void **state)
{
	for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
		for (int stage = 1; stage <= 6; stage++) {
			struct browser b = { 0 };

			world.ask.need_location = true;
			walk_to(&b, stage);
			do_harm(harm, world.ada);
			try_to_go_on(&b);
			if (b.status == 200 && body_has(&b, "\"sub\""))
				fail_msg("harm %d at stage %d was not noticed", (int)harm, stage);
			heal(world.ada);
		}
	}
}

struct race {
	struct browser at;
	const char *path;
	_Atomic int won, lost;
};

static void finish_one(struct hand *hand, UNUSED int number, void *context)
{
	struct race *race = context;
	struct browser *b = malloc(sizeof *b);

	assert(b);
	*b = race->at;
	request_as(b, hand, race->path, NULL);
	if (b->status == 200)
		race->won++;
	else if (strcmp(b->word, "flow_gone") == 0)
		race->lost++;
	free(b);
}

static void a_flow_finishes_once_however_many_ask(UNUSED void **state)
{
	static struct race race;
	char target[200];

	race = (struct race){ 0 };
	sign_in(&race.at, "solo@clinic.example");
	snprintf(target, sizeof target, "%s", race.at.at);
	race.path = target;
	crew_run(64, NULL, finish_one, &race);
	assert_int_equal(race.won, 1);
	assert_int_equal(race.lost, 63);
}

static void begin_one(struct hand *hand, UNUSED int number, void *context)
{
	struct race *race = context;
	struct browser *b = malloc(sizeof *b);

	assert(b);
	*b = race->at;
	request_as(b, hand, race->path, NULL);
	if (strcmp(b->session, race->at.session) != 0)
		race->won++;
	free(b);
}

static void a_proof_becomes_one_session_however_many_ask(UNUSED void **state)
{
	static struct race race;
	char target[200];
	struct hand desk;
	struct session *list;
	size_t count;

	race = (struct race){ 0 };
	arrive(&race.at);
	type_password(&race.at, "solo@clinic.example", PASSWORD);
	snprintf(target, sizeof target, "%s", race.at.at);
	race.path = target;
	crew_run(32, NULL, begin_one, &race);
	assert_int_equal(race.won, 1);
	hand_open(&desk, "north");
	assert_ok(&desk, sessions_list(&desk.w, world.solo, &list, &count));
	assert_int_equal(count, 1);
	hand_end(&desk);
}

/* ---- a random walk against a model (security.md E8) ---- */

enum step { PERSON, PRACTICE, CHANGE, LOCATION, DONE };
struct model {
	enum step step;
	bool temp_changed;
};
static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state = chance_state * 1664525u + 1013904223u;
	return (chance_state >> 8) % below;
}

static void model_person(struct model *m, const char *email, bool right)
{
	if (m->step != PERSON || !right)
		return;
	m->step = email[0] == 'a' ? PRACTICE : email[0] == 't' && !m->temp_changed ? CHANGE : DONE;
}

static void move_person(struct browser *b, struct model *m)
{
	static const char *const people[] = { "ada@clinic.example", "solo@clinic.example",
					      "temp@clinic.example", "none@clinic.example" };
	static const char *const passwords[] = { PASSWORD, NEW_PASSWORD, "", "wrong" };
	const char *email = people[chance(4)], *password = passwords[chance(4)];
	const char *right = email[0] == 't' && m->temp_changed ? NEW_PASSWORD : PASSWORD;

	type_password(b, email, password);
	model_person(m, email, email[0] != 'n' && strcmp(password, right) == 0);
}

static void move_practice(struct browser *b, struct model *m)
{
	static const char *const fields[] = { "practice=north", "practice=south",
					      "practice=", "practice=other", "" };
	uint32_t pick = chance(5);

	post(b, "/login/practice", fields[pick]);
	if (m->step == PRACTICE && pick < 2)
		m->step = LOCATION;
}

static void move_change(struct browser *b, struct model *m)
{
	static const char *const fields[] = {
		"new_password=" NEW_PASSWORD "&new_password_again=" NEW_PASSWORD,
		"",
		"new_password=" NEW_PASSWORD,
		"new_password=" PASSWORD "&new_password_again=" PASSWORD,
	};
	uint32_t pick = chance(4);

	post(b, "/login/change", fields[pick]);
	if (m->step != CHANGE || pick != 0)
		return;
	m->step = DONE;
	m->temp_changed = true;
}

static void move_location(struct browser *b, struct model *m)
{
	static const char *const fields[] = { "location=main", "location=west", "location=", "location=moon",
					      "" };
	uint32_t pick = chance(5);

	post(b, "/login/location", fields[pick]);
	if (m->step == LOCATION && pick < 2)
		m->step = DONE;
}

/* Another step's page leads to the one that is next. */
static void move_look(struct browser *b, struct model *m)
{
	char target[200];
	size_t step = chance(COUNT(steps));

	snprintf(target, sizeof target, "%s?flow=%s", steps[step], b->flow_id);
	get(b, target);
	if (step != (size_t)m->step)
		assert_int_equal(b->status, 303);
}

static void move_skip(struct browser *b, struct model *m)
{
	char target[200];

	if (m->step == DONE)
		return;
	snprintf(target, sizeof target, "/test/%s?flow=%s", chance(2) ? "finish" : "continue", b->flow_id);
	get(b, target);
	assert_false(b->status == 200 || b->status == 204);
}

static void check_model(struct browser *b, const struct model *m)
{
	char target[200];

	snprintf(target, sizeof target, "/login?flow=%s", b->flow_id);
	get(b, target);
	follow(b);
	assert_at(b, m->step == DONE ? "/test/continue" : steps[m->step]);
	assert_int_equal(is_signed_in(b), m->step >= LOCATION);
}

static void no_random_walk_reaches_a_step_that_the_model_does_not(UNUSED void **state)
{
	static void (*const moves[])(struct browser *, struct model *) = { move_person, move_practice,
									   move_change, move_location,
									   move_look,   move_skip };
	int done = 0;

	chance_state = 20260;
	for (int walk = 0; walk < 30; walk++) {
		static struct browser b;
		struct model model = { 0 };

		begin_day(NULL);
		set_temporary();
		world.ask.need_location = true;
		b = (struct browser){ 0 };
		arrive(&b);
		for (int i = 0; i < 24; i++) {
			moves[chance(COUNT(moves))](&b, &model);
			check_model(&b, &model);
		}
		if (model.step == DONE) {
			go_to_app(&b);
			assert_int_equal(b.status, 200);
			done++;
		}
	}
	assert_true(done >= 5);
}

/* Two tabs of one shared browser, both at the form; the second is answered after the first one's sign-in. */
static void a_form_that_waited_is_for_whoever_answers_it(UNUSED void **state)
{
	static const struct {
		const char *email, *password, *at; /* at NULL: still at the form */
		bool ada;
	} answers[] = {
		{ "solo%40clinic.example", PASSWORD, "/test/continue", false },
		{ "solo%40clinic.example", "not-the-password", NULL, true },
		{ "ada%40clinic.example", "not-the-password", "/test/continue", true },
		{ "%20ADA%40Clinic.Example", "not-the-password", "/test/continue", true },
	};

	world.ask.practice_id = "north";
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct browser first = { 0 }, second;

		arrive(&first);
		second = first;
		arrive(&second);
		type_password(&first, "ada@clinic.example", PASSWORD);
		follow(&first);
		assert_at(&first, "/test/continue");
		snprintf(second.session, sizeof second.session, "%s", first.session);
		snprintf(second.proof, sizeof second.proof, "%s", first.proof);
		type_password(&second, answers[i].email, answers[i].password);
		follow(&second);
		if (answers[i].at)
			assert_at(&second, answers[i].at);
		assert_string_equal(second.word, answers[i].at ? "" : "sign_in_failed");
		get(&second, "/");
		assert_int_equal(body_has(&second, "ada@clinic.example"), answers[i].ada);
		assert_int_equal(body_has(&second, "solo@clinic.example"), !answers[i].ada);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(a_flow_is_refused_in_another_browser_at_every_step),
		DAY(an_empty_post_advances_nothing_at_any_step),
		DAY(what_is_switched_off_midway_ends_the_sign_in_at_every_step),
		DAY(a_form_that_waited_is_for_whoever_answers_it),
		DAY(a_flow_finishes_once_however_many_ask),
		DAY(a_proof_becomes_one_session_however_many_ask),
		DAY(no_random_walk_reaches_a_step_that_the_model_does_not),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
