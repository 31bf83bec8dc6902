/* fuzz_cookie.c: any text as a Cookie header. No name or value that comes out could end a line, a pair
 * or a quoted text. */
#include "base/base.h"

#include "base/arena.h"
#include "http/cookie.h"
#include "http/request.h"

static void check_octets(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		assert(*p > 0x20 && *p < 0x7f && !strchr("\",;\\", *p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *header = arena_textn(arena, (const char *)data, size);
	const struct cookie *cookies;
	size_t count = cookies_parse(arena, header, &cookies);

	assert(count <= size);
	for (size_t i = 0; i < count; i++) {
		assert(cookies[i].name[0] && !strchr(cookies[i].name, '='));
		check_octets(cookies[i].name);
		check_octets(cookies[i].value);
		assert(strstr(header, cookies[i].name) && strstr(header, cookies[i].value));
	}
	return 0;
}
