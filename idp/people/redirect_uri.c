/* redirect_uri.c: where an answer may be sent (RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1, security.md A1 A2).
 *
 * The accepted language is a subset that every URL parser reads alike: no userinfo, backslash, wildcard,
 * fragment, dot segment or hidden octet; then two addresses are the same when their bytes are. */
#include "base/base.h"

#include "base/text.h"
#include "people/app_registry.h"
#include "store/snapshot.h"

enum { URI_MAX = 2048, SCHEME_MAX = 64 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* The parts, as lengths into the text. */
struct parts {
	char scheme[SCHEME_MAX + 1]; /* lower case */
	bool has_authority;
	const char *host, *port, *path;
	size_t host_size, port_size; /* port without its colon */
	bool has_port;
};

/* RFC 3986 2: unreserved, reserved but # and *, and whole escapes of visible characters. */
static bool characters_are_plain(const char *uri)
{
	static const char allowed[] = LOWER UPPER DIGIT "-._~:/?[]@!$&'()+,;=%";

	for (const char *at = uri; *at; at++)
		if (!strchr(allowed, *at))
			return false;
	return true;
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* An escape must hide nothing that means something where the address is split. */
static bool escapes_are_plain(const char *uri)
{
	for (const char *at = uri; (at = strchr(at, '%')); at++) {
		int high = hex(at[1]), low = high < 0 ? -1 : hex(at[2]);
		int c = high * 16 + low;

		if (low < 0 || c < 0x20 || c == 0x7f || strchr("/\\.@#%*:?", c))
			return false;
	}
	return true;
}

static bool scheme_read(const char *uri, struct parts *out)
{
	size_t size = strcspn(uri, ":/?#");

	if (uri[size] != ':' || size == 0 || size > SCHEME_MAX || strspn(uri, LOWER UPPER DIGIT "+-.") < size)
		return false;
	for (size_t i = 0; i < size; i++)
		out->scheme[i] = (char)(uri[i] >= 'A' && uri[i] <= 'Z' ? uri[i] + 32 : uri[i]);
	out->scheme[size] = '\0';
	out->path = uri + size + 1;
	return strchr(LOWER, out->scheme[0]) != NULL;
}

/* host[:port]; a literal in brackets has colons of its own. */
static bool authority_read(const char *text, size_t size, struct parts *out)
{
	size_t host = size && text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/?");

	if (host > size || host == 0)
		return false;
	out->host = text;
	out->host_size = host;
	if (host == size)
		return true;
	out->has_port = text[host] == ':';
	out->port = text + host + 1;
	out->port_size = size - host - 1;
	return out->has_port;
}

static bool parts_read(const char *uri, struct parts *out)
{
	*out = (struct parts){ .path = NULL };
	if (!scheme_read(uri, out))
		return false;
	if (!text_starts(out->path, "//"))
		return true;
	const char *authority = out->path + 2;
	size_t size = strcspn(authority, "/?");

	out->has_authority = true;
	out->path = authority + size;
	return !memchr(authority, '@', size) && !memchr(authority, '%', size) &&
	       authority_read(authority, size, out);
}

static bool port_is_sound(const struct parts *parts)
{
	if (!parts->has_port)
		return true;
	if (parts->port_size == 0 || parts->port_size > 5 || parts->port[0] == '0' ||
	    strspn(parts->port, DIGIT) < parts->port_size)
		return false;
	int64_t number = 0;

	for (size_t i = 0; i < parts->port_size; i++)
		number = number * 10 + (parts->port[i] - '0');
	return number <= 65535;
}

static bool host_is(const struct parts *parts, const char *host)
{
	return strlen(host) == parts->host_size && memcmp(parts->host, host, parts->host_size) == 0;
}

static bool label_is_sound(const char *label, size_t size)
{
	return size > 0 && size <= 63 && strspn(label, LOWER DIGIT "-") >= size && label[0] != '-' &&
	       label[size - 1] != '-';
}

/* A name, or four plain numbers: 0x7f.1 and 127.1 are other spellings of an address, and refused. */
static bool name_is_sound(const char *host, size_t size)
{
	size_t labels = 0, numbers = 0;
	bool last_is_number = false;

	if (size > 253)
		return false;
	for (size_t at = 0; at <= size; labels++) {
		const char *label = host + at;
		const char *dot = memchr(label, '.', size - at);
		size_t length = dot ? (size_t)(dot - label) : size - at;

		if (!label_is_sound(label, length))
			return false;
		last_is_number =
			strspn(label, DIGIT) >= length || (length > 1 && label[0] == '0' && label[1] == 'x');
		numbers += strspn(label, DIGIT) >= length && length <= 3 &&
			   (length == 1 || label[0] != '0') && (length < 3 || memcmp(label, "255", 3) <= 0);
		at += length + 1;
	}
	return !last_is_number || (labels == 4 && numbers == 4);
}

static bool host_is_sound(const struct parts *parts)
{
	if (parts->host[0] == '[')
		return parts->host_size > 4 && parts->host_size <= 41 &&
		       strspn(parts->host + 1, DIGIT "abcdef:.") == parts->host_size - 2;
	return name_is_sound(parts->host, parts->host_size);
}

/* RFC 8252 7.3 */
static bool host_is_loopback_literal(const struct parts *parts)
{
	return host_is(parts, "127.0.0.1") || host_is(parts, "[::1]");
}

static bool path_is_sound(const char *path)
{
	const char *end = path + strcspn(path, "?");

	for (const char *segment = path; segment < end;) {
		const char *slash = memchr(segment, '/', (size_t)(end - segment));
		size_t size = slash ? (size_t)(slash - segment) : (size_t)(end - segment);

		if ((size == 1 && segment[0] == '.') || (size == 2 && segment[0] == '.' && segment[1] == '.'))
			return false;
		segment += size + 1;
	}
	return !(text_starts(path, "//")) && !memmem(path, (size_t)(end - path), "//", 2);
}

/* com.example.app:/done: a reverse domain name, so that nobody else's scheme is taken (RFC 8252 7.1). */
static bool is_private_use(const struct parts *parts)
{
	const char *scheme = parts->scheme;

	if (!strchr(scheme, '.') || scheme[strlen(scheme) - 1] == '.' || strstr(scheme, "..") ||
	    strchr(scheme, '+'))
		return false;
	if (parts->has_authority)
		return host_is_sound(parts) && port_is_sound(parts);
	return parts->path[0] == '/' && parts->path[1] != '/';
}

static bool is_web_address(const struct parts *parts, bool native, bool development)
{
	if (!parts->has_authority || !host_is_sound(parts) || !port_is_sound(parts) ||
	    (parts->path[0] && !strchr("/?", parts->path[0])))
		return false;
	if (text_equal(parts->scheme, "https"))
		return true;
	if (!text_equal(parts->scheme, "http"))
		return false;
	return host_is_loopback_literal(parts) ? native || development
					       : host_is(parts, "localhost") && development;
}

bool redirect_uri_is_sound(const char *uri, const char *application_type, bool development)
{
	struct parts parts;
	bool native = text_equal(application_type, "native");

	if (!uri || strlen(uri) > URI_MAX || !characters_are_plain(uri) || !escapes_are_plain(uri) ||
	    !parts_read(uri, &parts) || !path_is_sound(parts.path))
		return false;
	return is_web_address(&parts, native, development) || (native && is_private_use(&parts));
}

/* The same but for the port, which the system gives to a native app when it listens (RFC 8252 7.3). */
static bool matches_loopback(const char *registered, const char *uri)
{
	struct parts a, b;

	if (!parts_read(registered, &a) || !parts_read(uri, &b) || !a.has_authority || !b.has_authority)
		return false;
	return text_starts(registered, "http://") && text_starts(uri, "http://") &&
	       host_is_loopback_literal(&a) && a.host_size == b.host_size &&
	       memcmp(a.host, b.host, a.host_size) == 0 && port_is_sound(&b) && text_equal(a.path, b.path);
}

bool redirect_uri_matches(const struct client *client, const char *uri)
{
	bool native = text_equal(client->application_type, "native");

	/* Whatever the list came to hold, nothing unsound is ever followed. */
	if (!redirect_uri_is_sound(uri, client->application_type, true))
		return false;
	if (text_list_has(client->redirect_uris, uri))
		return true;
	for (const char *const *registered = client->redirect_uris; native && registered && *registered;
	     registered++)
		if (matches_loopback(*registered, uri))
			return true;
	return false;
}
