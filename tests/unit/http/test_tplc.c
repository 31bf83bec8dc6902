/* test_tplc.c: the template compiler refuses what is doubtful, with file and line. */
#include "unit/http/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

#define FRAME "<html lang=\"{{language}}\"><title>{{title}}</title>\n<main>\n{{{content}}}</main></html>\n"
#define EN    "{\n\"a.title\": \"Title\",\n\"a.hello\": \"Hello {name}, {count}\"\n}\n"
#define ES    "{\n\"a.title\": \"T\\u00edtulo\",\n\"a.hello\": \"{count} Hola {name}\"\n}\n"
#define TOP   "@page a.title\n@str name\n@int count\n@url link\n@bool good\n@list rows: id label on?\n"

static char compiler[4096], folder[64];

static void put(const char *name, const char *text)
{
	FILE *file = fopen(arena_print(arena, "%s/%s", folder, name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static char *get(const char *name)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(arena_print(arena, "%s/%s", folder, name), "r");

	assert_non_null(file);
	assert_true(getdelim(&text, &size, EOF, file) > 0);
	fclose(file);
	char *copy = arena_text(arena, text);
	free(text);
	return copy;
}

static int run(void)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int fd = open("stderr", O_CREAT | O_TRUNC | O_WRONLY, 0600);

		if (fd < 0 || dup2(fd, 2) < 0)
			_exit(99);
		execl(compiler, compiler, "--locales", "locales", "--out", "out", "pages/_frame.html",
		      "pages/one.html", (char *)NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

static int compile(const char *page)
{
	put("pages/_frame.html", FRAME);
	put("locales/en.json", EN);
	put("locales/es.json", ES);
	put("pages/one.html", page);
	return run();
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	(void)stat;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int make_folder(void **state)
{
	static const char *const parts[] = { "pages", "locales", "out", "assets" };

	memcpy(folder, "/tmp/tplc-XXXXXX", 17);
	assert_non_null(mkdtemp(folder));
	unit_begin(state);
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_int_equal(mkdir(arena_print(arena, "%s/%s", folder, parts[i]), 0700), 0);
	return chdir(folder);
}

static int remove_folder(void **state)
{
	assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	return unit_end(state);
}

static void a_sound_page_becomes_a_struct_and_a_function(void **state)
{
	static const char *const declared[] = {
		"struct page_one_rows {\n\tconst char *id;\n\tconst char *label;\n\tbool on;\n};",
		"struct page_one {\n\tstruct page_frame frame;\n\tconst char *name;\n\tint64_t "
		"count;\n\tconst char *link;\n\tbool good;\n"
		"\tconst struct page_one_rows *rows;\n\tsize_t rows_count;\n};",
		"void page_one(struct buf *out, const struct page_one *page);",
	};
	const char *page = TOP "<p title=\"{{name}}\">{{t a.hello}}</p>{{#if good}}<a "
			       "href=\"{{link}}\">{{else}}<a href=\"/x?y={{name}}\">{{/if}}x</a>\n"
			       "{{!-- unseen\n{{nonsense}} --}}{{#each rows}}<i>{{.id}}{{#if "
			       ".on}}{{count}}{{/if}}{{name}}</i>{{/each}}{{#if rows}}r{{/if}}";

	(void)state;
	assert_int_equal(compile(page), 0);
	for (size_t i = 0; i < COUNT(declared); i++)
		if (!strstr(get("out/pages.h"), declared[i]))
			fail_msg("%s is not in %s", declared[i], get("out/pages.h"));
	const char *code = get("out/pages.c");
	assert_non_null(strstr(code, "page_put_text(out, page->name);"));
	assert_non_null(strstr(code, "page_put_url(out, page->link);"));
	assert_non_null(strstr(code, "page_put_component(out, page->name);"));
	assert_non_null(strstr(code, "page_put_text(out, row->id);"));
	assert_non_null(strstr(code, "if (page->rows_count > 0) {"));
	assert_non_null(strstr(code, "MESSAGE_a__hello, (const struct page_value[]){ { \"name\", page->name, "
				     "0 }, { \"count\", NULL, page->count }, "));
	assert_null(strstr(code, "unseen"));
	assert_non_null(strstr(get("out/messages.c"), "T\\303\\255tulo"));
}

static void what_is_doubtful_is_an_error_with_its_line(void **state)
{
	static const struct {
		const char *page, *error;
	} rows[] = {
		{ TOP "<p>\n{{nmae}}", "pages/one.html:8: unknown variable \"nmae\"" },
		{ TOP "{{t a.missing}}", "message \"a.missing\" is missing" },
		{ "@page a.missing\n<p>", "message \"a.missing\" is missing" },
		{ "@page a.title\n{{t a.hello}}", "needs a variable \"name\"" },
		{ "<p>x</p>", "@page KEY is missing" },
		{ TOP "{{good}}", "is for #if" },
		{ TOP "{{#each name}}{{/each}}", "is not a @list" },
		{ TOP "{{.id}}", "unknown variable \".id\"" },
		{ TOP "{{#each rows}}{{.nothing}}{{/each}}", "unknown variable" },
		{ TOP "{{#if good}}", "not closed" },
		{ TOP "{{/if}}", "closes nothing" },
		{ TOP "{{else}}", "belongs to #if" },
		{ TOP "{{#if good}}{{/each}}", "closes nothing" },
		{ TOP "{{name", "{{ without }}" },
		{ TOP "{{{name}}}", "only raw place" },
		{ TOP "{{#unless good}}", "not understood" },
		{ TOP "<a href=\"{{name}}\">", "needs a @url" },
		{ TOP "<form action='{{name}}'>", "needs a @url" },
		{ TOP "<meta content=\"0; url={{name}}\">", "needs a @url" },
		{ TOP "<p title={{name}}>", "quoted" },
		{ TOP "<p {{name}}>", "text or in a quoted attribute" },
		{ TOP "<{{name}}>", "text or in a quoted attribute" },
		{ TOP "<p onclick=\"{{name}}\">", "no inline" },
		{ TOP "<p onclick=\"x()\">", "no inline" },
		{ TOP "<p style=\"color:red\">", "no inline" },
		{ TOP "<script>{{name}}</script>", "text or in a quoted attribute" },
		{ TOP "<script>x()</script>", "no inline" },
		{ TOP "<style>p{}</style>", "no inline" },
		{ TOP "<!-- {{name}} -->", "write comments" },
		{ TOP "<p", "ends inside" },
		{ TOP "{{#if good}}<p title=\"{{/if}}{{name}}\">", "two different places" },
		{ TOP "<a href=\"{{t a.title}}\">", "no address" },
		{ TOP "<link href=\"/assets/gone.css\">", "gone.css is missing" },
		{ "@page a.title\n@str a\n@str a\n", "cannot be declared" },
		{ "@page a.title\n@text a\n", "unknown kind" },
		{ "@page a.title\n@list a\n", "write @list" },
		{ "@page a.title\n@list a: b b\n", "field \"b\"" },
		{ "@page a.title\n@str frame\n", "cannot be declared" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status = compile(rows[i].page);

		if (status != 1 || !strstr(get("stderr"), rows[i].error))
			fail_msg("%s: %d, %s", rows[i].page, status, status == 1 ? get("stderr") : "");
	}
}

static void languages_must_agree(void **state)
{
	static const struct {
		const char *es, *error;
	} rows[] = {
		{ "{\n\"a.title\": \"x\"\n}", "\"a.hello\" is missing in locales/es.json" },
		{ "{\n\"a.title\": \"x\",\n\"a.hello\": \"{name} {count}\",\n\"a.more\": \"x\"\n}",
		  "\"a.more\" is missing in locales/en.json" },
		{ "{\n\"a.title\": \"x\",\n\"a.hello\": \"Hola {name}\"\n}", "lacks {count}" },
		{ "{\n\"a.title\": \"x\",\n\"a.hello\": \"{name} {count} {extra}\"\n}", "lacks {extra}" },
		{ "{\n\"a.title\": \"x\",\n\"a.title\": \"y\",\n\"a.hello\": \"{name} {count}\"\n}",
		  "is there twice" },
		{ "{\n\"a.title\": 1\n}", "expected '\"'" },
		{ "{\n\"A title\": \"x\"\n}", "lower case" },
		{ "{\n\"a.title\": \"x\n\"}", "does not end" },
	};

	(void)state;
	put("pages/_frame.html", FRAME);
	put("locales/en.json", EN);
	put("pages/one.html", "@page a.title\nx\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		put("locales/es.json", rows[i].es);
		if (run() != 1 || !strstr(get("stderr"), rows[i].error))
			fail_msg("%s: %s", rows[i].es, get("stderr"));
	}
}

static void an_asset_is_named_with_its_sum(void **state)
{
	(void)state;
	put("assets/x.css", "p{}");
	assert_int_equal(compile("@page a.title\n<link rel=\"x\" href=\"/assets/x.css\">"), 0);
	const char *one = strstr(get("out/pages.c"), "/assets/x.css\\077v=");
	assert_non_null(one);
	put("assets/x.css", "q{}");
	assert_int_equal(compile("@page a.title\n<link rel=\"x\" href=\"/assets/x.css\">"), 0);
	const char *two = strstr(get("out/pages.c"), "/assets/x.css\\077v=");
	assert_true(strncmp(one, two, 36) != 0);
}

static void what_did_not_change_is_not_written_again(void **state)
{
	struct stat before, after;
	const char *path = arena_print(arena, "%s/out/pages.c", folder);

	(void)state;
	assert_int_equal(compile("@page a.title\nx\n"), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(compile("@page a.title\nx\n"), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_page_becomes_a_struct_and_a_function),
		cmocka_unit_test(what_is_doubtful_is_an_error_with_its_line),
		cmocka_unit_test(languages_must_agree),
		cmocka_unit_test(an_asset_is_named_with_its_sum),
		cmocka_unit_test(what_did_not_change_is_not_written_again),
	};
	char *self = realpath(argv[0], NULL); /* BUILD/unit/http/test_tplc; the compiler is BUILD/tplc */
	char *cut = self ? strstr(self, "/unit/http/") : NULL;

	if (argc < 1 || !cut) {
		free(self);
		return 2;
	}
	*cut = '\0';
	(void)snprintf(compiler, sizeof compiler, "%s/tplc", self);
	free(self);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
