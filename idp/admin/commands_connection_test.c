/* commands_connection_test.c: lanyard connection test and preview: what would happen, and nothing does. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_connection.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "people/connection.h"
#include "people/connector.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define TICKET_SECONDS 600

static bool any_fails(const json_t *findings)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		if (text_equal(json_get_text(json_array_get(findings, i), "outcome"), "fail"))
			return true;
	return false;
}

/* A sign-in by this link goes the whole way and writes nothing. */
static const char *test_link(struct work *work, const char *id)
{
	char *ticket = connection_ticket(work, id, work->now + TICKET_SECONDS);

	return arena_print(work->arena, "%s/federation/%s/test?ticket=%s", work->app->config->issuer, id,
			   ticket);
}

enum err connection_test(struct work *work, const json_t *arguments, json_t **result, const char **message,
			 int *code)
{
	const struct connection *connection = NULL;
	AUTO(json_done) json_t *findings = NULL;

	TRY(connection_of_arguments(work, arguments, &connection));
	TRY(connector_of(work, connection->protocol)->examine(work, connection, &findings));
	bool fails = any_fails(findings);

	*code = fails ? EXIT_UNHEALTHY : EXIT_OK;
	*result = json_pack("{s:s, s:s, s:s, s:O}", "id", connection->id, "practice", work->practice, "link",
			    test_link(work, connection->id), "findings", findings);
	*message =
		fails ? "Mend what says fail. The link goes the whole way of a sign-in and changes nothing: "
			"open it once, within ten minutes."
		      : "Open the link once, within ten minutes: it goes the whole way of a sign-in and "
			"changes nothing.";
	return OK;
}

/* The person as the provider told it, so that an administrator can link by it. */
static void tell_person(const struct upstream_person *person, json_t *told)
{
	json_set_text(told, "issuer", person->issuer);
	json_set_text(told, "subject", person->subject);
	json_set_text(told, "email", person->email);
	json_set(told, "email_verified", json_boolean(person->email_verified));
	json_set_text(told, "given_name", person->given_name);
	json_set_text(told, "family_name", person->family_name);
	json_set(told, "mfa", json_boolean(person->mfa));
}

static const char *words_for(bool fails, bool refused)
{
	if (fails)
		return "A sign-in with this would be refused: a check fails.";
	return refused ? "A sign-in with this would be refused." : "Nothing was written.";
}

static enum err preview(struct work *work, const struct connection *connection, const char *pasted,
			json_t **result, const char **message, int *code)
{
	struct upstream_person person = { .connection = connection };
	AUTO(json_done) json_t *findings = NULL;
	AUTO(json_done) json_t *outcome = NULL;
	enum err err =
		connector_of(work, connection->protocol)->read(work, connection, pasted, &person, &findings);

	if (err == ERR_DOCUMENT)
		return fault(work, ERR_PARAMETER_MALFORMED, "--token: %s",
			     work->reason ? work->reason : "neither a token, an assertion nor claims");
	TRY(err);
	TRY(provision_preview(work, &person, &outcome));
	bool fails = any_fails(findings), refused = text_equal(json_get_text(outcome, "verdict"), "refused");
	AUTO(json_done)
	json_t *told = json_pack("{s:s, s:s}", "id", connection->id, "practice", work->practice);

	tell_person(&person, told);
	int failed = json_object_update(told, outcome);

	assert(!failed && "out of memory");
	json_set(told, "findings", TAKE(findings));
	*result = TAKE(told);
	*code = fails || refused ? EXIT_NOT_ALLOWED : EXIT_OK;
	*message = words_for(fails, refused);
	return OK;
}

enum err connection_preview(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	const struct connection *connection = NULL;
	const char *pasted = arg(arguments, "token_text"), *named = NULL;

	TRY(connection_of_arguments(work, arguments, &connection));
	TRY(arg_need(work, arguments, "token", &named));
	return pasted ? preview(work, connection, pasted, result, message, code)
		      : fault(work, ERR_PARAMETER_MALFORMED, "--token %s was not read", named);
}
