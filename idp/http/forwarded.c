/* forwarded.c: X-Forwarded-For and X-Forwarded-Proto, from trusted proxies alone. */
#include "base/base.h"

#include "base/config.h"
#include "base/text.h"
#include "http/forwarded.h"

bool is_trusted_proxy(const struct config *config, const struct address *peer)
{
	for (size_t i = 0; i < config->trusted_count; i++)
		if (network_has(&config->trusted_networks[i], peer))
			return true;
	return false;
}

/* "203.0.113.7", "203.0.113.7:41000", "2001:db8::7", "[2001:db8::7]:41000". */
static bool read_hop(const char *text, size_t size, struct address *out)
{
	char hop[64];

	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		size--;
	while (size > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		size--;
	}
	if (size == 0 || size >= sizeof hop)
		return false;
	memcpy(hop, text, size);
	hop[size] = '\0';
	char *start = hop, *colon = strrchr(hop, ':');
	if (*hop == '[') {
		char *close = strchr(hop, ']');

		if (!close || (close[1] && close[1] != ':'))
			return false;
		*close = '\0';
		start = hop + 1;
	} else if (colon && strchr(hop, ':') == colon) {
		*colon = '\0'; /* one colon alone: a port */
	}
	return address_parse(start, out);
}

struct address forwarded_client(const struct config *config, const struct address *socket_peer,
				const char *for_header)
{
	struct address client = *socket_peer, hop;
	size_t end = for_header ? strlen(for_header) : 0;

	while (end > 0 && is_trusted_proxy(config, &client)) {
		size_t start = end;

		while (start > 0 && for_header[start - 1] != ',')
			start--;
		if (!read_hop(for_header + start, end - start, &hop))
			break;
		client = hop;
		end = start > 0 ? start - 1 : 0;
	}
	return client;
}

bool forwarded_secure(const struct config *config, const struct address *socket_peer,
		      const char *proto_header)
{
	return proto_header && is_trusted_proxy(config, socket_peer) &&
	       text_equal_nocase(proto_header, "https");
}
