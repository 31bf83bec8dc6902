/* config.c: reads the settings: default, then file, then environment. */
#include "base/base.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/config_reading.h"
#include "base/config_rows.h"
#include "base/text.h"
#include "base/yaml.h"

#define VALUE_MAX (4 * KB)
#define LIST_MAX  256
#define PREFIX    "LANYARD_"

const char setting_default[] = "default";

bool config_refuse(struct config_reading *r, const char *origin, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *what = arena_vprint(r->arena, format, args);
	va_end(args);
	if (r->message == NULL)
		r->message = arena_print(r->arena, "%s: %s", origin, what);
	return false;
}

static const char *wanted(struct config_reading *r, const struct setting *s)
{
	switch (s->kind) {
	case SETTING_NUMBER:
		return arena_print(r->arena, "a whole number from %" PRId64 " to %" PRId64, s->min, s->max);
	case SETTING_SECONDS:
		return arena_print(r->arena,
				   "a duration such as 30s, 5m or 12h, from %" PRId64 "s to %" PRId64 "s",
				   s->min, s->max);
	case SETTING_SWITCH:
		return "true or false";
	case SETTING_TEXT:
	case SETTING_LIST:
		break;
	}
	return s->wants;
}

/* The value itself is not repeated: it may be a secret that landed in the wrong place. */
static bool refuse_value(struct config_reading *r, const struct setting *s, const char *origin)
{
	return config_refuse(r, origin, "%s must be %s", s->name, wanted(r, s));
}

static bool is_sound(const struct setting *s, const char *text)
{
	size_t size = strlen(text);

	if (size > VALUE_MAX || !text_is_utf8(text, size))
		return false;
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			return false;
	}
	return s->sound == NULL || s->sound(text);
}

static bool set_list(struct config_reading *r, const struct setting *s, char **list, const char *origin)
{
	size_t count = 0;
	const char *const **value = setting_value(s, r->config);

	for (; list[count] != NULL; count++) {
		if (!is_sound(s, list[count]))
			return refuse_value(r, s, origin);
	}
	if (count > LIST_MAX)
		return config_refuse(r, origin, "%s has more than %d entries", s->name, LIST_MAX);
	*value = (const char *const *)list;
	return true;
}

static bool set_comma_list(struct config_reading *r, const struct setting *s, const char *text,
			   const char *origin)
{
	size_t count = 0;
	char **list = text_split(r->arena, text, ',', &count);

	for (size_t i = 0; i < count; i++)
		list[i] = text_trim(r->arena, list[i]);
	return set_list(r, s, list, origin);
}

static bool set_number(struct config_reading *r, const struct setting *s, const char *text,
		       const char *origin)
{
	int64_t number = 0;
	bool read = s->kind == SETTING_SECONDS ? text_to_duration(text, &number)
					       : text_to_int(text, s->min, s->max, &number);

	if (!read || number < s->min || number > s->max)
		return refuse_value(r, s, origin);
	*(int64_t *)setting_value(s, r->config) = number;
	return true;
}

/* A value in its text form, as the defaults and the environment give it. */
static bool set_text(struct config_reading *r, const struct setting *s, const char *text, const char *origin)
{
	r->origins[s - settings] = origin;
	switch (s->kind) {
	case SETTING_LIST:
		return set_comma_list(r, s, text, origin);
	case SETTING_NUMBER:
	case SETTING_SECONDS:
		return set_number(r, s, text, origin);
	case SETTING_SWITCH:
		if (!text_equal(text, "true") && !text_equal(text, "false"))
			return refuse_value(r, s, origin);
		*(bool *)setting_value(s, r->config) = text_equal(text, "true");
		return true;
	case SETTING_TEXT:
		break;
	}
	if (!is_sound(s, text))
		return refuse_value(r, s, origin);
	*(const char **)setting_value(s, r->config) = arena_text(r->arena, text);
	return true;
}

static bool set_defaults(struct config_reading *r)
{
	for (size_t i = 0; i < setting_count; i++) {
		r->origins[i] = setting_default;
		if (settings[i].fallback != NULL &&
		    !set_text(r, &settings[i], settings[i].fallback, setting_default))
			return false;
	}
	return true;
}

/* The file */

/* One text alone is a list of one. */
static bool set_json_list(struct config_reading *r, const struct setting *s, const json_t *value,
			  const char *origin)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	char **list = arena_array(r->arena, char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_is_array(value) ? json_array_get(value, i) : value;

		list[i] = arena_text(r->arena, json_string_value(entry));
		if (text_is_empty(list[i]))
			return refuse_value(r, s, origin);
	}
	r->origins[s - settings] = origin;
	return set_list(r, s, list, origin);
}

/* Nothing is guessed: a number in quotes is a text. */
static bool set_json(struct config_reading *r, const struct setting *s, const json_t *value,
		     const char *origin)
{
	bool text = json_is_string(value), number = json_is_integer(value);
	bool fits = (s->kind == SETTING_TEXT && text) || (s->kind == SETTING_NUMBER && number) ||
		    (s->kind == SETTING_SECONDS && (text || number)) ||
		    (s->kind == SETTING_SWITCH && json_is_boolean(value));

	if (s->kind == SETTING_LIST && (text || json_is_array(value)))
		return set_json_list(r, s, value, origin);
	if (!fits)
		return refuse_value(r, s, origin);
	if (number)
		return set_text(r, s,
				arena_print(r->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)),
				origin);
	if (json_is_boolean(value))
		return set_text(r, s, json_is_true(value) ? "true" : "false", origin);
	return set_text(r, s, json_string_value(value), origin);
}

static bool is_section(struct arena *arena, const char *name)
{
	const char *start = arena_print(arena, "%s.", name);

	for (size_t i = 0; i < setting_count; i++) {
		if (text_starts(settings[i].name, start))
			return true;
	}
	return false;
}

/* The first known name that the word begins, else the nearest one. */
static const char *meant(const char *word, const char *const *known)
{
	for (const char *const *at = known; *at != NULL; at++) {
		if (*word != '\0' && text_starts(*at, word))
			return *at;
	}
	return text_nearest(word, known);
}

static bool refuse_unknown(struct config_reading *r, const char *origin, const char *what, const char *word,
			   const char *const *known)
{
	const char *nearest = meant(word, known);

	word = text_bounded(r->arena, word, strlen(word), 128);
	if (nearest != NULL)
		return config_refuse(r, origin, "unknown %s %s, did you mean %s?", what, word, nearest);
	return config_refuse(r, origin, "unknown %s %s", what, word);
}

static bool refuse_key(struct config_reading *r, const char *origin, const char *name)
{
	const char **known = arena_array(r->arena, const char *, setting_count * 2 + 1);

	for (size_t i = 0; i < setting_count; i++) {
		known[2 * i] = settings[i].name;
		known[2 * i + 1] = arena_textn(r->arena, settings[i].name, strcspn(settings[i].name, "."));
	}
	return refuse_unknown(r, origin, "setting", name, known);
}

static const char *place_of(struct config_reading *r, const json_t *object, const char *key)
{
	unsigned line = 0, column = 0;
	bool known = yaml_member_position(r->documents, object, key, &line, &column);

	assert(known);
	return arena_print(r->arena, "%s:%u", r->file, line);
}

static bool read_section(struct config_reading *r, const json_t *object, const char *section);

static bool read_member(struct config_reading *r, const json_t *object, const char *section, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *name = section != NULL ? arena_print(r->arena, "%s.%s", section, key) : key;
	const char *origin = place_of(r, object, key);
	const struct setting *s = setting_find(name);

	/* "limits.queue: 5" would be a second way to write "limits: { queue: 5 }". */
	if (s != NULL && strchr(key, '.') != NULL)
		return config_refuse(r, origin, "%s is written as a section and a setting below it", name);
	if (s != NULL)
		return set_json(r, s, value, origin);
	if (section != NULL || !is_section(r->arena, name))
		return refuse_key(r, origin, name);
	if (!json_is_object(value))
		return config_refuse(r, origin, "%s is a section: its settings stand below it", name);
	return read_section(r, value, name);
}

static bool read_section(struct config_reading *r, const json_t *object, const char *section)
{
	void *at = json_object_iter((json_t *)(uintptr_t)object);

	for (; at != NULL; at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		if (!read_member(r, object, section, json_object_iter_key(at)))
			return false;
	}
	return true;
}

/* libyaml's "line 3, column 5: what" becomes "file:3: column 5: what", as compilers say it. */
static bool refuse_syntax(struct config_reading *r, const char *message)
{
	unsigned long line = 1;
	char *end = NULL;

	if (text_starts(message, "line ")) {
		line = strtoul(message + strlen("line "), &end, 10);
		message = text_starts(end, ", ") ? end + 2 : message;
	}
	return config_refuse(r, arena_print(r->arena, "%s:%lu", r->file, line), "%s", message);
}

static bool read_file(struct config_reading *r, const char *text, size_t size)
{
	size_t count = 0;
	const char *message = NULL;

	r->documents = yaml_read(r->arena, text, size, &count, &message);
	if (r->documents == NULL)
		return refuse_syntax(r, message);
	const json_t *value = count > 0 ? yaml_value(r->documents, 0) : NULL;

	if (count > 1)
		return config_refuse(r, r->file, "one document alone is read");
	/* Nothing but comments is a fine configuration. */
	if (value == NULL || (json_is_string(value) && json_string_length(value) == 0))
		return true;
	if (!json_is_object(value))
		return config_refuse(r, arena_print(r->arena, "%s:1", r->file), "settings are name: value");
	return read_section(r, value, NULL);
}

/* The environment */

/* A secret may stand in a file of its own; line ends after it are not part of it. */
static bool set_from_file(struct config_reading *r, const struct setting *s, const char *path,
			  const char *origin)
{
	char text[VALUE_MAX + 1];
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = file >= 0 ? read(file, text, sizeof(text)) : -1;
	int reason = errno;

	if (file >= 0)
		(void)close(file); /* only read from */
	if (size < 0)
		return config_refuse(r, origin, "could not read the file: %s", strerrordesc_np(reason));
	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
		size--;
	bool fine = (size_t)size < sizeof(text) && text_is_utf8(text, (size_t)size) &&
		    set_text(r, s, arena_textn(r->arena, text, (size_t)size), origin);

	explicit_bzero(text, sizeof(text));
	return fine || refuse_value(r, s, origin);
}

static bool is_file_variable(struct arena *arena, const struct setting *s, const char *name)
{
	return s->secret && text_equal(arena_print(arena, "%s_FILE", setting_variable(arena, s)), name);
}

static bool refuse_variable(struct config_reading *r, const char *name)
{
	const char **known = arena_array(r->arena, const char *, setting_count + 1);

	for (size_t i = 0; i < setting_count; i++)
		known[i] = setting_variable(r->arena, &settings[i]);
	return refuse_unknown(r, "environment", "variable", name, known);
}

/* Twice from the environment, by two entries or by NAME and NAME_FILE, leaves open which one is meant. */
static bool take_variable(struct config_reading *r, const struct setting *s, const char *name,
			  const char *value, bool in_file)
{
	if (text_starts(r->origins[s - settings], PREFIX))
		return config_refuse(r, name, "%s was given before by %s", s->name, r->origins[s - settings]);
	return in_file ? set_from_file(r, s, value, name) : set_text(r, s, value, name);
}

static bool read_variable(struct config_reading *r, const char *entry)
{
	const char *equals = strchr(entry, '=');

	if (!text_starts(entry, PREFIX) || equals == NULL)
		return true;
	const char *name = arena_textn(r->arena, entry, (size_t)(equals - entry));

	if (text_equal(name, PREFIX "CONFIG")) /* says which file; read by the command */
		return true;
	for (size_t i = 0; i < setting_count; i++) {
		if (text_equal(setting_variable(r->arena, &settings[i]), name))
			return take_variable(r, &settings[i], name, equals + 1, false);
	}
	for (size_t i = 0; i < setting_count; i++) {
		if (is_file_variable(r->arena, &settings[i], name))
			return take_variable(r, &settings[i], name, equals + 1, true);
	}
	return refuse_variable(r, name);
}

static bool read_environment(struct config_reading *r, char *const *environ_list)
{
	for (; environ_list != NULL && *environ_list != NULL; environ_list++) {
		if (!read_variable(r, *environ_list))
			return false;
	}
	return true;
}

enum err config_read(struct arena *arena, const char *file, const char *text, size_t size,
		     char *const *environ_list, const struct config **out, const char **message)
{
	struct config *config = arena_new_of(arena, struct config);
	struct config_reading r = { .arena = arena,
				    .config = config,
				    .file = file != NULL ? file : "configuration",
				    .origins = arena_array(arena, const char *, setting_count) };

	config->file = text != NULL ? arena_text(arena, file) : NULL;
	config->origins = r.origins;
	if (set_defaults(&r) && (text == NULL || read_file(&r, text, size)) &&
	    read_environment(&r, environ_list) && config_derive(&r)) {
		*out = config;
		return OK;
	}
	*message = r.message;
	return ERR_CONFIG;
}
