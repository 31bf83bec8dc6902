/* cookie.c: the Cookie header in, our Set-Cookie lines out (RFC 6265 4, 6265bis 4.1.3 prefixes). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/request.h"
#include "http/response_make.h"

#define PREFIX "__Host-"
/* A browser keeps some dozens for a site; what is beyond is not looked at. */
#define MAX_COOKIES 64

/* cookie-octet of RFC 6265 4.1.1; anything else is not ours and could end the line. */
static bool is_octets(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= 0x20 || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\')
			return false;
	}
	return true;
}

/* One "name=value" between semicolons; foreign spellings are passed over, not refused: other
 * software of the same host sets cookies too. */
static bool read_pair(struct arena *arena, const char *text, size_t size, struct cookie *out)
{
	while (size > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		size--;
	}
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		size--;
	const char *equals = memchr(text, '=', size);
	if (!equals || equals == text)
		return false;
	size_t name = (size_t)(equals - text);
	if (!is_octets(text, name) || !is_octets(equals + 1, size - name - 1))
		return false;
	*out = (struct cookie){ .name = arena_textn(arena, text, name),
				.value = arena_textn(arena, equals + 1, size - name - 1) };
	return true;
}

size_t cookies_parse(struct arena *arena, const char *header, const struct cookie **out)
{
	size_t count = 0;

	*out = NULL;
	if (!header || !*header)
		return 0;
	struct cookie *cookies = arena_array(arena, struct cookie, MAX_COOKIES);
	for (const char *p = header; *p && count < MAX_COOKIES;) {
		size_t n = strcspn(p, ";");

		count += read_pair(arena, p, n, &cookies[count]);
		p += n + (p[n] == ';');
	}
	*out = cookies;
	return count;
}

static bool is_plain_http(const struct request *rq)
{
	return rq->w.app->config->development;
}

static const char *full_name(const struct request *rq, const char *name)
{
	return is_plain_http(rq) ? name : arena_print(rq->w.arena, PREFIX "%s", name);
}

const char *cookie_get(const struct request *rq, const char *name)
{
	return request_cookie(rq, full_name(rq, name));
}

/* age -1: until the browser closes. */
static void put(struct request *rq, const char *name, const char *value, int64_t age)
{
	const char *full = full_name(rq, name);
	const char *secure = is_plain_http(rq) ? "" : "; Secure";
	const char *until = age < 0 ? "" : arena_print(rq->w.arena, "; Max-Age=%" PRId64, age);

	assert(is_octets(value, strlen(value)));
	response_cookie(rq, full,
			arena_print(rq->w.arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", full, value,
				    secure, until));
}

void cookie_set(struct request *rq, const char *name, const char *value, int64_t max_age)
{
	put(rq, name, value, max_age > 0 ? max_age : -1);
}

void cookie_clear(struct request *rq, const char *name)
{
	put(rq, name, "", 0);
}
