/* tplc.c: the template compiler: pages/NAME.html and locales/LANGUAGE.json become pages.h, pages.c,
 * messages.h and messages.c. Runs at build time alone; the language is described in http/page.h.
 *
 *	tplc --locales DIR --out DIR FILE...
 *
 * Whatever is doubtful is an error with file and line: a variable that is not declared, a message
 * that one language lacks, a variable where HTML escaping would not be enough. It ends with its
 * first error and frees nothing: it lives for a few milliseconds. */
#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VARS      64
#define MAX_DEPTH     16
#define MAX_LANGUAGES 8
#define MAX_KEYS      2000

enum kind { KIND_STR, KIND_INT, KIND_BOOL, KIND_URL, KIND_LIST };

struct var {
	const char *name;
	enum kind kind;
	struct var *fields;
	size_t count;
};
struct template
{
	const char *path;
	char *name;
	const char *body;
	int body_line;
	const char *title; /* message key */
	struct var vars[MAX_VARS];
	size_t count;
};
struct message {
	const char *key, *text;
	int line;
};
struct language {
	char *name, *path;
	struct message messages[MAX_KEYS];
	size_t count;
};
static struct language languages[MAX_LANGUAGES];
static size_t language_count;

/* ---- trouble, text, files ---- */

static void __attribute__((noreturn, format(printf, 3, 4)))
die(const char *path, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", path, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static char *textn(const char *at, size_t size)
{
	char *copy = strndup(at, size);

	if (!copy)
		abort();
	return copy;
}

static char *__attribute__((format(printf, 1, 2))) print(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return text;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t size = 0;

	if (!file || getdelim(&text, &size, EOF, file) < 0)
		return NULL;
	fclose(file);
	return text;
}

/* A file that would not change is not touched: make then rebuilds nothing. */
static void write_file(const char *folder, const char *name, const char *text)
{
	const char *path = print("%s/%s", folder, name);
	const char *old = read_file(path);

	if (old && !strcmp(old, text))
		return;
	FILE *file = fopen(path, "wb");
	if (!file || fputs(text, file) < 0 || fclose(file))
		die(path, 0, "cannot be written");
}

static bool is_word(const char *text, const char *also)
{
	if (!*text)
		return false;
	for (const char *p = text; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_' &&
		    !strchr(also, *p))
			return false;
	return true;
}

/* As a C string literal, a line of the source for each line of the text. */
static void put_literal(FILE *out, const char *text, size_t size)
{
	fputs("\"", out);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' && i + 1 < size)
			fputs("\\n\"\n\t\t\"", out);
		else if (c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '?')
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputs("\"", out);
}

/* ---- catalogs ---- */

static void put_utf8(FILE *out, unsigned long c)
{
	if (c < 0x80) {
		fputc((int)c, out);
	} else if (c < 0x800) {
		fprintf(out, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	} else {
		fprintf(out, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)),
			(int)(0x80 | (c & 0x3f)));
	}
}

struct reader {
	const char *path, *at;
	int line;
};

static void skip_space(struct reader *r)
{
	for (; *r->at && strchr(" \t\r\n", *r->at); r->at++)
		r->line += *r->at == '\n';
}

static void expect(struct reader *r, char c)
{
	skip_space(r);
	if (*r->at != c)
		die(r->path, r->line, "expected '%c'", c);
	r->at++;
}

static void read_escape(struct reader *r, FILE *out)
{
	static const char from[] = "\"\\/nt", to[] = "\"\\/\n\t";
	const char *hit = *r->at ? strchr(from, *r->at) : NULL;
	unsigned code;

	if (hit) {
		fputc(to[hit - from], out);
		r->at++;
	} else if (sscanf(r->at, "u%4x", &code) == 1 && code >= 0x20 && (code < 0xd800 || code > 0xdfff)) {
		put_utf8(out, code);
		r->at += 5;
	} else {
		die(r->path, r->line, "this escape is not understood");
	}
}

static char *read_string(struct reader *r)
{
	char *text = NULL;
	size_t size = 0;

	expect(r, '"');
	FILE *out = open_memstream(&text, &size);
	while (*r->at != '"') {
		if ((unsigned char)*r->at < 0x20)
			die(r->path, r->line, "the text does not end on its line");
		if (*r->at == '\\') {
			r->at++;
			read_escape(r, out);
		} else {
			fputc(*r->at++, out);
		}
	}
	r->at++;
	fclose(out);
	return text;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct message *)a)->key, ((const struct message *)b)->key);
}

static struct message *find_message(struct language *language, const char *key)
{
	return bsearch(&(struct message){ .key = key }, language->messages, language->count,
		       sizeof(struct message), by_key);
}

/* One flat object of texts. */
static void read_catalog(struct language *language)
{
	struct reader r = { language->path, read_file(language->path), 1 };

	if (!r.at)
		die(language->path, 0, "cannot be read");
	expect(&r, '{');
	do {
		if (language->count == MAX_KEYS)
			die(r.path, r.line, "more than %d keys", MAX_KEYS);
		struct message *m = &language->messages[language->count++];

		m->key = read_string(&r);
		m->line = r.line;
		if (!is_word(m->key, ".") || strstr(m->key, "__"))
			die(r.path, r.line, "key \"%s\": lower case letters, digits, '.' and '_'", m->key);
		expect(&r, ':');
		skip_space(&r);
		m->text = read_string(&r);
		skip_space(&r);
	} while (*r.at == ',' && r.at++);
	expect(&r, '}');
	qsort(language->messages, language->count, sizeof(struct message), by_key);
	for (size_t i = 1; i < language->count; i++)
		if (!strcmp(language->messages[i - 1].key, language->messages[i].key))
			die(r.path, language->messages[i].line, "\"%s\" is there twice",
			    language->messages[i].key);
}

/* The next {name} at or after text; NULL when none. */
static const char *next_slot(const char *text, char name[64])
{
	for (const char *p = text; (p = strchr(p, '{')); p++) {
		size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");

		if (n > 0 && n < 64 && p[1 + n] == '}') {
			snprintf(name, 64, "%.*s", (int)n, p + 1);
			return p;
		}
	}
	return NULL;
}

static void check_slots(struct language *a, struct language *b, const struct message *in_a,
			const struct message *in_b)
{
	char name[64];

	for (const char *p = in_a->text; (p = next_slot(p, name)); p++)
		if (!strstr(in_b->text, print("{%s}", name)))
			die(b->path, in_b->line, "\"%s\" lacks {%s}, which %s has", in_b->key, name, a->path);
}

/* Every language has the same keys with the same slots. */
static void compare_catalogs(struct language *a, struct language *b)
{
	for (size_t i = 0; i < a->count; i++) {
		struct message *other = find_message(b, a->messages[i].key);

		if (!other)
			die(a->path, a->messages[i].line, "\"%s\" is missing in %s", a->messages[i].key,
			    b->path);
		check_slots(a, b, &a->messages[i], other);
	}
}

/* en.json first: English is what an unknown language gets. */
static int english_first(const struct dirent **a, const struct dirent **b)
{
	bool a_is = !strcmp((*a)->d_name, "en.json"), b_is = !strcmp((*b)->d_name, "en.json");

	return a_is != b_is ? b_is - a_is : strcmp((*a)->d_name, (*b)->d_name);
}

static void read_catalogs(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, english_first);

	for (int i = 0; i < n; i++) {
		const char *dot = strstr(entries[i]->d_name, ".json");

		if (!dot || dot[5] || entries[i]->d_name[0] == '.' || language_count == MAX_LANGUAGES)
			continue;
		struct language *language = &languages[language_count++];
		language->name = textn(entries[i]->d_name, (size_t)(dot - entries[i]->d_name));
		language->path = print("%s/%s", folder, entries[i]->d_name);
		read_catalog(language);
	}
	if (!language_count || strcmp(languages[0].name, "en"))
		die(folder, 0, "en.json is missing");
	for (size_t i = 1; i < language_count; i++) {
		compare_catalogs(&languages[0], &languages[i]);
		compare_catalogs(&languages[i], &languages[0]);
	}
}

static char *identifier(const char *key)
{
	char *text = textn("", 0);

	for (; *key; key++)
		text = print("%s%.*s", text, *key == '.' ? 2 : 1, *key == '.' ? "__" : key);
	return text;
}

static void write_messages(const char *folder)
{
	char *h = NULL, *c = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&h, &size);

	fputs("/* generated by tplc from idp/locales */\n#ifndef GEN_MESSAGES_H\n#define "
	      "GEN_MESSAGES_H\n\nenum message {\n",
	      out);
	for (size_t i = 0; i < languages[0].count; i++)
		fprintf(out, "\tMESSAGE_%s,\n", identifier(languages[0].messages[i].key));
	fprintf(out,
		"\tMESSAGE_COUNT\n};\nstruct catalog {\n\tconst char *language;\n\tconst char *const "
		"*texts;\n};\n"
		"/* Sorted; the texts of a catalog stand in the same order. */\nextern const char *const "
		"message_keys[];\n"
		"#define CATALOG_COUNT %zu\nextern const struct catalog catalogs[];\n\n#endif\n",
		language_count);
	fclose(out);
	write_file(folder, "messages.h", h);

	out = open_memstream(&c, &size);
	fputs("/* generated by tplc from idp/locales */\n#include \"messages.h\"\n\nconst char *const "
	      "message_keys[] = {\n",
	      out);
	for (size_t i = 0; i < languages[0].count; i++)
		fprintf(out, "\t\"%s\",\n", languages[0].messages[i].key);
	fputs("};\n", out);
	for (size_t l = 0; l < language_count; l++) {
		fprintf(out, "static const char *const texts_%zu[] = {\n", l);
		for (size_t i = 0; i < languages[l].count; i++) {
			fputs("\t", out);
			put_literal(out, languages[l].messages[i].text,
				    strlen(languages[l].messages[i].text));
			fputs(",\n", out);
		}
		fputs("};\n", out);
	}
	fputs("const struct catalog catalogs[] = {\n", out);
	for (size_t l = 0; l < language_count; l++)
		fprintf(out, "\t{ \"%s\", texts_%zu },\n", languages[l].name, l);
	fputs("};\n", out);
	fclose(out);
	write_file(folder, "messages.c", c);
}

#include "tplc_html.h"
#include "tplc_page.h"
#include "tplc_read.h"
#include "tplc_write.h"

int main(int argc, char **argv)
{
	const char *locales = NULL, *folder = NULL;
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--locales"))
			locales = argv[i + 1];
		else if (!strcmp(argv[i], "--out"))
			folder = argv[i + 1];
	}
	if (!locales || !folder || i >= argc) {
		fputs("usage: tplc --locales DIR --out DIR FILE...\n", stderr);
		return 2;
	}
	read_catalogs(locales);
	write_messages(folder);
	write_pages(folder, argv + i, argc - i);
	return 0;
}
