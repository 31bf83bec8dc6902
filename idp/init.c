/* init.c: lanyard init: keys and store, and with --practice the first practice with its owner, by the same
 * apply document that everything else uses. */
#include "serve.h"

#include <getopt.h>

#include "admin/command.h"
#include "app_open.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "keys/secret.h"
#include "store/db.h"

struct init_options {
	const char *practice, *name, *owner, *timezone;
};

static bool read_options(int argc, char **argv, struct init_options *out)
{
	static const struct option known[] = { { "practice", required_argument, NULL, 'p' },
					       { "name", required_argument, NULL, 'n' },
					       { "owner", required_argument, NULL, 'o' },
					       { "timezone", required_argument, NULL, 't' },
					       { 0 } };
	int option;

	*out = (struct init_options){ .timezone = "America/Chicago" };
	optind = 1;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'p')
			out->practice = optarg;
		else if (option == 'n')
			out->name = optarg;
		else if (option == 'o')
			out->owner = optarg;
		else if (option == 't')
			out->timezone = optarg;
		else
			return false;
	}
	return optind == argc && !out->practice == !out->owner;
}

/* The document of a practice with one location and its owner. */
static json_t *first_practice(const struct init_options *o, const char *password)
{
	json_t *document = json_pack(
		"{s:[{s:s, s:s, s:s, s:[{s:s, s:s}], s:s, s:[{s:s, s:s, s:s, s:b, s:[{s:s, s:s}]}]}]}",
		"practices", "id", o->practice, "name", o->name ? o->name : o->practice, "timezone",
		o->timezone, "locations", "id", "main", "name", "Main", "template", "small", "staff", "email",
		o->owner, "class", "administrator", "password", password, "must_change", 1, "assignments",
		"role", "owner", "locations", "all");

	assert(document);
	return document;
}

static int apply_first(struct app *app, const struct init_options *o)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(secret_wipe) struct secret password = password_new();
	AUTO(json_done) json_t *document = first_practice(o, password.text);
	AUTO(json_done)
	json_t *arguments =
		json_pack("{s:s, s:s}", "file", "first practice", "text", json_text(arena, document));
	AUTO(json_done) json_t *result = NULL;
	struct db *db = db_open(app->store);
	const char *message = NULL;
	struct work w;

	work_begin(&w, app, db, arena);
	w.actor = (struct actor){ .kind = ACTOR_OPERATOR, .id = "init" };
	int code = command_run(&w, command_find("apply", NULL), arguments, &result, &message);
	work_end(&w);
	db_close(db);
	if (code != 0)
		fprintf(stderr, "lanyard init: %s\n", message ? message : "could not make the practice");
	else
		printf("practice %s is ready; its owner signs in as\n  %s\n  %s\nThe password is shown this "
		       "once.\n",
		       o->practice, o->owner, password.text);
	return code;
}

int init_main(int argc, char **argv, const char *config_file)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct init_options options;
	struct app app;
	char message[512] = "";

	if (!read_options(argc, argv, &options)) {
		fprintf(stderr, "usage: lanyard init [--practice ID --owner EMAIL [--name NAME] [--timezone "
				"ZONE]]\n");
		return 2;
	}
	const struct config *config = app_config(arena, config_file);
	if (!config)
		return 1;
	if (app_open(config, &app, message, sizeof message) != OK) {
		fprintf(stderr, "lanyard: %s\n", message);
		return 1;
	}
	printf("store %s and its keys are ready\n", config->store);
	int code = options.practice ? apply_first(&app, &options) : 0;
	app_close(&app);
	return code;
}
