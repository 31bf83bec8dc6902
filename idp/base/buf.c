/* buf.c: growing bytes with a ceiling. */
#include "base/base.h"

#include "base/buf.h"

/* Room for more bytes and the NUL; false (and full) when the ceiling is hit. */
static bool reserve(struct buf *buf, size_t more)
{
	if (buf->full || more > buf->ceiling - buf->size) {
		buf->full = true;
		return false;
	}
	size_t need = buf->size + more + 1;

	if (need <= buf->room)
		return true;
	size_t room = buf->room != 0 ? buf->room : 64;

	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	char *data = realloc(buf->data, room);

	assert(data != NULL && "out of memory");
	buf->data = data;
	buf->room = room;
	return true;
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ .ceiling = buf->ceiling };
}

void buf_wipe(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->room);
	buf_done(buf);
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	if (!reserve(buf, size))
		return;
	if (size != 0)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_print(struct buf *buf, const char *format, ...)
{
	char small[256];
	va_list args;

	va_start(args, format);
	int size = vsnprintf(small, sizeof(small), format, args);

	va_end(args);
	assert(size >= 0);
	if ((size_t)size < sizeof(small)) {
		buf_add(buf, small, (size_t)size);
		return;
	}
	if (!reserve(buf, (size_t)size))
		return;
	va_start(args, format);
	(void)vsnprintf(buf->data + buf->size, (size_t)size + 1, format, args); /* measured above */
	va_end(args);
	buf->size += (size_t)size;
}

const char *buf_str(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}
