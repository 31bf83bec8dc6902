/* world.h: a small clinic with apps, and peers (browsers and apps) that call the provider as front.c would
 * let them: guard, handler, fault. No sockets. The store is the kit's, so every test runs on each engine. */
#ifndef OIDC_WORLD_H
#define OIDC_WORLD_H

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
#include "keys/jose.h"
#include "keys/keyring.h"
#include "keys/password.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/flow.h"
#include "login/guard.h"
#include "login/logout.h"
#include "login/routes.h"
#include "login/steps.h"
#include "oidc/ask.h"
#include "oidc/provider.h"
#include "oidc/routes.h"
#include "people/account.h"
#include "people/app_registry.h"
#include "people/practice.h"
#include "people/role.h"
#include "store/snapshot.h"

#define PASSWORD  "lantern-harbor-violet-58"
#define SECRET    "demo-secret-of-the-app-8731"
#define START_US  INT64_C(1790000000000000)
#define CALLBACK  "https://app.example/cb"
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636 appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static struct {
	struct config config;
	struct vault *vault;
	struct passwords *passwords;
	struct snapshots *snapshots;
	struct app app;
	char ada[64], ada_south[64]; /* account ids */
	char *signer_key;            /* private JWK of the app "signer" */
} world;

static const struct participant *const participants[] = { &oidc_participant, NULL };

static void hand_open(struct hand *hand, const char *practice)
{
	*hand = (struct hand){ .arena = arena_new(), .db = db_open(kit_store) };
	assert_non_null(hand->db);
	work_begin(&hand->w, &world.app, hand->db, hand->arena);
	hand->w.practice = practice;
}

/* ---- the clinic ---- */

static void make_practice(struct hand *hand, const char *id, const char *name)
{
	struct tx tx = tx_begin(&hand->w);
	bool changed;

	hand->w.practice = id;
	assert_ok(hand,
		  practice_apply(&hand->w,
				 &(struct practice_change){
					 .id = id, .name = name, .timezone = "UTC", .template = "medium" },
				 &changed));
	assert_ok(hand, tx_commit(&tx));
	assert_ok(hand, snapshot_renew(&hand->w));
	tx = tx_begin(&hand->w);
	assert_ok(hand,
		  location_apply(&hand->w, &(struct location_change){ .id = "main", .name = "Main Street" },
				 &changed));
	assert_ok(hand, location_apply(
				&hand->w,
				&(struct location_change){ .id = "west", .name = "West Side", .position = 1 },
				&changed));
	assert_ok(hand, tx_commit(&tx));
	assert_ok(hand, snapshot_renew(&hand->w));
	tx_end(&tx);
}

static void make_person(struct hand *hand, const char *practice, const char *email, char id_out[64])
{
	struct account_change change = { .email = email,
					 .given_name = "Ada",
					 .family_name = "Okafor",
					 .class_ = "staff",
					 .password = PASSWORD,
					 .disabled = -1 };
	const char *const main_only[] = { "main", NULL }, *const west_only[] = { "west", NULL };
	const struct assignment held[] = {
		{ .role_id = "provider", .source = "base", .locations = main_only },
		{ .role_id = "manager", .source = "base", .locations = west_only }
	};
	const char *id;
	bool created, changed;

	hand->w.practice = practice;
	assert_ok(hand, account_prepare(&hand->w, &change));
	struct tx tx = tx_begin(&hand->w);
	assert_ok(hand, account_apply(&hand->w, &change, &id, &created, &changed));
	assert_ok(hand, assignments_replace(&hand->w, id, "base", held, COUNT(held), &changed));
	assert_ok(hand, tx_commit(&tx));
	tx_end(&tx);
	snprintf(id_out, 64, "%s", id);
}

/* What apps have in common; the members of more come on top. */
static void make_app(struct hand *hand, const char *client_id, const char *secret, const char *more)
{
	json_t *declared = json_pack(
		"{s:s, s:s, s:s, s:[s], s:[s], s:[sss], s:[sssssss], s:b, s:[s]}", "client_id", client_id,
		"name", "Scheduler & Co", "type", "oidc", "practices", "north", "redirect_uris", CALLBACK,
		"grant_types", "authorization_code", "refresh_token", "client_credentials", "scopes",
		"openid", "profile", "email", "clinic", "roles", "groups", "offline_access", "first_party",
		true, "post_logout_redirect_uris", "https://app.example/bye");
	json_t *extra = json_loads(more, 0, NULL);
	const char *message = NULL;
	bool created, changed;

	assert_non_null(declared);
	assert_non_null(extra);
	assert_int_equal(json_object_update(declared, extra), 0);
	if (app_check(&hand->w, declared, &message) != OK)
		fail_msg("%s: %s", client_id, message);
	assert_ok(hand, app_apply(&hand->w, declared, secret, &created, &changed));
	json_decref(extra);
	json_decref(declared);
}

static void make_signer(struct hand *hand)
{
	char *private_jwk, *public_jwk, *kid;
	AUTO_BUF more = BUF(4 * KB);

	assert_int_equal(jose_generate("ES256", hand->arena, &private_jwk, &public_jwk, &kid), OK);
	buf_print(&more, "{\"token_endpoint_auth_method\": \"private_key_jwt\", \"jwks\": {\"keys\": [%s]}}",
		  public_jwk);
	make_app(hand, "signer", NULL, buf_str(&more));
	free(world.signer_key);
	world.signer_key = strdup(private_jwk);
}

static void make_apps(struct hand *hand)
{
	make_app(hand, "web", SECRET,
		 "{\"practices\": [\"north\", \"south\"], \"resources\": [\"https://api.example/\"],"
		 " \"backchannel_logout_uri\": \"https://app.example/out\", \"frontchannel_logout_uri\": "
		 "\"https://app.example/frame\"}");
	make_app(hand, "other", "another-secret-of-the-other-app-1",
		 "{\"token_endpoint_auth_method\": \"client_secret_post\", \"resources\": "
		 "[\"https://api.example/\"]}");
	make_app(hand, "spa", NULL,
		 "{\"token_endpoint_auth_method\": \"none\", \"grant_types\": [\"authorization_code\", "
		 "\"refresh_token\"]}");
	make_app(hand, "third", SECRET, "{\"first_party\": false}");
	make_app(hand, "loose", SECRET, "{\"require_pkce\": false}");
	make_app(hand, "placed", SECRET, "{\"require_location\": true}");
	make_app(hand, "pusher", SECRET, "{\"require_pushed_authorization_requests\": true}");
	make_app(hand, "queryonly", SECRET,
		 "{\"response_modes\": [\"query\"], \"grant_types\": [\"client_credentials\"]}");
	make_app(hand, "off", SECRET, "{\"disabled\": true}");
	make_signer(hand);
}

static void make_clinic(struct hand *hand)
{
	make_practice(hand, "north", "Northside Clinic");
	make_practice(hand, "south", "Southside Clinic");

	struct tx tx = tx_begin(&hand->w);
	make_apps(hand);
	assert_ok(hand, tx_commit(&tx));
	tx_end(&tx);
	assert_ok(hand, snapshot_renew(&hand->w));
	make_person(hand, "north", "ada@clinic.example", world.ada);
	make_person(hand, "south", "ada@south.example", world.ada_south);
	assert_ok(hand, keyring_open(&hand->w, &world.app.keyring));
	assert_ok(hand, oidc_start(&hand->w));
}

/* Once per engine, as its first "test". */
UNUSED static void the_clinic_opens(UNUSED void **state)
{
	uint8_t master[32] = { 7 };
	struct hand hand;

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
				  .participants = participants };
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
	oidc_stop(&world.app);
	keyring_close(world.app.keyring);
	snapshots_free(world.snapshots);
	passwords_close(world.passwords);
	vault_close(world.vault);
	free(TAKE(world.signer_key));
	clock_freeze_us(0);
}

/* Each test begins at a day of its own, so that no session of another is still live. */
static int64_t day_us = START_US;

UNUSED static int begin_day(UNUSED void **state)
{
	day_us += INT64_C(86400) * 1000000 * 2;
	clock_freeze_us(day_us);
	return 0;
}

UNUSED static void seconds_pass(int64_t seconds)
{
	day_us += seconds * 1000000;
	clock_freeze_us(day_us);
}

#define DAY(test) cmocka_unit_test_setup(test, begin_day)

/* ---- peers ---- */

struct peer {
	char session[100], flow[100], proof[100]; /* cookies of a browser */
	const char *authorization;                /* header of an app */
	int status;
	char location[8 * 1024], body[96 * 1024], challenge[300], policy[1000];
};

static void keep_cookie(struct peer *p, const char *line)
{
	const char *equals = strchr(line, '=');
	size_t size = (size_t)(equals - line);
	char *jar = strncmp(line, COOKIE_SESSION, size) == 0 ? p->session
		    : strncmp(line, COOKIE_FLOW, size) == 0  ? p->flow
		    : strncmp(line, COOKIE_PROOF, size) == 0 ? p->proof
							     : NULL;

	assert(jar);
	snprintf(jar, 100, "%.*s", (int)strcspn(equals + 1, ";"), equals + 1);
}

static void take_answer(struct peer *p, const struct request *rq)
{
	const struct response *r = rq->response;

	assert(r && r->status);
	p->status = r->status;
	snprintf(p->location, sizeof p->location, "%s", r->location ? r->location : "");
	snprintf(p->body, sizeof p->body, "%.*s", (int)r->body.size,
		 r->body.at ? (const char *)r->body.at : "");
	snprintf(p->policy, sizeof p->policy, "%s", r->policy ? r->policy : "");
	p->challenge[0] = '\0';
	for (const struct response_field *f = r->fields; f; f = f->next) {
		if (strcmp(f->name, "Set-Cookie") == 0)
			keep_cookie(p, f->value);
		if (strcmp(f->name, "WWW-Authenticate") == 0)
			snprintf(p->challenge, sizeof p->challenge, "%s", f->value);
	}
}

static const struct route *route_in(const struct route *table, const char *method, const char *path)
{
	for (; table->method; table++)
		if (strcmp(table->method, method) == 0 && strcmp(table->path, path) == 0)
			return table;
	return NULL;
}

static const struct route *route_of(const char *method, const char *path)
{
	const struct route *row = route_in(login_routes, method, path);

	return row ? row : route_in(oidc_routes, method, path);
}

static void add_cookies(struct request *rq, const struct peer *p)
{
	struct cookie *list = arena_array(rq->w.arena, struct cookie, 3);
	const struct cookie all[] = { { COOKIE_SESSION, p->session },
				      { COOKIE_FLOW, p->flow },
				      { COOKIE_PROOF, p->proof } };

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].value[0])
			list[rq->cookie_count++] =
				(struct cookie){ all[i].name, arena_text(rq->w.arena, all[i].value) };
	rq->cookies = list;
}

/* What front.c does with a request that was routed. */
static void serve(struct request *rq)
{
	bool answered = false;
	enum err err = guard_check(rq, &answered);

	if (err == OK && !answered)
		err = rq->route->handler(rq);
	if (err != OK)
		answer_fault(rq, err);
	assert(!rq->w.db || !tx_is_open(&rq->w));
}

/* One request. target: path and query; form NULL: GET. Usable from any thread with a hand of its own. */
static int request_as(struct peer *p, struct hand *hand, const char *target, const char *form)
{
	struct request rq = { 0 };
	const char *mark = strchr(target, '?');

	work_begin(&rq.w, &world.app, hand->db, hand->arena);
	rq.method = form ? METHOD_POST : METHOD_GET;
	rq.path = mark ? arena_textn(hand->arena, target, (size_t)(mark - target))
		       : arena_text(hand->arena, target);
	rq.raw_query = mark ? arena_text(hand->arena, mark + 1) : NULL;
	rq.route = route_of(form ? "POST" : "GET", rq.path);
	rq.content_type = form ? "application/x-www-form-urlencoded" : NULL;
	rq.authorization = p->authorization;
	rq.user_agent = "test/1";
	rq.w.actor.address = "192.0.2.7";
	assert(rq.route && address_parse("192.0.2.7", &rq.peer));
	add_cookies(&rq, p);
	if (rq.raw_query && form_parse(hand->arena, rq.raw_query, strlen(rq.raw_query), 100, &rq.query) != OK)
		abort();
	if (form && form_parse(hand->arena, arena_text(hand->arena, form), strlen(form), 100, &rq.form) != OK)
		abort();
	rq.messages = catalog_choose(NULL, NULL, NULL);
	serve(&rq);
	take_answer(p, &rq);
	work_end(&rq.w);
	return p->status;
}

UNUSED static int request_of(struct peer *p, const char *target, const char *form)
{
	struct hand hand = { .arena = arena_new(), .db = db_open(kit_store) };
	int status = request_as(p, &hand, target, form);

	db_close(hand.db);
	arena_done(&hand.arena);
	return status;
}

UNUSED static int get(struct peer *p, const char *target)
{
	return request_of(p, target, NULL);
}

/* The last answer's body as JSON; the caller's. */
UNUSED static json_t *body_json(const struct peer *p)
{
	json_t *json = json_read(p->body, strlen(p->body));

	if (!json)
		fail_msg("%d, not JSON: %s", p->status, p->body);
	return json;
}

/* A member of the last JSON body; "" when it is not there. Static buffers, eight at a time. */
UNUSED static const char *member(const struct peer *p, const char *name)
{
	static _Thread_local char kept[8][4096];
	static _Thread_local unsigned at;
	AUTO(json_done) json_t *json = json_read(p->body, strlen(p->body));
	const char *text = json_get_text(json, name);
	char *slot = kept[at++ % 8];

	snprintf(slot, 4096, "%s", text ? text : "");
	return slot;
}

/* A parameter of the last redirect, decoded; "" when it is not there. */
UNUSED static const char *answered(const struct peer *p, const char *name)
{
	static char kept[4][4096];
	static unsigned at;
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *query = strchr(p->location, '?');
	struct form form = { 0 };
	char *slot = kept[at++ % 4];

	if (query && form_parse(arena, query + 1, strlen(query + 1), 20, &form) != OK)
		fail_msg("not a query: %s", query);
	const char *value = form_get(&form, name);

	snprintf(slot, 4096, "%s", value ? value : "");
	return slot;
}

static void find_between(const char *text, const char *before, char *out, size_t size)
{
	const char *at = strstr(text, before);

	out[0] = '\0';
	if (at)
		snprintf(out, size, "%.*s", (int)strcspn(at + strlen(before), "\""), at + strlen(before));
}

UNUSED static void error_word(const struct peer *p, char out[64])
{
	const char *at = strstr(p->body, "<code id=\"error-code\">");

	snprintf(out, 64, "%.*s", at ? (int)strcspn(at + 22, "<") : 0, at ? at + 22 : "");
}

/* Follows our own redirects; ends at a page or a foreign address. */
UNUSED static int follow(struct peer *p)
{
	for (int i = 0; p->status == 303 && p->location[0] == '/'; i++) {
		char next[8 * 1024];

		assert_true(i < 10);
		snprintf(next, sizeof next, "%s", p->location);
		get(p, next);
	}
	return p->status;
}

/* Fills the form of the page that is shown. */
UNUSED static int submit(struct peer *p, const char *path, const char *fields)
{
	char form[2000], flow[100], csrf[200];

	find_between(p->body, "name=\"flow\" value=\"", flow, sizeof flow);
	find_between(p->body, "name=\"csrf\" value=\"", csrf, sizeof csrf);
	snprintf(form, sizeof form, "flow=%s&csrf=%s&%s", flow, csrf, fields);
	return request_of(p, path, form);
}

#define ASK_REST                                                                                             \
	"&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_challenge=" CHALLENGE          \
	"&code_challenge_method=S256&state=xyz"
#define ASK(client, scope, more) "/oauth2/authorize?client_id=" client "&scope=" scope ASK_REST more

/* From the app's redirect through the sign-in page, as far as it goes. */
UNUSED static void sign_in_as(struct peer *p, const char *target, const char *email)
{
	char fields[300];

	get(p, target);
	follow(p);
	if (!strstr(p->body, "id=\"login-form\""))
		fail_msg("no sign-in page: %d %s %s", p->status, p->location, p->body);
	snprintf(fields, sizeof fields, "username=%s&password=" PASSWORD, email);
	submit(p, "/login/password", fields);
	follow(p);
}

UNUSED static void sign_in(struct peer *p, const char *target)
{
	sign_in_as(p, target, "ada@clinic.example");
}

/* A fresh code of the app for Ada; p keeps her session. */
UNUSED static void obtain_code(struct peer *p, const char *target, char code[128])
{
	if (p->session[0])
		get(p, target);
	else
		sign_in(p, target);
	if (p->status != 303 || !answered(p, "code")[0])
		fail_msg("no code: %d %s %s", p->status, p->location, p->body);
	snprintf(code, 128, "%s", answered(p, "code"));
}

/* "Basic ..." of an app; static. */
UNUSED static const char *basic(const char *client_id, const char *secret)
{
	static _Thread_local char kept[4][512];
	static _Thread_local unsigned at;
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *joined = arena_print(arena, "%s:%s", client_id, secret);
	char *slot = kept[at++ % 4];

	snprintf(slot, 512, "Basic %s", base64_encode(arena, BYTES_OF(joined)));
	return slot;
}

UNUSED static int exchange(struct peer *app, const char *form)
{
	return request_of(app, PATH_TOKEN, form);
}

#define CODE_FORM(code_format)                                                                               \
	"grant_type=authorization_code&code=" code_format                                                    \
	"&redirect_uri=https%%3A%%2F%%2Fapp.example%%2Fcb&code_verifier=" VERIFIER

/* Redeems a code of "web"; status. */
UNUSED static int redeem(struct peer *app, const char *code)
{
	char form[6000];

	app->authorization = basic("web", SECRET);
	snprintf(form, sizeof form, CODE_FORM("%s"), code);
	return exchange(app, form);
}

UNUSED static int refresh(struct peer *app, const char *token)
{
	char form[6000];

	app->authorization = basic("web", SECRET);
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s", token);
	return exchange(app, form);
}

/* Tokens of "web" for Ada in app's last answer. */
UNUSED static void obtain_tokens(struct peer *browser, struct peer *app, const char *target)
{
	char code[128];

	obtain_code(browser, target, code);
	if (redeem(app, code) != 200)
		fail_msg("no tokens: %s", app->body);
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

#endif
