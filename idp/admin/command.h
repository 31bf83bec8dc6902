/* command.h: what `lanyard NOUN VERB` does, once, whoever asks: the command line working on the store
 * directly when no server runs, or the server on its administration socket (peer user checked).
 *
 * A command takes its arguments as a JSON object by long option name (positional ones by the row's names) and
 * answers a JSON value; printing as table, json, yaml or name is the caller's (idp/cli). */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

#include <jansson.h>

#include "base/base.h"

struct work;
struct arena;

/* Exit codes of the command line. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_NOT_ALLOWED = 4,
	EXIT_CONFLICT = 5,
	EXIT_DIFFERENT = 6,
	EXIT_UNHEALTHY = 7
};

struct command {
	const char *noun, *verb; /* verb NULL: the noun alone ("apply") */
	const char *usage;       /* "user add EMAIL --practice P --role R --location L" */
	const char *about;       /* one line */
	const char *examples;    /* lines that tests run against the demo clinic; "  # exits 6" when not 0 */
	const char *const *positional; /* names, ends with NULL; a name that ends with '?' may be missing */
	/* Ends with NULL. "disabled" is a flag, "practice=" takes a value, "location=*" repeats, "file=@"
	 * names a file that the client reads and sends along as the argument "text" (and in "files", by name,
	 * what that document names as metadata_file), "metadata=<" an https address or a file that it reads
	 * and sends along as "metadata_text", "confirm=!" is what the client lets people type when
	 * --yes is missing, "password-stdin" reads a line from standard input into the argument "password",
	 * "ask-password" asks for it on the terminal, "client-secret-stdin" and "ask-client-secret" the same
	 * into "client_secret"; "token=@" reads a file into "token_text". Every command takes --practice and
	 * --yes. */
	const char *const *options;
	/* A fault's reason is the message. On success *message may be one line for people (what happened, the
	 * next step) and *code an exit code other than 0. *result is the caller's; NULL: nothing to print. */
	enum err (*run)(struct work *work, const json_t *arguments, json_t **result, const char **message,
			int *code);
	const char *output; /* how it is printed when nothing else is asked for; NULL: table */
};
extern const struct command
	*const admin_nouns[]; /* the tables by noun, each ending with a row without noun; ends with NULL */
const struct command *command_find(const char *noun, const char *verb);
/* Is there such a noun, with or without verbs? */
bool command_noun(const char *noun);
/* Runs with the acting operator in the audit; turns faults into message and code. */
int command_run(struct work *work, const struct command *command, const json_t *arguments, json_t **result,
		const char **message);

/* The words after noun and verb as arguments; *message says what is wrong, with the nearest known option.
 * Files and standard input are left to the caller: {"file": "clinic.yaml", "password-stdin": true} becomes
 * {"file": "clinic.yaml", "text": "practices: ...", "password": "..."} there. */
bool command_parse(struct arena *arena, const struct command *command, int argc, char *const *argv,
		   json_t **arguments, const char **message) MUST_USE;
/* Are these arguments that this command takes, each of its kind? What comes over the socket is checked so. */
bool command_accepts(struct arena *arena, const struct command *command, const json_t *arguments,
		     const char **message) MUST_USE;
/* The kind of an option: 0 flag, '=' value, '*' list, '@' file, '<' file or address, '!' confirmation; -1:
 * there is none of that name. */
int command_option(const struct command *command, const char *name);

/* The administration socket: one request, one answer (length-prefixed JSON), peer uid = ours or root. */
struct app;
struct desk;
struct desk *desk_start(struct app *app, const char *path, char *message, size_t message_size);
void desk_stop(struct desk *desk);
/* Client side: false when nobody listens there. Request {"noun", "verb", "arguments"}, answer {"code",
 * "message", "result"}; the answer is the caller's. */
bool desk_ask(const char *path, const json_t *request, json_t **answer);
/* Runs such a request: the desk's own work, and what the command line does without a server. */
json_t *desk_answer(struct work *work, const json_t *request);

#endif
