/* serve.c: start everything in order, wait for a signal, stop it in reverse. */
#include "serve.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/command.h"
#include "app_open.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/workers.h"
#include "front.h"
#include "health.h"
#include "http/server.h"
#include "jobs.h"
#include "login/crowd.h"
#include "login/reach.h"
#include "oidc/routes.h"
#include "oidc/upstream.h"
#include "store/db.h"

/* What serving adds to an open app; each is NULL until it runs. */
struct serving {
	struct app app;
	struct router *router, *admin_router;
	struct jobs *jobs;
	struct desk *desk;
};

/* A worker's tools: its own store connection, made when the thread starts. */
static void *tools_open(void *context, unsigned thread)
{
	struct app *app = context;
	struct worker_tools *tools = calloc(1, sizeof *tools);

	(void)thread;
	if (!tools)
		abort();
	tools->db = db_open(app->store);
	return tools;
}

static void tools_close(void *tools)
{
	struct worker_tools *own = tools;

	db_close(own->db);
	free(own);
}

static struct lane *lane_of(struct app *app, const char *name, int64_t threads)
{
	return lane_start(&(struct lane_plan){ .name = name,
					       .threads = (unsigned)threads,
					       .queue = (unsigned)app->config->limits.queue,
					       .open = tools_open,
					       .close = tools_close,
					       .context = app });
}

static enum err start_protocols(struct app *app)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct db *db = db_open(app->store);
	struct work w;

	work_begin(&w, app, db, arena);
	enum err err = oidc_start(&w);
	work_end(&w);
	db_close(db);
	return err;
}

static enum err start(struct serving *serving, const struct config *config, char *message, size_t size)
{
	struct app *app = &serving->app;

	TRY(app_open(config, app, message, size));
	app->crowd = crowd_new(config->limits.sign_ins_per_address);
	app->reach = reach_new();
	app->upstreams = upstreams_new();
	TRY(start_protocols(app));
	app->quick = lane_of(app, "quick", config->limits.quick_threads);
	app->slow = lane_of(app, "slow", config->limits.slow_threads);
	app->remote = lane_of(app, "remote", config->limits.remote_threads);
	if (!app->quick || !app->slow || !app->remote) {
		(void)snprintf(message, size, "could not start worker threads");
		return ERR_INTERNAL;
	}
	serving->router = front_router();
	serving->admin_router = front_admin_router();
	TRY(server_start(
		&(struct server_plan){
			.app = app,
			.router = serving->router,
			.admin_router = serving->admin_router,
			.hooks = { .handle = front_handle, .settle = db_settle, .refuse = front_refuse } },
		&app->server, message, size));
	serving->desk = desk_start(app, config->admin_socket, message, size);
	if (!serving->desk)
		return ERR_CONFIG;
	serving->jobs = jobs_start(app);
	return OK;
}

static void stop(struct serving *serving)
{
	struct app *app = &serving->app;

	health_stopping();
	jobs_stop(serving->jobs);
	if (serving->desk)
		desk_stop(serving->desk);
	if (app->server)
		server_stop(app->server);
	lane_stop(app->quick);
	lane_stop(app->slow);
	lane_stop(app->remote);
	if (serving->router)
		router_free(serving->router);
	if (serving->admin_router)
		router_free(serving->admin_router);
	oidc_stop(app);
	upstreams_free(TAKE(app->upstreams));
	reach_free(TAKE(app->reach));
	crowd_free(TAKE(app->crowd));
	app_close(app);
}

static enum log_level level_of(const char *word)
{
	return strcmp(word, "error") == 0   ? LOG_ERROR_
	       : strcmp(word, "warn") == 0  ? LOG_WARN
	       : strcmp(word, "debug") == 0 ? LOG_DEBUG
					    : LOG_INFO;
}

/* Signals are taken by this thread alone; threads made later inherit the mask. */
static void hold_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int serve_main(int argc, char **argv, const char *config_file)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct serving serving = { 0 };
	char message[512] = "";
	sigset_t signals;
	int signal_number = 0;
	int64_t began = clock_monotonic_us();

	if (argc > 1) {
		fprintf(stderr, "lanyard serve: no argument \"%s\"; try lanyard serve --help\n", argv[1]);
		return 2;
	}
	const struct config *config = app_config(arena, config_file);
	if (!config)
		return 1;
	log_open(level_of(config->log_level), strcmp(config->log_format, "text") == 0);
	hold_signals(&signals);
	umask(077);
	enum err err = start(&serving, config, message, sizeof message);
	if (err == OK) {
		log_print(LOG_INFO, "started", "%s listens on %s, %" PRId64 " ms", config->issuer,
			  config->listen[0], (clock_monotonic_us() - began) / 1000);
		sigwait(&signals, &signal_number);
		log_print(LOG_INFO, "stopping", "signal %d", signal_number);
	} else {
		fprintf(stderr, "lanyard: %s\n", message[0] ? message : error_row(err)->text);
	}
	stop(&serving);
	return err == OK ? 0 : 1;
}

int migrate_main(int argc, char **argv, const char *config_file)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct store *store = NULL;
	char message[512] = "";

	if (argc > 1) {
		fprintf(stderr, "lanyard migrate: no argument \"%s\"\n", argv[1]);
		return 2;
	}
	const struct config *config = app_config(arena, config_file);
	if (!config)
		return 1;
	if (store_open(config->store, config->outbound.ca_file, &store, message, sizeof message) != OK) {
		fprintf(stderr, "lanyard: %s\n", message);
		return 1;
	}
	store_close(store);
	printf("the store is at version %" PRId64 "\n", schema_newest());
	return 0;
}
