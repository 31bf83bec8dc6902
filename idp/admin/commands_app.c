/* commands_app.c: lanyard app ...: relying apps. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/app_registry.h"
#include "store/apps.h"
#include "store/db.h"
#include "store/snapshot.h"

/* Which option fills which field of the declaration. */
static const struct {
	const char *option, *field;
	bool list;
} fills[] = {
	{ "name", "name", false },
	{ "serves", "practices", true },
	{ "redirect-uri", "redirect_uris", true },
	{ "post-logout-redirect-uri", "post_logout_redirect_uris", true },
	{ "scope", "scopes", true },
	{ "grant-type", "grant_types", true },
	{ "auth-method", "token_endpoint_auth_method", false },
	{ "backchannel-logout-uri", "backchannel_logout_uri", false },
	{ "frontchannel-logout-uri", "frontchannel_logout_uri", false },
	{ "jwks-uri", "jwks_uri", false },
	{ "resource", "resources", true },
	{ "allow-role", "roles", true },
	{ "access-token-lifetime", "access_token_lifetime", false },
};
static const struct {
	const char *option, *field;
	bool value;
} flags[] = {
	{ "first-party", "first_party", true },
	{ "require-location", "require_location", true },
	{ "disable", "disabled", true },
	{ "enable", "disabled", false },
};

static void release_json(void *thing)
{
	json_decref(thing);
}

static void fill(struct work *work, json_t *declared, const json_t *arguments)
{
	for (size_t i = 0; i < COUNT(fills); i++) {
		if (fills[i].list && arg_list(work, arguments, fills[i].option))
			json_set(declared, fills[i].field,
				 json_list(arg_list(work, arguments, fills[i].option)));
		else if (!fills[i].list)
			json_set_text(declared, fills[i].field, arg(arguments, fills[i].option));
	}
	for (size_t i = 0; i < COUNT(flags); i++)
		if (arg_is(arguments, flags[i].option))
			json_set(declared, flags[i].field, json_boolean(flags[i].value));
	if (arg_is(arguments, "native"))
		json_set_text(declared, "application_type", "native");
	if (arg_is(arguments, "public"))
		json_set_text(declared, "token_endpoint_auth_method", "none");
}

/* The declaration that stands, or an empty one. */
static json_t *declaration_of(struct work *work, const struct client *client)
{
	json_t *declared = client && client->metadata ? json_deep_copy(client->metadata) : json_object();

	arena_defer(work->arena, release_json, declared);
	if (!client)
		return declared;
	json_set_text(declared, "client_id", client->client_id);
	json_set_text(declared, "name", client->name);
	json_set_text(declared, "type", client->type);
	json_set(declared, "practices", json_list(client->practices));
	json_set(declared, "disabled", json_boolean(client->disabled));
	return declared;
}

static enum err practices_known(struct work *work, const json_t *declared)
{
	const char *const *list = json_get_list(work->arena, declared, "practices");

	for (; list && *list; list++) {
		const struct practice *practice = snapshot_practice(work->snapshot, *list);
		if (!practice || practice->deleted)
			return fault(work, ERR_NO_PRACTICE, "there is no practice %s", *list);
	}
	return OK;
}

static enum err write_app(struct work *work, const json_t *declared, const char *secret, bool *changed)
{
	const char *message = NULL;
	bool created = false;

	enum err err = app_check(work, declared, &message);

	if (err == ERR_DOCUMENT)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s", message);
	TRY(err);
	TRY(practices_known(work, declared));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(app_apply(work, declared, secret, &created, changed));
	return tx_commit(&tx);
}

static enum err client_meant(struct work *work, const json_t *arguments, const struct client **out)
{
	const char *id = arg(arguments, "client_id");

	*out = snapshot_client(work->snapshot, id);
	return *out && !(*out)->deleted ? OK : fault(work, ERR_NOT_FOUND, "there is no app %s", id);
}

static json_t *app_row(const struct client *client)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:b}", "client_id", client->client_id, "name",
			 client->name, "type", client->type, "practices", json_list(client->practices),
			 "status", client->disabled ? "disabled" : "active", "first_party",
			 client->first_party);
}

static enum err app_list(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	const struct snapshot *snapshot = work->snapshot;
	const char *practice = arg(arguments, "practice");

	(void)message, (void)code;
	*result = json_array();
	for (size_t i = 0; snapshot && i < snapshot->client_count; i++)
		if (!snapshot->clients[i].deleted &&
		    (!practice || client_serves(&snapshot->clients[i], practice)))
			append(*result, app_row(&snapshot->clients[i]));
	return OK;
}

static enum err app_show(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	const struct client *client;

	(void)message, (void)code;
	TRY(client_meant(work, arguments, &client));
	*result = json_copy(declaration_of(work, client));
	json_set(*result, "has_secret", json_boolean(client->secret_hash != NULL));
	return OK;
}

static bool needs_secret(const json_t *declared)
{
	const char *method = json_get_text(declared, "token_endpoint_auth_method");

	return !method || text_starts(method, "client_secret_");
}

static enum err app_add(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code)
{
	json_t *declared = declaration_of(work, NULL);
	bool changed = false;
	AUTO(secret_wipe) struct secret secret = secret_new();

	(void)code;
	if (snapshot_client(work->snapshot, arg(arguments, "client_id")))
		return fault(work, ERR_CONFLICT, "there is or was an app %s; ids are never given again",
			     arg(arguments, "client_id"));
	json_set_text(declared, "client_id", arg(arguments, "client_id"));
	json_set_text(declared, "type", "oidc");
	fill(work, declared, arguments);
	bool secret_needed = needs_secret(declared);

	TRY(write_app(work, declared, secret_needed ? secret.text : NULL, &changed));
	*result = json_pack(
		"{s:s, s:s, s:s}", "client_id", arg(arguments, "client_id"), "issuer",
		work->app->config->issuer, "discovery",
		arena_print(work->arena, "%s/.well-known/openid-configuration", work->app->config->issuer));
	if (secret_needed)
		json_set_text(*result, "client_secret", secret.text);
	*message = secret_needed ? "The secret is shown once. Replace it: lanyard app rotate-secret." : NULL;
	return OK;
}

static enum err app_set(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code)
{
	const struct client *client;
	bool changed = false;

	(void)code;
	TRY(client_meant(work, arguments, &client));
	json_t *declared = declaration_of(work, client);

	fill(work, declared, arguments);
	TRY(write_app(work, declared, NULL, &changed));
	*result = json_pack("{s:s, s:b}", "client_id", arg(arguments, "client_id"), "changed", changed);
	*message = changed ? NULL : "Nothing to change.";
	return OK;
}

static enum err app_rotate_secret(struct work *work, const json_t *arguments, json_t **result,
				  const char **message, int *code)
{
	const struct client *client;
	AUTO(secret_wipe) struct secret secret = secret_new();

	(void)code;
	TRY(client_meant(work, arguments, &client));
	if (!text_starts(client->token_endpoint_auth_method, "client_secret_"))
		return fault(work, ERR_CONFLICT, "%s does not use a secret (%s)", client->client_id,
			     client->token_endpoint_auth_method);
	const char *id = client->client_id;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(app_set_secret(work, id, secret.text));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s}", "client_id", id, "client_secret", secret.text);
	*message = "The secret is shown once; the one before is worth nothing now.";
	return OK;
}

static enum err app_remove(struct work *work, const json_t *arguments, json_t **result, const char **message,
			   int *code)
{
	const struct client *client;

	(void)code;
	TRY(client_meant(work, arguments, &client));
	const char *id = client->client_id;

	TRY(confirmed(work, arguments, id, "the id of a deleted app is never given again"));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(app_delete(work, id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s}", "client_id", id);
	*message = "Its refresh tokens have ended.";
	return OK;
}

#define CLIENT                                                                                               \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"client_id", NULL                                                                            \
	}
#define NOTHING                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		NULL                                                                                         \
	}
#define FIELDS                                                                                               \
	"name=", "serves=*", "redirect-uri=*", "post-logout-redirect-uri=*", "scope=*", "grant-type=*",      \
		"auth-method=", "backchannel-logout-uri=", "frontchannel-logout-uri=", "jwks-uri=",          \
		"resource=*", "allow-role=*", "access-token-lifetime=", "first-party", "require-location",   \
		"native", "public"

/* clang-format off */
const struct command app_commands[] = {
	{ "app", "add", "app add CLIENT_ID --name N --serves PRACTICE --redirect-uri URI [--scope S]...", "register an app; its secret is shown once",
	  "lanyard app add scheduler --name Scheduler --serves northside --redirect-uri https://scheduler.example/callback "
	  "--scope openid --scope profile --scope clinic --first-party\n"
	  "lanyard app add frontdesk-tablet --name \"Front desk tablet\" --serves northside --redirect-uri http://127.0.0.1/callback --native --public\n"
	  "lanyard app add bad --name Bad --serves northside --redirect-uri http://intranet.example/callback  # exits 2\n",
	  CLIENT, (const char *const[]){ FIELDS, NULL }, app_add, NULL },
	{ "app", "list", "app list [--practice P]", "the apps here", "lanyard app list\n", NOTHING, NOTHING, app_list, NULL },
	{ "app", "show", "app show CLIENT_ID", "how an app is registered", "lanyard app show demo\nlanyard app show nothing  # exits 3\n", CLIENT, NOTHING, app_show, NULL },
	{ "app", "set", "app set CLIENT_ID [--redirect-uri URI]... [--disable|--enable]", "change an app; a list named here replaces the one before",
	  "lanyard app set scheduler --allow-role provider --allow-role front-desk --require-location\nlanyard app set scheduler --disable\n",
	  CLIENT, (const char *const[]){ FIELDS, "disable", "enable", NULL }, app_set, NULL },
	{ "app", "rotate-secret", "app rotate-secret CLIENT_ID", "a new secret, shown once", "lanyard app rotate-secret scheduler\n", CLIENT, NOTHING, app_rotate_secret, NULL },
	{ "app", "delete", "app delete CLIENT_ID", "delete an app for good", "lanyard app delete scheduler --yes\n",
	  CLIENT, (const char *const[]){ "confirm=!", NULL }, app_remove, NULL },
	{ .noun = NULL },
};
/* clang-format on */
