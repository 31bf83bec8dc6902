/* cli_help.c: help from the command tables, examples first in what people look for. */
#include "cli.h"

#include "admin/command.h"
#include "base/arena.h"
#include "base/text.h"

#define NOUNS_MAX 64

static void list_verbs(FILE *out, const struct command *rows, const char *noun)
{
	const char *join = "";

	for (const struct command *row = rows; row->noun; row++) {
		if (!text_equal(row->noun, noun))
			continue;
		fprintf(out, "%s%s", join, row->verb ? row->verb : row->about);
		join = ", ";
	}
	fputs("\n", out);
}

static bool is_first(const struct command *rows, const struct command *row)
{
	for (const struct command *before = rows; before < row; before++)
		if (text_equal(before->noun, row->noun))
			return false;
	return true;
}

void help_all(FILE *out)
{
	fputs("Lanyard: sign-in for medical clinics.\n\nUsage: lanyard COMMAND [--config FILE] [-o "
	      "table|json|yaml|name] [--quiet]\n\n",
	      out);
	for (const struct local_command *row = local_commands; row->name; row++)
		fprintf(out, "  %-12s %s\n", row->name, row->about);
	fprintf(out, "  %-12s %s\n  %-12s %s\n\n", "completion", "bash, zsh, fish", "reference",
		"apply, schema, commands");
	for (const struct command *const *table = admin_nouns; *table; table++) {
		for (const struct command *row = *table; row->noun; row++) {
			if (!is_first(*table, row))
				continue;
			fprintf(out, "  %-12s ", row->noun);
			list_verbs(out, *table, row->noun);
		}
	}
	fputs("\nMore: lanyard COMMAND --help. Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not "
	      "allowed, 5 conflict,\n"
	      "6 differences found, 7 unhealthy.\n",
	      out);
}

void help_noun(FILE *out, const char *noun)
{
	for (const struct command *const *table = admin_nouns; *table; table++)
		for (const struct command *row = *table; row->noun; row++)
			if (text_equal(row->noun, noun))
				fprintf(out, "lanyard %s\n    %s\n", row->usage, row->about);
}

/* What an option of this kind wants, in one word. */
static const char *value_word(const char *option)
{
	size_t length = strcspn(option, "=");

	if (!option[length])
		return "";
	switch (option[length + 1]) {
	case '*':
		return " VALUE (may be repeated)";
	case '@':
		return " FILE, or -f FILE; - is standard input";
	case '<':
		return " FILE, or an https address";
	case '!':
		return " TEXT: what has to be typed again, instead of --yes";
	default:
		return " VALUE";
	}
}

static void print_examples(FILE *out, const char *examples, const char *indent)
{
	fputs(strlen(indent) > 2 ? "\nExamples:\n\n" : "\nExamples:\n", out);
	for (const char *line = examples; line && *line;) {
		size_t length = strcspn(line, "\n");
		fprintf(out, "%s%.*s\n", indent, (int)length, line);
		line += length + (line[length] == '\n');
	}
}

void help_command(FILE *out, const struct command *command)
{
	fprintf(out, "lanyard %s\n\n%s.\n", command->usage, command->about);
	print_examples(out, command->examples, "  ");
	fputs("\nOptions:\n", out);
	for (const char *const *option = command->options; option && *option; option++)
		fprintf(out, "  --%.*s%s\n", (int)strcspn(*option, "="), *option, value_word(*option));
	fputs("  --practice VALUE, or -p VALUE: needed when there is more than one\n  --yes, or -y: no "
	      "question asked\n"
	      "  -o table|json|yaml|name, --quiet, --config FILE\n",
	      out);
}

void help_local(FILE *out, const struct local_command *command)
{
	fprintf(out, "lanyard %s\n\n%s.\n", command->usage, command->about);
	print_examples(out, command->examples, "  ");
}

const char *const *help_words(struct arena *arena)
{
	const char **words = arena_array(arena, const char *, NOUNS_MAX + 1);
	size_t count = 0;

	for (const struct local_command *row = local_commands; row->name && count < NOUNS_MAX; row++)
		words[count++] = row->name;
	for (const struct command *const *table = admin_nouns; *table; table++)
		for (const struct command *row = *table; row->noun && count < NOUNS_MAX; row++)
			if (is_first(*table, row))
				words[count++] = row->noun;
	if (count < NOUNS_MAX)
		words[count++] = "completion";
	if (count < NOUNS_MAX)
		words[count++] = "reference";
	return words;
}

static void print_section(FILE *out, const char *noun, const char *verb, const char *about)
{
	fprintf(out, "\n## %s%s%s\n\n%s.\n", noun, verb ? " " : "", verb ? verb : "", about);
}

void help_reference(FILE *out)
{
	fputs("# Commands\n\nEvery command takes `--config FILE`, `-o table|json|yaml|name`, `--quiet`, "
	      "`--practice P` (needed when there is\n"
	      "more than one) and `--yes`. Data goes to standard output, words about it to standard error. "
	      "Exit codes: 0 ok, 1 failed,\n"
	      "2 usage, 3 not found, 4 not allowed, 5 conflict, 6 differences found, 7 unhealthy.\n\n"
	      "Generated from the program: `lanyard reference commands`.\n",
	      out);
	for (const struct local_command *row = local_commands; row->name; row++) {
		print_section(out, row->name, NULL, row->about);
		fprintf(out, "\n    lanyard %s\n", row->usage);
	}
	for (const struct command *const *table = admin_nouns; *table; table++) {
		for (const struct command *row = *table; row->noun; row++) {
			print_section(out, row->noun, row->verb, row->about);
			fprintf(out, "\n    lanyard %s\n", row->usage);
			print_examples(out, row->examples, "    ");
		}
	}
}
