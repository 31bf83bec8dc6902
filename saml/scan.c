/* scan.c: one pass over XML bytes (XML 1.0, Namespaces in XML 1.0), stricter than any parser behind it: what
 * passes here has one reading. */
#include "base/base.h"

#include <limits.h>

#include "base/text.h"
#include "saml/scan.h"
#include "saml/words.h"

#define NAME_SIZE      128
#define NAMESPACES_MAX 16 /* of one element: looking them up costs their number for each name below */
#define SCOPE_MAX      64 /* of an element and those around it, likewise, and for each prefix of a signature */
#define DEPTH_MAX      32
#define ATTRIBUTES_MAX 64
#define REFERENCE_MAX  7 /* digits: 1114111 */

const struct xml_limits xml_of_request = {
	.bytes = 64 * KB, .elements = 600, .depth = 24, .attributes = 1500, .attributes_of_one = 32
};
/* A person in a thousand groups. */
const struct xml_limits xml_of_response = {
	.bytes = 256 * KB, .elements = 3000, .depth = 24, .attributes = 6000, .attributes_of_one = 32
};
const struct xml_limits xml_of_metadata = {
	.bytes = 256 * KB,
	.elements = 6000,
	.depth = DEPTH_MAX,
	.attributes = 12000,
	.attributes_of_one = ATTRIBUTES_MAX,
	.comments = true,
};

struct slice {
	const char *at;
	size_t size;
};

struct scan {
	const char *at, *end;
	const struct xml_limits *limits;
	size_t elements, depth, attributes, namespaces;
	enum saml_word word;
	struct slice open[DEPTH_MAX]; /* names of the elements around us */
	size_t declared[DEPTH_MAX];   /* their namespaces, which are all in scope */
};

/* The attributes of the tag that is read; not cleared, for there are many tags. */
struct tag {
	size_t count;
	struct slice names[ATTRIBUTES_MAX];
};

static bool refuse(struct scan *s, enum saml_word word)
{
	s->word = word;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Char of XML 1.0 2.2 without the controls that it merely discourages. */
static bool is_character(uint32_t point)
{
	if (point < 0x20)
		return point == '\t' || point == '\n' || point == '\r';
	return point < 0x7F || (point >= 0xA0 && point < 0xD800) || (point >= 0xE000 && point < 0xFFFE) ||
	       (point >= 0x10000 && point <= 0x10FFFF);
}

static bool check_characters(struct scan *s)
{
	uint32_t point = 0;

	for (const char *at = s->at; at < s->end;) {
		size_t step = text_char(at, (size_t)(s->end - at), &point);

		if (step == 0 || !is_character(point))
			return refuse(s, WORD_XML_ENCODING);
		at += step;
	}
	return true;
}

static bool stands(const struct scan *s, const char *literal)
{
	size_t size = strlen(literal);

	return (size_t)(s->end - s->at) >= size && memcmp(s->at, literal, size) == 0;
}

static bool take(struct scan *s, const char *literal)
{
	if (!stands(s, literal))
		return false;
	s->at += strlen(literal);
	return true;
}

static bool skip_blanks(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && is_blank(*s->at))
		s->at++;
	return s->at > from;
}

static bool slice_is(struct slice slice, const char *text)
{
	return slice.size == strlen(text) && memcmp(slice.at, text, slice.size) == 0;
}

static bool slices_equal(struct slice a, struct slice b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static bool starts_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool continues_name(char c)
{
	return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool skip_part(struct scan *s)
{
	if (s->at == s->end || !starts_name(*s->at))
		return refuse(s, WORD_XML_NAME);
	while (s->at < s->end && continues_name(*s->at))
		s->at++;
	return true;
}

/* A QName (Namespaces in XML 4), of ASCII: all that SAML and its neighbours use. */
static bool read_name(struct scan *s, struct slice *out)
{
	const char *from = s->at;

	if (!skip_part(s) || (take(s, ":") && !skip_part(s)))
		return false;
	*out = (struct slice){ from, (size_t)(s->at - from) };
	return out->size <= NAME_SIZE || refuse(s, WORD_XML_NAME);
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : UINT_MAX;
}

/* Behind "&#". */
static bool skip_number(struct scan *s)
{
	unsigned base = take(s, "x") ? 16 : 10, digits = 0;
	uint32_t point = 0;

	for (; s->at < s->end && *s->at != ';'; s->at++) {
		unsigned value = digit_value(*s->at);

		if (value >= base || ++digits > REFERENCE_MAX)
			return refuse(s, WORD_XML_CHARACTER);
		point = point * base + value;
	}
	if (digits == 0 || !is_character(point) || !take(s, ";"))
		return refuse(s, WORD_XML_CHARACTER);
	return true;
}

/* A carriage return comes as "&#13;" from honest libraries, so that numbers are read; entities are the five
 * of XML 1.0 4.6. */
static bool skip_reference(struct scan *s)
{
	static const char *const entities[] = { "&lt;", "&gt;", "&amp;", "&quot;", "&apos;" };

	if (take(s, "&#"))
		return skip_number(s);
	for (size_t i = 0; i < COUNT(entities); i++) {
		if (take(s, entities[i]))
			return true;
	}
	return refuse(s, WORD_XML_ENTITY);
}

/* A quoted value; *out is what stands between the quotes, as written. */
static bool read_value(struct scan *s, struct slice *out)
{
	char quote = s->at < s->end ? *s->at : '\0';

	if (quote != '"' && quote != '\'')
		return refuse(s, WORD_XML_TAG);
	const char *from = ++s->at;

	while (s->at < s->end && *s->at != quote) {
		if (*s->at == '<')
			return refuse(s, WORD_XML_TAG);
		if (*s->at != '&')
			s->at++;
		else if (!skip_reference(s))
			return false;
	}
	*out = (struct slice){ from, (size_t)(s->at - from) };
	return s->at++ < s->end || refuse(s, WORD_XML_UNBALANCED);
}

/* scheme ":" and something behind it (RFC 3986 4.3), without blanks and references: a relative address makes
 * canonicalization fail in some libraries and go on with nothing in others. */
static bool is_absolute(struct slice uri)
{
	size_t scheme = 0;

	while (scheme < uri.size && (continues_name(uri.at[scheme]) || uri.at[scheme] == '+'))
		scheme++;
	if (scheme == 0 || !starts_name(uri.at[0]) || scheme + 1 >= uri.size || uri.at[scheme] != ':')
		return false;
	for (size_t i = 0; i < uri.size; i++) {
		if (uri.at[i] <= ' ' || uri.at[i] > '~' || uri.at[i] == '&')
			return false;
	}
	return true;
}

static bool starts_with_prefix(struct slice name, const char *prefix)
{
	size_t size = strlen(prefix);

	return name.size > size && memcmp(name.at, prefix, size) == 0 && name.at[size] == ':';
}

/* An empty default takes the namespace away, which is fine; an empty prefix is an error of Namespaces in XML
 * 1.0 2.2. */
static bool check_namespace(struct scan *s, struct slice name, struct slice value)
{
	bool by_default = slice_is(name, "xmlns");

	if (!by_default && !starts_with_prefix(name, "xmlns"))
		return true;
	if (++s->declared[s->depth - 1] > NAMESPACES_MAX || ++s->namespaces > SCOPE_MAX)
		return refuse(s, WORD_XML_TOO_MANY_NAMESPACES);
	if (slice_is(name, "xmlns:xml") || slice_is(name, "xmlns:xmlns"))
		return refuse(s, WORD_XML_NAMESPACE);
	return is_absolute(value) || (by_default && value.size == 0) || refuse(s, WORD_XML_NAMESPACE);
}

/* Few in one tag: comparing each with each costs less than a table would. */
static bool note_attribute(struct scan *s, struct tag *tag, struct slice name)
{
	if (tag->count == s->limits->attributes_of_one || s->attributes == s->limits->attributes)
		return refuse(s, WORD_XML_TOO_MANY_ATTRIBUTES);
	for (size_t i = 0; i < tag->count; i++) {
		if (slices_equal(tag->names[i], name))
			return refuse(s, WORD_XML_ATTRIBUTE_TWICE);
	}
	tag->names[tag->count++] = name;
	s->attributes++;
	return true;
}

static bool read_attribute(struct scan *s, struct tag *tag)
{
	struct slice name, value;

	if (!read_name(s, &name) || !note_attribute(s, tag, name))
		return false;
	(void)skip_blanks(s);
	if (!take(s, "="))
		return refuse(s, WORD_XML_TAG);
	(void)skip_blanks(s);
	return read_value(s, &value) && check_namespace(s, name, value);
}

static bool begin_element(struct scan *s, struct slice name)
{
	if (starts_with_prefix(name, "xmlns"))
		return refuse(s, WORD_XML_NAMESPACE);
	if (s->depth == 0 && s->elements > 0)
		return refuse(s, WORD_XML_OUTSIDE);
	if (s->elements++ == s->limits->elements)
		return refuse(s, WORD_XML_TOO_MANY_ELEMENTS);
	if (s->depth == s->limits->depth)
		return refuse(s, WORD_XML_TOO_DEEP);
	s->declared[s->depth] = 0;
	s->open[s->depth++] = name;
	return true;
}

static void end_element(struct scan *s)
{
	s->depth--;
	s->namespaces -= s->declared[s->depth];
}

static bool read_start_tag(struct scan *s)
{
	struct slice name;
	struct tag tag;

	tag.count = 0;
	s->at++;
	if (!read_name(s, &name) || !begin_element(s, name))
		return false;
	for (;;) {
		bool apart = skip_blanks(s);

		if (take(s, ">"))
			return true;
		if (take(s, "/>")) {
			end_element(s);
			return true;
		}
		if (!apart)
			return refuse(s, s->at == s->end ? WORD_XML_UNBALANCED : WORD_XML_TAG);
		if (s->at < s->end && !read_attribute(s, &tag))
			return false;
	}
}

static bool read_end_tag(struct scan *s)
{
	struct slice name;

	s->at += strlen("</");
	if (!read_name(s, &name))
		return false;
	(void)skip_blanks(s);
	if (!take(s, ">"))
		return refuse(s, WORD_XML_TAG);
	if (s->depth == 0 || !slices_equal(s->open[s->depth - 1], name))
		return refuse(s, WORD_XML_UNBALANCED);
	end_element(s);
	return true;
}

/* Two hyphens end it, and nothing but ">" may follow them (XML 1.0 2.5). */
static bool skip_comment(struct scan *s)
{
	s->at += strlen("<!--");
	const char *end = memmem(s->at, (size_t)(s->end - s->at), "--", 2);

	if (!s->limits->comments || end == NULL)
		return refuse(s, WORD_XML_COMMENT);
	s->at = end;
	return take(s, "-->") || refuse(s, WORD_XML_COMMENT);
}

static bool read_markup(struct scan *s)
{
	if (stands(s, "</"))
		return read_end_tag(s);
	if (stands(s, "<!--"))
		return skip_comment(s);
	if (stands(s, "<![CDATA["))
		return refuse(s, WORD_XML_CDATA);
	if (stands(s, "<!"))
		return refuse(s, WORD_XML_DOCTYPE);
	if (stands(s, "<?"))
		return refuse(s, WORD_XML_INSTRUCTION);
	return read_start_tag(s);
}

static bool read_text(struct scan *s)
{
	if (s->depth == 0)
		return skip_blanks(s) || refuse(s, WORD_XML_OUTSIDE);
	while (s->at < s->end && *s->at != '<') {
		if (stands(s, "]]>"))
			return refuse(s, WORD_XML_TEXT);
		if (*s->at != '&')
			s->at++;
		else if (!skip_reference(s))
			return false;
	}
	return true;
}

/* One of the declaration's parts; false and nowhere moved when another stands here. */
static bool read_part(struct scan *s, const char *name, struct slice *value)
{
	const char *from = s->at;

	if (skip_blanks(s) && take(s, name)) {
		(void)skip_blanks(s);
		if (take(s, "=")) {
			(void)skip_blanks(s);
			if (read_value(s, value))
				return true;
		}
	}
	s->at = from;
	s->word = WORD_NONE;
	return false;
}

static bool is_utf8_label(struct slice label)
{
	return label.size == 5 && strncasecmp(label.at, "UTF-8", 5) == 0;
}

/* XML 1.0 2.8. A label may not lead the parser to another reading of bytes that we read as UTF-8. */
static bool read_declaration(struct scan *s)
{
	struct slice value;

	if (!take(s, "<?xml"))
		return true;
	if (!read_part(s, "version", &value) || !slice_is(value, "1.0"))
		return refuse(s, WORD_XML_DECLARATION);
	if (read_part(s, "encoding", &value) && !is_utf8_label(value))
		return refuse(s, WORD_XML_ENCODING);
	if (read_part(s, "standalone", &value) && !slice_is(value, "yes") && !slice_is(value, "no"))
		return refuse(s, WORD_XML_DECLARATION);
	(void)skip_blanks(s);
	return take(s, "?>") || refuse(s, WORD_XML_DECLARATION);
}

static bool starts_with_mark(const struct scan *s)
{
	return stands(s, "\xEF\xBB\xBF");
}

static bool scan_document(struct scan *s)
{
	if ((size_t)(s->end - s->at) > s->limits->bytes)
		return refuse(s, WORD_XML_TOO_LARGE);
	if (starts_with_mark(s))
		return refuse(s, WORD_XML_ENCODING);
	if (!check_characters(s) || !read_declaration(s))
		return false;
	while (s->at < s->end) {
		if (!(*s->at == '<' ? read_markup(s) : read_text(s)))
			return false;
	}
	if (s->elements == 0)
		return refuse(s, WORD_XML_EMPTY);
	return s->depth == 0 || refuse(s, WORD_XML_UNBALANCED);
}

const char *xml_scan(struct bytes text, const struct xml_limits *limits)
{
	struct scan s = { .at = (const char *)text.at,
			  .end = (const char *)text.at + text.size,
			  .limits = limits };

	assert(limits->depth <= DEPTH_MAX && limits->attributes_of_one <= ATTRIBUTES_MAX);
	if (text.size == 0)
		return saml_words[WORD_XML_EMPTY].word;
	return scan_document(&s) ? NULL : saml_words[s.word].word;
}
