/* commands_app.c: lanyard app ...: relying apps. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_app.h"
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
	{ "name-id", "name_id_format", false },
	{ "sign", "sign", false },
	{ "encrypt", "encrypt", false },
	{ "assertion-lifetime", "assertion_lifetime", false },
};
static const struct {
	const char *option, *field;
	bool value;
} flags[] = {
	{ "first-party", "first_party", true },
	{ "require-location", "require_location", true },
	{ "idp-initiated", "allow_idp_initiated", true },
	{ "require-signed-requests", "require_signed_requests", true },
	{ "ecp", "allow_ecp", true },
	{ "disable", "disabled", true },
	{ "enable", "disabled", false },
};

static void release_json(void *thing)
{
	json_decref(thing);
}

/* --preset clinic --preset xua: what assertions tell. */
static void fill_presets(struct work *work, json_t *declared, const json_t *arguments)
{
	const char *const *preset = arg_list(work, arguments, "preset");
	json_t *list = preset ? json_array() : NULL;

	for (; preset && *preset; preset++)
		append(list, json_pack("{s:s}", "preset", *preset));
	if (list)
		json_set(declared, "attributes", list);
}

void app_fill(struct work *work, json_t *declared, const json_t *arguments)
{
	fill_presets(work, declared, arguments);
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
json_t *app_declaration(struct work *work, const struct client *client)
{
	json_t *declared = client && client->metadata ? json_deep_copy(client->metadata) : json_object();

	arena_defer(work->arena, release_json, declared);
	if (!client)
		return declared;
	json_set_text(declared, text_equal(client->type, "saml") ? "entity_id" : "client_id",
		      client->client_id);
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

enum err app_write(struct work *work, struct app_change *change, bool *changed)
{
	const char *message = NULL;
	bool created = false;

	TRY(practices_known(work, change->declared));
	enum err err = app_prepare(work, change, &message);

	if (err == ERR_DOCUMENT)
		return fault(work, ERR_PARAMETER_MALFORMED, "%s", message);
	TRY(err);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(app_apply_change(work, change, &created, changed));
	return tx_commit(&tx);
}

static enum err client_meant(struct work *work, const json_t *arguments, const struct client **out)
{
	const char *id = arg(arguments, "client_id");

	*out = snapshot_app(work->snapshot, id);
	return *out && !(*out)->deleted ? OK : fault(work, ERR_NOT_FOUND, "there is no app %s", id);
}

enum err app_id_is_free(struct work *work, const char *id)
{
	return snapshot_app(work->snapshot, id)
		       ? fault(work, ERR_CONFLICT, "there is or was an app %s; ids are never given again", id)
		       : OK;
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
	AUTO(json_done) json_t *shown = json_copy(app_declaration(work, client));

	if (text_equal(client->type, "saml"))
		TRY(saml_app_show(work, client, shown));
	else
		json_set(shown, "has_secret", json_boolean(client->secret_hash != NULL));
	*result = TAKE(shown);
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
	json_t *declared = app_declaration(work, NULL);
	bool changed = false;
	AUTO(secret_wipe) struct secret secret = secret_new();

	(void)code;
	if (arg_is(arguments, "saml"))
		return saml_app_add(work, arguments, result, message);
	if (!arg(arguments, "client_id"))
		return fault(work, ERR_PARAMETER_MALFORMED,
			     "CLIENT_ID is missing; a SAML app is added with --saml --metadata FILE|URL");
	TRY(app_id_is_free(work, arg(arguments, "client_id")));
	json_set_text(declared, "client_id", arg(arguments, "client_id"));
	json_set_text(declared, "type", "oidc");
	app_fill(work, declared, arguments);
	bool secret_needed = needs_secret(declared);
	struct app_change change = { .declared = declared, .secret = secret_needed ? secret.text : NULL };

	TRY(app_write(work, &change, &changed));
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
	json_t *declared = app_declaration(work, client);

	struct app_change change = { .declared = declared };

	app_fill(work, declared, arguments);
	saml_metadata_fill(declared, arguments);
	TRY(app_write(work, &change, &changed));
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
	const char *method = client->token_endpoint_auth_method;

	if (!method || !text_starts(method, "client_secret_"))
		return fault(work, ERR_CONFLICT, "%s does not use a secret (%s)", client->client_id,
			     method ? method : client->type);
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
#define MAYBE_CLIENT                                                                                         \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"client_id?", NULL                                                                           \
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
		"native", "public", "metadata=<", "preset=*",                                                \
		"name-id=", "sign=", "encrypt=", "assertion-lifetime=", "idp-initiated",                     \
		"require-signed-requests", "ecp"

/* clang-format off */
const struct command app_commands[] = {
	{ "app", "add", "app add CLIENT_ID --name N --serves PRACTICE --redirect-uri URI [--scope S]... | app add --saml --metadata FILE|URL --serves PRACTICE [--name N]",
	  "register an app; its secret is shown once. A SAML app: entity id and name come from its metadata",
	  "lanyard app add scheduler --name Scheduler --serves northside --redirect-uri https://scheduler.example/callback "
	  "--scope openid --scope profile --scope clinic --first-party\n"
	  "lanyard app add frontdesk-tablet --name \"Front desk tablet\" --serves northside --redirect-uri http://127.0.0.1/callback --native --public\n"
	  "lanyard app add bad --name Bad --serves northside --redirect-uri http://intranet.example/callback  # exits 2\n",
	  MAYBE_CLIENT, (const char *const[]){ FIELDS, "saml", NULL }, app_add, NULL },
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
