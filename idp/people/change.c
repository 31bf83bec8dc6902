/* change.c: checks and differences that all declared things share. */
#include <fcntl.h>
#include <unistd.h>

#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/change.h"

bool name_is_fine(const char *name)
{
	size_t size = name ? strlen(name) : 0;
	bool visible = false;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < 0x20 || c == 0x7f)
			return false;
		visible = visible || c != ' ';
	}
	return visible && size <= 200 && text_is_utf8(name, size);
}

static bool is_zone_name(const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < size; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/", name[i]))
			return false;
	return size > 0 && size <= 64 && name[0] != '/' && name[0] != '-' && name[size - 1] != '/' &&
	       !strstr(name, "//");
}

bool timezone_is_known(const char *name)
{
	char path[128], magic[4] = { 0 };

	if (!name || !is_zone_name(name))
		return false;
	if (text_equal(name, "UTC")) /* also without a time zone database */
		return true;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return false;
	ssize_t size = read(file, magic, sizeof(magic));

	close(file);
	return size == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0; /* RFC 8536 3.1 */
}

char *list_join(struct arena *arena, const char *const *list)
{
	AUTO_BUF joined = BUF(256 * KB);

	for (; list && *list; list++) {
		if (joined.size)
			buf_char(&joined, ' ');
		buf_text(&joined, *list);
	}
	return arena_text(arena, buf_str(&joined));
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

void change_note(json_t *change, const char *field, const char *old, const char *new_)
{
	if (!text_equal(old, new_))
		json_set(change, field, json_pack("[o, o]", text_or_null(old), text_or_null(new_)));
}

void change_note_flag(json_t *change, const char *field, bool old, bool new_)
{
	if (old != new_)
		json_set(change, field, json_pack("[b, b]", old, new_));
}

const char *field_unknown(struct arena *arena, const char *name, const char *const *known)
{
	const char *bounded = text_bounded(arena, name, strlen(name), 64);
	const char *nearest = text_nearest(bounded, known);

	return nearest ? arena_print(arena, "%s: unknown field, did you mean %s?", bounded, nearest)
		       : arena_print(arena, "%s: unknown field", bounded);
}

static void release_json(void *thing)
{
	json_decref(thing);
}

static void replace_source(json_t *whole, const json_t *declared, const char *now, const char *before)
{
	if (json_get_text(declared, now) && !json_get_text(declared, before))
		(void)json_object_del(whole, before); /* it may not be there */
}

json_t *document_merge(struct arena *arena, const json_t *before, const json_t *declared)
{
	json_t *whole = before ? json_copy((json_t *)(uintptr_t)before) : json_object();
	const char *name = NULL;
	json_t *value = NULL;

	arena_defer(arena, release_json, whole);
	json_object_foreach ((json_t *)(uintptr_t)declared, name, value) {
		if (json_is_null(value))
			(void)json_object_del(whole, name); /* it may not be there */
		else
			json_set(whole, name, json_deep_copy(value));
	}
	replace_source(whole, declared, "metadata", "metadata_url");
	replace_source(whole, declared, "metadata_url", "metadata");
	return whole;
}

const char *document_shown(struct arena *arena, const char *document)
{
	AUTO(json_done) json_t *read = document ? json_read(document, strlen(document)) : NULL;
	const char *xml = json_get_text(read, "metadata");

	if (!xml)
		return document;
	json_set_text(read, "metadata", secret_hash(arena, "metadata", xml));
	return json_canonical(arena, read);
}
