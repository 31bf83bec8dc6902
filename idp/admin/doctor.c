/* doctor.c: lanyard doctor: is everything as it must be? Each line: ok, warn or fail, why, and what mends it.
 */
#include "base/base.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/stat.h>

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/keyring.h"
#include "people/app_registry.h"
#include "people/connector.h"
#include "people/role_templates.h"
#include "store/db.h"
#include "store/roles.h"
#include "store/snapshot.h"

#define DAY             ((int64_t)86400)
#define CLOCK_DRIFT_US  ((int64_t)1000000)
#define CERTIFICATE_MAX ((off_t)1024 * 1024)

enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct visit {
	struct work *work;
	json_t *rows;
	enum health worst;
};

static void say(struct visit *v, const char *check, enum health health, const char *why, const char *mend)
{
	static const char *const words[] = {
		[HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "fail"
	};

	append(v->rows, json_pack("{s:s, s:s, s:s, s:s}", "check", check, "state", words[health], "why", why,
				  "mend", health == HEALTH_OK ? "" : mend));
	if (health > v->worst)
		v->worst = health;
}

static void check_config(struct visit *v)
{
	const struct config *config = v->work->app->config;

	say(v, "config", HEALTH_OK, config->file ? config->file : "defaults and environment", "");
	if (config->development)
		say(v, "issuer", HEALTH_WARN,
		    arena_print(v->work->arena, "%s is for this machine alone", config->issuer),
		    "set issuer to an https address");
	else
		say(v, "issuer", HEALTH_OK, config->issuer, "");
}

/* A file that only its owner may read. */
static void check_file(struct visit *v, const char *check, const char *path)
{
	struct stat st;
	struct arena *arena = v->work->arena;

	if (stat(path, &st) < 0)
		say(v, check, HEALTH_FAIL, arena_print(arena, "%s: %s", path, strerror(errno)),
		    "restore it, or correct the setting");
	else if (st.st_mode & 077)
		say(v, check, HEALTH_FAIL,
		    arena_print(arena, "%s can be read by others (%04o)", path,
				(unsigned)(st.st_mode & 07777)),
		    arena_print(arena, "chmod 600 %s", path));
	else
		say(v, check, HEALTH_OK, path, "");
}

static void check_files(struct visit *v)
{
	const struct config *config = v->work->app->config;

	if (config->master_key)
		say(v, "master key", HEALTH_OK, "from the environment", "");
	else if (config->master_key_file)
		check_file(v, "master key", config->master_key_file);
	if (text_starts(config->store, "sqlite:"))
		check_file(v, "store file", config->store + strlen("sqlite:"));
	if (config->tls_key)
		check_file(v, "TLS key", config->tls_key);
}

static void check_store(struct visit *v)
{
	int64_t present = 0, drift_us = 0;
	struct arena *arena = v->work->arena;

	if (schema_present(v->work, &present) != OK) {
		say(v, "store", HEALTH_FAIL, v->work->reason ? v->work->reason : "could not be reached",
		    "start it, or correct the setting store");
		return;
	}
	if (present == schema_newest())
		say(v, "store", HEALTH_OK, arena_print(arena, "schema %" PRId64, present), "");
	else
		say(v, "store", HEALTH_FAIL,
		    arena_print(arena, "schema %" PRId64 ", this program has %" PRId64, present,
				schema_newest()),
		    "lanyard migrate");
	if (store_measure_clock(v->work, &drift_us) != OK)
		say(v, "clock", HEALTH_FAIL, "the store's clock could not be read", "look at the store");
	else if (drift_us > CLOCK_DRIFT_US || drift_us < -CLOCK_DRIFT_US)
		say(v, "clock", HEALTH_FAIL,
		    arena_print(arena, "%" PRId64 " ms away from the store's", drift_us / 1000),
		    "run chrony or timesyncd");
	else
		say(v, "clock", HEALTH_OK,
		    arena_print(arena, "%" PRId64 " ms away from the store's", drift_us / 1000), "");
}

static bool has_key(const struct key_facts *facts, size_t count, const char *alg, const char *state)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(facts[i].alg, alg) && text_equal(facts[i].state, state))
			return true;
	return false;
}

static void check_keys(struct visit *v)
{
	static const char *const algs[] = { "ES256", "RS256" };
	struct key_facts *facts = NULL;
	size_t count = 0;

	if (keyring_list(v->work, &facts, &count) != OK) {
		say(v, "signing keys", HEALTH_FAIL, "could not be read", "look at the store");
		return;
	}
	for (size_t i = 0; i < COUNT(algs); i++) {
		const char *check = arena_print(v->work->arena, "signing key %s", algs[i]);
		bool active = has_key(facts, count, algs[i], "active"),
		     next = has_key(facts, count, algs[i], "next");
		if (!active)
			say(v, check, HEALTH_FAIL, "there is no active key", "lanyard keys rotate");
		else
			say(v, check, next ? HEALTH_OK : HEALTH_WARN,
			    next ? "active, and the next one is published" : "there is no next key",
			    "lanyard keys rotate");
	}
}

static void check_practices(struct visit *v)
{
	const struct snapshot *snapshot = v->work->snapshot;
	struct arena *arena = v->work->arena;
	size_t count = 0;

	for (size_t i = 0; snapshot && i < snapshot->practice_count; i++) {
		const struct practice *practice = &snapshot->practices[i];
		if (practice->deleted)
			continue;
		count++;
		v->work->practice = practice->id;
		bool any = false;
		enum err err = assignments_cover_all(v->work, ROLE_OWNER, ROLE_ADMIN, &any);
		const char *check = arena_print(arena, "owner of %s", practice->id);
		if (err == OK && !any)
			say(v, check, HEALTH_FAIL, "there is no active owner",
			    arena_print(arena,
					"lanyard user add EMAIL --practice %s --role owner --location all",
					practice->id));
		else
			say(v, check, err == OK ? HEALTH_OK : HEALTH_FAIL,
			    err == OK ? "there is one" : error_row(err)->text, "look at the store");
	}
	v->work->practice = NULL;
	if (!count)
		say(v, "practices", HEALTH_WARN, "there is none yet",
		    "lanyard practice add, or lanyard apply -f FILE");
}

static void free_gnutls(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

static void free_certificate(gnutls_x509_crt_t *certificate)
{
	gnutls_x509_crt_deinit(*certificate);
}

/* Until when the first certificate of the file is good; false: it cannot be read. */
static bool certificate_ends(const char *path, int64_t *ends)
{
	struct stat st;
	AUTO(free_gnutls) gnutls_datum_t pem = { 0 };
	AUTO(free_certificate) gnutls_x509_crt_t certificate = NULL;

	if (stat(path, &st) < 0 || st.st_size > CERTIFICATE_MAX || gnutls_load_file(path, &pem) < 0)
		return false;
	if (gnutls_x509_crt_init(&certificate) < 0 ||
	    gnutls_x509_crt_import(certificate, &pem, GNUTLS_X509_FMT_PEM) < 0)
		return false;
	*ends = (int64_t)gnutls_x509_crt_get_expiration_time(certificate);
	return true;
}

static void check_certificate(struct visit *v)
{
	const char *path = v->work->app->config->tls_certificate;
	int64_t ends = 0;

	if (text_is_empty(path))
		return;
	if (!certificate_ends(path, &ends)) {
		say(v, "TLS certificate", HEALTH_FAIL, arena_print(v->work->arena, "%s cannot be read", path),
		    "put a PEM certificate there");
		return;
	}
	int64_t days = (ends - v->work->now) / DAY;
	enum health health = days < 1 ? HEALTH_FAIL : days < 21 ? HEALTH_WARN : HEALTH_OK;

	say(v, "TLS certificate", health, arena_print(v->work->arena, "%" PRId64 " days left", days),
	    "renew it");
}

/* What its protocol's room has to say about an app. */
static size_t check_app(struct visit *v, const struct app_protocol *protocol, const struct client *client)
{
	AUTO(json_done) json_t *facts = NULL;
	const char *check = arena_print(v->work->arena, "app %s", client->client_id);

	if (protocol->facts(v->work, client, &facts) != OK) {
		say(v, check, HEALTH_FAIL, "could not be read", "look at the store");
		return 1;
	}
	const json_t *warnings = json_object_get(facts, "warnings");

	for (size_t i = 0; i < json_array_size(warnings); i++) {
		const json_t *warning = json_array_get(warnings, i);

		say(v, check, HEALTH_WARN, json_get_text(warning, "why"), json_get_text(warning, "mend"));
	}
	return json_array_size(warnings);
}

static void check_apps(struct visit *v)
{
	const struct snapshot *snapshot = v->work->snapshot;
	size_t count = 0, warned = 0;

	for (size_t i = 0; snapshot && i < snapshot->client_count; i++) {
		const struct client *client = &snapshot->clients[i];
		const struct app_protocol *protocol = app_protocol_of(v->work, client->type);

		if (!protocol || client->disabled)
			continue;
		count++;
		warned += check_app(v, protocol, client) > 0;
	}
	if (count && !warned)
		say(v, "SAML apps", HEALTH_OK,
		    arena_print(v->work->arena, "%zu, metadata and certificates are good", count), "");
}

/* What the protocol's room found at a provider: what is fine is one row. */
static void check_connection(struct visit *v, const struct connection *connection)
{
	AUTO(json_done) json_t *findings = NULL;
	const char *check = arena_print(v->work->arena, "connection %s", connection->id);
	size_t bad = 0;

	v->work->practice = connection->practice_id;
	if (connector_of(v->work, connection->protocol)->examine(v->work, connection, &findings) != OK) {
		say(v, check, HEALTH_FAIL, v->work->reason ? v->work->reason : "could not be examined",
		    arena_print(v->work->arena, "lanyard connection test %s", connection->id));
		return;
	}
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *row = json_array_get(findings, i);
		const char *outcome = json_get_text(row, "outcome"), *why = json_get_text(row, "why"),
			   *mend = json_get_text(row, "mend"), *what = json_get_text(row, "check");
		if (text_equal(outcome, "ok"))
			continue;
		bad++;
		say(v, check, text_equal(outcome, "warn") ? HEALTH_WARN : HEALTH_FAIL,
		    arena_print(v->work->arena, "%s: %s", what ? what : "", why ? why : ""),
		    mend ? mend : "");
	}
	if (!bad)
		say(v, check, HEALTH_OK,
		    arena_print(v->work->arena, "%zu checks are fine", json_array_size(findings)), "");
}

static void check_connections(struct visit *v)
{
	const struct snapshot *snapshot = v->work->snapshot;

	for (size_t p = 0; snapshot && p < snapshot->practice_count; p++) {
		const struct practice *practice = &snapshot->practices[p];
		for (size_t i = 0; i < practice->connection_count && !practice->disabled; i++)
			if (!practice->connections[i].disabled && !practice->connections[i].deleted)
				check_connection(v, &practice->connections[i]);
	}
	v->work->practice = NULL;
}

static enum err doctor(struct work *work, const json_t *arguments, json_t **result, const char **message,
		       int *code)
{
	struct visit visit = { .work = work, .rows = json_array() };

	(void)arguments;
	check_config(&visit);
	check_files(&visit);
	check_store(&visit);
	check_keys(&visit);
	check_practices(&visit);
	check_certificate(&visit);
	check_apps(&visit);
	check_connections(&visit);
	work->err = OK;
	*code = visit.worst == HEALTH_FAIL ? EXIT_UNHEALTHY : EXIT_OK;
	*message = visit.worst == HEALTH_FAIL ? "Not healthy: mend what says fail." : "Healthy.";
	*result = visit.rows;
	return OK;
}

/* clang-format off */
const struct command doctor_commands[] = {
	{ "doctor", NULL, "doctor", "is everything as it must be?", "lanyard doctor\n",
	  (const char *const[]){ NULL }, (const char *const[]){ NULL }, doctor, NULL },
	{ .noun = NULL },
};
/* clang-format on */
