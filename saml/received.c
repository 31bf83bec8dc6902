/* received.c: the steps from bytes of a stranger to a struct (received.h), each refusing with a word. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/reading.h"
#include "saml/scan.h"
#include "saml/tree.h"

#define TOLD_MAX 120

enum err(reading_refuse)(struct reading *r, enum saml_word word, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *details = arena_vprint(r->work->arena, format, args);
	va_end(args);
	r->word = word;
	return fault(r->work, saml_words[word].err, "%s: %s", saml_words[word].word, details);
}

const char *reading_told(struct reading *r, const char *text)
{
	return text ? text_bounded(r->work->arena, text, strlen(text), TOLD_MAX) : "(none)";
}

static enum err scan(struct reading *r, struct bytes text)
{
	const char *word = xml_scan(text, &xml_of_request);

	if (word == NULL)
		return OK;
	return reading_refuse(r, saml_word_of(word), "%zu bytes", text.size);
}

static enum err parse(struct reading *r, struct bytes *text)
{
	xmlDoc *doc = tree_parse(r->work->arena, *text);

	if (doc == NULL)
		return reading_refuse(r, WORD_XML_PARSER, "%zu bytes", text->size);
	r->root = xmlDocGetRootElement(doc);
	if (r->arrival->binding == BINDING_SOAP || r->arrival->binding == BINDING_PAOS) {
		TRY(envelope_open(r, doc, text));
		/* Written anew it may have grown. */
		return scan(r, *text);
	}
	return OK;
}

static enum err check_root(struct reading *r)
{
	const char *name = message_name(r->out->message);

	if (tree_is(r->root, NS_PROTOCOL, name))
		return OK;
	return reading_refuse(r, WORD_ROOT_UNEXPECTED, "%s where %s is taken",
			      reading_told(r, (const char *)r->root->name), name);
}

static enum err read_all(struct reading *r)
{
	struct bytes text;

	TRY(arrival_unpack(r, &text));
	TRY(scan(r, text));
	TRY(parse(r, &text));
	TRY(check_root(r));
	r->out->xml = arena_textn(r->work->arena, (const char *)text.at, text.size);
	TRY(structure_check(r));
	return message_read(r);
}

enum err received_read(struct work *work, const struct arrival *arrival, enum saml_message expected,
		       struct received *out, const char **word)
{
	struct reading r = { .work = work, .arrival = arrival, .out = out };

	*out = (struct received){ .message = expected, .binding = arrival->binding, .acs_index = -1 };
	enum err err = read_all(&r);

	if (word != NULL)
		*word = saml_words[r.word].word;
	return err;
}
