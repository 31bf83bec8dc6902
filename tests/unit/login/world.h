/* world.h: a small clinic and browsers that visit the sign-in pages as front.c would let them: guard,
 * handler, fault. No sockets. The store is the kit's (tests/kit/store_kit.h), so every test runs on each
 * engine. */
#ifndef LOGIN_WORLD_H
#define LOGIN_WORLD_H

#include "kit/store_kit.h"

#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "http/cookie.h"
#include "http/form.h"
#include "http/page.h"
#include "http/request.h"
#include "http/response_make.h"
#include "http/trouble.h"
#include "keys/password.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/flow.h"
#include "login/guard.h"
#include "login/logout.h"
#include "login/routes.h"
#include "login/session.h"
#include "login/steps.h"
#include "people/account.h"
#include "people/app_registry.h"
#include "people/practice.h"
#include "people/role.h"
#include "store/snapshot.h"

#define PASSWORD       "lantern-harbor-violet-58"
#define OTHER_PASSWORD "copper-meadow-tunnel-19"
#define NEW_PASSWORD   "orchid-basket-window-73"
#define START_US       INT64_C(1790000000000000)

static struct {
	struct config config;
	struct vault *vault;
	struct passwords *passwords;
	struct snapshots *snapshots;
	struct app app;
	struct flow_start ask; /* what the test protocol asks for */
	const char *ask_client;
	const char *ada, *ada_south, *temp, *solo; /* account ids */
	char ids[4][64];
	_Atomic int told;
	bool with_frames, frames_of_ours;
	struct logout_start logout;
	const struct route *more_routes; /* of a test's own */
} world;

/* ---- a protocol of the test's own ---- */

static enum err test_begin(struct request *rq)
{
	struct flow_start start = world.ask;

	start.kind = "test";
	start.return_to = "/test/continue";
	start.client = snapshot_client(rq->w.snapshot, world.ask_client);
	return flow_begin(rq, &start);
}

static enum err test_continue(struct request *rq)
{
	bool ready;

	TRY(flow_is_ready(rq, &ready));
	if (!ready)
		return flow_next(rq);

	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	TRY(session_joined(&rq->w, rq->session->sid, "scheduler"));
	TRY(flow_finish(rq));
	TRY(tx_commit(&tx));

	AUTO(json_done)
	json_t *body = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I}", "sub", rq->session->account_id,
				 "practice", rq->session->practice->id, "sid", rq->session->sid, "location",
				 rq->flow->location_id, "acr", rq->session->acr, "auth_time",
				 (json_int_t)rq->session->auth_time);
	return respond_json(rq, 200, body);
}

/* Finishes without looking first, as a careless protocol would. */
static enum err test_finish(struct request *rq)
{
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	TRY(flow_finish(rq));
	TRY(tx_commit(&tx));
	return respond_empty(rq, 204);
}

static enum err test_logout(struct request *rq)
{
	return logout_begin(rq, &world.logout);
}

static enum err test_secret(struct request *rq)
{
	return respond_empty(rq, 204);
}

static const struct route test_routes[] = {
	{ "GET", "/test/begin", test_begin, LANE_QUICK, SPEAKS_HTML, MAY_SESSION, 0 },
	{ "GET", "/test/continue", test_continue, LANE_QUICK, SPEAKS_HTML, NEEDS_FLOW | MAY_SESSION, 0 },
	{ "GET", "/test/finish", test_finish, LANE_QUICK, SPEAKS_HTML, NEEDS_FLOW | MAY_SESSION, 0 },
	{ "GET", "/test/logout", test_logout, LANE_QUICK, SPEAKS_HTML, MAY_SESSION, 0 },
	{ "POST", "/test/logout", test_logout, LANE_QUICK, SPEAKS_HTML, MAY_SESSION, 4 * KB },
	{ "GET", "/test/secret", test_secret, LANE_QUICK, SPEAKS_HTML, NEEDS_SESSION, 0 },
	{ "POST", "/test/secret", test_secret, LANE_QUICK, SPEAKS_HTML, NEEDS_SESSION | NEEDS_CSRF, 4 * KB },
	{ 0 },
};

/* ---- an app that is told of logouts ---- */

static enum err tell(UNUSED struct work *work, UNUSED const struct session *session,
		     UNUSED const char *client_id)
{
	assert(tx_is_open(work));
	world.told++;
	return OK;
}

static enum err frames(UNUSED struct work *work, const struct session *session, const char *client_id,
		       json_t *urls)
{
	char url[200];

	if (!world.with_frames)
		return OK;
	snprintf(url, sizeof url, "https://%s.example/out?sid=%s", client_id, session->sid);
	json_array_append_new(urls, world.frames_of_ours
					    ? json_pack("{s:s, s:s}", "address", "/form?app=1", "to", url)
					    : json_string(url));
	return OK;
}

static const struct participant test_participant = { .kind = "test", .tell = tell, .frames = frames };
static const struct participant *const test_participants[] = { &test_participant, NULL };

/* ---- the clinic ---- */

static void hand_open(struct hand *hand, const char *practice)
{
	*hand = (struct hand){ .arena = arena_new(), .db = db_open(kit_store) };
	assert_non_null(hand->db);
	work_begin(&hand->w, &world.app, hand->db, hand->arena);
	hand->w.practice = practice;
}

static void make_practice(struct hand *hand, const char *id, const char *name)
{
	AUTO(json_done)
	json_t *policy = json_pack("{s:{s:s, s:s}}", "session", "idle", "30m", "absolute", "12h");
	bool changed;

	hand->w.practice = id;
	assert_ok(hand, practice_apply(&hand->w,
				       &(struct practice_change){ .id = id,
								  .name = name,
								  .timezone = "UTC",
								  .template = "medium",
								  .policy = policy },
				       &changed));
}

static void make_places(struct hand *hand, const char *id)
{
	bool changed;

	hand->w.practice = id;
	assert_ok(hand,
		  location_apply(&hand->w, &(struct location_change){ .id = "main", .name = "Main Street" },
				 &changed));
	assert_ok(hand, location_apply(
				&hand->w,
				&(struct location_change){ .id = "west", .name = "West Side", .position = 1 },
				&changed));
}

static const char *make_person(struct hand *hand, int slot, const char *practice, const char *email,
			       bool must_change, const char *const *places)
{
	struct account_change change = {
		.email = email,
		.given_name = "Ada",
		.family_name = "Okafor",
		.class_ = "staff",
		.password = PASSWORD,
		.must_change = must_change,
		.disabled = -1,
	};
	const struct assignment held = { .role_id = "provider", .source = "base", .locations = places };
	const char *id;
	bool created, changed;

	hand->w.practice = practice;
	assert_ok(hand, account_prepare(&hand->w, &change));
	struct tx tx = tx_begin(&hand->w);
	assert_ok(hand, account_apply(&hand->w, &change, &id, &created, &changed));
	assert_ok(hand, assignments_replace(&hand->w, id, "base", &held, 1, &changed));
	assert_ok(hand, tx_commit(&tx));
	tx_end(&tx);
	snprintf(world.ids[slot], sizeof world.ids[slot], "%s", id);
	return world.ids[slot];
}

static void make_app(struct hand *hand, const char *client_id, json_t *practices, json_t *roles)
{
	AUTO(json_done)
	json_t *declared = json_pack("{s:s, s:s, s:s, s:o, s:[s], s:b, s:s, s:[s]}", "client_id", client_id,
				     "name", "Scheduler & Co", "type", "oidc", "practices", practices,
				     "redirect_uris", "https://app.example/cb", "first_party", true,
				     "token_endpoint_auth_method", "none", "scopes", "openid");
	bool created, changed;

	if (roles)
		json_object_set_new(declared, "roles", roles);
	assert_ok(hand, app_apply(&hand->w, declared, NULL, &created, &changed));
}

static void make_clinic(struct hand *hand)
{
	struct tx tx = tx_begin(&hand->w);

	make_practice(hand, "north", "Northside Clinic");
	make_practice(hand, "south", "Southside Clinic");
	assert_ok(hand, tx_commit(&tx));
	tx_end(&tx);
	assert_ok(hand, snapshot_renew(&hand->w));
	tx = tx_begin(&hand->w);
	make_places(hand, "north");
	make_places(hand, "south");
	make_app(hand, "scheduler", json_pack("[s, s]", "north", "south"), NULL);
	make_app(hand, "northern", json_pack("[s]", "north"), NULL);
	make_app(hand, "billing", json_pack("[s]", "north"), json_pack("[s]", "billing"));
	assert_ok(hand, tx_commit(&tx));
	tx_end(&tx);
	assert_ok(hand, snapshot_renew(&hand->w));
	world.ada = make_person(hand, 0, "north", "ada@clinic.example", false, NULL);
	world.ada_south = make_person(hand, 1, "south", "ada@clinic.example", false, NULL);
	world.temp = make_person(hand, 2, "north", "temp@clinic.example", true,
				 (const char *const[]){ "main", NULL });
	world.solo = make_person(hand, 3, "north", "solo@clinic.example", false,
				 (const char *const[]){ "west", NULL });
}

/* Once per engine, as its first "test". */
UNUSED static void the_clinic_opens(UNUSED void **state)
{
	uint8_t master[32] = { 7 };

	clock_freeze_us(START_US);
	world.config = (struct config){ .issuer = "http://localhost:8080",
					.issuer_host = "localhost:8080",
					.issuer_origin = "http://localhost:8080",
					.development = true };
	world.config.limits.sign_in_tries = 1000;
	world.config.limits.sign_in_window = 300;
	world.vault = vault_open((struct bytes){ master, sizeof master });
	world.passwords = passwords_open(world.vault, (struct password_cost){ 1024, 1, 4 });
	world.snapshots = snapshots_new();
	world.app = (struct app){ .config = &world.config,
				  .store = kit_store,
				  .vault = world.vault,
				  .passwords = world.passwords,
				  .snapshots = world.snapshots,
				  .participants = test_participants };
	struct hand hand;

	hand_open(&hand, NULL);
	assert_ok(&hand, snapshots_refresh(&hand.w, true));
	work_end(&hand.w);
	work_begin(&hand.w, &world.app, hand.db, hand.arena);
	make_clinic(&hand);
	hand_end(&hand);
}

/* The last one. */
UNUSED static void the_clinic_closes(UNUSED void **state)
{
	snapshots_free(world.snapshots);
	passwords_close(world.passwords);
	vault_close(world.vault);
	clock_freeze_us(0);
}

/* Each test begins at a day of its own, so that no session of another is still live. */
static int64_t day_us = START_US;

static int begin_day(UNUSED void **state)
{
	day_us += INT64_C(86400) * 1000000 * 2;
	clock_freeze_us(day_us);
	world.ask = (struct flow_start){ 0 };
	world.ask_client = "scheduler";
	world.logout = (struct logout_start){ 0 };
	world.with_frames = world.frames_of_ours = false;
	world.told = 0;
	return 0;
}

UNUSED static void seconds_pass(int64_t seconds)
{
	day_us += seconds * 1000000;
	clock_freeze_us(day_us);
}

/* Something an administrator does meanwhile. */
#define meanwhile(practice_id, call)                                                                         \
	do {                                                                                                 \
		struct hand hand;                                                                            \
		hand_open(&hand, (practice_id));                                                             \
		struct tx tx_ = tx_begin(&hand.w);                                                           \
		assert_ok(&hand, (call));                                                                    \
		assert_ok(&hand, tx_commit(&tx_));                                                           \
		tx_end(&tx_);                                                                                \
		assert_ok(&hand, snapshot_renew(&hand.w));                                                   \
		hand_end(&hand);                                                                             \
	} while (0)

#define DAY(test) cmocka_unit_test_setup(test, begin_day)

/* temp has a password that somebody else chose. */
UNUSED static void set_temporary(void)
{
	char *hash = NULL;
	struct hand made;

	hand_open(&made, "north");
	assert_ok(&made, password_hash(world.passwords, made.arena, PASSWORD, &hash));
	meanwhile("north", account_set_password(&hand.w, world.temp, hash, true));
	hand_end(&made);
}

#include "browser.h"

#endif
