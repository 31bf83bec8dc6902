/* commands_connection_write.c: lanyard connection add and set. */
#include "base/base.h"

#include "admin/commands_connection.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/connection.h"
#include "store/db.h"
#include "store/snapshot.h"

/* What `connection add` calls a provider, and what that says when nothing else does. */
static const struct kind {
	const char *word, *preset, *protocol, *name;
	const char *issuer; /* when --issuer is missing; %s: the tid; NULL: there is no such rule */
} kinds[] = {
	{ "okta", "okta", "oidc", "Okta", NULL },
	{ "entra", "entra", "oidc", "Microsoft", "https://login.microsoftonline.com/%s/v2.0" },
	{ "google", "google", "oidc", "Google", "https://accounts.google.com" },
	{ "keycloak", "keycloak", "oidc", "Keycloak", NULL },
	{ "adfs", "adfs", "saml", "ADFS", NULL },
	{ "oidc", "other", "oidc", NULL, NULL },
	{ "saml", "other", "saml", NULL, NULL },
};

static void release_json(void *thing)
{
	json_decref(thing);
}

static enum err kind_meant(struct work *work, const json_t *arguments, const struct kind **out)
{
	const char *words[COUNT(kinds) + 1] = { NULL }, *word = arg(arguments, "kind");

	for (size_t i = 0; i < COUNT(kinds); i++) {
		words[i] = kinds[i].word;
		if (!text_equal(kinds[i].word, word))
			continue;
		*out = &kinds[i];
		return OK;
	}
	const char *near = text_nearest(word, words);

	return fault(work, ERR_PARAMETER_MALFORMED,
		     "%s is no kind of connection%s%s%s: okta, entra, google, keycloak, adfs, oidc or saml",
		     word, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* Metadata is SAML's, an issuer OpenID Connect's, whatever the provider is called. */
static const char *protocol_meant(const struct kind *kind, const json_t *arguments)
{
	if (arg(arguments, "metadata"))
		return "saml";
	return arg(arguments, "issuer") ? "oidc" : kind->protocol;
}

static void add_issuer(struct work *work, const struct kind *kind, json_t *declared)
{
	const char *tid = json_get_text(declared, "tid");
	const char *hole = kind->issuer ? strstr(kind->issuer, "%s") : NULL;

	if (!kind->issuer || json_get_text(declared, "issuer") || (hole && !tid))
		return;
	json_set_text(declared, "issuer",
		      hole ? arena_print(work->arena, "%.*s%s%s", (int)(hole - kind->issuer), kind->issuer,
					 tid, hole + 2)
			   : kind->issuer);
}

static enum err newcomer(struct work *work, const json_t *arguments, json_t *declared)
{
	const struct kind *kind = NULL;

	TRY(kind_meant(work, arguments, &kind));
	const char *protocol = protocol_meant(kind, arguments);

	json_set_text(declared, "id", arg(arguments, "connection"));
	json_set_text(declared, "protocol", protocol);
	json_set_text(declared, "preset", kind->preset);
	json_set_text(declared, "name", kind->name);
	TRY(connection_options(work, arguments, NULL, declared));
	if (text_equal(protocol, "oidc"))
		add_issuer(work, kind, declared);
	return json_get_text(declared, "name")
		       ? OK
		       : fault(work, ERR_PARAMETER_MALFORMED, "--name is missing: what the button says");
}

static enum err id_is_free(struct work *work, const char *id)
{
	return snapshot_connection(work->snapshot, id)
		       ? fault(work, ERR_CONFLICT,
			       "there is or was a connection %s; ids are never given again", id)
		       : OK;
}

/* The fields, what they name, and what the protocol says; before the transaction, since metadata may have to
 * be fetched. Domains are left out here: those that the practice has not yet become its own in the
 * transaction. */
static enum err make_ready(struct work *work, const struct practice *practice,
			   struct connection_change *change)
{
	const char *message = NULL;
	json_t *named = json_copy((json_t *)(uintptr_t)change->declared);

	arena_defer(work->arena, release_json, named);
	(void)json_object_del(named, "domains"); /* not always there */
	enum err err = connection_check(work, practice, named, &message);

	if (err == OK)
		err = connection_prepare(work, change, &message);
	return err == ERR_DOCUMENT && message ? fault(work, ERR_PARAMETER_MALFORMED, "%s", message) : err;
}

static enum err write_connection(struct work *work, const struct connection_change *change, bool *changed)
{
	bool created = false;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(domains_vouch(work, json_get_list(work->arena, change->declared, "domains")));
	TRY(connection_apply(work, change, &created, changed));
	TRY(tx_commit(&tx));
	return snapshot_renew(work);
}

static bool needs_secret(const json_t *declared)
{
	const char *method = json_get_text(declared, "token_endpoint_auth_method");

	return text_equal(json_get_text(declared, "protocol"), "oidc") &&
	       (!method || text_starts(method, "client_secret_"));
}

static json_t *declaration_new(struct work *work)
{
	json_t *declared = json_object();

	arena_defer(work->arena, release_json, declared);
	return declared;
}

enum err connection_add(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code)
{
	const struct practice *practice = NULL;
	const struct connection *connection = NULL;
	json_t *declared = declaration_new(work);
	const char *id = arg(arguments, "connection"), *secret = arg(arguments, "client_secret");
	bool changed = false;

	(void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(id_is_free(work, id));
	TRY(newcomer(work, arguments, declared));
	if (needs_secret(declared) && !secret)
		return fault(work, ERR_PARAMETER_MALFORMED,
			     "the client secret is missing: --client-secret-stdin or --ask-client-secret; or "
			     "--auth-method private_key_jwt, where the provider takes our keys");
	struct connection_change change = { .declared = declared, .secret = secret };

	TRY(make_ready(work, practice, &change));
	TRY(write_connection(work, &change, &changed));
	TRY(connection_named(work, id, &connection));
	*result = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "practice", work->practice, "name",
			    connection->name, "protocol", connection->protocol);
	connection_tell_ours(work, connection, "", *result);
	*message = arena_print(work->arena,
			       "Enter these at the provider. Next: lanyard connection test %s. Undo: lanyard "
			       "connection delete %s.",
			       id, id);
	return OK;
}

enum err connection_set(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code)
{
	const struct connection *connection = NULL;
	json_t *declared = declaration_new(work);
	bool changed = false;

	(void)code;
	TRY(connection_of_arguments(work, arguments, &connection));
	const char *id = arena_text(work->arena, connection->id);

	json_set_text(declared, "id", id);
	TRY(connection_options(work, arguments, connection->declaration, declared));
	struct connection_change change = { .declared = declared, .secret = arg(arguments, "client_secret") };

	TRY(make_ready(work, snapshot_practice(work->snapshot, work->practice), &change));
	TRY(write_connection(work, &change, &changed));
	*result = json_pack("{s:s, s:s, s:b}", "id", id, "practice", work->practice, "changed", changed);
	*message = changed ? arena_print(work->arena, "Next: lanyard connection test %s.", id)
			   : "Nothing to change.";
	return OK;
}
