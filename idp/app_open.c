/* app_open.c: open what every piece of work stands on. */
#include "app_open.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "http/fetch.h"
#include "keys/keyring.h"
#include "keys/password.h"
#include "keys/seal.h"
#include "login/logout.h"
#include "oidc/routes.h"
#include "oidc/upstream.h"
#include "saml/logout.h"
#include "saml/registry.h"
#include "saml/upstream.h"
#include "store/db.h"
#include "store/snapshot.h"

#define CONFIG_FILE "lanyard.yaml"

/* Who tells apps that a session has ended; a command that works on the store directly queues for them too. */
static const struct participant *const participants[] = { &oidc_participant, &saml_participant, NULL };
/* Who reads what apps declare. */
static const struct app_protocol *const protocols[] = { &saml_protocol, NULL };
/* Who asks other identity providers. */
static const struct connector *const connectors[] = { &oidc_connector, &saml_connector, NULL };

/* The folder of an embedded store is made on first start: zero configuration works. */
static enum err make_store_folder(const struct config *config, char *message, size_t message_size)
{
	static const char prefix[] = "sqlite:";

	if (strncmp(config->store, prefix, strlen(prefix)) != 0)
		return OK;
	char path[4096];
	int length = snprintf(path, sizeof path, "%s", config->store + strlen(prefix));
	char *slash = length > 0 && (size_t)length < sizeof path ? strrchr(path, '/') : NULL;

	if (!slash || slash == path)
		return OK;
	*slash = '\0';
	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		(void)snprintf(message, message_size, "could not make the folder %s: %s", path,
			       strerror(errno));
		return ERR_STORE;
	}
	return OK;
}

/* What needs the store's content: clock, keys, the first picture of the hot tables. */
static enum err load(struct app *app, char *message, size_t message_size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct db *db = db_open(app->store);
	struct work w;
	int64_t offset = 0;

	if (!db) {
		(void)snprintf(message, message_size, "could not connect to the store");
		return ERR_STORE;
	}
	work_begin(&w, app, db, arena);
	enum err err = store_measure_clock(&w, &offset);
	if (err == OK) {
		clock_set_offset_us(offset);
		err = snapshots_refresh(&w, true);
	}
	if (err == OK)
		err = keyring_open(&w, &app->keyring);
	if (err != OK)
		(void)snprintf(message, message_size, "could not load from the store: %s",
			       w.reason ? w.reason : error_row(err)->text);
	work_end(&w);
	db_close(db);
	return err;
}

enum err app_open(const struct config *config, struct app *app, char *message, size_t message_size)
{
	*app = (struct app){ .config = config,
			     .participants = participants,
			     .protocols = protocols,
			     .connectors = connectors };
	enum err err = make_store_folder(config, message, message_size);

	if (err == OK)
		err = vault_open_config(config->master_key, config->master_key_file, true, &app->vault,
					message, message_size);
	if (err == OK)
		err = store_open(config->store, config->outbound.ca_file, &app->store, message, message_size);
	if (err == OK) {
		app->snapshots = snapshots_new();
		app->passwords = passwords_open(
			app->vault,
			(struct password_cost){ .memory_kib = (uint32_t)config->password.memory_kib,
						.passes = (uint32_t)config->password.passes,
						.slots = (unsigned)config->password.slots });
		app->fetcher = fetcher_new(config);
		err = load(app, message, message_size);
	}
	if (err != OK)
		app_close(app);
	return err;
}

void app_close(struct app *app)
{
	if (app->keyring)
		keyring_close(app->keyring);
	if (app->fetcher)
		fetcher_free(app->fetcher);
	if (app->passwords)
		passwords_close(app->passwords);
	if (app->snapshots)
		snapshots_free(app->snapshots);
	if (app->store)
		store_close(app->store);
	if (app->vault)
		vault_close(app->vault);
	*app = (struct app){ 0 };
}

/* Bounded at 1 MB, as the reader is. False with errno set. */
static bool read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t got;

	if (!file)
		return false;
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_add(out, chunk, got);
	bool ok = !ferror(file);
	(void)fclose(file);
	return ok;
}

const struct config *app_config(struct arena *arena, const char *file)
{
	const struct config *config = NULL;
	const char *message = NULL;
	AUTO_BUF text = BUF(MB + 1);
	const char *path = file ? file : CONFIG_FILE;
	bool have = read_file(path, &text);

	if (!have && (file || errno != ENOENT)) {
		fprintf(stderr, "lanyard: could not read %s: %s\n", path, strerror(errno));
		return NULL;
	}
	if (config_read(arena, have ? path : NULL, have ? buf_str(&text) : NULL, text.size, environ, &config,
			&message) != OK) {
		fprintf(stderr, "lanyard: %s\n", message);
		return NULL;
	}
	return config;
}
