/* guard.c: what is refused before a route is looked up (RFC 9112, RFC 9110, RFC 3986). */
#include "base/base.h"

#include "base/config.h"
#include "base/text.h"
#include "http/guard.h"

/* ---- the target ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escaped byte at a '%'; -1: not two hex digits. */
static int escaped(const char *at, size_t left)
{
	int high = left > 2 ? hex_value(at[1]) : -1, low = left > 2 ? hex_value(at[2]) : -1;

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_unreserved(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

/* In a path an escape hides nothing: not a separator, a control byte, or what needs no escape
 * (RFC 3986 6.2.2.2: such spellings are equivalent, so only one of them is served). */
static bool may_be_escaped_in_path(int c)
{
	return c >= 0x20 && c != 0x7f && c != '/' && c != '\\' && !is_unreserved(c);
}

static bool is_dots(const char *segment, size_t size)
{
	return (size == 1 && segment[0] == '.') || (size == 2 && segment[0] == '.' && segment[1] == '.');
}

/* No empty segment but the last, no "." or "..". */
static bool has_plain_segments(const char *path, size_t size)
{
	for (size_t at = 1; at <= size;) {
		const char *slash = at < size ? memchr(path + at, '/', size - at) : NULL;
		size_t n = slash ? (size_t)(slash - (path + at)) : size - at;

		if (is_dots(path + at, n) || (n == 0 && slash))
			return false;
		at += n + 1;
	}
	return true;
}

static bool has_sound_bytes(const char *target, size_t size, size_t path_size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)target[i];

		if (c <= 0x20 || c >= 0x7f || c == '#' || (c == '\\' && i < path_size))
			return false;
		if (c != '%')
			continue;
		int byte = escaped(target + i, size - i);
		if (byte <= 0 || (i < path_size && !may_be_escaped_in_path(byte)))
			return false;
	}
	return true;
}

enum err guard_target(const char *target, size_t size)
{
	const char *question = memchr(target, '?', size);
	size_t path_size = question ? (size_t)(question - target) : size;
	size_t arguments = 1;

	if (size == 0 || target[0] != '/')
		return ERR_MALFORMED;
	if (!has_sound_bytes(target, size, path_size) || !has_plain_segments(target, path_size))
		return ERR_MALFORMED;
	for (size_t i = path_size; i < size; i++)
		arguments += target[i] == '&';
	return arguments > GUARD_ARGUMENTS ? ERR_MALFORMED : OK;
}

/* ---- the fields ---- */

/* clang-format off */
static const struct {
	const char *name;
	bool list; /* may be written in several lines (RFC 9110 5.3) */
	bool text; /* may hold more than ASCII */
} fields[] = {
	[FIELD_HOST] = { "host", false, false },
	[FIELD_LENGTH] = { "content-length", false, false },
	[FIELD_TYPE] = { "content-type", false, false },
	[FIELD_ENCODING] = { "content-encoding", false, false },
	[FIELD_AUTHORIZATION] = { "authorization", false, false },
	[FIELD_COOKIE] = { "cookie", false, true },
	[FIELD_ORIGIN] = { "origin", false, false },
	[FIELD_AGENT] = { "user-agent", true, true },
	[FIELD_ACCEPT] = { "accept", true, false },
	[FIELD_LANGUAGE] = { "accept-language", true, false },
	[FIELD_NONE_MATCH] = { "if-none-match", true, false },
	[FIELD_TRACE] = { "traceparent", false, false },
	[FIELD_PROTO] = { "x-forwarded-proto", false, false },
	[FIELD_FOR] = { "x-forwarded-for", true, false },
};
/* clang-format on */
static_assert(COUNT(fields) == FIELD_COUNT, "a row for each field");

/* tchar of RFC 9110 5.6.2. */
static bool is_token(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!letter && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return size > 0;
}

static bool is_value(const char *text, size_t size, bool ascii)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f || (ascii && c >= 0x80))
			return false;
	}
	return true;
}

static bool is_named(const struct header *header, const char *name)
{
	return strlen(name) == header->name_size && strncasecmp(header->name, name, header->name_size) == 0;
}

static int field_of(const struct header *header)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		if (is_named(header, fields[i].name))
			return i;
	return -1;
}

static bool ends_blank(const struct header *header)
{
	char last = header->value_size > 0 ? header->value[header->value_size - 1] : 'x';

	return last == ' ' || last == '\t';
}

static enum err take_header(struct head *head, const struct header *header)
{
	int field;

	if (!is_token(header->name, header->name_size) || !is_value(header->value, header->value_size, false))
		return ERR_MALFORMED;
	/* RFC 9112 6.1 would allow "chunked"; with one framing alone nothing can be smuggled in another. */
	if (is_named(header, "transfer-encoding"))
		return ERR_LENGTH_REQUIRED;
	if ((field = field_of(header)) < 0)
		return OK;
	if (!fields[field].text && !is_value(header->value, header->value_size, true))
		return ERR_MALFORMED;
	if (head->known[field] && !fields[field].list)
		return ERR_MALFORMED;
	/* The library leaves blanks at the end of a value; a length or host that has some is not trusted. */
	if (field <= FIELD_ENCODING && ends_blank(header))
		return ERR_MALFORMED;
	if (!head->known[field])
		head->known[field] = header->value;
	return OK;
}

static enum err read_length(struct head *head)
{
	const char *text = head->known[FIELD_LENGTH];

	if (text && (strspn(text, "0123456789") != strlen(text) ||
		     !text_to_int(text, 0, INT64_MAX / 2, &head->length)))
		return ERR_MALFORMED;
	return OK;
}

enum err guard_head(struct head *head)
{
	bool known_version = text_equal(head->version, "HTTP/1.1") || text_equal(head->version, "HTTP/1.0");

	if (!known_version || !is_token(head->method, strlen(head->method)))
		return ERR_MALFORMED;
	if (head->count > GUARD_HEADERS || head->bytes > GUARD_BYTES)
		return ERR_HEADERS_TOO_LARGE;
	for (size_t i = 0; i < head->count; i++)
		TRY(take_header(head, &head->headers[i]));
	TRY(read_length(head));
	if (text_is_empty(head->known[FIELD_HOST])) /* RFC 9112 3.2; in HTTP/1.0 as well: one rule */
		return ERR_MALFORMED;
	if (head->known[FIELD_ENCODING] && !text_equal_nocase(head->known[FIELD_ENCODING], "identity"))
		return ERR_MEDIA_TYPE;
	return OK;
}

/* ---- the layout ---- */

/* "Name:" then blanks, then the value, with nothing else between. */
static bool is_laid_out(const struct header *header)
{
	uintptr_t colon = (uintptr_t)header->name + header->name_size, value = (uintptr_t)header->value;

	if (value <= colon || value - colon > GUARD_BYTES)
		return false;
	for (const char *p = header->name + header->name_size + 1; (uintptr_t)p < value; p++)
		if (*p != ' ' && *p != '\t')
			return false;
	return true;
}

enum err guard_layout(const struct head *head)
{
	uintptr_t next = (uintptr_t)head->version + strlen(head->version) + 2; /* CR LF */

	if ((uintptr_t)head->method + strlen(head->method) + 1 != (uintptr_t)head->target ||
	    (uintptr_t)head->target + head->target_size + 1 != (uintptr_t)head->version)
		return ERR_MALFORMED;
	for (size_t i = 0; i < head->count; i++) {
		const struct header *header = &head->headers[i];

		if ((uintptr_t)header->name != next || !is_laid_out(header))
			return ERR_MALFORMED;
		next = (uintptr_t)header->value + header->value_size + 2;
	}
	/* The empty line ends what the library counted as the head. */
	return next + 2 == (uintptr_t)head->method + head->bytes ? OK : ERR_MALFORMED;
}

/* ---- the host ---- */

/* Name and port of "name:port"; the port is 0 when none is written. */
static bool split_host(const char *host, size_t *name_size, int64_t *port)
{
	const char *close = *host == '[' ? strchr(host, ']') : host;
	const char *colon = close ? strchr(close, ':') : NULL;

	*port = 0;
	*name_size = colon ? (size_t)(colon - host) : strlen(host);
	return close && (!colon || (strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
				    text_to_int(colon + 1, 1, 65535, port)));
}

static bool is_name(const char *host, size_t size, const char *name)
{
	return strlen(name) == size && strncasecmp(host, name, size) == 0;
}

enum err guard_host(const struct config *config, const char *host, uint16_t port)
{
	static const char *const loopback[] = { "localhost", "127.0.0.1", "[::1]" };
	int64_t usual = config->development ? 80 : 443, host_port, issuer_port;
	size_t name, issuer_name;

	if (!split_host(host, &name, &host_port) ||
	    !split_host(config->issuer_host, &issuer_name, &issuer_port))
		return ERR_MISDIRECTED;
	host_port = host_port ? host_port : usual;
	issuer_port = issuer_port ? issuer_port : usual;
	if (name == issuer_name && strncasecmp(host, config->issuer_host, name) == 0 &&
	    host_port == issuer_port)
		return OK;
	for (size_t i = 0; config->development && i < COUNT(loopback); i++)
		if (is_name(host, name, loopback[i]) && (host_port == issuer_port || host_port == port))
			return OK;
	return ERR_MISDIRECTED;
}
