/* main.c: the process: what must be so before the first thread, and the commands that are not the store's. */
#include "base/base.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "app_open.h"
#include "base/arena.h"
#include "base/config.h"
#include "cli.h"
#include "front.h"
#include "saml/cabinet.h"
#include "serve.h"

#ifndef LANYARD_VERSION
#define LANYARD_VERSION "0.1.0"
#endif

/* No core dumps, no ptrace by others (security.md I7). */
static void harden(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	saml_library_start();
}

static int version_main(int argc, char **argv, const char *config_file)
{
	(void)argc, (void)argv, (void)config_file;
	printf("lanyard %s\n", LANYARD_VERSION);
	return 0;
}

static int routes_main(int argc, char **argv, const char *config_file)
{
	(void)argc, (void)argv, (void)config_file;
	front_print_routes(stdout);
	return 0;
}

static int config_main(int argc, char **argv, const char *config_file)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "template") == 0)
		return fputs(config_template(arena), stdout) < 0;
	if (strcmp(verb, "reference") == 0)
		return fputs(config_reference(arena), stdout) < 0;
	if (strcmp(verb, "check") != 0 && strcmp(verb, "show") != 0) {
		fprintf(stderr, "lanyard config: say check, show, template or reference\n");
		return 2;
	}
	const struct config *config = app_config(arena, config_file);
	if (!config)
		return 1;
	if (strcmp(verb, "show") == 0)
		return fputs(config_show(arena, config), stdout) < 0;
	printf("%s: fine\n", config->file ? config->file : "defaults and environment");
	return 0;
}

const struct local_command local_commands[] = {
	{ "serve", "serve [--config FILE]", "run the server", "lanyard serve --config lanyard.yaml",
	  serve_main },
	{ "init", "init [--practice ID --name NAME --owner EMAIL]",
	  "make keys and store, and the first owner",
	  "lanyard init --practice northside --name \"Northside Family Clinic\" --owner "
	  "ada@northside.example",
	  init_main },
	{ "migrate", "migrate", "bring the store to this version's schema", "lanyard migrate", migrate_main },
	{ "config", "config check|show|template|reference", "check or show the settings",
	  "lanyard config check", config_main },
	{ "routes", "routes", "print the address map", "lanyard routes", routes_main },
	{ "version", "version", "print the version", "lanyard version", version_main },
	{ 0 },
};

int main(int argc, char **argv)
{
	harden();
	return cli_main(argc, argv);
}
