/* tplc_page.h: walking a template and writing the C that draws it. Part of tplc.c. */

/* Fields of struct page_frame, known in every page. */
static struct var frame_vars[] = {
	{ .name = "language" },
	{ .name = "practice_name" },
	{ .name = "app_name" },
	{ .name = "reference" },
};
static struct template frame;

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
		[KIND_STR] = "page_has(%s)", [KIND_URL] = "page_has(%s)",  [KIND_INT] = "%s != 0",
		[KIND_BOOL] = "%s",          [KIND_LIST] = "%s_count > 0",
	};
	char *expression;
	const struct var *var = need_var(w, name, &expression);
	const char *slot = strstr(tests[var->kind], "%s");

	push(w, 'i');
	fprintf(w->out, "\tif (%.*s%s%s) {\n", (int)(slot - tests[var->kind]), tests[var->kind], expression,
		slot + 2);
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
	fprintf(w->out,
		"\tfor (size_t i = 0; i < page->%s_count; i++) {\n\tconst struct page_%s_%s *row UNUSED = "
		"&page->%s[i];\n",
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
		die(w->source->path, w->line, "the block of line %d leaves HTML in two different places",
		    block->line);
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
