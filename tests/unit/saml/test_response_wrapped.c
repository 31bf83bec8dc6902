/* response.h: what is signed is what is read. Signature wrapping (Somorovsky et al. 2012, XSW 1 to 8) over
 * answers whose Response, Assertion or both are signed; and other ways to have one thing verified and another
 * one read. */
#include "response_kit.h"

#define EVIL "eve@hospital.example"

static void rename_id(xmlNode *node, const char *id)
{
	(void)xmlSetProp(node, BAD_CAST "ID", BAD_CAST id);
}

static void drop(xmlNode *node)
{
	if (node) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

static xmlNode *signature_of(xmlNode *node)
{
	return child_named(node, "Signature");
}

static void say_evil(xmlNode *assertion)
{
	xmlNodeSetContent(child_named(child_named(assertion, "Subject"), "NameID"), BAD_CAST EVIL);
}

/* The same, of somebody else, unsigned. */
static xmlNode *evil_copy(xmlDoc *doc, xmlNode *assertion)
{
	xmlNode *copy = xmlDocCopyNode(assertion, doc, 1);

	drop(signature_of(copy));
	rename_id(copy, "_evil-assertion-01234");
	say_evil(copy);
	return copy;
}

struct parts {
	xmlDoc *doc;
	xmlNode *response, *assertion;
};

/* A Response around the signed one: inside of its Signature, or before it. */
static void wrap_response(struct parts *p, bool inside)
{
	xmlNode *copy = xmlDocCopyNode(p->response, p->doc, 1), *original = p->response;
	xmlNode *signature =
		signature_of(original) ? xmlDocCopyNode(signature_of(original), p->doc, 1) : NULL;

	rename_id(copy, "_evil-response-012345");
	drop(signature_of(copy));
	xmlNode *assertion = child_named(copy, "Assertion");

	drop(signature_of(assertion));
	rename_id(assertion, "_evil-assertion-01234");
	say_evil(assertion);
	(void)xmlDocSetRootElement(p->doc, copy);
	if (!signature) {
		xmlAddChild(child_named(copy, "Status"), original);
		return;
	}
	drop(signature_of(original));
	xmlAddNextSibling(xmlFirstElementChild(copy), signature);
	if (inside)
		xmlAddChild(signature, original);
	else
		xmlAddPrevSibling(signature, original);
}

static void xsw1(struct parts *p)
{
	wrap_response(p, true);
}

static void xsw2(struct parts *p)
{
	wrap_response(p, false);
}

/* Another assertion before it. */
static void xsw3(struct parts *p)
{
	xmlAddPrevSibling(p->assertion, evil_copy(p->doc, p->assertion));
}

/* It is inside of another one. */
static void xsw4(struct parts *p)
{
	xmlNode *evil = evil_copy(p->doc, p->assertion);

	xmlReplaceNode(p->assertion, evil);
	xmlAddChild(evil, p->assertion);
}

/* Its signature stands in another one, which comes first or holds it. */
static void take_signature(struct parts *p, bool inside)
{
	xmlNode *evil = evil_copy(p->doc, p->assertion), *signature = signature_of(p->assertion);

	if (!signature) {
		xmlAddPrevSibling(p->assertion, evil);
		return;
	}
	xmlUnlinkNode(signature);
	xmlReplaceNode(p->assertion, evil);
	xmlAddNextSibling(xmlFirstElementChild(evil), signature);
	if (inside)
		xmlAddChild(signature, p->assertion);
	else
		xmlAddNextSibling(evil, p->assertion);
}

static void xsw5(struct parts *p)
{
	take_signature(p, false);
}

static void xsw6(struct parts *p)
{
	take_signature(p, true);
}

/* Another one where anything may stand. */
static void xsw7(struct parts *p)
{
	xmlNode *extensions = xmlNewDocNode(p->doc, p->response->ns, BAD_CAST "Extensions", NULL);

	xmlAddPrevSibling(child_named(p->response, "Status"), extensions);
	xmlAddChild(extensions, evil_copy(p->doc, p->assertion));
}

static void xsw8(struct parts *p)
{
	xmlNode *evil = evil_copy(p->doc, p->assertion);
	xmlNode *signature =
		signature_of(p->assertion) ? signature_of(p->assertion) : signature_of(p->response);
	xmlNode *object = xmlNewDocNode(p->doc, signature->ns, BAD_CAST "Object", NULL);
	bool own = signature->parent == p->assertion;

	xmlUnlinkNode(signature);
	xmlReplaceNode(p->assertion, evil);
	xmlAddNextSibling(xmlFirstElementChild(own ? evil : p->response), signature);
	xmlAddChild(signature, object);
	xmlAddChild(object, p->assertion);
}

/* The same ID twice. */
static void same_id(struct parts *p)
{
	xmlNode *evil = evil_copy(p->doc, p->assertion);

	rename_id(evil, "_assertion-0123456789");
	xmlAddPrevSibling(p->assertion, evil);
}

/* An encrypted one that anybody can make beside it. */
static void beside_encrypted(struct parts *p)
{
	xmlAddNextSibling(p->assertion,
			  xmlNewDocNode(p->doc, p->assertion->ns, BAD_CAST "EncryptedAssertion", NULL));
}

static void in_advice(struct parts *p)
{
	xmlNode *evil = evil_copy(p->doc, p->assertion);
	xmlNode *advice = xmlNewDocNode(p->doc, p->assertion->ns, BAD_CAST "Advice", NULL);

	xmlAddNextSibling(child_named(p->assertion, "Conditions"), advice);
	xmlAddChild(advice, evil);
}

/* A second signature of the provider's, over something else. */
static void two_signatures(struct parts *p)
{
	xmlNode *signature =
		signature_of(p->assertion) ? signature_of(p->assertion) : signature_of(p->response);

	xmlAddNextSibling(signature, xmlDocCopyNode(signature, p->doc, 1));
}

static void changed_here(struct parts *p)
{
	say_evil(p->assertion);
}

static const struct attack {
	const char *name;
	void (*make)(struct parts *p);
} attacks[] = {
	{ "XSW 1", xsw1 },
	{ "XSW 2", xsw2 },
	{ "XSW 3", xsw3 },
	{ "XSW 4", xsw4 },
	{ "XSW 5", xsw5 },
	{ "XSW 6", xsw6 },
	{ "XSW 7", xsw7 },
	{ "XSW 8", xsw8 },
	{ "the same ID twice", same_id },
	{ "an encrypted one beside it", beside_encrypted },
	{ "another one in Advice", in_advice },
	{ "two signatures", two_signatures },
	{ "changed in place", changed_here },
};

static char *attacked(struct arena *arena, const struct attack *attack, const char *xml)
{
	struct parts p = { .doc = parsed(xml) };

	p.response = xmlDocGetRootElement(p.doc);
	p.assertion = child_named(p.response, "Assertion");
	attack->make(&p);
	char *text = written(arena, p.doc);

	xmlFreeDoc(p.doc);
	return text;
}

static void a_wrapped_signature_is_refused_wherever_it_was(UNUSED void **state)
{
	size_t refused = 0;
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(attacks); i++)
		for (unsigned what = SIGN_ASSERTION; what <= SIGN_BOTH; what++) {
			const char *xml = signed_by(hand.arena, good_response, what, &app_one);
			const char *bad = attacked(hand.arena, &attacks[i], xml);
			const struct try_ t = read_it(&hand, bad);

			assert_string_not_equal(bad, xml);
			if (t.err == OK)
				fail_msg("%s, signed %u: taken as %s", attacks[i].name, what, t.said.name_id);
			assert_non_null(t.word);
			refused++;
		}
	assert_int_equal(refused, COUNT(attacks) * 3);
}

/* As an administrator reads it nobody else's name is taken out of it, either: it is refused as unreadable, or
 * its signature has a row that fails. */
static void for_people_a_wrapped_one_never_looks_signed(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(attacks); i++)
		for (unsigned what = SIGN_ASSERTION; what <= SIGN_BOTH; what++) {
			AUTO(json_done) json_t *rows = json_array();
			struct response_ask ask = ask_of(&provider);

			ask.findings = rows;
			const struct try_ t =
				read_with(&hand,
					  attacked(hand.arena, &attacks[i],
						   signed_by(hand.arena, good_response, what, &app_one)),
					  &ask);
			const char *found = json_text(hand.arena, rows);

			assert_true(t.err != OK || text_equal(t.said.name_id, GOOD_ID) ||
				    strstr(found, "\"fail\""));
		}
}

/* Every prefix of a good answer, and each of its bytes changed, is refused or says the same. */
static void a_mutilated_answer_says_the_same_or_nothing(UNUSED void **state)
{
	static const char others[] = "<>/\"'&=: A0!";
	size_t taken = 0;
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *xml = signed_by(hand.arena, good_response, SIGN_ASSERTION, &app_one);
	size_t size = strlen(xml);

	for (size_t at = 0; at < size; at += 7) {
		AUTO(arena_done) struct arena *arena = arena_new();
		struct work w = hand.w;
		const struct provider provider = provider_with(&app_one, "idp 1");
		const struct response_ask ask = ask_of(&provider);
		struct response_said said;
		const char *word;
		char *copy = arena_text(arena, xml);

		copy[at] = others[at % (sizeof(others) - 1)];
		w.arena = arena;
		w.now = NOW_AT;
		if (response_read(&w, BYTES_OF(copy), &ask, &said, &word) == OK) {
			assert_string_equal(said.name_id, GOOD_ID);
			assert_string_equal(said.session_index, "_session-1");
			taken++;
		}
		copy[at] = '\0';
		if (response_read(&w, BYTES_OF(copy), &ask, &said, &word) == OK)
			assert_true(at + 2 >= size);
	}
	assert_true(taken < size / 7 / 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrapped_signature_is_refused_wherever_it_was),
		cmocka_unit_test(for_people_a_wrapped_one_never_looks_signed),
		cmocka_unit_test(a_mutilated_answer_says_the_same_or_nothing),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
