/* page.c: catalogs of messages, the choice of a language, and the escaping that generated pages use. */
#include "base/base.h"

#include "base/buf.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/page.h"
#include "http/page_put.h"
#include "http/request.h"
#include "http/url.h"
#include "messages.h"

/* ---- catalogs ---- */

const struct catalog *catalog_find(const char *language)
{
	for (size_t i = 0; language && i < CATALOG_COUNT; i++)
		if (text_equal_nocase(catalogs[i].language, language))
			return &catalogs[i];
	return NULL;
}

/* "es-MX" is read as "es" (RFC 4647 3.4: lookup, cut to the primary tag). */
static const struct catalog *find_tag(const char *tag, size_t size)
{
	char primary[9];
	size_t n = 0;

	while (n < size && tag[n] != '-' && tag[n] != '_' && tag[n] != ';')
		n++;
	if (n == 0 || n >= sizeof primary)
		return NULL;
	memcpy(primary, tag, n);
	primary[n] = '\0';
	return catalog_find(primary);
}

static const struct catalog *first_of_words(const char *words)
{
	for (const char *p = words; p && *p;) {
		size_t n = strcspn(p, " ");
		const struct catalog *found = find_tag(p, n);

		if (found)
			return found;
		p += n + strspn(p + n, " ");
	}
	return NULL;
}

/* Thousandths of ";q=0.8" (RFC 9110 12.4.2); 1000 when absent, 0 when it cannot be read. */
static int quality(const char *range, size_t size)
{
	const char *at = memchr(range, ';', size);
	int value = 0, scale = 1000;

	if (!at)
		return 1000;
	at += 1 + strspn(at + 1, " \t");
	if ((*at != 'q' && *at != 'Q') || at[1] != '=' || (at[2] != '0' && at[2] != '1'))
		return 0;
	value = at[2] == '1' ? 1000 : 0;
	if (at[3] == '.')
		for (at += 4; *at >= '0' && *at <= '9' && (scale /= 10) > 0; at++)
			value += (*at - '0') * scale;
	return value > 1000 ? 1000 : value;
}

static const struct catalog *best_of_ranges(const char *header)
{
	const struct catalog *best = NULL;
	int best_quality = 0;

	for (const char *p = header; p && *p;) {
		p += strspn(p, " \t,");
		size_t n = strcspn(p, ",");
		const struct catalog *found = find_tag(p, n);
		int q = found ? quality(p, n) : 0;

		if (q > best_quality) {
			best = found;
			best_quality = q;
		}
		p += n;
	}
	return best;
}

const struct catalog *catalog_choose(const char *ui_locales, const char *cookie, const char *accept_language)
{
	const struct catalog *found = first_of_words(ui_locales);

	if (!found)
		found = catalog_find(cookie);
	if (!found)
		found = best_of_ranges(accept_language);
	return found ? found : &catalogs[0];
}

const char *catalog_language(const struct catalog *catalog)
{
	return catalog->language;
}

const char *catalog_text(const struct catalog *catalog, const char *key)
{
	size_t low = 0, high = MESSAGE_COUNT;

	while (key && low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key, message_keys[middle]);

		if (order == 0)
			return catalog->texts[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

struct page_frame page_frame(const struct request *rq)
{
	const struct catalog *messages = rq->messages ? rq->messages : &catalogs[0];

	return (struct page_frame){ .messages = messages,
				    .language = messages->language,
				    .reference = rq->w.request_id };
}

/* ---- writing ---- */

bool page_has(const char *text)
{
	return !text_is_empty(text);
}

void page_put_text(struct buf *out, const char *text)
{
	if (text)
		html_escape(out, text);
}

void page_put_int(struct buf *out, int64_t number)
{
	buf_print(out, "%" PRId64, number);
}

void page_put_url(struct buf *out, const char *url)
{
	html_escape(out, url && url_is_safe_link(url) ? url : "#");
}

void page_put_component(struct buf *out, const char *text)
{
	if (text)
		percent_encode(out, text);
}

static void put_value(struct buf *out, const struct page_value *value)
{
	if (value->text || value->number == 0)
		page_put_text(out, value->text ? value->text : "0");
	else
		page_put_int(out, value->number);
}

/* The slot at text ("{name}...") and where it ends; NULL when it is only a brace. */
static const struct page_value *slot_at(const char *text, const struct page_value *values, const char **end)
{
	for (const struct page_value *v = values; v && v->name; v++) {
		size_t n = strlen(v->name);

		if (!strncmp(text + 1, v->name, n) && text[1 + n] == '}') {
			*end = text + n + 2;
			return v;
		}
	}
	return NULL;
}

void page_put_message(struct buf *out, const struct catalog *catalog, int key,
		      const struct page_value *values)
{
	assert(catalog && key >= 0 && key < MESSAGE_COUNT);
	const char *text = catalog->texts[key];

	while (*text) {
		char piece[256];
		const char *end = text + 1;
		const struct page_value *value = *text == '{' ? slot_at(text, values, &end) : NULL;

		if (value) {
			put_value(out, value);
			text = end;
			continue;
		}
		size_t n = 1 + strcspn(text + 1, "{");
		n = n < sizeof piece ? n : sizeof piece - 1;
		memcpy(piece, text, n);
		piece[n] = '\0';
		html_escape(out, piece);
		text += n;
	}
}
