/* explain.c: lanyard explain ...: why somebody may or may not, and what a token would say. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/app_registry.h"
#include "people/claims.h"
#include "people/role.h"
#include "store/snapshot.h"

static enum err location_meant(struct work *work, const struct practice *practice, const json_t *arguments,
			       const char **out)
{
	*out = arg(arguments, "location");
	if (*out && !practice_location(practice, *out))
		return fault(work, ERR_NOT_FOUND, "there is no location %s in %s", *out, practice->id);
	return OK;
}

static void add_check(json_t *rows, bool holds, const char *what, const char *why)
{
	append(rows, json_pack("{s:s, s:s, s:s}", "check", what, "answer", holds ? "yes" : "no", "why", why));
}

static const char *roles_wanted(struct work *work, const struct client *client)
{
	AUTO_BUF text = BUF(4 * KB);

	if (!client->roles || !*client->roles)
		return "the app is open to every role";
	buf_text(&text, "the app asks for one of:");
	for (const char *const *role = client->roles; *role; role++)
		buf_print(&text, " %s", *role);
	return arena_text(work->arena, buf_str(&text));
}

/* The questions behind subject_may, one by one; the last row is its own answer. */
static enum err explain_app(struct work *work, const struct subject *subject, const struct client *client,
			    json_t *rows, int *code)
{
	bool any_role =
		!client->roles || !*client->roles || standing_has_role(&subject->standing, client->roles);
	enum err err = subject_may(work, subject, client);

	add_check(rows, !subject->practice->disabled, "the practice is on", subject->practice->id);
	add_check(rows, !subject->account.disabled, "the account is on", subject->account.email);
	add_check(rows, !client->disabled, "the app is on", client->client_id);
	add_check(rows, client_serves(client, subject->practice->id), "the app serves the practice",
		  subject->practice->id);
	add_check(rows, any_role, "a role for the app is held", roles_wanted(work, client));
	if (err != OK && err != ERR_NO_ACCESS && err != ERR_ACCOUNT_DISABLED)
		return err;
	add_check(rows, err == OK, "may use the app",
		  err == OK ? "everything above holds" : error_row(err)->text);
	*code = err == OK ? EXIT_OK : EXIT_NOT_ALLOWED;
	work->err = OK; /* the refusal is the answer, not a fault of this command */
	return OK;
}

static enum err explain_action(struct work *work, const struct subject *subject, const char *location,
			       const char *feature, enum action action, json_t *rows)
{
	struct decision decision;

	TRY(standing_decide(work->arena, subject->practice, &subject->standing, location, feature, action,
			    &decision));
	append(rows, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s}", "location", location, "feature", feature,
			       "action", action_word(action), "answer",
			       decision.reach == REACH_NONE ? "no" : reach_word(decision.reach), "role",
			       decision.role_id, "why", decision.reason ? decision.reason : ""));
	return OK;
}

/* At one location, or at each where the person works. */
static enum err explain_feature(struct work *work, const struct subject *subject, const char *location,
				const char *feature, json_t *rows)
{
	for (size_t i = 0; i < subject->standing.place_count; i++) {
		const char *here = subject->standing.places[i].location->id;
		for (size_t a = 0; a < ACTION_COUNT && (!location || text_equal(location, here)); a++)
			TRY(explain_action(work, subject, here, feature, (enum action)a, rows));
	}
	if (location && !standing_at(&subject->standing, location))
		append(rows, json_pack("{s:s, s:s, s:s, s:s, s:n, s:s}", "location", location, "feature",
				       feature, "action", "any", "answer", "no", "role", "why",
				       "no role is held at this location"));
	return OK;
}

static const struct client *client_there(struct work *work, const char *id)
{
	const struct client *client = snapshot_app(work->snapshot, id);

	return client && !client->deleted ? client : NULL;
}

static enum err target_unknown(struct work *work, const char *target)
{
	const char *known[200];
	size_t count = 0;

	for (size_t i = 0; feature_at(i) && count < COUNT(known) - 1; i++)
		known[count++] = feature_at(i)->id;
	for (size_t i = 0; work->snapshot && i < work->snapshot->client_count && count < COUNT(known) - 1;
	     i++)
		known[count++] = work->snapshot->clients[i].client_id;
	known[count] = NULL;
	const char *near = text_nearest(target, known);

	return fault(work, ERR_NOT_FOUND, "there is no app and no feature %s%s%s%s", target,
		     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* TARGET is an app, a feature, or APP/FEATURE. */
static enum err explain_access(struct work *work, const json_t *arguments, json_t **result,
			       const char **message, int *code)
{
	struct subject subject;
	const char *location = NULL, *target = arg(arguments, "target");
	size_t split = strcspn(target, "/");
	AUTO(json_done) json_t *rows = json_array();

	(void)message;
	TRY(account_meant(work, arguments, &subject));
	TRY(location_meant(work, subject.practice, arguments, &location));
	/* An entity id has slashes of its own. */
	const struct client *client = client_there(work, target);

	if (client)
		split = strlen(target);
	else
		client = client_there(work, arena_textn(work->arena, target, split));
	const struct feature *feature = feature_find(client && target[split] ? target + split + 1 : target);

	if (client)
		TRY(explain_app(work, &subject, client, rows, code));
	if ((!client && !feature) || (client && target[split] && !feature))
		return target_unknown(work, target);
	if (feature)
		TRY(explain_feature(work, &subject, location, feature->id, rows));
	*result = TAKE(rows);
	return OK;
}

static enum claims_for token_meant(const json_t *arguments)
{
	if (arg_is(arguments, "access"))
		return CLAIMS_ACCESS_TOKEN;
	return arg_is(arguments, "userinfo") ? CLAIMS_USERINFO : CLAIMS_ID_TOKEN;
}

/* What a token of the app could have; an assertion is made of every claim that there is. */
static const char *scope_of(struct work *work, const struct client *client)
{
	AUTO_BUF text = BUF(4 * KB);
	const char *const *scope = text_equal(client->type, "oidc") ? client->scopes : scopes_supported();

	for (; scope && *scope; scope++)
		buf_print(&text, "%s%s", text.size ? " " : "", *scope);
	return arena_text(work->arena, buf_str(&text));
}

static enum err explain_assertion(struct work *work, const struct subject *subject,
				  const struct claims_ask *ask, const struct app_protocol *protocol,
				  json_t **result)
{
	AUTO(json_done) json_t *claims = NULL;

	TRY(claims_build(work, subject, ask, CLAIMS_USERINFO, &claims));
	*result = protocol->tell(work, ask->client, claims);
	return OK;
}

static enum err explain_token(struct work *work, const json_t *arguments, json_t **result,
			      const char **message, int *code)
{
	static const char *const password[] = { "pwd", NULL };
	struct subject subject;
	const char *location = NULL, *scope = arg(arguments, "scope");
	const struct client *client = client_there(work, arg(arguments, "client_id"));

	(void)code;
	if (!client)
		return fault(work, ERR_NOT_FOUND, "there is no app %s", arg(arguments, "client_id"));
	TRY(account_meant(work, arguments, &subject));
	TRY(location_meant(work, subject.practice, arguments, &location));
	enum err may = subject_may(work, &subject, client);

	if (may != OK) /* nothing would be issued */
		return fault(work, ERR_REFUSED, "no token: lanyard explain access %s %s says why",
			     subject.account.email, client->client_id);
	const struct claims_ask ask = { .client = client,
					.scope = scope ? scope : scope_of(work, client),
					.location_id = location,
					.acr = "urn:lanyard:acr:1fa",
					.amr = password,
					.auth_time = work->now };

	const struct app_protocol *protocol = app_protocol_of(work, client->type);

	TRY(protocol ? explain_assertion(work, &subject, &ask, protocol, result)
		     : claims_build(work, &subject, &ask, token_meant(arguments), result));
	*message =
		protocol
			? "As after a sign-in with a password just now; NameID, audience and times come with "
			  "the request."
			: "As after a sign-in with a password just now; iss, aud, exp, nonce and their like "
			  "come "
			  "with the request.";
	return OK;
}

/* clang-format off */
const struct command explain_commands[] = {
	{ "explain", "access", "explain access EMAIL APP|FEATURE|APP/FEATURE [--location L]", "why somebody may or may not",
	  "lanyard explain access ada@northside.example demo\n"
	  "lanyard explain access ada@northside.example notes --location main\n"
	  "lanyard explain access ada@northside.example demo/billing --location west\n"
	  "lanyard explain access dana@northside.example demo  # exits 4\n",
	  (const char *const[]){ "user", "target", NULL }, (const char *const[]){ "location=", NULL }, explain_access, NULL },
	{ "explain", "token", "explain token EMAIL APP [--id|--access|--userinfo] [--location L] [--scope \"S S\"]", "the claims that would be issued; of a SAML app the attributes",
	  "lanyard explain token ada@northside.example demo --access\n"
	  "lanyard explain token ada@northside.example demo --id --location west\n"
	  "lanyard explain token dana@northside.example demo  # exits 4\n",
	  (const char *const[]){ "user", "client_id", NULL }, (const char *const[]){ "id", "access", "userinfo", "location=", "scope=", NULL },
	  explain_token, "json" },
	{ .noun = NULL },
};
/* clang-format on */
