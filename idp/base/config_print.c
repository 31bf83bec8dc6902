/* config_print.c: the settings shown, as a template to fill in, and as the reference page. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/config_rows.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#define PAGE_MAX (256 * KB)

static char *page_text(struct arena *arena, const struct buf *page)
{
	assert(!page->full); /* the rows are ours and few */
	return arena_textn(arena, buf_str(page), page->size);
}

/* Everything between the user's name and the last @ could be the password; a query could hold one too. */
static char *masked_store(struct arena *arena, const char *store)
{
	const char *user = strstr(store, "://"), *at = strrchr(store, '@'), *query = strchr(store, '?');

	if (text_starts(store, "sqlite:") || user == NULL)
		return arena_text(arena, store);
	const char *colon = strchr(user + 3, ':');
	bool masked = colon != NULL && at != NULL && colon < at;
	const char *rest = masked ? at : user + 3, *start = masked ? colon : user + 3;

	return arena_print(arena, "%.*s%s%.*s%s", (int)(start - store), store, masked ? ":***" : "",
			   (int)(query != NULL && query > rest ? query - rest : (ptrdiff_t)strlen(rest)),
			   rest, query != NULL ? "?***" : "");
}

static char *shown_text(struct arena *arena, const struct setting *s, const char *value)
{
	if (value == NULL)
		return arena_text(arena, "");
	if (s->secret)
		return text_starts(s->name, "store") ? masked_store(arena, value) : arena_text(arena, "***");
	return arena_text(arena, value);
}

static char *shown_list(struct arena *arena, const char *const *list)
{
	AUTO_BUF out = BUF(PAGE_MAX);

	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		buf_print(&out, "%s%s", i > 0 ? ", " : "", list[i]);
	return page_text(arena, &out);
}

static char *shown(struct arena *arena, const struct setting *s, const struct config *config)
{
	void *value = setting_value(s, config);

	switch (s->kind) {
	case SETTING_TEXT:
		return shown_text(arena, s, *(const char **)value);
	case SETTING_LIST:
		return shown_list(arena, *(const char *const **)value);
	case SETTING_NUMBER:
		return arena_print(arena, "%" PRId64, *(int64_t *)value);
	case SETTING_SECONDS:
		return arena_print(arena, "%" PRId64 "s", *(int64_t *)value);
	case SETTING_SWITCH:
		break;
	}
	return arena_text(arena, *(bool *)value ? "true" : "false");
}

char *config_show(struct arena *arena, const struct config *config)
{
	AUTO_BUF page = BUF(PAGE_MAX);

	for (size_t i = 0; i < setting_count; i++) {
		const char *origin = config->origins != NULL ? config->origins[i] : "program";

		buf_print(&page, "%-32s %-40s (%s)\n", settings[i].name, shown(arena, &settings[i], config),
			  origin);
	}
	return page_text(arena, &page);
}

/* The part before the dot, "" when there is none. */
static char *section_of(struct arena *arena, const struct setting *s)
{
	const char *dot = strchr(s->name, '.');

	return arena_textn(arena, s->name, dot != NULL ? (size_t)(dot - s->name) : 0);
}

static const char *key_of(const struct setting *s)
{
	const char *dot = strchr(s->name, '.');

	return dot != NULL ? dot + 1 : s->name;
}

/* The default (else the example) as it would stand in the file. */
static char *template_value(struct arena *arena, const struct setting *s)
{
	const char *text = s->fallback != NULL ? s->fallback : s->example;

	if (s->kind == SETTING_LIST)
		return arena_print(arena, *text != '\0' ? "[\"%s\"]" : "[%s]", text);
	if (s->kind != SETTING_TEXT)
		return arena_text(arena, text);
	AUTO(json_done) json_t *value = json_string(text);
	char *written = yaml_write(arena, value);

	written[strcspn(written, "\n")] = '\0';
	return written;
}

char *config_template(struct arena *arena)
{
	AUTO_BUF page = BUF(PAGE_MAX);
	const char *section = "";

	buf_text(&page, "# Lanyard's settings, each with its default or an example. All may be left out.\n");
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *s = &settings[i];
		const char *own = section_of(arena, s);

		if (!text_equal(own, section) && *own != '\0')
			buf_print(&page, "\n#%s:\n", own);
		else if (*own == '\0')
			buf_text(&page, "\n");
		section = own;
		buf_print(&page, *own != '\0' ? "#  # %s\n" : "# %s\n", s->help);
		buf_print(&page, "#%s%s: %s\n", *own != '\0' ? "  " : "", key_of(s),
			  template_value(arena, s));
	}
	return page_text(arena, &page);
}

static char *kind_text(struct arena *arena, const struct setting *s)
{
	switch (s->kind) {
	case SETTING_NUMBER:
		return arena_print(arena, "number, %" PRId64 " to %" PRId64, s->min, s->max);
	case SETTING_SECONDS:
		return arena_print(arena, "duration (`30s`, `5m`, `12h`, `7d`), %" PRId64 "s to %" PRId64 "s",
				   s->min, s->max);
	case SETTING_SWITCH:
		return arena_text(arena, "true or false");
	case SETTING_LIST:
		return arena_print(arena, "list; each %s", s->wants);
	case SETTING_TEXT:
		break;
	}
	return arena_text(arena, s->wants);
}

static void add_reference(struct buf *page, struct arena *arena, const struct setting *s)
{
	const char *variable = setting_variable(arena, s);

	buf_print(page, "### %s\n\n%s\n\n", s->name, s->help);
	buf_print(page, "- Value: %s\n", kind_text(arena, s));
	if (!text_is_empty(s->fallback))
		buf_print(page, "- Default: `%s`\n", s->fallback);
	else
		buf_print(page, "- Default: %s\n", s->kind == SETTING_LIST ? "empty" : "none of its own");
	buf_print(page, "- Environment: `%s`", variable);
	if (s->secret)
		buf_print(page, ", or `%s_FILE` naming a file that holds it", variable);
	buf_text(page, "\n\n");
}

char *config_reference(struct arena *arena)
{
	AUTO_BUF page = BUF(PAGE_MAX);
	const char *section = NULL;

	buf_text(&page,
		 "# Settings\n\n"
		 "Written from the program's own table by `lanyard config reference`.\n\n"
		 "Settings are read from one YAML file (`--config`, by default `lanyard.yaml`) and from the "
		 "environment. A default gives way to the file, the file to the environment. Lists in the "
		 "environment are comma-separated. Unknown settings and unknown `LANYARD_` variables are "
		 "refused "
		 "(`LANYARD_CONFIG` names the file). `lanyard config show` prints each value and where it "
		 "came "
		 "from; `lanyard config template` prints a file to fill in.\n\n");
	for (size_t i = 0; i < setting_count; i++) {
		const char *own = section_of(arena, &settings[i]);

		if (section == NULL || !text_equal(own, section))
			buf_print(&page, "## %s\n\n", *own != '\0' ? own : "The deployment");
		section = own;
		add_reference(&page, arena, &settings[i]);
	}
	return page_text(arena, &page);
}
