/* test_cidr.c: addresses, networks, and which addresses are nobody's public server. */
#include "base/base.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cidr.h"

static void addresses_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",         "1.2.3",      "1.2.3.4.5",  "01.2.3.4", "1.2.3.256",   " 1.2.3.4",
		"1.2.3.4 ", "0x7f.0.0.1", "2130706433", "127.1",    "::g",         "fe80::1%eth0",
		"[::1]",    ":::",        "1.2.3.4/32", "1.2.3.*",  "::ffff:1.2.3"
	};
	struct address out;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(address_parse(bad[i], &out));
}

static void an_address_has_one_text(void **state)
{
	static const char *const rows[][2] = {
		{ "1.2.3.4", "1.2.3.4" },
		{ "::ffff:1.2.3.4", "1.2.3.4" },
		{ "::FFFF:102:304", "1.2.3.4" },
		{ "2001:0DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::1", "::1" },
	};
	AUTO(arena_done) struct arena *arena = arena_new();
	struct address out;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(address_parse(rows[i][0], &out));
		assert_string_equal(address_text(arena, &out), rows[i][1]);
	}
}

static void networks_are_read_strictly(void **state)
{
	static const char *const bad[] = { "",
					   "*",
					   "*.*",
					   "1.*.3.*",
					   "*.2.3.4",
					   "1.2.3.4*",
					   "1.2.*",
					   "-0.0.3.*",
					   "-0.*.*.*",
					   "01.2.3.*",
					   "1.2.3.*.*",
					   "1.2.3.*/24",
					   "01.2.3.*",
					   "1.2.256.*",
					   "1.2.3.4/33",
					   "1.2.3.4/",
					   "1.2.3.0/-1",
					   "1.2.3.0/024",
					   "1.2.3.0/24/8",
					   "1.2.3.4/24",
					   "2001:db8::1/32",
					   "::/129",
					   "10.0.0.0/255.0.0.0",
					   "/8",
					   "a/8",
					   "1..2.*",
					   ".1.2.*",
					   "1.2.3.**" };
	struct network out;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(network_parse(bad[i], &out));
}

static void a_network_has_what_it_says(void **state)
{
	static const struct {
		const char *network, *address;
		bool has;
	} rows[] = {
		{ "103.171.247.*", "103.171.247.0", true },
		{ "103.171.247.*", "103.171.247.255", true },
		{ "103.171.247.*", "103.171.248.1", false },
		{ "103.*.*.*", "103.9.9.9", true },
		{ "103.171.247.*", "::ffff:103.171.247.9", true },
		{ "10.0.0.7", "10.0.0.7", true },
		{ "10.0.0.7", "10.0.0.6", false },
		{ "10.64.0.0/10", "10.127.255.255", true },
		{ "10.64.0.0/10", "10.128.0.0", false },
		{ "0.0.0.0/0", "8.8.8.8", true },
		{ "0.0.0.0/0", "2600::1", false },
		{ "::/0", "2600::1", true },
		{ "::/0", "8.8.8.8", false },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
		{ "2001:db8:8000::/33", "2001:db8:ffff::1", true },
		{ "2001:db8:8000::/33", "2001:db8:7fff::1", false },
		{ "::1", "::1", true },
		{ "::1", "127.0.0.1", false },
	};
	struct network network;
	struct address address;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(network_parse(rows[i].network, &network));
		assert_true(address_parse(rows[i].address, &address));
		assert_int_equal(network_has(&network, &address), rows[i].has);
	}
}

/* Each prefix length against the plain arithmetic of 32-bit numbers. */
static void ipv4_prefixes_agree_with_arithmetic(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	uint32_t seed = 0x2545F491;

	(void)state;
	for (unsigned bits = 0; bits <= 32; bits++) {
		uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);

		for (int i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			uint32_t base = seed & mask,
				 host = i % 2 ? seed ^ (1U << (unsigned)(i * 7 % 32)) : seed;
			struct in_addr base_in = { htonl(base) };
			struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(host) } };
			char text[INET_ADDRSTRLEN];
			struct network network;
			struct address address;

			inet_ntop(AF_INET, &base_in, text, sizeof(text));
			assert_true(network_parse(arena_print(arena, "%s/%u", text, bits), &network));
			assert_true(address_from_sockaddr((const struct sockaddr *)&sa, &address));
			assert_int_equal(network_has(&network, &address), (host & mask) == base);
		}
	}
}

static void a_peer_is_read_from_its_socket_address(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct address address;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.1.2.3", &six.sin6_addr), 1);
	assert_true(address_from_sockaddr((const struct sockaddr *)&six, &address));
	assert_string_equal(address_text(arena, &address), "10.1.2.3");
	assert_false(address_from_sockaddr(&other, &address));
	assert_false(address_from_sockaddr(NULL, &address));
}

static void private_targets_are_known_in_every_form(void **state)
{
	static const char *const hidden[] = {
		"0.0.0.0",
		"10.0.0.1",
		"100.64.0.1",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.0.0.8",
		"192.0.2.1",
		"192.168.1.1",
		"198.18.0.1",
		"198.51.100.7",
		"203.0.113.7",
		"224.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",
		"::ffff:192.168.0.1",
		"fc00::1",
		"fd00:ec2::254",
		"fe80::1",
		"fec0::1",
		"ff02::1",
		"2001:db8::1",
		"3fff::1",
		"64:ff9b::7f00:1",
		"64:ff9b::a00:1",
		"64:ff9b:1::1",
		"2002:7f00:1::1",
		"2002:c0a8:101::",
		"2001::1",
		"100::1",
		"5f00::1",
	};
	static const char *const open[] = { "8.8.8.8",          "1.1.1.1",         "100.128.0.1",
					    "172.32.0.1",       "11.0.0.1",        "192.0.1.1",
					    "223.255.255.255",  "2600::1",         "2a00:1450::1",
					    "64:ff9b::808:808", "2002:808:808::1", "2003::1" };
	struct address address;

	(void)state;
	for (size_t i = 0; i < COUNT(hidden); i++) {
		assert_true(address_parse(hidden[i], &address));
		assert_true(address_is_private(&address));
	}
	for (size_t i = 0; i < COUNT(open); i++) {
		assert_true(address_parse(open[i], &address));
		assert_false(address_is_private(&address));
	}
}

static void loopback_is_127_and_one(void **state)
{
	struct address address;

	(void)state;
	assert_true(address_parse("127.9.9.9", &address) && address_is_loopback(&address));
	assert_true(address_parse("::1", &address) && address_is_loopback(&address));
	assert_true(address_parse("::ffff:127.0.0.1", &address) && address_is_loopback(&address));
	assert_true(address_parse("128.0.0.1", &address) && !address_is_loopback(&address));
	assert_true(address_parse("::2", &address) && !address_is_loopback(&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_strictly),
		cmocka_unit_test(an_address_has_one_text),
		cmocka_unit_test(networks_are_read_strictly),
		cmocka_unit_test(a_network_has_what_it_says),
		cmocka_unit_test(ipv4_prefixes_agree_with_arithmetic),
		cmocka_unit_test(a_peer_is_read_from_its_socket_address),
		cmocka_unit_test(private_targets_are_known_in_every_form),
		cmocka_unit_test(loopback_is_127_and_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
