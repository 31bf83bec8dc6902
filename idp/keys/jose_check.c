/* jose_check.c: the structure of a compact JWS (RFC 7515 3.1, 5.2), checked before any library that
 * verifies sees it (RFC 8725 3). */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose_inner.h"

enum { TOKEN_MAX = 16384, HEADER_MAX = 2048, DEPTH_MAX = 16, KID_MAX = 128, TYP_MAX = 64 };

static bool is_visible(const char *text, size_t max)
{
	size_t size = strlen(text);

	if (size == 0 || size > max)
		return false;
	for (; *text; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

bool jose_kid_is_sound(const char *kid)
{
	return is_visible(kid, KID_MAX);
}

/* What a header may say. Everything that names a key, changes the payload's meaning or asks for an
 * extension (jku jwk x5u x5c b64 crit zip ...) is not here and so refused. The two thumbprints are
 * what Microsoft's issuers add; they decide nothing. */
static const struct {
	const char *name;
	size_t max;
} members[] = {
	{ "alg", 16 }, { "kid", KID_MAX }, { "typ", TYP_MAX }, { "x5t", 128 }, { "x5t#S256", 128 },
};

static bool member_is_sound(const char *name, const json_t *value)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if (text_equal(name, members[i].name))
			return json_is_string(value) && is_visible(json_string_value(value), members[i].max);
	return false;
}

static bool header_is_sound(const json_t *header)
{
	void *at;

	if (!json_is_object(header) || !json_object_get(header, "alg"))
		return false;
	/* The iterator's pointer is not const in jansson; nothing is changed. */
	json_t *object = (json_t *)(uintptr_t)header;

	for (at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		if (!member_is_sound(json_object_iter_key(at), json_object_iter_value(at)))
			return false;
	return true;
}

static enum err read_header(struct arena *arena, struct bytes bytes, struct jose_header *out)
{
	if (bytes.size > HEADER_MAX)
		return ERR_TOKEN_MALFORMED;
	AUTO(json_done) json_t *header = json_read((const char *)bytes.at, bytes.size);

	if (!header_is_sound(header))
		return ERR_TOKEN_MALFORMED;
	*out = (struct jose_header){
		.alg = arena_text(arena, json_get_text(header, "alg")),
		.kid = arena_text(arena, json_get_text(header, "kid")),
		.typ = arena_text(arena, json_get_text(header, "typ")),
	};
	return OK;
}

/* One part up to the next dot; base64url has one spelling (no padding, no foreign characters, zero
 * trailing bits), so the whole token has. */
static bool take_part(struct arena *arena, const char **at, char end, struct bytes *out)
{
	const char *dot = strchr(*at, end);

	if (!dot || dot == *at || !base64url_decode(arena, *at, (size_t)(dot - *at), out))
		return false;
	*at = dot + 1;
	return true;
}

enum err jose_token_read(struct arena *arena, const char *text, struct jose_token *out)
{
	struct bytes header, payload, signature;
	size_t size = text ? strnlen(text, TOKEN_MAX + 1) : 0;
	const char *at = text;

	if (size == 0 || size > TOKEN_MAX)
		return ERR_TOKEN_MALFORMED;
	if (!take_part(arena, &at, '.', &header) || !take_part(arena, &at, '.', &payload))
		return ERR_TOKEN_MALFORMED;
	if (!take_part(arena, &at, '\0', &signature))
		return ERR_TOKEN_MALFORMED;
	*out = (struct jose_token){ .text = text, .size = size, .payload = payload, .signature = signature };
	return read_header(arena, header, &out->header);
}

/* Counts brackets outside of strings: deep nesting is refused before the parser recurses. */
static bool is_flat_enough(struct bytes json)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < json.size; i++) {
		uint8_t c = json.at[i];

		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return false;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

static void forget(void *value)
{
	json_decref(value);
}

enum err jose_claims_read(struct arena *arena, struct bytes payload, json_t **out)
{
	if (!is_flat_enough(payload))
		return ERR_TOKEN_MALFORMED;
	AUTO(json_done) json_t *claims = json_read((const char *)payload.at, payload.size);

	if (!json_is_object(claims))
		return ERR_TOKEN_MALFORMED;
	arena_defer(arena, forget, claims);
	*out = TAKE(claims);
	return OK;
}

enum err jose_peek(struct arena *arena, const char *token, struct jose_header *header, json_t **claims)
{
	struct jose_token read;
	json_t *found;

	TRY(jose_token_read(arena, token, &read));
	TRY(jose_claims_read(arena, read.payload, &found));
	*header = read.header;
	*claims = found;
	return OK;
}
