/* tplc_page.h: the half of the template compiler that reads pages and writes C. Part of tplc.c. */

/* Fields of struct page_frame, known in every page. */
static struct var frame_vars[] = {
	{ .name = "language" }, { .name = "practice_name" }, { .name = "app_name" }, { .name = "reference" },
};
static struct template frame;

/* ---- walking a template ---- */

struct block {
	char what; /* 'i'f, 'e'lse seen, 'l'oop */
	int line;
	struct place start, first_end;
};
struct walk {
	const struct template *page; /* whose variables, and whose {{{content}}} */
	const struct template *source;
	FILE *out;
	struct place at;
	struct block blocks[MAX_DEPTH];
	size_t depth;
	const struct var *loop; /* the list whose row is in sight */
	char *pending;          /* literal text not written yet */
	size_t pending_size;
	int line;
};

static void flush(struct walk *w)
{
	if (!w->pending_size)
		return;
	fputs("\tbuf_add(out, ", w->out);
	put_literal(w->out, w->pending, w->pending_size);
	fprintf(w->out, ", %zu);\n", w->pending_size);
	w->pending_size = 0;
}

static void literal(struct walk *w, const char *text, size_t size)
{
	w->pending = realloc(w->pending, w->pending_size + size + 1);
	if (!w->pending)
		abort();
	memcpy(w->pending + w->pending_size, text, size);
	w->pending_size += size;
	for (size_t i = 0; i < size; i++) {
		feed(&w->at, text[i], w->source->path, w->line);
		w->line += text[i] == '\n';
	}
}

static const struct var *find_var(const struct var *vars, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(vars[i].name, name))
			return &vars[i];
	return NULL;
}

/* The variable and the C expression that reads it; NULL when there is none. */
static const struct var *look_up(const struct walk *w, const char *name, char **expression)
{
	const struct var *var;

	if (name[0] == '.' || (w->loop && find_var(w->loop->fields, w->loop->count, name))) {
		name += name[0] == '.';
		var = w->loop ? find_var(w->loop->fields, w->loop->count, name) : NULL;
		*expression = print("row->%s", name);
	} else if ((var = find_var(w->page->vars, w->page->count, name))) {
		*expression = print("page->%s", name);
	} else {
		var = find_var(frame_vars, sizeof frame_vars / sizeof *frame_vars, name);
		*expression = print("page->frame.%s", name);
	}
	return var;
}

static const struct var *need_var(const struct walk *w, const char *name, char **expression)
{
	const struct var *var = look_up(w, name, expression);

	if (!var)
		die(w->source->path, w->line, "unknown variable \"%s\"", name);
	return var;
}

static void need_place(const struct walk *w)
{
	if (w->at.html != IN_TEXT && w->at.html != IN_VALUE)
		die(w->source->path, w->line, "a variable stands in text or in a quoted attribute value");
}

static void put_variable(struct walk *w, const char *name)
{
	char *expression;
	const struct var *var = need_var(w, name, &expression);
	const char *how = var->kind == KIND_INT ? "int" : var->kind == KIND_URL ? "url" : "text";

	if (var->kind == KIND_BOOL || var->kind == KIND_LIST)
		die(w->source->path, w->line, "\"%s\" is for #if or #each", name);
	need_place(w);
	if (w->at.html == IN_VALUE && is_url_attribute(&w->at)) {
		bool first = starts_address(&w->at);

		if (first && var->kind != KIND_URL)
			die(w->source->path, w->line, "%s=\"{{%s}}\" needs a @url", w->at.attribute, name);
		if (!first && var->kind != KIND_INT)
			how = "component"; /* a part of an address: percent-encoded */
	}
	flush(w);
	fprintf(w->out, "\tpage_put_%s(out, %s);\n", how, expression);
	if (w->at.html == IN_VALUE)
		append(w->at.value, sizeof w->at.value, 'x');
}

static void put_slots(struct walk *w, const char *key, const char *text)
{
	char name[64], *expression;

	fputs("(const struct page_value[]){ ", w->out);
	for (const char *p = text; (p = next_slot(p, name)); p++) {
		const struct var *var = look_up(w, name, &expression);

		if (!var || var->kind == KIND_BOOL || var->kind == KIND_LIST)
			die(w->source->path, w->line, "message \"%s\" needs a variable \"%s\"", key, name);
		fprintf(w->out, "{ \"%s\", %s }, ", name,
			var->kind == KIND_INT ? print("NULL, %s", expression) : print("%s, 0", expression));
	}
	fputs("{ NULL, NULL, 0 } }", w->out);
}

static void put_message(struct walk *w, const char *key)
{
	char name[64];
	const struct message *message = find_message(&languages[0], key);

	if (!message)
		die(w->source->path, w->line, "message \"%s\" is missing in %s", key, languages[0].path);
	need_place(w);
	if (w->at.html == IN_VALUE && is_url_attribute(&w->at))
		die(w->source->path, w->line, "a message is no address");
	flush(w);
	fprintf(w->out, "\tpage_put_message(out, page->frame.messages, MESSAGE_%s, ", identifier(key));
	if (next_slot(message->text, name))
		put_slots(w, key, message->text);
	else
		fputs("NULL", w->out);
	fputs(");\n", w->out);
}

static struct block *push(struct walk *w, char what)
{
	if (w->depth == MAX_DEPTH)
		die(w->source->path, w->line, "more than %d blocks in each other", MAX_DEPTH);
	struct block *block = &w->blocks[w->depth++];
	*block = (struct block){ .what = what, .line = w->line, .start = w->at, .first_end = w->at };
	flush(w);
	return block;
}

static void begin_if(struct walk *w, const char *name)
{
	static const char *const tests[] = {
		[KIND_STR] = "page_has(%s)", [KIND_URL] = "page_has(%s)", [KIND_INT] = "%s != 0", [KIND_BOOL] = "%s", [KIND_LIST] = "%s_count > 0",
	};
	char *expression;
	const struct var *var = need_var(w, name, &expression);
	const char *slot = strstr(tests[var->kind], "%s");

	push(w, 'i');
	fprintf(w->out, "\tif (%.*s%s%s) {\n", (int)(slot - tests[var->kind]), tests[var->kind], expression, slot + 2);
}

static void begin_each(struct walk *w, const char *name)
{
	const struct var *var = find_var(w->page->vars, w->page->count, name);

	if (!var || var->kind != KIND_LIST)
		die(w->source->path, w->line, "\"%s\" is not a @list", name);
	if (w->loop)
		die(w->source->path, w->line, "#each does not stand inside #each");
	push(w, 'l');
	w->loop = var;
	fprintf(w->out, "\tfor (size_t i = 0; i < page->%s_count; i++) {\n\tconst struct page_%s_%s *row UNUSED = &page->%s[i];\n",
		name, w->page->name, name, name);
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->html == b->html && (a->html != IN_VALUE || !strcmp(a->attribute, b->attribute));
}

static void middle(struct walk *w)
{
	struct block *block = w->depth ? &w->blocks[w->depth - 1] : NULL;

	if (!block || block->what != 'i')
		die(w->source->path, w->line, "{{else}} belongs to #if");
	flush(w);
	block->what = 'e';
	block->first_end = w->at;
	w->at = block->start;
	fputs("\t} else {\n", w->out);
}

static void end(struct walk *w, bool loop)
{
	struct block *block = w->depth ? &w->blocks[w->depth - 1] : NULL;

	if (!block || (block->what == 'l') != loop)
		die(w->source->path, w->line, "{{/%s}} closes nothing", loop ? "each" : "if");
	/* Both ways lead to the same place in HTML, else what follows would be escaped for the wrong one. */
	if (!same_place(&w->at, &block->first_end))
		die(w->source->path, w->line, "the block of line %d leaves HTML in two different places", block->line);
	flush(w);
	if (loop)
		w->loop = NULL;
	w->depth--;
	fputs("\t}\n", w->out);
}

static void walk_body(struct walk *w, const struct template *source);

static void tag(struct walk *w, char *text)
{
	text[strcspn(text, "\n")] = '\0';
	if (!strncmp(text, "t ", 2))
		put_message(w, text + 2 + strspn(text + 2, " "));
	else if (!strncmp(text, "#if ", 4))
		begin_if(w, text + 4);
	else if (!strncmp(text, "#each ", 6))
		begin_each(w, text + 6);
	else if (!strcmp(text, "else"))
		middle(w);
	else if (!strcmp(text, "/if") || !strcmp(text, "/each"))
		end(w, text[1] == 'e');
	else if (!strcmp(text, "title") && w->source == &frame)
		put_message(w, w->page->title);
	else if (is_word(text, "."))
		put_variable(w, text);
	else
		die(w->source->path, w->line, "{{%s}} is not understood", text);
}

static const char *skip_comment(struct walk *w, const char *p)
{
	const char *close = strstr(p, "--}}");

	if (!close)
		die(w->source->path, w->line, "the comment does not end");
	for (; p < close; p++)
		w->line += *p == '\n';
	return close + 4;
}

/* {{{content}}}: the page in its frame; the only raw place. */
static const char *content(struct walk *w, const char *p)
{
	if (strncmp(p, "{{{content}}}", 13) || w->source != &frame)
		die(w->source->path, w->line, "{{{content}}} in _frame.html is the only raw place");
	int line = w->line;
	walk_body(w, w->page);
	w->source = &frame;
	w->line = line;
	return p + 13;
}

static void walk_body(struct walk *w, const struct template *source)
{
	size_t depth = w->depth;
	const char *p = source->body;

	w->source = source;
	w->line = source->body_line;
	while (*p) {
		const char *open = strstr(p, "{{");

		literal(w, p, open ? (size_t)(open - p) : strlen(p));
		if (!open)
			break;
		p = open;
		if (!strncmp(p, "{{{", 3)) {
			p = content(w, p);
		} else if (!strncmp(p, "{{!--", 5)) {
			p = skip_comment(w, p);
		} else {
			const char *close = strstr(p, "}}");

			if (!close)
				die(source->path, w->line, "{{ without }}");
			tag(w, textn(p + 2, (size_t)(close - p - 2)));
			p = close + 2;
		}
	}
	if (w->depth != depth)
		die(source->path, w->blocks[w->depth - 1].line, "this block is not closed");
	if (w->at.html != IN_TEXT)
		die(source->path, w->line, "the page ends inside <%s", w->at.tag);
}

/* ---- declarations ---- */

static enum kind kind_of(const char *word, const char *path, int line)
{
	static const char *const words[] = { [KIND_STR] = "str", [KIND_INT] = "int", [KIND_BOOL] = "bool", [KIND_URL] = "url", [KIND_LIST] = "list" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(word, words[i]))
			return (enum kind)i;
	die(path, line, "unknown kind \"%s\"", word);
}

/* id name active? link:url count:int */
static void read_fields(struct var *list, char *text, const char *path, int line)
{
	char *save = NULL;

	list->fields = calloc(MAX_VARS, sizeof *list->fields);
	if (!list->fields)
		abort();
	for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		struct var *field = &list->fields[list->count++];
		char *colon = strchr(word, ':'), *mark = strchr(word, '?');

		if (colon)
			field->kind = kind_of(colon + 1, path, line);
		else if (mark)
			field->kind = KIND_BOOL;
		word[strcspn(word, ":?")] = '\0';
		field->name = word;
		if (!is_word(word, "") || field->kind == KIND_LIST || list->count == MAX_VARS ||
		    find_var(list->fields, list->count - 1, word))
			die(path, line, "field \"%s\" of \"%s\"", word, list->name);
	}
	if (!list->count)
		die(path, line, "@list %s: name its fields", list->name);
}

static void declare(struct template *t, char *text, int line)
{
	char *space = strpbrk(text, " \t");
	char *rest = space ? space + strspn(space, " \t") : text + strlen(text);

	if (space)
		*space = '\0';
	if (!strcmp(text, "@page")) {
		t->title = rest;
		return;
	}
	if (t->count == MAX_VARS)
		die(t->path, line, "more than %d variables", MAX_VARS);
	struct var *var = &t->vars[t->count++];
	char *colon = strchr(rest, ':');

	var->kind = kind_of(text + 1, t->path, line);
	if (colon)
		*colon = '\0';
	if ((colon != NULL) != (var->kind == KIND_LIST))
		die(t->path, line, "write @list name: field field");
	var->name = rest;
	if (!is_word(rest, "") || !strcmp(rest, "frame") || find_var(t->vars, t->count - 1, rest))
		die(t->path, line, "\"%s\" cannot be declared here", rest);
	if (colon)
		read_fields(var, colon + 1, t->path, line);
}

/* The same sum as asset_version() of assets.c (FNV-1a): a changed file gets a new address. */
static uint64_t sum_of(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3u;
	return sum;
}

/* "/assets/x.css" becomes "/assets/x.css?v=SUM"; a file that is not there is an error. */
static char *name_versions(const char *path, const char *text)
{
	const char *slash = strrchr(path, '/'), *at;
	char *out = textn("", 0);

	while ((at = strstr(text, "\"/assets/"))) {
		size_t n = strcspn(at + 9, "\"");
		const char *file = print("%.*s../assets/%.*s", slash ? (int)(slash - path + 1) : 0, path, (int)n, at + 9);
		const char *bytes = read_file(file);

		if (!bytes)
			die(path, 0, "%s is missing", file);
		out = print("%s%.*s?v=%016llx", out, (int)(at + 9 + n - text), text, (unsigned long long)sum_of(bytes));
		text = at + 9 + n;
	}
	return print("%s%s", out, text);
}

static void read_template(struct template *t, const char *path)
{
	char *p = read_file(path);
	const char *slash = strrchr(path, '/');

	if (!p)
		die(path, 0, "cannot be read");
	t->path = path;
	t->name = textn(slash ? slash + 1 : path, strcspn(slash ? slash + 1 : path, "."));
	for (char *c = t->name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	for (t->body_line = 1; *p == '@' || *p == '\n'; t->body_line++) {
		char *line = textn(p, strcspn(p, "\r\n"));

		for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--)
			line[n - 1] = '\0';
		if (*p == '@')
			declare(t, line, t->body_line);
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	t->body = name_versions(path, p);
}

/* ---- C out ---- */

static void put_member(FILE *out, const struct template *t, const struct var *var)
{
	static const char *const types[] = { [KIND_STR] = "const char *", [KIND_URL] = "const char *", [KIND_INT] = "int64_t ", [KIND_BOOL] = "bool " };

	if (var->kind == KIND_LIST)
		fprintf(out, "\tconst struct page_%s_%s *%s;\n\tsize_t %s_count;\n", t->name, var->name, var->name, var->name);
	else
		fprintf(out, "\t%s%s;\n", types[var->kind], var->name);
}

static void put_struct(FILE *out, const struct template *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->vars[i].kind != KIND_LIST)
			continue;
		fprintf(out, "struct page_%s_%s {\n", t->name, t->vars[i].name);
		for (size_t f = 0; f < t->vars[i].count; f++)
			put_member(out, t, &t->vars[i].fields[f]);
		fputs("};\n", out);
	}
	fprintf(out, "struct page_%s {\n\tstruct page_frame frame;\n", t->name);
	for (size_t i = 0; i < t->count; i++)
		put_member(out, t, &t->vars[i]);
	fprintf(out, "};\nvoid page_%s(struct buf *out, const struct page_%s *page);\n\n", t->name, t->name);
}

static void put_function(FILE *out, const struct template *t)
{
	struct walk w = { .page = t, .out = out };

	if (!t->title)
		die(t->path, 1, "@page KEY is missing: the title");
	if (!strcmp(t->name, "frame") || !is_word(t->name, ""))
		die(t->path, 1, "a page cannot have this name");
	fprintf(out, "\nvoid page_%s(struct buf *out, const struct page_%s *page)\n{\n", t->name, t->name);
	walk_body(&w, &frame);
	flush(&w);
	fputs("}\n", out);
}

static void write_pages(const char *folder, char **paths, int count)
{
	char *h = NULL, *c = NULL;
	size_t h_size = 0, c_size = 0;
	FILE *header = open_memstream(&h, &h_size), *code = open_memstream(&c, &c_size);

	fputs("/* generated by tplc from idp/http/pages */\n#ifndef GEN_PAGES_H\n#define GEN_PAGES_H\n\n"
	      "#include \"http/page.h\"\n\nstruct buf;\n\n", header);
	fputs("/* generated by tplc from idp/http/pages */\n#include \"base/base.h\"\n#include \"base/buf.h\"\n"
	      "#include \"http/page_put.h\"\n#include \"messages.h\"\n#include \"pages.h\"\n", code);
	for (int i = 0; i < count; i++)
		if (strstr(paths[i], "_frame.html"))
			read_template(&frame, paths[i]);
	if (!frame.path || !strstr(frame.body, "{{{content}}}"))
		die("_frame.html", 0, "the frame with {{{content}}} is missing");
	for (int i = 0; i < count; i++) {
		struct template *t = calloc(1, sizeof *t);

		if (!t)
			abort();
		if (!strcmp(paths[i], frame.path))
			continue;
		read_template(t, paths[i]);
		put_struct(header, t);
		put_function(code, t);
	}
	fputs("#endif\n", header);
	fclose(header);
	fclose(code);
	write_file(folder, "pages.h", h);
	write_file(folder, "pages.c", c);
}
