/* cli.h: the command line: which command is meant, who runs it, how its answer is printed.
 *
 * Commands of idp/admin run in the server, through its administration socket, or on the store when no
 * server listens there. Local commands (serve, init, migrate ...) run in this process; main.c lists them. */
#ifndef IDP_CLI_H
#define IDP_CLI_H

#include <jansson.h>

#include "base/base.h"

struct arena;

struct local_command {
	const char *name, *usage, *about, *examples;
	int (*run)(int argc, char **argv,
		   const char *config_file); /* argv[0] is the name; config_file may be NULL */
};
extern const struct local_command local_commands[]; /* ends with a row without name */

/* Answers the process's exit code. */
int cli_main(int argc, char **argv);

/* cli_help.c: from the tables; what they say is what there is. */
struct command;
void help_all(FILE *out);
void help_noun(FILE *out, const char *noun);
void help_command(FILE *out, const struct command *command);
void help_local(FILE *out, const struct local_command *command);
/* Every noun and local command, once each; ends with NULL. */
const char *const *help_words(struct arena *arena);

/* The reference page of all commands. */
void help_reference(FILE *out);

/* cli_completion.c: a script for bash, zsh or fish; false for another shell. */
bool completion_print(FILE *out, const char *shell);

/* cli_print.c: data as "table", "json", "yaml" or "name". */
bool print_knows(const char *format);
void print_result(FILE *out, struct arena *arena, const json_t *result, const char *format);

#endif
