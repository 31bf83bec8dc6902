/* tplc_html.h: where in HTML a template stands: what decides how a variable is escaped there, or
 * that it cannot be. Part of tplc.c. */

enum html { IN_TEXT, IN_TAG_NAME, IN_TAG, IN_ATTRIBUTE, IN_VALUE_START, IN_VALUE, IN_RAW };

struct place {
	enum html html;
	char quote;
	char tag[16], attribute[24], value[200]; /* value: what was seen of it, cut at its room */
};

static void append(char *text, size_t room, char c)
{
	size_t n = strlen(text);

	if (n + 1 < room) {
		text[n] = (char)tolower((unsigned char)c);
		text[n + 1] = '\0';
	}
}

/* The answers' Content-Security-Policy has no inline script or style; it is no use to write any. */
static void check_attribute(const struct place *at, const char *path, int line)
{
	if (!strncmp(at->attribute, "on", 2) || !strcmp(at->attribute, "style") ||
	    !strcmp(at->attribute, "srcdoc"))
		die(path, line, "attribute %s: no inline script or style", at->attribute);
}

static void tag_ends(struct place *at)
{
	bool raw = !strcmp(at->tag, "script") || !strcmp(at->tag, "style");

	at->html = raw ? IN_RAW : IN_TEXT;
}

static void feed_tag(struct place *at, char c)
{
	if (c == '>') {
		tag_ends(at);
	} else if (isspace((unsigned char)c)) {
		at->html = IN_TAG;
	} else if (at->html == IN_TAG_NAME) {
		append(at->tag, sizeof at->tag, c);
	} else if (at->html == IN_TAG) {
		at->html = IN_ATTRIBUTE;
		at->attribute[0] = '\0';
		append(at->attribute, sizeof at->attribute, c);
	} else if (c == '=') {
		at->html = IN_VALUE_START;
	} else {
		append(at->attribute, sizeof at->attribute, c);
	}
}

static void feed(struct place *at, char c, const char *path, int line)
{
	switch (at->html) {
	case IN_RAW:
		if (c != '<' && !isspace((unsigned char)c))
			die(path, line, "no inline script or style");
		/* fall through */
	case IN_TEXT:
		if (c == '<') {
			at->html = IN_TAG_NAME;
			at->tag[0] = '\0';
		}
		break;
	case IN_TAG_NAME:
	case IN_TAG:
	case IN_ATTRIBUTE:
		feed_tag(at, c);
		if (!strncmp(at->tag, "!--", 3))
			die(path, line, "write comments as {{!-- --}}");
		break;
	case IN_VALUE_START:
		if (c != '"' && c != '\'')
			die(path, line, "attribute %s: its value is quoted", at->attribute);
		check_attribute(at, path, line);
		at->quote = c;
		at->value[0] = '\0';
		at->html = IN_VALUE;
		break;
	case IN_VALUE:
		if (c == at->quote)
			at->html = IN_TAG;
		else
			append(at->value, sizeof at->value, c);
		break;
	}
}

static bool is_url_attribute(const struct place *at)
{
	static const char *const names[] = { "href", "src",    "action", "formaction",
					     "data", "poster", "cite",   "ping" };
	size_t n = strlen(at->value);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(at->attribute, names[i]))
			return true;
	/* <meta http-equiv="refresh" content="0; url=..."> */
	return !strcmp(at->attribute, "content") && n >= 4 && strstr(at->value, "url=") != NULL;
}

/* Nothing of the address is written yet: what comes decides its scheme. */
static bool starts_address(const struct place *at)
{
	size_t n = strlen(at->value);

	return n == 0 || (!strcmp(at->attribute, "content") && n >= 4 && !strcmp(at->value + n - 4, "url="));
}
