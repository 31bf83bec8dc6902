/* fuzz_cidr.c: an accepted address has one text, an accepted network has its own base and no bits beyond. */
#include "base/base.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct arena *arena, const char *text)
{
	struct address address, again;

	if (!address_parse(text, &address))
		return;
	const char *written = address_text(arena, &address);
	bool read = address_parse(written, &again);

	assert(read && memcmp(&address, &again, sizeof(address)) == 0);
	assert(text[strspn(text, "0123456789abcdefABCDEF:.")] == '\0');
	assert(!address_is_loopback(&address) || address_is_private(&address));
}

static void check_network(const char *text)
{
	struct network network;

	if (!network_parse(text, &network))
		return;
	assert(network.bits <= 128 && text[strspn(text, "0123456789abcdefABCDEF:./*")] == '\0');
	assert(network_has(&network, &network.base));
	for (unsigned bit = 0; bit < 128; bit++) {
		struct address other = network.base;

		other.at[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		assert(network_has(&network, &other) == (bit >= network.bits));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *text = arena_textn(arena, (const char *)data, size);

	if (size == 0)
		return 0;
	check_address(arena, text);
	check_network(text);
	return 0;
}
