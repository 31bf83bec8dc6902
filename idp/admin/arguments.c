/* arguments.c: the words of a command line become arguments, by the command's row. */
#include "base/base.h"

#include "admin/command.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#define OPTIONS_MAX 64
#define VALUES_MAX  200

/* What every command takes. */
static const char *const common[] = { "practice=", "yes", NULL };
static const struct {
	const char *letter, *name;
} short_names[] = { { "-f", "file" }, { "-p", "practice" }, { "-y", "yes" } };

struct parsing {
	struct arena *arena;
	const struct command *command;
	int argc, at;
	char *const *argv;
	json_t *arguments;
	size_t positional;
	const char *message;
};

static bool complain(struct parsing *p, const char *message)
{
	p->message = message;
	return false;
}

static bool is_named(const char *option, const char *name)
{
	size_t length = strcspn(option, "=");

	return strlen(name) == length && strncmp(option, name, length) == 0;
}

static int kind_of(const char *option)
{
	size_t length = strcspn(option, "=");

	if (!option[length])
		return 0;
	return option[length + 1] ? option[length + 1] : '=';
}

static int kind_in(const char *const *options, const char *name)
{
	for (; options && *options; options++)
		if (is_named(*options, name))
			return kind_of(*options);
	return -1;
}

int command_option(const struct command *command, const char *name)
{
	int kind = kind_in(command->options, name);

	return kind >= 0 ? kind : kind_in(common, name);
}

static const char *option_near(struct parsing *p, const char *name)
{
	const char *known[OPTIONS_MAX + 1];
	size_t count = 0;

	for (const char *const *list = p->command->options; list && *list && count < OPTIONS_MAX; list++)
		known[count++] = arena_textn(p->arena, *list, strcspn(*list, "="));
	for (const char *const *list = common; *list && count < OPTIONS_MAX; list++)
		known[count++] = arena_textn(p->arena, *list, strcspn(*list, "="));
	known[count] = NULL;
	return text_nearest(name, known);
}

static bool unknown_option(struct parsing *p, const char *name)
{
	const char *near = option_near(p, name);

	return complain(
		p, near ? arena_print(p->arena, "there is no option --%s (did you mean --%s?)", name, near)
			: arena_print(p->arena, "there is no option --%s", name));
}

static bool add_value(struct parsing *p, const char *name, int kind, const char *value)
{
	json_t *list = json_object_get(p->arguments, name);

	if (!text_is_utf8(value, strlen(value)))
		return complain(p, arena_print(p->arena, "--%s is not UTF-8", name));
	if (kind != '*' && list)
		return complain(p, arena_print(p->arena, "--%s was given twice", name));
	if (kind != '*') {
		json_set_text(p->arguments, name, value);
		return true;
	}
	if (!list) {
		list = json_array();
		json_set(p->arguments, name, list);
	}
	if (json_array_size(list) >= VALUES_MAX)
		return complain(p, arena_print(p->arena, "--%s was given too often", name));
	int failed = json_array_append_new(list, json_string(value));

	assert(!failed && "out of memory");
	return true;
}

static bool take_option(struct parsing *p, const char *name, const char *value)
{
	int kind = command_option(p->command, name);

	if (kind < 0)
		return unknown_option(p, name);
	if (kind == 0) {
		json_set(p->arguments, name, json_true());
		return !value || complain(p, arena_print(p->arena, "--%s takes no value", name));
	}
	if (!value && p->at + 1 >= p->argc)
		return complain(p, arena_print(p->arena, "--%s needs a value", name));
	return add_value(p, name, kind, value ? value : p->argv[++p->at]);
}

static bool take_long(struct parsing *p, const char *word)
{
	size_t length = strcspn(word, "=");

	return take_option(p, arena_textn(p->arena, word, length), word[length] ? word + length + 1 : NULL);
}

static bool take_short(struct parsing *p, const char *word)
{
	for (size_t i = 0; i < COUNT(short_names); i++)
		if (text_equal(word, short_names[i].letter))
			return take_option(p, short_names[i].name, NULL);
	return complain(p, arena_print(p->arena, "there is no option %s", word));
}

static const char *positional_name(struct arena *arena, const char *const *names, size_t at)
{
	for (size_t i = 0; names && names[i]; i++)
		if (i == at)
			return arena_textn(arena, names[i], strcspn(names[i], "?"));
	return NULL;
}

static bool take_positional(struct parsing *p, const char *word)
{
	const char *name = positional_name(p->arena, p->command->positional, p->positional++);

	if (!name)
		return complain(p, arena_print(p->arena, "%s is one word too many", word));
	return add_value(p, name, '=', word);
}

static bool take_word(struct parsing *p, const char *word)
{
	if (text_starts(word, "--"))
		return take_long(p, word + 2);
	if (word[0] == '-' && word[1])
		return take_short(p, word);
	return take_positional(p, word);
}

static const char *missing(struct arena *arena, const struct command *command, const json_t *arguments)
{
	for (const char *const *name = command->positional; name && *name; name++)
		if (!strchr(*name, '?') && !json_object_get(arguments, *name))
			return arena_print(arena, "%s is missing: lanyard %s", *name, command->usage);
	return NULL;
}

bool command_parse(struct arena *arena, const struct command *command, int argc, char *const *argv,
		   json_t **arguments, const char **message)
{
	AUTO(json_done) json_t *collected = json_object();
	struct parsing p = {
		.arena = arena, .command = command, .argc = argc, .argv = argv, .arguments = collected
	};

	for (; p.at < argc; p.at++) {
		if (!take_word(&p, argv[p.at])) {
			*message = p.message;
			return false;
		}
	}
	*message = missing(arena, command, collected);
	if (*message)
		return false;
	*arguments = TAKE(collected);
	return true;
}

/* An object of texts. */
static bool are_texts(const json_t *value)
{
	const char *name;
	json_t *text;

	json_object_foreach ((json_t *)(uintptr_t)value, name, text) {
		if (!json_is_string(text))
			return false;
	}
	return json_is_object(value);
}

static bool is_of_kind(int kind, const json_t *value)
{
	if (kind == 0)
		return json_is_boolean(value);
	if (kind == '{')
		return are_texts(value);
	if (kind != '*')
		return json_is_string(value);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)))
			return false;
	return json_is_array(value);
}

static int kind_of_argument(struct arena *arena, const struct command *command, const char *name)
{
	const char *positional;

	for (size_t i = 0; (positional = positional_name(arena, command->positional, i)); i++)
		if (text_equal(positional, name))
			return '=';
	/* What the client read for the option. */
	if (text_equal(name, "password") && command_option(command, "password-stdin") == 0)
		return '=';
	if (text_equal(name, "client_secret") && command_option(command, "client-secret-stdin") == 0)
		return '=';
	if (text_equal(name, "token_text") && command_option(command, "token") == '@')
		return '=';
	if (text_equal(name, "text") && command_option(command, "file") == '@')
		return '=';
	if (text_equal(name, "files") && command_option(command, "file") == '@')
		return '{';
	if (text_equal(name, "metadata_text") && command_option(command, "metadata") == '<')
		return '=';
	return command_option(command, name);
}

bool command_accepts(struct arena *arena, const struct command *command, const json_t *arguments,
		     const char **message)
{
	const char *name;
	json_t *value;

	*message = json_is_object(arguments) ? missing(arena, command, arguments)
					     : "the arguments must be an object";
	if (*message)
		return false;
	json_object_foreach ((json_t *)(uintptr_t)arguments, name, value) {
		int kind = kind_of_argument(arena, command, name);
		if (kind < 0 || !is_of_kind(kind, value)) {
			*message = arena_print(arena, "the argument %s is not one that %s takes", name,
					       command->noun);
			return false;
		}
	}
	return true;
}
