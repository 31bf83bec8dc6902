/* inflate.c: base64 and deflate with hard limits: a message of 136 KB can hold 100 MB of zeros. */
#include "base/base.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/inflate.h"

#define PACKED_MAX   (48 * KB)
#define UNPACKED_MAX (64 * KB)
#define BASE64_MAX   (96 * KB) /* of UNPACKED_MAX, with line ends */

static char *without_line_ends(struct arena *arena, const char *text, size_t size, size_t *left)
{
	char *copy = arena_array(arena, char, size + 1);
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] != '\r' && text[i] != '\n')
			copy[length++] = text[i];
	}
	*left = length;
	return copy;
}

enum saml_word unpack_base64(struct arena *arena, const char *text, bool lines, struct bytes *out)
{
	size_t size = strnlen(text, BASE64_MAX + 1);

	if (size > BASE64_MAX)
		return WORD_MESSAGE_TOO_LARGE;
	if (lines)
		text = without_line_ends(arena, text, size, &size);
	return base64_decode(arena, text, size, out) && out->size > 0 ? WORD_NONE : WORD_BASE64;
}

/* In one step: the room for the output is the limit, so that no bomb is ever unpacked further. */
static enum saml_word inflate_all(z_stream *stream, struct bytes packed, uint8_t *room, size_t *size)
{
	stream->next_in = packed.at;
	stream->avail_in = (uInt)packed.size;
	stream->next_out = room;
	stream->avail_out = UNPACKED_MAX + 1;
	int verdict = inflate(stream, Z_FINISH);

	if (stream->avail_out == 0)
		return WORD_MESSAGE_TOO_LARGE;
	/* What stands behind the stream is in no library's view of the message, but was signed. */
	if (verdict != Z_STREAM_END || stream->avail_in != 0)
		return WORD_DEFLATE;
	*size = UNPACKED_MAX + 1 - stream->avail_out;
	return WORD_NONE;
}

enum saml_word unpack_deflate(struct arena *arena, struct bytes packed, struct bytes *out)
{
	z_stream stream = { .zalloc = Z_NULL };
	size_t size = 0;

	if (packed.size > PACKED_MAX)
		return WORD_MESSAGE_TOO_LARGE;
	uint8_t *room = arena_alloc(arena, UNPACKED_MAX + 1);
	int begun = inflateInit2(&stream, -MAX_WBITS);

	assert(begun == Z_OK); /* it fails for want of memory alone */
	enum saml_word word = inflate_all(&stream, packed, room, &size);

	(void)inflateEnd(&stream); /* it complains of a stream that was not begun */
	if (word == WORD_NONE)
		*out = (struct bytes){ room, size };
	return word;
}
