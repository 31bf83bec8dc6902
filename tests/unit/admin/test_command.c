/* test_command.c: words become arguments, examples do what they say, changes are recorded and sessions end.
 */
#include "tests/unit/admin/clinic.h"

static struct clinic clinic;

static int fresh(void **state)
{
	(void)state;
	clinic_demo(&clinic);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	clinic_close(&clinic);
	return 0;
}

/* As a shell would: blanks between words, double quotes around some. */
static int words_of(char *line, char **words, int max)
{
	int count = 0;

	while (*line && count < max) {
		bool quoted = *line == '"';
		char *out = words[count++] = line += quoted;
		while (*line && (quoted ? *line != '"' : *line != ' '))
			line++;
		(void)out;
		if (*line)
			*line++ = '\0';
		line += strspn(line, " ");
	}
	return count;
}

/* clang-format off */
static const struct {
	const char *noun, *verb, *line, *arguments; /* arguments NULL: refused */
	const char *message;
} lines[] = {
	{ "user", "show", "ada@x.example", "{\"user\":\"ada@x.example\"}", NULL },
	{ "user", "show", "ada@x.example --practice north", "{\"practice\":\"north\",\"user\":\"ada@x.example\"}", NULL },
	{ "user", "show", "--practice=north ada@x.example -y", "{\"practice\":\"north\",\"user\":\"ada@x.example\",\"yes\":true}", NULL },
	{ "user", "show", "-p north ada@x.example", "{\"practice\":\"north\",\"user\":\"ada@x.example\"}", NULL },
	{ "user", "add", "a@b.example --role provider --role billing --location=main", "{\"location\":[\"main\"],\"role\":[\"provider\",\"billing\"],\"user\":\"a@b.example\"}", NULL },
	{ "role", "show", "--practice= x", "{\"practice\":\"\",\"role\":\"x\"}", NULL },
	{ "apply", NULL, "-f clinic.yaml --dry-run", "{\"dry-run\":true,\"file\":\"clinic.yaml\"}", NULL },
	{ "session", "list", "", "{}", NULL },
	{ "user", "show", "", NULL, "user is missing: lanyard user show EMAIL" },
	{ "user", "show", "a b", NULL, "b is one word too many" },
	{ "user", "show", "a --practise north", NULL, "there is no option --practise (did you mean --practice?)" },
	{ "user", "add", "a --gven-name A", NULL, "there is no option --gven-name (did you mean --given-name?)" },
	{ "user", "show", "a --xyzzyplugh", NULL, "there is no option --xyzzyplugh" },
	{ "user", "show", "a --practice", NULL, "--practice needs a value" },
	{ "user", "show", "a --yes=no", NULL, "--yes takes no value" },
	{ "user", "show", "a -p x -p y", NULL, "--practice was given twice" },
	{ "user", "show", "a -z", NULL, "there is no option -z" },
	{ "user", "add", "a --password secret", NULL, "there is no option --password" },
	{ "connection", "add", "okta o --client-secret x", NULL, "there is no option --client-secret" },
	{ "connection", "add", "okta o --map a=b:c@d --map e=f:g@all",
	  "{\"connection\":\"o\",\"kind\":\"okta\",\"map\":[\"a=b:c@d\",\"e=f:g@all\"]}", NULL },
};
/* clang-format on */

static void words_become_arguments_or_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *words[32], *line = arena_text(clinic.arena, lines[i].line);
		AUTO(json_done) json_t *arguments = NULL;
		const char *message = NULL;
		int count = words_of(line, words, (int)COUNT(words));
		bool parsed = command_parse(clinic.arena, command_find(lines[i].noun, lines[i].verb), count,
					    words, &arguments, &message);
		assert_int_equal(parsed, lines[i].arguments != NULL);
		if (parsed)
			assert_string_equal(json_canonical(clinic.arena, arguments), lines[i].arguments);
		else if (!text_starts(message, lines[i].message))
			fail_msg("%s: %s", lines[i].line, message);
	}
}

static void every_row_is_complete_and_found_by_its_own_name(void **state)
{
	(void)state;
	for (const struct command *const *table = admin_nouns; *table; table++) {
		for (const struct command *row = *table; row->noun; row++) {
			assert_ptr_equal(command_find(row->noun, row->verb), row);
			assert_true(command_noun(row->noun));
			assert_true(text_starts(row->usage, row->noun));
			assert_non_null(row->about);
			assert_non_null(row->run);
			assert_non_null(row->positional);
			assert_non_null(row->options);
			assert_true(text_starts(row->examples, "lanyard "));
		}
	}
	assert_null(command_find("user", "fly"));
	assert_false(command_noun("users"));
}

/* "lanyard user show x  # exits 3" */
static int code_wanted(char *line)
{
	char *mark = strstr(line, "  # exits ");

	if (!mark)
		return EXIT_OK;
	*mark = '\0';
	return (int)strtol(mark + strlen("  # exits "), NULL, 10);
}

static int format_words(char **words, int count)
{
	int kept = 0;

	for (int i = 0; i < count; i++) {
		if (text_equal(words[i], "-o") && i + 1 < count)
			i++;
		else
			words[kept++] = words[i];
	}
	return kept;
}

/* What the command line reads for the options, before the command gets them. */
static void gather(json_t *arguments)
{
	static const struct {
		const char *option, *argument;
	} files[] = { { "file", "text" }, { "metadata", "metadata_text" }, { "token", "token_text" } };

	for (size_t i = 0; i < COUNT(files); i++) {
		const char *file = json_get_text(arguments, files[i].option);
		if (file && !text_starts(file, "https://"))
			json_set_text(arguments, files[i].argument, file_of(clinic.arena, file));
	}
	if (json_is_true(json_object_get(arguments, "client-secret-stdin")))
		json_set_text(arguments, "client_secret", "as-the-provider-gave-it");
}

static void run_example(const struct command *row, const char *text)
{
	char *words[64], *line = arena_text(clinic.arena, text);
	int wanted = code_wanted(line);
	int count = format_words(words, words_of(line, words, (int)COUNT(words)));
	int skip = row->verb ? 3 : 2;
	json_t *arguments = NULL;
	const char *message = NULL;

	assert_true(count >= skip);
	assert_string_equal(words[0], "lanyard");
	assert_ptr_equal(command_find(words[1], row->verb ? words[2] : NULL), row);
	if (!command_parse(clinic.arena, row, count - skip, words + skip, &arguments, &message)) {
		if (wanted != EXIT_USAGE)
			fail_msg("%s: %s", text, message);
		return;
	}
	gather(arguments);
	int code = clinic_do(&clinic, row->noun, row->verb, arguments, &message);

	if (code != wanted)
		fail_msg("%s: exits %d, not %d: %s", text, code, wanted, message ? message : "");
}

static void every_example_of_the_help_does_what_it_says(void **state)
{
	(void)state;
	for (const struct command *const *table = admin_nouns; *table; table++) {
		for (const struct command *row = *table; row->noun; row++) {
			size_t count = 0;
			char **examples = text_split(clinic.arena, row->examples, '\n', &count);
			assert_true(count > 0);
			for (size_t i = 0; i < count; i++)
				run_example(row, examples[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_arguments_or_a_reason),
		cmocka_unit_test(every_row_is_complete_and_found_by_its_own_name),
		cmocka_unit_test(every_example_of_the_help_does_what_it_says),
	};

	return cmocka_run_group_tests(tests, fresh, gone);
}
