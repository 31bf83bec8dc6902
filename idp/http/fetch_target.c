/* fetch_target.c: the rules of outgoing addresses. */
#include "base/base.h"

#include "base/arena.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/fetch_target.h"
#include "http/url.h"

static bool allow_has_host(const struct config *config, const char *host)
{
	for (const char *const *entry = config->outbound.allow; entry && *entry; entry++)
		if (text_equal_nocase(*entry, host))
			return true;
	return false;
}

static bool allow_has_address(const struct config *config, const struct address *address)
{
	struct network network;

	for (const char *const *entry = config->outbound.allow; entry && *entry; entry++)
		if (network_parse(*entry, &network) && network_has(&network, address))
			return true;
	return false;
}

bool target_address_allowed(const struct config *config, const char *host, const struct address *address)
{
	if (!address_is_private(address) || config->outbound.allow_private_targets)
		return true;
	/* A name of someone else's that leads to loopback stays refused in development too. */
	if (config->development && address_is_loopback(address) && url_host_is_loopback(host))
		return true;
	return allow_has_host(config, host) || allow_has_address(config, address);
}

/* 2130706433, 0x7f.1, 0177.0.0.1: names to us, addresses to a resolver (WHATWG URL 3.5). */
static bool ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.'), *label = dot && dot[1] ? dot + 1 : dot ? "0" : host;

	return strspn(label, "0123456789") == strlen(label) ||
	       (label[0] == '0' && label[1] == 'x' &&
		strspn(label + 2, "0123456789abcdef") == strlen(label + 2));
}

static bool host_allowed(const struct config *config, const struct url *url)
{
	struct address address;

	if (address_parse(url->host, &address))
		return target_address_allowed(config, url->host, &address);
	if (ends_in_number(url->host))
		return false;
	return !url_host_is_loopback(url->host) || config->development ||
	       config->outbound.allow_private_targets || allow_has_host(config, url->host);
}

bool target_form_allowed(const struct config *config, struct arena *arena, const char *text, struct url *out)
{
	if (!text || !url_read(arena, text, out))
		return false;
	if (!text_equal(out->scheme, "https") && !(config->development && url_host_is_loopback(out->host)))
		return false;
	return host_allowed(config, out);
}

bool fetch_url_allowed(const struct config *config, const char *url)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct url read;

	return target_form_allowed(config, arena, url, &read);
}
