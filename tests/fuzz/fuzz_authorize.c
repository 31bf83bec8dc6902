/* fuzz_authorize.c: whatever parameters come, an answer goes to a registered address alone, and what passes
 * the checks is a request that we serve. */
#include "base/base.h"

#include <unistd.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "keys/keyring.h"
#include "keys/seal.h"
#include "oidc/ask.h"
#include "oidc/pkce.h"
#include "oidc/scope.h"
#include "store/db.h"
#include "store/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const registered[] = { "https://app.example/cb", "https://app.example/cb?keep=1", NULL };
static const char *const served[] = { "north", "off", NULL };
static const char *const grants[] = { "authorization_code", NULL };
static const char *const modes[] = { "query", "form_post", NULL };
static const char *const scopes[] = { "openid", "email", NULL };
static const char *const resources[] = { "https://api.example/", NULL };

static struct app app;
static struct config config = { .issuer = "https://id.example" };
static struct client clients[3];
static const struct location places[] = { { .id = "main", .name = "Main Street" } };
static const struct practice practices[] = {
	{ .id = "north", .name = "North", .number = 1, .locations = places, .location_count = 1 },
	{ .id = "off", .name = "Off", .number = 2, .disabled = true },
	{ .id = "south", .name = "South", .number = 3 },
};
static const struct snapshot picture = { .practices = practices,
					 .practice_count = COUNT(practices),
					 .clients = clients,
					 .client_count = COUNT(clients) };

static struct client client_of(const char *id, const char *method, bool require_pkce)
{
	return (struct client){
		.client_id = id,
		.name = id,
		.type = "oidc",
		.practices = served,
		.redirect_uris = registered,
		.token_endpoint_auth_method = method,
		.application_type = "web",
		.require_pkce = require_pkce,
		.grant_types = grants,
		.response_modes = modes,
		.scopes = scopes,
		.resources = resources,
	};
}

/* The key ring lives in a store; its file is gone as soon as it is open. */
static void open_keys(void)
{
	static const uint8_t master[32] = { 7 };
	char folder[] = "/tmp/lanyard-fuzz-XXXXXX", address[64], message[256];
	AUTO(arena_done) struct arena *arena = arena_new();
	struct work w;

	assert(mkdtemp(folder));
	(void)snprintf(address, sizeof address, "sqlite:%s/s", folder);
	app = (struct app){ .config = &config, .vault = vault_open((struct bytes){ master, sizeof master }) };
	enum err err = store_open(address, NULL, &app.store, message, sizeof message);
	assert(err == OK);
	struct db *db = db_open(app.store);

	work_begin(&w, &app, db, arena);
	err = keyring_open(&w, &app.keyring);
	assert(err == OK);
	work_end(&w);
	db_close(db);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(address, sizeof address, "%s/s%s", folder,
			       (const char *[]){ "", "-wal", "-shm" }[i]);
		(void)unlink(address);
	}
	(void)rmdir(folder);
}

static void close_world(void)
{
	keyring_close(app.keyring);
	store_close(app.store);
	vault_close(app.vault);
}

static void open_world(void)
{
	if (app.keyring)
		return;
	open_keys();
	(void)atexit(close_world);
	clients[0] = client_of("loose", "client_secret_basic", false);
	clients[1] = client_of("spa", "none", true);
	clients[2] = client_of("web", "client_secret_basic", true);
}

static void check_accepted(struct work *w, const struct ask *ask)
{
	bool may_lack =
		!ask->client->require_pkce && strcmp(ask->client->token_endpoint_auth_method, "none") != 0;

	assert(ask->answerable && text_equal(ask->response_type, "code") && !ask->request &&
	       !ask->request_uri);
	assert(ask->code_challenge ? pkce_challenge_is_sound(w->arena, ask->code_challenge) : may_lack);
	assert(scope_within(ask->granted, "openid email") && (!ask->scope || *ask->granted));
	assert(!ask->practice || text_equal(ask->practice->id, "north"));
	assert(!ask->location || text_is_slug(ask->location));
	assert(!ask->resource || text_equal(ask->resource, "https://api.example/"));
	assert(!(ask->prompts & PROMPT_NONE) || ask->prompts == PROMPT_NONE);
	assert(!ask->id_token_hint); /* none here was ever signed */
}

/* What was accepted is accepted again when it comes back from the flow row. */
static void check_carried(struct work *w, const struct ask *ask)
{
	AUTO(json_done) json_t *carried = ask_to_json(ask);
	struct ask back;

	ask_from_json(w, carried, &back);
	enum err verdict = ask_check(w, &back, ASK_CONTINUE);

	assert(verdict == OK && text_equal(back.return_uri, ask->return_uri) &&
	       text_equal(back.granted, ask->granted));
	assert(text_equal(back.expected_sub, ask->expected_sub) && back.prompts == ask->prompts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct form form;
	struct ask ask;

	open_world();
	struct work w = { .arena = arena, .app = &app, .snapshot = &picture, .now = 1790000000 };
	const char *text = arena_textn(arena, (const char *)data, size);

	if (form_parse(arena, text, size, 100, &form) != OK || ask_read(&w, &form, &ask) != OK)
		return 0;
	assert(!form.repeated);
	enum err verdict = ask_check(&w, &ask, ASK_AUTHORIZE);

	assert(!ask.answerable || text_list_has(registered, ask.return_uri));
	if (verdict == OK) {
		check_accepted(&w, &ask);
		check_carried(&w, &ask);
	}
	return 0;
}
