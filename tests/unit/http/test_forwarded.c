/* test_forwarded.c: who the client is behind proxies. */
#include "unit/http/unit.h"

#include "base/cidr.h"
#include "http/forwarded.h"

static struct network networks[2];
static struct config config = { .trusted_networks = networks, .trusted_count = COUNT(networks) };

static int set_proxies(void **state)
{
	assert_true(network_parse("10.0.0.0/8", &networks[0]));
	assert_true(network_parse("2001:db8::/32", &networks[1]));
	return unit_begin(state);
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static void the_rightmost_hop_that_is_no_proxy_is_the_client(void **state)
{
	static const struct {
		const char *socket, *header, *client;
	} rows[] = {
		{ "203.0.113.9", NULL, "203.0.113.9" },
		{ "203.0.113.9", "6.6.6.6", "203.0.113.9" }, /* a stranger says nothing */
		{ "10.0.0.1", NULL, "10.0.0.1" },
		{ "10.0.0.1", "198.51.100.7", "198.51.100.7" },
		{ "10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7" },
		{ "10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7" },
		{ "10.0.0.1", "10.9.9.9,10.0.0.2", "10.9.9.9" },
		{ "10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1" },
		{ "10.0.0.1", "6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2" },
		{ "10.0.0.1", "6.6.6.6,", "10.0.0.1" },
		{ "10.0.0.1", "", "10.0.0.1" },
		{ "10.0.0.1", "198.51.100.7:4711", "198.51.100.7" },
		{ "10.0.0.1", "[2001:db9::7]:4711", "2001:db9::7" },
		{ "10.0.0.1", "2001:db9::7", "2001:db9::7" },
		{ "10.0.0.1", "\"198.51.100.7\"", "10.0.0.1" },
		{ "10.0.0.1", "unknown", "10.0.0.1" },
		{ "10.0.0.1", "[198.51.100.7", "10.0.0.1" },
		{ "2001:db8::1", "198.51.100.7", "198.51.100.7" },
		{ "::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7" },
		{ "10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address peer = address_of(rows[i].socket), wanted = address_of(rows[i].client);
		struct address client = forwarded_client(&config, &peer, rows[i].header);

		if (memcmp(&client, &wanted, sizeof client) != 0)
			fail_msg("%s %s: %s", rows[i].socket, rows[i].header ? rows[i].header : "-",
				 address_text(arena, &client));
	}
}

static void only_a_proxy_can_say_that_the_way_was_secure(void **state)
{
	struct address proxy = address_of("10.0.0.1"), stranger = address_of("203.0.113.9");

	(void)state;
	assert_true(forwarded_secure(&config, &proxy, "https"));
	assert_false(forwarded_secure(&config, &stranger, "https"));
	assert_false(forwarded_secure(&config, &proxy, "http"));
	assert_false(forwarded_secure(&config, &proxy, "https, http"));
	assert_false(forwarded_secure(&config, &proxy, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rightmost_hop_that_is_no_proxy_is_the_client),
		cmocka_unit_test(only_a_proxy_can_say_that_the_way_was_secure),
	};

	return cmocka_run_group_tests(tests, set_proxies, unit_end);
}
