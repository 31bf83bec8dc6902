/* cidr.c: addresses and networks; all are held as IPv6, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
#include "base/base.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "base/text.h"

#define V4(a, b, c, d, bits)                                                                                 \
	{                                                                                                    \
		{ { [10] = 0xFF, [11] = 0xFF, a, b, c, d } }, 96 + (bits)                                    \
	}
#define V6(bits, ...)                                                                                        \
	{                                                                                                    \
		{ { __VA_ARGS__ } }, bits                                                                    \
	}

static const struct network mapped = V4(0, 0, 0, 0, 0);

/* What never is a public server (IANA special-purpose registries, RFC 6890). */
static const struct network not_public[] = {
	V4(0, 0, 0, 0, 8),       /* this network, unspecified */
	V4(10, 0, 0, 0, 8),      /* private, RFC 1918 */
	V4(100, 64, 0, 0, 10),   /* shared, RFC 6598 */
	V4(127, 0, 0, 0, 8),     /* loopback */
	V4(169, 254, 0, 0, 16),  /* link-local and the clouds' metadata servers, RFC 3927 */
	V4(172, 16, 0, 0, 12),   /* private */
	V4(192, 0, 0, 0, 24),    /* protocol assignments, RFC 6890 */
	V4(192, 0, 2, 0, 24),    /* documentation, RFC 5737 */
	V4(192, 88, 99, 0, 24),  /* 6to4 relays, RFC 7526 */
	V4(192, 168, 0, 0, 16),  /* private */
	V4(198, 18, 0, 0, 15),   /* benchmarking, RFC 2544 */
	V4(198, 51, 100, 0, 24), /* documentation */
	V4(203, 0, 113, 0, 24),  /* documentation */
	V4(224, 0, 0, 0, 4),     /* multicast */
	V4(240, 0, 0, 0, 4),     /* reserved and broadcast */
	V6(96, 0),               /* unspecified, loopback, IPv4-compatible, RFC 4291 */
	V6(48, 0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01), /* local NAT64, RFC 8215 */
	V6(64, 0x01, 0x00),                         /* discard, RFC 6666 */
	V6(23, 0x20, 0x01),             /* protocol assignments: Teredo, benchmarking, ORCHID, RFC 2928 */
	V6(32, 0x20, 0x01, 0x0D, 0xB8), /* documentation, RFC 3849 */
	V6(20, 0x3F, 0xFF),             /* documentation, RFC 9637 */
	V6(16, 0x5F, 0x00),             /* segment routing, RFC 9602 */
	V6(7, 0xFC),                    /* unique-local, RFC 4193 */
	V6(10, 0xFE, 0x80),             /* link-local */
	V6(10, 0xFE, 0xC0),             /* site-local, RFC 3879 */
	V6(8, 0xFF),                    /* multicast */
};

/* An IPv6 address that carries an IPv4 address at this byte is as private as that one. */
static const struct {
	struct network network;
	unsigned at;
} carriers[] = {
	{ V6(96, 0x00, 0x64, 0xFF, 0x9B), 12 }, /* NAT64, RFC 6052 */
	{ V6(16, 0x20, 0x02), 2 },              /* 6to4, RFC 3056 */
};

static struct address from_v4(const uint8_t *at)
{
	struct address address = mapped.base;

	memcpy(address.at + 12, at, 4);
	return address;
}

bool address_parse(const char *text, struct address *out)
{
	uint8_t v4[4];

	/* inet_pton takes exactly four decimal octets without leading zeros, unlike inet_aton. */
	if (inet_pton(AF_INET, text, v4) == 1) {
		*out = from_v4(v4);
		return true;
	}
	struct address v6;

	if (inet_pton(AF_INET6, text, v6.at) != 1)
		return false;
	*out = v6;
	return true;
}

bool address_from_sockaddr(const struct sockaddr *sa, struct address *out)
{
	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		*out = from_v4((const uint8_t *)&in.sin_addr);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(out->at, &in6.sin6_addr, sizeof(out->at));
		return true;
	}
	return false;
}

static bool covers(const struct network *network, const struct address *address)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (memcmp(network->base.at, address->at, whole) != 0)
		return false;
	return rest == 0 || (network->base.at[whole] ^ address->at[whole]) >> (8 - rest) == 0;
}

static bool is_v4(const struct address *address)
{
	return covers(&mapped, address);
}

char *address_text(struct arena *arena, const struct address *address)
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = is_v4(address);
	const char *done = v4 ? inet_ntop(AF_INET, address->at + 12, text, sizeof(text))
			      : inet_ntop(AF_INET6, address->at, text, sizeof(text));

	assert(done != NULL);
	return arena_text(arena, text);
}

/* Decimal without sign and leading zero: 010 is eight to some readers. */
static bool read_number(const char *text, int64_t max, int64_t *out)
{
	return text[0] != '-' && (text[0] != '0' || text[1] == '\0') && text_to_int(text, 0, max, out);
}

/* 103.171.247.*: leading octets, then only wildcards, four in all. */
static bool parse_wildcard(const char *text, struct network *out)
{
	struct network network = mapped;
	bool wild = false;

	for (unsigned octet = 0; octet < 4; octet++) {
		size_t size = strcspn(text, ".");
		char part[4] = "";
		int64_t value = 0;

		if (size == 0 || size >= sizeof(part))
			return false;
		memcpy(part, text, size);
		if (text_equal(part, "*"))
			wild = true;
		else if (wild || !read_number(part, 255, &value))
			return false;
		network.base.at[12 + octet] = (uint8_t)value;
		network.bits = (uint8_t)(network.bits + (wild ? 0 : 8));
		text += size;
		if (*text++ != (octet < 3 ? '.' : '\0'))
			return false;
	}
	*out = network;
	return true;
}

/* The address bits beyond the prefix must be zero: 10.0.0.7/8 is more likely a slip than a network. */
static bool is_sound(const struct network *network)
{
	for (unsigned bit = network->bits; bit < 128; bit++) {
		if (network->base.at[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	}
	return true;
}

bool network_parse(const char *text, struct network *out)
{
	struct network network = { .bits = 128 };
	char address[INET6_ADDRSTRLEN] = "";
	const char *slash = strchrnul(text, '/');
	size_t size = (size_t)(slash - text);
	int64_t bits = 0;

	if (strchr(text, '*') != NULL)
		return parse_wildcard(text, out);
	if (size >= sizeof(address))
		return false;
	memcpy(address, text, size);
	if (!address_parse(address, &network.base))
		return false;
	/* The colon tells how it was written: ::ffff:10.0.0.0/104 counts 128 bits. */
	int64_t before = strchr(address, ':') == NULL ? 96 : 0;

	if (*slash == '/') {
		if (!read_number(slash + 1, 128 - before, &bits))
			return false;
		network.bits = (uint8_t)(before + bits);
	}
	if (!is_sound(&network))
		return false;
	*out = network;
	return true;
}

bool network_has(const struct network *network, const struct address *address)
{
	/* ::/0 means all of IPv6, not IPv4 in its mapped form. */
	if (is_v4(address) && network->bits < mapped.bits)
		return false;
	return covers(network, address);
}

bool address_is_loopback(const struct address *address)
{
	static const struct network v4 = V4(127, 0, 0, 0, 8);
	static const struct network v6 = V6(128, [15] = 1);

	return covers(&v4, address) || covers(&v6, address);
}

static bool is_listed(const struct address *address)
{
	for (size_t i = 0; i < COUNT(not_public); i++) {
		if (network_has(&not_public[i], address))
			return true;
	}
	return false;
}

bool address_is_private(const struct address *address)
{
	for (size_t i = 0; i < COUNT(carriers); i++) {
		if (covers(&carriers[i].network, address)) {
			struct address inner = from_v4(address->at + carriers[i].at);

			return is_listed(&inner);
		}
	}
	return is_listed(address);
}
