/* commands_connection.c: lanyard connection ...: identity providers that staff of a practice sign in with. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_connection.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "login/reach.h"
#include "login/session.h"
#include "people/connection.h"
#include "people/connector.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/metadata.h"
#include "store/snapshot.h"

static void note_unknown(struct work *work, const char *id)
{
	const struct snapshot *snapshot = work->snapshot;
	const char *near = NULL;

	for (size_t p = 0; snapshot && p < snapshot->practice_count && !near; p++) {
		const struct practice *practice = &snapshot->practices[p];
		const char **names = arena_array(work->arena, const char *, practice->connection_count + 1);
		size_t count = 0;
		for (size_t i = 0; i < practice->connection_count; i++)
			if (!practice->connections[i].deleted)
				names[count++] = practice->connections[i].id;
		near = text_nearest(id, names);
	}
	(void)fault(work, ERR_NOT_FOUND, "there is no connection %s%s%s%s", id, near ? " (did you mean " : "",
		    near ? near : "", near ? "?)" : "");
}

enum err connection_named(struct work *work, const char *id, const struct connection **out)
{
	const struct connection *connection = snapshot_connection(work->snapshot, id);

	if (!connection || connection->deleted ||
	    (work->practice && !text_equal(work->practice, connection->practice_id))) {
		note_unknown(work, id);
		return ERR_NOT_FOUND;
	}
	work->practice = arena_text(work->arena, connection->practice_id); /* outlives this picture */
	*out = connection;
	return OK;
}

enum err connection_of_arguments(struct work *work, const json_t *arguments, const struct connection **out)
{
	const struct practice *practice = NULL;

	if (arg(arguments, "practice"))
		TRY(practice_meant(work, arguments, &practice));
	return connection_named(work, arg(arguments, "connection"), out);
}

void connection_tell_ours(struct work *work, const struct connection *connection, const char *prefix,
			  json_t *told)
{
	AUTO(json_done) json_t *ours = connector_of(work, connection->protocol)->ours(work, connection);
	const char *name;
	json_t *value;

	json_object_foreach (ours, name, value) {
		json_set(told, arena_print(work->arena, "%s%s", prefix, name), json_incref(value));
	}
}

/* Down: by what this server saw last; a command that works on the store directly has seen nothing. */
static const char *status_of(const struct work *work, const struct connection *connection)
{
	if (connection->disabled)
		return "disabled";
	return work->app->reach && reach_is_down(work, connection->id) ? "down" : "active";
}

static json_t *row_of(const struct work *work, const struct connection *connection)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "id", connection->id, "practice",
			 connection->practice_id, "name", connection->name, "protocol", connection->protocol,
			 "preset", connection->preset, "domains", json_list(connection->domains), "status",
			 status_of(work, connection));
}

static enum err connection_list(struct work *work, const json_t *arguments, json_t **result,
				const char **message, int *code)
{
	const struct snapshot *snapshot = work->snapshot;
	const struct practice *only = NULL;

	(void)message, (void)code;
	if (arg(arguments, "practice"))
		TRY(practice_meant(work, arguments, &only));
	*result = json_array();
	for (size_t p = 0; snapshot && p < snapshot->practice_count; p++) {
		const struct practice *practice = &snapshot->practices[p];
		for (size_t i = 0; i < practice->connection_count && (!only || practice == only); i++)
			if (!practice->connections[i].deleted)
				append(*result, row_of(work, &practice->connections[i]));
	}
	return OK;
}

static void show_reach(struct work *work, const struct connection *connection, json_t *shown)
{
	int64_t down_since = 0, asked_at = 0;

	if (!work->app->reach)
		return;
	reach_facts(work, connection->id, &down_since, &asked_at);
	json_set(shown, "down_since", time_shown(work, down_since));
	json_set(shown, "asked_at", time_shown(work, asked_at));
}

/* Metadata that comes from an address: when, and whether that goes on well. */
static enum err show_fetched(struct work *work, const struct connection *connection, json_t *shown)
{
	struct metadata_row row;
	bool found = false;

	if (!connection->metadata_url)
		return OK;
	TRY(metadata_find(work, METADATA_OF_CONNECTION, connection->id, &row, &found));
	if (!found)
		return OK;
	json_set(shown, "metadata_fetched_at", time_shown(work, row.fetched_at));
	json_set(shown, "metadata_next_at", time_shown(work, row.next_at));
	json_set(shown, "metadata_valid_until", time_shown(work, row.valid_until));
	json_set_text(shown, "metadata_trouble", row.trouble);
	return OK;
}

static enum err connection_show(struct work *work, const json_t *arguments, json_t **result,
				const char **message, int *code)
{
	const struct connection *connection;

	(void)message, (void)code;
	TRY(connection_of_arguments(work, arguments, &connection));
	AUTO(json_done) json_t *shown = row_of(work, connection);
	AUTO(json_done) json_t *rest = json_deep_copy(connection->declaration);
	int failed = json_object_update_missing(shown, rest);

	assert(!failed && "out of memory");
	if (json_get_text(shown, "metadata"))
		json_set(shown, "metadata",
			 json_sprintf("%zu bytes of XML; lanyard export writes it",
				      json_string_length(json_object_get(shown, "metadata"))));
	if (text_equal(connection->protocol, "oidc"))
		json_set(shown, "has_secret", json_boolean(connection->sealed_secret.at != NULL));
	show_reach(work, connection, shown);
	TRY(show_fetched(work, connection, shown));
	connection_tell_ours(work, connection, "our_", shown);
	*result = TAKE(shown);
	return OK;
}

static enum err switch_connection(struct work *work, const json_t *arguments, bool disabled, json_t **result)
{
	const struct connection *connection;
	size_t ended = 0;

	TRY(connection_of_arguments(work, arguments, &connection));
	const char *id = arena_text(work->arena, connection->id);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(connection_set_disabled(work, id, disabled));
	if (disabled)
		TRY(sessions_end_connection(work, id, &ended));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:s, s:I}", "id", id, "practice", work->practice, "status",
			    disabled ? "disabled" : "active", "sessions_ended", (json_int_t)ended);
	return OK;
}

static enum err connection_disable(struct work *work, const json_t *arguments, json_t **result,
				   const char **message, int *code)
{
	(void)code;
	TRY(switch_connection(work, arguments, true, result));
	*message = "Nobody signs in by it, and what came by it has ended. Its people may use a password they "
		   "have. Undo: lanyard connection enable.";
	return OK;
}

static enum err connection_enable(struct work *work, const json_t *arguments, json_t **result,
				  const char **message, int *code)
{
	(void)code;
	TRY(switch_connection(work, arguments, false, result));
	*message =
		"People sign in by it again. Look first: lanyard connection test. Undo: lanyard connection "
		"disable.";
	return OK;
}

static enum err connection_remove(struct work *work, const json_t *arguments, json_t **result,
				  const char **message, int *code)
{
	const struct connection *connection;
	size_t ended = 0;

	(void)code;
	TRY(connection_of_arguments(work, arguments, &connection));
	const char *id = arena_text(work->arena, connection->id);

	TRY(confirmed(work, arguments, id, "a deleted connection's id is never given again, its links go"));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_connection(work, id, &ended));
	TRY(connection_delete(work, id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:I}", "id", id, "practice", work->practice, "sessions_ended",
			    (json_int_t)ended);
	*message = "Gone for good. The accounts that came by it stay: lanyard user list; a way in for one of "
		   "them: lanyard user reset-password.";
	return OK;
}

#define NOTHING                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		NULL                                                                                         \
	}
#define CONNECTION                                                                                           \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"connection", NULL                                                                           \
	}
#define FIELDS                                                                                               \
	"name=", "issuer=", "client-id=", "client-secret-stdin", "ask-client-secret",                        \
		"secret-expires=", "auth-method=", "scope=*", "tid=", "hd=", "userinfo", "no-userinfo",      \
		"metadata=<", "entity-id=", "name-id=", "subject-attribute=", "idp-initiated",               \
		"no-idp-initiated", "sign-requests", "no-sign-requests", "force-post", "no-force-post",      \
		"legacy-encryption", "no-legacy-encryption", "domain=*", "button", "no-button", "map=*",     \
		"default-role=", "default-location=*", "on-unmapped=", "claim=*", "create", "no-create",     \
		"update", "no-update", "trust-email", "no-trust-email", "trust-mfa", "no-trust-mfa",         \
		"mfa-value=*", "acr-mfa=", "local-sign-in=", "continuity=", "recheck=", "upstream-logout",   \
		"no-upstream-logout"

/* clang-format off */
const struct command connection_commands[] = {
	{ "connection", "add", "connection add okta|entra|google|keycloak|adfs|oidc|saml ID --practice P "
	  "(--issuer URL --client-id C --client-secret-stdin | --metadata URL|FILE) [--domain D]... [--map CLAIM=VALUE:ROLE@LOCATION]...",
	  "staff of a practice sign in with another identity provider; prints what has to be entered there",
	  "lanyard connection add okta northside-okta --practice northside --name \"Northside Okta\" --issuer https://northside.okta.example "
	  "--client-id 0oa1b2c3 --client-secret-stdin --domain northside.example --map \"groups=Clinic Providers:provider@main,west\" "
	  "--map groups=Everyone:front-desk@main\n"
	  "lanyard connection add adfs northside-adfs --practice northside --metadata docs/examples/idp-metadata.xml --on-unmapped hold\n"
	  "lanyard connection add entra northside-entra --practice northside --tid 6f2b3f6e-2b7c-4a59-9a0e-0d3c6f6a7b10 --client-id "
	  "5e0c1d9a-7a67-4a53-8f54-3d1f2b8c9e01 --auth-method private_key_jwt --secret-expires 2027-06-30\n"
	  "lanyard connection add google northside-google --practice northside --client-id 1234.apps --auth-method private_key_jwt  # exits 2\n",
	  (const char *const[]){ "kind", "connection", NULL }, (const char *const[]){ FIELDS, NULL }, connection_add, NULL },
	{ "connection", "list", "connection list [--practice P]", "the connections, and whether they can be reached",
	  "lanyard connection list\nlanyard connection list --practice northside -o json\n", NOTHING, NOTHING, connection_list, NULL },
	{ "connection", "show", "connection show ID", "how a connection is set up, and what the provider has to know of us",
	  "lanyard connection show northside-okta\nlanyard connection show northside-oktta  # exits 3\n", CONNECTION, NOTHING, connection_show, NULL },
	{ "connection", "set", "connection set ID [--name N] [--domain D]... [--map CLAIM=VALUE:ROLE@LOCATION]... [--on-unmapped refuse|hold|default] "
	  "[--default-role R --default-location L] [--claim email=THEIRS]... [--client-secret-stdin] [--secret-expires DATE] [--metadata URL|FILE] "
	  "[--subject-attribute A] [--trust-mfa] [--mfa-value V]... [--acr-mfa V] [--trust-email] [--local-sign-in outage|always|never] [--continuity 4h] [--recheck 15m|off] "
	  "[--button] [--create] [--update] [--userinfo] [--upstream-logout] [--idp-initiated] [--sign-requests] [--force-post] [--legacy-encryption]",
	  "change a connection; a list named here replaces the one before; each flag has its --no-flag; add takes the same",
	  "lanyard connection set northside-okta --trust-mfa --no-button --local-sign-in never --continuity 2h\n"
	  "lanyard connection set northside-okta --recheck 15m\n"
	  "lanyard connection set northside-okta --client-secret-stdin --secret-expires 2027-03-31\n"
	  "lanyard connection set northside-okta --on-unmapped sometimes  # exits 2\n",
	  CONNECTION, (const char *const[]){ FIELDS, NULL }, connection_set, NULL },
	{ "connection", "test", "connection test ID", "look at the provider as a sign-in would; prints a link for a sign-in that changes nothing",
	  "lanyard connection test northside-adfs\n", CONNECTION, NOTHING, connection_test, NULL },
	{ "connection", "preview", "connection preview ID --token FILE|-", "what a sign-in with this ID token, assertion or claims would make; changes nothing",
	  "lanyard connection preview northside-okta --token docs/examples/okta-claims.json\n",
	  CONNECTION, (const char *const[]){ "token=@", NULL }, connection_preview, NULL },
	{ "connection", "disable", "connection disable ID", "nobody signs in by it; sessions that came by it end",
	  "lanyard connection disable northside-entra\n", CONNECTION, NOTHING, connection_disable, NULL },
	{ "connection", "enable", "connection enable ID", "people sign in by it again", "lanyard connection enable northside-entra\n", CONNECTION, NOTHING, connection_enable, NULL },
	{ "connection", "delete", "connection delete ID", "delete a connection for good, with its links; accounts stay",
	  "lanyard connection delete northside-entra  # exits 2\nlanyard connection delete northside-entra --yes\n",
	  CONNECTION, (const char *const[]){ "confirm=!", NULL }, connection_remove, NULL },
	{ .noun = NULL },
};
/* clang-format on */
