/* url.c: scheme, host and port of an address (RFC 3986 3, the http and https forms alone). */
#include "base/base.h"

#include "base/arena.h"
#include "base/cidr.h"
#include "base/text.h"
#include "http/url.h"

#define HOST_MAX 253

/* Bytes that readers of addresses disagree on: controls, space, backslash, quotes, beyond ASCII. */
static bool is_plain(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("\\\"<>^`{|}", *p))
			return false;
	return true;
}

/* After "scheme://"; 0: another scheme. */
static size_t scheme_size(const char *text)
{
	return !strncasecmp(text, "https://", 8) ? 8 : !strncasecmp(text, "http://", 7) ? 7 : 0;
}

static bool is_host_name(const char *host, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)host[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && c != '-' && c != '.' && c != '_')
			return false;
	}
	return size > 0 && size <= HOST_MAX;
}

/* Size of the host with its brackets; 0: not one. */
static size_t host_size(const char *text)
{
	char literal[46];
	struct address address;

	if (*text != '[') {
		size_t n = strcspn(text, ":/?#");

		return is_host_name(text, n) ? n : 0;
	}
	size_t n = strcspn(text, "]");
	if (text[n] != ']' || n - 1 >= sizeof literal)
		return 0;
	memcpy(literal, text + 1, n - 1);
	literal[n - 1] = '\0';
	return strchr(literal, ':') && address_parse(literal, &address) ? n + 1 : 0;
}

/* ":8080" or nothing; *size is what it takes. */
static bool read_port(const char *text, uint16_t *port, size_t *size)
{
	unsigned long value = 0;
	size_t n = 1;

	*size = 0;
	if (*text != ':')
		return true;
	for (; text[n] >= '0' && text[n] <= '9' && n < 7; n++)
		value = value * 10 + (unsigned long)(text[n] - '0');
	if (n == 1 || value == 0 || value > 65535)
		return false;
	*port = (uint16_t)value;
	*size = n;
	return true;
}

bool url_read(struct arena *arena, const char *text, struct url *out)
{
	size_t scheme = text && is_plain(text) ? scheme_size(text) : 0;
	size_t host = scheme ? host_size(text + scheme) : 0, port_size;
	struct url url = { .scheme = scheme == 8 ? "https" : "http", .port = scheme == 8 ? 443 : 80 };

	if (!host || !read_port(text + scheme + host, &url.port, &port_size))
		return false;
	url.rest = text + scheme + host + port_size;
	if (*url.rest && !strchr("/?#", *url.rest))
		return false; /* user information, or a host that goes on */
	url.is_literal6 = text[scheme] == '[';
	url.host = text_lower(arena, arena_textn(arena, text + scheme + url.is_literal6,
						 host - 2 * (size_t)url.is_literal6));
	url.rest = arena_text(arena, url.rest);
	*out = url;
	return true;
}

bool url_host_is_loopback(const char *host)
{
	struct address address;

	if (text_equal_nocase(host, "localhost") ||
	    (strlen(host) > 10 && text_equal_nocase(host + strlen(host) - 10, ".localhost")))
		return true;
	return address_parse(host, &address) && address_is_loopback(&address);
}

char *url_origin(struct arena *arena, const char *text)
{
	struct url url;

	if (!url_read(arena, text, &url))
		return NULL;
	bool usual = url.port == (text_equal(url.scheme, "https") ? 443 : 80);
	const char *open = url.is_literal6 ? "[" : "", *close = url.is_literal6 ? "]" : "";
	if (usual)
		return arena_print(arena, "%s://%s%s%s", url.scheme, open, url.host, close);
	return arena_print(arena, "%s://%s%s%s:%u", url.scheme, open, url.host, close, url.port);
}

char *url_for_log(struct arena *arena, const char *text)
{
	size_t size = strcspn(text, "?#");

	return arena_print(arena, "%.*s%s", (int)size, text, text[size] ? "?..." : "");
}

bool url_is_safe_link(const char *text)
{
	size_t scheme = scheme_size(text);
	char host[64];

	if (!is_plain(text))
		return false;
	if (text[0] == '/')
		return text[1] != '/'; /* "//host" is another site */
	if (scheme == 8)
		return host_size(text + 8) > 0;
	size_t n = scheme ? host_size(text + scheme) : 0;
	if (n == 0 || n >= sizeof host)
		return false;
	bool literal = text[scheme] == '[';
	snprintf(host, sizeof host, "%.*s", (int)(n - 2 * (size_t)literal), text + scheme + literal);
	const char *after = text + scheme + n;
	return (!*after || strchr(":/?#", *after)) && url_host_is_loopback(host);
}
