/* tplc_read.h: the top of a template: what it declares, and its body. Part of tplc.c. */

static enum kind kind_of(const char *word, const char *path, int line)
{
	static const char *const words[] = { [KIND_STR] = "str",
					     [KIND_INT] = "int",
					     [KIND_BOOL] = "bool",
					     [KIND_URL] = "url",
					     [KIND_LIST] = "list" };

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
		const char *file = print("%.*s../assets/%.*s", slash ? (int)(slash - path + 1) : 0, path,
					 (int)n, at + 9);
		const char *bytes = read_file(file);

		if (!bytes)
			die(path, 0, "%s is missing", file);
		out = print("%s%.*s?v=%016llx", out, (int)(at + 9 + n - text), text,
			    (unsigned long long)sum_of(bytes));
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
