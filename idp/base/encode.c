/* encode.c: hex, base64 and base64url (RFC 4648), percent (RFC 3986 2.1), HTML.
 *
 * Decoding is strict: each value has exactly one text. A lenient base64url would give a token many
 * spellings, and what is looked up or revoked by its spelling would slip through (RFC 4648 3.5). */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *hex_encode(struct arena *arena, struct bytes bytes)
{
	char *text = arena_array(arena, char, bytes.size * 2 + 1);

	for (size_t i = 0; i < bytes.size; i++) {
		text[2 * i] = hex_digits[bytes.at[i] >> 4];
		text[2 * i + 1] = hex_digits[bytes.at[i] & 15];
	}
	return text;
}

/* Returns the length written; out has room for 4 characters per 3 bytes begun. */
static size_t base64_digits_of(char *out, struct bytes bytes, const char *digits)
{
	size_t length = 0;
	uint32_t held = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < bytes.size; i++) {
		held = held << 8 | bytes.at[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[length++] = digits[held >> (bits - 6) & 63];
	}
	if (bits > 0)
		out[length++] = digits[held << (6 - bits) & 63];
	return length;
}

char *base64url_encode(struct arena *arena, struct bytes bytes)
{
	char *text = arena_array(arena, char, bytes.size / 3 * 4 + 5);

	(void)base64_digits_of(text, bytes, base64url_digits); /* zeroed memory ends the text */
	return text;
}

char *base64_encode(struct arena *arena, struct bytes bytes)
{
	char *text = arena_array(arena, char, bytes.size / 3 * 4 + 5);

	for (size_t length = base64_digits_of(text, bytes, base64_digits); length % 4 != 0; length++)
		text[length] = '=';
	return text;
}

static int base64_value(char c, const char *digits)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == digits[62])
		return 62;
	return c == digits[63] ? 63 : -1;
}

/* Digits without padding. A rest of one digit is no byte; left-over bits must be zero, or two
 * texts would mean the same bytes. */
static bool base64_bytes_of(struct arena *arena, const char *text, size_t size, const char *digits,
			    struct bytes *out)
{
	uint8_t *at = arena_alloc(arena, size / 4 * 3 + 3);
	size_t length = 0;
	uint32_t held = 0;
	unsigned bits = 0;

	if (size % 4 == 1)
		return false;
	for (size_t i = 0; i < size; i++) {
		int value = base64_value(text[i], digits);

		if (value < 0)
			return false;
		held = held << 6 | (uint32_t)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			at[length++] = (uint8_t)(held >> bits);
		}
	}
	if ((held & ((1U << bits) - 1)) != 0)
		return false;
	*out = (struct bytes){ at, length };
	return true;
}

bool base64url_decode(struct arena *arena, const char *text, size_t size, struct bytes *out)
{
	return base64_bytes_of(arena, text, size, base64url_digits, out);
}

bool base64_decode(struct arena *arena, const char *text, size_t size, struct bytes *out)
{
	size_t padding = 0;

	if (size % 4 != 0)
		return false;
	while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
		padding++;
	return base64_bytes_of(arena, text, size - padding, base64_digits, out);
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void percent_encode(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (is_unreserved(*text))
			buf_char(out, *text);
		else
			buf_print(out, "%%%02X", (unsigned)(uint8_t)*text);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool percent_decode(struct arena *arena, const char *text, size_t size, bool plus_is_space, char **out)
{
	char *decoded = arena_array(arena, char, size + 1);
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			if (size - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
				return false;
			c = (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
			i += 2;
		}
		decoded[length++] = c;
	}
	if (!text_is_utf8(decoded, length))
		return false;
	*out = decoded;
	return true;
}

void html_escape(struct buf *out, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const escapes[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

	while (*text != '\0') {
		size_t plain = strcspn(text, special);

		buf_add(out, text, plain);
		text += plain;
		if (*text != '\0')
			buf_text(out, escapes[strchr(special, *text++) - special]);
	}
}
