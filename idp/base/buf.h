/* buf.h: growing bytes with a ceiling. Append freely, ask once: when the ceiling is hit nothing
 * more is added and .full stays true. data is always NUL-terminated once anything was added. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

struct buf {
	char *data; /* NULL while empty */
	size_t size;
	size_t room;
	size_t ceiling;
	bool full;
};

#define BUF(max) ((struct buf){ .ceiling = (max) })
#define AUTO_BUF AUTO(buf_done) struct buf

void buf_done(struct buf *buf); /* frees; for AUTO */
void buf_wipe(struct buf *buf); /* zeroes and frees; for secrets */
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_print(struct buf *buf, const char *format, ...) PRINTF(2, 3);
/* Never NULL: "" while empty. */
const char *buf_str(const struct buf *buf);

#endif
