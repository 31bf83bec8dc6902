/* fuzz_base64url.c: what the strict decoders accept is exactly what the encoders write. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const char *written, const uint8_t *data, size_t size)
{
	assert(strlen(written) == size && memcmp(written, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct bytes bytes, back;

	if (base64url_decode(arena, (const char *)data, size, &bytes))
		same(base64url_encode(arena, bytes), data, size);
	if (base64_decode(arena, (const char *)data, size, &bytes))
		same(base64_encode(arena, bytes), data, size);

	/* And any bytes survive being written and read. */
	const char *text = base64url_encode(arena, (struct bytes){ data, size });
	bool read = base64url_decode(arena, text, strlen(text), &back);

	assert(read && back.size == size && (size == 0 || memcmp(back.at, data, size) == 0));
	text = base64_encode(arena, (struct bytes){ data, size });
	read = base64_decode(arena, text, strlen(text), &back);
	assert(read && back.size == size && (size == 0 || memcmp(back.at, data, size) == 0));
	return 0;
}
