/* page_put.h: what generated pages call to write a value. Everything that comes out is escaped for
 * text and for quoted attributes alike. */
#ifndef HTTP_PAGE_PUT_H
#define HTTP_PAGE_PUT_H

#include "base/base.h"

struct buf;
struct catalog;

/* Fills {name} of a message: text, or number when text is NULL. A list ends with a NULL name. */
struct page_value {
	const char *name, *text;
	int64_t number;
};

void page_put_text(struct buf *out, const char *text); /* NULL: nothing */
void page_put_int(struct buf *out, int64_t number);
/* https:, http: to loopback, or a path of this site ("/..."); anything else is "#". */
void page_put_url(struct buf *out, const char *url);
/* A part of an address: percent-encoded. */
void page_put_component(struct buf *out, const char *text);
/* key: enum message of the generated messages.h. */
void page_put_message(struct buf *out, const struct catalog *catalog, int key,
		      const struct page_value *values);
bool page_has(const char *text);

#endif
