/* fuzz_guard.c: a raw target in the first line, header lines behind it. What the guard accepts can be
 * read in one way: decoding changes no segment, and one framing is there. */
#include "base/base.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "http/guard.h"

/* Decodes once, as a careless reader would. */
static char *decoded(struct arena *arena, const char *path, size_t size)
{
	char *out = arena_alloc(arena, size + 1), *at = out;

	for (size_t i = 0; i < size; i++) {
		char hex[3] = { 0 };

		if (path[i] == '%' && i + 2 < size) {
			memcpy(hex, path + i + 1, 2);
			*at++ = (char)strtol(hex, NULL, 16);
			i += 2;
		} else {
			*at++ = path[i];
		}
	}
	assert(strlen(out) == (size_t)(at - out)); /* no NUL came out */
	return out;
}

static size_t count_of(const char *text, char c)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == c;
	return count;
}

static void check_target(struct arena *arena, const char *target, size_t size)
{
	const char *question = memchr(target, '?', size);
	size_t path_size = question ? (size_t)(question - target) : size;
	const char *raw = arena_textn(arena, target, path_size), *path = decoded(arena, target, path_size);

	assert(raw[0] == '/' && count_of(raw, '/') == count_of(path, '/'));
	assert(!strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../") && !strchr(path, '\\'));
	assert(!text_ends(path, "/.") && !text_ends(path, "/.."));
	for (size_t i = 0; i < size; i++)
		assert((unsigned char)target[i] > 0x20 && (unsigned char)target[i] < 0x7f &&
		       target[i] != '#');
}

/* "Name:value" to a header; a line without a colon is all name. */
static struct header read_header(struct arena *arena, const char *line, size_t size)
{
	const char *colon = memchr(line, ':', size);
	size_t name = colon ? (size_t)(colon - line) : size;
	size_t value = colon ? size - name - 1 : 0;

	return (struct header){ .name = arena_textn(arena, line, name),
				.name_size = name,
				.value = arena_textn(arena, line + size - value, value),
				.value_size = value };
}

static void check_head(const struct head *head)
{
	size_t hosts = 0, lengths = 0;

	for (size_t i = 0; i < head->count; i++) {
		const struct header *header = &head->headers[i];

		assert(strlen(header->name) == header->name_size && !strpbrk(header->name, " \t\r\n:;,()"));
		assert(!strpbrk(header->value, "\r\n\x7f") && strlen(header->value) == header->value_size);
		assert(!text_equal_nocase(header->name, "transfer-encoding"));
		hosts += text_equal_nocase(header->name, "host");
		lengths += text_equal_nocase(header->name, "content-length");
	}
	assert(hosts == 1 && lengths <= 1 && head->length >= 0);
}

static void check_host(const char *host)
{
	const struct config config = { .issuer_host = "id.example" };

	if (guard_host(&config, host, 1) == OK)
		assert(text_equal_nocase(host, "id.example") || text_equal_nocase(host, "id.example:443") ||
		       strtol(host + strlen("id.example:"), NULL, 10) == 443);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *text = (const char *)data, *end = memchr(text, '\n', size);
	size_t target = end ? (size_t)(end - text) : size;
	struct head head = { .method = "GET", .version = "HTTP/1.1" };

	if (guard_target(text, target) == OK)
		check_target(arena, text, target);
	for (size_t at = target + 1; at < size && head.count < GUARD_HEADERS;) {
		const char *stop = memchr(text + at, '\n', size - at);
		size_t n = stop ? (size_t)(stop - text) - at : size - at;

		head.headers[head.count++] = read_header(arena, text + at, n);
		at += n + 1;
	}
	if (guard_head(&head) == OK) {
		check_head(&head);
		check_host(head.known[FIELD_HOST]);
	}
	return 0;
}
