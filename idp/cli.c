/* cli.c: lanyard NOUN VERB ...: finds the command, gathers what it needs from here, asks, prints. */
#include "cli.h"

#include <fcntl.h>
#include <pwd.h>
#include <termios.h>
#include <unistd.h>

#include "admin/apply.h"
#include "admin/command.h"
#include "app_open.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "saml/attributes.h"
#include "store/db.h"

#define WORDS_MAX    500
#define FILE_MAX     (MB + 1) /* one byte more than a document may have, so that the reader says so */
#define METADATA_MAX (256 * KB + 1)
#define SECRET_MAX   1100

/* What stands anywhere in the line and is for the client alone. */
struct line {
	struct arena *arena;
	const char *config, *output;
	bool help, quiet;
	char **words; /* the rest */
	int count;
};

static int usage(const char *format, ...) PRINTF(1, 2);
static int usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("lanyard: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	return EXIT_USAGE;
}

/* "--config FILE" or "--config=FILE"; moves *at past the value. */
static bool takes(const char *name, const char *letter, int argc, char **argv, int *at, const char **value)
{
	const char *word = argv[*at];
	size_t length = strlen(name);

	if (text_starts(word, name) && word[length] == '=') {
		*value = word + length + 1;
		return true;
	}
	if ((!text_equal(word, name) && !text_equal(word, letter)) || *at + 1 >= argc)
		return false;
	*value = argv[++*at];
	return true;
}

static bool line_read(struct line *line, int argc, char **argv)
{
	if (argc > WORDS_MAX)
		return false;
	line->words = arena_array(line->arena, char *, (size_t)argc + 1);
	for (int i = 1; i < argc; i++) {
		if (takes("--config", NULL, argc, argv, &i, &line->config) ||
		    takes("--output", "-o", argc, argv, &i, &line->output))
			continue;
		if (text_equal(argv[i], "--help") || text_equal(argv[i], "-h"))
			line->help = true;
		else if (text_equal(argv[i], "--quiet") || text_equal(argv[i], "-q"))
			line->quiet = true;
		else if (!text_equal(argv[i], "--no-color")) /* there is no colour to turn off */
			line->words[line->count++] = argv[i];
	}
	return true;
}

static void close_fd(int *fd)
{
	if (*fd > STDERR_FILENO)
		(void)close(*fd); /* it was only read */
}

/* The whole file, "-" standard input; NULL with a word about it on stderr. */
static const char *file_text(struct arena *arena, const char *path, size_t max)
{
	AUTO(close_fd) int fd = text_equal(path, "-") ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	AUTO_BUF text = BUF(max);
	char part[16384];
	ssize_t got = fd < 0 ? -1 : 0;

	while (fd >= 0 && !text.full && (got = read(fd, part, sizeof part)) > 0)
		buf_add(&text, part, (size_t)got);
	if (got < 0)
		(void)usage("could not read %s: %s", path, strerror(errno));
	else if (text.full)
		(void)usage("%s has more than %zu KB", path, max / KB);
	else if (!text_is_utf8(buf_str(&text), text.size))
		(void)usage("%s is not UTF-8 text", path);
	else
		return arena_textn(arena, buf_str(&text), text.size);
	return NULL;
}

/* What a document names stands beside it; of standard input, where the command was started. */
static const char *path_beside(struct arena *arena, const char *document, const char *name)
{
	const char *slash = text_equal(document, "-") ? NULL : strrchr(document, '/');

	if (name[0] == '/')
		return name;
	return slash ? arena_print(arena, "%.*s/%s", (int)(slash - document), document, name)
		     : arena_print(arena, "./%s", name);
}

/* The files that the apps or connections of one YAML document name as metadata_file. */
static bool gather_named(struct line *line, const char *document, const json_t *entries, json_t *files)
{
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const char *name = json_get_text(json_array_get(entries, i), "metadata_file");

		if (!name || json_object_get(files, name))
			continue;
		const char *text =
			file_text(line->arena, path_beside(line->arena, document, name), METADATA_MAX);

		if (!text)
			return false;
		json_set_text(files, name, text);
	}
	return true;
}

static bool gather_document(struct line *line, const char *path, const json_t *value, json_t *files)
{
	const json_t *practices = json_object_get(value, "practices");

	for (size_t i = 0; i < json_array_size(practices); i++)
		if (!gather_named(line, path, json_object_get(json_array_get(practices, i), "connections"),
				  files))
			return false;
	return gather_named(line, path, json_object_get(value, "apps"), files);
}

/* A document that cannot be read is complained about by the command, with its place. */
static bool gather_files(struct line *line, const char *path, const char *text, json_t *arguments)
{
	size_t count = 0;
	const char *message = NULL;
	struct yaml_document *documents = yaml_read(line->arena, text, strlen(text), &count, &message);
	AUTO(json_done) json_t *files = json_object();

	for (size_t i = 0; documents && i < count; i++)
		if (!gather_document(line, path, yaml_value(documents, i), files))
			return false;
	if (json_object_size(files))
		json_set(arguments, "files", TAKE(files));
	return true;
}

static bool gather_file(struct line *line, const struct command *command, json_t *arguments)
{
	const char *path = json_get_text(arguments, "file");

	if (!path || command_option(command, "file") != '@')
		return true;
	const char *text = file_text(line->arena, path, FILE_MAX);

	json_set_text(arguments, "text", text);
	return text && gather_files(line, path, text, arguments);
}

/* --metadata FILE; an address is fetched by the server. */
static bool gather_metadata(struct line *line, const struct command *command, json_t *arguments)
{
	const char *named = json_get_text(arguments, "metadata");

	if (!named || command_option(command, "metadata") != '<' || text_starts(named, "https://") ||
	    text_starts(named, "http://"))
		return true;
	const char *text = file_text(line->arena, named, METADATA_MAX);

	json_set_text(arguments, "metadata_text", text);
	return text != NULL;
}

/* --token FILE: what a provider signed, for a preview. It names a person, so it never stands on the command
 * line. */
static bool gather_token(struct line *line, const struct command *command, json_t *arguments)
{
	const char *named = json_get_text(arguments, "token");

	if (!named || command_option(command, "token") != '@')
		return true;
	const char *text = file_text(line->arena, named, METADATA_MAX);

	json_set_text(arguments, "token_text", text);
	return text != NULL;
}

static bool read_line(char *out, size_t size)
{
	if (!fgets(out, (int)size, stdin))
		return false;
	size_t length = strcspn(out, "\r\n");
	bool whole = out[length] || length + 1 < size;

	out[length] = '\0';
	return whole && length > 0;
}

/* On the terminal, without echo. */
static bool ask_quietly(const char *question, char *out, size_t size)
{
	struct termios before, silent;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
		return false;
	fprintf(stderr, "%s: ", question);
	bool read = read_line(out, size);

	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* nothing better to do when it fails */
	fputs("\n", stderr);
	return read;
}

/* Twice, since what is typed is not seen. */
static bool ask_secret(const char *what, char *out, size_t size)
{
	char again[SECRET_MAX];
	bool same = ask_quietly(what, out, size) && ask_quietly("Again", again, sizeof again) &&
		    text_equal(out, again);

	explicit_bzero(again, sizeof again);
	return same;
}

/* Secrets never stand on the command line, where other processes could read them. */
static const struct {
	const char *from_input, *asked, *argument, *what;
} secrets[] = {
	{ "password-stdin", "ask-password", "password", "password" },
	{ "client-secret-stdin", "ask-client-secret", "client_secret", "client secret" },
};

static bool gather_secret(const struct command *command, json_t *arguments, size_t at)
{
	char text[SECRET_MAX];
	bool from_input = json_is_true(json_object_get(arguments, secrets[at].from_input));
	bool asked = json_is_true(json_object_get(arguments, secrets[at].asked));

	if (command_option(command, secrets[at].from_input) < 0 || (!from_input && !asked))
		return true;
	bool read =
		from_input ? read_line(text, sizeof text) : ask_secret(secrets[at].what, text, sizeof text);

	if (read)
		json_set_text(arguments, secrets[at].argument, text);
	else if (from_input)
		(void)usage("no %s on standard input", secrets[at].what);
	else
		(void)usage("what was typed differs, or this is no terminal");
	explicit_bzero(text, sizeof text);
	return read;
}

static bool gather_secrets(const struct command *command, json_t *arguments)
{
	for (size_t i = 0; i < COUNT(secrets); i++)
		if (!gather_secret(command, arguments, i))
			return false;
	return true;
}

/* What cannot be undone is typed again; without a terminal --yes has to say it. */
static void gather_confirmation(const struct command *command, json_t *arguments)
{
	char typed[300];
	const char *first = command->positional && *command->positional ? *command->positional : "practice";
	const char *text = json_get_text(arguments, first);

	if (command_option(command, "confirm") != '!' || !text || json_object_get(arguments, "yes") ||
	    json_object_get(arguments, "confirm") || !isatty(STDIN_FILENO))
		return;
	fprintf(stderr, "This cannot be undone. Type %s to go on: ", text);
	if (read_line(typed, sizeof typed))
		json_set_text(arguments, "confirm", typed);
}

static const char *operator_name(struct arena *arena)
{
	char room[4096];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(getuid(), &entry, room, sizeof room, &found) == 0 && found)
		return arena_text(arena, found->pw_name);
	return arena_print(arena, "uid %u", (unsigned)getuid());
}

/* No server listens: on the store itself. */
static json_t *answer_here(struct line *line, const struct config *config, const json_t *request)
{
	struct app app = { 0 };
	struct work work;
	char message[512] = "";

	if (app_open(config, &app, message, sizeof message) != OK)
		return json_pack("{s:i, s:s, s:n}", "code",
				 text_equal(json_get_text(request, "noun"), "doctor") ? EXIT_UNHEALTHY
										      : EXIT_FAILED,
				 "message", message, "result");
	struct db *db = db_open(app.store);

	work_begin(&work, &app, db, line->arena);
	work.actor = (struct actor){ .kind = ACTOR_OPERATOR,
				     .id = operator_name(line->arena),
				     .address = "local" };
	json_t *answer = db ? desk_answer(&work, request)
			    : json_pack("{s:i, s:s, s:n}", "code", EXIT_FAILED, "message",
					"the store could not be reached", "result");
	work_end(&work);
	if (db)
		db_close(db);
	app_close(&app);
	return answer;
}

static int show(struct line *line, const struct command *command, const json_t *answer)
{
	int code = (int)json_get_int(answer, "code", EXIT_FAILED);
	const char *message = json_get_text(answer, "message");
	const json_t *result = json_object_get(answer, "result");
	bool worked = result && !json_is_null(result);
	const char *format = line->output ? line->output : command->output ? command->output : "table";

	if (worked)
		print_result(stdout, line->arena, result, format);
	if (message && (!worked || !line->quiet))
		fprintf(stderr, "%s%s\n", worked ? "" : "lanyard: ", message);
	if (fflush(stdout) != 0)
		return usage("could not write the answer: %s", strerror(errno));
	return code;
}

static int ask(struct line *line, const struct command *command, json_t *arguments)
{
	AUTO(json_done) json_t *answer = NULL;
	AUTO(json_done)
	json_t *request = json_pack("{s:s, s:s?, s:O}", "noun", command->noun, "verb", command->verb,
				    "arguments", arguments);
	const struct config *config = app_config(line->arena, line->config);

	if (!config)
		return EXIT_FAILED;
	if (!desk_ask(config->admin_socket, request, &answer))
		answer = answer_here(line, config, request);
	return show(line, command, answer);
}

static int run_command(struct line *line, const struct command *command, int skip)
{
	AUTO(json_done) json_t *arguments = NULL;
	const char *message = NULL;

	if (line->help) {
		help_command(stdout, command);
		return EXIT_OK;
	}
	if (line->output && !print_knows(line->output))
		return usage("-o is table, json, yaml or name");
	if (!command_parse(line->arena, command, line->count - skip, line->words + skip, &arguments,
			   &message))
		return usage("%s\nSee: lanyard %s%s%s --help", message, command->noun,
			     command->verb ? " " : "", command->verb ? command->verb : "");
	if (!gather_file(line, command, arguments) || !gather_metadata(line, command, arguments) ||
	    !gather_token(line, command, arguments) || !gather_secrets(command, arguments))
		return EXIT_USAGE;
	gather_confirmation(command, arguments);
	return ask(line, command, arguments);
}

static const char *verb_near(struct line *line, const char *noun, const char *verb)
{
	const char *known[64];
	size_t count = 0;

	for (const struct command *const *table = admin_nouns; *table; table++)
		for (const struct command *row = *table; row->noun && count < COUNT(known) - 1; row++)
			if (text_equal(row->noun, noun) && row->verb)
				known[count++] = arena_text(line->arena, row->verb);
	known[count] = NULL;
	return text_nearest(verb, known);
}

static int run_noun(struct line *line, const char *noun)
{
	const char *verb = line->count > 1 ? line->words[1] : NULL;
	const struct command *command = command_find(noun, verb);

	if (command)
		return run_command(line, command, command->verb ? 2 : 1);
	if (verb && verb[0] != '-') {
		const char *near = verb_near(line, noun, verb);
		return near ? usage("there is no lanyard %s %s (did you mean %s?)", noun, verb, near)
			    : usage("there is no lanyard %s %s; see lanyard %s --help", noun, verb, noun);
	}
	help_noun(line->help ? stdout : stderr, noun);
	return line->help ? EXIT_OK : EXIT_USAGE;
}

static const struct local_command *local_find(const char *name)
{
	for (const struct local_command *row = local_commands; row->name; row++)
		if (text_equal(row->name, name))
			return row;
	return NULL;
}

static int run_local(struct line *line, const struct local_command *command)
{
	if (!line->help)
		return command->run(line->count, line->words, line->config);
	help_local(stdout, command);
	return EXIT_OK;
}

static int completion(struct line *line)
{
	const char *shell = line->count > 1 ? line->words[1] : "";

	if (!line->help && completion_print(stdout, shell))
		return EXIT_OK;
	return usage("completion bash|zsh|fish, for example: lanyard completion bash > "
		     "/etc/bash_completion.d/lanyard");
}

static int reference(struct line *line)
{
	const char *what = line->count > 1 ? line->words[1] : "";

	if (text_equal(what, "apply"))
		fputs(apply_reference(line->arena), stdout);
	else if (text_equal(what, "schema"))
		fputs(apply_schema(line->arena), stdout);
	else if (text_equal(what, "commands"))
		help_reference(stdout);
	else if (text_equal(what, "saml-attributes"))
		fputs(attributes_reference(line->arena), stdout);
	else
		return usage("reference apply|schema|commands|saml-attributes: the apply document, its JSON "
			     "Schema, "
			     "all commands, what SAML apps are told");
	return EXIT_OK;
}

static int run_line(struct line *line)
{
	const char *noun = line->count ? line->words[0] : NULL;
	const struct local_command *local = local_find(noun);

	if (!noun || text_equal(noun, "help")) {
		help_all(line->help || noun ? stdout : stderr);
		return line->help || noun ? EXIT_OK : EXIT_USAGE;
	}
	if (local)
		return run_local(line, local);
	if (text_equal(noun, "completion"))
		return completion(line);
	if (text_equal(noun, "reference"))
		return reference(line);
	if (command_noun(noun))
		return run_noun(line, noun);
	const char *near = text_nearest(noun, help_words(line->arena));

	return near ? usage("there is no command %s (did you mean %s?)", noun, near)
		    : usage("there is no command %s; see lanyard --help", noun);
}

int cli_main(int argc, char **argv)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct line line = { .arena = arena, .config = getenv("LANYARD_CONFIG") };

	if (!line_read(&line, argc, argv))
		return usage("more than %d words", WORDS_MAX);
	return run_line(&line);
}
