/* fuzz_percent.c: what percent_decode accepts is NUL-free UTF-8 and comes back from percent_encode. */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char *decoded = NULL, *again = NULL;

	if (size == 0)
		return 0;
	bool plus = data[0] & 1;

	if (!percent_decode(arena, (const char *)data + 1, size - 1, plus, &decoded)) {
		assert(decoded == NULL);
		return 0;
	}
	size_t length = strlen(decoded);

	assert(length <= size - 1 && text_is_utf8(decoded, length));
	AUTO_BUF encoded = BUF(3 * length);

	percent_encode(&encoded, decoded);
	assert(!encoded.full);
	bool read = percent_decode(arena, buf_str(&encoded), encoded.size, true, &again);

	assert(read && text_equal(again, decoded));
	/* A NUL cannot be part of what was accepted. */
	assert(memchr(data + 1, '\0', size - 1) == NULL);
	return 0;
}
