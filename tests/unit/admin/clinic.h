/* clinic.h: a scratch store of its own for one test program, with the demo clinic when asked for. */
#ifndef TESTS_ADMIN_CLINIC_H
#define TESTS_ADMIN_CLINIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

#include "admin/command.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/keyring.h"
#include "keys/password.h"
#include "keys/seal.h"
#include "people/connector.h"
#include "people/provision.h"
#include "store/db.h"
#include "store/metadata.h"
#include "store/snapshot.h"

#define DEMO "docs/examples/demo.yaml"

/* Providers of our own making: no network, one answer. What is declared with the word "broken" is wrong. */
static inline const char *told_trouble(struct work *work, const json_t *whole, const char *metadata,
				       bool known)
{
	(void)work, (void)known;
	if (metadata && strstr(metadata, "broken"))
		return "metadata: it is broken";
	return strstr(json_get_text(whole, "id"), "broken") ? "id: it is broken" : NULL;
}

static inline enum err told_examine(struct work *work, const struct connection *connection, json_t **findings)
{
	bool down = strstr(connection->id, "down") != NULL;

	(void)work;
	*findings = json_pack("[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}]", "check", "discovery", "outcome",
			      down ? "fail" : "ok", "why", down ? "no answer" : "answers", "mend",
			      down ? "ask whoever runs it" : "", "check", "keys", "outcome", "ok", "why",
			      "one", "mend", "");
	return OK;
}

static inline enum err told_read(struct work *work, const struct connection *connection, const char *pasted,
				 struct upstream_person *out, json_t **findings)
{
	json_t *claims = json_read(pasted, strlen(pasted));

	if (!claims)
		return ERR_DOCUMENT;
	arena_defer(work->arena, (void (*)(void *))json_decref, claims);
	bool late = json_is_true(json_object_get(claims, "late"));
	*out = (struct upstream_person){ .connection = connection,
					 .issuer = connection->issuer ? connection->issuer : "urn:idp",
					 .subject = json_get_text(claims, "sub"),
					 .email = json_get_text(claims, "email"),
					 .email_verified = json_get_bool(claims, "email_verified", false),
					 .given_name = json_get_text(claims, "given_name"),
					 .family_name = json_get_text(claims, "family_name"),
					 .claims = claims };
	*findings = json_pack("[{s:s, s:s, s:s, s:s}]", "check", "time", "outcome", late ? "fail" : "ok",
			      "why", late ? "it has ended" : "now", "mend", "");
	return OK;
}

static inline json_t *told_ours(struct work *work, const struct connection *connection)
{
	return json_pack("{s:o}", "redirect_uri",
			 json_string(arena_print(work->arena, "%s/federation/%s/callback",
						 work->app->config->issuer, connection->id)));
}

static inline enum err told_fetch(struct work *work, const char *url, struct metadata_row *out)
{
	(void)out;
	return fault(work, ERR_FETCH, "%s does not answer", url);
}

static const struct connector told_oidc = { .protocol = "oidc",
					    .trouble = told_trouble,
					    .examine = told_examine,
					    .read = told_read,
					    .ours = told_ours };
static const struct connector told_saml = { .protocol = "saml",
					    .trouble = told_trouble,
					    .fetch = told_fetch,
					    .examine = told_examine,
					    .read = told_read,
					    .ours = told_ours };
static const struct connector *const told_connectors[] = { &told_oidc, &told_saml, NULL };

struct clinic {
	char folder[64];
	struct config config;
	struct app app;
	struct db *db;
	struct arena *arena;
	struct work work;
};

static inline char *file_of(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = arena_alloc(arena, MB);

	if (!file)
		fail_msg("could not open %s: run the tests from the repository", path);
	size_t size = fread(text, 1, MB - 1, file);

	fclose(file);
	text[size] = '\0';
	return text;
}

/* A new piece of work, as each command is one. */
static inline struct work *clinic_work(struct clinic *c)
{
	if (c->work.arena)
		work_end(&c->work);
	work_begin(&c->work, &c->app, c->db, c->arena);
	c->work.actor = (struct actor){ .kind = ACTOR_OPERATOR, .id = "tester" };
	return &c->work;
}

static inline void clinic_open(struct clinic *c)
{
	static const uint8_t master[32] = { 7 };
	char message[300] = "";

	*c = (struct clinic){ .arena = arena_new() };
	snprintf(c->folder, sizeof c->folder, "/tmp/clinic-XXXXXX");
	assert_non_null(mkdtemp(c->folder));
	c->config = (struct config){ .issuer = "http://localhost:8080",
				     .development = true,
				     .store = arena_print(c->arena, "sqlite:%s/lanyard.db", c->folder) };
	c->app.config = &c->config;
	c->app.connectors = told_connectors;
	c->app.vault = vault_open((struct bytes){ master, sizeof master });
	c->app.snapshots = snapshots_new();
	c->app.passwords = passwords_open(c->app.vault, (struct password_cost){ 64, 1, 1 });
	if (store_open(c->config.store, NULL, &c->app.store, message, sizeof message) != OK)
		fail_msg("%s", message);
	c->db = db_open(c->app.store);
	assert_int_equal(keyring_open(clinic_work(c), &c->app.keyring), OK);
	assert_int_equal(snapshots_refresh(clinic_work(c), true), OK);
}

static inline void clinic_close(struct clinic *c)
{
	char command[128];

	work_end(&c->work);
	keyring_close(c->app.keyring);
	db_close(c->db);
	snapshots_free(c->app.snapshots);
	store_close(c->app.store);
	passwords_close(c->app.passwords);
	vault_close(c->app.vault);
	static const char *const names[] = { "lanyard.db", "lanyard.db-wal", "lanyard.db-shm", "admin.sock" };
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(command, sizeof command, "%s/%s", c->folder, names[i]);
		(void)unlink(command); /* not each of them is always there */
	}
	(void)rmdir(c->folder);
	arena_done(&c->arena);
}

/* Runs noun and verb with these arguments (taken); the result is the caller's. */
static inline int clinic_run(struct clinic *c, const char *noun, const char *verb, json_t *arguments,
			     json_t **result, const char **message)
{
	const struct command *command = command_find(noun, verb);
	const char *why = NULL;

	assert_non_null(command);
	if (!command_accepts(c->arena, command, arguments, &why))
		fail_msg("%s", why);
	int code = command_run(clinic_work(c), command, arguments, result, message);

	json_decref(arguments);
	return code;
}

/* The code alone; a failure's message goes to *message when that is not NULL. */
static inline int clinic_do(struct clinic *c, const char *noun, const char *verb, json_t *arguments,
			    const char **message)
{
	AUTO(json_done) json_t *result = NULL;
	const char *said = NULL;
	int code = clinic_run(c, noun, verb, arguments, &result, &said);

	if (message)
		*message = said;
	return code;
}

static inline int clinic_apply(struct clinic *c, const char *text, const char **message)
{
	return clinic_do(c, "apply", NULL, json_pack("{s:s}", "text", text), message);
}

static inline void clinic_demo(struct clinic *c)
{
	const char *message = NULL;

	clinic_open(c);
	if (clinic_apply(c, file_of(c->arena, DEMO), &message) != EXIT_OK)
		fail_msg("%s", message);
}

#endif
