/* cli_completion.c: scripts that complete nouns, verbs and options in a shell, from the tables. */
#include "cli.h"

#include "admin/command.h"
#include "base/arena.h"
#include "base/text.h"

static void print_words(FILE *out)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *join = "";

	for (const char *const *word = help_words(arena); *word; word++) {
		fprintf(out, "%s%s", join, *word);
		join = " ";
	}
}

static void print_verbs(FILE *out, const struct command *rows, const char *noun)
{
	const char *join = "";

	for (const struct command *row = rows; row->noun; row++) {
		if (!row->verb || !text_equal(row->noun, noun))
			continue;
		fprintf(out, "%s%s", join, row->verb);
		join = " ";
	}
}

static void print_options(FILE *out, const struct command *row)
{
	for (const char *const *option = row->options; option && *option; option++)
		fprintf(out, "--%.*s ", (int)strcspn(*option, "="), *option);
	fputs("--practice --yes --output --quiet --config --help", out);
}

static void each_command(FILE *out,
			 void (*print)(FILE *out, const struct command *rows, const struct command *row))
{
	for (const struct command *const *table = admin_nouns; *table; table++)
		for (const struct command *row = *table; row->noun; row++)
			print(out, *table, row);
}

static void bash_verbs(FILE *out, const struct command *rows, const struct command *row)
{
	if (row != rows && text_equal(row[-1].noun, row->noun))
		return;
	if (!row->verb)
		return;
	fprintf(out, "\t%s) words=\"", row->noun);
	print_verbs(out, rows, row->noun);
	fputs("\" ;;\n", out);
}

static void bash_options(FILE *out, const struct command *rows, const struct command *row)
{
	(void)rows;
	fprintf(out, "\t\"%s %s\"%s) words=\"", row->noun, row->verb ? row->verb : "", row->verb ? "" : "*");
	print_options(out, row);
	fputs("\" ;;\n", out);
}

/* zsh reads the same function through bashcompinit. */
static void print_bash(FILE *out)
{
	fputs("_lanyard() {\n\tlocal here=\"${COMP_WORDS[COMP_CWORD]}\" noun=\"${COMP_WORDS[1]}\" "
	      "verb=\"${COMP_WORDS[2]}\" words=\"\"\n"
	      "\tcase \"$noun $verb\" in\n",
	      out);
	each_command(out, bash_options);
	fputs("\tesac\n\t[ \"$COMP_CWORD\" -eq 2 ] && case \"$noun\" in\n", out);
	each_command(out, bash_verbs);
	fputs("\tesac\n\t[ \"$COMP_CWORD\" -eq 1 ] && words=\"", out);
	print_words(out);
	fputs("\"\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$here\"))\n}\ncomplete -o default -F _lanyard "
	      "lanyard\n",
	      out);
}

static void print_zsh(FILE *out)
{
	fputs("autoload -U +X bashcompinit && bashcompinit\n", out);
	print_bash(out);
}

/* Inside single quotes fish wants \\' for an apostrophe. */
static void print_quoted(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '\'' ? "\\%c" : "%c", *text);
}

static void fish_row(FILE *out, const struct command *rows, const struct command *row)
{
	(void)rows;
	if (row->verb) {
		fprintf(out, "complete -c lanyard -f -n '__fish_seen_subcommand_from %s' -a %s -d '",
			row->noun, row->verb);
		print_quoted(out, row->about);
		fputs("'\n", out);
	}
	for (const char *const *option = row->options; option && *option; option++)
		fprintf(out, "complete -c lanyard -n '__fish_seen_subcommand_from %s' -l %.*s\n", row->noun,
			(int)strcspn(*option, "="), *option);
}

static void print_fish(FILE *out)
{
	fputs("complete -c lanyard -f -n __fish_use_subcommand -a '", out);
	print_words(out);
	fputs("'\n", out);
	each_command(out, fish_row);
}

bool completion_print(FILE *out, const char *shell)
{
	static const struct {
		const char *name;
		void (*print)(FILE *out);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (size_t i = 0; i < COUNT(shells); i++) {
		if (!text_equal(shells[i].name, shell))
			continue;
		shells[i].print(out);
		return true;
	}
	return false;
}
